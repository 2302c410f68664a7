//! The receive side: packets in at any time, 10 ms of audio out per pull.
//!
//! ```text
//! insert ─► Reception ─► ArrivalHistory ─► DelayManager        what delay is aimed at
//!               │                              │
//!               └─► PacketBuffer ──► Status ◄──┘
//!                        │             │
//!                        ▼             ▼
//! pull ◄─────────── Playout ◄── decide(&Status)               decode, restore, make up, stretch, merge
//! ```

mod arrival_history;
mod config;
mod decision;
mod deep;
mod delay_manager;
mod discard;
mod gap;
mod histogram;
mod packet_buffer;
mod pcm_queue;
mod played;
mod playout;
mod pull;
mod reception;
mod redundancy;
mod stats;
#[cfg(test)]
mod tests;
mod webrtc_stats;

use std::time::Instant;

use calling_model::AudioLevel;
use calling_wire::{AudioLevelExtension, ReportBlock, RtpView};

use crate::codec::{AudioDecoder, CodecError, OpusDecoder, PayloadInfo};
use crate::units::{SAMPLES_PER_MS, SAMPLES_PER_TICK};
use arrival_history::ArrivalHistory;
pub use config::ReceiverConfig;
pub use decision::Operation;
use delay_manager::{Bounds, DelayManager};
pub use discard::{DiscardCounts, InsertDiscard};
use packet_buffer::{Packet, PacketBuffer};
use played::Played;
use playout::Playout;
use pull::Patience;
use reception::{Admission, Place, Reception};
pub use stats::ReceiverStats;
pub use webrtc_stats::InboundAudioStats;

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
    /// Frames of which it is known what delay they would have needed.
    known: Played,
    /// Late packets since the last that was not.
    late_in_a_row: u32,
    restarts: u64,
    packets_with_copies: u64,
}

/// So many late packets in a row, a second's worth, and it is playout that is ahead of the
/// stream.
const LATE_IN_A_ROW: u32 = 50;

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
            delay: DelayManager::new(Bounds {
                min_ms: config.min_delay_ms,
                max_ms: config.max_delay_ms,
                start_ms: config.start_delay_ms,
            }),
            buffer: PacketBuffer::new(config.capacity_packets),
            playout: Playout::new(decoder, config.channels.count()),
            patience: Patience::default(),
            discarded: DiscardCounts::default(),
            known: Played::default(),
            late_in_a_row: 0,
            restarts: 0,
            packets_with_copies: 0,
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
        let (own, red) = self.unpack(packet)?;
        if own.payload_type != self.config.payload_type {
            return Err(InsertDiscard::PayloadType);
        }
        let info = self.playout.inspect(own.payload).ok_or(InsertDiscard::Malformed)?;
        let place = match self.reception.admit(now, self.tick, packet) {
            Admission::Continues(place) => place,
            Admission::Begins(place) => {
                self.begin_stream();
                place
            }
            Admission::Unconfirmed => return Err(InsertDiscard::Unconfirmed),
        };
        let level = packet.extension(self.config.audio_level_id);
        let level = level.and_then(AudioLevelExtension::parse).map(|extension| extension.level);
        let taken = self.take_own(place, info, level, own.payload);
        if let Some(red) = red {
            self.take_copies(place, &red);
        }
        self.bound_span();
        taken
    }

    /// Takes the frame that the packet is sent for.
    fn take_own(
        &mut self,
        place: Place,
        info: PayloadInfo,
        level: Option<AudioLevel>,
        payload: &[u8],
    ) -> Result<(), InsertDiscard> {
        let Place { sequence, timestamp } = place;
        if self.playout.played.contains(sequence) || self.buffer.contains(sequence) {
            return Err(InsertDiscard::Duplicate);
        }
        let lateness = self.arrivals.record(self.tick, timestamp);
        self.delay.update(self.tick, in_ms(lateness));
        self.known.add(sequence);
        let deep = self.find_deep(place, info, payload);
        if self.playout.is_past(timestamp.saturating_add(info.samples as u64)) {
            return Err(InsertDiscard::Late);
        }
        let payload = self.buffer.hold(payload);
        let arrival_tick = self.tick;
        let packet = Packet {
            sequence,
            timestamp,
            arrival_tick,
            info,
            level,
            payload,
            is_copy: false,
            deep,
        };
        let evicted = self.buffer.insert(packet).map_err(|_| InsertDiscard::Duplicate)?;
        self.discarded.flushed += evicted as u64;
        Ok(())
    }

    /// Nothing older than the longest delay is worth keeping, even if nobody pulls. A tick more is
    /// what playout may be short of its delay, and another what it may be late.
    fn bound_span(&mut self) {
        let most = u64::from(self.config.max_delay_ms) * SAMPLES_PER_MS as u64;
        let most = most + 2 * SAMPLES_PER_TICK as u64;
        while self.buffer.len() > 1 && self.buffer.age_samples() > most {
            self.buffer.discard_front();
            self.discarded.flushed += 1;
        }
    }

    fn begin_stream(&mut self) {
        self.restarts += u64::from(self.playout.started || self.buffer.len() > 0);
        self.discarded.flushed += self.buffer.clear() as u64;
        self.arrivals.clear();
        self.delay.clear();
        self.known = Played::default();
        self.playout.stop();
    }

    /// What the sender says of the loudness of what is played next (RFC 6464), or said last if
    /// nothing is there; `None` if it does not tell.
    pub fn upcoming_level(&self) -> Option<AudioLevel> {
        match self.buffer.front() {
            Some(packet) if !packet.is_copy => packet.level,
            Some(_) | None => self.playout.told_level,
        }
    }

    /// Whether what comes is decoded. If not, it is played as silence: in the same time, with the
    /// same figures of packets and delay, and at no cost of the codec. What is decoded already is
    /// played still.
    pub fn set_audible(&mut self, audible: bool) {
        self.playout.set_audible(audible);
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
            red_samples: counts.copied,
            packets_with_copies: self.packets_with_copies,
            concealed_samples: self.playout.gap.audible_samples,
            silent_concealed_samples: self.playout.gap.silent_samples,
            dred_samples: counts.deep,
            deep_plc_samples: counts.deeply_concealed,
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
            webrtc: self.webrtc_stats(),
        }
    }

    /// The same in the words of W3C `webrtc-stats`.
    fn webrtc_stats(&self) -> InboundAudioStats {
        let counts = &self.playout.counts;
        InboundAudioStats {
            packets_received: self.reception.received(),
            packets_lost: self.reception.lost(),
            packets_discarded: self.discarded.late + self.discarded.flushed,
            jitter_seconds: self.reception.jitter_ms() / 1_000.0,
            inserted_samples_for_deceleration: counts.inserted,
            removed_samples_for_acceleration: counts.dropped,
            ..self.playout.emission.stats()
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
