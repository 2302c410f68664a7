use std::time::Instant;

use calling_signaling::client::ListenerEvent;

/// Something happened, with the moment at which it did.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEvent {
    /// When, on this process's monotonic clock.
    pub at: Instant,
    /// What.
    pub event: ListenerEvent,
}

impl TimedEvent {
    /// Whether a newer event of its kind makes this one worthless, so that it may be dropped when a
    /// reader does not keep up: volumes and network quality.
    pub const fn is_expendable(&self) -> bool {
        matches!(
            self.event,
            ListenerEvent::UserVoiceVolume { .. } | ListenerEvent::NetworkQuality { .. }
        )
    }
}
