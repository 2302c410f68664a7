//! What the media path allocates for a packet, counted by the allocator itself. One test, since
//! the counter is the process's own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the world has more than is needed here")]

#[path = "plane/world.rs"]
mod world;

use std::alloc::System;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use self::world::{World, room};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_packet_is_forwarded_without_allocating() {
    let mut world = World::new(3);
    world.plane.open_gate(world.now, room(1));
    world.connect_all();
    for _ in 0..200 {
        world.say(0);
        world.pass(Duration::from_millis(20));
    }
    world.plane.keep_sent(false);
    // 2,000 packets at one instant: no timer runs, so all that is counted is the packets' own.
    let mut packets: Vec<_> = (0..2_000).map(|_| world.packet(0).unwrap()).collect();
    let before = world.plane.figures().forwarded;
    let region = Region::new(ALLOCATOR);
    for (source, packet) in &mut packets {
        world.plane.receive(world.now, *source, packet);
    }
    let change = region.change();
    assert_eq!(world.plane.figures().forwarded - before, 4_000);
    assert_eq!((change.allocations, change.reallocations), (0, 0));
}
