use super::decision::{Next, Operation, Status, decide, similarity};
use super::playout::Waited;
use super::{Pulled, Receiver, in_ms};
use crate::codec::AudioDecoder;
use crate::stretch::{Demand, LOOKAHEAD, MAX_LAG};
use crate::units::samples;
use crate::{SAMPLES_PER_TICK, TICK_MS};

/// How long a change of the delay has been waiting for a good moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    waited_ticks: u32,
    /// Ticks in which a change was tried and could not be made.
    vain_ticks: u32,
    too_long: bool,
}

/// A delay longer than its target by as much is cut: what was said a second ago is no longer part
/// of a conversation. Anything less is played, faster.
const CUT_EXCESS: i64 = samples(1_000);
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
            let wanted = decide(&status);
            let done = self.perform(wanted, &status);
            most_serious = most_serious.max(done);
            if status.ready >= SAMPLES_PER_TICK {
                self.count_patience(wanted, done, &status);
                self.playout.play(out);
                return most_serious;
            }
            if done == Operation::Idle {
                break;
            }
        }
        // No stream. Running out of steps is impossible while each makes audio or takes a packet.
        out.fill(0.0);
        most_serious
    }

    /// Does what was decided before a tick is played; what came of it.
    fn perform(&mut self, operation: Operation, status: &Status) -> Operation {
        match operation {
            Operation::Idle => {}
            Operation::Normal | Operation::Merge => {
                if status.ready < SAMPLES_PER_TICK {
                    return self.decode_next(status.next, operation);
                }
            }
            Operation::Fec => self.restore(status),
            Operation::Expand | Operation::ComfortNoise => {
                self.playout.make_up(operation, most_to_make_up(status.next));
            }
            Operation::Accelerate | Operation::FastAccelerate => {
                return self.accelerate(operation, status);
            }
            Operation::PreemptiveExpand => return self.expand_preemptively(status),
        }
        operation
    }

    fn accelerate(&mut self, operation: Operation, status: &Status) -> Operation {
        self.decode_ahead();
        let excess = usize::try_from(status.delay - status.target).unwrap_or(0);
        let demand = Demand {
            least: 0,
            // Never so much that it would have to be put in again.
            most: excess,
            similarity: similarity(status, operation),
        };
        if self.playout.shorten(demand) > 0 { operation } else { Operation::Normal }
    }

    /// Decodes as much as time stretching looks at, if it is there.
    fn decode_ahead(&mut self) {
        while self.playout.ready() < LOOKAHEAD && !self.playout.is_joint() {
            self.drop_obsolete();
            if self.upcoming() != Next::Adjoining {
                break;
            }
            self.decode_next(Next::Adjoining, Operation::Normal);
        }
    }

    fn expand_preemptively(&mut self, status: &Status) -> Operation {
        let lacking = usize::try_from(status.target - status.delay).unwrap_or(0);
        // Deep voices repeat themselves only after more than a tick. Where most ticks may be
        // lengthened that is too much: playing must get ahead.
        let often = status.quiet || status.starting;
        // Before a hole nothing less than a tick is of use.
        let hole_ahead = status.is_hole_ahead();
        let longest = if often && !hole_ahead { SAMPLES_PER_TICK } else { MAX_LAG };
        let demand = Demand {
            least: if hole_ahead { SAMPLES_PER_TICK } else { 0 },
            most: lacking.clamp(SAMPLES_PER_TICK, longest),
            similarity: similarity(status, Operation::PreemptiveExpand),
        };
        let inserted = self.playout.lengthen(demand);
        if inserted > 0 { Operation::PreemptiveExpand } else { Operation::Normal }
    }

    /// Makes what comes next, from its packet or from what a later one describes of it.
    fn decode_next(&mut self, next: Next, operation: Operation) -> Operation {
        if let Some(described) = self.described() {
            self.restore_described(described);
            return Operation::Fec;
        }
        let Some(front) = self.buffer.front() else { return operation };
        let waited_ticks = self.tick.saturating_sub(front.arrival_tick);
        let delay =
            self.arrivals.lateness(self.tick, front.timestamp) + self.playout.ready() as i64;
        if let Next::AfterLoss { fec, .. } = next {
            self.learn_from_loss(fec);
        }
        let waited = Waited {
            excess: delay - self.target(),
            // A packet waits for at most the longest delay.
            delay_ms: waited_ticks as u32 * TICK_MS,
            target_ms: self.delay.target_ms(),
            minimum_ms: self.delay.network_ms(),
        };
        self.playout.decode(&mut self.buffer, waited);
        operation
    }

    fn restore(&mut self, status: &Status) {
        let Next::AfterLoss { at, fec } = status.next else { return };
        self.learn_from_loss(fec);
        let excess = status.delay - (at - fec) - status.target;
        if let Some(front) = self.buffer.front() {
            self.known.add(front.sequence.saturating_sub(1));
            self.playout.restore(front, excess);
        }
    }

    /// A frame was lost whose redundancy is in the oldest packet: so much delay it would have
    /// needed.
    fn learn_from_loss(&mut self, fec: i64) {
        let Some(front) = self.buffer.front().filter(|_| fec > 0) else { return };
        if self.known.contains(front.sequence.saturating_sub(1)) {
            return;
        }
        let tick = front.arrival_tick;
        let lateness = self.arrivals.lateness(tick, front.timestamp);
        self.delay.update(tick, in_ms(lateness + fec));
    }

    /// Removes packets whose audio has been played from elsewhere.
    fn drop_obsolete(&mut self) {
        while self.buffer.front().is_some_and(|front| self.playout.is_past(front.end())) {
            self.buffer.discard_front();
            self.discarded.late += 1;
        }
    }

    fn count_patience(&mut self, wanted: Operation, done: Operation, status: &Status) {
        let too_long = status.delay > status.target;
        let tried = changes_length(wanted);
        if tried && changes_length(done)
            || status.delay == status.target
            || too_long != self.patience.too_long
        {
            self.patience = Patience { too_long, ..Patience::default() };
        } else {
            self.patience.vain_ticks = self.patience.vain_ticks.saturating_add(u32::from(tried));
        }
        self.patience.waited_ticks = self.patience.waited_ticks.saturating_add(1);
    }

    fn status(&self) -> Status {
        let ready = self.playout.ready();
        let cursor = self.playout.cursor();
        let delay = self.delay_of(cursor);
        let target = self.target();
        Status {
            started: self.playout.started,
            ready,
            next: self.upcoming(),
            delay,
            target,
            comfort: self.playout.comfort(),
            joint: self.playout.is_joint(),
            // Measured only where it matters.
            quiet: delay != target && ready >= SAMPLES_PER_TICK && self.playout.is_quiet(),
            stretchable: self.playout.is_stretchable(),
            waited_ticks: self.patience.waited_ticks,
            vain_ticks: self.patience.vain_ticks,
            starting: self.playout.counts.packets < STARTING_PACKETS,
        }
    }

    pub(super) fn target(&self) -> i64 {
        samples(self.delay.target_ms())
    }
}

const fn changes_length(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Accelerate | Operation::FastAccelerate | Operation::PreemptiveExpand
    )
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
