//! Offers as other programs write them, and as nobody should.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod attacks;
mod pictures;
mod round_trip;

use calling_transport::sdp::{AudioFormat, Direction, Offer, Published};

pub(crate) const CHROMIUM: &str = include_str!("golden/chromium.sdp");
const FIREFOX: &str = include_str!("golden/firefox.sdp");
const AIORTC: &str = include_str!("golden/aiortc.sdp");
const GSTREAMER: &str = include_str!("golden/gstreamer.sdp");
pub(crate) const GOLDEN: [&str; 4] = [CHROMIUM, FIREFOX, AIORTC, GSTREAMER];

fn published(mid: &str, ssrc: u32) -> Option<Published> {
    Some(Published { mid: Some(mid.to_owned()), ssrc: Some(ssrc) })
}

fn audio(payload_type: u8, audio_level_id: Option<u8>, mid_id: Option<u8>) -> AudioFormat {
    AudioFormat { payload_type, red_payload_type: None, audio_level_id, mid_id }
}

#[test]
fn chromium_is_understood() {
    let offer = Offer::parse(CHROMIUM).unwrap();
    assert_eq!(offer.session_id(), 4_611_731_400_430_051_336);
    assert_eq!(offer.credentials().ufrag(), "W9ZQ");
    let with_copies = AudioFormat { red_payload_type: Some(63), ..audio(111, Some(1), Some(4)) };
    assert_eq!(offer.audio(), Some(with_copies));
    assert_eq!(offer.published(), published("0", 3_570_614_608));
    let accepted: Vec<bool> = offer.sections().iter().map(|section| section.accepted).collect();
    assert_eq!(accepted, [true, true, true], "sound and pictures");
    assert_eq!(offer.receiving("1").unwrap().direction, Direction::RecvOnly);
    assert_eq!((offer.receiving("0"), offer.receiving("2")), (None, None));
}

#[test]
fn firefox_is_understood() {
    let offer = Offer::parse(FIREFOX).unwrap();
    assert_eq!(offer.audio(), Some(audio(109, Some(1), Some(3))));
    assert_eq!(offer.published(), published("0", 2_655_508_255));
    assert!(offer.receiving("0").is_some());
}

#[test]
fn aiortc_is_understood() {
    let offer = Offer::parse(AIORTC).unwrap();
    assert_eq!(offer.audio(), Some(audio(96, Some(2), Some(1))));
    assert_eq!(offer.published(), published("0", 1_844_516_133));
}

#[test]
fn gstreamer_is_understood() {
    let offer = Offer::parse(GSTREAMER).unwrap();
    assert_eq!(offer.audio(), Some(audio(97, None, None)));
    assert_eq!(offer.published(), published("audio0", 1_423_590_123));
    assert_eq!(offer.receiving("audio0"), None);
}

#[test]
fn a_section_without_an_ssrc_is_known_by_its_mid() {
    let without: String = CHROMIUM
        .lines()
        .filter(|it| !it.starts_with("a=ssrc"))
        .map(|it| format!("{it}\n"))
        .collect();
    let offer = Offer::parse(&without).unwrap();
    assert_eq!(offer.published(), Some(Published { mid: Some("0".to_owned()), ssrc: None }));
}

/// Parameters that name another codec, none, a payload type that looks like RTCP: no copies, and
/// sound all the same.
#[test]
fn copies_of_something_else_are_not_agreed_on() {
    let red = |from: &str, to: &str| {
        let offer = Offer::parse(&CHROMIUM.replace(from, to)).unwrap();
        let audio = offer.audio().unwrap();
        (audio.payload_type, audio.red_payload_type)
    };
    for parameters in ["111/9", "9/9", "111/", "/111", "111/111/0", "0111x", "63/63"] {
        assert_eq!(red("a=fmtp:63 111/111", &format!("a=fmtp:63 {parameters}")), (111, None));
    }
    assert_eq!(red("a=fmtp:63 111/111\n", ""), (111, None));
    assert_eq!(red("red/48000/2", "red/8000"), (111, None));
    assert_eq!(red("a=fmtp:63 111/111", "a=fmtp:63 111"), (111, Some(63)));
    assert_eq!(red("a=fmtp:63 111/111", "a=fmtp:63 111/111/111/111"), (111, Some(63)));
}

/// Payload types are the same in all sections of a kind; a section without copies has none.
#[test]
fn copies_are_agreed_on_if_all_sections_offer_them() {
    let (first, second) = CHROMIUM.split_once("m=audio 9 UDP/TLS/RTP/SAVPF 111 63\n").unwrap();
    let second = second.replacen("a=rtpmap:63 red/48000/2\n", "", 1);
    let second = second.replacen("a=fmtp:63 111/111\n", "", 1);
    let offer = Offer::parse(&format!("{first}m=audio 9 UDP/TLS/RTP/SAVPF 111\n{second}"));
    assert_eq!(offer.unwrap().audio(), Some(audio(111, Some(1), Some(4))));
}

#[test]
fn who_only_listens_publishes_nothing() {
    let offer = Offer::parse(&CHROMIUM.replace("a=sendonly", "a=recvonly")).unwrap();
    assert_eq!(offer.published(), None);
    assert!(offer.receiving("0").is_some());
}
