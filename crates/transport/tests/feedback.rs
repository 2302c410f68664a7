//! What senders are told of their packets, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use calling_transport::TransportFeedback;
use calling_transport::fuzz::{Told, read_feedback};
use calling_wire::{RtcpPackets, TransportArrivals};
use common::at;
use proptest::prelude::*;
use rtcp::transport_feedbacks::transport_layer_cc::{PacketStatusChunk, TransportLayerCc};
use webrtc_util::Unmarshal;

const SSRC: u32 = 0x1111;

fn feedback() -> TransportFeedback {
    TransportFeedback::new(3, 0x5eed)
}

/// Everything told at a moment.
fn told_at(feedback: &mut TransportFeedback, ms: u64) -> Vec<Told> {
    let (mut datagram, mut told) = (Vec::new(), Vec::new());
    while feedback.write(at(ms), &mut datagram) {
        told.extend(read_feedback(&datagram).into_iter().flatten());
    }
    told
}

fn came(sequence_number: u16, ms: u32) -> Told {
    Told { sequence_number, ticks: Some(ms * 4) }
}

fn lost(sequence_number: u16) -> Told {
    Told { sequence_number, ticks: None }
}

#[test]
fn what_came_and_what_did_not_is_told() {
    let mut feedback = feedback();
    for (ms, number) in [(0, 10), (5, 11), (30, 14), (31, 13)] {
        feedback.record(at(ms), SSRC, number);
    }
    assert_eq!(
        told_at(&mut feedback, 100),
        [came(10, 0), came(11, 5), lost(12), came(13, 31), came(14, 30)]
    );
    assert_eq!(feedback.due(), None);
    assert!(told_at(&mut feedback, 1_000).is_empty(), "nothing came since");
}

#[test]
fn few_packets_wait_longer_than_many() {
    let mut feedback = feedback();
    assert_eq!(feedback.due(), None);
    feedback.record(at(7), SSRC, 1);
    assert_eq!(feedback.due(), Some(at(107)));
    for number in 2..=15 {
        feedback.record(at(20), SSRC, number);
    }
    assert_eq!(feedback.due(), Some(at(107)));
    feedback.record(at(20), SSRC, 16);
    assert_eq!(feedback.due(), Some(at(57)));
    let mut datagram = vec![9];
    assert!(!feedback.write(at(56), &mut datagram));
    assert_eq!(datagram, [9], "it is not touched");
    for number in 17..=256 {
        feedback.record(at(21), SSRC, number);
    }
    assert_eq!(feedback.due(), Some(at(7)), "at once");
}

#[test]
fn what_comes_after_it_was_told_as_lost_is_told_once_more() {
    let mut feedback = feedback();
    for number in [1, 2, 5, 6, 8] {
        feedback.record(at(0), SSRC, number);
    }
    told_at(&mut feedback, 100);
    for (ms, number) in [(101, 9), (102, 7), (103, 3), (104, 4), (105, 3), (106, 6)] {
        feedback.record(at(ms), SSRC, number);
    }
    assert_eq!(
        told_at(&mut feedback, 250),
        [came(3, 103), came(4, 104), came(7, 102), came(9, 101)]
    );
    assert_eq!(feedback.due(), None);
}

#[test]
fn numbers_wrap() {
    let mut feedback = feedback();
    for number in [65_534, 1, 65_535] {
        feedback.record(at(1), SSRC, number);
    }
    assert_eq!(
        told_at(&mut feedback, 101),
        [came(65_534, 0), came(65_535, 0), lost(0), came(1, 0)]
    );
    feedback.record(at(102), SSRC, 0);
    assert_eq!(told_at(&mut feedback, 300), [came(0, 101)]);
}

#[test]
fn a_time_that_does_not_fit_begins_another_packet() {
    let mut feedback = feedback();
    feedback.record(at(0), SSRC, 1);
    // 32,767 quarters of a millisecond fit, and no more.
    feedback.record(at(0) + Duration::from_micros(32_767 * 250), SSRC, 2);
    feedback.record(at(0) + Duration::from_micros((32_767 + 32_768) * 250), SSRC, 4);
    let mut datagram = Vec::new();
    assert!(feedback.write(at(20_000), &mut datagram));
    let told = |number, ticks| Told { sequence_number: number, ticks: Some(ticks) };
    assert_eq!(
        read_feedback(&datagram),
        [vec![told(1, 0), told(2, 32_767)], vec![lost(3), told(4, 65_535)]]
    );
    assert!(!feedback.write(at(20_000), &mut datagram));
}

#[test]
fn a_long_run_of_anything_is_short() {
    let mut feedback = feedback();
    for number in 0..200 {
        feedback.record(at(0), SSRC, number);
    }
    feedback.record(at(0), SSRC, 900);
    let mut datagram = Vec::new();
    assert!(feedback.write(at(100), &mut datagram));
    // The report, the head, three chunks, and a byte for each that came.
    assert_eq!(datagram.len(), (8 + 20 + 3 * 2 + 201_usize).next_multiple_of(4));
    assert_eq!(read_feedback(&datagram)[0].len(), 901);
}

#[test]
fn a_flood_is_told_in_datagrams_that_pass_every_path() {
    let mut feedback = feedback();
    // Each takes two bytes of time.
    for number in 0..1_000_u16 {
        feedback.record(at(u64::from(number % 2) * 900), SSRC, number);
    }
    let (mut datagram, mut told, mut datagrams) = (Vec::new(), 0, 0);
    while feedback.write(at(3_000), &mut datagram) {
        datagrams += 1;
        told += read_feedback(&datagram).iter().flatten().filter(|it| it.ticks.is_some()).count();
    }
    assert_eq!((datagrams, told), (2, 1_000));
}

/// Draft section 3.1, and what libwebrtc asks for: the media SSRC is one of the sender's.
#[test]
fn the_head_names_both_ends_and_counts() {
    let mut feedback = feedback();
    for count in 0..300_u16 {
        feedback.record(at(u64::from(count) * 100), SSRC, count);
        let mut datagram = Vec::new();
        assert!(feedback.write(at(u64::from(count) * 100 + 100), &mut datagram));
        let packet = TransportLayerCc::unmarshal(&mut &datagram[8..]).unwrap();
        assert_eq!((packet.sender_ssrc, packet.media_ssrc), (0x5eed, SSRC));
        assert_eq!((packet.base_sequence_number, packet.packet_status_count), (count, 1));
        assert_eq!(u16::from(packet.fb_pkt_count), count % 256);
        assert_eq!(packet.reference_time, u32::from(count) * 100 / 64);
        let PacketStatusChunk::RunLengthChunk(run) = &packet.packet_chunks[0] else {
            panic!("{packet:?}")
        };
        assert_eq!(run.run_length, 1);
        let delta = i64::from(count) * 100_000 - i64::from(packet.reference_time) * 64_000;
        assert_eq!(packet.recv_deltas[0].delta, delta);
    }
}

#[test]
fn a_sender_that_counts_anew_is_told_of_again() {
    let mut feedback = feedback();
    feedback.record(at(0), SSRC, 20_000);
    told_at(&mut feedback, 100);
    // Some strays are no change of mind.
    for number in 0..15 {
        feedback.record(at(101), SSRC, number);
    }
    feedback.record(at(102), SSRC, 20_001);
    assert_eq!(told_at(&mut feedback, 300), [came(20_001, 102)]);
    for number in 0..20 {
        feedback.record(at(301), SSRC, number);
    }
    assert_eq!(told_at(&mut feedback, 500).len(), 5);
    // A leap ahead is a new beginning, too: a second of silence is not worth its report.
    feedback.record(at(501), SSRC, 9_000);
    assert_eq!(told_at(&mut feedback, 700), [came(9_000, 501)]);
}

#[test]
fn what_cannot_be_told_is_forgotten() {
    let mut feedback = feedback();
    for number in [5, 6, 9] {
        feedback.record(at(0), SSRC, number);
    }
    feedback.forget();
    assert_eq!(feedback.due(), None);
    feedback.record(at(1), SSRC, 10);
    assert_eq!(told_at(&mut feedback, 200), [came(10, 1)]);
}

#[test]
fn only_packets_with_the_number_count() {
    let mut feedback = feedback();
    let packet = |id: u8, len: u8| {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x11, 0x11, 0xbe, 0xde, 0, 1];
        packet.extend([id << 4 | (len - 1), 0xab, 0xcd, 0]);
        packet
    };
    for (id, len) in [(4, 2), (3, 1), (3, 3)] {
        feedback.observe(at(0), &packet(id, len));
        assert_eq!(feedback.due(), None);
    }
    feedback.observe(at(0), &packet(3, 2)[..15]);
    assert_eq!(feedback.due(), None);
    feedback.observe(at(0), &packet(3, 2));
    assert_eq!(told_at(&mut feedback, 100), [came(0xabcd, 0)]);
    feedback.set_extension_id(4);
    feedback.observe(at(200), &packet(3, 2));
    assert_eq!(feedback.due(), None);
}

/// A packet of a sender: the time since the one before in microseconds, how far it is held back by
/// the network, and what becomes of it.
fn packets() -> impl Strategy<Value = Vec<(u64, u64, u8)>> {
    let apart = prop_oneof![8 => 0_u64..9_000, 2 => Just(0), 1 => 0_u64..9_000_000];
    let held = prop_oneof![6 => Just(0), 3 => 0_u64..80_000, 1 => 0_u64..400_000];
    prop::collection::vec((apart, held, 0_u8..10), 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whoever estimates by it reads what was written.
    #[test]
    fn feedback_that_is_written_is_read(
        first in any::<u16>(),
        steps in proptest::collection::vec((1_u16..60, 0_u64..300), 1..200),
    ) {
        let (mut feedback, mut datagram) = (feedback(), Vec::new());
        let (mut number, mut ms) = (first, 0);
        for (gap, apart) in steps {
            feedback.record(at(ms), SSRC, number);
            number = number.wrapping_add(gap);
            ms += apart;
        }
        while feedback.write(at(ms + 100), &mut datagram) {
            let packets = RtcpPackets::new(&datagram).map(Result::unwrap);
            let read = packets.filter_map(|packet| TransportArrivals::parse(&packet).ok());
            let read: Vec<Vec<_>> = read.map(|arrivals| arrivals.packets().map(|packet| Told {
                sequence_number: packet.sequence_number,
                ticks: packet.ticks.map(|ticks| (arrivals.reference << 8).wrapping_add_signed(ticks)),
            }).collect()).collect();
            prop_assert_eq!(read, read_feedback(&datagram));
        }
    }

    /// Whatever is lost, doubled or comes out of order: of every packet up to the newest it is told
    /// once that it came, and when to 250 µs, or that it did not; and twice only of one that came
    /// after that.
    #[test]
    fn every_packet_is_told_of_once(first in any::<u16>(), packets in packets()) {
        let mut arrivals = Vec::new();
        let mut sent = 0;
        for (number, (apart, held, fate)) in packets.iter().enumerate() {
            sent += apart;
            let copies = match fate { 0 | 1 => 0, 2 => 2, _ => 1 };
            arrivals.extend((0..copies).map(|copy| (sent + held + copy * 300, number)));
        }
        arrivals.sort_by_key(|(micros, _)| *micros);
        prop_assume!(!arrivals.is_empty());
        // What the network holds back for more than a window is another matter.
        let newest_before: Vec<usize> = arrivals.iter().scan(0, |newest, (_, number)| {
            *newest = (*newest).max(*number);
            Some(*newest)
        }).collect();
        prop_assume!(arrivals.iter().zip(&newest_before).all(|((_, it), newest)| newest - it < 1_000));

        let mut feedback = feedback();
        let begin = arrivals[0].0;
        let mut datagram = Vec::new();
        let (mut told_came, mut told_lost) = (BTreeMap::new(), BTreeMap::new());
        let mut truth = BTreeMap::new();
        let mut tell = |feedback: &mut TransportFeedback, now| {
            while feedback.write(now, &mut datagram) {
                for told in read_feedback(&datagram).into_iter().flatten() {
                    let number = told.sequence_number.wrapping_sub(first);
                    match told.ticks {
                        Some(ticks) => assert_eq!(told_came.insert(number, ticks), None, "told twice"),
                        None => assert_eq!(told_lost.insert(number, ()), None, "told twice"),
                    }
                }
            }
        };
        let instant = |micros: u64| at(0) + Duration::from_micros(micros);
        for (micros, number) in &arrivals {
            while let Some(due) = feedback.due().filter(|due| *due < instant(*micros)) {
                tell(&mut feedback, due);
            }
            truth.entry(*number as u16).or_insert(((micros - begin) / 250) as u32);
            feedback.record(instant(*micros), SSRC, first.wrapping_add(*number as u16));
        }
        while let Some(due) = feedback.due() {
            tell(&mut feedback, due);
        }
        prop_assert_eq!(&told_came, &truth);
        let oldest = arrivals[0].1 as u16;
        let newest = *newest_before.last().unwrap() as u16;
        for number in oldest..=newest {
            let is_known = told_came.contains_key(&number) || told_lost.contains_key(&number);
            prop_assert!(is_known, "nothing is told of {}", number);
        }
    }
}

/// Everything counted as not told since the last time, by reason.
fn unreported(feedback: &mut TransportFeedback) -> BTreeMap<&'static str, u64> {
    feedback.take_unreported().by_reason().into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn what_is_not_told_is_counted_by_its_reason() {
    let mut feedback = feedback();
    for number in [0, 1, 1, 1] {
        feedback.record(at(0), SSRC, number);
    }
    assert_eq!(unreported(&mut feedback), [("duplicate", 2)].into());
    assert_eq!(unreported(&mut feedback), [].into(), "each is counted once");
    told_at(&mut feedback, 100);
    // Nothing is told in time of three, and a window later they are out of it.
    for number in [2, 3, 4, 2_000, 2_001] {
        feedback.record(at(101), SSRC, number);
    }
    assert_eq!(unreported(&mut feedback), [("overrun", 3)].into(), "the sender counts anew");
    for number in (2_002..).step_by(3).take(342) {
        feedback.record(at(102), SSRC, number);
    }
    assert_eq!(unreported(&mut feedback), [("overrun", 2)].into(), "newer ones took their places");
    // Older than the window: a stray, until there are many.
    for number in 0..15 {
        feedback.record(at(103), SSRC, number);
    }
    assert_eq!(unreported(&mut feedback), [("too_old", 15)].into());
    feedback.forget();
    assert_eq!(unreported(&mut feedback), [("no_path", 342)].into());
    feedback.forget();
    assert_eq!(unreported(&mut feedback), [].into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever numbers come and whenever is told: each packet is told of as received, or counted.
    #[test]
    fn every_packet_is_told_of_or_counted(
        steps in prop::collection::vec((0_u16..3_000, 1_u16..400, 0_u64..60, 0_u8..20), 1..40),
    ) {
        let mut feedback = feedback();
        let (mut number, mut now, mut recorded, mut told, mut counted) = (0_u16, 0, 0, 0, 0);
        let heard = |told: &[Told]| told.iter().filter(|it| it.ticks.is_some()).count() as u64;
        for (leap, burst, wait, fate) in steps {
            number = number.wrapping_add(leap);
            for step in 0..burst {
                let of = if fate == 1 && step % 5 == 0 { number.wrapping_sub(2) } else { number };
                feedback.record(at(now), SSRC, of);
                recorded += 1;
                number = number.wrapping_add(1);
            }
            now += wait;
            told += heard(&told_at(&mut feedback, now));
            if fate == 0 {
                feedback.forget();
            }
            counted += feedback.take_unreported().by_reason().iter().map(|it| it.1).sum::<u64>();
        }
        told += heard(&told_at(&mut feedback, now + 1_000));
        counted += feedback.take_unreported().by_reason().iter().map(|it| it.1).sum::<u64>();
        prop_assert_eq!(told + counted, recorded);
    }
}
