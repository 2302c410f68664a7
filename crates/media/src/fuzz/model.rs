//! A receiver beside a model so simple that it is right: which packets there are, and where every
//! sample went.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver as Log, Sender, channel};
use std::time::Instant;

use calling_wire::{RtpHeader, RtpView, write_header};

use crate::codec::{AudioDecoder, CodecError, DeepSpan, PayloadInfo};
use crate::fake::{FakeDecoder, describing_payload};
use crate::{
    Channels, InsertDiscard, Operation, Receiver, ReceiverConfig, ReceiverStats, SAMPLES_PER_TICK,
};

/// One stream, sent in order and without jumps, of which anything may be lost, late, doubled and
/// reordered: one byte of operation each.
///
/// # Panics
/// The receiver did something that the model forbids.
pub fn receiver_model(data: &[u8]) {
    let mut world = World::new();
    for operation in data.iter().take(4_096) {
        let value = operation >> 3;
        match operation & 0b111 {
            // Most packets come, one after the other.
            0..=2 => world.send(value, true),
            // Some later, or never.
            3 => world.send(value, false),
            4 => world.arrive(usize::from(value)),
            _ => (0..=value % 4).for_each(|_| world.pull()),
        }
        world.check();
    }
}

/// What is made of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// On its way, or lost.
    Sent,
    /// In the buffer, as far as the model can know.
    Taken,
    Decoded,
    /// Refused for being too late.
    Late,
}

struct World {
    receiver: Receiver<LoggingDecoder>,
    decoded: Log<u16>,
    now: Instant,
    timestamp: u32,
    /// By number, from 0: how long it is and what became of it.
    packets: BTreeMap<u16, (u32, PayloadInfo, Fate)>,
    /// The number decoded last.
    newest: Option<u16>,
    ticks: u64,
    taken: u64,
}

/// All that can wait between the decoder and the ear.
const MOST_WAITING: i64 = 9_600;
/// Below the dropout of RFC 3550 and the wrap of `fake_payload`.
const MOST_PACKETS: u16 = 2_900;

impl World {
    fn new() -> Self {
        let (log, decoded) = channel();
        let decoder = LoggingDecoder { inner: FakeDecoder::new(Channels::Mono), log };
        Self {
            receiver: Receiver::with_decoder(ReceiverConfig::default(), decoder),
            decoded,
            now: super::start(),
            timestamp: u32::MAX - 9_999,
            packets: BTreeMap::new(),
            newest: None,
            ticks: 0,
            taken: 0,
        }
    }

    /// Sends a packet of 2.5 to 80 ms.
    fn send(&mut self, value: u8, arrives: bool) {
        let Ok(number) = u16::try_from(self.packets.len()) else { return };
        if number >= MOST_PACKETS {
            return;
        }
        let samples = 120 * (1 + usize::from(value));
        let fec_samples = if value.is_multiple_of(2) { samples } else { 0 };
        let info = PayloadInfo { samples, fec_samples, silence_follows: false };
        self.packets.insert(number, (self.timestamp, info, Fate::Sent));
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
        if arrives {
            self.arrive(0);
        }
    }

    /// The packet `back` before the newest arrives, perhaps again.
    fn arrive(&mut self, back: usize) {
        let Some((&number, packet)) = self.packets.iter_mut().rev().nth(back) else { return };
        let (timestamp, info, fate) = packet;
        let header = RtpHeader {
            payload_type: 111,
            marker: false,
            sequence_number: number.wrapping_add(65_500),
            timestamp: *timestamp,
            ssrc: 1,
        };
        let mut bytes = [0; 18];
        let Ok(length) = write_header(&header, &[], &mut bytes) else { return };
        bytes[length..].copy_from_slice(&describing_payload(*info, number, described(number)));
        let Ok(view) = RtpView::parse(&bytes) else { return };
        match self.receiver.insert(self.now, &view) {
            Ok(()) => {
                assert!(matches!(fate, Fate::Sent | Fate::Late), "{number} was taken twice");
                // What is older than what was played can only be refused.
                assert!(self.newest.is_none_or(|newest| number > newest), "{number} is past");
                *fate = Fate::Taken;
                self.taken += 1;
            }
            Err(InsertDiscard::Duplicate) => {
                assert!(!matches!(fate, Fate::Sent | Fate::Late), "{number} never came before");
            }
            Err(InsertDiscard::Late) => {
                if *fate == Fate::Sent {
                    *fate = Fate::Late;
                }
            }
            Err(other) => panic!("{number} was refused as {other}"),
        }
    }

    fn pull(&mut self) {
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        let pulled = self.receiver.pull(&mut pcm);
        self.ticks += u64::from(pulled.operation != Operation::Idle);
        assert!(pcm.iter().all(|sample| (0.0..=3.0).contains(sample)));
        for number in self.decoded.try_iter() {
            let fate = self.packets.get_mut(&number).map(|(_, _, fate)| fate);
            assert_eq!(fate.as_deref(), Some(&Fate::Taken), "{number} was decoded");
            assert!(self.newest < Some(number), "{number} after {:?}", self.newest);
            self.newest = Some(number);
            fate.into_iter().for_each(|fate| *fate = Fate::Decoded);
        }
    }

    fn check(&self) {
        let stats = self.receiver.stats();
        assert_eq!(stats.restarts, 0, "{stats:?}");
        assert_eq!(stats.webrtc.total_samples_received, self.ticks * SAMPLES_PER_TICK as u64);
        let waiting = made(&stats) - stats.webrtc.total_samples_received as i64;
        assert!((0..=MOST_WAITING).contains(&waiting), "{waiting} samples wait: {stats:?}");
        // What was taken was played, waits, or was thrown away, by one account or the other.
        let late_before = stats.packets_received - self.taken - stats.packets_discarded.duplicate;
        assert!(stats.packets_discarded.late >= late_before, "{stats:?}");
        let obsolete = stats.packets_discarded.late - late_before;
        let gone = stats.packets_played + stats.packets_discarded.flushed + obsolete;
        assert!(gone <= self.taken, "{stats:?}");
        assert!(stats.buffered_ms == 0 || gone < self.taken || waiting > 0, "{stats:?}");
    }
}

/// Some packets describe some frames before them.
const fn described(number: u16) -> u8 {
    if number.is_multiple_of(3) { (number % 13) as u8 } else { 0 }
}

/// Every sample that ever was made, and not left out again.
fn made(stats: &ReceiverStats) -> i64 {
    let webrtc = &stats.webrtc;
    let put_in = webrtc.jitter_buffer_emitted_samples
        + stats.fec_samples
        + stats.red_samples
        + stats.dred_samples
        + stats.comfort_noise_samples
        + webrtc.concealed_samples
        + webrtc.inserted_samples_for_deceleration;
    put_in as i64 - webrtc.removed_samples_for_acceleration as i64
}

/// A [`FakeDecoder`] that tells which packets it decodes.
struct LoggingDecoder {
    inner: FakeDecoder,
    log: Sender<u16>,
}

impl AudioDecoder for LoggingDecoder {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        self.inner.inspect(payload)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        if let [_, _, _, high, low, _] = *payload {
            // Nobody reads it any more only at the very end.
            let _ = self.log.send(u16::from_be_bytes([high, low]));
        }
        self.inner.decode(payload, out)
    }

    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.inner.decode_fec(payload, samples, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        self.inner.conceal(samples, out)
    }

    fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        self.inner.deep_span(payload)
    }

    fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.inner.decode_deep(payload, back, samples, out)
    }

    fn reset(&mut self) {
        self.inner.reset();
    }
}
