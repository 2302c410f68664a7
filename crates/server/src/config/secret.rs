use std::fmt;

/// The UserSig key. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(Box<str>);

impl SecretKey {
    /// The shortest key accepted, in bytes: 128 bits as hexadecimal digits.
    pub const MIN_BYTES: usize = 32;

    /// Checks and wraps a key.
    ///
    /// # Errors
    /// It is shorter than [`Self::MIN_BYTES`] or is not printable ASCII without spaces.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() < Self::MIN_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "must be at least {} printable ASCII characters without spaces; \
                 `openssl rand -hex 32` makes one",
                Self::MIN_BYTES
            ));
        }
        Ok(Self(text.into()))
    }

    /// The key itself, for signing and verifying. Do not log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_shown() {
        let key = SecretKey::new(&"k".repeat(64)).unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(***)");
        assert_eq!(key.reveal().len(), 64);
    }

    #[test]
    fn short_or_odd_keys_are_refused() {
        let spaced = " ".repeat(40);
        for bad in ["", "short", &spaced] {
            assert!(SecretKey::new(bad).is_err(), "{bad:?}");
        }
    }
}
