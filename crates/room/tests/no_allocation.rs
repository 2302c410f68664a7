//! Forwarding allocates nothing once it has warmed up. Alone in its binary and in one test, since
//! the counter is of the whole process.

mod common;

use std::alloc::System;
use std::collections::BTreeSet;

use calling_room::{AudioSource, AudioTerms, Receives, RtpDiscard};
use common::pictures::Frame;
use common::{Table, Voice, id};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often `work` allocated or grew something.
fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

fn packets(from: u64, numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|number| Voice::nth(from, number).bytes()).collect()
}

/// A picture that is watched by ten, with the store that it is kept in.
fn pictures_allocate_nothing() {
    let mut table = Table::with_pictures(11);
    for viewer in 2..=11 {
        table.watch_camera(viewer, 1);
    }
    for number in 0..600 {
        table.film(1, Frame::nth(1, number), 2);
    }
    let frames: Vec<Vec<u8>> = (600..1_600).map(|number| Frame::nth(1, number).bytes()).collect();
    let Table { room, now, forwards, .. } = &mut table;
    let forwarding = allocations(|| {
        for frame in &frames {
            room.handle_rtp(*now, id(1), frame, forwards).expect("it is forwarded");
            assert_eq!(forwards.len(), 10);
        }
    });
    assert_eq!(forwarding, 0);
}

/// Copies of earlier frames for nine who can read them and ten who cannot.
fn copies_allocate_nothing() {
    let mut table = Table::open(20);
    for number in 1..=10 {
        table.agree_on_copies(number);
    }
    table.send_raw(1, &Voice::nth(1, 0).with_copies(2)).expect("it is forwarded");
    let packets: Vec<_> = (1..1_001).map(|number| Voice::nth(1, number).with_copies(2)).collect();
    let Table { room, now, forwards, .. } = &mut table;
    let mut copy = Vec::with_capacity(400);
    let mut lengths = [0; 2];
    let forwarding = allocations(|| {
        for packet in &packets {
            room.handle_rtp(*now, id(1), packet, forwards).expect("it is forwarded");
            assert_eq!(forwards.len(), 19);
            for forward in forwards.iter() {
                copy.clear();
                copy.extend_from_slice(forwards.packet(packet));
                forward.apply(&mut copy).expect("it is the packet that was handled");
                lengths[usize::from(forward.rewrite.is_some())] = copy.len();
            }
        }
    });
    assert_eq!(forwarding, 0);
    assert_eq!(lengths, [packets[0].len(), Voice::nth(1, 0).bytes().len()]);
}

#[test]
fn a_forwarded_packet_and_a_discarded_packet_allocate_nothing() {
    assert!(allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))) > 0, "the counter counts");

    let mut table = Table::open(50);
    for from in 1..=50 {
        table.speak(from, 0);
    }
    table.take();
    let honest = packets(7, 1..2_001);
    let flood: Vec<Vec<u8>> = (0..2_000_u32)
        .map(|number| Voice { ssrc: number * 99_991, ..Voice::nth(8, 1) }.bytes())
        .collect();

    let Table { room, now, forwards, .. } = &mut table;
    let forwarding = allocations(|| {
        for packet in &honest {
            room.handle_rtp(*now, id(7), packet, forwards).expect("it is forwarded");
            assert_eq!(forwards.len(), 49);
            assert_eq!(room.handle_rtp(*now, id(7), packet, forwards), Err(RtpDiscard::Duplicate));
        }
    });
    assert_eq!(forwarding, 0);

    // A flood of SSRCs leaves no state behind: not one byte.
    let flooding = allocations(|| {
        for packet in &flood {
            let handled = room.handle_rtp(*now, id(8), packet, forwards);
            assert_eq!(handled, Err(RtpDiscard::ForeignSsrc));
            let _ = room.handle_rtp(*now, id(9), &packet[..11], forwards);
        }
    });
    assert_eq!(flooding, 0);
    assert_eq!(room.stats().discards.rtp(RtpDiscard::ForeignSsrc), 2_000);

    // Nor is anything needed to write headers anew for browsers.
    let all: BTreeSet<u32> = room.participants().map(|it| it.audio_ssrc).collect();
    let browser = |number: u64| AudioTerms {
        payload_type: 96,
        red_payload_type: None,
        audio_level_id: Some(2),
        source: AudioSource::Ssrc(common::ssrc(number)),
        receives: Receives::Only(all.clone()),
    };
    for number in 10..20 {
        room.negotiate(id(number), browser(number)).expect("it is in the room");
    }
    let more = packets(7, 2_001..3_001);
    let mut copy = Vec::with_capacity(200);
    let rewriting = allocations(|| {
        for packet in &more {
            room.handle_rtp(*now, id(7), packet, forwards).expect("it is forwarded");
            assert_eq!(forwards.iter().filter(|it| it.rewrite.is_some()).count(), 10);
            for forward in forwards.iter() {
                copy.clear();
                copy.extend_from_slice(packet);
                forward.apply(&mut copy).expect("it is the packet that was handled");
            }
        }
    });
    assert_eq!(rewriting, 0);

    pictures_allocate_nothing();
    copies_allocate_nothing();

    // Nor do feedback and reports on unknown streams.
    let rtcp = [[0x81, 205, 0, 3].as_slice(), &[7; 12], &[0x81, 201, 0, 7], &[9; 28]].concat();
    let control = allocations(|| {
        for _ in 0..1_000 {
            room.handle_rtcp(*now, id(9), &rtcp).expect("it is well formed");
        }
    });
    assert_eq!(control, 0);
}
