use std::fmt;

use serde::{Deserialize, Serialize};

/// An identifier that breaks the rules of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to {max_bytes} bytes of {alphabet}")]
pub struct InvalidId {
    kind: &'static str,
    max_bytes: usize,
    alphabet: &'static str,
}

const WORD: &str = "A-Z, a-z, 0-9, '_' and '-'";
const GRAPHIC: &str = "printable ASCII without space, '\"' and '\\'";

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_graphic(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'
}

/// A short, stable mark by which log lines about one id can be matched without showing it.
/// FNV-1a, folded to 16 bits.
fn mark(text: &str) -> u16 {
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // Folding keeps both halves.
    (hash ^ (hash >> 16)) as u16
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $accepts:ident, $alphabet:ident) => {
        $(#[$doc])*
        ///
        /// `Debug` prints a 16-bit mark, never the text, so that log lines stay free of it.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The longest text allowed, in bytes.
            pub const MAX_BYTES: usize = $max;

            /// Checks and wraps `text`.
            ///
            /// # Errors
            /// `text` is empty, too long or has a character outside the alphabet.
            pub fn new(text: impl Into<Box<str>>) -> Result<Self, InvalidId> {
                let text = text.into();
                let fits = !text.is_empty() && text.len() <= $max && text.bytes().all($accepts);
                if !fits {
                    return Err(InvalidId {
                        kind: stringify!($name),
                        max_bytes: $max,
                        alphabet: $alphabet,
                    });
                }
                Ok(Self(text))
            }

            /// The text itself. Do not log it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "(#{:04x})"), mark(&self.0))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }
    };
}

text_id! {
    /// A person's account.
    UserId, 32, is_word, WORD
}
text_id! {
    /// One installation of a client; an account may have several.
    DeviceId, 64, is_word, WORD
}
text_id! {
    /// A chat group.
    GroupId, 64, is_graphic, GRAPHIC
}
text_id! {
    /// One call from invite to end, given by the server (32 hexadecimal digits).
    CallId, 64, is_word, WORD
}
text_id! {
    /// One invite on the wire: a UUID, 32 hexadecimal digits or `tinyid-timestamp-random`.
    InviteId, 128, is_graphic, GRAPHIC
}

/// A media room, 1..=4294967294; calls use 1..=2147483647.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RoomId(u32);

impl RoomId {
    /// Checks and wraps a number.
    ///
    /// # Errors
    /// 0 and 4294967295 are no rooms.
    pub const fn new(number: u32) -> Result<Self, InvalidId> {
        if number == 0 || number == u32::MAX {
            return Err(InvalidId {
                kind: "RoomId",
                max_bytes: 10,
                alphabet: "digits, 1 to 4294967294",
            });
        }
        Ok(Self(number))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for RoomId {
    type Error = InvalidId;

    fn try_from(number: u32) -> Result<Self, InvalidId> {
        Self::new(number)
    }
}

impl From<RoomId> for u32 {
    fn from(room: RoomId) -> Self {
        room.0
    }
}

/// A connected device in a media room, unique while the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParticipantId(pub u64);

/// A media connection (one ICE, DTLS and SRTP session), unique while the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub u64);

/// One device of one account: who sends a request, and whom an event is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Endpoint {
    /// The account.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_ids_follow_the_rule() {
        for good in ["alice", "A-1_b", &"x".repeat(32)] {
            assert_eq!(UserId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "al\u{456}ce", "a\0", "a'--", &"x".repeat(33)] {
            assert!(UserId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_no_id() {
        let text = format!("{:?}", UserId::new("alice").unwrap());
        assert!(text.starts_with("UserId(#") && !text.contains("alice"), "{text}");
    }

    #[test]
    fn rooms_exclude_the_ends() {
        assert!(RoomId::new(0).is_err());
        assert!(RoomId::new(u32::MAX).is_err());
        assert_eq!(RoomId::new(1).unwrap().get(), 1);
        assert!(serde_json::from_str::<RoomId>("0").is_err());
    }

    proptest! {
        #[test]
        fn json_round_trips(text in "[A-Za-z0-9_-]{1,32}") {
            let id = UserId::new(text.as_str()).unwrap();
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<UserId>(&json).unwrap(), id);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = (UserId::new(text.as_str()), InviteId::new(text.as_str()));
        }
    }
}
