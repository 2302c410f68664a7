//! Hostile senders and receivers of pictures.

mod common;

use std::collections::BTreeMap;

use calling_model::{VideoSize, VideoTrack};
use calling_room::{RoomOutput, RtcpDiscard, RtpDiscard, VideoExtensions, VideoSource, VideoTerms};
use calling_wire::{RtcpError, RtpError};
use common::pictures::{Frame, Seen, camera, camera_rtx, native_terms};
use common::{Table, id, user};

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

#[test]
fn two_who_announce_one_camera_do_not_mix() {
    let mut table = Table::with_pictures(3);
    for number in [1, 3] {
        table.room.negotiate_video(table.now, id(number), native_terms(1)).unwrap();
    }
    let (of_1, of_3) = ((user(1), VideoTrack::Camera), (user(3), VideoTrack::Camera));
    let views = BTreeMap::from([(of_1, VideoSize::Large), (of_3, VideoSize::Large)]);
    table.room.set_views(table.now, id(2), views).unwrap();
    let mut before = None;
    for number in 0..20 {
        let of_1 = table.film(1, Frame::nth(1, number), 2).unwrap();
        let of_3 =
            table.film(3, Frame { is_key: number == 0, ..Frame::nth(1, number * 3) }, 2).unwrap();
        assert_ne!(of_1.ssrc, of_3.ssrc);
        if let Some((before_1, before_3)) = before.replace((of_1, of_3)) {
            let step = |after: Seen, before: Seen| after.timestamp.wrapping_sub(before.timestamp);
            assert_eq!((step(of_1, before_1), step(of_3, before_3)), (3_000, 9_000));
        }
        table.pass(33);
    }
}

#[test]
fn numbers_and_times_of_pictures_run_on_over_their_ends() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let wrapping = |number: u16| Frame {
        sequence_number: 65_530_u16.wrapping_add(number),
        timestamp: (u32::MAX - 20_000).wrapping_add(u32::from(number) * 3_000),
        picture_id: (0x7ffa + number) & 0x7fff,
        is_key: number == 0,
        ..Frame::nth(1, 0)
    };
    let seen: Vec<Seen> = (0..20)
        .map(|number| {
            table.pass(33);
            table.film(1, wrapping(number), 2).expect("it is forwarded")
        })
        .collect();
    for pair in seen.windows(2) {
        assert_eq!(pair[1].sequence_number, pair[0].sequence_number.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(3_000));
        assert_eq!(pair[1].picture_id, (pair[0].picture_id + 1) & 0x7fff);
    }
    assert_eq!(table.asked(), [], "nothing is missing");
}

#[test]
fn a_picture_whose_time_jumps_goes_on_by_the_time_that_passed() {
    let (mut table, seen) = watched(3);
    let mut before = seen[2];
    for (number, absurd) in [(3, 1 << 31), (4, 7), (5, u32::MAX), (6, 1 << 30)] {
        table.pass(33);
        let frame = Frame { timestamp: absurd, ..Frame::nth(1, number) };
        let after = table.film(1, frame, 2).expect("it is forwarded");
        assert_eq!(after.sequence_number, before.sequence_number.wrapping_add(1));
        let passed = after.timestamp.wrapping_sub(before.timestamp);
        assert!((1..=90_000).contains(&passed), "{passed}");
        before = after;
    }
}

#[test]
fn a_picture_that_comes_two_seconds_late_keeps_its_place() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let mut seen = Vec::new();
    for number in (0..10).chain(11..71) {
        table.pass(33);
        seen.extend(table.film(1, Frame::nth(1, number), 2));
    }
    let late = table.film(1, Frame::nth(1, 10), 2).expect("it is forwarded");
    assert_eq!(late.sequence_number, seen[9].sequence_number.wrapping_add(1));
    assert_eq!(late.timestamp, seen[9].timestamp.wrapping_add(3_000));
    let absurd = Frame { timestamp: 1 << 31, ..Frame::nth(1, 10) };
    assert_eq!(table.send_bytes(1, &absurd.bytes()), Err(RtpDiscard::Duplicate));
}

#[test]
fn a_picture_with_a_broken_header_is_counted_by_its_fault() {
    let (mut table, _) = watched(1);
    let good = Frame::nth(1, 1).with_payload(&[(1, &[0x9e])], &Frame::nth(1, 1).payload());
    let mut padding = good.clone();
    padding[0] |= 0x20;
    *padding.last_mut().unwrap() = 0xff;
    let mut csrcs = good.clone();
    csrcs[0] |= 15;
    let mut block = good.clone();
    block[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
    let mut element = good.clone();
    element[16] = 0x1f;
    for (packet, fault) in [
        (padding, RtpError::Padding),
        (csrcs, RtpError::Truncated),
        (block, RtpError::Truncated),
        (element, RtpError::ExtensionOverflow),
    ] {
        let before = table.discarded(RtpDiscard::Malformed(fault));
        assert_eq!(table.send_bytes(1, &packet), Err(RtpDiscard::Malformed(fault)));
        assert_eq!(table.discarded(RtpDiscard::Malformed(fault)), before + 1);
    }
    assert_eq!(table.send_bytes(1, &good).map(|sent| sent.len()), Ok(1), "nothing was learned");
}

#[test]
fn feedback_cut_off_is_used_up_to_its_fault() {
    let (mut table, seen) = watched(3);
    let whole = [
        &common::pictures::nack(seen[0].ssrc, seen[1].sequence_number, 0)[..],
        &common::pictures::pli(seen[0].ssrc),
    ]
    .concat();
    for len in 17..whole.len() {
        let handled = table.rtcp(2, &whole[..len]);
        assert_eq!(handled, Err(RtcpDiscard::Malformed(RtcpError::Truncated)), "{len}");
        assert!(table.take().iter().all(|output| matches!(output, RoomOutput::Rtp { .. })));
    }
    // A packet that says of itself that it is longer than it is asks for nothing.
    for kind in [205, 206] {
        let mut cut = common::pictures::nack(seen[0].ssrc, seen[1].sequence_number, 0);
        (cut[1], cut[3]) = (kind, 0xff);
        let handled = table.rtcp(2, &cut);
        assert_eq!(handled, Err(RtcpDiscard::Malformed(RtcpError::Truncated)));
        assert_eq!(table.take(), []);
    }
}

#[test]
fn a_nack_of_every_number_there_is_is_answered_within_bounds() {
    let (mut table, seen) = watched(100);
    let ssrc = seen[0].ssrc;
    let mut nack = vec![0x81, 205];
    nack.extend((2_u16 + 4_096).to_be_bytes());
    nack.extend(1_u32.to_be_bytes());
    nack.extend(ssrc.to_be_bytes());
    for entry in 0..4_096_u16 {
        nack.extend(seen[0].sequence_number.wrapping_add(entry * 16).to_be_bytes());
        nack.extend([0xff; 2]);
    }
    table.rtcp(2, &nack).unwrap();
    let again = table.sent_again();
    assert_eq!(again.len(), 64);
    assert!(again.iter().all(|(to, _)| *to == 2), "to who asked alone");
    table.rtcp(2, &nack).unwrap();
    assert_eq!(table.sent_again(), [], "nothing was forwarded since");
}
