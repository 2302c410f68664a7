use std::time::Duration;

use calling_signaling::protocol::{Code, ProtocolError};

/// Why `Calling::init` failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// A field of the configuration cannot be used.
    #[error("{field}: {reason}")]
    Config {
        /// The field.
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The server could not be reached.
    #[error("cannot reach the server ({0}); is it running, and is the address right?")]
    Unreachable(String),
    /// The server did not answer in time.
    #[error(
        "the server did not answer within {0:?}; check the address and that no firewall drops the \
         connection, or give a slow network a longer connect_timeout"
    )]
    TimedOut(Duration),
    /// What answered is not a calling server, or closed the connection.
    #[error("the other end is no calling server: {0}")]
    NotAServer(String),
    /// The server refused the client or its UserSig.
    #[error(transparent)]
    Refused(#[from] ProtocolError),
    /// A shared instance exists already.
    #[error("the shared instance exists already; destroy it first")]
    AlreadyShared,
}

impl InitError {
    /// The stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::Config { .. } => Code::BadParameter,
            Self::Unreachable(_) | Self::TimedOut(_) | Self::NotAServer(_) => SEND_FAILED,
            Self::Refused(error) => error.code,
            Self::AlreadyShared => Code::Repeated,
        }
    }
}

/// -1401: a signalling message could not be sent.
pub(crate) const SEND_FAILED: Code = Code::Other(-1401);

/// Why a command failed. Nothing was changed then, unless [`TimedOut`](CommandError::TimedOut).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The server, or the state of the call, does not allow it.
    #[error(transparent)]
    Refused(#[from] ProtocolError),
    /// There is no connection to the server at present.
    #[error("no connection to the server at present; it is being tried again")]
    Disconnected,
    /// The server did not answer in time; events tell what became of it.
    #[error("the server did not answer in time; wait for the events, then ask again if need be")]
    TimedOut,
    /// More commands wait than one device can have in mind.
    #[error("too many commands wait; await those under way before giving more")]
    TooMany,
    /// `destroy` was called, the object was dropped, or another terminal took over.
    #[error("signed out; initialise again")]
    SignedOut,
}

impl CommandError {
    /// The stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused(error) => error.code,
            Self::Disconnected | Self::TimedOut => SEND_FAILED,
            Self::TooMany => Code::WrongState,
            Self::SignedOut => Code::NotInitialised,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_and_a_plain_sentence() {
        let refused = ProtocolError::new(Code::UserSigExpired, "the UserSig expired yesterday");
        let error = InitError::from(refused.clone());
        assert_eq!(error.code(), Code::UserSigExpired);
        assert_eq!(error.to_string(), "the UserSig expired yesterday (code 70001)");
        assert_eq!(CommandError::from(refused).code(), Code::UserSigExpired);
        assert_eq!(i32::from(CommandError::TimedOut.code()), -1401);
        assert_eq!(CommandError::SignedOut.code(), Code::NotInitialised);
        let error = InitError::TimedOut(Duration::from_secs(10));
        assert!(error.to_string().starts_with("the server did not answer within 10s; check"));
        let error = InitError::Config { field: "server", reason: "must begin with ws://".into() };
        assert_eq!(error.to_string(), "server: must begin with ws://");
    }
}
