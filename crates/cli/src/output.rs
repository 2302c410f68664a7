//! What people read: coloured lines on standard output, failures on standard error.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::exit::Failure;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// Writes one line to standard output. A closed pipe (`calling … | head`) ends quietly.
pub(crate) fn line(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Writes one object as JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::internal)?;
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

/// Writes one object as JSON on one line, for commands that print one after another.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(Failure::internal)?;
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}

/// Writes a failure to standard error.
pub(crate) fn failure(failure: &Failure) {
    let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {}", failure.message);
}

/// Writes a hint to standard error, where it does not disturb JSON.
pub(crate) fn note(text: impl std::fmt::Display) {
    let color = anstream::AutoStream::choice(&std::io::stderr());
    let _ = writeln!(
        anstream::AutoStream::new(Box::new(crate::log::Patient) as Box<dyn std::io::Write>, color),
        "{DIM}{text}{DIM:#}"
    );
}

/// `text` in `style`, reset after it.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
