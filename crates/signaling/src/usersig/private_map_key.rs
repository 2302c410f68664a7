use std::fmt;

use calling_model::{RoomId, UserId};

/// The longest string room, in bytes.
const MAX_ROOM_BYTES: usize = 64;

/// What the holder of a [`PrivateMapKey`] may do in its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Privileges(u32);

impl Privileges {
    /// Create the room.
    pub const CREATE_ROOM: Self = Self(1);
    /// Enter the room.
    pub const JOIN_ROOM: Self = Self(2);
    /// Send audio.
    pub const SEND_AUDIO: Self = Self(4);
    /// Receive audio.
    pub const RECEIVE_AUDIO: Self = Self(8);
    /// Send video.
    pub const SEND_VIDEO: Self = Self(16);
    /// Receive video.
    pub const RECEIVE_VIDEO: Self = Self(32);
    /// Send a second picture (a shared screen).
    pub const SEND_SUB_STREAM: Self = Self(64);
    /// Receive a second picture.
    pub const RECEIVE_SUB_STREAM: Self = Self(128);
    /// Everything.
    pub const ALL: Self = Self(255);
    /// Enter, hear and see: 42.
    pub const AUDIENCE: Self =
        Self::JOIN_ROOM.union(Self::RECEIVE_AUDIO).union(Self::RECEIVE_VIDEO);

    /// From the bits as they travel; those without a meaning yet are kept.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits as they travel.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `other` is allowed here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A room by number or by name: two separate spaces.
#[derive(Clone, PartialEq, Eq)]
pub enum PrivateMapRoom {
    /// A numbered room.
    Int(RoomId),
    /// A named room, 1 to 64 bytes.
    Str(String),
}

impl fmt::Debug for PrivateMapRoom {
    /// Without the name, which may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(room) => f.debug_tuple("Int").field(room).finish(),
            Self::Str(name) => write!(f, "Str({} bytes)", name.len()),
        }
    }
}

/// A permission for one room; travels as the `userbuf` of a UserSig.
///
/// Layout, big-endian: `u8` version (0 numbered room, 1 named) · `u16` length · account ·
/// `u32` application · `u32` room (0 if named) · `u32` expires at · `u32` privileges ·
/// `u32` account type, 0 · if named: `u16` length · name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateMapKey {
    /// The account.
    pub user_id: UserId,
    /// The application.
    pub sdk_app_id: u32,
    /// The room.
    pub room: PrivateMapRoom,
    /// The first second at which it is no longer valid, since 1970-01-01 UTC.
    pub expire_at_s: u32,
    /// What is allowed.
    pub privileges: Privileges,
}

/// Why bytes are no [`PrivateMapKey`], or one cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateMapKeyError {
    /// The bytes end too early.
    #[error("the privateMapKey was cut short")]
    Truncated,
    /// Bytes follow its end.
    #[error("something follows the end of the privateMapKey")]
    Trailing,
    /// A version other than 0 and 1.
    #[error("privateMapKey version {0} is unknown")]
    Version(u8),
    /// The account is not a user id.
    #[error("the account of the privateMapKey is not a user id")]
    Account,
    /// The room is none: number 0 or 4294967295, or a name that is empty, over 64 bytes or not
    /// UTF-8.
    #[error("the room of the privateMapKey is not a room")]
    Room,
    /// An account type other than 0.
    #[error("account type {0} of the privateMapKey is unknown")]
    AccountType(u32),
}

impl PrivateMapKey {
    /// The bytes to sign as `userbuf`.
    ///
    /// # Errors
    /// [`PrivateMapKeyError::Room`]: the name is empty or longer than 64 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, PrivateMapKeyError> {
        let (version, number, name) = match &self.room {
            PrivateMapRoom::Int(room) => (0_u8, room.get(), None),
            PrivateMapRoom::Str(name) => (1, 0, Some(name.as_str())),
        };
        let mut bytes = vec![version];
        put_text(&mut bytes, self.user_id.as_str(), UserId::MAX_BYTES)?;
        for field in [self.sdk_app_id, number, self.expire_at_s, self.privileges.bits(), 0] {
            bytes.extend(field.to_be_bytes());
        }
        if let Some(name) = name {
            put_text(&mut bytes, name, MAX_ROOM_BYTES)?;
        }
        Ok(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// The bytes break the layout.
    pub fn decode(bytes: &[u8]) -> Result<Self, PrivateMapKeyError> {
        let mut reader = Reader(bytes);
        let [version] = reader.array()?;
        let account = std::str::from_utf8(reader.text()?).unwrap_or_default();
        let user_id = UserId::new(account).map_err(|_| PrivateMapKeyError::Account)?;
        let sdk_app_id = reader.number()?;
        let number = reader.number()?;
        let expire_at_s = reader.number()?;
        let privileges = Privileges(reader.number()?);
        let account_type = reader.number()?;
        if account_type != 0 {
            return Err(PrivateMapKeyError::AccountType(account_type));
        }
        let room = match version {
            0 => RoomId::new(number)
                .map(PrivateMapRoom::Int)
                .map_err(|_| PrivateMapKeyError::Room)?,
            1 if number == 0 => PrivateMapRoom::Str(reader.room_name()?),
            1 => return Err(PrivateMapKeyError::Room),
            other => return Err(PrivateMapKeyError::Version(other)),
        };
        if !reader.0.is_empty() {
            return Err(PrivateMapKeyError::Trailing);
        }
        Ok(Self { user_id, sdk_app_id, room, expire_at_s, privileges })
    }

    /// Whether it allows all of `wanted` at `now_s` (seconds since 1970-01-01 UTC).
    pub fn allows(&self, wanted: Privileges, now_s: u64) -> bool {
        now_s < u64::from(self.expire_at_s) && self.privileges.contains(wanted)
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str, max: usize) -> Result<(), PrivateMapKeyError> {
    let length = u16::try_from(text.len()).map_err(|_| PrivateMapKeyError::Room)?;
    if length == 0 || text.len() > max {
        return Err(PrivateMapKeyError::Room);
    }
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
    Ok(())
}

/// The bytes not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], PrivateMapKeyError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(PrivateMapKeyError::Truncated)?;
        self.0 = tail;
        Ok(*head)
    }

    fn number(&mut self) -> Result<u32, PrivateMapKeyError> {
        self.array().map(u32::from_be_bytes)
    }

    fn text(&mut self) -> Result<&'a [u8], PrivateMapKeyError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (head, tail) = self.0.split_at_checked(length).ok_or(PrivateMapKeyError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    fn room_name(&mut self) -> Result<String, PrivateMapKeyError> {
        let name = std::str::from_utf8(self.text()?).map_err(|_| PrivateMapKeyError::Room)?;
        if name.is_empty() || name.len() > MAX_ROOM_BYTES {
            return Err(PrivateMapKeyError::Room);
        }
        Ok(name.to_owned())
    }
}
