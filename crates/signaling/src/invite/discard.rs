/// Why a message is no invite that could be acted on. Each is worth a counter, none an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum InviteDiscard {
    /// Longer than [`MAX_MESSAGE_BYTES`](super::MAX_MESSAGE_BYTES).
    #[error("the message is too long")]
    TooLarge,
    /// Nested deeper than [`MAX_MESSAGE_DEPTH`](super::MAX_MESSAGE_DEPTH).
    #[error("the message is nested too deeply")]
    TooDeep,
    /// Not one JSON object, or its payload is not.
    #[error("the message is not a JSON object")]
    NotJson,
    /// A key stands there twice: two readers could understand two different things.
    #[error("a key stands there twice")]
    DuplicateKey,
    /// `businessID` is not 1: some other kind of message.
    #[error("the message is no signalling")]
    NotSignalling,
    /// `actionType` is missing or unknown.
    #[error("the action is unknown")]
    UnknownAction,
    /// The payload is missing or is not about a call.
    #[error("the message is not about a call")]
    NotACall,
    /// The payload's version is newer than any that is understood.
    #[error("the payload's version is unknown")]
    UnknownVersion,
    /// The payload's command is unknown.
    #[error("the payload's command is unknown")]
    UnknownCommand,
    /// An id in the envelope breaks the rules of its type.
    #[error("an id of the envelope is malformed")]
    BadId,
}

impl InviteDiscard {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::NotJson => "not_json",
            Self::DuplicateKey => "duplicate_key",
            Self::NotSignalling => "not_signalling",
            Self::UnknownAction => "unknown_action",
            Self::NotACall => "not_a_call",
            Self::UnknownVersion => "unknown_version",
            Self::UnknownCommand => "unknown_command",
            Self::BadId => "bad_id",
        }
    }
}
