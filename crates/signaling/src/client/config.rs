use std::time::Duration;

/// The settings of [`ClientCalls`](super::ClientCalls).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// How long a request may go unanswered (default 10 s).
    pub request_timeout: Duration,
    /// How long a call outlives its signalling connection (default 10 s: longer than the server's
    /// own grace, so that the server decides if it can be reached at all).
    pub signalling_grace: Duration,
    /// How long past its timeout a call may ring without the server ending it (default 5 s).
    pub ring_slack: Duration,
    /// How long to wait for the server's last word on a call that was hung up or lost to another
    /// device (default 2 s).
    pub closing_timeout: Duration,
    /// How often the media connection of an accepted call is started before giving up (default
    /// 3).
    pub media_attempts: u32,
    /// The longest `user_data`, in bytes (default 4096).
    pub max_user_data_bytes: usize,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            signalling_grace: Duration::from_secs(10),
            ring_slack: Duration::from_secs(5),
            closing_timeout: Duration::from_secs(2),
            media_attempts: 3,
            max_user_data_bytes: 4096,
        }
    }
}
