use std::collections::VecDeque;

use calling_model::AudioLevel;

use crate::codec::{DeepSpan, PayloadInfo};

/// One packet that waits for its playout.
#[derive(Debug)]
pub(super) struct Packet {
    /// Extended sequence number.
    pub(super) sequence: u64,
    /// Extended RTP timestamp of its first sample.
    pub(super) timestamp: u64,
    /// The tick before which it arrived.
    pub(super) arrival_tick: u64,
    /// What the payload says of itself.
    pub(super) info: PayloadInfo,
    /// What the sender says of its loudness.
    pub(super) level: Option<AudioLevel>,
    /// The coded audio.
    pub(super) payload: Vec<u8>,
    /// It came as a copy in a later packet (RFC 2198).
    pub(super) is_copy: bool,
    /// What it describes of the sound before it; looked for only if something was missing there.
    pub(super) deep: Option<DeepSpan>,
}

impl Packet {
    /// Extended RTP timestamp after its last sample.
    pub(super) const fn end(&self) -> u64 {
        self.timestamp.saturating_add(self.info.samples as u64)
    }
}

/// The packet is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AlreadyThere;

/// Packets in order of their extended sequence number, each once, at most so many.
///
/// It knows no time and no policy. Memory of payloads is used again, so that nothing is allocated
/// once the buffer has seen its largest load.
#[derive(Debug)]
pub(super) struct PacketBuffer {
    packets: VecDeque<Packet>,
    spare: Vec<Vec<u8>>,
    capacity: usize,
}

/// Payload memory kept for later; more is freed.
const SPARE_PAYLOADS: usize = 64;

impl PacketBuffer {
    /// A buffer of at most `capacity` packets, at least one.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            packets: VecDeque::with_capacity(capacity),
            spare: Vec::with_capacity(SPARE_PAYLOADS),
            capacity,
        }
    }

    /// Memory for a payload, filled with `payload`, for a packet to be inserted.
    pub(super) fn hold(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut memory = self.spare.pop().unwrap_or_default();
        memory.clear();
        memory.extend_from_slice(payload);
        memory
    }

    /// Gives the memory of a packet back.
    pub(super) fn recycle(&mut self, packet: Packet) {
        if self.spare.len() < SPARE_PAYLOADS {
            self.spare.push(packet.payload);
        }
    }

    /// Whether the packet with that sequence number is there.
    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.position(sequence).is_ok()
    }

    /// Puts `packet` in its place. Returns how many older ones had to go.
    pub(super) fn insert(&mut self, packet: Packet) -> Result<usize, AlreadyThere> {
        let Err(index) = self.position(packet.sequence) else {
            self.recycle(packet);
            return Err(AlreadyThere);
        };
        let full = self.packets.len() >= self.capacity;
        if full && index == 0 {
            // It is the oldest itself.
            self.recycle(packet);
            return Ok(1);
        }
        let index = if full { index - 1 } else { index };
        if full {
            self.discard_front();
        }
        self.packets.insert(index, packet);
        Ok(usize::from(full))
    }

    /// Where the sequence number is, or belongs. Most packets belong at the end.
    fn position(&self, sequence: u64) -> Result<usize, usize> {
        match self.packets.back() {
            Some(last) if last.sequence >= sequence => {
                self.packets.binary_search_by_key(&sequence, |packet| packet.sequence)
            }
            Some(_) | None => Err(self.packets.len()),
        }
    }

    /// The oldest packet.
    pub(super) fn front(&self) -> Option<&Packet> {
        self.packets.front()
    }

    /// All of them, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.packets.iter()
    }

    /// The packet at that place, 0 for the oldest.
    pub(super) fn get(&self, place: usize) -> Option<&Packet> {
        self.packets.get(place)
    }

    /// What the packet at that place describes cannot be used.
    pub(super) fn forget_deep(&mut self, place: usize) {
        if let Some(packet) = self.packets.get_mut(place) {
            packet.deep = None;
        }
    }

    /// The one after the oldest.
    pub(super) fn second(&self) -> Option<&Packet> {
        self.packets.get(1)
    }

    /// Takes the oldest packet out; [`recycle`](Self::recycle) it after use.
    pub(super) fn pop(&mut self) -> Option<Packet> {
        self.packets.pop_front()
    }

    /// Throws the oldest packet away; whether there was one.
    pub(super) fn discard_front(&mut self) -> bool {
        let Some(packet) = self.packets.pop_front() else { return false };
        self.recycle(packet);
        true
    }

    /// Throws everything away and returns how many there were.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.packets.len();
        while self.discard_front() {}
        count
    }

    /// Media time from the first sample held to after the last, in samples, gaps included.
    pub(super) fn span_samples(&self) -> u64 {
        let (Some(first), Some(last)) = (self.packets.front(), self.packets.back()) else {
            return 0;
        };
        last.end().saturating_sub(first.timestamp)
    }

    /// How much older the oldest packet held is than the newest, in samples.
    pub(super) fn age_samples(&self) -> u64 {
        let (first, last) = (self.packets.front(), self.packets.back());
        first.zip(last).map_or(0, |(first, last)| last.timestamp.saturating_sub(first.timestamp))
    }

    /// Packets held.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(sequence: u64) -> Packet {
        Packet {
            sequence,
            timestamp: sequence * 960,
            arrival_tick: 0,
            info: PayloadInfo { samples: 960, ..Default::default() },
            level: None,
            payload: Vec::new(),
            is_copy: false,
            deep: None,
        }
    }

    fn filled(capacity: usize, sequences: &[u64]) -> PacketBuffer {
        let mut buffer = PacketBuffer::new(capacity);
        for &sequence in sequences {
            let _ = buffer.insert(packet(sequence));
        }
        buffer
    }

    fn drain(mut buffer: PacketBuffer) -> Vec<u64> {
        std::iter::from_fn(|| buffer.pop()).map(|packet| packet.sequence).collect()
    }

    #[test]
    fn order_is_that_of_sequence_numbers() {
        assert_eq!(
            drain(filled(9, &[65_536, 65_535, 65_538, 65_537])),
            [65_535, 65_536, 65_537, 65_538]
        );
    }

    #[test]
    fn the_same_twice_is_refused() {
        let mut buffer = filled(9, &[1, 2]);
        assert_eq!(buffer.insert(packet(1)), Err(AlreadyThere));
        assert!(buffer.contains(2) && !buffer.contains(3));
    }

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let mut buffer = filled(3, &[5, 6, 7]);
        assert_eq!(buffer.insert(packet(8)), Ok(1));
        assert_eq!(buffer.insert(packet(2)), Ok(1), "which may be the new one");
        assert_eq!(drain(buffer), [6, 7, 8]);
    }

    #[test]
    fn span_counts_gaps() {
        assert_eq!(filled(9, &[]).span_samples(), 0);
        assert_eq!(filled(9, &[3, 5]).span_samples(), 3 * 960);
        assert_eq!(filled(9, &[3, 5]).age_samples(), 2 * 960);
    }

    #[test]
    fn memory_is_used_again() {
        let mut buffer = PacketBuffer::new(4);
        let memory = buffer.hold(&[1, 2, 3]);
        let address = memory.as_ptr();
        buffer.recycle(Packet { payload: memory, ..packet(1) });
        let memory = buffer.hold(&[4]);
        assert_eq!((memory.as_ptr(), memory.as_slice()), (address, &[4][..]));
    }

    proptest! {
        #[test]
        fn holds_the_newest_sorted(sequences in prop::collection::vec(0_u64..40, 0..60)) {
            let mut model = std::collections::BTreeSet::new();
            for &sequence in &sequences {
                model.insert(sequence);
                if model.len() > 8 {
                    model.pop_first();
                }
            }
            let expected: Vec<u64> = model.into_iter().collect();
            prop_assert_eq!(drain(filled(8, &sequences)), expected);
        }
    }
}
