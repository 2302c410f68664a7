/// The packets sent last, by sequence number, ready to be sent again.
///
/// A ring of fixed slots: packet `n` takes the slot of packet `n − capacity`, whose memory it
/// reuses.
#[derive(Debug)]
pub struct PacketStore {
    slots: Vec<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    sequence_number: u16,
    /// Empty if the slot was never used.
    packet: Vec<u8>,
}

impl PacketStore {
    /// A store of the last `capacity` packets, at most 32,768.
    pub fn new(capacity: usize) -> Self {
        let slots = (0..capacity.min(1 << 15)).map(|_| Slot::default()).collect();
        Self { slots }
    }

    /// Keeps a copy of `packet`.
    pub fn store(&mut self, sequence_number: u16, packet: &[u8]) {
        if self.slots.is_empty() {
            return;
        }
        let index = usize::from(sequence_number) % self.slots.len();
        let slot = &mut self.slots[index];
        slot.sequence_number = sequence_number;
        slot.packet.clear();
        slot.packet.extend_from_slice(packet);
    }

    /// The packet with that sequence number, if it is still kept.
    pub fn get(&self, sequence_number: u16) -> Option<&[u8]> {
        let index = usize::from(sequence_number).checked_rem(self.slots.len())?;
        let slot = &self.slots[index];
        let found = slot.sequence_number == sequence_number && !slot.packet.is_empty();
        found.then_some(slot.packet.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::PacketStore;

    #[test]
    fn keeps_the_last_and_forgets_older_across_the_wrap() {
        let mut store = PacketStore::new(4);
        for sequence_number in [65_533_u16, 65_534, 65_535, 0, 1] {
            store.store(sequence_number, &sequence_number.to_be_bytes());
        }
        assert_eq!(store.get(65_533), None);
        for kept in [65_534_u16, 65_535, 0, 1] {
            assert_eq!(store.get(kept), Some(&kept.to_be_bytes()[..]), "{kept}");
        }
        assert_eq!(store.get(2), None);
    }

    #[test]
    fn an_empty_store_keeps_nothing() {
        let mut store = PacketStore::new(0);
        store.store(1, &[1]);
        assert_eq!(store.get(1), None);
    }
}
