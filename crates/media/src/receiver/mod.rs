//! The receive side: packets in at any time, 10 ms of audio out per pull.
//!
//! ```text
//! insert ─► Reception ─► ArrivalHistory ─► DelayManager        what delay is aimed at
//!               │                              │
//!               └─► PacketBuffer ──► Status ◄──┘
//!                        │             │
//!                        ▼             ▼
//! pull ◄─────────── Playout ◄── decide(&Status)               decode, restore, make up, splice
//! ```

mod arrival_history;
mod config;
mod decision;
mod delay_manager;
mod discard;
mod gap;
mod histogram;
mod packet_buffer;
mod pcm_queue;
mod played;
mod playout;
mod reception;
mod splice;
mod stats;
#[cfg(test)]
mod tests;

use std::time::Instant;

use calling_model::AudioLevel;
use calling_wire::{AudioLevelExtension, ReportBlock, RtpView};

use crate::codec::{AudioDecoder, CodecError, OpusDecoder};
use crate::units::{SAMPLES_PER_MS, samples};
use crate::{SAMPLES_PER_TICK, TICK_MS};
use arrival_history::ArrivalHistory;
pub use config::ReceiverConfig;
pub use decision::Operation;
use decision::{Next, Status, decide};
use delay_manager::DelayManager;
pub use discard::{DiscardCounts, InsertDiscard};
use packet_buffer::{Packet, PacketBuffer};
use playout::Playout;
use reception::{Admission, Place, Reception};
pub use stats::ReceiverStats;

/// What one [`Receiver::pull`] gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// How the tick came to be; the most serious if several were needed.
    pub operation: Operation,
    /// Its loudness.
    pub level: AudioLevel,
}

/// Plays one remote stream: orders its packets, keeps just enough delay that they are there when
/// their time comes, and fills in for those that are not.
///
/// The first packet is played by the next pull. Delay is then lengthened as the network needs it,
/// and shortened as soon as it no longer does.
#[derive(Debug)]
pub struct Receiver<D = OpusDecoder> {
    config: ReceiverConfig,
    /// Pulls so far: the clock of playout.
    tick: u64,
    reception: Reception,
    arrivals: ArrivalHistory,
    delay: DelayManager,
    buffer: PacketBuffer,
    playout: Playout<D>,
    patience: Patience,
    discarded: DiscardCounts,
    /// Late packets since the last that was not.
    late_in_a_row: u32,
    restarts: u64,
}

/// How long a change of the delay has been waiting for a good moment.
#[derive(Clone, Copy, Debug, Default)]
struct Patience {
    waited_ticks: u32,
    too_long: bool,
}

/// So many late packets in a row, a second's worth, and it is playout that is ahead of the
/// stream.
const LATE_IN_A_ROW: u32 = 50;
/// A delay longer than its target by as much is cut at once, not tick by tick.
const CUT_EXCESS: i64 = samples(500);
/// For so long after the beginning delay is lengthened without waiting for a pause.
const STARTING_PACKETS: u64 = 50;
/// Steps to make one tick: 2.5 ms packets, each undecodable at first, need fewer.
const MAX_STEPS: usize = 1_024;

impl Receiver {
    /// A receiver of Opus.
    ///
    /// # Errors
    /// libopus found no memory.
    pub fn new(config: ReceiverConfig) -> Result<Self, CodecError> {
        let decoder = OpusDecoder::new(config.channels)?;
        Ok(Self::with_decoder(config, decoder))
    }
}

impl<D: AudioDecoder> Receiver<D> {
    /// A receiver of what `decoder` decodes, which must give `config.channels`.
    pub fn with_decoder(config: ReceiverConfig, decoder: D) -> Self {
        Self {
            tick: 0,
            reception: Reception::default(),
            arrivals: ArrivalHistory::new(),
            delay: DelayManager::new(config.min_delay_ms, config.max_delay_ms),
            buffer: PacketBuffer::new(config.capacity_packets),
            playout: Playout::new(decoder, config.channels.count()),
            patience: Patience::default(),
            discarded: DiscardCounts::default(),
            late_in_a_row: 0,
            restarts: 0,
            config,
        }
    }

    /// Takes one packet that arrived at `now`.
    ///
    /// # Errors
    /// Why it was discarded; counted in the statistics, nothing to act on.
    pub fn insert(&mut self, now: Instant, packet: &RtpView<'_>) -> Result<(), InsertDiscard> {
        let taken = self.take(now, packet);
        match taken {
            Ok(()) => self.late_in_a_row = 0,
            Err(discard) => self.discarded.count(discard),
        }
        if taken == Err(InsertDiscard::Late) {
            self.late_in_a_row += 1;
            if self.late_in_a_row >= LATE_IN_A_ROW {
                self.late_in_a_row = 0;
                self.reception.end_stream();
            }
        }
        taken
    }

    fn take(&mut self, now: Instant, packet: &RtpView<'_>) -> Result<(), InsertDiscard> {
        if packet.payload_type() != self.config.payload_type {
            return Err(InsertDiscard::PayloadType);
        }
        let info = self.playout.inspect(packet.payload()).ok_or(InsertDiscard::Malformed)?;
        let Place { sequence, timestamp } = match self.reception.admit(now, self.tick, packet) {
            Admission::Continues(place) => place,
            Admission::Begins(place) => {
                self.begin_stream();
                place
            }
            Admission::Unconfirmed => return Err(InsertDiscard::Unconfirmed),
        };
        if self.playout.played.contains(sequence) || self.buffer.contains(sequence) {
            return Err(InsertDiscard::Duplicate);
        }
        let lateness = self.arrivals.record(self.tick, timestamp);
        self.delay.update(in_ms(lateness));
        if self.playout.is_past(timestamp.saturating_add(info.samples as u64)) {
            return Err(InsertDiscard::Late);
        }
        let level = packet.extension(self.config.audio_level_id);
        let level = level.and_then(AudioLevelExtension::parse).map(|extension| extension.level);
        let payload = self.buffer.hold(packet.payload());
        let arrival_tick = self.tick;
        let packet = Packet { sequence, timestamp, arrival_tick, info, level, payload };
        let evicted = self.buffer.insert(packet).map_err(|_| InsertDiscard::Duplicate)?;
        self.discarded.flushed += evicted as u64;
        self.bound_span();
        Ok(())
    }

    /// Nothing older than the longest delay is worth keeping, even if nobody pulls.
    fn bound_span(&mut self) {
        let most = u64::from(self.config.max_delay_ms) * SAMPLES_PER_MS as u64;
        while self.buffer.len() > 1 && self.buffer.span_samples() > most {
            self.buffer.discard_front();
            self.discarded.flushed += 1;
        }
    }

    fn begin_stream(&mut self) {
        self.restarts += u64::from(self.playout.started || self.buffer.len() > 0);
        self.discarded.flushed += self.buffer.clear() as u64;
        self.arrivals.clear();
        self.delay.clear();
        self.playout.stop();
    }

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

    /// What was seen and done so far.
    pub fn stats(&self) -> ReceiverStats {
        let counts = &self.playout.counts;
        let waiting_ms = in_ms(i64::try_from(self.buffer.span_samples()).unwrap_or(i64::MAX));
        ReceiverStats {
            packets_received: self.reception.received(),
            packets_lost: self.reception.lost(),
            packets_played: counts.packets,
            packets_discarded: DiscardCounts {
                undecodable: counts.undecodable_packets,
                ..self.discarded
            },
            decoded_samples: counts.decoded,
            fec_samples: counts.restored,
            concealed_samples: self.playout.gap.audible_samples,
            silent_concealed_samples: self.playout.gap.silent_samples,
            comfort_noise_samples: counts.comfort_noise,
            inserted_samples: counts.inserted,
            dropped_samples: counts.dropped,
            concealment_events: self.playout.gap.events,
            restarts: self.restarts,
            playout_delay_sum_ms: counts.delay_sum_ms,
            playout_delay_ms: counts.smoothed_delay_ms,
            target_delay_ms: self.delay.target_ms(),
            buffered_ms: waiting_ms + self.playout.ready_ms(),
            jitter_ms: self.reception.jitter_ms(),
        }
    }

    /// What an RTCP report says of the stream; `None` before its first packet. The time since the
    /// last sender report is [`RtcpSession`](crate::RtcpSession)'s to fill in. Begins the next
    /// interval of `fraction_lost`.
    pub fn reception_report(&mut self) -> Option<ReportBlock> {
        self.reception.report()
    }
}

/// Samples as whole milliseconds, at least 0, rounded up.
fn in_ms(samples: i64) -> u32 {
    let ms = samples.max(0).unsigned_abs().div_ceil(SAMPLES_PER_MS as u64);
    u32::try_from(ms).unwrap_or(u32::MAX)
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
