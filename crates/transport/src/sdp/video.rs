//! Pictures in an offer: which formats both sides know, and where the client sends.

use std::collections::{BTreeMap, BTreeSet};

use calling_wire::VideoCodec;

use super::error::OfferError;
use super::model::{Codec, ExtensionMap, MediaSection, Rid, SimulcastId, SourceGroup, SourceSsrc};
use super::offer::{MID, Offer, is_of_rtcp};

/// RFC 8852 section 4.1.
pub(super) const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
/// RFC 8852 section 4.2.
pub(super) const REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
/// RFC 4585, RFC 5104: what the server answers and asks.
const FEEDBACK: [&str; 3] = ["nack", "nack pli", "ccm fir"];
/// Layers of a simulcast that are taken.
const MAX_LAYERS: usize = 3;
const CLOCK_RATE: u32 = 90_000;

/// How video looks on the wire of this client: what all its sections have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoFormats {
    /// At most one for each codec, preferred first.
    pub formats: Vec<OfferedFormat>,
    /// The id of the mid, if offered.
    pub mid_id: Option<u8>,
    /// The id of the rid, if offered.
    pub rid_id: Option<u8>,
    /// The id of the rid of what is repaired, if offered.
    pub repaired_rid_id: Option<u8>,
}

/// A codec and its payload types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedFormat {
    /// The codec.
    pub codec: VideoCodec,
    /// Its payload type.
    pub payload_type: u8,
    /// The payload type of its retransmissions, if offered.
    pub rtx: Option<u8>,
}

/// A section in which the client sends a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedVideo {
    /// Of its section.
    pub mid: Option<String>,
    /// Its SSRC and that of its retransmissions, if announced.
    pub ssrcs: Option<(u32, Option<u32>)>,
    /// The layers sent at once, from small to large; empty if there is one.
    pub rids: Vec<String>,
}

impl VideoFormats {
    /// What the sections have in common.
    pub(super) fn of<'a>(
        sections: impl Iterator<Item = &'a MediaSection>,
    ) -> Result<Self, OfferError> {
        let mut all = Self::default();
        for (index, section) in sections.enumerate() {
            let ids = [MID, RID, REPAIRED_RID].map(|uri| extension(section, uri));
            if index == 0 {
                [all.mid_id, all.rid_id, all.repaired_rid_id] = ids;
            } else {
                all.check_ids(ids)?;
            }
            for format in formats(section) {
                all.add(format)?;
            }
        }
        Ok(all)
    }

    /// An extension may be missing in a section, but has one id.
    fn check_ids(&mut self, ids: [Option<u8>; 3]) -> Result<(), OfferError> {
        let known = [&mut self.mid_id, &mut self.rid_id, &mut self.repaired_rid_id];
        for (known, id) in known.into_iter().zip(ids) {
            match (*known, id) {
                (Some(known), Some(id)) if known != id => return Err(OfferError::Conflict),
                (None, Some(_)) => *known = id,
                (Some(_) | None, _) => {}
            }
        }
        Ok(())
    }

    /// In a bundle a payload type means one thing (RFC 9143 section 9.1).
    fn add(&mut self, format: OfferedFormat) -> Result<(), OfferError> {
        let same = self.formats.iter_mut().find(|known| known.payload_type == format.payload_type);
        if let Some(known) = same {
            let differs = known.rtx.zip(format.rtx).is_some_and(|(one, other)| one != other);
            if known.codec != format.codec || differs {
                return Err(OfferError::Conflict);
            }
            known.rtx = known.rtx.or(format.rtx);
            return Ok(());
        }
        if !self.formats.iter().any(|known| known.codec == format.codec) {
            self.formats.push(format);
        }
        Ok(())
    }
}

impl PublishedVideo {
    pub(super) fn of(section: &MediaSection) -> Self {
        let layers = section.simulcast_send.iter().filter_map(|layer| layer.first());
        let rids: Vec<String> = layers.take(MAX_LAYERS).map(|layer| layer.rid.clone()).collect();
        let media = section.ssrcs.first().map(|source| source.ssrc).filter(|_| rids.is_empty());
        let ssrcs = media.map(|media| (media, repairing(section, media)));
        Self { mid: section.mid.clone(), ssrcs, rids }
    }
}

impl Offer {
    /// How video looks on the wire of this client.
    pub const fn video(&self) -> &VideoFormats {
        &self.video
    }

    /// Where the client sends pictures, in the order of its sections.
    pub fn published_video(&self) -> Vec<PublishedVideo> {
        let sections = self.sections().iter().zip(&self.description.sections);
        let sending = sections.filter(|(section, _)| section.sends_video());
        sending.map(|(_, section)| PublishedVideo::of(section)).collect()
    }
}

/// Whether a section has a format that the server passes on.
pub(super) fn is_known(section: &MediaSection) -> bool {
    formats(section).next().is_some()
}

/// The formats of a section in the answer: those the client may send are `publishable`, in the
/// order of the offer.
pub(super) fn answered(
    section: &MediaSection,
    agreed: &VideoFormats,
    publishable: Option<&BTreeSet<VideoCodec>>,
) -> Vec<Codec> {
    let mut codecs = Vec::new();
    let is_agreed = |format: &OfferedFormat| {
        let mut agreed = agreed.formats.iter();
        agreed.any(|it| (it.codec, it.payload_type) == (format.codec, format.payload_type))
    };
    for format in formats(section).filter(is_agreed) {
        if publishable.is_some_and(|allowed| !allowed.contains(&format.codec)) {
            continue;
        }
        for payload_type in [Some(format.payload_type), format.rtx].into_iter().flatten() {
            let offered = section.codecs.iter().find(|it| it.payload_type == payload_type);
            codecs.extend(offered.map(with_our_feedback));
        }
    }
    codecs
}

/// The extensions of a section in the answer.
pub(super) fn extensions(section: &MediaSection, agreed: &VideoFormats) -> Vec<ExtensionMap> {
    let ids = [agreed.mid_id, agreed.rid_id, agreed.repaired_rid_id];
    let known = ids.into_iter().zip([MID, RID, REPAIRED_RID]);
    let offered = known.filter(|(id, uri)| id.is_some() && extension(section, uri) == *id);
    offered
        .filter_map(|(id, uri)| {
            let direction = super::model::Direction::SendRecv;
            Some(ExtensionMap { id: id?, direction, uri: uri.to_owned() })
        })
        .collect()
}

/// Has the answer take the layers that the client sends.
pub(super) fn receive_layers(section: &mut MediaSection, offered: &MediaSection) {
    for rid in PublishedVideo::of(offered).rids {
        section.simulcast_receive.push(vec![SimulcastId { rid: rid.clone(), paused: false }]);
        section.rids.push(Rid { id: rid, sent: false, restrictions: String::new() });
    }
}

/// Has the answer announce a stream and its retransmissions.
pub(super) fn announce(section: &mut MediaSection, ssrc: u32, rtx: Option<u32>, cname: &str) {
    let source = |ssrc| SourceSsrc { ssrc, cname: Some(cname.to_owned()) };
    section.ssrcs = std::iter::once(ssrc).chain(rtx).map(source).collect();
    if let Some(rtx) = rtx {
        let semantics = "FID".to_owned();
        section.ssrc_groups = vec![SourceGroup { semantics, ssrcs: vec![ssrc, rtx] }];
    }
}

/// What the server passes on of what a section offers, preferred first, one for each codec.
fn formats(section: &MediaSection) -> impl Iterator<Item = OfferedFormat> + '_ {
    let mut best = BTreeMap::<VideoCodec, &Codec>::new();
    for codec in section.codecs.iter().filter(|codec| !is_of_rtcp(codec)) {
        let Some(video) = codec_of(codec) else { continue };
        let known = best.entry(video).or_insert(codec);
        if !is_constrained(known) && is_constrained(codec) {
            *known = codec;
        }
    }
    section.codecs.iter().filter_map(move |codec| {
        let video = codec_of(codec)?;
        let is_best = best.get(&video).is_some_and(|it| it.payload_type == codec.payload_type);
        let rtx = section.codecs.iter().filter(|it| it.is_rtx() && !is_of_rtcp(it));
        let apt = codec.payload_type.to_string();
        let rtx = rtx.clone().find(|it| it.parameter("apt") == Some(&apt));
        let rtx = rtx.map(|it| it.payload_type);
        let payload_type = codec.payload_type;
        is_best.then_some(OfferedFormat { codec: video, payload_type, rtx })
    })
}

fn codec_of(codec: &Codec) -> Option<VideoCodec> {
    let is = |name| codec.is(name, CLOCK_RATE, 1);
    // RFC 9628 section 6 and the payload format of AV1 section 7: profile 0 if not said.
    let is_profile_0 = |name| matches!(codec.parameter(name), None | Some("0"));
    if is("VP8") {
        Some(VideoCodec::Vp8)
    } else if is("H264") && codec.parameter("packetization-mode") == Some("1") && is_baseline(codec)
    {
        Some(VideoCodec::H264)
    } else if is("VP9") && is_profile_0("profile-id") {
        Some(VideoCodec::Vp9)
    } else if is("AV1") && is_profile_0("profile") {
        Some(VideoCodec::Av1)
    } else {
        None
    }
}

/// `profile_idc` 66 (RFC 6184 section 8.1), which everybody decodes; likewise if not said.
fn is_baseline(codec: &Codec) -> bool {
    codec.parameter("profile-level-id").is_none_or(|it| it.get(..2) == Some("42"))
}

/// With the flags of constrained baseline.
fn is_constrained(codec: &Codec) -> bool {
    let id = codec.parameter("profile-level-id").and_then(|it| it.get(..4));
    id.is_some_and(|id| id.eq_ignore_ascii_case("42e0"))
}

fn with_our_feedback(codec: &Codec) -> Codec {
    let mut codec = codec.clone();
    codec.feedback.retain(|it| FEEDBACK.contains(&it.as_str()));
    codec
}

fn repairing(section: &MediaSection, media: u32) -> Option<u32> {
    let mut groups = section.ssrc_groups.iter().filter(|group| group.semantics == "FID");
    groups.find_map(|group| match group.ssrcs[..] {
        [first, second] if first == media => Some(second),
        _ => None,
    })
}

/// Only what fits the one-byte form.
fn extension(section: &MediaSection, uri: &str) -> Option<u8> {
    section.extension(uri).filter(|id| (1..=14).contains(id))
}
