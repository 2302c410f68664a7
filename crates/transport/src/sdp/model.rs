use crate::certificate::Fingerprint;
use crate::ice::Candidate;

/// A session description (RFC 8866), as far as WebRTC gives it meaning (RFC 8829). What has none
/// is read over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionDescription {
    /// Names the session of the describing side, the same in every description of it.
    pub session_id: u64,
    /// Grows with every description of the session that changes something.
    pub session_version: u64,
    /// The describing side is ICE-lite (RFC 8839 section 5.3).
    pub ice_lite: bool,
    /// The mids of the BUNDLE group (RFC 9143), the tagged section's first; empty without a group.
    pub bundle: Vec<String>,
    /// The sections, in order; their number and order never change within a session.
    pub sections: Vec<MediaSection>,
}

/// One `m=` line and what belongs to it. What stood for all sections is in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaSection {
    /// What flows.
    pub kind: MediaKind,
    /// 0 if the section is rejected, or takes its transport from a bundle.
    pub port: u16,
    /// How it is carried.
    pub protocol: Protocol,
    /// RTP payload types, preferred first.
    pub codecs: Vec<Codec>,
    /// The formats of a section that is not RTP, as they are.
    pub other_formats: Vec<String>,
    /// Identifies the section within the session (RFC 5888).
    pub mid: Option<String>,
    /// Which way media flows, as the describing side sees it.
    pub direction: Direction,
    /// ICE and DTLS.
    pub transport: TransportAttributes,
    /// RTP and RTCP share a port (RFC 5761).
    pub rtcp_mux: bool,
    /// Reduced-size RTCP (RFC 5506).
    pub rtcp_rsize: bool,
    /// Use this section within a bundle or not at all (RFC 9143).
    pub bundle_only: bool,
    /// Feedback for all payload types (`a=rtcp-fb:*`, RFC 4585).
    pub feedback: Vec<String>,
    /// RTP header extensions (RFC 8285).
    pub extensions: Vec<ExtensionMap>,
    /// The streams of the track that is sent (RFC 8830).
    pub msids: Vec<Msid>,
    /// The sources sent (RFC 5576).
    pub ssrcs: Vec<SourceSsrc>,
    /// How sources belong together.
    pub ssrc_groups: Vec<SourceGroup>,
    /// Restrictions by which layers are told apart (RFC 8851).
    pub rids: Vec<Rid>,
    /// Layers sent at once; of each the alternatives (RFC 8853).
    pub simulcast_send: Vec<Vec<SimulcastId>>,
    /// Layers that may be received at once.
    pub simulcast_receive: Vec<Vec<SimulcastId>>,
    /// Addresses that can be used; those with host names, of TCP and of other components are not
    /// among them.
    pub candidates: Vec<Candidate>,
    /// No more candidates will follow (RFC 8838).
    pub end_of_candidates: bool,
}

/// What flows in a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MediaKind {
    /// Sound.
    #[default]
    Audio,
    /// Pictures.
    Video,
    /// Data channels.
    Application,
    /// Something else, by its name.
    Other(String),
}

/// How a section is carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// SRTP keyed by DTLS with feedback (RFC 5764), the only one in use.
    #[default]
    DtlsSavpf,
    /// Likewise without feedback.
    DtlsSavp,
    /// Something else, by its name.
    Other(String),
}

/// Which way media flows, as the describing side sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// From the describing side.
    SendOnly,
    /// To the describing side.
    RecvOnly,
    /// No way.
    Inactive,
}

/// ICE and DTLS of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransportAttributes {
    /// The ICE username fragment (RFC 8839 section 5.4).
    pub ufrag: Option<String>,
    /// The ICE password.
    pub pwd: Option<String>,
    /// The SHA-256 of the certificate; those of other hash functions are read over (RFC 8122).
    pub fingerprint: Option<Fingerprint>,
    /// Which side begins the DTLS handshake.
    pub setup: Option<Setup>,
}

/// Which side begins the DTLS handshake (RFC 4145, RFC 8842).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The describing side does.
    Active,
    /// The other side does.
    Passive,
    /// Either; the answerer chooses.
    ActPass,
    /// Nobody for now.
    HoldConn,
}

/// A payload type and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    /// 0..=127.
    pub payload_type: u8,
    /// `a=rtpmap`; without one the payload type is a static one (RFC 3551).
    pub encoding: Option<Encoding>,
    /// `a=fmtp`, as it is; empty if absent.
    pub parameters: String,
    /// `a=rtcp-fb` of this payload type.
    pub feedback: Vec<String>,
}

/// What a payload type stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The name, such as `opus`; case does not matter.
    pub name: String,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: u32,
    /// Channels of sound, 1 if not said.
    pub channels: u8,
}

/// A header extension and its id on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionMap {
    /// 1..=14 in the one-byte form, up to 255 in the two-byte form.
    pub id: u8,
    /// In which direction it is used.
    pub direction: Direction,
    /// What it is.
    pub uri: String,
}

/// A stream and a track in it (RFC 8830).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msid {
    /// The stream; `-` for none.
    pub stream: String,
    /// The track.
    pub track: Option<String>,
}

/// A source that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSsrc {
    /// On the wire.
    pub ssrc: u32,
    /// Sources of one name share a clock.
    pub cname: Option<String>,
}

/// How sources belong together, as `FID` for a stream and its retransmission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGroup {
    /// `FID`, `SIM`, …
    pub semantics: String,
    /// In the order that the semantics give meaning.
    pub ssrcs: Vec<u32>,
}

/// A layer and its restrictions (RFC 8851).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rid {
    /// On the wire in a header extension.
    pub id: String,
    /// The describing side sends it.
    pub sent: bool,
    /// As they are; empty if there are none.
    pub restrictions: String,
}

/// One layer of a simulcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulcastId {
    /// Of a [`Rid`].
    pub rid: String,
    /// It is not sent at first.
    pub paused: bool,
}

impl Direction {
    /// The describing side sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// The describing side receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The direction with these two ways.
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }
}

impl MediaSection {
    /// The section is carried by RTP.
    pub fn is_rtp(&self) -> bool {
        self.protocol.is_rtp()
    }

    /// The id of the extension with this URI.
    pub fn extension(&self, uri: &str) -> Option<u8> {
        self.extensions.iter().find(|it| it.uri == uri).map(|it| it.id)
    }
}

impl Protocol {
    pub(super) fn is_rtp(&self) -> bool {
        match self {
            Self::DtlsSavpf | Self::DtlsSavp => true,
            Self::Other(name) => name.starts_with("RTP/") || name.contains("/RTP/"),
        }
    }
}

impl Codec {
    /// A payload type of which nothing more is known.
    pub const fn new(payload_type: u8) -> Self {
        Self { payload_type, encoding: None, parameters: String::new(), feedback: Vec::new() }
    }

    /// Whether it is this encoding, whatever the case of its name.
    pub fn is(&self, name: &str, clock_rate: u32, channels: u8) -> bool {
        self.encoding.as_ref().is_some_and(|encoding| {
            encoding.name.eq_ignore_ascii_case(name)
                && encoding.clock_rate == clock_rate
                && encoding.channels == channels
        })
    }

    /// The value of one of its parameters.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.split(';').filter_map(|it| it.trim().split_once('='));
        parameters.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// It repairs another payload type (RFC 4588).
    pub fn is_rtx(&self) -> bool {
        self.encoding.as_ref().is_some_and(|it| it.name.eq_ignore_ascii_case("rtx"))
    }
}
