use super::decision::{Next, Operation, Status, decide};
use super::{Pulled, Receiver, in_ms};
use crate::codec::AudioDecoder;
use crate::units::samples;
use crate::{SAMPLES_PER_TICK, TICK_MS};

/// How long a change of the delay has been waiting for a good moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    waited_ticks: u32,
    too_long: bool,
}

/// A delay longer than its target by as much is cut at once, not tick by tick.
const CUT_EXCESS: i64 = samples(500);
/// For so long after the beginning delay is lengthened without waiting for a pause.
const STARTING_PACKETS: u64 = 50;
/// Steps to make one tick: 2.5 ms packets, each undecodable at first, need fewer.
const MAX_STEPS: usize = 1_024;

impl<D: AudioDecoder> Receiver<D> {
    /// Plays one tick: fills `out`, which holds 480 samples per channel.
    ///
    /// The count of pulls is the clock of playout: pull once per 10 ms of the device, and insert
    /// what has arrived first.
    ///
    /// # Panics
    /// If `out` is not one tick long.
    pub fn pull(&mut self, out: &mut [f32]) -> Pulled {
        let expected = SAMPLES_PER_TICK * self.config.channels.count();
        assert_eq!(out.len(), expected, "pull one tick: {expected} samples");
        self.find_place();
        let operation = self.make_tick(out);
        self.tick += 1;
        let level = self.playout.finish(out);
        Pulled { operation, level }
    }

    /// Begins playout with the oldest packet, or cuts a delay that is far too long.
    fn find_place(&mut self) {
        let Some(front) = self.buffer.front() else { return };
        let ahead = self.arrivals.lateness(self.tick, front.timestamp) - self.target();
        if !self.playout.started {
            self.playout.jump_to(front);
        }
        if ahead < CUT_EXCESS {
            return;
        }
        while let Some(second) = self.buffer.second() {
            if self.arrivals.lateness(self.tick, second.timestamp) < self.target() {
                break;
            }
            self.buffer.discard_front();
            self.discarded.flushed += 1;
        }
        if let Some(front) = self.buffer.front() {
            self.playout.jump_to(front);
        }
    }

    fn make_tick(&mut self, out: &mut [f32]) -> Operation {
        let mut most_serious = Operation::Idle;
        for _ in 0..MAX_STEPS {
            self.drop_obsolete();
            let status = self.status();
            let operation = decide(&status);
            most_serious = most_serious.max(operation);
            if self.perform(operation, &status, out) {
                return most_serious;
            }
        }
        // Unreachable while each step makes audio or takes a packet; silence is the safe answer.
        out.fill(0.0);
        most_serious
    }

    /// Does what was decided; whether that played the tick.
    fn perform(&mut self, operation: Operation, status: &Status, out: &mut [f32]) -> bool {
        match operation {
            Operation::Idle => out.fill(0.0),
            Operation::Normal if status.ready < SAMPLES_PER_TICK => {
                self.decode_next(status.next);
                return false;
            }
            Operation::Normal => self.playout.play(out),
            Operation::Fec => {
                self.restore(status);
                return false;
            }
            Operation::Expand | Operation::ComfortNoise => {
                self.playout.make_up(operation, most_to_make_up(status.next));
                return false;
            }
            Operation::Drop => self.play_shorter(status, out),
            Operation::Insert => self.playout.play_longer(out),
        }
        self.count_patience(operation, status);
        true
    }

    fn decode_next(&mut self, next: Next) {
        let Some(front) = self.buffer.front() else { return };
        let waited_ticks = self.tick.saturating_sub(front.arrival_tick);
        if let Next::AfterLoss { fec, .. } = next {
            self.learn_from_loss(fec);
        }
        // A packet waits for at most the longest delay.
        self.playout.decode(&mut self.buffer, waited_ticks as u32 * TICK_MS);
    }

    fn restore(&mut self, status: &Status) {
        let Next::AfterLoss { at, fec } = status.next else { return };
        self.learn_from_loss(fec);
        let keep_delay = status.delay - (at - fec) > status.target;
        if let Some(front) = self.buffer.front() {
            self.playout.restore(front, keep_delay);
        }
    }

    /// A frame was lost whose redundancy is in the oldest packet: so much delay it would have
    /// needed.
    fn learn_from_loss(&mut self, fec: i64) {
        let Some(front) = self.buffer.front().filter(|_| fec > 0) else { return };
        let lateness = self.arrivals.lateness(front.arrival_tick, front.timestamp);
        self.delay.update(in_ms(lateness + fec));
    }

    fn play_shorter(&mut self, status: &Status, out: &mut [f32]) {
        let mut ready = status.ready;
        while ready < 2 * SAMPLES_PER_TICK {
            self.drop_obsolete();
            if self.playout.relation(self.buffer.front()) != Next::Adjoining {
                break;
            }
            self.decode_next(Next::Adjoining);
            ready = self.playout.ready();
        }
        if ready < 2 * SAMPLES_PER_TICK {
            self.playout.play(out);
        } else {
            self.playout.play_shorter(out);
        }
    }

    /// Removes packets whose audio has been played from elsewhere.
    fn drop_obsolete(&mut self) {
        while self.buffer.front().is_some_and(|front| self.playout.is_past(front.end())) {
            self.buffer.discard_front();
            self.discarded.late += 1;
        }
    }

    fn count_patience(&mut self, operation: Operation, status: &Status) {
        let too_long = status.delay > status.target;
        let changed = matches!(operation, Operation::Drop | Operation::Insert);
        if changed || status.delay == status.target || too_long != self.patience.too_long {
            self.patience = Patience { waited_ticks: 0, too_long };
        }
        self.patience.waited_ticks = self.patience.waited_ticks.saturating_add(1);
    }

    fn status(&self) -> Status {
        let ready = self.playout.ready();
        let cursor = self.playout.cursor();
        let delay = self.arrivals.lateness(self.tick, cursor) + ready as i64;
        let target = self.target();
        Status {
            started: self.playout.started,
            ready,
            next: self.playout.relation(self.buffer.front()),
            delay,
            target,
            comfort: self.playout.comfort(),
            // Measured only where it matters.
            quiet: delay != target && ready >= SAMPLES_PER_TICK && self.playout.is_quiet(),
            can_insert: self.playout.can_insert(),
            waited_ticks: self.patience.waited_ticks,
            starting: self.playout.counts.packets < STARTING_PACKETS,
        }
    }

    fn target(&self) -> i64 {
        samples(self.delay.target_ms())
    }
}

/// Made-up audio ends where real audio can take over.
fn most_to_make_up(next: Next) -> usize {
    let until = match next {
        Next::AfterLoss { at, fec } if at > fec => at - fec,
        Next::AfterLoss { at, .. } if at > 0 => at,
        Next::AfterLoss { .. } | Next::AfterSilence { .. } | Next::Nothing | Next::Adjoining => {
            return SAMPLES_PER_TICK;
        }
    };
    usize::try_from(until).unwrap_or(SAMPLES_PER_TICK)
}
