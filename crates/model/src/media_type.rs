use serde::{Deserialize, Serialize};

/// What a call carries.
///
/// The numbers are those of `call_type` on the wire: 1 audio, 2 video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    /// Voice only.
    Audio,
    /// Voice and picture.
    Video,
}

/// A `call_type` that is neither 1 nor 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("call type {0} is unknown; 1 is audio, 2 is video")]
pub struct UnknownMediaType(pub i64);

impl MediaType {
    /// The number of `call_type` on the wire.
    pub const fn call_type(self) -> u8 {
        match self {
            Self::Audio => 1,
            Self::Video => 2,
        }
    }
}

impl TryFrom<i64> for MediaType {
    type Error = UnknownMediaType;

    fn try_from(call_type: i64) -> Result<Self, UnknownMediaType> {
        match call_type {
            1 => Ok(Self::Audio),
            2 => Ok(Self::Video),
            other => Err(UnknownMediaType(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_types_round_trip() {
        for media_type in [MediaType::Audio, MediaType::Video] {
            assert_eq!(MediaType::try_from(i64::from(media_type.call_type())), Ok(media_type));
        }
        assert_eq!(MediaType::try_from(0), Err(UnknownMediaType(0)));
    }
}
