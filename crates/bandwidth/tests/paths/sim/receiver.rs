use std::collections::BTreeMap;

use super::Micros;

/// How often feedback goes out.
pub(crate) const INTERVAL: Micros = 50_000;

/// Writes transport-wide feedback in the plainest way there is: two bits and two bytes a packet.
/// Its clock began long before ours.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    came: BTreeMap<u64, Micros>,
    /// The next number to tell of.
    next: u64,
    count: u8,
}

const CLOCK: Micros = 64_000 * 0xff_fff0;

impl Receiver {
    pub(crate) fn push(&mut self, now: Micros, number: u64) {
        self.came.insert(number, now + CLOCK);
    }

    /// One RTCP packet of what came since the last one, if anything did.
    pub(crate) fn feedback(&mut self) -> Option<Vec<u8>> {
        let (first, last) = (self.next, *self.came.last_key_value()?.0);
        let reference = self.came.values().min()? / 64_000;
        let (mut chunks, mut deltas) = (Vec::new(), Vec::new());
        let mut before = (reference * 64_000 / 250) as i64;
        for seven in (first..=last).collect::<Vec<_>>().chunks(7) {
            let mut chunk = 0xc000_u16;
            for (index, number) in seven.iter().enumerate() {
                let Some(came) = self.came.get(number) else { continue };
                let ticks = (came / 250) as i64;
                chunk |= 2 << (12 - 2 * index);
                deltas.extend(((ticks - before) as i16).to_be_bytes());
                before = ticks;
            }
            chunks.extend(chunk.to_be_bytes());
        }
        self.came.clear();
        self.next = last + 1;
        let told = (last + 1 - first) as u16;
        Some(self.write(first as u16, told, reference, &[chunks, deltas].concat()))
    }

    fn write(&mut self, first: u16, told: u16, reference: u64, rest: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        packet.extend(first.to_be_bytes());
        packet.extend(told.to_be_bytes());
        packet.extend(&(reference as u32).to_be_bytes()[1..]);
        packet.push(self.count);
        packet.extend(rest);
        packet.resize(packet.len().next_multiple_of(4), 0);
        let words = (packet.len() / 4 - 1) as u16;
        packet[2..4].copy_from_slice(&words.to_be_bytes());
        self.count = self.count.wrapping_add(1);
        packet
    }
}
