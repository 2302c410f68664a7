//! Pictures in offers and answers.

use std::collections::{BTreeMap, BTreeSet};

use calling_transport::sdp::{
    AnswerOrigin, Answered, Direction, ForwardedStream, MediaSection, Offer, OfferError,
    OfferedFormat,
};
use calling_transport::{Fingerprint, IceCredentials, LocalParams};
use calling_wire::VideoCodec;

/// What Chromium 140 lists for video, shortened to what matters.
const FORMATS: &str = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 transport-cc\r\n\
    a=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=rtpmap:103 H264/90000\r\na=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
    a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\n\
    a=rtpmap:107 H264/90000\r\na=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n\
    a=rtpmap:109 H264/90000\r\na=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
    a=rtpmap:114 rtx/90000\r\na=fmtp:114 apt=109\r\n\
    a=rtpmap:117 H264/90000\r\na=fmtp:117 packetization-mode=1;profile-level-id=64001f\r\n\
    a=rtpmap:39 AV1/90000\r\na=fmtp:39 level-idx=5;profile=0;tier=0\r\n\
    a=rtpmap:40 rtx/90000\r\na=fmtp:40 apt=39\r\n\
    a=rtpmap:100 VP9/90000\r\na=fmtp:100 profile-id=2\r\n\
    a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\n\
    a=rtpmap:116 red/90000\r\na=rtpmap:118 ulpfec/90000\r\n";
const LIST: &str = "96 97 103 104 107 109 114 117 39 40 100 98 116 118";
const EXTENSIONS: &str = "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
    a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
    a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n\
    a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";

fn video(mid: &str, way: &str, more: &str) -> String {
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF {LIST}\r\na=mid:{mid}\r\na={way}\r\na=rtcp-mux\r\n\
         {EXTENSIONS}{FORMATS}{more}"
    )
}

fn offer(videos: &[String]) -> String {
    let mids: Vec<String> = (0..=videos.len()).map(|mid| mid.to_string()).collect();
    format!(
        "v=0\r\no=- 5 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n\
         a=ice-ufrag:ufrag\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=fingerprint:{}\r\n\
         a=setup:actpass\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n\
         a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:7 cname:x\r\n{}",
        mids.join(" "),
        Fingerprint::of(b"client"),
        videos.concat()
    )
}

/// The answer as the client reads it, with all that its sections may be for.
fn answer(text: &str, answered: &Answered) -> Vec<MediaSection> {
    let local = LocalParams {
        credentials: IceCredentials::new("serverufrag", "p".repeat(24)).unwrap(),
        fingerprint: Fingerprint::of(b"server"),
        candidates: Vec::new(),
    };
    let origin = AnswerOrigin { session_id: 1, session_version: 1 };
    let answer = Offer::parse(text).unwrap().answer(&local, origin, answered).to_string();
    let read: calling_transport::sdp::SessionDescription = answer.parse().unwrap();
    read.sections
}

fn taken(mids: &[&str], publishable: &[VideoCodec]) -> Answered {
    Answered {
        streams: BTreeMap::new(),
        pictures: mids.iter().map(|mid| (*mid).to_owned()).collect(),
        publishable: publishable.iter().copied().collect(),
    }
}

fn payload_types(section: &MediaSection) -> Vec<u8> {
    section.codecs.iter().map(|codec| codec.payload_type).collect()
}

#[test]
fn the_best_of_each_codec_is_taken() {
    let read = Offer::parse(&offer(&[video("1", "sendonly", "")])).unwrap();
    let format = |codec, payload_type, rtx| OfferedFormat { codec, payload_type, rtx };
    assert_eq!(
        read.video().formats,
        [
            format(VideoCodec::Vp8, 96, Some(97)),
            format(VideoCodec::H264, 109, Some(114)),
            format(VideoCodec::Av1, 39, Some(40)),
            format(VideoCodec::Vp9, 98, None),
        ]
    );
    let ids = (read.video().mid_id, read.video().rid_id, read.video().repaired_rid_id);
    assert_eq!(ids, (Some(4), Some(10), Some(11)));
}

#[test]
fn a_picture_is_taken_in_what_everybody_can_see() {
    let text = offer(&[video("1", "sendonly", "")]);
    let section = |codecs: &[VideoCodec]| answer(&text, &taken(&["1"], codecs)).remove(1);
    let native = section(&[VideoCodec::Vp8, VideoCodec::H264]);
    assert_eq!(payload_types(&native), [96, 97, 109, 114]);
    assert_eq!(native.direction, Direction::RecvOnly);
    assert_eq!(native.codecs[0].feedback, ["ccm fir", "nack", "nack pli", "transport-cc"]);
    let ids: Vec<u8> = native.extensions.iter().map(|it| it.id).collect();
    assert_eq!(ids, [4, 10, 11, 3], "of what was offered and is used");
    let all = section(&VideoCodec::ALL);
    assert_eq!(payload_types(&all), [96, 97, 109, 114, 39, 40, 98]);
    let none = section(&[]);
    assert_eq!((none.direction, none.port), (Direction::Inactive, 9));
}

#[test]
fn what_is_received_may_be_in_any_codec() {
    let stream = ForwardedStream {
        stream: "bob".to_owned(),
        track: "camera".to_owned(),
        ssrc: 42,
        rtx_ssrc: Some(43),
    };
    let answered = Answered { streams: [("1".to_owned(), stream)].into(), ..taken(&[], &[]) };
    let section = answer(&offer(&[video("1", "recvonly", "")]), &answered).remove(1);
    assert_eq!(payload_types(&section), [96, 97, 109, 114, 39, 40, 98]);
    assert_eq!(section.direction, Direction::SendOnly);
    let ssrcs: Vec<u32> = section.ssrcs.iter().map(|it| it.ssrc).collect();
    assert_eq!(ssrcs, [42, 43]);
    let group = &section.ssrc_groups[0];
    assert_eq!((group.semantics.as_str(), &group.ssrcs[..]), ("FID", &[42, 43][..]));
    assert_eq!(section.msids[0].track.as_deref(), Some("camera"));
}

#[test]
fn layers_are_taken_from_small_to_large() {
    let simulcast = "a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=rid:x send\r\n\
                     a=simulcast:send q;h;~f;x\r\n";
    let text = offer(&[video("1", "sendonly", simulcast)]);
    let published = Offer::parse(&text).unwrap().published_video();
    assert_eq!(published[0].rids, ["q", "h", "f"], "three at most");
    let section = answer(&text, &taken(&["1"], &VideoCodec::ALL)).remove(1);
    let layers: Vec<&str> =
        section.simulcast_receive.iter().map(|layer| layer[0].rid.as_str()).collect();
    assert_eq!(layers, ["q", "h", "f"]);
    assert!(section.rids.iter().all(|rid| !rid.sent) && section.rids.len() == 3);
    let section = answer(&text, &taken(&[], &VideoCodec::ALL)).remove(1);
    assert!(section.simulcast_receive.is_empty(), "its picture is not taken");
}

#[test]
fn announced_ssrcs_are_known_with_those_of_retransmissions() {
    let ssrcs = "a=ssrc-group:FID 8 9\r\na=ssrc:8 cname:x\r\na=ssrc:9 cname:x\r\n";
    let text =
        offer(&[video("1", "sendonly", ssrcs), video("2", "sendrecv", "a=ssrc:5 cname:x\r\n")]);
    let published = Offer::parse(&text).unwrap().published_video();
    let ssrcs: Vec<_> = published.iter().map(|it| it.ssrcs).collect();
    assert_eq!(ssrcs, [Some((8, Some(9))), Some((5, None))]);
}

#[test]
fn sections_that_contradict_each_other_are_refused() {
    let other = |from: &str, to: &str| video("2", "recvonly", "").replace(from, to);
    for (from, to) in [
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP9/90000"),
        ("a=fmtp:97 apt=96", "a=fmtp:97 apt=109"),
        ("extmap:10 ", "extmap:12 "),
    ] {
        let second = other(from, to);
        let text = offer(&[video("1", "sendonly", ""), second]);
        let refused = Offer::parse(&text).unwrap_err();
        let is_meant = matches!(refused, OfferError::Conflict | OfferError::Syntax(_));
        assert!(is_meant, "{to}: {refused}");
    }
}

#[test]
fn a_section_without_a_known_codec_is_rejected_alone() {
    let alien = video("1", "sendonly", "").replace("90000", "8000");
    let text = offer(&[alien, video("2", "recvonly", "")]);
    let sections = answer(&text, &taken(&["1"], &VideoCodec::ALL));
    let ports: Vec<u16> = sections.iter().map(|section| section.port).collect();
    assert_eq!(ports, [9, 0, 9]);
    assert_eq!(Offer::parse(&text).unwrap().published_video().len(), 0);
}

#[test]
fn pictures_alone_are_a_call() {
    let text = offer(&[video("1", "sendonly", "")]).replace("opus/48000/2", "speex/8000");
    let offer = Offer::parse(&text).unwrap();
    assert_eq!((offer.audio(), offer.published()), (None, None));
    assert_eq!(offer.published_video().len(), 1);
    let sections = answer(&text, &taken(&["1"], &VideoCodec::ALL));
    let ports: Vec<u16> = sections.iter().map(|section| section.port).collect();
    assert_eq!(ports, [0, 9]);
    assert_eq!(sections[1].direction, Direction::RecvOnly);
    assert!(sections[1].end_of_candidates, "the first that is taken tells addresses");
}

#[test]
fn a_payload_type_that_looks_like_rtcp_is_not_used() {
    let text = offer(&[video("1", "sendonly", "")
        .replace("96 97", "72 97")
        .replace(":96 ", ":72 ")
        .replace("apt=96", "apt=72")]);
    let codecs: BTreeSet<VideoCodec> =
        Offer::parse(&text).unwrap().video().formats.iter().map(|it| it.codec).collect();
    assert_eq!(codecs, [VideoCodec::H264, VideoCodec::Vp9, VideoCodec::Av1].into());
}

const TRANSPORT_WIDE: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// An offer whose sound has transport-wide numbers, too.
fn with_numbered_sound(text: &str) -> String {
    let sound = "a=rtpmap:111 opus/48000/2\r\n";
    let numbered = format!("a=extmap:3 {TRANSPORT_WIDE}\r\n{sound}a=rtcp-fb:111 transport-cc\r\n");
    text.replace(sound, &numbered)
}

fn has_feedback(section: &MediaSection) -> bool {
    let is_answered = section.codecs.iter().any(|it| it.feedback.contains(&"transport-cc".into()))
        || section.feedback == ["transport-cc"];
    let is_numbered = section.extension(TRANSPORT_WIDE) == Some(3);
    assert_eq!(is_answered, is_numbered, "one is of no use without the other");
    is_answered
}

#[test]
fn who_sends_pictures_is_told_of_its_packets() {
    let text =
        with_numbered_sound(&offer(&[video("1", "sendonly", ""), video("2", "recvonly", "")]));
    assert_eq!(Offer::parse(&text).unwrap().feedback_id(), Some(3));
    let sections = answer(&text, &taken(&["1"], &VideoCodec::ALL));
    let told: Vec<bool> = sections.iter().map(has_feedback).collect();
    assert_eq!(told, [true, true, false], "of sound beside pictures, and not of what it receives");
}

#[test]
fn feedback_offered_for_all_formats_is_answered_for_all() {
    let one = "a=rtcp-fb:96 transport-cc";
    let text = offer(&[video("1", "sendonly", "").replace(one, "a=rtcp-fb:* transport-cc")]);
    let section = answer(&text, &taken(&["1"], &VideoCodec::ALL)).remove(1);
    assert_eq!(section.feedback, ["transport-cc"]);
    assert!(has_feedback(&section));
}

#[test]
fn who_sends_sound_alone_is_told_nothing() {
    let text = with_numbered_sound(&offer(&[video("1", "recvonly", "")]));
    assert_eq!(Offer::parse(&text).unwrap().feedback_id(), None);
    let sections = answer(&text, &taken(&[], &VideoCodec::ALL));
    assert!(!sections.iter().any(has_feedback));
}

#[test]
fn numbers_without_feedback_and_feedback_without_numbers_are_not_agreed_on() {
    for (from, to) in [
        ("a=rtcp-fb:96 transport-cc\r\n", ""),
        ("a=extmap:3 http://www.ietf.org/id/draft-holmer", "a=extmap:3 http://example.org/draft"),
        ("a=extmap:3 http://www.ietf.org/id", "a=extmap:15 http://www.ietf.org/id"),
    ] {
        let text = offer(&[video("1", "sendonly", "").replace(from, to)]);
        assert_eq!(Offer::parse(&text).unwrap().feedback_id(), None, "{to}");
        let section = answer(&text, &taken(&["1"], &VideoCodec::ALL)).remove(1);
        assert!(!has_feedback(&section));
    }
}

#[test]
fn a_section_with_another_id_is_not_numbered() {
    let text = with_numbered_sound(&offer(&[video("1", "sendonly", "")]));
    let text =
        text.replace("a=extmap:3 http", "a=extmap:5 http").replacen("extmap:5", "extmap:3", 1);
    let offer = Offer::parse(&text).unwrap();
    assert_eq!(offer.feedback_id(), Some(5));
    let sections = answer(&text, &taken(&["1"], &VideoCodec::ALL));
    let ids: Vec<_> = sections.iter().map(|section| section.extension(TRANSPORT_WIDE)).collect();
    assert_eq!(ids, [None, Some(5)]);
}
