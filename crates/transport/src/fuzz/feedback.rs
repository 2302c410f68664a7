use std::collections::BTreeMap;
use std::time::Duration;

use calling_wire::{RtcpPackets, packet_type};

use super::epoch;
use crate::TransportFeedback;

const EXTENSION_ID: u8 = 3;
/// Bytes of a datagram before it is protected, at most.
const LONGEST: usize = 1_100;

/// What feedback says of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its transport-wide number.
    pub sequence_number: u16,
    /// When it came, in 250 µs modulo 2^32; `None` if it did not.
    pub ticks: Option<u32>,
}

/// Packets that come as `data` says, told of as they are due.
///
/// Four bytes are a step: a choice, a number, and a time. It is told of packets that came and of no
/// others, once, and when they came is right.
///
/// # Panics
/// If one of these is broken.
pub fn feedback(data: &[u8]) {
    let (mut now, mut newest) = (epoch(), 0_u16);
    let mut feedback = TransportFeedback::new(EXTENSION_ID, 1);
    let mut origin = None;
    // Of each number the times at which it came and that were not told.
    let mut came = BTreeMap::<u16, Vec<u32>>::new();
    for [choice, high, low, time] in data.as_chunks::<4>().0 {
        now += Duration::from_micros((u64::from(*time) * 77) << (choice >> 4));
        let number = u16::from_be_bytes([*high, *low]);
        newest = match choice % 4 {
            0 => newest.wrapping_add(1),
            1 => newest.wrapping_add(number % 40),
            2 => newest.wrapping_sub(number % 40),
            _ => number,
        };
        let origin = *origin.get_or_insert(now);
        let ticks = (now - origin).as_micros() / 250;
        came.entry(newest).or_default().push(ticks as u32);
        feedback.record(now, 7, newest);
        let mut datagram = Vec::new();
        while feedback.write(now, &mut datagram) {
            for told in read_feedback(&datagram).into_iter().flatten() {
                let Some(ticks) = told.ticks else { continue };
                let times = came.get_mut(&told.sequence_number).expect("it came");
                let at = times.iter().position(|it| *it == ticks).expect("it came then");
                times.swap_remove(at);
            }
        }
        assert!(feedback.due().is_none_or(|due| due > now), "it is due after it was told");
    }
}

/// Reads a datagram of transport-wide feedback: of each packet in it what it says, in order.
///
/// # Panics
/// If it is not as the draft has it.
pub fn read_feedback(datagram: &[u8]) -> Vec<Vec<Told>> {
    assert!(datagram.len() <= LONGEST, "{} bytes", datagram.len());
    let packets: Result<Vec<_>, _> = RtcpPackets::new(datagram).collect();
    let packets = packets.expect("it is a compound");
    assert_eq!(packets[0].packet_type, packet_type::RECEIVER_REPORT, "a compound begins so");
    let read = packets[1..].iter().map(|packet| {
        assert_eq!((packet.packet_type, packet.count), (packet_type::TRANSPORT_FEEDBACK, 15));
        read_statuses(packet.body)
    });
    read.collect()
}

fn read_statuses(body: &[u8]) -> Vec<Told> {
    let u16_at = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let (base, count) = (u16_at(8), usize::from(u16_at(10)));
    let mut at = 16;
    let mut symbols = Vec::new();
    while symbols.len() < count {
        symbols.extend(chunk(u16_at(at)));
        at += 2;
    }
    let padding = &symbols[count..];
    assert!(padding.iter().all(|symbol| *symbol == 0) && padding.len() < 14, "what follows is 0");
    symbols.truncate(count);
    let mut ticks = u32::from_be_bytes([0, body[12], body[13], body[14]]) << 8;
    let mut told = Vec::with_capacity(count);
    for (offset, symbol) in symbols.into_iter().enumerate() {
        let delta = match symbol {
            0 => None,
            1 => Some(u32::from(body[at])),
            2 => Some(i32::from(u16_at(at) as i16) as u32),
            _ => panic!("a reserved status"),
        };
        at += usize::from(symbol);
        if let Some(delta) = delta {
            ticks = ticks.wrapping_add(delta);
        }
        let sequence_number = base.wrapping_add(offset as u16);
        told.push(Told { sequence_number, ticks: delta.map(|_| ticks) });
    }
    assert!(body[at..].len() < 4 && body[at..].iter().all(|byte| *byte == 0), "zeros follow");
    told
}

fn chunk(chunk: u16) -> Vec<u8> {
    match chunk >> 14 {
        0b10 => (0..14).rev().map(|bit| (chunk >> bit & 1) as u8).collect(),
        0b11 => (0..7).rev().map(|place| (chunk >> (2 * place) & 3) as u8).collect(),
        _ => vec![(chunk >> 13 & 3) as u8; usize::from(chunk & 0x1fff)],
    }
}
