//! Lines of a description (RFC 8866 section 5) and which section each belongs to.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::attribute::{SessionDefaults, direction};
use super::error::{SdpError, SdpFault};
use super::media;
use super::model::{Direction, MediaSection, SessionDescription};
use super::token::{number, once, token};
use super::{MAX_ATTRIBUTES, MAX_BYTES, MAX_LINE_BYTES, MAX_SECTIONS};

/// The longest mid: one that fits a header extension of the one-byte form.
pub(super) const MAX_MID_BYTES: usize = 16;

impl FromStr for SessionDescription {
    type Err = SdpError;

    /// Reads a description whose lines end with CRLF or LF.
    fn from_str(text: &str) -> Result<Self, SdpError> {
        if text.len() > MAX_BYTES {
            return Err(SdpError { line: 1, fault: SdpFault::TooLong });
        }
        let mut parser = Parser::default();
        let mut last = 0;
        let text = text.strip_suffix('\n').unwrap_or(text);
        for (line, content) in text.split('\n').enumerate() {
            last = line + 1;
            let content = content.strip_suffix('\r').unwrap_or(content);
            parser.line(content).map_err(|fault| SdpError { line: last, fault })?;
        }
        parser.finish().map_err(|fault| SdpError { line: last, fault })
    }
}

#[derive(Default)]
struct Parser {
    description: SessionDescription,
    defaults: SessionDefaults,
    /// Of the session, then of the section that is being read.
    attributes: usize,
    version: bool,
    origin: Option<()>,
    name: Option<()>,
    timing: bool,
    group: Option<()>,
    /// Of the section that is being read.
    direction: Option<Direction>,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), SdpFault> {
        if line.len() > MAX_LINE_BYTES {
            return Err(SdpFault::LineTooLong);
        }
        if line.chars().any(char::is_control) {
            return Err(SdpFault::ControlCharacter);
        }
        let (letter, value) = line.split_once('=').ok_or(SdpFault::Syntax)?;
        if letter.len() != 1 {
            return Err(SdpFault::Syntax);
        }
        if !self.version {
            return self.version(letter, value);
        }
        match (letter, self.description.sections.last_mut()) {
            ("m", _) => self.section(value),
            ("a", Some(section)) => {
                count(&mut self.attributes)?;
                match direction(value) {
                    Some(direction) => once(&mut self.direction, direction),
                    None => section.read_attribute(value),
                }
            }
            ("a", None) => self.session_attribute(value),
            ("o", None) => self.read_origin(value),
            ("s", None) => once(&mut self.name, ()),
            ("t", None) => {
                self.timing = true;
                Ok(())
            }
            ("u" | "e" | "p" | "r" | "z", None) | ("i" | "c" | "b" | "k", _) => Ok(()),
            _ => Err(SdpFault::UnexpectedLine),
        }
    }

    fn version(&mut self, letter: &str, value: &str) -> Result<(), SdpFault> {
        if (letter, value) != ("v", "0") {
            return Err(SdpFault::MissingLine);
        }
        self.version = true;
        Ok(())
    }

    fn read_origin(&mut self, value: &str) -> Result<(), SdpFault> {
        let fields: Vec<&str> = value.split(' ').collect();
        let [_, id, version, "IN", "IP4" | "IP6", address] = fields[..] else {
            return Err(SdpFault::Origin);
        };
        if address.is_empty() {
            return Err(SdpFault::Origin);
        }
        self.description.session_id = number(id).map_err(|_| SdpFault::Origin)?;
        self.description.session_version = number(version).map_err(|_| SdpFault::Origin)?;
        once(&mut self.origin, ())
    }

    fn session_attribute(&mut self, value: &str) -> Result<(), SdpFault> {
        count(&mut self.attributes)?;
        match value.split_once(':').unwrap_or((value, "")) {
            ("ice-lite", _) => self.description.ice_lite = true,
            ("group", group) => self.read_group(group)?,
            _ => self.defaults.read_attribute(value)?,
        }
        Ok(())
    }

    fn read_group(&mut self, group: &str) -> Result<(), SdpFault> {
        let mut words = group.split(' ').filter(|word| !word.is_empty());
        if words.next() != Some("BUNDLE") {
            return Ok(());
        }
        once(&mut self.group, ())?;
        for mid in words {
            let mid = token(mid, MAX_MID_BYTES)?.to_owned();
            if self.description.bundle.contains(&mid) {
                return Err(SdpFault::DuplicateMid);
            }
            if self.description.bundle.len() == MAX_SECTIONS {
                return Err(SdpFault::TooManySections);
            }
            self.description.bundle.push(mid);
        }
        Ok(())
    }

    fn section(&mut self, value: &str) -> Result<(), SdpFault> {
        if self.origin.is_none() || self.name.is_none() || !self.timing {
            return Err(SdpFault::MissingLine);
        }
        if self.description.sections.len() == MAX_SECTIONS {
            return Err(SdpFault::TooManySections);
        }
        self.finish_section()?;
        self.attributes = 0;
        let section = media::read(value)?;
        self.description.sections.push(section);
        Ok(())
    }

    fn finish_section(&mut self) -> Result<(), SdpFault> {
        let Some(section) = self.description.sections.last_mut() else { return Ok(()) };
        let said = self.direction.take().or(self.defaults.direction);
        section.direction = said.unwrap_or_default();
        section.finish(&self.defaults)
    }

    fn finish(mut self) -> Result<SessionDescription, SdpFault> {
        if self.origin.is_none() || self.name.is_none() || !self.timing {
            return Err(SdpFault::MissingLine);
        }
        self.finish_section()?;
        let mut mids = BTreeSet::new();
        if !mids_of(&self.description.sections).all(|mid| mids.insert(mid)) {
            return Err(SdpFault::DuplicateMid);
        }
        if !self.description.bundle.iter().all(|mid| mids.contains(mid.as_str())) {
            return Err(SdpFault::UnknownMid);
        }
        Ok(self.description)
    }
}

fn mids_of(sections: &[MediaSection]) -> impl Iterator<Item = &str> {
    sections.iter().filter_map(|section| section.mid.as_deref())
}

const fn count(attributes: &mut usize) -> Result<(), SdpFault> {
    *attributes += 1;
    if *attributes > MAX_ATTRIBUTES { Err(SdpFault::TooManyAttributes) } else { Ok(()) }
}
