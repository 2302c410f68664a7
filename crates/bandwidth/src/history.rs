use std::collections::VecDeque;

use crate::ProbeId;
use crate::time::Micros;

/// How long a packet may wait to be told of.
const KEPT_US: Micros = 3_000_000;
/// Packets remembered at most: half of the numbers there are, so that none is mistaken for another.
pub(crate) const MOST_KEPT: usize = 1 << 15;

/// A packet that was sent: 16 bytes, of which each receiver has those of three seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Micros,
    pub(crate) bytes: u16,
    pub(crate) probe: Option<ProbeId>,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unknown,
    Missing,
    Arrived,
}

/// What a feedback packet changed about a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    /// It came; `after_all` if it was told as missing before.
    Arrived { sent: Sent, after_all: bool },
    /// It did not come so far.
    Missing { sent: Sent },
    /// Nothing new.
    Repeated,
    /// Never sent, or too long ago.
    Unknown,
}

/// The packets whose fate may still be told, by transport-wide number.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The number, with wraps, of the front.
    first: u64,
    sent: VecDeque<Sent>,
}

impl History {
    /// The number that the next packet has to have; `None` if it may have any.
    pub(crate) fn next(&self) -> Option<u16> {
        (self.first != 0).then_some(self.end() as u16)
    }

    /// A packet goes out under `number`, which is [`next`](Self::next).
    pub(crate) fn push(&mut self, number: u16, at: Micros, bytes: u32, probe: Option<ProbeId>) {
        if self.first == 0 {
            // Not 0, so that something comes before it.
            self.first = (1 << 16) + u64::from(number);
        }
        let is_old = |front: &Sent| front.at < at.saturating_sub(KEPT_US);
        while self.sent.len() >= MOST_KEPT || self.sent.front().is_some_and(is_old) {
            self.sent.pop_front();
            self.first += 1;
        }
        // No datagram is longer.
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.sent.push_back(Sent { at, bytes, probe, fate: Fate::Unknown });
    }

    /// Takes note that the packet came, or did not.
    pub(crate) fn tell(&mut self, number: u16, came: bool) -> Told {
        let end = self.end();
        // Told of is what was sent: the nearest of that number before the end.
        let back = u64::from((end as u16).wrapping_sub(number));
        let index = if back == 0 { None } else { end.checked_sub(back + self.first) };
        let Some(sent) = index.and_then(|index| self.sent.get_mut(index as usize)) else {
            return Told::Unknown;
        };
        let before = sent.fate;
        match (before, came) {
            (Fate::Arrived, _) | (Fate::Missing, false) => Told::Repeated,
            (Fate::Unknown, false) => {
                sent.fate = Fate::Missing;
                Told::Missing { sent: *sent }
            }
            (Fate::Unknown | Fate::Missing, true) => {
                sent.fate = Fate::Arrived;
                Told::Arrived { sent: *sent, after_all: before == Fate::Missing }
            }
        }
    }

    /// Whether the last packet that was sent is not told of yet.
    pub(crate) fn awaits(&self) -> bool {
        self.sent.back().is_some_and(|sent| sent.fate == Fate::Unknown)
    }

    fn end(&self) -> u64 {
        self.first + self.sent.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_told_once_across_the_wrap() {
        let mut history = History::default();
        assert_eq!(history.next(), None);
        for number in [65_534, 65_535, 0, 1] {
            history.push(number, 0, 100, None);
        }
        assert_eq!(history.next(), Some(2));
        assert!(matches!(history.tell(65_535, true), Told::Arrived { after_all: false, .. }));
        assert!(matches!(history.tell(65_535, false), Told::Repeated));
        assert!(matches!(history.tell(0, false), Told::Missing { .. }));
        assert!(matches!(history.tell(0, false), Told::Repeated));
        assert!(matches!(history.tell(0, true), Told::Arrived { after_all: true, .. }));
        assert!(history.awaits());
        assert!(matches!(history.tell(1, true), Told::Arrived { .. }));
        assert!(!history.awaits());
        for never in [2, 3, 65_533, 30_000] {
            assert!(matches!(history.tell(never, true), Told::Unknown), "{never}");
        }
    }

    #[test]
    fn feedback_before_anything_is_sent_is_of_nothing() {
        assert!(matches!(History::default().tell(7, true), Told::Unknown));
    }

    #[test]
    fn a_packet_is_remembered_in_16_bytes() {
        assert_eq!(size_of::<Sent>(), 16);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut history = History::default();
        history.push(0, 0, 100, None);
        history.push(1, KEPT_US + 1, 100, None);
        assert!(matches!(history.tell(0, true), Told::Unknown));
        for number in 2..=40_000_u32 {
            history.push(number as u16, KEPT_US + 1, 100, None);
        }
        assert_eq!(history.sent.len(), MOST_KEPT);
        assert!(matches!(history.tell(40_000, true), Told::Arrived { .. }));
    }
}
