use std::time::Duration;

use calling_signaling::calls::CallsConfig;

/// Who writes the message that ends a conversation, with its duration. Older programs show it as
/// the record of the call, so that one of the two should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EndMessage {
    /// Whoever remains once the other left the media room, as all known programs do: who hangs up
    /// merely leaves. Needs a media room both are in, and
    /// [`BridgeInput::PeerLeft`](crate::BridgeInput::PeerLeft) from it, or
    /// [`BridgeInput::MemberMedia`](crate::BridgeInput::MemberMedia) in calls of several.
    #[default]
    WhoRemains,
    /// Whoever hangs up. For endpoints that share no media room: nothing else tells the other.
    WhoHangsUp,
}

/// The settings of a [`BridgeEndpoint`](crate::BridgeEndpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeConfig {
    /// Who writes the message that ends a conversation.
    pub end_message: EndMessage,
    /// How long a call rings if the caller does not say (default 30 s).
    pub ring_timeout: Duration,
    /// The longest ring, also of invites without a timer (default 120 s).
    pub max_ring_timeout: Duration,
    /// How much longer than the callee the caller waits, so that an answer in the last moment
    /// still counts (default 5 s).
    pub answer_grace: Duration,
    /// Invites older than this do not ring (default 60 s), nor do those older than their timeout.
    pub max_invite_age: Duration,
    /// How long a wish to switch the medium waits for its answer (default 30 s).
    pub switch_timeout: Duration,
    /// How long a peer whose media was lost keeps the call (default 5 s).
    pub media_grace: Duration,
    /// The longest conversation (default 24 h).
    pub max_call_length: Duration,
    /// How many invites one peer may send in a row (default 10)…
    pub invite_burst: u32,
    /// …and how long it takes until it may send one more (default 1 s).
    pub invite_interval: Duration,
    /// How many invites that are over are remembered, against late and repeated messages (default
    /// 512)…
    pub max_remembered: usize,
    /// …and how long (default 5 min; longer than any invite may ring).
    pub memory: Duration,
    /// How many people may be in one call or rung by it at once, the caller among them (default 50;
    /// older programs allow 9).
    pub max_members: usize,
    /// The longest `user_data` to send, in bytes (default 4096).
    pub max_user_data_bytes: usize,
}

impl Default for BridgeConfig {
    fn default() -> Self {
        Self {
            end_message: EndMessage::default(),
            ring_timeout: Duration::from_secs(30),
            max_ring_timeout: Duration::from_secs(120),
            answer_grace: Duration::from_secs(5),
            max_invite_age: Duration::from_secs(60),
            switch_timeout: Duration::from_secs(30),
            media_grace: Duration::from_secs(5),
            max_call_length: Duration::from_secs(24 * 60 * 60),
            invite_burst: 10,
            invite_interval: Duration::from_secs(1),
            max_remembered: 512,
            memory: Duration::from_secs(5 * 60),
            max_members: 50,
            max_user_data_bytes: 4096,
        }
    }
}

impl BridgeConfig {
    /// Those of the machine within.
    pub(crate) fn calls(&self) -> CallsConfig {
        CallsConfig {
            ring_timeout: self.ring_timeout,
            max_ring_timeout: self.max_ring_timeout.saturating_add(self.answer_grace),
            media_grace: self.media_grace,
            max_call_length: self.max_call_length,
            max_user_data_bytes: self.max_user_data_bytes,
            max_members: self.max_members,
            max_endpoints: 1_024,
            call_burst: self.invite_burst,
            call_interval: self.invite_interval,
            max_remembered: self.max_remembered,
            // Whoever carries the messages bounds how often they come.
            redial_free: u32::MAX,
            ..CallsConfig::default()
        }
    }

    /// The seconds an own call rings at the callee's, as the invite tells them.
    pub(crate) fn ring_s(&self, asked: Option<u32>) -> u32 {
        let longest = seconds(self.max_ring_timeout);
        match asked {
            None => seconds(self.ring_timeout).min(longest),
            Some(0) => longest,
            Some(asked) => asked.min(longest),
        }
    }

    /// As above, with what the caller waits beyond.
    pub(crate) fn patience_s(&self, asked: Option<u32>) -> u32 {
        self.ring_s(asked).saturating_add(seconds(self.answer_grace))
    }
}

/// Whole seconds, at least one.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX).max(1)
}
