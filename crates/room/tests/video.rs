//! Pictures: who gets which, and when.

mod common;

use calling_model::{VideoSize, VideoTrack};
use calling_room::{LeaveReason, RtpDiscard, VideoPlaces, VideoTerms};
use common::pictures::{Frame, Seen, camera, camera_rtx, native_terms, screen, shown};
use common::{Table, Voice, id, streams, user};

/// Numbers up by one from packet to packet.
fn assert_unbroken(seen: &[Seen]) {
    for pair in seen.windows(2) {
        assert_eq!(pair[1].sequence_number, pair[0].sequence_number.wrapping_add(1));
        assert_eq!(pair[1].picture_id, pair[0].picture_id.wrapping_add(1) & 0x7fff);
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
    }
}

#[test]
fn a_picture_goes_to_who_asked_for_it_alone() {
    let mut table = Table::with_pictures(3);
    table.watch_camera(2, 1);
    for number in 0..10 {
        let sent = table.send_bytes(1, &Frame::nth(1, number).bytes()).unwrap();
        assert_eq!(sent.iter().map(|(to, _)| *to).collect::<Vec<_>>(), [2]);
        table.pass(33);
    }
}

#[test]
fn frames_run_on_under_the_streams_own_numbers() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let mut seen = Vec::new();
    for number in 0..100 {
        let frame = Frame {
            sequence_number: 65_500_u16.wrapping_add(number as u16),
            ..Frame::nth(1, number)
        };
        seen.push(table.film(1, frame, 2).expect("it is watched"));
        table.pass(33);
    }
    assert_unbroken(&seen);
    assert!(seen.windows(2).all(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) == 3_000));
    assert_ne!(seen[0].ssrc, camera(1));
}

#[test]
fn sound_and_pictures_of_one_sender_do_not_mix() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let voice = table.speak(1, 0);
    let seen = table.film(1, Frame::nth(1, 0), 2).unwrap();
    let shared = Frame { ssrc: screen(1), ..Frame::nth(1, 0) };
    assert_eq!(table.film(1, shared, 2), None, "the screen is not watched");
    assert_ne!(voice[0].ssrc, seen.ssrc);
    assert_eq!(voice.len(), 1);
}

#[test]
fn who_comes_to_watch_begins_with_a_key_frame() {
    let mut table = Table::with_pictures(2);
    table.film(1, Frame::nth(1, 0), 2);
    table.film(1, Frame::nth(1, 1), 2);
    table.watch_camera(2, 1);
    assert_eq!(table.asked(), [(1, camera(1), None)], "at once");
    assert_eq!(table.film(1, Frame::nth(1, 2), 2), None);
    let seen = table.film(1, Frame::nth(1, 3).key(), 2).unwrap();
    assert!(seen.is_key);
    assert!(table.film(1, Frame::nth(1, 4), 2).is_some());
}

#[test]
fn pauses_in_watching_leave_no_gap() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let mut seen: Vec<Seen> = (0..3).filter_map(|n| table.film(1, Frame::nth(1, n), 2)).collect();
    table.watch(2, &[]);
    for number in 3..40 {
        assert_eq!(table.film(1, Frame::nth(1, number), 2), None, "not watched");
        table.pass(33);
    }
    table.watch_camera(2, 1);
    table.film(1, Frame::nth(1, 40), 2);
    for number in 41..45 {
        let frame = Frame { is_key: number == 41, ..Frame::nth(1, number) };
        seen.push(table.film(1, frame, 2).expect("watched again"));
    }
    assert_unbroken(&seen);
}

#[test]
fn a_muted_picture_reaches_nobody() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let first = table.film(1, Frame::nth(1, 0), 2).unwrap();
    assert_eq!(table.events(), [shown(1, VideoTrack::Camera, true)]);
    table.room.set_video_muted(id(1), VideoTrack::Camera, true).unwrap();
    assert_eq!(table.events(), [shown(1, VideoTrack::Camera, false)]);
    for number in 1..5 {
        let sent = table.send_bytes(1, &Frame::nth(1, number).key().bytes());
        assert_eq!(sent, Err(RtpDiscard::Muted));
    }
    let shared = Frame { ssrc: screen(1), ..Frame::nth(1, 0) };
    assert!(table.send_bytes(1, &shared.bytes()).is_ok(), "the screen is not");
    table.events();
    table.room.set_video_muted(id(1), VideoTrack::Camera, false).unwrap();
    assert_eq!(table.film(1, Frame::nth(1, 5), 2), None, "no key frame");
    assert_eq!(table.asked(), [(1, camera(1), None)]);
    let next = table.film(1, Frame::nth(1, 6).key(), 2).unwrap();
    assert_unbroken(&[first, next]);
}

#[test]
fn what_flows_is_told() {
    let mut table = Table::with_pictures(2);
    table.film(1, Frame::nth(1, 0), 2);
    assert_eq!(table.events(), [shown(1, VideoTrack::Camera, true)], "watched or not");
    for number in 1..5 {
        table.pass(1_900);
        table.film(1, Frame::nth(1, number), 2);
    }
    assert_eq!(table.events(), []);
    table.pass(1_999);
    assert_eq!(table.events(), []);
    table.pass(1);
    assert_eq!(table.events(), [shown(1, VideoTrack::Camera, false)]);
    table.film(1, Frame { ssrc: screen(1), ..Frame::nth(1, 0) }, 2);
    assert_eq!(table.events(), [shown(1, VideoTrack::Screen, true)]);
    table.room.leave(table.now, id(1), LeaveReason::Left).unwrap();
    assert_eq!(table.events()[0], shown(1, VideoTrack::Screen, false));
}

#[test]
fn nothing_passes_a_closed_gate() {
    let mut table = Table::closed(2);
    table.show(1);
    table.show(2);
    table.watch_camera(2, 1);
    let sent = table.send_bytes(1, &Frame::nth(1, 0).bytes());
    assert_eq!(sent, Err(RtpDiscard::GateClosed));
}

#[test]
fn a_forged_ssrc_never_passes() {
    let mut table = Table::with_pictures(3);
    table.watch_camera(2, 1);
    table.film(1, Frame::nth(1, 0), 2);
    for ssrc in [0, camera(2), camera(3), 77, u32::MAX] {
        let forged = Frame { ssrc, ..Frame::nth(1, 1) };
        assert_eq!(table.send_bytes(1, &forged.bytes()), Err(RtpDiscard::ForeignSsrc));
    }
    // Another's stream from a connection that is not theirs.
    assert_eq!(table.send_bytes(3, &Frame::nth(1, 1).bytes()), Err(RtpDiscard::ForeignSsrc));
    let voice = Frame { payload_type: 111, ..Frame::nth(1, 1) };
    assert_eq!(table.send_bytes(1, &voice.bytes()), Err(RtpDiscard::PayloadType));
    let rtx = Frame { ssrc: camera_rtx(1), ..Frame::nth(1, 1) };
    assert_eq!(table.send_bytes(1, &rtx.bytes()), Err(RtpDiscard::PayloadType), "not as video");
    assert!(table.film(1, Frame::nth(1, 1), 2).is_some(), "the honest stream goes on");
}

#[test]
fn who_announced_no_picture_sends_none() {
    let mut table = Table::open(2);
    table.watch_camera(2, 1);
    let sent = table.send_bytes(1, &Frame::nth(1, 0).bytes());
    assert_eq!(sent, Err(RtpDiscard::ForeignSsrc));
    assert_eq!(table.speak(1, 0).len(), 1);
}

#[test]
fn a_receiver_gets_its_own_payload_type_and_no_extension() {
    let mut table = Table::with_pictures(2);
    let mut terms = native_terms(2);
    terms.formats[0].payload_type = 120;
    table.room.negotiate_video(table.now, id(2), terms).unwrap();
    table.watch_camera(2, 1);
    let frame = Frame::nth(1, 0);
    let packet = frame.with_payload(&[(5, &[1, 2, 3])], &frame.payload());
    let sent = table.send_bytes(1, &packet).unwrap();
    let view = calling_wire::RtpView::parse(&sent[0].1).unwrap();
    assert_eq!((view.payload_type(), view.extensions().count()), (120, 0));
    assert_eq!(view.payload(), frame.payload());
}

#[test]
fn what_a_receiver_cannot_decode_does_not_go_to_it() {
    let mut table = Table::with_pictures(2);
    let mut terms = native_terms(2);
    terms.formats.remove(0);
    table.room.negotiate_video(table.now, id(2), terms).unwrap();
    table.watch_camera(2, 1);
    assert_eq!(table.film(1, Frame::nth(1, 0), 2), None, "VP8");
    let h264 = Frame { payload_type: 98, ..Frame::nth(1, 1) };
    let sent = table.send_bytes(1, &h264.with_payload(&[], &[0x67, 0x42, 0, 0])).unwrap();
    assert_eq!(sent.len(), 1);
}

#[test]
fn only_what_there_is_a_place_for_comes() {
    let mut table = Table::closed(0);
    table.room.open(table.now);
    table.room.reserve(user(1), streams(1)).unwrap();
    for number in 1..=3 {
        table.join(number);
        table.show(number);
    }
    let [camera, _] = streams(1).video;
    let places = VideoPlaces::Only([camera.ssrc].into());
    let terms = VideoTerms { receives: places, ..native_terms(3) };
    table.room.negotiate_video(table.now, id(3), terms).unwrap();
    let all = [1, 2].map(|whose| (whose, VideoTrack::Camera, VideoSize::Large));
    table.watch(3, &all);
    assert!(table.film(1, Frame::nth(1, 0), 3).is_some());
    assert_eq!(table.film(2, Frame::nth(2, 0), 3), None);
}

#[test]
fn a_wish_waits_for_who_is_not_there_yet() {
    let mut table = Table::with_pictures(1);
    table.watch_camera(1, 2);
    table.join(2);
    table.show(2);
    assert!(table.film(2, Frame::nth(2, 0), 1).is_some());
    table.room.leave(table.now, id(2), LeaveReason::TimedOut).unwrap();
    table.join(2);
    table.show(2);
    assert!(table.film(2, Frame::nth(2, 0), 1).is_some(), "and outlives them");
}

#[test]
fn another_source_of_a_track_goes_on_in_the_same_stream() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    let mut seen: Vec<Seen> = (0..3).filter_map(|n| table.film(1, Frame::nth(1, n), 2)).collect();
    let mut terms = native_terms(7);
    terms.sends.remove(&VideoTrack::Screen);
    table.room.negotiate_video(table.now, id(1), terms).unwrap();
    table.pass(100);
    assert_eq!(table.send_bytes(1, &Frame::nth(1, 3).bytes()), Err(RtpDiscard::ForeignSsrc));
    for number in 0..3 {
        let frame = Frame { sequence_number: 9, picture_id: 99, ..Frame::nth(7, 0) };
        let frame = Frame {
            sequence_number: frame.sequence_number + number,
            picture_id: frame.picture_id + number,
            timestamp: 5 + u32::from(number) * 3_000,
            is_key: number == 0,
            ..frame
        };
        seen.push(table.film(1, frame, 2).expect("it is the new source"));
    }
    assert_unbroken(&seen);
    let passed = seen[3].timestamp.wrapping_sub(seen[2].timestamp);
    assert_eq!(passed, 9_000, "100 ms");
}

#[test]
fn pictures_do_not_change_what_is_told_of_sound() {
    let mut table = Table::with_pictures(2);
    table.watch_camera(2, 1);
    table.film(1, Frame::nth(1, 0), 2);
    table.send(1, Voice::nth(1, 0)).unwrap();
    let stats = table.room.participant_stats(id(1)).unwrap();
    assert_eq!((stats.packets_in, stats.packets_received), (2, 1));
    let legs: Vec<_> = table.room.video_leg_stats().collect();
    let [(from, VideoTrack::Camera, leg)] = legs.as_slice() else { panic!("{legs:?}") };
    assert_eq!((*from, leg.receiver, leg.packets_forwarded), (id(1), id(2), 1));
}
