//! Zero-copy RTP and RTCP views, header extensions, sequence and timestamp extenders, and
//! classification of datagrams that share one port.
//!
//! Nothing here allocates, and nothing keeps state beyond the extenders. A view is validated once,
//! when it is made; afterwards its accessors cannot fail.
//!
//! ```
//! use calling_wire::{RtpHeader, RtpView, write_header};
//!
//! let header =
//!     RtpHeader { payload_type: 111, marker: true, sequence_number: 7, timestamp: 960, ssrc: 42 };
//! let mut packet = [0; 64];
//! let len = write_header(&header, &[(1, &[0x80 | 30])], &mut packet)?;
//!
//! let view = RtpView::parse(&packet[..len]).expect("it was just written");
//! assert_eq!(view.sequence_number(), 7);
//! assert_eq!(view.extension(1), Some(&[0x80 | 30][..]));
//! # Ok::<(), calling_wire::WriteHeaderError>(())
//! ```

// Without `alloc` there is nothing to allocate with.
#![cfg_attr(not(test), no_std)]

mod audio_level;
mod datagram;
mod extender;
#[doc(hidden)]
pub mod fuzz;
mod red;
mod rtcp;
mod rtp;
mod video;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use audio_level::AudioLevelExtension;
pub use datagram::{DatagramKind, classify};
pub use extender::{SequenceExtender, TimestampExtender};
pub use red::{
    MAX_COPIES, MAX_COPY_BYTES, MAX_OFFSET, RedBlock, RedParseError, RedPayload, RedWriteError,
    rename_red, write_red,
};
pub use rtcp::{
    DeliveryReport, Feedback, FullIntraStreams, GoodbyeView, MAX_COMPOUND_PACKETS, NackedPackets,
    ReceiverReportView, ReportBlock, ReportBlocks, RtcpError, RtcpPackets, RtcpView, SenderInfo,
    SenderReportView, TransportArrival, TransportArrivals, TransportArrivalsError, packet_type,
};
pub use rtp::{
    Extensions, ProtectedHeader, RtpError, RtpHeader, RtpView, RtpViewMut, WriteHeaderError,
    rename_extensions, write_header,
};
pub use video::{VideoCodec, Vp8Descriptor, Vp8Numbers, Vp8Shift};
