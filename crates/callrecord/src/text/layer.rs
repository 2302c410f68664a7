//! One language's texts, parsed and checked.

use std::collections::BTreeSet;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::Entry;
use fluent_syntax::parser::ParserError;
use unic_langid::LanguageIdentifier;

use super::Language;

/// The longest text of a language that is taken, in bytes; the built-in ones have a tenth of it.
pub const MAX_LANGUAGE_BYTES: usize = 64 * 1024;

/// How deeply `{` may nest. The parser takes about 10 kB of stack for each level in a debug build,
/// and has no bound of its own.
const MAX_DEPTH: usize = 32;

/// The most `(`, which nest in calls too.
const MAX_CALLS: usize = 32;

/// Why texts of a language were not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanguageError {
    /// The tag is no BCP 47 language tag such as `de` or `pt-BR`.
    #[error("{tag:?} is no language tag; write one like \"de\" or \"pt-BR\"")]
    Tag {
        /// What stands there.
        tag: String,
    },
    /// More than [`MAX_LANGUAGE_BYTES`].
    #[error("the texts have {bytes} bytes; at most {MAX_LANGUAGE_BYTES} are taken")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// Placeables nest too deeply, or there are too many calls.
    #[error(
        "the texts nest braces more than {MAX_DEPTH} deep or have over {MAX_CALLS} parentheses"
    )]
    TooComplex,
    /// A line is no Fluent.
    #[error("line {line} is no Fluent: {reason}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A backslash with something else behind it than Fluent knows.
    #[error(
        "line {line} has a backslash that escapes nothing; write \\\\, \\\", \\uXXXX or \\UXXXXXX"
    )]
    Escape {
        /// Counted from 1.
        line: usize,
    },
    /// A text stands there twice.
    #[error("{id} stands there twice")]
    Duplicate {
        /// Which.
        id: String,
    },
    /// There is no such text; see [`Language::source`] for those there are.
    #[error("there is no text {id}; see the built-in languages for those there are")]
    UnknownText {
        /// Which.
        id: String,
    },
}

/// One language's texts.
pub(super) struct Layer {
    bundle: FluentBundle<FluentResource>,
}

impl Layer {
    /// A built-in language.
    pub(super) fn built_in(language: Language) -> Self {
        // Tests parse each of the three.
        Self::parse(language.tag(), language.source()).expect("built-in texts parse")
    }

    /// Texts of an application: any of those of the built-in languages, and terms of its own.
    pub(super) fn custom(tag: &str, source: &str) -> Result<Self, LanguageError> {
        if source.len() > MAX_LANGUAGE_BYTES {
            return Err(LanguageError::TooLong { bytes: source.len() });
        }
        if depth_bound(source) > MAX_DEPTH || source.matches('(').count() > MAX_CALLS {
            return Err(LanguageError::TooComplex);
        }
        check_escapes(source)?;
        Self::parse(tag, source)
    }

    fn parse(tag: &str, source: &str) -> Result<Self, LanguageError> {
        let language: LanguageIdentifier =
            tag.parse().map_err(|_| LanguageError::Tag { tag: tag.to_owned() })?;
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, errors)| syntax_error(source, &errors))?;
        check_ids(&resource)?;
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // The marks around what is filled in are characters that no other program writes.
        bundle.set_use_isolating(false);
        // Entries that stand there twice were found above.
        bundle.add_resource_overriding(resource);
        Ok(Self { bundle })
    }

    /// The tag of its language.
    pub(super) fn tag(&self) -> String {
        self.bundle.locales.first().map(ToString::to_string).unwrap_or_default()
    }

    /// A text with `args` filled in, in the given wording if there is one. `None` if this language
    /// does not have it, or cannot fill it in.
    pub(super) fn format(
        &self,
        id: &str,
        attribute: Option<&str>,
        args: &FluentArgs<'_>,
    ) -> Option<String> {
        let message = self.bundle.get_message(id)?;
        let worded = attribute.and_then(|name| message.get_attribute(name));
        let pattern = worded.map(|attribute| attribute.value()).or_else(|| message.value())?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        errors.is_empty().then_some(text)
    }
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
fn check_escapes(source: &str) -> Result<(), LanguageError> {
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

/// The line of a byte, counted from 1.
fn line_of(source: &str, at: usize) -> usize {
    1 + source.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn syntax_error(source: &str, errors: &[ParserError]) -> LanguageError {
    let Some(first) = errors.first() else {
        return LanguageError::Syntax { line: 0, reason: String::new() };
    };
    let line = line_of(source, first.pos.start);
    LanguageError::Syntax { line, reason: first.kind.to_string() }
}

/// No text twice, and none that nobody asks for: most likely its name is misspelt.
fn check_ids(resource: &FluentResource) -> Result<(), LanguageError> {
    let known = known_ids();
    let mut seen = BTreeSet::new();
    for entry in resource.entries() {
        let (id, is_known) = match entry {
            Entry::Message(message) => {
                (message.id.name.to_owned(), known.contains(message.id.name))
            }
            Entry::Term(term) => (format!("-{}", term.id.name), true),
            Entry::Comment(_)
            | Entry::GroupComment(_)
            | Entry::ResourceComment(_)
            | Entry::Junk { .. } => continue,
        };
        if !is_known {
            return Err(LanguageError::UnknownText { id });
        }
        if !seen.insert(id.clone()) {
            return Err(LanguageError::Duplicate { id });
        }
    }
    Ok(())
}

/// What begins a line of the English texts.
fn known_ids() -> BTreeSet<&'static str> {
    let lines = Language::En.source().lines();
    let is_entry = |line: &&str| line.starts_with(|first: char| first.is_ascii_lowercase());
    lines.filter(is_entry).filter_map(|line| Some(line.split_once(" =")?.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_text_can_be_filled_in() {
        let words = ["time", "kind", "what", "name", "names"];
        for language in Language::ALL {
            let layer = Layer::built_in(language);
            for id in known_ids() {
                for attribute in [None, Some("flutter"), Some("web")] {
                    for count in [0, 1, 2, 5] {
                        let mut args: FluentArgs<'_> =
                            words.iter().map(|word| (*word, format!("<{word}>"))).collect();
                        args.set("count", count);
                        assert!(layer.format(id, attribute, &args).is_some(), "{id}");
                    }
                }
            }
        }
    }

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
