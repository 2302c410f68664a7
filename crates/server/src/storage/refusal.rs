/// Why something was not done although the database works: whoever asks has to ask otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// One of the accounts does not exist.
    #[error("there is no such account")]
    NoSuchUser,
    /// The group does not exist, or is none of the asker's.
    #[error("there is no such group, or you are no member of it")]
    NoSuchGroup,
    /// The asker's role in the group does not allow it.
    #[error("your role in the group does not allow this")]
    NotAllowed,
    /// There is no such message, or it is none of the asker's.
    #[error("there is no such message of yours")]
    NoSuchMessage,
    /// Only text messages can be taken back.
    #[error("only a text message can be taken back")]
    NotText,
    /// The time in which a message can be taken back is over.
    #[error("it is too late to take this message back")]
    TooLate,
    /// The name is taken.
    #[error("this id is taken")]
    Taken,
    /// The client id names another message already.
    #[error("this client_id names another message; choose a new one for every message")]
    ClientIdUsed,
    /// The group would have too many members, or a member too many groups.
    #[error("there would be too many")]
    TooMany,
}
