use serde::{Deserialize, Serialize};

/// Stable error codes of the protocol. The numbers are those of the component this project
/// matches where it has one, so that an application's tables keep working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "i32", into = "i32")]
pub enum Code {
    /// -1201: signed in first, or `hello` first.
    NotInitialised,
    /// -1202: a parameter is missing, malformed or makes no sense (caller = callee, empty list).
    BadParameter,
    /// -1203: not possible in the present state (in another call, call already over).
    WrongState,
    /// -1204: the same thing was asked before and is under way or done.
    Repeated,
    /// -1205: this kind of call is not offered here.
    SceneUnsupported,
    /// -1406: the request could not be sent or was not answered in time.
    SignallingFailed,
    /// -1101: the device or the account is not allowed to do this.
    PermissionDenied,
    /// -2200: no such account.
    UserNotFound,
    /// 8010: no such call, or the invite was handled already.
    InviteNotFound,
    /// 8011: the call is not the asker's.
    NotYourCall,
    /// 6208: the same account signed in on another terminal.
    KickedOffline,
    /// 70001: the UserSig has expired.
    UserSigExpired,
    /// 70002: the UserSig is empty.
    UserSigEmpty,
    /// 70003: the UserSig is malformed or truncated.
    UserSigMalformed,
    /// 70009: the UserSig was made with another key.
    UserSigWrongKey,
    /// 70013: the UserSig was issued for another account.
    UserSigWrongUser,
    /// 70014: the UserSig was issued for another application.
    UserSigWrongApp,
    /// 70050: too many failed attempts; wait.
    TooManyFailures,
    /// -1: the frame is not understood (not JSON, too deep, unknown method).
    MalformedFrame,
    /// -2: no protocol version in common.
    VersionUnsupported,
    /// -3: too many requests; slow down.
    RateLimited,
    /// -4: the session cannot be resumed (expired, taken, not this device's); sign in afresh.
    SessionExpired,
    /// 70500: the server failed; nothing was changed.
    Internal,
    /// Any other number, kept.
    Other(i32),
}

/// Every code with a name. `From<Code> for i32` tells their numbers.
const NAMED: &[Code] = &[
    Code::NotInitialised,
    Code::BadParameter,
    Code::WrongState,
    Code::Repeated,
    Code::SceneUnsupported,
    Code::SignallingFailed,
    Code::PermissionDenied,
    Code::UserNotFound,
    Code::InviteNotFound,
    Code::NotYourCall,
    Code::KickedOffline,
    Code::UserSigExpired,
    Code::UserSigEmpty,
    Code::UserSigMalformed,
    Code::UserSigWrongKey,
    Code::UserSigWrongUser,
    Code::UserSigWrongApp,
    Code::TooManyFailures,
    Code::MalformedFrame,
    Code::VersionUnsupported,
    Code::RateLimited,
    Code::SessionExpired,
    Code::Internal,
];

impl From<i32> for Code {
    fn from(number: i32) -> Self {
        NAMED.iter().copied().find(|code| i32::from(*code) == number).unwrap_or(Self::Other(number))
    }
}

impl From<Code> for i32 {
    fn from(code: Code) -> Self {
        match code {
            Code::NotInitialised => -1201,
            Code::BadParameter => -1202,
            Code::WrongState => -1203,
            Code::Repeated => -1204,
            Code::SceneUnsupported => -1205,
            Code::SignallingFailed => -1406,
            Code::PermissionDenied => -1101,
            Code::UserNotFound => -2200,
            Code::InviteNotFound => 8010,
            Code::NotYourCall => 8011,
            Code::KickedOffline => 6208,
            Code::UserSigExpired => 70001,
            Code::UserSigEmpty => 70002,
            Code::UserSigMalformed => 70003,
            Code::UserSigWrongKey => 70009,
            Code::UserSigWrongUser => 70013,
            Code::UserSigWrongApp => 70014,
            Code::TooManyFailures => 70050,
            Code::MalformedFrame => -1,
            Code::VersionUnsupported => -2,
            Code::RateLimited => -3,
            Code::SessionExpired => -4,
            Code::Internal => 70500,
            Code::Other(number) => number,
        }
    }
}

/// An error as it travels: a stable code and a plain sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} (code {})", i32::from(*code))]
pub struct ProtocolError {
    /// The stable code.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl ProtocolError {
    /// An error of `code` with a sentence for people.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_names_one_code() {
        for code in NAMED {
            assert_eq!(Code::from(i32::from(*code)), *code);
        }
        assert_eq!(i32::from(Code::UserSigExpired), 70001);
        assert_eq!(i32::from(Code::WrongState), -1203);
        assert_eq!(Code::from(424_242), Code::Other(424_242));
        assert_eq!(i32::from(Code::Other(7)), 7);
    }
}
