//! One language's texts, parsed and checked.

use std::collections::BTreeSet;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::Entry;
use fluent_syntax::parser::ParserError;
use unic_langid::LanguageIdentifier;

use super::Language;
use super::guard::{MAX_CALLS, MAX_DEPTH, check_escapes, check_nesting};

/// The longest text of a language that is taken, in bytes; the built-in ones have a tenth of it.
pub const MAX_LANGUAGE_BYTES: usize = 64 * 1024;

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
        check_nesting(source)?;
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

/// The line of a byte, counted from 1.
pub(super) fn line_of(source: &str, at: usize) -> usize {
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
}
