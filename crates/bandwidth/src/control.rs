use crate::capacity::LinkCapacity;
use crate::overuse::Usage;
use crate::time::{Micros, seconds};

/// Share of what passes that is kept when a queue grows (draft-ietf-rmcat-gcc-02 section 6).
const KEEP: f64 = 0.85;
/// The least share kept, where a long queue is our own.
const KEEP_LEAST: f64 = 0.4;
/// A queue of our own is gone in about this time, in ms.
const DRAIN_MS: f64 = 1_000.0;
/// Sent more than this many times what passes, the queue is our own.
const OVERSENT: f64 = 1.1;
/// Growth in a second far from the capacity (the same section).
const GROWTH: f64 = 1.08;
/// Near it, one packet of so many bits in a response time, or this share in a second if that is
/// more.
const PACKET_BITS: f64 = 9_600.0;
const STEP_SHARE: f64 = 0.03;
/// What feedback and detection take on top of a round trip, in seconds.
const RESPONSE_S: f64 = 0.1;
/// Share of the capacity that is gone back to once the queue is gone.
const RECOVER: f64 = 0.95;
/// A queue shorter than this, in ms, is gone; and one of that many packets.
const DRAINED_MS: f64 = 8.0;
const DRAINED_PACKETS: f64 = 2.0;
/// A queue below this share of its peak is about to go.
const FALLING: f64 = 0.8;
/// Longest waits for that: for a queue that stays, and for one that falls.
const PATIENCE_US: Micros = 1_000_000;
const LONGEST_DRAIN_US: Micros = 4_000_000;
/// A queue that stays and is longer than this, in ms, is somebody else's.
const FOREIGN_MS: f64 = 50.0;
/// For how long going down for it is no use.
const FOREIGN_US: Micros = 5_000_000;
/// An estimate is at most this many times what passes, and a bit.
const AHEAD: f64 = 1.5;
const AHEAD_BPS: f64 = 10_000.0;

/// What is known of the path at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) usage: Usage,
    /// What arrives, in bits a second.
    pub(crate) acked: Option<f64>,
    /// What goes out.
    pub(crate) sent: Option<f64>,
    /// In ms.
    pub(crate) queue: f64,
    pub(crate) rtt: Micros,
    /// Less is sent than could be.
    pub(crate) app_limited: bool,
}

/// The estimate from delay: up while nothing queues, down when a queue grows.
///
/// ```text
///              queue grows                                       queue gone
///  Increase ───────────────► Drain (again down, if it still grows) ───────────► Increase
///     ▲ ▲                                     │ it stays, whatever we do
///     └─┴────── after 5 s, or it is gone ── Compete (not down)
/// ```
///
/// Going back to nearly the capacity, measured while the queue was there, is what keeps the path
/// used; only the last few percent are found by trying.
#[derive(Debug)]
pub(crate) struct RateControl {
    bps: f64,
    bounds: (f64, f64),
    phase: Phase,
    capacity: LinkCapacity,
    updated: Option<Micros>,
    decreased: Option<Micros>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Increase,
    Drain { since: Micros, patient: Micros, peak: f64 },
    Compete { until: Micros },
}

impl RateControl {
    /// Begins with `bps`, within `bounds`.
    pub(crate) fn new(bps: f64, bounds: (f64, f64)) -> Self {
        Self {
            bps: bps.clamp(bounds.0, bounds.1),
            bounds,
            phase: Phase::Increase,
            capacity: LinkCapacity::default(),
            updated: None,
            decreased: None,
        }
    }

    /// The estimate in bits a second.
    pub(crate) const fn bps(&self) -> f64 {
        self.bps
    }

    /// Whether a queue is waited out.
    pub(crate) const fn is_draining(&self) -> bool {
        matches!(self.phase, Phase::Drain { .. })
    }

    /// A probe found that so much may be sent, and if `capacity` how much passes.
    pub(crate) fn probed(&mut self, bps: f64, capacity: Option<f64>) {
        self.capacity.exceeded(bps);
        if let Some(capacity) = capacity {
            self.capacity.probed(capacity);
        }
        self.set(bps);
    }

    /// Something else is known.
    pub(crate) fn set(&mut self, bps: f64) {
        self.bps = bps.clamp(self.bounds.0, self.bounds.1);
    }

    /// So much passes, as losses say.
    pub(crate) fn limit(&mut self, bps: f64) {
        if bps < self.bps {
            self.capacity.observe(bps);
            self.bps = bps.max(self.bounds.0);
        }
    }

    /// Takes note of the path after feedback.
    pub(crate) fn update(&mut self, now: Micros, reading: &Reading) {
        let passed = self.updated.replace(now).map_or(0, |before| (now - before).max(0));
        match (self.phase, reading.usage) {
            // A rate that just rose spreads groups, too, and packets of a probe hold up others.
            (Phase::Increase, Usage::Over) if reading.is_gone() => {}
            (Phase::Increase, Usage::Over) => {
                self.phase = Phase::Drain { since: now, patient: now, peak: reading.queue };
                self.decrease(now, reading);
            }
            (Phase::Drain { since, patient, peak }, usage) => {
                // What is sent has to be less for a while, before a queue can fall.
                let patient = if reading.is_sent_more() { now } else { patient };
                self.phase = Phase::Drain { since, patient, peak: peak.max(reading.queue) };
                if usage == Usage::Over {
                    self.decrease(now, reading);
                }
                self.drain(now, reading);
            }
            (Phase::Compete { until }, _) if now >= until || reading.queue < DRAINED_MS => {
                self.phase = Phase::Increase;
            }
            (Phase::Increase | Phase::Compete { .. }, Usage::Normal) => {
                self.increase(passed, reading);
            }
            (Phase::Increase, Usage::Under)
            | (Phase::Compete { .. }, Usage::Under | Usage::Over) => {}
        }
        self.bps = self.bps.clamp(self.bounds.0, self.bounds.1);
    }

    fn decrease(&mut self, now: Micros, reading: &Reading) {
        let response = reading.rtt.clamp(50_000, 300_000) + 50_000;
        if self.decreased.is_some_and(|before| now - before < response) {
            return;
        }
        self.decreased = Some(now);
        // While little is sent, what arrives is no measure of what could.
        let acked = reading.acked.filter(|_| !reading.app_limited);
        let Some(acked) = acked else {
            self.bps *= KEEP;
            return;
        };
        self.capacity.observe(acked);
        self.bps = self.bps.min(acked * keep(reading));
    }

    /// The path is full until the queue is gone, so what arrives is what passes.
    fn drain(&mut self, now: Micros, reading: &Reading) {
        let Phase::Drain { since, patient, peak } = self.phase else { return };
        let acked = reading.acked.filter(|_| !reading.app_limited);
        if reading.is_gone() {
            self.recover(Phase::Increase, acked);
            return;
        }
        if let Some(acked) = acked {
            self.capacity.observe(acked);
        }
        let is_falling = reading.queue < FALLING * peak;
        let is_stuck = !is_falling && now - patient > PATIENCE_US;
        if is_stuck || now - since > LONGEST_DRAIN_US {
            let is_foreign = !is_falling && reading.queue > FOREIGN_MS;
            let compete = Phase::Compete { until: now + FOREIGN_US };
            self.recover(if is_foreign { compete } else { Phase::Increase }, acked);
        }
    }

    fn recover(&mut self, phase: Phase, acked: Option<f64>) {
        self.phase = phase;
        if let (Some(_), Some(capacity)) = (acked, self.capacity.bps()) {
            self.bps = self.bps.max(capacity * RECOVER);
        }
    }

    fn increase(&mut self, passed: Micros, reading: &Reading) {
        if reading.app_limited {
            return;
        }
        self.capacity.exceeded(self.bps);
        let passed = seconds(passed).min(1.0);
        let most = reading.acked.map_or(f64::MAX, |acked| AHEAD * acked + AHEAD_BPS);
        let grown = if self.capacity.bps().is_some() {
            let packets = PACKET_BITS / (seconds(reading.rtt) + RESPONSE_S);
            self.bps + packets.max(self.bps * STEP_SHARE) * passed
        } else {
            self.bps * GROWTH.powf(passed)
        };
        self.bps = grown.min(most).max(self.bps);
    }
}

impl Reading {
    /// Whether the queue is too short to be told from what is just sent.
    fn is_gone(&self) -> bool {
        let packets_ms = DRAINED_PACKETS * PACKET_BITS / self.acked.unwrap_or(f64::MAX) * 1e3;
        self.queue < packets_ms.max(DRAINED_MS)
    }

    /// Whether clearly more is sent than arrives.
    fn is_sent_more(&self) -> bool {
        self.sent.zip(self.acked).is_some_and(|(sent, acked)| sent > OVERSENT * acked)
    }
}

/// The share of what arrives that may go on: less of it the longer a queue of our own is.
fn keep(reading: &Reading) -> f64 {
    if reading.is_sent_more() {
        (1.0 - reading.queue / DRAIN_MS).clamp(KEEP_LEAST, KEEP)
    } else {
        KEEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMAL: Reading = Reading {
        usage: Usage::Normal,
        acked: Some(1e6),
        sent: Some(1e6),
        queue: 0.0,
        rtt: 50_000,
        app_limited: false,
    };
    const OVER: Reading = Reading { usage: Usage::Over, queue: 30.0, ..NORMAL };

    fn control() -> RateControl {
        RateControl::new(1e6, (50e3, 5e6))
    }

    #[test]
    fn far_from_the_capacity_it_grows_by_eight_percent_a_second() {
        let mut control = control();
        for step in 0..=10 {
            control.update(step * 100_000, &NORMAL);
        }
        assert!((1.079e6..1.081e6).contains(&control.bps()), "{}", control.bps());
    }

    #[test]
    fn it_does_not_run_ahead_of_what_arrives() {
        let mut control = control();
        for step in 0..=100 {
            control.update(step * 1_000_000, &NORMAL);
        }
        assert_eq!(control.bps(), 1.51e6);
    }

    #[test]
    fn a_queue_takes_it_down_and_its_end_back_to_the_capacity() {
        let mut control = control();
        control.update(0, &OVER);
        assert_eq!(control.bps(), 850e3);
        control.update(10_000, &Reading { acked: Some(7e5), ..OVER });
        assert_eq!(control.bps(), 850e3, "one answer at a time");
        control.update(300_000, &Reading { usage: Usage::Under, queue: 20.0, ..NORMAL });
        assert_eq!(control.bps(), 850e3);
        control.update(400_000, &Reading { queue: 2.0, ..NORMAL });
        assert_eq!(control.bps(), 950e3);
        control.update(1_400_000, &NORMAL);
        assert_eq!(control.bps(), 950e3 + 64e3, "near the capacity by steps");
    }

    #[test]
    fn a_trend_without_a_queue_is_none() {
        let mut control = control();
        control.update(0, &Reading { queue: 5.0, ..OVER });
        assert_eq!(control.bps(), 1e6);
        assert!(!control.is_draining());
    }

    #[test]
    fn a_long_queue_of_our_own_is_drained_faster() {
        let mut control = control();
        control.update(0, &Reading { sent: Some(2e6), queue: 400.0, ..OVER });
        assert!((control.bps() - 600e3).abs() < 1.0);
        let mut control = RateControl::new(1e6, (50e3, 5e6));
        control.update(0, &Reading { queue: 400.0, ..OVER });
        assert_eq!(control.bps(), 850e3, "somebody else's queue");
    }

    #[test]
    fn a_queue_that_stays_is_somebody_elses() {
        let mut control = control();
        let full = Reading { queue: 90.0, ..OVER };
        control.update(0, &full);
        control.update(500_000, &full);
        assert_eq!(control.bps(), 850e3);
        control.update(1_100_000, &full);
        assert_eq!(control.bps(), 950e3);
        control.update(1_200_000, &full);
        control.update(2_200_000, &Reading { usage: Usage::Normal, ..full });
        assert_eq!(control.bps(), 950e3 + 64e3, "not down for it");
        control.update(7_000_000, &full);
        control.update(7_100_000, &full);
        assert!((control.bps() - 850e3).abs() < 1.0, "but tried again");
    }

    #[test]
    fn a_queue_that_falls_is_waited_for() {
        let mut control = control();
        control.update(0, &Reading { queue: 500.0, ..OVER });
        control.update(3_000_000, &Reading { queue: 90.0, ..NORMAL });
        assert!(control.is_draining());
        control.update(4_100_000, &Reading { queue: 60.0, ..NORMAL });
        assert!(!control.is_draining());
    }

    #[test]
    fn little_sent_moves_it_little() {
        let mut control = control();
        let little = Reading { acked: Some(5e4), sent: Some(5e4), app_limited: true, ..NORMAL };
        control.update(0, &little);
        control.update(9_000_000, &little);
        assert_eq!(control.bps(), 1e6, "neither up nor down");
        let full = Reading { usage: Usage::Over, queue: 500.0, ..little };
        control.update(9_100_000, &full);
        assert_eq!(control.bps(), 850e3);
    }
}
