use std::collections::{BTreeMap, BTreeSet};

use calling_model::{UserId, VideoSize, VideoTrack};
use calling_wire::VideoCodec;

/// What a participant wants to see: whose pictures, which, and how large.
pub type VideoViews = BTreeMap<(UserId, VideoTrack), VideoSize>;

/// What was agreed with a participant on its pictures, in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoTerms {
    /// The formats it sends and takes; at most one for each codec.
    pub formats: Vec<VideoFormat>,
    /// The ids of the header extensions by which streams are told apart.
    pub extensions: VideoExtensions,
    /// What it sends, by track.
    pub sends: BTreeMap<VideoTrack, VideoSource>,
    /// What it has a place for.
    pub receives: VideoPlaces,
}

/// How a codec looks on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFormat {
    /// The codec.
    pub codec: VideoCodec,
    /// Its payload type.
    pub payload_type: u8,
    /// The payload type of its retransmissions (RFC 4588); `None` if there are none.
    pub rtx: Option<u8>,
}

/// Ids of header extensions; `None` for what was not agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoExtensions {
    /// The mid (RFC 9143 section 15.2).
    pub mid: Option<u8>,
    /// The rid of a layer (RFC 8852 section 4.1).
    pub rid: Option<u8>,
    /// The rid of the layer that a packet is a retransmission of (RFC 8852 section 4.2).
    pub repaired_rid: Option<u8>,
}

/// Which packets of a participant are a track of its. Nothing is learned from any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoSource {
    /// Those with the SSRCs that it announced.
    Ssrcs(VideoSourceSsrcs),
    /// For each layer those with the SSRC of its first packet.
    Mid {
        /// What the packet's mid must be.
        mid: String,
        /// The rids of the layers, from small to large; empty if there is one layer without.
        rids: Vec<String>,
    },
}

/// The SSRCs of a track of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoSourceSsrcs {
    /// Of the stream itself.
    pub media: u32,
    /// Of its retransmissions, if there are any.
    pub rtx: Option<u32>,
}

/// What a participant has a place for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoPlaces {
    /// Whatever there is.
    All,
    /// These streams alone, by the SSRC under which they are forwarded.
    Only(BTreeSet<u32>),
}

impl VideoTerms {
    /// Payload types of clients that choose none: VP8 96 and H.264 98, each followed by that of its
    /// retransmissions.
    pub const NATIVE_FORMATS: [VideoFormat; 2] = [
        VideoFormat { codec: VideoCodec::Vp8, payload_type: 96, rtx: Some(97) },
        VideoFormat { codec: VideoCodec::H264, payload_type: 98, rtx: Some(99) },
    ];

    /// Of a participant that neither sends nor takes any.
    pub const fn none() -> Self {
        Self {
            formats: Vec::new(),
            extensions: VideoExtensions { mid: None, rid: None, repaired_rid: None },
            sends: BTreeMap::new(),
            receives: VideoPlaces::All,
        }
    }

    /// Of a client that announces its SSRCs and takes what it asks for.
    pub fn native(sends: impl IntoIterator<Item = (VideoTrack, VideoSourceSsrcs)>) -> Self {
        let sends = sends.into_iter().map(|(track, ssrcs)| (track, VideoSource::Ssrcs(ssrcs)));
        Self { formats: Self::NATIVE_FORMATS.to_vec(), sends: sends.collect(), ..Self::none() }
    }

    /// The format of a payload type, and whether it is of a retransmission.
    pub(crate) fn format_of(&self, payload_type: u8) -> Option<(&VideoFormat, bool)> {
        self.formats.iter().find_map(|format| {
            if format.payload_type == payload_type {
                return Some((format, false));
            }
            (format.rtx == Some(payload_type)).then_some((format, true))
        })
    }
}

impl VideoSource {
    /// How many layers it may have, one at least.
    pub(crate) fn layers(&self) -> usize {
        match self {
            Self::Ssrcs(_) => 1,
            Self::Mid { rids, .. } => rids.len().max(1),
        }
    }
}

impl VideoPlaces {
    /// Whether there is a place for what is forwarded under `ssrc`.
    pub fn includes(&self, ssrc: u32) -> bool {
        match self {
            Self::All => true,
            Self::Only(streams) => streams.contains(&ssrc),
        }
    }
}
