//! Membership, publish and subscribe, forwarding and volume evaluation: a media room as a machine
//! without IO.
//!
//! A [`Room`] neither decodes nor buffers. It authorises each packet by its SSRC, drops what it
//! has seen before, notes the audio level from the header and says to whom the packet goes under
//! which rewritten header. It ends RTCP: publishers get its receiver reports, subscribers its
//! sender reports.
//!
//! Until [`Room::open`] is called no packet passes (the *gate*).

mod config;
mod control;
mod descriptions;
mod discard;
mod forwarder;
mod forwards;
#[doc(hidden)]
pub mod fuzz;
mod heard;
mod input;
mod leg;
mod machine;
mod media;
mod output;
mod participant;
mod publisher;
mod reception;
mod reports;
mod reserved;
mod room;
mod router;
mod sequence;
mod stats;
mod terms;
mod ticks;
mod timeline;
mod video;
mod volume;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use config::{RoomConfig, VolumeInterval, VolumeIntervalTooShort};
pub use discard::{DiscardCounters, RtcpDiscard, RtpDiscard};
pub use forwarder::{Arrived, Forwarder, OwnFrame, Rewritten};
pub use forwards::{Forward, Forwards};
pub use heard::Heard;
pub use input::{RoomInput, RoomMisuse};
pub use output::{LeaveReason, RoomOutput, TimeoutReason, VideoStream};
pub use reception::ReceptionStats;
pub use reserved::{ReserveError, Streams};
pub use room::{JoinError, NotInRoom, Room};
pub use router::Router;
pub use sequence::{SequenceTracker, Tracked};
pub use stats::{
    LegStats, ParticipantInfo, ParticipantStats, RemoteReception, RoomStats, VideoLegStats,
};
pub use terms::{AudioSource, AudioTerms, HeaderRewrite, Receives, RedRewrite};
pub use video::{
    VideoExtensions, VideoFormat, VideoPlaces, VideoSource, VideoSourceSsrcs, VideoTerms,
    VideoViews,
};
pub use volume::{VolumeEvaluator, VolumeMeter, Volumes};
