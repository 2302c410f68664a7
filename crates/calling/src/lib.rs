//! Voice and video calls for a Rust program: the facade of Calling.
//!
//! * [`Calling`] is one signed-in device: it connects, places calls and tells what happens, to
//!   [`CallingListener`]s and as a stream of [`Events`].
//! * [`CallEngine`] is what is done with a call: answer, decline, hang up, mute, measure.
//! * [`Chat`] is the account's conversations, groups and profiles.
//! * [`CallView`] is a call window: [`Calling::set_view`] takes one and it is shown with every call.
//! * [`Audio`] says where the voice comes from and goes to, [`Video`] which cameras there are; nothing
//!   of it is opened before a call is answered.
//!
//! ```no_run
//! use calling::{Audio, Calling, Config, ListenerEvent, ToneSource, UserId};
//!
//! # async fn answer(user_sig: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("wss://calls.example.org", 1_400_000_000, UserId::new("bob")?, user_sig)
//!     .with_audio(Audio::silent().with_source(|_| Ok(Box::new(ToneSource::new(440.0, 0.5)))));
//! let calling = Calling::init(config).await?;
//! let (engine, mut events) = (calling.engine(), calling.events());
//! while let Some(happened) = events.next().await {
//!     if let ListenerEvent::Invited { .. } = happened.event {
//!         engine.accept().await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How it is built
//!
//! A task keeps the signalling connection (WebSocket; it reconnects with growing waits and signs in
//! again) and the mirror of the server's call machine, which decides everything about calls. While a
//! call rings, a thread of its own, with a small runtime of its own, finds a path to the server (ICE)
//! and shakes hands (DTLS), so that answering costs one signalling trip and one packet. All media of
//! the call lives on that thread as one machine that is told the time; whatever ends the call ends the
//! thread, and with it every socket and task of the ICE agent.
//!
//! Until the server says that the call was answered, no microphone is opened, no media packet leaves
//! and none is played.
//!
//! # Logs
//!
//! This crate logs through `tracing`, without addresses, names or tokens. The ICE library below it
//! writes addresses to the `log` facade: leave the targets `webrtc_ice`, `webrtc_mdns`, `turn` and
//! `stun` off.
//!
//! # Features
//!
//! * `tokio` (default): sockets, timers and tasks. Without it there remain the types and pure parts.
//! * `h264` (default): pictures in H.264, by openh264, which brings its source.
//! * `vp8`: pictures in VP8, which every browser speaks, by libvpx, which must be installed
//!   (Debian: `libvpx-dev`). With it VP8 is what is sent.
//! * `camera`: cameras of this machine, by Video4Linux (Linux).
//! * `screen`: the screen of an X server, to share it.

mod audio;
mod bell;
pub mod codes;
mod config;
#[cfg(any(feature = "camera", feature = "screen", test))]
pub mod devices;
#[cfg(feature = "tokio")]
mod driver;
mod echo;
mod error;
mod event;
#[doc(hidden)]
pub mod fuzz;
mod listener;
mod options;
pub mod pipeline;
mod quality;
#[cfg(feature = "devices")]
mod sound_devices;
mod state;
mod stats;
mod ticker;
mod timings;
#[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "the driver uses it"))]
mod video;
pub mod view;

pub use audio::{Audio, AudioRoute, DeviceError};
pub use bell::CallingBell;
pub use calling_callrecord::quality::{IntervalQuality, IntervalSummary};
pub use calling_callrecord::{CallLogEntry, CallLogFilter, CallLogResult, Scene};
#[cfg(feature = "processing")]
pub use calling_media::AudioProcessing;
pub use calling_media::video::{
    I420Frame, TestPattern, VideoCodec, VideoFrame, VideoReceiverStats, VideoSenderStats,
    VideoSink, VideoSource,
};
pub use calling_media::{
    AudioSink, AudioSource, MemorySink, ReceiverStats, SenderStats, SilenceSource, ToneSource,
    WavSink, WavSource,
};
pub use calling_model::{
    CallId, DeviceId, GroupId, MediaType, RoomId, UserId, VideoSize, VideoTrack, Volume,
};
pub use calling_signaling::call::{CallEndReason, CallFacts, Outcome, Role};
pub use calling_signaling::client::{
    ClientPhase, Connection, ListenerEvent, NetworkQuality, UserQuality,
};
pub use calling_signaling::protocol::{
    CallParams, Code, ConversationInfo, ConversationsReply, CreateGroupParams, GroupInfo,
    GroupMemberInfo, GroupRole, HistoryReply, IceServer, MessageEvent, ProfileInfo, ProtocolError,
    QualityCause, RunningCall, SendMessageParams, SentReply, Target, UserVolume,
};
pub use calling_transport::CandidateKind;
pub use config::{Config, IceConfig, VoiceConfig};
#[cfg(feature = "tokio")]
pub use driver::{CallEngine, Calling, Chat, Events, RecentCalls};
pub use error::{CommandError, InitError};
pub use event::TimedEvent;
pub use listener::{CallingListener, Invite, dispatch};
pub use options::CallOptions;
pub use pipeline::{RemoteFigures, VideoFigures, VoiceQuality};
#[cfg(feature = "devices")]
pub use sound_devices::{DeviceInfo, DeviceKind, DeviceStats, Devices, sound_devices};
pub use state::CallState;
pub use stats::CallStats;
pub use timings::{Timings, TimingsMs};
pub use video::{CameraInfo, TEST_PATTERN, Video, VideoQuality};
pub use view::{CallPhase, CallView, CallViewState, MemberState, MemberView, ViewEnd};
