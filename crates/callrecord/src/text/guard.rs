//! What is checked of an application's texts before the parser sees them: it has no bounds.

use super::layer::{LanguageError, line_of};

/// How deeply `{` may nest. The parser takes about 10 kB of stack for each level in a debug build,
/// and has no bound of its own.
pub(super) const MAX_DEPTH: usize = 32;

/// The most `(`, which nest in calls too.
pub(super) const MAX_CALLS: usize = 32;

/// Refuses what may nest too deeply for the stack.
pub(super) fn check_nesting(source: &str) -> Result<(), LanguageError> {
    let is_bounded = depth_bound(source) <= MAX_DEPTH && source.matches('(').count() <= MAX_CALLS;
    if is_bounded { Ok(()) } else { Err(LanguageError::TooComplex) }
}

/// How deeply the placeables of `source` nest at most, whatever the parser makes of it. A `}` that
/// may stand in a string literal, which ends on its line, closes nothing here; one that stands in a
/// text or a comment ends what the parser had open anyway.
fn depth_bound(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for line in source.lines() {
        let (before_quote, _) = line.split_once('"').unwrap_or((line, ""));
        for (at, byte) in line.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if at < before_quote.len() => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
    }
    deepest
}

/// Finds the escapes on which the parser would panic, when what stands behind them has more than
/// one byte (<https://github.com/projectfluent/fluent-rs/issues/389>), and those like them.
pub(super) fn check_escapes(source: &str) -> Result<(), LanguageError> {
    let bytes = source.as_bytes();
    let mut at = 0;
    while let Some(found) = source[at..].find('\\') {
        let escape = at + found;
        let behind = &bytes[escape + 1..];
        let is_hex = |digits| {
            behind[1..].get(..digits).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
        };
        let is_known = match behind.first() {
            Some(b'u') => is_hex(4),
            Some(b'U') => is_hex(6),
            // Others the parser finds itself; in a text they are none.
            Some(byte) => byte.is_ascii(),
            None => true,
        };
        if !is_known {
            return Err(LanguageError::Escape { line: line_of(source, escape) });
        }
        at = (escape + 2).min(source.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn the_bound_is_never_below_the_depth() {
        for (source, bound) in [
            ("a = b", 0),
            ("a = { $b }\nc = { $d }", 1),
            ("a = { $b ->\n   *[c] { $d }\n}", 2),
            ("a = {{{ $b }}}", 3),
            // The brace in the literal closes nothing; nor does the one behind it, for the bound.
            ("a = { \"}\" }\nb = { $c }", 2),
            ("a = { $b ->\n   *[c] \"}}}{\n", 2),
        ] {
            assert_eq!(depth_bound(source), bound, "{source}");
        }
        for language in Language::ALL {
            assert!(depth_bound(language.source()) < MAX_DEPTH / 2);
        }
    }
}
