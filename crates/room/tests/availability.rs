//! Audio is available while it really flows.

mod common;

use calling_room::{LeaveReason, RoomOutput};
use common::{Table, Voice, available, id, user};

#[test]
fn begins_with_the_first_packet_and_is_told_once() {
    let mut table = Table::open(2);
    assert_eq!(table.events(), []);
    table.speak(1, 0);
    assert_eq!(table.events(), [available(1, true)]);
    table.stream(1, 2, 1..500);
    assert_eq!(table.events(), []);
    assert!(table.room.participants().next().unwrap().audio_available);
}

#[test]
fn stops_two_seconds_after_the_last_packet() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    table.pass(1_500);
    table.speak(1, 75);
    table.events();
    table.pass(1_999);
    assert_eq!(table.events(), []);
    table.pass(1);
    assert_eq!(table.events(), [available(1, false)]);
    table.pass(60_000);
    assert_eq!(table.events(), []);
    table.speak(1, 3_000);
    assert_eq!(table.events(), [available(1, true)]);
}

#[test]
fn a_pause_in_speech_is_no_change() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    table.events();
    // DTX: a packet each 400 ms for a minute, two in a row lost now and then.
    let mut frame = 0;
    for number in 1..150_u64 {
        frame += 20;
        if number % 10 > 1 {
            let voice = Voice { timestamp: (frame * 960) as u32, ..Voice::nth(1, number) };
            table.send(1, voice).unwrap();
        }
        table.pass(400);
    }
    assert_eq!(table.events(), []);
}

#[test]
fn muting_stops_it_at_once_and_unmuting_waits_for_sound() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..5);
    table.events();
    table.room.set_muted(table.now, id(1), true).unwrap();
    assert_eq!(table.events(), [available(1, false)]);
    table.room.set_muted(table.now, id(1), true).unwrap();
    assert!(table.send(1, Voice::nth(1, 5)).is_err());
    table.pass(5_000);
    table.room.set_muted(table.now, id(1), false).unwrap();
    assert_eq!(table.events(), [], "nothing flows yet");
    table.speak(1, 6);
    assert_eq!(table.events(), [available(1, true)]);
}

#[test]
fn muting_somebody_silent_tells_nothing() {
    let mut table = Table::open(2);
    table.room.set_muted(table.now, id(1), true).unwrap();
    table.room.set_muted(table.now, id(1), false).unwrap();
    assert_eq!(table.events(), []);
}

#[test]
fn leaving_ends_it_first() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    table.events();
    table.room.leave(table.now, id(1), LeaveReason::TimedOut).unwrap();
    let reason = LeaveReason::TimedOut;
    let left = RoomOutput::UserLeft { user: user(1), participant: id(1), reason };
    assert_eq!(table.events(), [available(1, false), left]);
}

#[test]
fn each_flow_ends_at_its_own_time() {
    let mut table = Table::open(3);
    for from in 1..=3 {
        table.speak(from, 0);
        table.pass(500);
    }
    table.events();
    table.pass(500);
    assert_eq!(table.events(), [available(1, false)]);
    table.pass(500);
    assert_eq!(table.events(), [available(2, false)]);
    table.pass(500);
    assert_eq!(table.events(), [available(3, false)]);
}
