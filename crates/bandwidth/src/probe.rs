use calling_model::Bitrate;

use crate::history::Sent;
use crate::time::{Micros, seconds};

/// How long a probe sends, in seconds.
const LENGTH_S: f64 = 0.03;
/// The least of it: fewer bytes or packets measure little.
const LEAST_BYTES: u32 = 4_000;
pub(crate) const LEAST_PACKETS: u32 = 5;
/// The first probe is so many times what is begun with.
const FIRST: f64 = 3.0;
/// After one that passed the next is so many times what it found.
const NEXT: f64 = 2.0;
/// Any other, of the estimate.
const AGAIN: f64 = 1.5;
/// No more than this of what is wanted.
const BEYOND_WANTED: f64 = 1.2;
/// From one that found an end to the next.
const PAUSE_US: Micros = 2_000_000;
/// Not at a moment at which a queue grows or drains; then after this.
const POSTPONED_US: Micros = 200_000;
/// A probe that is not told of by then came to nothing.
const LONGEST_US: Micros = 1_000_000;
/// Slower than this share of what was sent, the path was full.
const FULL: f64 = 0.9;
/// Share of what came through a full path that may be sent.
const OF_FULL: f64 = 0.95;
/// Share of a probe that has to be told of.
const TOLD: f64 = 0.8;
/// Came faster than this many times what was sent, it was held up on the way.
const HELD_UP: f64 = 2.0;

/// The name of a probe, so that its packets are told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProbeId(pub u16);

/// What a probe has to send. Packets that wait go first; the rest is padding, by retransmissions or
/// packets without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its name: goes with every packet sent meanwhile, whatever it carries.
    pub id: ProbeId,
    /// How fast.
    pub bitrate: Bitrate,
    /// How much at least, with headers.
    pub bytes: u32,
    /// In how many packets at least.
    pub packets: u32,
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// What may be sent, in bits a second.
    pub(crate) bps: f64,
    /// All that passes, if it did not pass whole.
    pub(crate) capacity: Option<f64>,
}

/// Decides when to try whether more passes, how much, and reads what came of it.
#[derive(Debug)]
pub(crate) struct Prober {
    next_id: u16,
    active: Option<Active>,
    /// When the next one may go.
    next_at: Micros,
    /// What the next one tries, if more is known than the estimate.
    goal: Option<f64>,
}

#[derive(Debug)]
struct Active {
    probe: Probe,
    until: Micros,
    packets: u32,
    bytes: u64,
    /// Time and size of the packet sent last, and of the one that came first.
    sent: (Micros, Micros, u32),
    came: (Micros, u32, Micros),
}

impl Prober {
    /// The first probe is to go at once.
    pub(crate) fn new(start: f64) -> Self {
        Self { next_id: 0, active: None, next_at: 0, goal: Some(start * FIRST) }
    }

    /// When something is to be done, while more is wanted than estimated or not.
    pub(crate) fn due(&self, is_wanted: bool) -> Option<Micros> {
        match &self.active {
            Some(active) => Some(active.until),
            None => is_wanted.then_some(self.next_at),
        }
    }

    /// The next probe, if it is time. It waits until the path is calm.
    pub(crate) fn plan(
        &mut self,
        now: Micros,
        (estimate, wanted): (f64, f64),
        is_calm: bool,
    ) -> Option<Probe> {
        if self.active.as_ref().is_some_and(|active| now >= active.until) {
            self.active = None;
            self.next_at = now + PAUSE_US;
        }
        if self.active.is_some() || wanted <= estimate || now < self.next_at {
            return None;
        }
        if !is_calm {
            self.next_at = now + POSTPONED_US;
            return None;
        }
        let goal = self.goal.take().unwrap_or(0.0).max(estimate * AGAIN);
        let bps = goal.min(wanted * BEYOND_WANTED);
        let probe = Probe {
            id: ProbeId(self.next_id),
            bitrate: Bitrate::from_bps(bps as u64),
            bytes: LEAST_BYTES.max((bps / 8.0 * LENGTH_S) as u32),
            packets: LEAST_PACKETS,
        };
        self.next_id = self.next_id.wrapping_add(1);
        let length = f64::from(probe.bytes) * 8e6 / bps.max(1.0);
        self.active = Some(Active::new(probe, now + length as Micros + LONGEST_US));
        Some(probe)
    }

    /// Tries `bps` at `at`, unless a probe is on its way.
    pub(crate) fn suggest(&mut self, at: Micros, bps: f64) {
        self.goal = Some(bps);
        self.next_at = at;
    }

    /// A packet of some probe came.
    pub(crate) fn push(&mut self, sent: &Sent, came: Micros) {
        if let Some(active) = self.active.as_mut().filter(|it| sent.probe == Some(it.probe.id)) {
            active.push(sent, came);
        }
    }

    /// What the probe found, if enough of it is told of.
    pub(crate) fn found(&mut self, now: Micros) -> Option<Found> {
        let active = self.active.take_if(|active| active.is_told())?;
        self.next_at = now + PAUSE_US;
        let found = active.found()?;
        if found.capacity.is_none() {
            self.suggest(now, found.bps * NEXT);
        }
        Some(found)
    }
}

impl Active {
    const fn new(probe: Probe, until: Micros) -> Self {
        let (sent, came) = ((Micros::MAX, Micros::MIN, 0), (Micros::MAX, 0, Micros::MIN));
        Self { probe, until, packets: 0, bytes: 0, sent, came }
    }

    fn push(&mut self, sent: &Sent, came: Micros) {
        self.packets += 1;
        self.bytes += u64::from(sent.bytes);
        self.sent.0 = self.sent.0.min(sent.at);
        if sent.at >= self.sent.1 {
            self.sent = (self.sent.0, sent.at, sent.bytes.into());
        }
        if came < self.came.0 {
            self.came = (came, sent.bytes.into(), self.came.2);
        }
        self.came.2 = self.came.2.max(came);
    }

    fn is_told(&self) -> bool {
        self.packets >= self.probe.packets
            && self.bytes as f64 >= f64::from(self.probe.bytes) * TOLD
    }

    /// From the first packet to the last; neither side counts the packet that lies outside.
    fn found(&self) -> Option<Found> {
        let rate = |without: u32, span: Micros| {
            let bits = (self.bytes - u64::from(without)) as f64 * 8.0;
            (span > 0).then(|| bits / seconds(span))
        };
        let sent = rate(self.sent.2, self.sent.1 - self.sent.0)?;
        let came = rate(self.came.1, self.came.2 - self.came.0)?;
        if came > HELD_UP * sent {
            return None;
        }
        let capacity = (came < FULL * sent).then_some(came);
        Some(Found { bps: capacity.map_or(came.min(sent), |came| OF_FULL * came), capacity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, Told};

    /// Sends and receives `probe`, each packet of 1,200 bytes coming `came` µs after the other.
    fn answer(prober: &mut Prober, probe: &Probe, sent: Micros, came: Micros) -> Option<Found> {
        let mut history = History::default();
        for number in 0..(probe.bytes / 1_200 + 1).max(probe.packets) as u16 {
            let at = Micros::from(number) * sent;
            history.push(number, at, 1_200, Some(probe.id));
            let Told::Arrived { sent, .. } = history.tell(number, true) else { panic!() };
            prober.push(&sent, 9_000 + Micros::from(number) * came);
        }
        prober.found(100_000)
    }

    #[test]
    fn each_probe_that_passes_is_followed_by_a_larger_one() {
        let mut prober = Prober::new(300e3);
        let first = prober.plan(0, (300e3, 5e6), true).unwrap();
        assert_eq!(first.bitrate, Bitrate::from_kbps(900));
        assert_eq!(prober.plan(0, (300e3, 5e6), true), None, "one at a time");
        let found = answer(&mut prober, &first, 10_000, 10_000).unwrap();
        assert_eq!(found, Found { bps: 960e3, capacity: None });
        let second = prober.plan(100_000, (960e3, 5e6), true).unwrap();
        assert_eq!(second.bitrate, Bitrate::from_kbps(1_920));
        assert_eq!(second.bytes, 7_200);
        let found = answer(&mut prober, &second, 5_000, 8_000).unwrap();
        assert_eq!(found, Found { bps: 0.95 * 1.2e6, capacity: Some(1.2e6) });
        assert_eq!(prober.plan(200_000, (1.1e6, 5e6), true), None, "a pause after the end");
        let third = prober.plan(2_200_000, (1e6, 5e6), true).unwrap();
        assert_eq!(third.bitrate, Bitrate::from_kbps(1_500));
    }

    #[test]
    fn no_more_is_tried_than_wanted_and_nothing_in_a_storm() {
        let mut prober = Prober::new(300e3);
        assert_eq!(prober.plan(0, (300e3, 300e3), true), None);
        assert_eq!(prober.due(false), None);
        assert_eq!(prober.plan(0, (300e3, 500e3), false), None);
        assert_eq!(prober.due(true), Some(POSTPONED_US));
        let probe = prober.plan(POSTPONED_US, (300e3, 500e3), true).unwrap();
        assert_eq!(probe.bitrate, Bitrate::from_kbps(600));
    }

    #[test]
    fn a_probe_nobody_tells_of_ends() {
        let mut prober = Prober::new(300e3);
        prober.plan(0, (300e3, 5e6), true).unwrap();
        let end = prober.due(true).unwrap();
        assert_eq!(prober.plan(end, (300e3, 5e6), true), None);
        assert_eq!(prober.due(true), Some(end + PAUSE_US));
    }

    #[test]
    fn a_probe_that_came_at_once_says_nothing() {
        let mut prober = Prober::new(300e3);
        let probe = prober.plan(0, (300e3, 5e6), true).unwrap();
        assert_eq!(answer(&mut prober, &probe, 10_000, 100), None);
    }
}
