//! Pictures in several sizes (simulcast): which one goes to whom, and how it is changed.

mod common;

use std::collections::BTreeMap;

use calling_model::{VideoSize, VideoTrack};
use calling_room::{RtpDiscard, VideoExtensions, VideoSource, VideoTerms};
use common::pictures::{Frame, Seen, VP8_RTX, native_terms};
use common::{Table, id};

const MID: u8 = 4;
const RID: u8 = 5;
const REPAIRED_RID: u8 = 6;
const RIDS: [&str; 3] = ["q", "h", "f"];

/// Participant 1 sends its camera in three sizes.
fn table() -> Table {
    let mut table = Table::with_pictures(3);
    let source = VideoSource::Mid { mid: "1".into(), rids: RIDS.map(str::to_owned).to_vec() };
    let ids = (Some(MID), Some(RID), Some(REPAIRED_RID));
    let extensions = VideoExtensions { mid: ids.0, rid: ids.1, repaired_rid: ids.2 };
    let sends = BTreeMap::from([(VideoTrack::Camera, source)]);
    let terms = VideoTerms { extensions, sends, ..native_terms(1) };
    table.room.negotiate_video(table.now, id(1), terms).expect("it is in the room");
    table
}

fn layer_ssrc(layer: usize) -> u32 {
    700 + layer as u32
}

/// Each layer has numbers of its own.
fn frame(layer: usize, number: u64) -> Frame {
    let base = 10_000 * (layer as u64 + 1);
    Frame { ssrc: layer_ssrc(layer), is_key: false, ..Frame::nth(1, base + number) }
}

fn tagged(frame: Frame, rid: &str) -> Vec<u8> {
    frame.with_payload(&[(MID, b"1"), (RID, rid.as_bytes())], &frame.payload())
}

/// One frame in every size of `layers`; gives what `to` gets.
fn film(
    table: &mut Table,
    layers: &[usize],
    number: u64,
    keys: &[usize],
    to: u64,
) -> Vec<(usize, Seen)> {
    let mut seen = Vec::new();
    for &layer in layers {
        let frame = Frame { is_key: keys.contains(&layer), ..frame(layer, number) };
        let sent = table.send_bytes(1, &tagged(frame, RIDS[layer])).expect("it is its sender's");
        let to_it = sent.iter().filter(|(who, _)| *who == to);
        seen.extend(to_it.map(|(_, packet)| (layer, Seen::read(packet))));
    }
    table.pass(33);
    seen
}

fn assert_one_stream(seen: &[(usize, Seen)]) {
    for pair in seen.windows(2) {
        let (before, after) = (pair[0].1, pair[1].1);
        assert_eq!(after.sequence_number, before.sequence_number.wrapping_add(1));
        assert_eq!(after.picture_id, before.picture_id.wrapping_add(1) & 0x7fff);
        assert_eq!(after.ssrc, before.ssrc);
        let ticks = after.timestamp.wrapping_sub(before.timestamp);
        assert!((1..9_000).contains(&ticks), "{ticks} ticks");
    }
}

#[test]
fn the_size_that_was_asked_for_comes() {
    let mut table = table();
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Small)]);
    table.watch(3, &[(1, VideoTrack::Camera, VideoSize::Large)]);
    let layers = |seen: Vec<(usize, Seen)>| seen.into_iter().map(|it| it.0).collect::<Vec<_>>();
    // The first to come is the largest there is.
    assert_eq!(layers(film(&mut table, &[0, 1, 2], 0, &[0, 1, 2], 3)), [0, 1, 2]);
    for number in 1..5 {
        assert_eq!(layers(film(&mut table, &[0, 1, 2], number, &[], 3)), [2]);
    }
    for number in 5..10 {
        assert_eq!(layers(film(&mut table, &[0, 1, 2], number, &[], 2)), [0]);
    }
}

#[test]
fn a_change_of_size_waits_for_a_key_frame_and_is_one_stream() {
    let mut table = table();
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Small)]);
    let mut seen = film(&mut table, &[0, 1, 2], 0, &[0, 1, 2], 2);
    for number in 1..10 {
        seen.extend(film(&mut table, &[0, 1, 2], number, &[], 2));
    }
    table.take();
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Large)]);
    assert_eq!(table.asked(), [(1, layer_ssrc(2), None)]);
    for number in 10..15 {
        seen.extend(film(&mut table, &[0, 1, 2], number, &[], 2));
    }
    assert!(seen.iter().all(|(layer, _)| *layer == 0), "the small one goes on meanwhile");
    seen.extend(film(&mut table, &[0, 1, 2], 15, &[2], 2));
    for number in 16..20 {
        seen.extend(film(&mut table, &[0, 1, 2], number, &[], 2));
    }
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Small)]);
    for number in 20..40 {
        seen.extend(film(&mut table, &[0, 1, 2], number, if number == 25 { &[0] } else { &[] }, 2));
    }
    let layers: Vec<usize> = seen.iter().map(|(layer, _)| *layer).collect();
    let runs = layers.chunk_by(|one, other| one == other).map(|run| run[0]).collect::<Vec<_>>();
    assert_eq!(runs, [0, 2, 0]);
    assert_one_stream(&seen);
}

#[test]
fn a_size_that_stops_is_replaced_by_what_is_left() {
    let mut table = table();
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Large)]);
    film(&mut table, &[0, 1, 2], 0, &[0, 1, 2], 2);
    table.take();
    let mut seen = Vec::new();
    for number in 1..100 {
        let keys: &[usize] = if number == 80 { &[1] } else { &[] };
        seen.extend(film(&mut table, &[0, 1], number, keys, 2));
    }
    assert_eq!(table.asked()[0], (1, layer_ssrc(1), None));
    assert_eq!(seen.len(), 20);
    assert!(seen.iter().all(|(layer, _)| *layer == 1));
    assert!(table.events().is_empty(), "something flows all the time");
}

#[test]
fn what_is_lost_of_a_size_is_sent_again_in_the_numbers_of_its_receiver() {
    let mut table = table();
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Small)]);
    film(&mut table, &[0, 2], 0, &[0, 2], 2);
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Large)]);
    let seen = film(&mut table, &[0, 2], 1, &[2], 2);
    let lost = seen.iter().find(|(layer, _)| *layer == 2).unwrap().1;
    table.take();
    table.rtcp(2, &common::pictures::nack(lost.ssrc, lost.sequence_number, 0)).unwrap();
    let again = table.sent_again();
    let packet = &again[0].1;
    let view = calling_wire::RtpView::parse(packet).unwrap();
    let vp8 = calling_wire::Vp8Descriptor::parse(&view.payload()[2..]).unwrap();
    assert_eq!((view.timestamp(), vp8.picture_id), (lost.timestamp, Some(lost.picture_id)));
    assert!(vp8.starts_key_frame);
}

#[test]
fn streams_are_learned_by_mid_and_rid_once() {
    let mut table = table();
    table.watch(2, &[(1, VideoTrack::Camera, VideoSize::Large)]);
    let first = frame(2, 0).key();
    for (extensions, why) in [
        (&[][..], "neither"),
        (&[(MID, &b"1"[..])][..], "no rid"),
        (&[(RID, &b"f"[..])][..], "no mid"),
        (&[(MID, &b"2"[..]), (RID, &b"f"[..])][..], "another mid"),
        (&[(MID, &b"1"[..]), (RID, &b"x"[..])][..], "no such rid"),
        (&[(MID, &b"1"[..]), (REPAIRED_RID, &b"f"[..])][..], "the rid of what is repaired"),
    ] {
        let packet = first.with_payload(extensions, &first.payload());
        assert_eq!(table.send_bytes(1, &packet), Err(RtpDiscard::ForeignSsrc), "{why}");
    }
    assert_eq!(table.send_bytes(1, &tagged(first, "f")).unwrap().len(), 1);
    assert_eq!(table.send_bytes(1, &frame(2, 1).bytes()).unwrap().len(), 1, "known by now");
    let other = Frame { ssrc: 999, ..frame(2, 2) };
    assert_eq!(table.send_bytes(1, &tagged(other, "f")), Err(RtpDiscard::ForeignSsrc), "taken");
    // A retransmission says which layer it repairs.
    let lost = frame(2, 3);
    table.send_bytes(1, &frame(2, 4).bytes()).unwrap();
    let payload = [&lost.sequence_number.to_be_bytes()[..], &lost.payload()].concat();
    let again = Frame { ssrc: 800, payload_type: VP8_RTX, ..lost };
    let again = again.with_payload(&[(MID, b"1"), (REPAIRED_RID, b"f")], &payload);
    let sent = table.send_bytes(1, &again).unwrap();
    assert!(calling_wire::RtpView::parse(&sent[0].1).unwrap().extensions().next().is_none());
}

#[test]
fn each_size_is_reported_on() {
    let mut table = table();
    for number in 0..40 {
        film(&mut table, &[0, 1, 2], number, &[], 2);
    }
    let outputs = table.take();
    let packet = outputs.iter().find_map(|output| match output {
        calling_room::RoomOutput::Rtcp { packet, .. } => Some(packet),
        calling_room::RoomOutput::Rtp { .. }
        | calling_room::RoomOutput::UserEntered { .. }
        | calling_room::RoomOutput::UserLeft { .. }
        | calling_room::RoomOutput::AudioAvailable { .. }
        | calling_room::RoomOutput::VideoAvailable { .. }
        | calling_room::RoomOutput::Volumes { .. } => None,
    });
    let packet = packet.expect("a report");
    assert_eq!((packet[0] & 0x1f, packet[1]), (3, 201));
}
