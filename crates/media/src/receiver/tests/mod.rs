//! Tests of the whole receiver with a decoder whose output shows where it came from.

mod audible;
mod deep;
mod delay;
mod drift;
mod hostile;
mod loss;
mod order;
mod redundancy;
mod streams;
mod stretching;

use std::time::{Duration, Instant};

use calling_testkit::epoch;
use calling_wire::{AudioLevelExtension, RtpHeader, write_header};

use super::*;
use crate::SAMPLES_PER_TICK;
use crate::codec::{CodecError, PayloadInfo};
use crate::fake::{CONCEALED, FakeDecoder, fake_payload};
use crate::units::Channels;

/// A receiver, the time, and the packets of one imagined sender.
struct Rig {
    receiver: Receiver<FakeDecoder>,
    now: Instant,
    heard: Vec<f32>,
}

/// 30 ms of delay from the beginning on.
fn calm() -> ReceiverConfig {
    ReceiverConfig { min_delay_ms: 30, start_delay_ms: 30, ..Default::default() }
}

const TICK: Duration = Duration::from_millis(10);
const SSRC: u32 = 7;

/// One packet of the imagined sender; number `n` sounds like `n / 1000`.
#[derive(Clone, Copy, Debug)]
struct Made {
    number: u16,
    ssrc: u32,
    sequence_number: u16,
    timestamp: u32,
    samples: usize,
    fec: bool,
    silence_follows: bool,
    payload_type: u8,
    level: u8,
}

/// Packet `number` of a stream of 20 ms packets that begins just before everything wraps.
fn made(number: u16) -> Made {
    Made {
        number,
        ssrc: SSRC,
        sequence_number: 65_533_u16.wrapping_add(number),
        timestamp: (u32::MAX - 5_000).wrapping_add(u32::from(number) * 960),
        samples: 960,
        fec: false,
        silence_follows: false,
        payload_type: 111,
        level: 25,
    }
}

/// The same, restoring the one before it.
fn with_fec(number: u16) -> Made {
    Made { fec: true, ..made(number) }
}

fn sound_of(number: u16) -> f32 {
    f32::from(number) / 1_000.0
}

impl Rig {
    fn new() -> Self {
        // The least delay would hide what some tests look at.
        Self::with(ReceiverConfig { min_delay_ms: 0, start_delay_ms: 0, ..Default::default() })
    }

    fn with(config: ReceiverConfig) -> Self {
        let decoder = FakeDecoder::new(config.channels);
        Self { receiver: Receiver::with_decoder(config, decoder), now: epoch(), heard: Vec::new() }
    }

    fn insert(&mut self, made: Made) -> Result<(), InsertDiscard> {
        let info = PayloadInfo {
            samples: made.samples,
            fec_samples: if made.fec { made.samples } else { 0 },
            silence_follows: made.silence_follows,
        };
        self.insert_payload(made, &fake_payload(info, made.number))
    }

    fn insert_payload(&mut self, made: Made, payload: &[u8]) -> Result<(), InsertDiscard> {
        let header = RtpHeader {
            payload_type: made.payload_type,
            marker: false,
            sequence_number: made.sequence_number,
            timestamp: made.timestamp,
            ssrc: made.ssrc,
        };
        let level = AudioLevel::from_neg_dbov(made.level);
        let extension = [AudioLevelExtension { level, voice: true }.to_byte()];
        let mut bytes = vec![0; 64];
        let length = write_header(&header, &[(1, &extension)], &mut bytes).unwrap();
        bytes.truncate(length);
        bytes.extend_from_slice(payload);
        self.receiver.insert(self.now, &RtpView::parse(&bytes).unwrap())
    }

    /// Pulls one tick; what it was, and the sample in its middle, away from all joints.
    fn pull(&mut self) -> (Operation, f32) {
        let mut pcm = vec![0.0; SAMPLES_PER_TICK * self.receiver.config.channels.count()];
        let pulled = self.receiver.pull(&mut pcm);
        assert!(pcm.iter().all(|sample| sample.is_finite()));
        self.heard.extend_from_slice(&pcm);
        self.now += TICK;
        (pulled.operation, pcm[pcm.len() / 2])
    }

    fn pulls(&mut self, ticks: usize) -> Vec<Operation> {
        (0..ticks).map(|_| self.pull().0).collect()
    }

    /// Plays packets as they come evenly, two pulls each.
    fn play(&mut self, packets: impl IntoIterator<Item = Made>) -> &mut Self {
        for made in packets {
            let _ = self.insert(made);
            self.pulls(2);
        }
        self
    }

    /// Plays packets sent evenly, of which some are lost.
    fn play_lossy(
        &mut self,
        packets: impl IntoIterator<Item = Made>,
        is_lost: impl Fn(u16) -> bool,
    ) -> &mut Self {
        for made in packets {
            if !is_lost(made.number) {
                let _ = self.insert(made);
            }
            self.pulls(2);
        }
        self
    }

    /// Plays with arrivals at given ticks: `(tick of arrival, packet)`, in order of arrival.
    fn play_arrivals(&mut self, arrivals: &[(u64, Made)], ticks: u64) -> Vec<Operation> {
        let mut waiting = arrivals.iter().peekable();
        let play = |tick| {
            while let Some((_, made)) = waiting.next_if(|(at, _)| *at <= tick) {
                let _ = self.insert(*made);
            }
            self.pull().0
        };
        (0..ticks).map(play).collect()
    }

    fn stats(&self) -> ReceiverStats {
        self.receiver.stats()
    }

    fn concealed_ticks(&self) -> u64 {
        let stats = self.stats();
        (stats.concealed_samples + stats.silent_concealed_samples) / SAMPLES_PER_TICK as u64
    }
}
