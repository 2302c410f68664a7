use std::fmt;

use rand::Rng;

/// Username fragment and password of one ICE session (RFC 8839 section 5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    ufrag: String,
    pwd: String,
}

/// Credentials outside RFC 8839 section 5.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// The username fragment is not 4 to 256 characters of `A-Z a-z 0-9 + /`.
    #[error("an ICE ufrag is 4 to 256 characters of A-Z, a-z, 0-9, '+' and '/'")]
    Ufrag,
    /// The password is not 22 to 256 characters of `A-Z a-z 0-9 + /`.
    #[error("an ICE password is 22 to 256 characters of A-Z, a-z, 0-9, '+' and '/'")]
    Password,
}

const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// 48 bits: unique per port by trial, so no more is needed.
const UFRAG_LEN: usize = 8;
/// 144 bits; RFC 8445 section 5.3 asks for 128.
const PWD_LEN: usize = 24;

impl IceCredentials {
    /// Checks and wraps a username fragment and a password.
    ///
    /// # Errors
    /// Length or characters outside RFC 8839 section 5.4.
    pub fn new(
        ufrag: impl Into<String>,
        pwd: impl Into<String>,
    ) -> Result<Self, InvalidCredentials> {
        let (ufrag, pwd) = (ufrag.into(), pwd.into());
        if !is_ice_text(&ufrag, 4) {
            return Err(InvalidCredentials::Ufrag);
        }
        if !is_ice_text(&pwd, 22) {
            return Err(InvalidCredentials::Password);
        }
        Ok(Self { ufrag, pwd })
    }

    /// Draws new credentials. `rng` must be seeded with a secret.
    pub fn generate(rng: &mut impl Rng) -> Self {
        Self { ufrag: ice_text(rng, UFRAG_LEN), pwd: ice_text(rng, PWD_LEN) }
    }

    /// The username fragment.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// The password. Do not log it.
    pub fn pwd(&self) -> &str {
        &self.pwd
    }
}

impl fmt::Debug for IceCredentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

fn is_ice_text(text: &str, min: usize) -> bool {
    (min..=256).contains(&text.len()) && text.bytes().all(|byte| ICE_CHARS.contains(&byte))
}

fn ice_text(rng: &mut impl Rng, len: usize) -> String {
    (0..len).map(|_| char::from(ICE_CHARS[rng.random_range(0..ICE_CHARS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use calling_testkit::seed;
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;

    use super::*;

    #[test]
    fn generated_credentials_are_valid_seeded_and_differ() {
        let mut rng = ChaCha12Rng::from_seed(seed(1));
        let (first, second) =
            (IceCredentials::generate(&mut rng), IceCredentials::generate(&mut rng));
        assert_ne!(first, second);
        assert_eq!(IceCredentials::new(first.ufrag(), first.pwd()), Ok(first.clone()));
        assert_eq!(IceCredentials::generate(&mut ChaCha12Rng::from_seed(seed(1))), first);
    }

    #[test]
    fn lengths_and_characters_follow_rfc_8839() {
        let pwd = "p".repeat(22);
        assert!(IceCredentials::new("abcd", pwd.as_str()).is_ok());
        for bad in ["abc", "", "ab:d", "abc d", "abcdé", &"a".repeat(257)] {
            assert_eq!(IceCredentials::new(bad, pwd.as_str()), Err(InvalidCredentials::Ufrag));
        }
        for bad in [&pwd[1..], "", &"p".repeat(257), "pppppppppppppppppppp\0pp"] {
            assert_eq!(IceCredentials::new("abcd", bad), Err(InvalidCredentials::Password));
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let credentials = IceCredentials::new("abcd", "secretsecretsecretsecret").unwrap();
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}
