use std::time::Duration;

use calling_signaling::protocol::{Code, ProtocolError};

use crate::storage::{Refusal, StorageError};

/// Why something about conversations was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ChatError {
    #[error("{0}")]
    Bad(String),
    #[error("too fast; wait {} ms", .0.as_millis().max(1))]
    TooFast(Duration),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<ChatError> for ProtocolError {
    fn from(error: ChatError) -> Self {
        let code = match &error {
            ChatError::Bad(_) => Code::BadParameter,
            ChatError::TooFast(_) => Code::RateLimited,
            ChatError::Refused(refusal) => code(*refusal),
            ChatError::Storage(error) => {
                tracing::warn!(%error, "a request about conversations failed");
                let sentence = "the server cannot reach its database; try again in a moment";
                return Self::new(Code::Internal, sentence);
            }
        };
        Self::new(code, error.to_string())
    }
}

const fn code(refusal: Refusal) -> Code {
    match refusal {
        Refusal::NoSuchUser => Code::UserNotFound,
        Refusal::NoSuchGroup | Refusal::NotAllowed => Code::PermissionDenied,
        Refusal::NoSuchMessage | Refusal::NotText => Code::BadParameter,
        Refusal::TooLate | Refusal::TooMany => Code::WrongState,
        Refusal::Taken | Refusal::ClientIdUsed => Code::Repeated,
    }
}
