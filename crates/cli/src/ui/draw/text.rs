//! Text of others, made safe and fitting.

use ratatui::style::Style;
use ratatui::text::Span;

/// Beyond this a name is cut, however narrow its characters say they are.
const MOST_CHARS: usize = 200;

/// `text` on one line, without what commands a terminal or turns the direction of what follows.
pub(super) fn clean(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced.filter(|c| !is_unsafe(*c)).take(MOST_CHARS).collect::<String>().trim().to_owned()
}

/// Control characters, and the format characters that reorder (Unicode UAX #9) or that are not
/// seen; joiners, of which emoji are made, stay.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

/// `text` in at most `width` columns, cut with `…` if it is wider.
pub(super) fn fit(text: &str, width: usize) -> String {
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        used += Span::raw(grapheme.symbol).width();
        if used > room {
            break;
        }
        kept.push_str(grapheme.symbol);
    }
    kept.push('…');
    kept
}

/// `text` in exactly `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let mut text = fit(text, width);
    let used = Span::raw(&*text).width();
    text.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_commands_no_terminal() {
        assert_eq!(clean("\u{1b}[2J\u{202e}evil\r\nname\u{7}\u{9b}31m"), "[2Jevil  name31m");
        assert_eq!(clean("👨‍👩‍👧‍👦 王"), "👨‍👩‍👧‍👦 王");
        assert_eq!(clean(&"a".repeat(1_000)).len(), 200);
    }

    #[test]
    fn wide_characters_are_cut_between_them() {
        assert_eq!(fit("王小明", 6), "王小明");
        assert_eq!(fit("王小明", 5), "王小…");
        assert_eq!(fit("王小明", 4), "王…");
        assert_eq!(fit("👨‍👩‍👧‍👦ab", 3), "👨‍👩‍👧‍👦…");
        assert_eq!((fit("ab", 1), fit("ab", 0)), ("…".to_owned(), String::new()));
    }

    #[test]
    fn padded_text_fills_its_columns() {
        for text in ["", "a", "王小明", "🇩🇪🇫🇷", "Zoë\u{301}"] {
            assert_eq!(Span::raw(pad(text, 5)).width(), 5, "{text}");
        }
    }
}
