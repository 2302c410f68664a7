//! The server's answer to an offer.

use std::collections::BTreeMap;

use super::model::{
    Codec, Direction, ExtensionMap, MediaSection, Msid, SessionDescription, Setup, SourceSsrc,
    TransportAttributes,
};
use super::offer::{AUDIO_LEVEL, MID, Offer, opus};
use crate::server::LocalParams;

/// What names an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerOrigin {
    /// The same for all answers to one peer connection.
    pub session_id: u64,
    /// Grows with each answer.
    pub session_version: u64,
}

/// A stream that goes to the client in one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedStream {
    /// Whose it is; browsers show it as the id of the `MediaStream`.
    pub stream: String,
    /// What it is; browsers may show it as the id of the track.
    pub track: String,
    /// Under which SSRC it comes.
    pub ssrc: u32,
}

impl Offer {
    /// The answer: one transport, ICE-lite, passive in DTLS. `streams` are by the mid of the
    /// section that is to receive them; a section without one receives nothing for now.
    pub fn answer(
        &self,
        local: &LocalParams,
        origin: AnswerOrigin,
        streams: &BTreeMap<String, ForwardedStream>,
    ) -> SessionDescription {
        let mut answer = SessionDescription {
            session_id: origin.session_id,
            session_version: origin.session_version,
            ice_lite: true,
            ..SessionDescription::default()
        };
        for (index, section) in self.description.sections.iter().enumerate() {
            if !self.sections()[index].accepted {
                answer.sections.push(rejected(section));
                continue;
            }
            let stream = section.mid.as_ref().and_then(|mid| streams.get(mid));
            answer.sections.push(self.accepted(index, local, stream));
        }
        answer.bundle = self.bundle();
        // Of a bundle the first section alone tells addresses (RFC 8829 section 5.3.1).
        if let Some(first) = answer.sections.iter_mut().find(|section| section.port != 0) {
            first.candidates = local.candidates.iter().filter_map(|it| it.parse().ok()).collect();
            first.end_of_candidates = true;
        }
        answer
    }

    fn bundle(&self) -> Vec<String> {
        if self.description.bundle.is_empty() {
            return Vec::new();
        }
        let accepted = self.sections().iter().filter(|section| section.accepted);
        accepted.filter_map(|section| section.mid.clone()).collect()
    }

    fn accepted(
        &self,
        index: usize,
        local: &LocalParams,
        stream: Option<&ForwardedStream>,
    ) -> MediaSection {
        let offered = &self.description.sections[index];
        let receives = self.publishing() == Some(index);
        let stream = stream.filter(|_| offered.direction.receives());
        let mut section = MediaSection {
            kind: offered.kind.clone(),
            // The discard port: only ICE tells the real one.
            port: 9,
            protocol: offered.protocol.clone(),
            codecs: opus(offered).map(answered).into_iter().collect(),
            mid: offered.mid.clone(),
            direction: Direction::of(stream.is_some(), receives),
            transport: TransportAttributes {
                ufrag: Some(local.credentials.ufrag().to_owned()),
                pwd: Some(local.credentials.pwd().to_owned()),
                fingerprint: Some(local.fingerprint),
                setup: Some(Setup::Passive),
            },
            rtcp_mux: true,
            rtcp_rsize: offered.rtcp_rsize,
            extensions: self.extensions(),
            ..MediaSection::default()
        };
        if let Some(ForwardedStream { stream, track, ssrc }) = stream {
            section.msids = vec![Msid { stream: stream.clone(), track: Some(track.clone()) }];
            section.ssrcs = vec![SourceSsrc { ssrc: *ssrc, cname: Some(stream.clone()) }];
        }
        section
    }

    fn extensions(&self) -> Vec<ExtensionMap> {
        let audio = self.audio();
        let known = [(audio.audio_level_id, AUDIO_LEVEL), (audio.mid_id, MID)];
        let used = known.into_iter().filter_map(|(id, uri)| Some((id?, uri)));
        used.map(|(id, uri)| ExtensionMap {
            id,
            direction: Direction::SendRecv,
            uri: uri.to_owned(),
        })
        .collect()
    }
}

/// Opus as the server passes it on: mono is enough, and loss is repaired by the codec itself.
fn answered(opus: &Codec) -> Codec {
    Codec {
        payload_type: opus.payload_type,
        encoding: opus.encoding.clone(),
        parameters: "minptime=10;useinbandfec=1".to_owned(),
        feedback: Vec::new(),
    }
}

/// As RFC 8829 section 5.3.1 has it: port 0, otherwise recognisable.
fn rejected(offered: &MediaSection) -> MediaSection {
    let codecs = offered.codecs.iter().map(|codec| Codec::new(codec.payload_type));
    MediaSection {
        kind: offered.kind.clone(),
        port: 0,
        protocol: offered.protocol.clone(),
        codecs: codecs.collect(),
        other_formats: offered.other_formats.clone(),
        mid: offered.mid.clone(),
        direction: Direction::Inactive,
        ..MediaSection::default()
    }
}
