//! What receivers of pictures ask for, and what their senders are asked for.

mod common;

use std::collections::BTreeSet;

use calling_model::{VideoSize, VideoTrack};
use calling_room::{RtcpDiscard, RtpDiscard};
use calling_wire::RtpView;
use common::pictures::{Frame, Seen, VP8_RTX, camera, camera_rtx, nack, pli};
use common::{Table, id};

/// Participant 2 watches the camera of 1, of which so many frames came.
fn watched(frames: u64) -> (Table, Vec<Seen>) {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let seen = (0..frames).filter_map(|number| table.film(1, Frame::nth(1, number), 2)).collect();
    table.take();
    (table, seen)
}

#[test]
fn a_nack_is_answered_by_retransmission() {
    let (mut table, seen) = watched(20);
    let lost = seen[5].sequence_number;
    table.rtcp(2, &nack(seen[5].ssrc, lost, 0b101)).unwrap();
    let again = table.sent_again();
    assert_eq!(again.len(), 3);
    for ((to, packet), original) in again.iter().zip([seen[5], seen[6], seen[8]]) {
        let view = RtpView::parse(packet).unwrap();
        assert_eq!((*to, view.payload_type()), (2, VP8_RTX));
        assert_ne!(view.ssrc(), original.ssrc);
        assert_eq!(view.timestamp(), original.timestamp);
        let (number, payload) = view.payload().split_first_chunk().unwrap();
        assert_eq!(u16::from_be_bytes(*number), original.sequence_number);
        let frame = Frame { picture_id: original.picture_id, ..Frame::nth(1, 1) };
        assert_eq!(payload, frame.payload());
    }
    let numbers = again.iter().map(|(_, packet)| RtpView::parse(packet).unwrap().sequence_number());
    let numbers: Vec<u16> = numbers.collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{numbers:?}");
    assert_eq!(table.room.video_leg_stats().next().unwrap().2.packets_sent_again, 3);
}

#[test]
fn only_what_was_forwarded_to_the_asker_is_sent_again() {
    let (mut table, seen) = watched(20);
    let (ssrc, newest) = (seen[19].ssrc, seen[19].sequence_number);
    for (packet, reason) in [
        (nack(ssrc, newest.wrapping_add(1), 0), RtcpDiscard::NotSentAgain),
        (nack(ssrc, newest.wrapping_sub(600), 0), RtcpDiscard::NotSentAgain),
        (nack(camera(1), 0, 0), RtcpDiscard::UnknownStream),
    ] {
        let before = table.refused(reason);
        table.rtcp(2, &packet).unwrap();
        assert_eq!(table.refused(reason), before + 1, "{reason}");
    }
    let mut other = Table::with_pictures(3);
    other.watch_camera(2, 1);
    let seen = other.film(1, Frame::nth(1, 0), 2).unwrap();
    other.rtcp(3, &nack(seen.ssrc, seen.sequence_number, 0)).unwrap();
    assert_eq!(other.refused(RtcpDiscard::UnknownStream), 1);
    assert_eq!(other.sent_again(), []);
    assert_eq!(table.sent_again(), []);
}

#[test]
fn a_flood_of_nacks_is_answered_within_bounds() {
    let (mut table, seen) = watched(400);
    let first = seen[0].sequence_number;
    for round in 0..50_u16 {
        for entry in 0..20 {
            let number = first.wrapping_add(entry * 17);
            table.rtcp(2, &nack(seen[0].ssrc, number, 0xffff)).unwrap();
        }
        assert!(round == 0 || table.sent_again().is_empty(), "nothing was forwarded since");
        if round == 0 {
            assert_eq!(table.sent_again().len(), 64);
        }
    }
    // Half as much as is forwarded may be sent again.
    for number in 400..500 {
        table.film(1, Frame::nth(1, number), 2).unwrap();
    }
    for entry in 0..20 {
        let number = first.wrapping_add(entry * 17);
        table.rtcp(2, &nack(seen[0].ssrc, number, 0xffff)).unwrap();
    }
    assert_eq!(table.sent_again().len(), 50);
}

#[test]
fn a_loss_before_a_pause_is_not_made_up() {
    let (mut table, seen) = watched(5);
    table.watch(2, &[]);
    table.rtcp(2, &nack(seen[0].ssrc, seen[4].sequence_number, 0)).unwrap();
    assert_eq!(table.refused(RtcpDiscard::UnknownStream), 1, "not watched");
    table.watch_camera(2, 1);
    table.film(1, Frame::nth(1, 5).key(), 2).unwrap();
    table.rtcp(2, &nack(seen[0].ssrc, seen[4].sequence_number, 0)).unwrap();
    assert_eq!(table.sent_again(), []);
}

#[test]
fn wishes_for_key_frames_are_put_together() {
    let mut table = Table::with_pictures(4);
    for viewer in 2..=4 {
        table.watch_camera(viewer, 1);
    }
    let seen = table.film(1, Frame::nth(1, 0), 2).unwrap();
    table.take();
    for viewer in 2..=4 {
        table.rtcp(viewer, &pli(seen.ssrc)).unwrap();
    }
    assert_eq!(table.asked(), [(1, camera(1), None)]);
    for number in 1..15 {
        table.film(1, Frame::nth(1, number), 2);
        table.pass(33);
    }
    assert_eq!(table.asked(), [], "not yet again");
    for number in 15..31 {
        table.film(1, Frame::nth(1, number), 2);
        table.pass(33);
    }
    assert_eq!(table.asked(), [(1, camera(1), None)], "none came");
    table.film(1, Frame::nth(1, 31).key(), 2);
    for number in 32..80 {
        table.film(1, Frame::nth(1, number), 2);
        table.pass(33);
    }
    assert_eq!(table.asked(), [], "one came");
}

#[test]
fn a_flood_of_wishes_is_two_a_second() {
    let (mut table, seen) = watched(1);
    let mut fir = vec![0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0];
    fir.extend(seen[0].ssrc.to_be_bytes());
    fir.extend([1, 0, 0, 0]);
    for number in 1..=300 {
        table.rtcp(2, &pli(seen[0].ssrc)).unwrap();
        table.rtcp(2, &fir).unwrap();
        // Its sender obeys.
        table.film(1, Frame::nth(1, number).key(), 2);
        table.pass(10);
    }
    assert_eq!(table.asked().len(), 6);
}

#[test]
fn nobody_asks_for_what_they_do_not_watch() {
    let mut table = Table::with_pictures(3);
    table.watch_camera(2, 1);
    let seen = table.film(1, Frame::nth(1, 0), 2).unwrap();
    table.take();
    for packet in [pli(seen.ssrc), pli(camera(1)), pli(0)] {
        table.rtcp(3, &packet).unwrap();
    }
    assert_eq!(table.refused(RtcpDiscard::UnknownStream), 3);
    assert_eq!(table.asked(), []);
}

#[test]
fn nobody_is_asked_for_what_nobody_watches_or_does_not_flow() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    assert_eq!(table.asked(), [], "it does not flow");
    table.film(1, Frame { is_key: false, ..Frame::nth(1, 0) }, 2);
    assert_eq!(table.asked(), [(1, camera(1), None)]);
    table.watch(2, &[]);
    for number in 1..100 {
        table.film(1, Frame::nth(1, number), 2);
        table.pass(33);
    }
    assert_eq!(table.asked(), []);
}

#[test]
fn the_sender_is_asked_for_what_did_not_come() {
    let (mut table, seen) = watched(3);
    assert!(table.film(1, Frame::nth(1, 6), 2).is_some());
    table.pass(9);
    assert_eq!(table.asked(), [], "it may be on its way");
    let late = table.film(1, Frame::nth(1, 4), 2).unwrap();
    table.pass(1);
    assert_eq!(table.asked(), [(1, camera(1), Some(vec![3, 5]))]);
    assert_eq!(late.sequence_number, seen[2].sequence_number.wrapping_add(2));
    let again = Frame::nth(1, 3).again(camera_rtx(1), 900);
    let repaired = table.send_bytes(1, &again).unwrap();
    let repaired = Seen::read(&repaired[0].1);
    assert_eq!(repaired.sequence_number, seen[2].sequence_number.wrapping_add(1));
    assert_eq!((repaired.picture_id, repaired.payload_type), (3, seen[0].payload_type));
    table.pass(80);
    assert_eq!(table.asked(), [(1, camera(1), Some(vec![5]))], "once more");
    table.pass(10_000);
    assert!(table.asked().len() <= 3, "and not forever");
}

#[test]
fn a_retransmission_of_what_came_is_a_duplicate_and_one_of_nothing_a_probe() {
    let (mut table, _) = watched(3);
    let again = Frame::nth(1, 2).again(camera_rtx(1), 900);
    assert_eq!(table.send_bytes(1, &again), Err(RtpDiscard::Duplicate));
    let rtx = Frame { ssrc: camera_rtx(1), payload_type: VP8_RTX, ..Frame::nth(1, 9) };
    for payload in [&[][..], &[1], &[0, 3]] {
        let probe = rtx.with_payload(&[], payload);
        assert_eq!(table.send_bytes(1, &probe), Err(RtpDiscard::Probe));
    }
    let forged = Frame::nth(1, 3).again(camera_rtx(2), 901);
    assert_eq!(table.send_bytes(1, &forged), Err(RtpDiscard::ForeignSsrc));
    let as_media = Frame::nth(1, 3).again(camera(1), 3);
    assert_eq!(table.send_bytes(1, &as_media), Err(RtpDiscard::PayloadType));
}

#[test]
fn a_burst_that_asking_cannot_mend_needs_a_key_frame() {
    let (mut table, _) = watched(3);
    table.pass(600);
    table.film(1, Frame::nth(1, 300), 2);
    assert_eq!(table.asked(), [(1, camera(1), None)]);
}

#[test]
fn what_is_asked_for_and_sent_stays_within_its_datagram() {
    let (mut table, _) = watched(1);
    // Every second packet is lost: the worst for a NACK.
    for number in 1..=200 {
        table.film(1, Frame::nth(1, number * 2), 2);
    }
    table.pass(10);
    let asked: BTreeSet<u16> =
        table.asked().into_iter().filter_map(|(_, _, lost)| lost).flatten().collect();
    assert_eq!(asked, (0..200).map(|number| number * 2 + 1).collect());
}

#[test]
fn reports_of_pictures_go_both_ways() {
    let (mut table, seen) = watched(1);
    let mut sr = vec![0x80, 200, 0, 6];
    sr.extend(camera(1).to_be_bytes());
    sr.extend((1_u64 << 40).to_be_bytes());
    sr.extend(0_u32.to_be_bytes());
    sr.extend([0; 8]);
    table.rtcp(1, &sr).unwrap();
    for number in 1..40 {
        table.film(1, Frame::nth(1, number), 2);
        table.pass(33);
    }
    let reports = table.take();
    let of = |who: u64, packet_type: u8| {
        reports.iter().find_map(|output| {
            let calling_room::RoomOutput::Rtcp { to, packet } = output else { return None };
            let mut parts = calling_wire::RtcpPackets::new(packet).map(|part| part.unwrap());
            let part = parts.find(|part| part.packet_type == packet_type)?;
            (*to == id(who)).then(|| part.bytes.to_vec())
        })
    };
    let sender = of(2, 200).expect("a sender report");
    assert_eq!(sender[4..8], seen[0].ssrc.to_be_bytes());
    let at = u32::from_be_bytes(sender[16..20].try_into().unwrap());
    let ahead = at.wrapping_sub(seen[0].timestamp);
    assert!((89_000..=90_000).contains(&ahead), "{ahead} ticks in a second");
    let receiver = of(1, 201).expect("a receiver report");
    assert_eq!(receiver[8..12], camera(1).to_be_bytes());
    let mut block = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
    block.extend(seen[0].ssrc.to_be_bytes());
    block.extend([25, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 90, 0, 0, 0, 0, 0, 0, 0, 0]);
    table.rtcp(2, &block).unwrap();
    let remote = table.room.video_leg_stats().next().unwrap().2.remote.unwrap();
    assert_eq!((remote.packets_lost, remote.jitter), (3, common::ms(1)));
}

#[test]
fn a_screen_is_asked_for_under_its_own_stream() {
    let mut table = Table::with_pictures(2);
    table.watch(2, &[(1, VideoTrack::Screen, VideoSize::Small)]);
    let frame = Frame { ssrc: common::pictures::screen(1), ..Frame::nth(1, 1) };
    assert_eq!(table.film(1, frame, 2), None);
    assert_eq!(table.asked(), [(1, common::pictures::screen(1), None)]);
}
