//! Voice calls for a Rust program: the facade of Calling.

mod audio;
mod config;
#[cfg(feature = "tokio")]
mod driver;
mod echo;
mod error;
mod event;
mod listener;
mod pipeline;
mod quality;
mod state;
mod stats;
mod ticker;
mod timings;

pub use audio::{Audio, AudioRoute, DeviceError};
pub use calling_media::{
    AudioSink, AudioSource, MemorySink, ReceiverStats, SenderStats, SilenceSource, ToneSource,
    WavSink, WavSource,
};
pub use calling_model::{CallId, DeviceId, GroupId, MediaType, RoomId, UserId, Volume};
pub use calling_signaling::call::{CallFacts, Outcome, Role};
pub use calling_signaling::client::{
    ClientPhase, Connection, ListenerEvent, NetworkQuality, UserQuality,
};
pub use calling_signaling::protocol::{
    CallParams, Code, HistoryReply, IceServer, MessageEvent, ProtocolError, UserVolume,
};
pub use calling_transport::CandidateKind;
pub use config::{Config, IceConfig, VoiceConfig};
#[cfg(feature = "tokio")]
pub use driver::{CallEngine, Calling, Events};
pub use error::{CommandError, InitError};
pub use event::TimedEvent;
pub use listener::{CallingListener, Invite, dispatch};
pub use pipeline::RemoteFigures;
pub use state::CallState;
pub use stats::CallStats;
pub use timings::{Timings, TimingsMs};
