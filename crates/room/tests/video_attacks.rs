//! Hostile senders and receivers of pictures.

mod common;

use std::collections::BTreeMap;

use calling_model::VideoTrack;
use calling_room::{RtcpDiscard, RtpDiscard, VideoExtensions, VideoSource, VideoTerms};
use common::pictures::{Frame, Seen, camera, camera_rtx, native_terms};
use common::{Table, id};

/// Participant 2 watches the camera of 1, of which so many frames came.
fn watched(frames: u64) -> (Table, Vec<Seen>) {
    let mut table = Table::with_pictures(3);
    table.watch_camera(2, 1);
    let seen = (0..frames).filter_map(|number| table.film(1, Frame::nth(1, number), 2)).collect();
    table.take();
    (table, seen)
}

#[test]
fn a_flood_of_ssrcs_is_learned_from_once() {
    let mut table = Table::with_pictures(2);
    let source = VideoSource::Mid { mid: "1".into(), rids: Vec::new() };
    let extensions = VideoExtensions { mid: Some(4), rid: None, repaired_rid: None };
    let sends = BTreeMap::from([(VideoTrack::Camera, source)]);
    let terms = VideoTerms { extensions, sends, ..native_terms(1) };
    table.room.negotiate_video(table.now, id(1), terms).unwrap();
    table.watch_camera(2, 1);
    let mut passed = 0;
    for ssrc in 1..10_000 {
        let frame = Frame { ssrc, ..Frame::nth(1, 0) };
        let packet = frame.with_payload(&[(4, b"1")], &frame.payload());
        passed += u32::from(table.send_bytes(1, &packet).is_ok());
    }
    assert_eq!(passed, 1, "the first alone");
    assert_eq!(table.discarded(RtpDiscard::PayloadType), 1, "under the SSRC of its voice");
    assert_eq!(table.discarded(RtpDiscard::ForeignSsrc), 9_997);
}

#[test]
fn the_same_packet_a_thousand_times_goes_once() {
    let (mut table, _) = watched(3);
    assert!(table.film(1, Frame::nth(1, 3), 2).is_some());
    for _ in 0..1_000 {
        let again = table.send_bytes(1, &Frame::nth(1, 3).bytes());
        assert_eq!(again, Err(RtpDiscard::Duplicate));
        let again = table.send_bytes(1, &Frame::nth(1, 3).again(camera_rtx(1), 9));
        assert_eq!(again, Err(RtpDiscard::Duplicate));
    }
}

#[test]
fn numbers_far_ahead_are_no_loss_to_be_made_up() {
    let (mut table, _) = watched(3);
    let far = Frame { sequence_number: 3 + (1 << 15), ..Frame::nth(1, 3) };
    assert_eq!(table.send_bytes(1, &far.bytes()), Err(RtpDiscard::SequenceJump));
    table.pass(5_000);
    assert_eq!(table.asked(), []);
}

#[test]
fn a_payload_that_is_no_vp8_is_passed_on_untouched_and_is_no_key_frame() {
    let (mut table, _) = watched(1);
    table.watch_camera(3, 1);
    for (number, payload) in
        [&[][..], &[0xff], &[0x90, 0x80], &[0x90, 0xf0, 0xff]].iter().enumerate()
    {
        let frame = Frame { is_key: false, ..Frame::nth(1, number as u64 + 1) };
        let sent = table.send_bytes(1, &frame.with_payload(&[], payload)).unwrap();
        let [(2, packet)] = sent.as_slice() else { panic!("who waits for a key frame got it") };
        assert_eq!(calling_wire::RtpView::parse(packet).unwrap().payload(), *payload);
    }
}

#[test]
fn csrcs_padding_and_two_byte_extensions_survive_a_change_of_numbers() {
    let (mut table, seen) = watched(1);
    table.watch(2, &[]);
    table.watch_camera(2, 1);
    // 15 CSRCs, an extension of the two-byte form, four bytes of padding.
    let mut packet = vec![0x80 | 0x20 | 0x10 | 15, 96, 0, 7];
    packet.extend(21_000_u32.to_be_bytes());
    packet.extend(camera(1).to_be_bytes());
    packet.extend([7; 60]);
    packet.extend([0x10, 0x00, 0, 1, 4, 1, b'1', 0]);
    packet.extend(Frame { picture_id: 9_999, ..Frame::nth(1, 0) }.payload());
    packet.extend([0, 0, 0, 4]);
    let sent = table.send_bytes(1, &packet).unwrap();
    let after = Seen::read(&sent[0].1);
    assert_eq!(after.picture_id, seen[0].picture_id + 1);
    assert_eq!(after.sequence_number, seen[0].sequence_number.wrapping_add(1));
    let view = calling_wire::RtpView::parse(&sent[0].1).unwrap();
    assert_eq!((view.csrcs().len(), view.padding_len()), (15, 4));
    assert_eq!(view.extensions().count(), 0);
    table.take();
    table.rtcp(2, &common::pictures::nack(after.ssrc, after.sequence_number, 0)).unwrap();
    let again = table.sent_again();
    let view = calling_wire::RtpView::parse(&again[0].1).unwrap();
    assert_eq!((view.csrcs().len(), view.padding_len(), view.payload().len()), (0, 0, 10));
}

#[test]
fn feedback_of_no_effect_is_counted() {
    let (mut table, seen) = watched(1);
    let before = table.refused(RtcpDiscard::Ignored);
    let remb = |exponent: u8| {
        let mut packet = vec![0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1];
        packet.extend([exponent, 0xff, 0xff]);
        packet.extend(seen[0].ssrc.to_be_bytes());
        packet
    };
    // Bandwidth of nothing and of 2^63 and more, and transport-wide feedback that says nonsense.
    for packet in [remb(0), remb(0xff), [&[0x8f, 205, 0, 4][..], &[0xff; 16]].concat()] {
        table.rtcp(2, &packet).unwrap();
    }
    assert_eq!(table.refused(RtcpDiscard::Ignored), before + 3);
    // A goodbye for somebody else's picture.
    let bye = [&[0x81, 203, 0, 1][..], &seen[0].ssrc.to_be_bytes()].concat();
    table.rtcp(2, &bye).unwrap();
    assert!(table.film(1, Frame::nth(1, 1), 2).is_some());
    assert_eq!(table.asked(), []);
}

#[test]
fn a_sender_report_that_warps_time_is_refused() {
    let (mut table, _) = watched(3);
    let report = |ssrc: u32, rtp_time: u32| {
        let mut packet = vec![0x80, 200, 0, 6];
        packet.extend(ssrc.to_be_bytes());
        packet.extend([1; 8]);
        packet.extend(rtp_time.to_be_bytes());
        packet.extend([0; 8]);
        packet
    };
    table.rtcp(1, &report(camera(1), 1 << 31)).unwrap();
    assert_eq!(table.refused(RtcpDiscard::TimeWarp), 1);
    table.rtcp(3, &report(camera(1), 6_000)).unwrap();
    assert_eq!(table.refused(RtcpDiscard::ForeignSsrc), 1);
}

#[test]
fn a_retransmission_cut_off_anywhere_is_a_discard() {
    let (mut table, _) = watched(3);
    let whole = Frame::nth(1, 3).again(camera_rtx(1), 1);
    for len in 0..14 {
        let cut = table.send_bytes(1, &whole[..len]);
        assert!(matches!(cut, Err(RtpDiscard::Malformed(_) | RtpDiscard::Probe)), "{len}: {cut:?}");
    }
}
