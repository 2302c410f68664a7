//! Conversions between stored values and ours.

use calling_model::{GroupId, UnixMillis, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StorageError;

/// Times are stored as `BIGINT`; what exceeds it is no time anybody lives to see.
pub(super) fn millis(at: UnixMillis) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

pub(super) fn unix(stored: i64) -> UnixMillis {
    UnixMillis(u64::try_from(stored).unwrap_or(0))
}

pub(super) fn json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value)
        .map_err(|error| StorageError::Unreadable { what, reason: error.to_string() })
}

pub(super) fn parse<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StorageError> {
    serde_json::from_str(text)
        .map_err(|error| StorageError::Unreadable { what, reason: error.to_string() })
}

pub(super) fn user(text: String) -> Result<UserId, StorageError> {
    UserId::new(text)
        .map_err(|error| StorageError::Unreadable { what: "user id", reason: error.to_string() })
}

pub(super) fn group(text: String) -> Result<GroupId, StorageError> {
    GroupId::new(text)
        .map_err(|error| StorageError::Unreadable { what: "group id", reason: error.to_string() })
}

/// A stored number that is never negative.
pub(super) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
