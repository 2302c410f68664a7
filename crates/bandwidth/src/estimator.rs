use std::time::{Duration, Instant};

use calling_model::{Bitrate, Machine};
use calling_wire::{TransportArrival, TransportArrivals};

use crate::alr::AppLimit;
use crate::control::{RateControl, Reading};
use crate::history::{History, MOST_KEPT, Told};
use crate::loss::LossControl;
use crate::meter::RateMeter;
use crate::overuse::{OveruseDetector, Usage};
use crate::probe::{Probe, ProbeId, Prober};
use crate::queue::QueueDelay;
use crate::time::{Micros, ReceiverClock, micros, since};

/// Pacing is that many times the estimate, so that the pauses between pictures are used.
const PACING: f64 = 1.25;
/// Feedback is missed after this, and again after as much, if so many packets wait for it: fewer
/// may have been lost before a pause, and are told of after it.
const PATIENCE_US: Micros = 1_000_000;
const LEAST_UNANSWERED: u32 = 5;
/// What is sent without feedback, of what was sent before.
const UNTOLD: f64 = 0.5;
/// An estimate below this share of what it was is a fall, of which the path may recover.
const FALL: f64 = 0.66;
/// For how long it may; what is tried then, of what it was and of what it is.
const RECOVERY_US: Micros = 5_000_000;
const RECOVERY: f64 = 0.85;
const MOST_RECOVERY: f64 = 2.0;
/// A probe counts if it found that many times the estimate, at the end of what passes.
const WORTH: f64 = 1.05;

/// What an [`Estimator`] begins with and stays within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimatorConfig {
    /// Never estimated less: what audio takes.
    pub min: Bitrate,
    /// What is begun with.
    pub start: Bitrate,
    /// Never estimated more.
    pub max: Bitrate,
}

impl Default for EstimatorConfig {
    fn default() -> Self {
        Self {
            min: Bitrate::from_kbps(30),
            start: Bitrate::from_kbps(300),
            max: Bitrate::from_kbps(20_000),
        }
    }
}

/// What happens to an [`Estimator`].
#[derive(Clone, Copy, Debug)]
pub enum EstimatorInput<'a> {
    /// A packet goes out.
    Sent {
        /// Its transport-wide number: the one after that of the packet before.
        sequence_number: u16,
        /// Its size with RTP header, and whatever else of the datagram is to count.
        bytes: u32,
        /// The probe that is being sent, whatever the packet carries.
        probe: Option<ProbeId>,
    },
    /// The receiver tells what came.
    Feedback(TransportArrivals<'a>),
    /// So much would be sent if it passed. More is looked for only up to this.
    Wanted(Bitrate),
}

/// What an [`Estimator`] wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EstimatorOutput {
    /// The estimate has changed.
    Estimate {
        /// To be sent on average, with everything.
        bitrate: Bitrate,
        /// To be sent at most at a time.
        pacing: Bitrate,
    },
    /// Send this, to see whether it passes.
    Probe(Probe),
}

/// The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EstimatorMisuse {
    /// Transport-wide numbers go up by one for each packet that is sent.
    #[error("number the packet {expected}: transport-wide numbers go up by one")]
    Number {
        /// The next number.
        expected: u16,
    },
}

/// Why an [`Estimator`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EstimatorTimeout {
    /// No feedback came for packets that were sent.
    Feedback,
    /// A probe is to begin, or to be given up.
    Probe,
}

/// What was discarded, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EstimatorDiscards {
    /// Feedback of more packets than are remembered.
    pub oversized: u64,
    /// Told of before.
    pub repeated: u64,
    /// Never sent, or too long ago.
    pub unknown: u64,
}

/// An estimator's view of its path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EstimatorStats {
    /// What may be sent.
    pub estimate: Bitrate,
    /// What arrives, once known.
    pub arriving: Option<Bitrate>,
    /// What the losses leave, if they are a limit.
    pub loss_limit: Option<Bitrate>,
    /// How long packets wait on the path.
    pub queue: Duration,
    /// From sending a packet to reading that it came.
    pub round_trip: Duration,
    /// What the delay says.
    pub usage: Usage,
    /// Less is sent than could be.
    pub app_limited: bool,
    /// What was discarded.
    pub discards: EstimatorDiscards,
}

/// Estimates what passes a path from what its receiver tells of it.
///
/// Delay governs (draft-ietf-rmcat-gcc-02): a queue that grows takes the estimate down before
/// packets are lost. Losses limit it where they grow with what is sent. Probes find more where
/// more is wanted. A sender that sends little keeps its estimate.
#[derive(Debug)]
pub struct Estimator {
    origin: Instant,
    config: EstimatorConfig,
    wanted: f64,
    history: History,
    clock: ReceiverClock,
    detector: OveruseDetector,
    queue: QueueDelay,
    arriving: RateMeter<16>,
    limited: AppLimit,
    delay: RateControl,
    loss: LossControl,
    prober: Prober,
    rtt: Option<Micros>,
    /// When feedback is missed.
    late_at: Option<Micros>,
    /// Packets sent since feedback came.
    unanswered: u32,
    /// The estimate before a fall, and when it fell.
    fallen: Option<(f64, Micros)>,
    discards: EstimatorDiscards,
    told: Option<Bitrate>,
    changed: bool,
    probe: Option<Probe>,
}

impl Estimator {
    /// Nothing is sent yet; the first estimate is what is begun with.
    pub fn new(now: Instant, config: EstimatorConfig) -> Self {
        let bounds = (config.min.bps() as f64, config.max.bps().max(config.min.bps()) as f64);
        let start = config.start.bps() as f64;
        Self {
            origin: now,
            config,
            wanted: 0.0,
            history: History::default(),
            clock: ReceiverClock::default(),
            detector: OveruseDetector::new(),
            queue: QueueDelay::default(),
            arriving: RateMeter::new(),
            limited: AppLimit::default(),
            delay: RateControl::new(start, bounds),
            loss: LossControl::default(),
            prober: Prober::new(start),
            rtt: None,
            late_at: None,
            unanswered: 0,
            fallen: None,
            discards: EstimatorDiscards::default(),
            told: None,
            changed: true,
            probe: None,
        }
    }

    /// What may be sent.
    pub fn estimate(&self) -> Bitrate {
        Bitrate::from_bps(self.bps() as u64)
    }

    /// What is known of the path.
    pub fn stats(&self) -> EstimatorStats {
        let bitrate = |bps: f64| Bitrate::from_bps(bps as u64);
        EstimatorStats {
            estimate: self.estimate(),
            arriving: self.arriving.bps().map(bitrate),
            loss_limit: self.loss.limit().map(bitrate),
            queue: Duration::from_secs_f64(self.queue.ms().max(0.0) / 1e3),
            round_trip: Duration::from_micros(self.rtt.unwrap_or(0).unsigned_abs()),
            usage: self.detector.usage(),
            app_limited: self.limited.is_limited(),
            discards: self.discards,
        }
    }

    fn bps(&self) -> f64 {
        let limit = self.loss.limit().unwrap_or(f64::MAX);
        self.delay.bps().min(limit).max(self.config.min.bps() as f64)
    }

    fn handle_sent(
        &mut self,
        now: Micros,
        (number, bytes, probe): (u16, u32, Option<ProbeId>),
    ) -> Result<(), EstimatorMisuse> {
        if let Some(expected) = self.history.next().filter(|expected| *expected != number) {
            return Err(EstimatorMisuse::Number { expected });
        }
        self.history.push(number, now, bytes, probe);
        self.limited.sent(now, bytes, self.bps());
        self.late_at.get_or_insert(now + PATIENCE_US);
        self.unanswered = self.unanswered.saturating_add(1);
        Ok(())
    }

    fn handle_feedback(&mut self, now: Micros, arrivals: &TransportArrivals<'_>) {
        if usize::from(arrivals.told) > MOST_KEPT {
            self.discards.oversized += 1;
            return;
        }
        let reference = self.clock.extend(arrivals.reference);
        let mut newest = None;
        for packet in arrivals.packets() {
            newest = self.tell(packet, reference).max(newest);
        }
        if let Some(newest) = newest {
            self.measure_round_trip(now - newest);
            self.late_at = self.history.awaits().then_some(now + PATIENCE_US);
            self.unanswered = 0;
            self.control(now);
        }
    }

    /// What is told of one packet; when it was sent, if it came.
    fn tell(&mut self, packet: TransportArrival, reference: Micros) -> Option<Micros> {
        match self.history.tell(packet.sequence_number, packet.ticks.is_some()) {
            Told::Arrived { sent, after_all } => {
                let came = reference + Micros::from(packet.ticks?) * micros(TransportArrival::TICK);
                self.arriving.add(came, sent.bytes.into());
                self.prober.push(&sent, came);
                if after_all {
                    self.loss.came_after_all();
                } else {
                    self.loss.push(sent.at, sent.bytes.into(), false);
                }
                // Probes queue on purpose.
                if sent.probe.is_none() {
                    self.detector.push(sent.at, came);
                    self.queue.push(sent.at, came);
                }
                Some(sent.at)
            }
            Told::Missing { sent } => {
                self.loss.push(sent.at, sent.bytes.into(), true);
                None
            }
            Told::Repeated => {
                self.discards.repeated += 1;
                None
            }
            Told::Unknown => {
                self.discards.unknown += 1;
                None
            }
        }
    }

    fn measure_round_trip(&mut self, sample: Micros) {
        let sample = sample.max(0);
        self.rtt = Some(self.rtt.map_or(sample, |rtt| rtt + (sample - rtt) / 8));
    }

    fn control(&mut self, now: Micros) {
        let before = self.bps();
        let was_draining = self.delay.is_draining();
        let reading = Reading {
            usage: self.detector.usage(),
            acked: self.arriving.bps(),
            sent: self.limited.sent_bps(),
            queue: self.queue.ms(),
            rtt: self.rtt.unwrap_or(0),
            app_limited: self.limited.is_limited(),
        };
        self.delay.update(now, &reading);
        self.loss.update(self.delay.bps());
        if let Some(limit) = self.loss.limit() {
            self.delay.limit(limit);
        }
        self.use_probe(now);
        self.note_fall(now, before);
        if was_draining && !self.delay.is_draining() {
            self.recover(now);
        }
        self.settle(now);
    }

    fn use_probe(&mut self, now: Micros) {
        let Some(found) = self.prober.found(now) else { return };
        let worth = if found.capacity.is_some() { WORTH } else { 1.0 };
        if found.bps > self.bps() * worth && !self.delay.is_draining() {
            self.delay.probed(found.bps, found.capacity);
            self.loss.clear();
        }
    }

    fn note_fall(&mut self, now: Micros, before: f64) {
        let is_higher = |(bps, at): (f64, Micros)| before > bps || now - at > RECOVERY_US;
        if self.bps() < before && self.fallen.is_none_or(is_higher) {
            self.fallen = Some((before, now));
        }
    }

    /// What came in the way may be gone: that is tried once a fall.
    fn recover(&mut self, now: Micros) {
        let Some((before, at)) = self.fallen.take() else { return };
        let bps = self.bps();
        if now - at <= RECOVERY_US && bps < before * FALL {
            self.prober.suggest(now, (before * RECOVERY).min(bps * MOST_RECOVERY));
        }
    }

    /// Plans a probe if it is time, and tells the estimate if it is another.
    fn settle(&mut self, now: Micros) {
        let is_calm = self.detector.usage() != Usage::Over && !self.delay.is_draining();
        if let Some(probe) = self.prober.plan(now, (self.bps(), self.most_wanted()), is_calm) {
            self.probe = Some(probe);
        }
        self.changed |= self.told != Some(self.estimate());
    }

    fn most_wanted(&self) -> f64 {
        self.wanted.min(self.config.max.bps() as f64)
    }

    fn miss_feedback(&mut self, now: Micros) {
        if self.late_at.take_if(|late_at| *late_at <= now).is_none() {
            return;
        }
        if self.unanswered >= LEAST_UNANSWERED {
            self.unanswered = 0;
            let before = self.bps();
            self.delay.set(before * UNTOLD);
            self.note_fall(now, before);
        }
    }

    fn at(&self, at: Micros) -> Instant {
        self.origin + Duration::from_micros(at.unsigned_abs())
    }
}

impl Machine for Estimator {
    type Input<'a> = EstimatorInput<'a>;
    type Output = EstimatorOutput;
    type Misuse = EstimatorMisuse;
    type Reason = EstimatorTimeout;

    fn handle_input(
        &mut self,
        now: Instant,
        input: EstimatorInput<'_>,
    ) -> Result<(), Self::Misuse> {
        let now = since(self.origin, now);
        match input {
            EstimatorInput::Sent { sequence_number, bytes, probe } => {
                self.handle_sent(now, (sequence_number, bytes, probe))?;
            }
            EstimatorInput::Feedback(arrivals) => self.handle_feedback(now, &arrivals),
            EstimatorInput::Wanted(bitrate) => {
                self.wanted = bitrate.bps() as f64;
                self.settle(now);
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        let now = since(self.origin, now);
        self.miss_feedback(now);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Option<EstimatorOutput> {
        if let Some(probe) = self.probe.take() {
            return Some(EstimatorOutput::Probe(probe));
        }
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let bitrate = self.estimate();
        self.told = Some(bitrate);
        let pacing = Bitrate::from_bps((self.bps() * PACING) as u64);
        Some(EstimatorOutput::Estimate { bitrate, pacing })
    }

    fn poll_timeout(&self) -> Option<(Instant, EstimatorTimeout)> {
        let probe = self.prober.due(self.most_wanted() > self.bps());
        let probe = probe.map(|at| (at, EstimatorTimeout::Probe));
        let late = self.late_at.map(|at| (at, EstimatorTimeout::Feedback));
        let (at, reason) = [late, probe].into_iter().flatten().min_by_key(|(at, _)| *at)?;
        Some((self.at(at), reason))
    }
}

#[cfg(test)]
#[path = "estimator_tests.rs"]
mod tests;
