use calling_media::{ReceiverConfig, SenderConfig};
use calling_model::{UnixMillis, UserId};

/// What a [`Pipeline`](super::Pipeline) needs to know.
#[derive(Clone, Debug)]
pub(crate) struct PipelineSettings {
    /// This account, for volumes.
    pub(crate) user: UserId,
    /// How the own voice is sent.
    pub(crate) sender: SenderConfig,
    /// How each remote is played.
    pub(crate) receiver: ReceiverConfig,
    /// The name in RTCP (RFC 7022: random).
    pub(crate) cname: String,
    /// The wall clock when the pipeline is made.
    pub(crate) unix: UnixMillis,
    /// Secret randomness.
    pub(crate) seed: [u8; 32],
}

impl PipelineSettings {
    /// Ticks of 10 ms in one packet.
    pub(crate) fn frame_ticks(&self) -> u32 {
        self.sender.frame_duration.ms() / calling_media::TICK_MS
    }
}
