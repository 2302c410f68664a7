//! Session descriptions (SDP) as browsers and other WebRTC endpoints exchange them.
//!
//! * [`SessionDescription`]: what a description says, read strictly within limits and written.
//! * [`Offer`]: what an offer means to a server with one bundled transport, and the answer to it.

mod answer;
mod attribute;
mod emit;
mod error;
mod media;
mod model;
mod offer;
mod parse;
mod token;
mod video;

pub use answer::{AnswerOrigin, Answered, ForwardedStream};
pub use error::{OfferError, SdpError, SdpFault};
pub use model::{
    Codec, Direction, Encoding, ExtensionMap, MediaKind, MediaSection, Msid, Protocol, Rid,
    SessionDescription, Setup, SimulcastId, SourceGroup, SourceSsrc, TransportAttributes,
};
pub use offer::{AudioFormat, Offer, OfferedSection, Published};
pub use video::{OfferedFormat, PublishedVideo, VideoFormats};

/// The longest description read, in bytes: what fits a frame of the protocol.
pub const MAX_BYTES: usize = 65_536;
/// The longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 2_048;
/// Most sections (`m=` lines) of one description.
pub const MAX_SECTIONS: usize = 128;
/// Most attributes of one section, and of the session.
pub const MAX_ATTRIBUTES: usize = 512;
/// Most payload types, or formats of another kind, of one section.
pub const MAX_FORMATS: usize = 128;
