//! The store of packets, and where pictures begin and end in it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::video::VideoCodec;
use crate::video::payload::Fragment;

/// Packets kept at most: four seconds at 5 Mbit/s.
pub(super) const MOST_PACKETS: usize = 2_048;

/// One packet that waits for its picture to be complete.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// With wraps.
    pub(super) timestamp: u64,
    pub(super) marker: bool,
    pub(super) codec: VideoCodec,
    pub(super) fragment: Fragment,
    /// Empty for padding.
    pub(super) payload: Bytes,
}

impl Stored {
    fn is_padding(&self) -> bool {
        self.payload.is_empty()
    }
}

/// Packets by sequence number, with wraps.
#[derive(Debug, Default)]
pub(super) struct Packets {
    by_number: BTreeMap<u64, Stored>,
}

/// The sequence numbers of a complete picture.
pub(super) type Span = RangeInclusive<u64>;

impl Packets {
    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.by_number.contains_key(&number)
    }

    /// The lowest number that is there.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.by_number.keys().next().copied()
    }

    pub(super) fn insert(&mut self, number: u64, packet: Stored) {
        self.by_number.insert(number, packet);
    }

    pub(super) fn clear(&mut self) {
        self.by_number.clear();
    }

    /// Drops everything before `number`; how many.
    pub(super) fn drop_before(&mut self, number: u64) -> usize {
        let kept = self.by_number.split_off(&number);
        std::mem::replace(&mut self.by_number, kept).len()
    }

    /// Takes out the packets of a picture.
    pub(super) fn take(&mut self, span: &Span) -> Vec<Stored> {
        span.clone().filter_map(|number| self.by_number.remove(&number)).collect()
    }

    /// The first number from `next` on that is no padding that is there.
    pub(super) fn after_padding(&self, next: u64) -> u64 {
        let padding = self.by_number.range(next..).zip(next..);
        let padding = padding.take_while(|((at, packet), next)| *at == next && packet.is_padding());
        next + padding.count() as u64
    }

    /// The picture that begins with packet `start`, if it is complete.
    pub(super) fn complete_from(&self, start: u64) -> Option<Span> {
        let first = self.by_number.get(&start)?;
        let mut end = start;
        for ((number, packet), expected) in self.by_number.range(start..).zip(start..) {
            if *number != expected {
                return None;
            }
            if packet.timestamp != first.timestamp {
                return Some(start..=end);
            }
            end = *number;
            if packet.marker {
                return Some(start..=end);
            }
        }
        None
    }

    /// The complete key frame that packet `number` belongs to.
    pub(super) fn key_frame_around(&self, number: u64) -> Option<Span> {
        let timestamp = self.by_number.get(&number)?.timestamp;
        let before = self.by_number.range(..=number).rev().zip((0..=number).rev());
        let picture = before
            .take_while(|((at, packet), expected)| {
                **at == *expected && packet.timestamp == timestamp
            })
            .map(|(entry, _)| entry);
        // Several may begin it: the parameter sets of H.264 may come one by one.
        let start = picture.filter(|(_, packet)| packet.fragment.begins_key).last();
        let start = *start?.0;
        self.complete_from(start)
    }

    /// The first complete key frame from `from` on.
    pub(super) fn first_key_frame(&self, from: u64) -> Option<Span> {
        let mut next = from;
        loop {
            let mut rest = self.by_number.range(next..);
            let (start, first) = rest.find(|(_, packet)| packet.fragment.begins_key)?;
            if let Some(span) = self.complete_from(*start) {
                return Some(span);
            }
            // Not complete; nor does a later packet of the same picture begin it.
            let timestamp = first.timestamp;
            next = *rest.find(|(_, packet)| packet.timestamp != timestamp)?.0;
        }
    }
}
