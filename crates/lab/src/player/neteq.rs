//! The `neteq` crate on the same packets. It takes times of arrival from the machine's clock, so
//! that a call takes as long as it would; give each run a thread of its own (`--threads`).
//!
//! It does not tell when a frame is heard, only when it is decoded, which is up to a few ticks
//! earlier while it stretches: its delay is a little better here than in truth.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use calling_media::{AudioDecoder as _, Channels, OPUS_PAYLOAD_TYPE, OpusDecoder};
use neteq::codec::AudioDecoder;
use neteq::neteq::SpeechType;
use neteq::{AudioPacket, NetEq, NetEqConfig, NetEqError, RtpHeader};

use super::{FramePlayed, Op, Played, Source, TICK_MS, Tick, ticks};
use crate::LabError;
use crate::speech::{FRAME_SAMPLES, Stream};
use crate::trace::{Arrival, FRAME_MS, Trace};

const SAMPLE_RATE_HZ: u32 = 48_000;

pub(super) fn play(stream: &Stream, trace: &Trace) -> Result<Played, LabError> {
    let (mut buffer, decoded) = open()?;
    let mut played = Played { frames: vec![None; trace.frames as usize], ..Default::default() };
    let mut waiting = trace.arrivals.iter().peekable();
    let start = Instant::now();
    for tick in 0..ticks(trace) {
        let at_ms = tick as f64 * TICK_MS;
        while let Some(arrival) = waiting.next_if(|next| next.at_us <= tick as u64 * 10_000) {
            wait_until(start + Duration::from_micros(arrival.at_us));
            // What it refuses it counts itself.
            let _ = packet(stream, *arrival).map(|packet| buffer.insert_packet(packet));
        }
        wait_until(start + Duration::from_millis(tick as u64 * 10));
        let frame = buffer.get_audio().map_err(|error| failed(&error))?;
        for index in decoded.try_iter() {
            if let Some(slot) = played.frames.get_mut(index as usize) {
                *slot = Some(FramePlayed { source: Source::Own, at_ms });
            }
        }
        hear(&mut played, frame.speech_type, buffer.target_delay_ms(), &frame.samples);
    }
    let stats = buffer.get_statistics().lifetime;
    played.inserted_ms = stats.inserted_samples_for_deceleration as f64 / 48.0;
    played.removed_ms = stats.removed_samples_for_acceleration as f64 / 48.0;
    Ok(played)
}

fn open() -> Result<(NetEq, Receiver<u32>), LabError> {
    let config = NetEqConfig { sample_rate: SAMPLE_RATE_HZ, ..Default::default() };
    let mut buffer = NetEq::new(config).map_err(|error| failed(&error))?;
    let (log, decoded) = channel();
    let probe = Probe { codec: OpusDecoder::new(Channels::Mono)?, log };
    buffer.register_decoder(OPUS_PAYLOAD_TYPE, Box::new(probe));
    Ok((buffer, decoded))
}

fn failed(error: &NetEqError) -> LabError {
    LabError::Neteq(error.to_string())
}

fn wait_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(Instant::now()));
}

/// Takes a tick. Before its first frame and after its last it is no concealment.
fn hear(played: &mut Played, speech: SpeechType, target_ms: u32, samples: &[f32]) {
    let begun = played.frames.iter().any(Option::is_some);
    let over = played.frames.last().is_some_and(Option::is_some);
    let op = match speech {
        SpeechType::Expand if begun && !over => Op::Conceal,
        SpeechType::Expand => Op::Idle,
        SpeechType::Cng => Op::ComfortNoise,
        SpeechType::Normal | SpeechType::Music => Op::Normal,
    };
    if op == Op::Conceal {
        let before = played.ticks.last().map(|tick| tick.op);
        played.concealment_events += u64::from(before != Some(Op::Conceal));
        played.concealed_ms += TICK_MS;
        played.audible_concealed_ms += TICK_MS;
    }
    played.ticks.push(Tick { op, target_ms: Some(target_ms) });
    played.pcm.extend_from_slice(samples);
}

fn packet(stream: &Stream, arrival: Arrival) -> Option<AudioPacket> {
    let frame = stream.packets.get(arrival.index as usize)?;
    let sequence_number = (arrival.index as u16).wrapping_add(1_000);
    let timestamp = arrival.index.wrapping_mul(FRAME_SAMPLES as u32);
    let header = RtpHeader::new(sequence_number, timestamp, 1, OPUS_PAYLOAD_TYPE, false);
    let payload = [arrival.index.to_be_bytes().as_slice(), &frame.payload].concat();
    Some(AudioPacket::new(header, payload, SAMPLE_RATE_HZ, 1, FRAME_MS))
}

/// libopus, telling which frame it decoded.
struct Probe {
    codec: OpusDecoder,
    log: Sender<u32>,
}

impl AudioDecoder for Probe {
    fn sample_rate(&self) -> u32 {
        SAMPLE_RATE_HZ
    }

    fn channels(&self) -> u8 {
        1
    }

    fn decode(&mut self, payload: &[u8]) -> neteq::Result<Vec<f32>> {
        let (index, payload) = payload.split_first_chunk().unwrap_or((&[0; 4], payload));
        let mut pcm = vec![0.0; FRAME_SAMPLES];
        let made = self.codec.decode(payload, &mut pcm);
        let made = made.map_err(|error| NetEqError::DecoderError(error.to_string()))?;
        pcm.truncate(made);
        // Nobody listens once the run is over.
        let _ = self.log.send(u32::from_be_bytes(*index));
        Ok(pcm)
    }
}
