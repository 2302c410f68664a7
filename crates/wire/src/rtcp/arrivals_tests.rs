use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::RtcpPackets;

/// Feedback from packet 65,534 on, reference 5, the third.
fn feedback(told: u16, rest: &[u8]) -> Vec<u8> {
    let mut packet = std::vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xfe];
    packet.extend(told.to_be_bytes());
    packet.extend([0, 0, 5, 3]);
    packet.extend(rest);
    packet.resize(packet.len().next_multiple_of(4), 0);
    packet[3] = (packet.len() / 4 - 1) as u8;
    packet
}

fn read(packet: &[u8]) -> Result<TransportArrivals<'_>, TransportArrivalsError> {
    TransportArrivals::parse(&RtcpPackets::new(packet).next().unwrap().unwrap())
}

fn ticks(packet: &[u8]) -> Vec<(u16, Option<i32>)> {
    let packets = read(packet).unwrap().packets();
    packets.map(|packet| (packet.sequence_number, packet.ticks)).collect()
}

#[test]
fn each_kind_of_chunk_is_read() {
    // A run of two small; one bit each: 1, 0 …; two bits each: large, small, none ….
    let chunks = [0x20, 0x02, 0xa0, 0x00, 0xe4, 0x00];
    let deltas = [4, 8, 1, 0xff, 0xfe, 2];
    let packet = feedback(2 + 14 + 3, &[&chunks[..], &deltas].concat());
    let view = read(&packet).unwrap();
    assert_eq!((view.first, view.told, view.reference, view.count), (65_534, 19, 5, 3));
    let came: Vec<_> =
        ticks(&packet).into_iter().filter_map(|(number, at)| Some((number, at?))).collect();
    assert_eq!(came, [(65_534, 4), (65_535, 12), (0, 13), (14, 11), (15, 13)]);
    assert_eq!(ticks(&packet).len(), 19);
}

#[test]
fn a_chunk_may_tell_of_more_than_there_is() {
    let packet = feedback(1, &[0xbf, 0xff, 7]);
    assert_eq!(ticks(&packet), [(65_534, Some(7))]);
}

#[test]
fn what_is_short_is_refused() {
    use TransportArrivalsError::{Other, Reserved, Truncated};
    assert_eq!(read(&feedback(1, &[])).unwrap_err(), Truncated, "no chunk");
    assert_eq!(read(&feedback(5, &[0x20, 0x05, 1, 2])).unwrap_err(), Truncated, "few times");
    assert_eq!(read(&feedback(40_000, &[0x1f, 0xff, 0, 0])).unwrap_err(), Truncated);
    assert_eq!(read(&feedback(4, &[0x60, 0x04])).unwrap_err(), Reserved, "a run of symbol 3");
    assert_eq!(read(&feedback(4, &[0xf0, 0x00])).unwrap_err(), Reserved, "symbol 3 in a vector");
    assert_eq!(read(&[0x8f, 205, 0, 1, 0, 0, 0, 1]).unwrap_err(), Truncated);
    assert_eq!(read(&[0x81, 205, 0, 1, 0, 0, 0, 1]).unwrap_err(), Other, "a NACK");
    assert_eq!(read(&feedback(0, &[0, 0, 0, 0])).unwrap().packets().count(), 0);
}

#[test]
fn an_empty_run_does_not_stall() {
    assert_eq!(read(&feedback(9, &[0; 64])).unwrap_err(), TransportArrivalsError::Truncated);
}

#[test]
fn reasons_are_for_counters() {
    use TransportArrivalsError::{Other, Reserved, Truncated};
    let reasons = [Other, Truncated, Reserved].map(TransportArrivalsError::reason);
    assert_eq!(reasons, ["twcc_other", "twcc_truncated", "twcc_reserved"]);
}

proptest! {
    #[test]
    fn what_is_written_in_two_bits_each_is_read(
        deltas in proptest::collection::vec(proptest::option::of(any::<i16>()), 1..100),
    ) {
        let (mut chunks, mut times) = (Vec::new(), Vec::new());
        for seven in deltas.chunks(7) {
            let mut chunk = 0xc000_u16;
            for (index, delta) in seven.iter().enumerate() {
                chunk |= if delta.is_some() { 2 } else { 0 } << (12 - 2 * index);
                times.extend(delta.iter().flat_map(|delta| delta.to_be_bytes()));
            }
            chunks.extend(chunk.to_be_bytes());
        }
        let packet = feedback(deltas.len() as u16, &[chunks, times].concat());
        let mut sum = 0;
        let expected: Vec<_> = deltas.iter().map(|delta| delta.map(|delta| {
            sum += i32::from(delta);
            sum
        })).collect();
        let read: Vec<_> = ticks(&packet).into_iter().map(|(_, at)| at).collect();
        prop_assert_eq!(read, expected);
    }
}
