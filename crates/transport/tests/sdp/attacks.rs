//! Descriptions that nobody honest writes: an error with a reason each, never a panic.

use calling_transport::sdp::{
    MAX_BYTES, Offer, OfferError, SdpError, SdpFault, SessionDescription,
};

use crate::{CHROMIUM, GOLDEN};

fn fault(text: &str) -> SdpFault {
    match text.parse::<SessionDescription>() {
        Err(SdpError { fault, .. }) => fault,
        Ok(read) => panic!("it was read: {read:?}"),
    }
}

fn refused(text: &str) -> OfferError {
    Offer::parse(text).expect_err("it was accepted")
}

/// Chromium's offer with one line replaced, every time it occurs.
fn with(line: &str, replacement: &str) -> String {
    assert!(CHROMIUM.contains(line), "no such line: {line}");
    CHROMIUM.replace(line, replacement)
}

#[test]
fn what_is_malformed_is_refused_with_a_reason() {
    let cases = [
        ("v=0", "v=1", SdpFault::MissingLine),
        ("t=0 0\n", "", SdpFault::MissingLine),
        ("s=-\n", "", SdpFault::MissingLine),
        ("o=- 4611731400430051336 2 IN", "o=- -1 2 IN", SdpFault::Origin),
        ("s=-", "s", SdpFault::Syntax),
        ("s=-", "x=-", SdpFault::UnexpectedLine),
        ("a=mid:2", "a=mid:2\nv=0", SdpFault::UnexpectedLine),
        ("a=mid:2", "a=mid:\0", SdpFault::ControlCharacter),
        ("a=mid:2", "a=mid:0123456789abcdef0", SdpFault::Token),
        ("a=mid:2", "a=mid:a b", SdpFault::Token),
        ("a=mid:2", "a=mid:2\na=mid:3", SdpFault::Duplicate),
        ("a=mid:2", "a=mid:3", SdpFault::UnknownMid),
        ("m=video 9", "m=video", SdpFault::Number),
        ("m=video 9", "m=video 65536", SdpFault::Number),
        ("m=video 9", "m=video +9", SdpFault::Number),
        ("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=video 9 UDP/TLS/RTP/SAVPF", SdpFault::Media),
        ("SAVPF 96 97", "SAVPF 96 96 97", SdpFault::Duplicate),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8", SdpFault::RtpMap),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/0", SdpFault::RtpMap),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/90000/256", SdpFault::RtpMap),
        ("a=rtcp-fb:96 nack pli", "a=rtcp-fb:96", SdpFault::Parameters),
        ("a=extmap:10", "a=extmap:0", SdpFault::Extension),
        ("a=extmap:10", "a=extmap:256", SdpFault::Extension),
        ("a=extmap:10", "a=extmap:4", SdpFault::Duplicate),
        ("a=ice-ufrag:W9ZQ", "a=ice-ufrag:W9Z", SdpFault::Credentials),
        ("a=ice-ufrag:W9ZQ", "a=ice-ufrag:W9ZQ\na=ice-ufrag:W9ZQ", SdpFault::Duplicate),
        ("a=fingerprint:sha-256 07:", "a=fingerprint:sha-256 ", SdpFault::Fingerprint),
        ("a=setup:actpass", "a=setup:both", SdpFault::Setup),
        ("46243 typ host", "0 typ host", SdpFault::Candidate),
        ("a=ssrc:3570614608", "a=ssrc:4294967296", SdpFault::Source),
        ("a=rid:q send", "a=rid:q both", SdpFault::Rid),
        ("a=simulcast:send q;h", "a=simulcast:send q;x", SdpFault::Simulcast),
        ("a=simulcast:send q;h", "a=simulcast:send", SdpFault::Simulcast),
        ("a=sendonly", "a=sendonly\na=recvonly", SdpFault::Duplicate),
    ];
    for (line, replacement, expected) in cases {
        // A candidate's port is looked at only if its address is one.
        let text = with(line, replacement)
            .replace("3f9d7d58-96b9-4d0a-a1f0-c76b53d4f3f1.local", "192.0.2.7");
        assert_eq!(fault(&text), expected, "{line:?} as {replacement:?}");
    }
    assert_eq!(fault(""), SdpFault::Syntax);
}

/// CVE-2018-1000099: parameters of a payload type that is not there.
#[test]
fn invalid_fmtp_is_refused() {
    for fmtp in ["a=fmtp:200 x", "a=fmtp:-1 x", "a=fmtp:x x"] {
        assert_eq!(fault(&with("a=fmtp:97 apt=96", fmtp)), SdpFault::PayloadType, "{fmtp}");
    }
    assert_eq!(fault(&with("a=fmtp:97 apt=96", "a=fmtp:99 apt=96")), SdpFault::UnknownPayloadType);
    assert_eq!(fault(&with("a=fmtp:97 apt=96", "a=fmtp:97")), SdpFault::Parameters);
}

/// CVE-2018-1000098: a format that is no payload type.
#[test]
fn an_invalid_media_format_is_refused() {
    for format in ["-1", "128", "999999999999", "x", "9x"] {
        let text = with("SAVPF 96 97", &format!("SAVPF {format} 97"));
        assert_eq!(fault(&text), SdpFault::PayloadType, "{format}");
    }
}

#[test]
fn conflicting_repairs_are_refused() {
    for apt in ["apt=98", "apt=97", "apt=x", "rtx-time=1"] {
        assert_eq!(fault(&with("apt=96", apt)), SdpFault::Apt, "{apt}");
    }
    let twice = with("SAVPF 96 97", "SAVPF 96 97 98")
        .replace("a=fmtp:97 apt=96", "a=fmtp:97 apt=96\na=rtpmap:98 rtx/90000\na=fmtp:98 apt=96");
    assert_eq!(fault(&twice), SdpFault::Apt);
}

#[test]
fn the_same_mid_twice_is_refused() {
    assert_eq!(fault(&with("a=mid:2", "a=mid:1")), SdpFault::DuplicateMid);
    assert_eq!(fault(&with("BUNDLE 0 1 2", "BUNDLE 0 1 1")), SdpFault::DuplicateMid);
}

#[test]
fn an_offer_with_every_section_rejected_is_refused() {
    let text = with("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0");
    assert_eq!(refused(&text), OfferError::NothingAcceptable);
    let empty = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    assert_eq!(refused(empty), OfferError::NothingAcceptable);
    let without_video = |text: String| text.replace("m=video 9", "m=video 0");
    let alien = without_video(with("opus/48000/2", "opus/8000/2"));
    assert_eq!(refused(&alien), OfferError::NothingAcceptable);
    let in_rtcp = without_video(with(" 111 ", " 72 ").replace(":111 ", ":72 "));
    assert_eq!(refused(&in_rtcp), OfferError::NothingAcceptable);
}

#[test]
fn an_offer_without_what_it_takes_is_refused() {
    assert_eq!(refused(&with("a=ice-ufrag:W9ZQ\n", "")), OfferError::NoCredentials);
    assert_eq!(
        refused(&with("a=fingerprint:sha-256", "a=fingerprint:sha-1")),
        OfferError::NoFingerprint
    );
    for setup in ["passive", "holdconn"] {
        assert_eq!(refused(&with("actpass", setup)), OfferError::Setup);
    }
    assert_eq!(refused(&with("a=rtcp-mux\n", "")), OfferError::NoRtcpMux);
    assert_eq!(refused(&with("t=0 0", "t=0 0\na=ice-lite")), OfferError::BothLite);
}

#[test]
fn sections_that_disagree_on_numbers_are_refused() {
    let first = CHROMIUM.find("m=audio 9 UDP/TLS/RTP/SAVPF 111 63\n").unwrap();
    let (before, after) = CHROMIUM.split_at(first);
    let text = format!("{before}{}", after.replacen("a=extmap:1 ", "a=extmap:5 ", 1));
    assert_eq!(refused(&text), OfferError::Conflict);
}

#[test]
fn sections_outside_the_bundle_are_rejected() {
    let text = with("BUNDLE 0 1 2", "BUNDLE 0");
    let offer = Offer::parse(&text).unwrap();
    let accepted: Vec<bool> = offer.sections().iter().map(|section| section.accepted).collect();
    assert_eq!(accepted, [true, false, false]);
}

#[test]
fn ten_thousand_candidates_are_refused() {
    let line = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n";
    let text = format!("{CHROMIUM}{}", line.repeat(1_000));
    assert_eq!(fault(&text), SdpFault::TooManyAttributes);
    assert_eq!(fault(&format!("{CHROMIUM}{}", line.repeat(10_000))), SdpFault::TooLong);
}

#[test]
fn host_names_are_not_looked_up() {
    let read: SessionDescription = CHROMIUM.parse().unwrap();
    assert!(read.sections[0].candidates.is_empty());
}

#[test]
fn size_is_limited() {
    let long = "x".repeat(MAX_BYTES);
    assert_eq!(fault(&long), SdpFault::LineTooLong);
    assert_eq!(fault(&format!("{long}x")), SdpFault::TooLong);
    let section = "m=audio 9 UDP/TLS/RTP/SAVPF 0\n";
    let head = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n";
    assert!(format!("{head}{}", section.repeat(128)).parse::<SessionDescription>().is_ok());
    assert_eq!(fault(&format!("{head}{}", section.repeat(129))), SdpFault::TooManySections);
    let formats = (0..129).map(|it| format!(" {}", it % 128)).collect::<String>();
    assert_eq!(
        fault(&format!("{head}m=audio 9 UDP/TLS/RTP/SAVPF{formats}\n")),
        SdpFault::TooManyFormats
    );
}

/// Long descriptions are what browsers write with many codecs and candidates: within the limit they
/// are read to the end.
#[test]
fn five_to_sixty_four_kilobytes_are_read_and_no_more() {
    let whole = Offer::parse(CHROMIUM).unwrap();
    let (session, sections) = CHROMIUM.split_at(CHROMIUM.find("m=audio").unwrap());
    let line = format!("a=x-filler:{}\n", "0".repeat(1_000));
    let padded = |len: usize| {
        let filler = line.repeat(len.saturating_sub(CHROMIUM.len()) / line.len());
        format!("{session}{filler}{sections}")
    };
    for len in [8_192, 16_384, 32_768, MAX_BYTES] {
        let text = padded(len);
        assert!(text.len() > len - line.len() && text.len() <= len, "{}", text.len());
        let read = Offer::parse(&text).unwrap();
        assert_eq!(read.sections().len(), whole.sections().len());
        assert_eq!(read.credentials(), whole.credentials());
        assert_eq!(read.fingerprint(), whole.fingerprint());
    }
    assert_eq!(fault(&padded(MAX_BYTES + line.len())), SdpFault::TooLong);
}

#[test]
fn every_truncation_errs_or_is_a_shorter_offer() {
    for text in GOLDEN {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let cut = &text[..end];
            if let Ok(read) = cut.parse::<SessionDescription>() {
                assert_eq!(read.to_string().parse(), Ok(read));
            }
            let _ = Offer::parse(cut);
        }
    }
}
