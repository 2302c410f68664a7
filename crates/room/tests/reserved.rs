//! Streams that are agreed on before whose they are is in the room.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use calling_room::{
    AudioTerms, LeaveReason, Receives, ReserveError, RoomConfig, RoomOutput, Streams,
};
use common::{Table, id, ssrc, streams, user};

fn entered(table: &mut Table) -> Streams {
    let told = table.events().into_iter().find_map(|output| match output {
        RoomOutput::UserEntered { audio_ssrc, video, .. } => {
            Some(Streams { audio: audio_ssrc, video })
        }
        RoomOutput::Rtcp { .. }
        | RoomOutput::Rtp { .. }
        | RoomOutput::UserLeft { .. }
        | RoomOutput::AudioAvailable { .. }
        | RoomOutput::VideoAvailable { .. }
        | RoomOutput::Volumes { .. } => None,
    });
    told.expect("somebody entered")
}

#[test]
fn who_was_expected_is_heard_from_the_first_packet_on() {
    let mut table = Table::closed(0);
    table.room.reserve(user(2), streams(2)).unwrap();
    let places = Receives::Only([streams(2).audio].into());
    let terms =
        AudioTerms { receives: places, ..AudioTerms::native(&RoomConfig::default(), ssrc(1)) };
    table.room.join_with(table.now, id(1), user(1), terms).unwrap();
    table.room.open(table.now);
    table.take();
    table.join(2);
    assert_eq!(entered(&mut table), streams(2));
    let forwards = table.speak(2, 1);
    assert_eq!(forwards.len(), 1);
    assert_eq!((forwards[0].to, forwards[0].ssrc), (id(1), streams(2).audio));
    table.join(3);
    let heard: Vec<_> = table.speak(3, 1).iter().map(|it| it.to).collect();
    assert_eq!(heard, [id(2)], "who was not expected has no place");
}

/// Two numberings under one SSRC would use an index of SRTP twice under one key.
#[test]
fn who_comes_again_does_so_under_other_ssrcs() {
    let mut table = Table::closed(0);
    table.room.open(table.now);
    table.room.reserve(user(1), streams(1)).unwrap();
    table.join(1);
    assert_eq!(entered(&mut table), streams(1));
    table.room.leave(table.now, id(1), LeaveReason::TimedOut).unwrap();
    table.join(1);
    let before: BTreeSet<u32> = streams(1).ssrcs().collect();
    assert!(entered(&mut table).ssrcs().all(|ssrc| !before.contains(&ssrc)));
}

#[test]
fn two_devices_of_one_user_do_not_share_streams() {
    let mut table = Table::closed(0);
    table.room.open(table.now);
    table.room.reserve(user(1), streams(1)).unwrap();
    table.join(1);
    table.take();
    table.room.join(table.now, id(7), user(1), ssrc(7)).unwrap();
    let first: BTreeSet<u32> = streams(1).ssrcs().collect();
    assert!(entered(&mut table).ssrcs().all(|ssrc| !first.contains(&ssrc)));
}

#[test]
fn nothing_is_reserved_twice() {
    let mut table = Table::closed(0);
    table.room.reserve(user(1), streams(1)).unwrap();
    assert_eq!(table.room.reserve(user(1), streams(2)), Err(ReserveError::Repeated));
    assert_eq!(table.room.reserve(user(2), streams(1)), Err(ReserveError::Taken));
    let same = Streams::drawn(|| 5);
    assert_eq!(table.room.reserve(user(2), same), Err(ReserveError::Taken));
    let none = Streams::drawn(|| 0);
    assert_eq!(table.room.reserve(user(2), none), Err(ReserveError::Taken));
    table.join(2);
    let used = table.stream_of(2);
    let mut next = used - 1;
    let overlapping = Streams::drawn(|| {
        next += 1;
        next
    });
    assert_eq!(table.room.reserve(user(3), overlapping), Err(ReserveError::Taken));
}

#[test]
fn no_more_is_reserved_than_the_room_holds() {
    let config = RoomConfig { max_participants: 2, ..RoomConfig::default() };
    let mut table = Table::with(config, 0);
    table.room.reserve(user(1), streams(1)).unwrap();
    table.room.reserve(user(2), streams(2)).unwrap();
    assert_eq!(table.room.reserve(user(3), streams(3)), Err(ReserveError::Full));
}

#[test]
fn an_ssrc_that_somebody_announces_for_themselves_is_not_used_for_another() {
    let mut table = Table::closed(0);
    table.room.open(table.now);
    table.room.reserve(user(1), streams(1)).unwrap();
    table.room.join(table.now, id(2), user(2), streams(1).audio).unwrap();
    table.take();
    table.join(1);
    assert_ne!(table.stream_of(1), streams(1).audio);
    assert_ne!(entered(&mut table), streams(1));
}
