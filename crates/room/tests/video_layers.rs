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
    assert_one_stream_of(seen, 9_000);
}

fn assert_one_stream_of(seen: &[(usize, Seen)], most_ticks: u32) {
    for pair in seen.windows(2) {
        let (before, after) = (pair[0].1, pair[1].1);
        assert_eq!(after.sequence_number, before.sequence_number.wrapping_add(1));
        assert_eq!(after.picture_id, before.picture_id.wrapping_add(1) & 0x7fff);
        assert_eq!(after.ssrc, before.ssrc);
        let ticks = after.timestamp.wrapping_sub(before.timestamp);
        assert!((1..most_ticks).contains(&ticks), "{ticks} ticks");
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

/// A sender that films on and on, and sends a key frame where it was asked for one before; what
/// receiver 2 gets of it. Times are in milliseconds from the first frame.
struct Film {
    table: Table,
    interval: u64,
    number: u64,
    /// Frames of each layer.
    sent: [u64; 3],
    /// When which layer was asked for a key frame.
    asked: Vec<(u64, usize)>,
    seen: Vec<(u64, usize, Seen)>,
}

impl Film {
    /// Receiver 2 looks at a large picture, and all sizes flow.
    fn begin(interval: u64, size: VideoSize) -> Self {
        let mut table = table();
        table.watch(2, &[(1, VideoTrack::Camera, size)]);
        let mut film =
            Self { table, interval, number: 0, sent: [0; 3], asked: vec![], seen: vec![] };
        film.roll(&[0, 1, 2], 1_000);
        film
    }

    fn now(&self) -> u64 {
        self.number * self.interval
    }

    fn roll(&mut self, layers: &[usize], ms: u64) {
        let until = self.now() + ms;
        while self.now() < until {
            let now = self.now();
            for (_, ssrc, packets) in self.table.asked() {
                assert_eq!(packets, None, "nothing is lost");
                self.asked.push((now, (ssrc - layer_ssrc(0)) as usize));
            }
            for &layer in layers {
                let last = self.asked.iter().rev().take_while(|(at, _)| *at == now);
                let is_key = self.number == 0 || last.clone().any(|(_, asked)| *asked == layer);
                let number = self.sent[layer];
                self.sent[layer] += 1;
                let frame = Frame { is_key, timestamp: (now * 90) as u32, ..frame(layer, number) };
                let sent = self
                    .table
                    .send_bytes(1, &tagged(frame, RIDS[layer]))
                    .expect("it is its sender's");
                let to_it = sent.iter().filter(|(who, _)| *who == 2);
                self.seen.extend(to_it.map(|(_, packet)| (now, layer, Seen::read(packet))));
            }
            self.number += 1;
            self.table.pass(self.interval);
        }
    }

    /// The layer of which the receiver has had pictures since `ms`, and when the first came.
    fn shown_since(&self, ms: u64) -> Vec<(u64, usize)> {
        let since = self.seen.iter().filter(|(at, ..)| *at >= ms);
        let mut runs = Vec::<(u64, usize)>::new();
        for (at, layer, _) in since {
            if runs.last().is_none_or(|(_, last)| last != layer) {
                runs.push((*at, *layer));
            }
        }
        runs
    }

    /// The longest time without a picture since `ms`.
    fn longest_freeze(&self, ms: u64) -> u64 {
        let times: Vec<u64> = self.seen.iter().map(|(at, ..)| *at).filter(|at| *at >= ms).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().expect("something is seen")
    }
}

#[test]
fn a_size_that_its_sender_drops_is_left_within_300_ms() {
    for interval in [16, 33, 40, 66, 77, 100] {
        for (left, best) in [(&[0, 1][..], 1), (&[0][..], 0)] {
            let mut film = Film::begin(interval, VideoSize::Large);
            let dropped = film.now();
            film.asked.clear();
            film.roll(left, 2_000);
            let (asked, layer) = film.asked[0];
            // A frame later than it was asked for, which is when the sender has heard of it.
            let waited = asked - interval - (dropped - interval);
            assert!(waited <= 300, "{waited} ms at a frame each {interval} ms");
            assert_eq!((layer, film.asked.len()), (best, 1), "one request, and of the best");
            assert_eq!(film.shown_since(dropped), [(asked, best)]);
            let seen: Vec<_> = film.seen.iter().map(|(_, layer, seen)| (*layer, *seen)).collect();
            assert_one_stream_of(&seen, 90 * (300 + 2 * interval as u32));
        }
    }
}

#[test]
fn a_small_size_that_its_sender_drops_is_left_for_the_next() {
    let mut film = Film::begin(33, VideoSize::Small);
    let dropped = film.now();
    film.roll(&[1, 2], 2_000);
    assert_eq!(film.shown_since(dropped)[0].1, 1);
    assert_eq!(film.shown_since(dropped).len(), 1);
}

#[test]
fn a_size_that_comes_back_is_taken_once_it_stays_and_without_a_freeze() {
    let mut film = Film::begin(33, VideoSize::Large);
    film.roll(&[0, 1], 2_000);
    let back = film.now();
    film.roll(&[0, 1, 2], 3_000);
    let shown = film.shown_since(back);
    assert_eq!(shown.iter().map(|(_, layer)| *layer).collect::<Vec<_>>(), [1, 2]);
    let waited = shown[1].0 - back;
    assert!((1_000..1_200).contains(&waited), "{waited} ms");
    assert_eq!(film.longest_freeze(back), 33);
    let seen: Vec<_> = film.seen.iter().map(|(_, layer, seen)| (*layer, *seen)).collect();
    assert_one_stream_of(&seen, 90 * 400);
}

#[test]
fn a_size_that_comes_and_goes_is_trusted_less_each_time() {
    let mut film = Film::begin(33, VideoSize::Large);
    let mut waits = Vec::new();
    for _ in 0..5 {
        film.roll(&[0, 1], 1_000);
        let back = film.now();
        film.roll(&[0, 1, 2], 9_000);
        let taken = film.shown_since(back).iter().find(|(_, layer)| *layer == 2).map(|it| it.0);
        let waited = taken.expect("it is taken in the end") - back;
        waits.push(waited / 1_000);
        assert_eq!(film.longest_freeze(back), 33);
    }
    assert_eq!(waits, [1, 2, 4, 8, 8]);
    // It behaves for a while.
    film.roll(&[0, 1, 2], 10_000);
    film.roll(&[0, 1], 1_000);
    let back = film.now();
    film.roll(&[0, 1, 2], 2_000);
    assert!(film.shown_since(back).iter().any(|(_, layer)| *layer == 2));
}

#[test]
fn a_size_that_comes_back_for_a_moment_is_not_taken() {
    let mut film = Film::begin(33, VideoSize::Large);
    film.roll(&[0, 1], 1_000);
    let began = film.now();
    for _ in 0..10 {
        film.roll(&[0, 1, 2], 500);
        film.roll(&[0, 1], 500);
    }
    assert_eq!(film.shown_since(began), [(began, 1)]);
    assert_eq!(film.longest_freeze(began), 33);
}

#[test]
fn what_is_filmed_slowly_or_stops_altogether_is_no_drop() {
    // A camera in the dark, and a screen on which nothing moves.
    for interval in [200, 500, 1_000] {
        let mut film = Film::begin(interval, VideoSize::Large);
        film.asked.clear();
        film.roll(&[0, 1, 2], 20_000);
        assert_eq!((film.shown_since(1).len(), film.asked.len()), (1, 0));
    }
    // A network that is away for a second.
    let mut film = Film::begin(33, VideoSize::Large);
    film.roll(&[], 990);
    film.roll(&[0, 1, 2], 2_000);
    assert_eq!(film.shown_since(1).len(), 1);
}

#[test]
fn a_size_of_which_a_few_frames_are_left_out_is_no_drop() {
    let mut film = Film::begin(33, VideoSize::Large);
    film.asked.clear();
    for _ in 0..30 {
        film.roll(&[0, 1], 5 * 33);
        film.roll(&[0, 1, 2], 33);
    }
    assert_eq!((film.shown_since(1).len(), film.asked.len()), (1, 0));
}

#[test]
fn a_picture_that_is_turned_off_and_on_has_all_its_sizes_at_once() {
    let mut film = Film::begin(33, VideoSize::Large);
    film.roll(&[0, 1], 1_000);
    let track = VideoTrack::Camera;
    film.table.room.set_video_muted(id(1), track, true).unwrap();
    film.roll(&[], 990);
    film.table.room.set_video_muted(id(1), track, false).unwrap();
    let on = film.now();
    film.roll(&[0, 1, 2], 500);
    assert_eq!(film.shown_since(on).last().unwrap().1, 2);
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
