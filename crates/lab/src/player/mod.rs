//! Who plays the packets: the project's receiver, buffers of fixed delay, others.

mod fixed;
#[cfg(feature = "neteq")]
mod neteq;
mod receiver;
mod webrtc_neteq;

use std::path::Path;
use std::sync::Arc;

pub(crate) use receiver::engine_alone;

use calling_media::ReceiverConfig;

use crate::LabError;
use crate::speech::Stream;
use crate::trace::{FRAME_MS, Trace};

/// A player by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Player {
    /// `calling_media::Receiver`.
    Ours,
    /// The same, told to keep this delay, in milliseconds.
    Kept(u32),
    /// A buffer whose delay after the first packet is fixed, in milliseconds.
    Fixed(u32),
    /// libwebrtc's NetEq, in the process of this path.
    WebrtcNeteq(Arc<Path>),
    /// The `neteq` crate, in real time.
    #[cfg(feature = "neteq")]
    Neteq,
}

impl Player {
    /// Those that there are, in the order of the table; NetEq where its process is.
    pub(crate) fn all(neteq_shim: Option<&Path>) -> Vec<Self> {
        let mut all = vec![Self::Ours, Self::Fixed(60), Self::Fixed(120), Self::Fixed(200)];
        all.extend(neteq_shim.map(|shim| Self::WebrtcNeteq(shim.into())));
        #[cfg(feature = "neteq")]
        all.push(Self::Neteq);
        all
    }

    /// Delays that a listener may put up with for descriptions.
    pub(crate) const KEPT: &'static [Self] = &[Self::Kept(200), Self::Kept(500)];

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Ours => "ours".into(),
            Self::Kept(ms) => format!("ours-{ms}"),
            Self::Fixed(ms) => format!("fixed-{ms}"),
            Self::WebrtcNeteq(_) => "webrtc-neteq".into(),
            #[cfg(feature = "neteq")]
            Self::Neteq => "neteq-crate".into(),
        }
    }

    /// Plays `stream` as `trace` delivers it. `audible` asks for the audio too.
    pub(crate) fn play(
        &self,
        stream: &Stream,
        trace: &Trace,
        audible: bool,
    ) -> Result<Played, LabError> {
        match self {
            Self::Ours => receiver::play(stream, trace, ReceiverConfig::default()),
            Self::Kept(ms) => receiver::play(stream, trace, receiver::keeping(*ms)),
            Self::Fixed(ms) => fixed::play(stream, trace, *ms, audible),
            Self::WebrtcNeteq(shim) => webrtc_neteq::play(shim, stream, trace),
            #[cfg(feature = "neteq")]
            Self::Neteq => neteq::play(stream, trace),
        }
    }
}

/// Where the audio of a frame came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// Its own packet.
    Own,
    /// The in-band redundancy of the packet after it.
    Fec,
    /// A copy in a later packet (RFC 2198).
    Red,
    /// A description in a later packet (DRED).
    Dred,
}

/// When and from what a frame was played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FramePlayed {
    pub(crate) source: Source,
    /// Its first sample, by the receiver's clock.
    pub(crate) at_ms: f64,
}

/// What a tick was made of, as far as a plot tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    Idle,
    Normal,
    ComfortNoise,
    Shorten,
    Lengthen,
    Restore,
    Conceal,
    /// One that the laboratory does not know.
    Other,
}

/// One tick of a player.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) op: Op,
    /// The delay aimed at, as the player counts it; `None` if it has none.
    pub(crate) target_ms: Option<u32>,
}

/// What a player made of a call. One tick per 10 ms from time 0 of the trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    /// Per frame; `None` if it was not played.
    pub(crate) frames: Vec<Option<FramePlayed>>,
    pub(crate) ticks: Vec<Tick>,
    /// Audio made up, silent or not, in milliseconds.
    pub(crate) concealed_ms: f64,
    /// The part of it that the player says is heard; the same if it does not tell.
    pub(crate) audible_concealed_ms: f64,
    /// Times that making up began.
    pub(crate) concealment_events: u64,
    /// Audio inserted and removed to change the delay, in milliseconds.
    pub(crate) inserted_ms: f64,
    pub(crate) removed_ms: f64,
    /// 48 kHz mono, empty if not asked for.
    pub(crate) pcm: Vec<f32>,
}

/// Length of a tick, in milliseconds.
pub(crate) const TICK_MS: f64 = 10.0;

/// Ticks of a run: until half a second after the last packet was sent or came. Longer, and what a
/// receiver makes up after the end of the call would count.
pub(crate) fn ticks(trace: &Trace) -> usize {
    let last = trace.arrivals.last().map_or(0, |arrival| arrival.at_us / 1_000);
    let sent = u64::from(trace.frames) * u64::from(FRAME_MS);
    (last.max(sent) / 10 + 50) as usize
}
