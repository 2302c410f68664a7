//! What an offer means to a server that bundles everything on one transport.

use super::error::OfferError;
use super::model::{
    Codec, Direction, MediaKind, MediaSection, Protocol, SessionDescription, Setup,
};
use super::video::{self, VideoFormats};
use crate::certificate::Fingerprint;
use crate::ice::IceCredentials;

/// RFC 6464.
pub(super) const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// RFC 9143 section 15.2.
pub(super) const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";

/// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2.
pub(super) const TRANSPORT_WIDE: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/// The feedback on it (section 3).
pub(super) const TRANSPORT_FEEDBACK: &str = "transport-cc";

/// An offer of a client, understood.
///
/// Accepted are audio sections with Opus and video sections with a format that the server passes on
/// in the BUNDLE group (or the only section); there must be one of either. Of the transport, what
/// the group's first section says holds for all (RFC 9143 section 7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub(super) description: SessionDescription,
    credentials: IceCredentials,
    fingerprint: Fingerprint,
    audio: Option<AudioFormat>,
    pub(super) video: VideoFormats,
    sections: Vec<OfferedSection>,
}

/// One section of an offer, in the order of the offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedSection {
    /// Its mid; only a section that stands alone may have none.
    pub mid: Option<String>,
    /// What flows.
    pub kind: MediaKind,
    /// It is not rejected.
    pub accepted: bool,
    /// Which way media flows, as the client sees it.
    pub direction: Direction,
}

/// How audio looks on the wire of this client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// The payload type of Opus.
    pub payload_type: u8,
    /// The payload type of packets that carry copies of earlier frames of it (RFC 2198), if
    /// offered.
    pub red_payload_type: Option<u8>,
    /// The id of the audio level, if offered.
    pub audio_level_id: Option<u8>,
    /// The id of the mid, if offered.
    pub mid_id: Option<u8>,
}

/// The audio that a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Of its section.
    pub mid: Option<String>,
    /// Its SSRC, if announced.
    pub ssrc: Option<u32>,
}

impl Offer {
    /// Reads an offer.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub fn parse(text: &str) -> Result<Self, OfferError> {
        let description: SessionDescription = text.parse()?;
        if description.ice_lite {
            return Err(OfferError::BothLite);
        }
        let candidates: Vec<&MediaSection> =
            description.sections.iter().filter(|it| is_acceptable(&description, it)).collect();
        let tagged = tagged(&description).ok_or(OfferError::NothingAcceptable)?;
        let of_kind = |kind| candidates.iter().copied().filter(move |it| it.kind == kind);
        if candidates.is_empty() {
            return Err(OfferError::NothingAcceptable);
        }
        for section in &candidates {
            check(section, candidates.len() > 1)?;
        }
        let audio = AudioFormat::of_all(of_kind(MediaKind::Audio))?;
        let video = VideoFormats::of(of_kind(MediaKind::Video))?;
        let (credentials, fingerprint) = transport(tagged)?;
        let sections = description.sections.iter().map(|section| OfferedSection {
            mid: section.mid.clone(),
            kind: section.kind.clone(),
            accepted: is_acceptable(&description, section),
            direction: section.direction,
        });
        let sections = sections.collect();
        Ok(Self { credentials, fingerprint, audio, video, sections, description })
    }

    /// The client's ICE credentials. Others than before restart ICE (RFC 8839 section 4.4.1.1.1).
    pub const fn credentials(&self) -> &IceCredentials {
        &self.credentials
    }

    /// The fingerprint of the client's certificate.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The same in every offer of one peer connection (RFC 8829 section 5.2.1).
    pub const fn session_id(&self) -> u64 {
        self.description.session_id
    }

    /// How audio looks on the wire of this client; `None` if it neither sends nor receives any.
    pub const fn audio(&self) -> Option<AudioFormat> {
        self.audio
    }

    /// The id of the header extension with transport-wide sequence numbers, if the client wants to
    /// be told which of its packets came. It is of use to who sends pictures: sound alone is not
    /// worth as many packets the other way.
    pub fn feedback_id(&self) -> Option<u8> {
        let sections = self.sections().iter().zip(&self.description.sections);
        let mut sending = sections.filter(|(section, _)| section.sends_video());
        sending.find_map(|(_, section)| feedback_id(section))
    }

    /// Whether the client is told of what it sends in this section.
    pub(super) fn has_feedback(&self, section: &MediaSection) -> bool {
        feedback_id(section).is_some_and(|id| self.feedback_id() == Some(id))
    }

    /// All sections, in order.
    pub fn sections(&self) -> &[OfferedSection] {
        &self.sections
    }

    /// The audio that the client sends: that of the first section that does.
    pub fn published(&self) -> Option<Published> {
        let index = self.publishing()?;
        let section = &self.description.sections[index];
        let ssrc = section.ssrcs.first().map(|source| source.ssrc);
        Some(Published { mid: section.mid.clone(), ssrc })
    }

    /// The accepted section in which the client wants to receive, by its mid.
    pub fn receiving(&self, mid: &str) -> Option<&OfferedSection> {
        self.sections.iter().find(|section| {
            section.accepted && section.direction.receives() && section.mid.as_deref() == Some(mid)
        })
    }

    pub(super) fn publishing(&self) -> Option<usize> {
        let sends = |section: &OfferedSection| section.accepted && section.direction.sends();
        self.sections.iter().position(|section| section.kind == MediaKind::Audio && sends(section))
    }
}

impl OfferedSection {
    pub(super) fn sends_video(&self) -> bool {
        self.accepted && self.kind == MediaKind::Video && self.direction.sends()
    }
}

impl AudioFormat {
    /// What all sections say alike, if there are any; copies of earlier frames only if all do.
    fn of_all<'a>(
        sections: impl Iterator<Item = &'a MediaSection>,
    ) -> Result<Option<Self>, OfferError> {
        let mut formats = sections.filter_map(Self::of);
        let Some(first) = formats.next() else { return Ok(None) };
        let all = formats.try_fold(first, |all, format| {
            let red_payload_type =
                all.red_payload_type.filter(|it| format.red_payload_type == Some(*it));
            let same = Self { red_payload_type, ..format } == Self { red_payload_type, ..all };
            if same { Ok(Self { red_payload_type, ..all }) } else { Err(OfferError::Conflict) }
        });
        all.map(Some)
    }

    fn of(section: &MediaSection) -> Option<Self> {
        let opus = opus(section)?;
        let red_payload_type = red(section, opus).map(|red| red.payload_type);
        // Only what fits the one-byte form, so that headers can be rewritten in place.
        let id = |uri| section.extension(uri).filter(|id| (1..=14).contains(id));
        Some(Self {
            payload_type: opus.payload_type,
            red_payload_type,
            audio_level_id: id(AUDIO_LEVEL),
            mid_id: id(MID),
        })
    }
}

/// The section whose transport all use: the first of the group that is not rejected, or the only
/// one there is.
fn tagged(description: &SessionDescription) -> Option<&MediaSection> {
    let sections = &description.sections;
    if description.bundle.is_empty() {
        return sections.iter().find(|it| is_acceptable(description, it));
    }
    let of_mid = |mid: &String| sections.iter().find(|it| it.mid.as_ref() == Some(mid));
    description.bundle.iter().filter_map(of_mid).find(|section| section.port != 0)
}

fn is_acceptable(description: &SessionDescription, section: &MediaSection) -> bool {
    let is_bundled = section.mid.as_ref().is_some_and(|mid| description.bundle.contains(mid));
    let stands_alone = description.bundle.is_empty() && description.sections.len() == 1;
    let is_known = match section.kind {
        MediaKind::Audio => opus(section).is_some(),
        MediaKind::Video => video::is_known(section),
        MediaKind::Application | MediaKind::Other(_) => false,
    };
    let is_on = section.port != 0 || section.bundle_only;
    let is_carried = section.protocol == Protocol::DtlsSavpf && (is_bundled || stands_alone);
    is_known && is_on && is_carried
}

/// Only what fits the one-byte form, and only with its feedback.
fn feedback_id(section: &MediaSection) -> Option<u8> {
    let of_codecs = section.codecs.iter().flat_map(|codec| &codec.feedback);
    let mut feedback = section.feedback.iter().chain(of_codecs);
    let id = section.extension(TRANSPORT_WIDE).filter(|id| (1..=14).contains(id));
    id.filter(|_| feedback.any(|it| it == TRANSPORT_FEEDBACK))
}

/// RFC 7587 section 7: always 48,000 and two channels.
fn opus(section: &MediaSection) -> Option<&Codec> {
    section.codecs.iter().find(|codec| codec.is("opus", 48_000, 2) && !is_of_rtcp(codec))
}

/// Redundant audio of `opus` and of nothing else (RFC 2198 section 5: its parameters are the
/// payload types of frame and copies, separated by slashes).
fn red<'a>(section: &'a MediaSection, opus: &Codec) -> Option<&'a Codec> {
    let is_of_opus = |codec: &Codec| {
        let mut blocks = codec.parameters.split('/');
        blocks.all(|block| block.parse() == Ok(opus.payload_type))
    };
    section
        .codecs
        .iter()
        .find(|codec| codec.is("red", 48_000, 2) && !is_of_rtcp(codec) && is_of_opus(codec))
}

/// Payload types that look like RTCP where both share a port (RFC 5761 section 4).
pub(super) const fn is_of_rtcp(codec: &Codec) -> bool {
    matches!(codec.payload_type, 64..=95)
}

fn check(section: &MediaSection, several: bool) -> Result<(), OfferError> {
    if !section.rtcp_mux {
        return Err(OfferError::NoRtcpMux);
    }
    if several && section.mid.is_none() {
        return Err(OfferError::NoMid);
    }
    Ok(())
}

fn transport(section: &MediaSection) -> Result<(IceCredentials, Fingerprint), OfferError> {
    let transport = &section.transport;
    let (Some(ufrag), Some(pwd)) = (&transport.ufrag, &transport.pwd) else {
        return Err(OfferError::NoCredentials);
    };
    let credentials = IceCredentials::new(ufrag.as_str(), pwd.as_str());
    let credentials = credentials.map_err(|_| OfferError::NoCredentials)?;
    let fingerprint = transport.fingerprint.ok_or(OfferError::NoFingerprint)?;
    match transport.setup {
        Some(Setup::ActPass | Setup::Active) => Ok((credentials, fingerprint)),
        Some(Setup::Passive | Setup::HoldConn) | None => Err(OfferError::Setup),
    }
}
