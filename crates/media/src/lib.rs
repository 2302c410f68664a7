//! Media without devices, threads or clocks: jitter-buffered audio, and [`video`].
//!
//! PCM is 48 kHz, `f32` in −1.0..=1.0, interleaved if there are two channels, and flows in ticks
//! of 10 ms. Nothing here reads a clock, owns a thread or knows people: packets come in with their
//! time of arrival, and the count of pulls is the clock of playout.

mod audio;
mod capture;
mod codec;
#[doc(hidden)]
pub mod fake;
#[doc(hidden)]
pub mod fuzz;
mod mix;
mod planner;
mod receiver;
mod rtcp;
mod sender;
mod stretch;
pub mod trace;
mod units;
pub mod video;
mod voice;
mod wav;

pub use audio::{AudioSink, AudioSource, MemorySink, SilenceSource, ToneSource};
pub use calling_wire::{
    MAX_COPIES, MAX_COPY_BYTES, MAX_OFFSET, RedBlock, RedParseError, RedPayload, RedWriteError,
    write_red,
};
pub use capture::AudioProcessing;
#[cfg(feature = "processing")]
pub use capture::{
    CaptureProcessor, CaptureResampler, CaptureStats, ProcessingError, ResamplerError,
};
pub use codec::{AudioDecoder, CodecError, DeepSpan, OpusDecoder, PayloadInfo};
pub use mix::{Audience, LevelMeter, Mixer};
pub use planner::{LossPattern, Planner, PlannerConfig, RedundancyPlan};
pub use receiver::{
    DiscardCounts, InboundAudioStats, InsertDiscard, Operation, Pulled, Receiver, ReceiverConfig,
    ReceiverStats,
};
pub use rtcp::{OwnStream, RemoteView, RtcpSession};
pub use sender::{
    FrameDuration, PacketStore, PushError, Sender, SenderConfig, SenderConfigError, SenderStats,
};
pub use units::{Channels, SAMPLE_RATE_HZ, SAMPLES_PER_TICK, TICK_MS};
pub use voice::VoiceSource;
pub use wav::{WavSink, WavSinkError, WavSource, WavSourceError};

/// The payload type of Opus in Calling.
pub const OPUS_PAYLOAD_TYPE: u8 = 111;

/// The id of the audio-level header extension (RFC 6464) in Calling.
pub const AUDIO_LEVEL_ID: u8 = 1;

/// Compiles and runs what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
