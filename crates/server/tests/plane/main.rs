//! The media path in virtual time: real ICE, DTLS and SRTP, no sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::time::Duration;

use self::world::{World, room};

/// `sound` as many packets, one each 20 ms.
fn say(world: &mut World, from: usize, packets: u32) {
    for _ in 0..packets {
        world.say(from);
        world.pass(Duration::from_millis(20));
    }
}

#[test]
fn nothing_passes_a_closed_gate() {
    let mut world = World::new(2);
    world.connect_all();
    say(&mut world, 0, 10);
    say(&mut world, 1, 10);
    let figures = world.plane.figures();
    assert_eq!((figures.forwarded, figures.gated), (0, 20));
    assert_eq!((world.heard(0), world.heard(1)), (0, 0));
    world.plane.open_gate(world.now, room(1));
    say(&mut world, 0, 10);
    assert_eq!((world.heard(0), world.heard(1)), (0, 10));
}

#[test]
fn a_gate_opened_before_anybody_came_is_open() {
    let mut world = World::new(2);
    world.plane.open_gate(world.now, room(1));
    world.connect_all();
    say(&mut world, 0, 3);
    assert_eq!(world.heard(1), 3);
}

#[test]
fn who_entered_and_who_is_heard_is_told() {
    let mut world = World::new(2);
    world.connect_all();
    let events = world.plane.take_events();
    assert_eq!(events, ["1 connected", "2 connected"], "before the gate is open");
    world.plane.open_gate(world.now, room(1));
    assert_eq!(world.plane.take_events(), ["1 entered", "2 entered"]);
    say(&mut world, 0, 30);
    let events = world.plane.take_events();
    assert!(events.contains(&"1 audio true".to_owned()), "{events:?}");
    assert!(events.contains(&"volumes".to_owned()), "{events:?}");
}

#[test]
fn the_muted_are_not_heard() {
    let mut world = World::new(2);
    // Before it is even connected.
    world.plane.open_gate(world.now, room(1));
    world.open(0);
    world.plane.set_muted(world.now, 1, true);
    world.connect_all();
    say(&mut world, 0, 5);
    assert_eq!(world.heard(1), 0);
    world.plane.set_muted(world.now, 1, false);
    say(&mut world, 0, 5);
    assert_eq!(world.heard(1), 5);
}

#[test]
fn who_left_neither_hears_nor_is_heard() {
    let mut world = World::new(3);
    world.plane.open_gate(world.now, room(1));
    world.connect_all();
    say(&mut world, 0, 5);
    world.plane.disconnect(world.now, 2);
    say(&mut world, 0, 5);
    say(&mut world, 1, 5);
    assert_eq!((world.heard(0), world.heard(1), world.heard(2)), (0, 5, 10));
}

#[test]
fn a_closed_room_is_silent_and_wants_no_waking() {
    let mut world = World::new(2);
    world.plane.open_gate(world.now, room(1));
    world.connect_all();
    world.plane.close_room(world.now, room(1));
    say(&mut world, 0, 5);
    assert_eq!(world.heard(1), 0);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.plane.poll_timeout(), None);
}

#[test]
fn who_falls_silent_is_closed_after_four_seconds() {
    let mut world = World::new(2);
    world.plane.open_gate(world.now, room(1));
    world.connect_all();
    world.plane.take_events();
    world.silence(1);
    world.pass(Duration::from_millis(3_900));
    assert!(!world.plane.take_events().contains(&"2 consent_lost".to_owned()));
    world.pass(Duration::from_millis(200));
    assert!(world.plane.take_events().contains(&"2 consent_lost".to_owned()));
    say(&mut world, 0, 5);
    assert_eq!(world.plane.figures().discarded, 0, "the other one is not harmed");
}

#[test]
fn who_never_shakes_hands_is_closed() {
    let mut world = World::new(1);
    world.open(0);
    world.silence(0);
    world.pass(Duration::from_secs(31));
    assert_eq!(world.plane.take_events(), ["1 handshake_timeout"]);
}

#[test]
fn rooms_do_not_hear_each_other() {
    let mut world = World::in_rooms(&[1, 1, 2, 2]);
    world.plane.open_gate(world.now, room(1));
    world.plane.open_gate(world.now, room(2));
    world.connect_all();
    say(&mut world, 0, 5);
    assert_eq!(world.heard(1), 5);
    assert_eq!((world.heard(2), world.heard(3)), (0, 0));
}

/// What a deadline leads to must come out even if nothing but noise arrives.
#[test]
fn a_connection_that_expires_with_a_strangers_datagram_is_told() {
    let mut world = World::new(1);
    world.plane.open_gate(world.now, room(1));
    world.connect_all();
    world.plane.take_events();
    world.now += Duration::from_secs(5);
    let stranger = "203.0.113.9:9".parse().unwrap();
    world.plane.receive(world.now, stranger, &mut [0x80; 40]);
    assert_eq!(world.plane.take_events(), ["1 consent_lost"]);
}
