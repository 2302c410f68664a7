use std::collections::BTreeSet;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key};
use super::layers::Draft;
use super::suggest::nearest;
use super::value::{Value, unexpected};
use super::{Origin, Problem};

/// Every mistake in the text of a configuration file; none if it can be used.
///
/// `path` names the file in the problems. Files that the settings name (TLS) are read as well.
pub fn check(path: &Path, text: &str) -> Vec<Problem> {
    let mut draft = Draft::default();
    let problems = apply(&mut draft, path, text);
    match draft.finish(problems) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems,
    }
}

/// [`check`] without a look at other files.
pub(crate) fn check_text(text: &str) -> Vec<Problem> {
    apply(&mut Draft::default(), Path::new("fuzz.toml"), text)
}

/// [`check`] on a file; that it cannot be read is a problem like any other.
pub fn check_file(path: &Path) -> Vec<Problem> {
    match read(path) {
        Ok(text) => check(path, &text),
        Err(problem) => vec![problem],
    }
}

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> Result<String, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        let message = if error.kind() == std::io::ErrorKind::NotFound {
            "there is no such file; check --config".to_owned()
        } else {
            format!("cannot be read: {error}")
        };
        at(path, 1, 1, "", message)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        let (line, column) = position(&text, good);
        at(path, line, column, "", "is not UTF-8 text; save it as UTF-8".to_owned())
    })
}

/// Applies each setting of `text` and returns what could not be.
pub(super) fn apply(draft: &mut Draft, path: &Path, text: &str) -> Vec<Problem> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut walk = Walk { draft, path, text, problems: Vec::new() };
    for error in errors {
        let start = error.span().map_or(text.len(), |span| span.start);
        let message = error.message().trim_end_matches(", expected nothing");
        walk.problem(start, "", format!("not valid TOML: {message}"));
    }
    // After a syntax error the rest is guesswork: its mistakes would be followed by false ones.
    if walk.problems.is_empty() {
        walk.table("", document.get_ref());
    }
    let mut problems = walk.problems;
    problems.sort_by_key(|problem| (problem.line(), problem.column()));
    problems
}

struct Walk<'a> {
    draft: &'a mut Draft,
    path: &'a Path,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let full = join(prefix, name.get_ref());
            match (KEYS.iter().find(|key| key.name == full), is_section(&full)) {
                (Some(key), _) => self.setting(key, value),
                (None, true) => self.section(&full, value),
                (None, false) => {
                    let message = unknown(prefix, name.get_ref(), value.get_ref());
                    self.problem(name.span().start, &full, message);
                }
            }
        }
    }

    fn section(&mut self, full: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(full, table),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                let message = unexpected(&format!("a section [{full}]"), value.get_ref());
                self.problem(value.span().start, full, message);
            }
        }
    }

    fn setting(&mut self, key: &'static Key, value: &Spanned<DeValue<'_>>) {
        let start = value.span().start;
        match (key.apply)(self.draft, Value::Toml(value.get_ref())) {
            Ok(()) => {
                let origin = self.origin(start);
                self.draft.note(key.name, origin);
            }
            Err(faults) => {
                for fault in faults.0 {
                    self.problem(fault.offset.unwrap_or(start), key.name, fault.message);
                }
            }
        }
    }

    fn problem(&mut self, offset: usize, key: &str, message: String) {
        let origin = self.origin(offset);
        self.problems.push(Problem { origin, key: key.to_owned(), message });
    }

    fn origin(&self, offset: usize) -> Origin {
        let (line, column) = position(self.text, offset);
        Origin::File { path: self.path.to_owned(), line, column }
    }
}

fn at(path: &Path, line: usize, column: usize, key: &str, message: String) -> Problem {
    let origin = Origin::File { path: path.to_owned(), line, column };
    Problem { origin, key: key.to_owned(), message }
}

/// Line and column of a byte offset, both from 1, columns in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn is_section(full: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(full).is_some_and(|rest| rest.starts_with('.')))
}

/// What to say of a name that is neither a setting nor a section.
fn unknown(prefix: &str, name: &str, value: &DeValue<'_>) -> String {
    let kind = if value.is_table() { "section" } else { "key" };
    let full = join(prefix, name);
    let siblings = siblings(prefix);
    if let Some(meant) = nearest(name, siblings.iter().copied()) {
        return format!("unknown {kind}; did you mean \"{}\"?", join(prefix, meant));
    }
    let elsewhere = KEYS.iter().find(|key| {
        key.name.rsplit('.').next() == Some(name) || key.name.replace('.', "_") == full
    });
    match elsewhere {
        Some(key) => format!("unknown {kind} here; did you mean \"{}\"?", key.name),
        None if prefix.is_empty() => {
            format!("unknown {kind}; known are {}", sentence(&siblings))
        }
        None => format!("unknown {kind}; [{prefix}] has {}", sentence(&siblings)),
    }
}

/// The names one level below `prefix`.
fn siblings(prefix: &str) -> BTreeSet<&'static str> {
    KEYS.iter()
        .filter_map(|key| {
            let rest = if prefix.is_empty() {
                key.name
            } else {
                key.name.strip_prefix(prefix)?.strip_prefix('.')?
            };
            rest.split('.').next()
        })
        .collect()
}

fn sentence(names: &BTreeSet<&'static str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}
