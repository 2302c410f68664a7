/// Packets kept of a layer for those who miss one: 2 s at 2 Mbit/s.
pub(crate) const STORED_PACKETS: usize = 512;

/// The newest packets of a layer as they came, to be sent again.
///
/// It takes no memory before the first packet, and keeps the memory of those it forgets for those
/// that come.
#[derive(Debug, Default)]
pub(crate) struct PacketStore {
    slots: Vec<Stored>,
}

/// A packet as it came from its sender.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    index: u64,
    /// Its time in ticks on its sender's clock.
    pub(crate) media_time: u64,
    /// The whole packet in the clear; empty if there is none.
    pub(crate) packet: Vec<u8>,
}

impl PacketStore {
    pub(crate) fn put(&mut self, index: u64, media_time: u64, packet: &[u8]) {
        if self.slots.is_empty() {
            self.slots.resize_with(STORED_PACKETS, Stored::default);
        }
        let slot = &mut self.slots[slot_of(index)];
        if !slot.packet.is_empty() && slot.index > index {
            // What is newer is asked for sooner.
            return;
        }
        slot.index = index;
        slot.media_time = media_time;
        slot.packet.clear();
        slot.packet.extend_from_slice(packet);
    }

    pub(crate) fn get(&self, index: u64) -> Option<&Stored> {
        let slot = self.slots.get(slot_of(index))?;
        (slot.index == index && !slot.packet.is_empty()).then_some(slot)
    }
}

const fn slot_of(index: u64) -> usize {
    (index % STORED_PACKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_no_more() {
        let mut store = PacketStore::default();
        assert!(store.get(0).is_none());
        for index in 0..2_000_u64 {
            store.put(index, index * 3_000, &index.to_be_bytes());
        }
        assert_eq!(store.slots.len(), STORED_PACKETS);
        assert!(store.get(2_000 - 513).is_none());
        let oldest = store.get(2_000 - 512).unwrap();
        assert_eq!(oldest.media_time, (2_000 - 512) * 3_000);
        assert_eq!(oldest.packet, (2_000_u64 - 512).to_be_bytes());
        assert!(store.get(2_000).is_none());
    }

    #[test]
    fn what_comes_late_does_not_replace_what_is_newer() {
        let mut store = PacketStore::default();
        store.put(600, 0, b"new");
        store.put(600 - STORED_PACKETS as u64, 0, b"old");
        assert_eq!(store.get(600).unwrap().packet, b"new");
        assert!(store.get(600 - STORED_PACKETS as u64).is_none());
    }
}
