//! What the server answers.

use std::collections::BTreeMap;

use calling_transport::sdp::{
    AnswerOrigin, Answered, Direction, ForwardedStream, MediaKind, Offer, SessionDescription, Setup,
};
use calling_transport::{Candidate, Fingerprint, IceCredentials, LocalParams};

use crate::{CHROMIUM, GOLDEN};

const ORIGIN: AnswerOrigin = AnswerOrigin { session_id: 7, session_version: 3 };

fn local() -> LocalParams {
    let candidate = Candidate::host("192.0.2.1:3478".parse().unwrap(), 0);
    LocalParams {
        credentials: IceCredentials::new("serverufrag", "p".repeat(24)).unwrap(),
        fingerprint: Fingerprint::of(b"server"),
        candidates: vec![candidate.to_string()],
    }
}

fn stream(user: &str, ssrc: u32) -> ForwardedStream {
    ForwardedStream { stream: user.to_owned(), track: "audio".to_owned(), ssrc, rtx_ssrc: None }
}

/// The answer as the client reads it.
fn answer(offer: &str, streams: &[(&str, ForwardedStream)]) -> SessionDescription {
    let streams: BTreeMap<_, _> =
        streams.iter().map(|(mid, stream)| ((*mid).to_owned(), stream.clone())).collect();
    answer_to(offer, &Answered { streams, ..Answered::default() })
}

fn answer_to(offer: &str, answered: &Answered) -> SessionDescription {
    let offer = Offer::parse(offer).unwrap();
    offer.answer(&local(), ORIGIN, answered).to_string().parse().unwrap()
}

#[test]
fn a_subscribed_section_names_its_user_and_ssrc() {
    let answer = answer(CHROMIUM, &[("1", stream("bob", 42))]);
    assert!(answer.ice_lite);
    assert_eq!((answer.session_id, answer.session_version), (7, 3));
    assert_eq!(answer.bundle, ["0", "1", "2"]);
    let directions: Vec<Direction> = answer.sections.iter().map(|it| it.direction).collect();
    assert_eq!(directions, [Direction::RecvOnly, Direction::SendOnly, Direction::Inactive]);
    let bob = &answer.sections[1];
    assert_eq!(bob.ssrcs[0].ssrc, 42);
    assert_eq!(
        (bob.msids[0].stream.as_str(), bob.msids[0].track.as_deref()),
        ("bob", Some("audio"))
    );
    assert_ne!(answer.sections[2].port, 0, "pictures may be shown later");
    assert!(answer.sections[0].msids.is_empty());
}

#[test]
fn nobody_to_receive_is_inactive() {
    let answer = answer(CHROMIUM, &[]);
    assert_eq!(answer.sections[1].direction, Direction::Inactive);
    assert_ne!(answer.sections[1].port, 0, "the section can be used later");
}

#[test]
fn a_stream_for_a_section_that_only_sends_is_not_announced() {
    let answer = answer(CHROMIUM, &[("0", stream("bob", 42))]);
    assert_eq!(answer.sections[0].direction, Direction::RecvOnly);
    assert!(answer.sections[0].ssrcs.is_empty());
}

#[test]
fn every_answer_keeps_the_sections_and_the_transport() {
    for text in GOLDEN {
        let offered: SessionDescription = text.parse().unwrap();
        let answer = answer(text, &[]);
        assert_eq!(answer.sections.len(), offered.sections.len());
        for (ours, theirs) in answer.sections.iter().zip(&offered.sections) {
            assert_eq!((&ours.mid, &ours.kind), (&theirs.mid, &theirs.kind));
            if ours.port == 0 {
                continue;
            }
            assert_eq!(ours.transport.setup, Some(Setup::Passive));
            assert_eq!(ours.transport.fingerprint, Some(local().fingerprint));
            assert!(ours.rtcp_mux);
            if ours.kind == MediaKind::Audio {
                let expected = if text == CHROMIUM { 2 } else { 1 };
                assert_eq!(ours.codecs.len(), expected, "Opus and copies of it alone");
            }
            let theirs = &theirs.codecs;
            assert!(theirs.iter().any(|it| it.payload_type == ours.codecs[0].payload_type));
        }
        let first = &answer.sections[0];
        assert_eq!(first.candidates.len(), 1);
        assert!(first.end_of_candidates);
    }
}

#[test]
fn copies_are_answered_where_they_stood_in_the_offer() {
    let codecs = |text: &str| -> Vec<(u8, String)> {
        let answer = answer(text, &[]);
        let codecs = answer.sections[0].codecs.iter();
        codecs.map(|it| (it.payload_type, it.parameters.clone())).collect()
    };
    let opus = (111, "minptime=10;useinbandfec=1".to_owned());
    let red = (63, "111/111".to_owned());
    assert_eq!(codecs(CHROMIUM), [opus.clone(), red.clone()], "which is read but not sent");
    assert_eq!(codecs(&CHROMIUM.replace("SAVPF 111 63", "SAVPF 63 111")), [red, opus]);
}

#[test]
fn only_extensions_that_were_offered_are_answered() {
    let uris = |text| -> Vec<(u8, String)> {
        let answer = answer(text, &[]);
        answer.sections[0].extensions.iter().map(|it| (it.id, it.uri.clone())).collect()
    };
    let level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level".to_owned();
    let mid = "urn:ietf:params:rtp-hdrext:sdes:mid".to_owned();
    assert_eq!(uris(CHROMIUM), [(1, level), (4, mid)]);
    assert_eq!(uris(GOLDEN[3]), []);
}
