//! What is checked of a JSON text before anything is built from it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most keys an object of the outermost level may have; no message of ours has half as many.
const MAX_TOP_KEYS: usize = 64;

/// Why a text is not looked at any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitError {
    TooLarge,
    TooDeep,
}

/// Checks size, then nesting, in one pass and without allocating, so that a hostile text costs
/// no more than reading it once. Whether it is JSON at all is the parser's to say.
pub(crate) fn check_limits(
    text: &str,
    max_bytes: usize,
    max_depth: usize,
) -> Result<(), LimitError> {
    if text.len() > max_bytes {
        return Err(LimitError::TooLarge);
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > max_depth {
                    return Err(LimitError::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Why the outermost object was not taken apart.
#[derive(Debug)]
pub(crate) enum FieldsError {
    /// Not one JSON object.
    Syntax(serde_json::Error),
    /// A key stands there twice: two readers could understand two different things.
    DuplicateKey,
    /// More keys than any message has.
    TooManyKeys,
}

/// The fields of the outermost object, their values unparsed.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    DuplicateKey,
    TooManyKeys,
}

impl<'a> Fields<'a> {
    /// Takes `text` apart. What was read before an error stays readable.
    pub(crate) fn read(&mut self, text: &'a str) -> Result<(), FieldsError> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let outcome = (&mut *self).deserialize(&mut parser).and_then(|()| parser.end());
        match (outcome, self.fault) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(Fault::DuplicateKey)) => Err(FieldsError::DuplicateKey),
            (Err(_), Some(Fault::TooManyKeys)) => Err(FieldsError::TooManyKeys),
            (Err(error), None) => Err(FieldsError::Syntax(error)),
        }
    }

    /// The unparsed values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|(_, value)| value.get())
    }

    /// The unparsed value under `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, value)| *value)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Fields<'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Fields<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            if self.get(&key).is_some() {
                self.fault = Some(Fault::DuplicateKey);
                return Err(A::Error::custom("duplicate key"));
            }
            if self.entries.len() == MAX_TOP_KEYS {
                self.fault = Some(Fault::TooManyKeys);
                return Err(A::Error::custom("too many keys"));
            }
            let value = map.next_value::<&'de RawValue>()?;
            self.entries.push((key, value));
        }
        Ok(())
    }
}

/// Reads a key without copying it, unless it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        assert_eq!(check_limits(r#"{"a":"[[[[\"[["}"#, 99, 1), Ok(()));
        assert_eq!(check_limits("[[]]", 99, 1), Err(LimitError::TooDeep));
        assert_eq!(check_limits("[[],[],[]]", 99, 2), Ok(()));
        assert_eq!(check_limits(&"[".repeat(100_000), 200_000, 16), Err(LimitError::TooDeep));
    }

    #[test]
    fn size_comes_before_depth() {
        assert_eq!(check_limits("[[[[", 3, 1), Err(LimitError::TooLarge));
    }

    #[test]
    fn duplicate_keys_are_found_through_escapes() {
        let mut fields = Fields::default();
        let outcome = fields.read(r#"{"id":1,"\u0069d":2}"#);
        assert!(matches!(outcome, Err(FieldsError::DuplicateKey)));
        assert_eq!(fields.get("id").unwrap().get(), "1");
    }

    #[test]
    fn keys_are_bounded() {
        let text =
            format!("{{{}}}", (0..65).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(","));
        assert!(matches!(Fields::default().read(&text), Err(FieldsError::TooManyKeys)));
    }

    #[test]
    fn what_was_read_before_a_truncation_stays() {
        let mut fields = Fields::default();
        assert!(matches!(fields.read(r#"{"id":7,"method":"ca"#), Err(FieldsError::Syntax(_))));
        assert_eq!(fields.get("id").unwrap().get(), "7");
    }
}
