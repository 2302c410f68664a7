use calling_model::UserId;
use serde::Serialize;

/// What is going on right now, as the running server knows it.
pub trait Live: Send + Sync + 'static {
    /// The figures of this moment. Cheap: it is asked for at every look at the status page.
    fn snapshot(&self) -> LiveSnapshot;
}

/// Figures of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSnapshot {
    /// Calls in progress, ringing ones included.
    pub calls: u64,
    /// Of these, those in conversation.
    pub calls_connected: u64,
    /// Devices signed in.
    pub signed_in_devices: u64,
    /// Open media connections.
    pub media_connections: u64,
    /// The UDP port of media.
    pub media_port: u16,
    /// Forwarding threads that were started.
    pub shards: u64,
    /// Of these, those that showed signs of life in the last seconds.
    pub shards_alive: u64,
    /// Writes that wait for the database to take them.
    pub pending_writes: u64,
}

/// An account to try the server with.
#[derive(Clone, Serialize)]
pub struct DemoAccount {
    /// The account.
    pub user_id: UserId,
    /// Signs it in.
    pub user_sig: String,
}

impl std::fmt::Debug for DemoAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoAccount").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
