use crate::protocol::{Code, ProtocolError};

/// Why a UserSig proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserSigError {
    /// There is none.
    #[error("the UserSig is empty: get one from your server and sign in with it")]
    Empty,
    /// It is not a UserSig, or not all of one.
    #[error("the UserSig is not one, or was cut short ({0}): copy it whole or get a new one")]
    Malformed(&'static str),
    /// It was made with another key, or was changed afterwards.
    #[error("the UserSig was made with another secret key: check the key it is signed with")]
    WrongKey,
    /// It was issued for another account.
    #[error("the UserSig was issued for another account: use the one of this account")]
    WrongUser,
    /// It was issued for another application.
    #[error("the UserSig was issued for another application: check the SDKAppID")]
    WrongApp,
    /// It was valid once.
    #[error("the UserSig expired {ago_s} s ago: get a new one")]
    Expired {
        /// How long ago, in seconds by the verifier's clock.
        ago_s: u64,
    },
}

impl UserSigError {
    /// The stable code of the protocol.
    pub const fn code(&self) -> Code {
        match self {
            Self::Empty => Code::UserSigEmpty,
            Self::Malformed(_) => Code::UserSigMalformed,
            Self::WrongKey => Code::UserSigWrongKey,
            Self::WrongUser => Code::UserSigWrongUser,
            Self::WrongApp => Code::UserSigWrongApp,
            Self::Expired { .. } => Code::UserSigExpired,
        }
    }
}

impl From<UserSigError> for ProtocolError {
    fn from(error: UserSigError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
