//! Feedback of a server with real clients, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_transport::fuzz::read_feedback;
use common::rtp;
use common::world::World;

const ID: u8 = 3;

/// A packet with a transport-wide number.
fn numbered(number: u16) -> Vec<u8> {
    let mut packet = rtp(7, number, &[]);
    packet[0] |= 0x10;
    packet.extend([0xbe, 0xde, 0, 1, ID << 4 | 1]);
    packet.extend(number.to_be_bytes());
    packet.extend([0; 5]);
    packet
}

/// The transport-wide numbers that the client was told of, and whether each came.
fn told(world: &World) -> Vec<(u16, bool)> {
    let datagrams = world.clients[0].received_rtcp.iter();
    let told = datagrams.flat_map(|datagram| read_feedback(datagram)).flatten();
    told.map(|it| (it.sequence_number, it.ticks.is_some())).collect()
}

#[test]
fn a_client_that_wants_it_is_told_of_its_packets() {
    let mut world = World::connected(1);
    let id = world.clients[0].id;
    world.server.set_feedback(id, Some(ID));
    for number in [1, 2, 4] {
        let now = world.now;
        world.clients[0].send_rtp(now, numbered(number));
        world.run_for(10);
    }
    world.run_for(200);
    assert_eq!(told(&world), [(1, true), (2, true), (3, false), (4, true)]);
    assert_eq!(world.clients[0].received_rtcp.len(), 1);
    world.run_for(2_000);
    assert_eq!(world.clients[0].received_rtcp.len(), 1, "nothing came since");
}

#[test]
fn who_does_not_want_it_is_told_nothing() {
    let mut world = World::connected(1);
    let id = world.clients[0].id;
    for (number, wants) in [(1, false), (2, true), (3, false)] {
        world.server.set_feedback(id, wants.then_some(ID));
        let before = world.clients[0].received_rtcp.len();
        let now = world.now;
        world.clients[0].send_rtp(now, numbered(number));
        world.run_for(300);
        assert_eq!(world.clients[0].received_rtcp.len() - before, usize::from(wants));
    }
}

#[test]
fn a_client_that_cannot_be_reached_is_told_nothing_and_nothing_spins() {
    let mut world = World::connected(1);
    let id = world.clients[0].id;
    world.server.set_feedback(id, Some(ID));
    let now = world.now;
    world.clients[0].send_rtp(now, numbered(1));
    world.clients[0].check_at = None;
    world.run_for(10_000);
    assert!(world.closed(id).is_some());
    assert_eq!(world.server.poll_timeout(), None);
}

/// Attack group 23: numbers that leap make no more feedback than a path carries anyway.
#[test]
fn leaping_numbers_are_no_amplification() {
    let mut world = World::connected(1);
    let id = world.clients[0].id;
    world.server.set_feedback(id, Some(ID));
    let (mut sent, mut number) = (0, 0_u16);
    for round in 0..2_000_u16 {
        number = number.wrapping_add([1_023, 0x7fff, 13, 2_000][usize::from(round % 4)]);
        let now = world.now;
        let mut packet = numbered(number);
        packet[2..4].copy_from_slice(&round.to_be_bytes());
        sent += packet.len();
        world.clients[0].send_rtp(now, packet);
        world.run_for(1);
    }
    world.run_for(1_000);
    let told: usize = world.clients[0].received_rtcp.iter().map(Vec::len).sum();
    assert!(told > 0 && told * 2 < sent, "{told} bytes for {sent}");
    let seconds = Duration::from_millis(3_000).as_secs() as usize;
    assert!(world.clients[0].received_rtcp.len() <= 21 * seconds);
}

#[test]
fn packets_that_are_not_told_of_are_in_the_figures() {
    let mut world = World::connected(1);
    let id = world.clients[0].id;
    world.server.set_feedback(id, Some(ID));
    for (round, number) in (1..).zip([1_u16, 2, 2, 2_000, 1]) {
        let mut packet = numbered(number);
        packet[2..4].copy_from_slice(&u16::to_be_bytes(round));
        let now = world.now;
        world.clients[0].send_rtp(now, packet);
        world.run_for(1);
    }
    world.run_for(20);
    let unreported = world.server.stats().unreported;
    assert_eq!((unreported.duplicate, unreported.overrun, unreported.too_old), (1, 2, 1));
}
