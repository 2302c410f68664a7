//! The server's answer to an offer.

use std::collections::{BTreeMap, BTreeSet};

use calling_wire::VideoCodec;

use super::model::{
    Codec, Direction, ExtensionMap, MediaKind, MediaSection, Msid, SessionDescription, Setup,
    TransportAttributes,
};
use super::offer::{AUDIO_LEVEL, AudioFormat, MID, Offer, TRANSPORT_FEEDBACK, TRANSPORT_WIDE};
use super::video;
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
    /// Under which SSRC retransmissions of it come, if any do.
    pub rtx_ssrc: Option<u32>,
}

/// What the sections of an answer are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// What goes to the client, by the mid of the section that is to receive it; a section without
    /// one receives nothing for now.
    pub streams: BTreeMap<String, ForwardedStream>,
    /// The sections whose pictures are taken, by mid.
    pub pictures: BTreeSet<String>,
    /// The codecs in which they may be sent.
    pub publishable: BTreeSet<VideoCodec>,
}

impl Offer {
    /// The answer: one transport, ICE-lite, passive in DTLS.
    pub fn answer(
        &self,
        local: &LocalParams,
        origin: AnswerOrigin,
        answered: &Answered,
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
            answer.sections.push(self.accepted(index, local, answered));
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

    fn accepted(&self, index: usize, local: &LocalParams, answered: &Answered) -> MediaSection {
        let offered = &self.description.sections[index];
        let stream = offered.mid.as_ref().and_then(|mid| answered.streams.get(mid));
        let stream = stream.filter(|_| offered.direction.receives());
        let mut section = MediaSection {
            kind: offered.kind.clone(),
            // The discard port: only ICE tells the real one.
            port: 9,
            protocol: offered.protocol.clone(),
            mid: offered.mid.clone(),
            transport: TransportAttributes {
                ufrag: Some(local.credentials.ufrag().to_owned()),
                pwd: Some(local.credentials.pwd().to_owned()),
                fingerprint: Some(local.fingerprint),
                setup: Some(Setup::Passive),
            },
            rtcp_mux: true,
            rtcp_rsize: offered.rtcp_rsize,
            ..MediaSection::default()
        };
        let receives = if offered.kind == MediaKind::Video {
            self.answer_video(&mut section, index, answered)
        } else {
            section.codecs = self.answer_audio(offered);
            section.extensions = self.extensions();
            self.publishing() == Some(index)
        };
        section.direction = Direction::of(stream.is_some(), receives);
        if receives && self.has_feedback(offered) {
            answer_feedback(&mut section, offered);
        }
        if let Some(ForwardedStream { stream, track, ssrc, rtx_ssrc }) = stream {
            section.msids = vec![Msid { stream: stream.clone(), track: Some(track.clone()) }];
            video::announce(&mut section, *ssrc, *rtx_ssrc, stream);
        }
        section
    }

    /// Fills in what is of pictures; `true` if the section's is taken.
    fn answer_video(&self, section: &mut MediaSection, index: usize, answered: &Answered) -> bool {
        let offered = &self.description.sections[index];
        let is_wanted = offered.mid.as_ref().is_some_and(|mid| answered.pictures.contains(mid));
        let mut receives = is_wanted && self.sections()[index].sends_video();
        let publishable = receives.then_some(&answered.publishable);
        section.codecs = video::answered(offered, self.video(), publishable);
        if section.codecs.is_empty() {
            // Nobody could see what it sends; it may be used for what it receives.
            receives = false;
            section.codecs = video::answered(offered, self.video(), None);
        }
        section.extensions = video::extensions(offered, self.video());
        if receives {
            video::receive_layers(section, offered);
        }
        receives
    }

    /// Opus and copies of it, in the order of the offer: browsers send what stands first.
    fn answer_audio(&self, offered: &MediaSection) -> Vec<Codec> {
        let Some(AudioFormat { payload_type, red_payload_type, .. }) = self.audio() else {
            return Vec::new();
        };
        let answer = |codec: &Codec| {
            if codec.payload_type == payload_type {
                Some(as_passed_on(codec))
            } else {
                let is_red = red_payload_type == Some(codec.payload_type);
                is_red.then(|| Codec { feedback: Vec::new(), ..codec.clone() })
            }
        };
        offered.codecs.iter().filter_map(answer).collect()
    }

    fn extensions(&self) -> Vec<ExtensionMap> {
        let Some(audio) = self.audio() else { return Vec::new() };
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

/// Has the section be told of by transport-wide feedback, as it was offered.
fn answer_feedback(section: &mut MediaSection, offered: &MediaSection) {
    let extension = offered.extensions.iter().find(|it| it.uri == TRANSPORT_WIDE);
    section.extensions.extend(extension.map(|it| ExtensionMap {
        id: it.id,
        direction: Direction::SendRecv,
        uri: it.uri.clone(),
    }));
    let wanted = || TRANSPORT_FEEDBACK.to_owned();
    if offered.feedback.iter().any(|it| it == TRANSPORT_FEEDBACK) {
        section.feedback.push(wanted());
    }
    for codec in &mut section.codecs {
        let mut codecs = offered.codecs.iter();
        let offered = codecs.find(|it| it.payload_type == codec.payload_type);
        if offered.is_some_and(|it| it.feedback.iter().any(|it| it == TRANSPORT_FEEDBACK)) {
            codec.feedback.push(wanted());
        }
    }
}

/// Opus as the server passes it on: mono is enough, and loss is repaired by the codec itself.
fn as_passed_on(opus: &Codec) -> Codec {
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
