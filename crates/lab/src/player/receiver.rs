//! The adapter to `calling_media::Receiver`: all that the laboratory knows of it is here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use calling_media::{
    AUDIO_LEVEL_ID, AudioDecoder, Channels, CodecError, DeepSpan, OPUS_PAYLOAD_TYPE, Operation,
    OpusDecoder, PayloadInfo, Receiver, ReceiverConfig, ReceiverStats, RedBlock, SAMPLES_PER_TICK,
    write_red,
};
use calling_testkit::epoch;
use calling_wire::{RtpHeader, RtpView, write_header};

use super::{FramePlayed, Op, Played, Source, TICK_MS, Tick, ticks};
use crate::LabError;
use crate::speech::{FRAME_SAMPLES, Stream};
use crate::trace::{Arrival, Trace};

/// Of packets with copies: what Chrome uses.
const RED_PAYLOAD_TYPE: u8 = 63;

/// Plays with this configuration.
pub(super) fn play(
    stream: &Stream,
    trace: &Trace,
    config: ReceiverConfig,
) -> Result<Played, LabError> {
    run(stream, trace, OpusDecoder::new(Channels::Mono)?, config)
}

/// The default configuration, but always of this delay.
pub(super) fn keeping(delay_ms: u32) -> ReceiverConfig {
    ReceiverConfig {
        min_delay_ms: delay_ms,
        start_delay_ms: delay_ms,
        max_delay_ms: delay_ms,
        ..Default::default()
    }
}

/// Runs the receiver over a trace with a decoder that does nothing, and tells how long it took:
/// what the engine costs without the codec.
pub(crate) fn engine_alone(stream: &Stream, trace: &Trace) -> Result<Duration, LabError> {
    let start = Instant::now();
    run(stream, trace, Mute, ReceiverConfig::default())?;
    Ok(start.elapsed())
}

fn run<D: AudioDecoder>(
    stream: &Stream,
    trace: &Trace,
    codec: D,
    config: ReceiverConfig,
) -> Result<Played, LabError> {
    let log = Log::default();
    let probe = Probe { codec, log: Arc::clone(&log) };
    let red_payload_type = (stream.copies > 0).then_some(RED_PAYLOAD_TYPE);
    let config = ReceiverConfig { red_payload_type, ..config };
    let mut receiver = Receiver::with_decoder(config, probe);
    let arrivals = trace.first_arrivals();
    let mut played = Played { frames: vec![None; trace.frames as usize], ..Default::default() };
    let mut waiting = trace.arrivals.iter().peekable();
    let mut tick_pcm = [0.0; SAMPLES_PER_TICK];
    let mut before = receiver.stats();
    let mut datagram = Vec::new();
    for tick in 0..ticks(trace) {
        while let Some(arrival) = waiting.next_if(|next| next.at_us <= tick as u64 * 10_000) {
            insert(&mut receiver, stream, *arrival, &mut datagram);
        }
        let pulled = receiver.pull(&mut tick_pcm);
        let now = receiver.stats();
        let target_ms = Some(now.target_delay_ms);
        played.ticks.push(Tick { op: op(pulled.operation), target_ms });
        played.pcm.extend_from_slice(&tick_pcm);
        let made = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
        place(&made, tick, mean_wait_ms(&before, &now), &arrivals, &mut played.frames);
        before = now;
    }
    end(&mut played.ticks);
    account(&before, &mut played);
    Ok(played)
}

/// What is made up after the last packet is no concealment but the end of the call.
fn end(ticks: &mut [Tick]) {
    for tick in ticks.iter_mut().rev().take_while(|tick| tick.op == Op::Conceal) {
        tick.op = Op::Idle;
    }
}

/// Puts the receiver's own account into the laboratory's terms.
fn account(stats: &ReceiverStats, played: &mut Played) {
    played.audible_concealed_ms = stats.concealed_ms();
    played.concealed_ms = stats.concealed_ms() + stats.silent_concealed_ms();
    played.concealment_events = stats.concealment_events;
    played.inserted_ms = stats.inserted_samples as f64 / 48.0;
    played.removed_ms = stats.dropped_samples as f64 / 48.0;
}

const fn op(operation: Operation) -> Op {
    match operation {
        Operation::Idle => Op::Idle,
        Operation::Normal | Operation::Merge => Op::Normal,
        Operation::ComfortNoise => Op::ComfortNoise,
        Operation::Accelerate | Operation::FastAccelerate => Op::Shorten,
        Operation::PreemptiveExpand => Op::Lengthen,
        Operation::Fec => Op::Restore,
        Operation::Expand => Op::Conceal,
        _ => Op::Other,
    }
}

/// What the packets that were played between two snapshots waited on average, in milliseconds;
/// `None` if none was.
fn mean_wait_ms(before: &ReceiverStats, now: &ReceiverStats) -> Option<f64> {
    let packets = now.packets_played - before.packets_played;
    let sum = now.playout_delay_sum_ms - before.playout_delay_sum_ms;
    (packets > 0).then(|| sum / packets as f64)
}

/// Tells of each frame made in `tick` when it is heard. The receiver says how long a packet waited
/// since the first tick after its arrival; what it restored is heard from the tick on.
fn place(
    made: &[(u32, Source)],
    tick: usize,
    wait_ms: Option<f64>,
    arrivals: &[Option<u64>],
    frames: &mut [Option<FramePlayed>],
) {
    let tick_ms = tick as f64 * TICK_MS;
    for &(index, source) in made {
        let arrival = arrivals.get(index as usize).copied().flatten();
        let first_tick_ms = |at: u64| at.div_ceil(10_000) as f64 * TICK_MS;
        // A copy, if its own packet was not there.
        let own = arrival.is_some_and(|at| at <= tick as u64 * 10_000);
        let source = if source == Source::Own && !own { Source::Red } else { source };
        let at_ms = match (source, arrival, wait_ms) {
            // Two packets in one tick share their mean; neither is heard before it.
            (Source::Own, Some(at), Some(wait)) => (first_tick_ms(at) + wait).max(tick_ms),
            (Source::Own | Source::Fec | Source::Red | Source::Dred, _, _) => tick_ms,
        };
        if let Some(frame) = frames.get_mut(index as usize) {
            *frame = Some(FramePlayed { source, at_ms });
        }
    }
}

fn insert<D: AudioDecoder>(
    receiver: &mut Receiver<Probe<D>>,
    stream: &Stream,
    arrival: Arrival,
    datagram: &mut Vec<u8>,
) {
    if write_datagram(stream, arrival, datagram).is_some()
        && let Ok(view) = RtpView::parse(datagram)
    {
        // Discards are the receiver's to count.
        let _ = receiver.insert(epoch() + Duration::from_micros(arrival.at_us), &view);
    }
}

/// Makes the packet that arrives; `None` if there is none.
pub(super) fn write_datagram(
    stream: &Stream,
    arrival: Arrival,
    datagram: &mut Vec<u8>,
) -> Option<()> {
    let packet = stream.packets.get(arrival.index as usize)?;
    let copies = stream.copies.min(arrival.index);
    let header = RtpHeader {
        payload_type: if copies > 0 { RED_PAYLOAD_TYPE } else { OPUS_PAYLOAD_TYPE },
        marker: arrival.index == 0,
        // Both wrap in a long call; they begin where an honest sender may begin.
        sequence_number: (arrival.index as u16).wrapping_add(1_000),
        timestamp: arrival.index.wrapping_mul(FRAME_SAMPLES as u32),
        ssrc: 1,
    };
    datagram.clear();
    datagram.resize(MAX_DATAGRAM, 0);
    let level = [packet.level];
    let length = write_header(&header, &[(AUDIO_LEVEL_ID, &level)], datagram).ok()?;
    let payload = write_payload(stream, arrival.index, copies, &mut datagram[length..])?;
    datagram.truncate(length + payload);
    Some(())
}

/// More than any payload with its copies takes.
const MAX_DATAGRAM: usize = 8_192;

/// Frame `index` with `copies` of those before it. Returns the length; `None` if it cannot be
/// written.
fn write_payload(stream: &Stream, index: u32, copies: u32, out: &mut [u8]) -> Option<usize> {
    let frame = |index: u32| {
        let packet = stream.packets.get(index as usize)?;
        Some([index.to_be_bytes().as_slice(), &packet.payload].concat())
    };
    let own = frame(index)?;
    if copies == 0 {
        out.get_mut(..own.len())?.copy_from_slice(&own);
        return Some(own.len());
    }
    let before: Option<Vec<Vec<u8>>> = (index - copies..index).map(frame).collect();
    let before = before?;
    let blocks = (1..=copies).rev().zip(&before).map(|(back, payload)| RedBlock {
        payload_type: OPUS_PAYLOAD_TYPE,
        offset: back * FRAME_SAMPLES as u32,
        payload,
    });
    let blocks: Vec<RedBlock<'_>> = blocks.collect();
    let own = RedBlock { payload_type: OPUS_PAYLOAD_TYPE, offset: 0, payload: &own };
    write_red(blocks.into_iter(), own, out).ok()
}

/// Frames made since the last look, by index.
type Log = Arc<Mutex<Vec<(u32, Source)>>>;

/// Notes which frame is decoded. The laboratory puts the frame's index before each payload, and the
/// probe takes it off again.
struct Probe<D> {
    codec: D,
    log: Log,
}

impl<D> Probe<D> {
    fn note(&self, index: u32, source: Source) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push((index, source));
    }
}

fn split(payload: &[u8]) -> Option<(u32, &[u8])> {
    let (index, payload) = payload.split_first_chunk()?;
    Some((u32::from_be_bytes(*index), payload))
}

impl<D: AudioDecoder> AudioDecoder for Probe<D> {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        self.codec.inspect(split(payload)?.1)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let (index, payload) = split(payload).unwrap_or_default();
        let made = self.codec.decode(payload, out)?;
        self.note(index, Source::Own);
        Ok(made)
    }

    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let (index, payload) = split(payload).unwrap_or_default();
        let made = self.codec.decode_fec(payload, samples, out)?;
        if let Some(before) = index.checked_sub(1) {
            self.note(before, Source::Fec);
        }
        Ok(made)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        self.codec.conceal(samples, out)
    }

    fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        self.codec.deep_span(split(payload)?.1)
    }

    fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        let (index, payload) = split(payload).unwrap_or_default();
        let made = self.codec.decode_deep(payload, back, samples, out)?;
        // The frame that most of it is of.
        let frames_back = (back + FRAME_SAMPLES / 2) / FRAME_SAMPLES;
        if let Some(restored) = index.checked_sub(frames_back as u32)
            && made > FRAME_SAMPLES / 2
        {
            self.note(restored, Source::Dred);
        }
        Ok(made)
    }

    fn conceals_deeply(&self) -> bool {
        self.codec.conceals_deeply()
    }

    fn reset(&mut self) {
        self.codec.reset();
    }
}

/// A codec of frames of 20 ms that makes silence of everything.
struct Mute;

impl AudioDecoder for Mute {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        let info = PayloadInfo { samples: FRAME_SAMPLES, fec_samples: 0, silence_follows: false };
        (!payload.is_empty()).then_some(info)
    }

    fn decode(&mut self, _: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        self.conceal(FRAME_SAMPLES, out)
    }

    fn decode_fec(
        &mut self,
        _: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.conceal(samples, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        out[..samples].fill(0.0);
        Ok(samples)
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use calling_media::trace::TraceRecorder;

    use super::*;
    use crate::speech::Speech;
    use crate::trace::generate;

    fn stream() -> Stream {
        Stream::encode(&Speech::synthetic(10), true).unwrap()
    }

    #[test]
    fn on_a_clean_network_every_frame_is_heard_from_its_own_packet() {
        let trace = generate("clean", 1, 10).unwrap();
        let played = play(&stream(), &trace, ReceiverConfig::default()).unwrap();
        let frames: Vec<FramePlayed> = played.frames.iter().flatten().copied().collect();
        assert_eq!(frames.len(), 500);
        assert!(frames.iter().all(|frame| frame.source == Source::Own));
        // The path takes 40 ms. From when the delay has settled on, each follows the other; it is
        // above the least by less than what stretching can leave out, 2.5 ms.
        let default_ms = f64::from(ReceiverConfig::default().min_delay_ms);
        let above_ms = frames[499].at_ms - (499.0 * 20.0 + 40.0 + default_ms);
        assert!((0.0..=2.5).contains(&above_ms), "{above_ms}");
        let apart = frames[300..].windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms);
        assert!(
            apart.clone().all(|it| (it - 20.0).abs() < 1e-6),
            "{:?}",
            apart.collect::<Vec<_>>()
        );
        assert_eq!(played.pcm.len(), played.ticks.len() * SAMPLES_PER_TICK);
        assert_eq!((played.concealed_ms, played.concealment_events), (0.0, 0));
        assert_eq!(played.ticks.last().map(|tick| tick.op), Some(Op::Idle));
    }

    #[test]
    fn what_is_restored_is_told_from_what_came() {
        let mut trace = generate("clean", 1, 10).unwrap();
        trace.arrivals.remove(200);
        let played = play(&stream(), &trace, ReceiverConfig::default()).unwrap();
        let sources = played.frames.iter().flatten().map(|frame| frame.source);
        let restored: Vec<usize> = (0..)
            .zip(sources)
            .filter(|(_, source)| *source == Source::Fec)
            .map(|(n, _)| n)
            .collect();
        assert_eq!(restored, [200]);
    }

    #[test]
    fn what_a_copy_brings_is_told_from_what_came() {
        let mut trace = generate("clean", 1, 10).unwrap();
        // Three in a row: the in-band redundancy of one packet would not do.
        trace.arrivals.drain(200..203);
        let played =
            play(&stream().with_copies("red-3", 3), &trace, ReceiverConfig::default()).unwrap();
        assert!(played.frames.iter().all(Option::is_some));
        let copied =
            |frame: &Option<FramePlayed>| frame.is_some_and(|frame| frame.source == Source::Red);
        let copied: Vec<usize> =
            (0..).zip(&played.frames).filter(|(_, frame)| copied(frame)).map(|(n, _)| n).collect();
        // At the beginning there is delay for at least two of them.
        assert!(copied.ends_with(&[201, 202]), "{copied:?}");
    }

    #[test]
    fn what_is_described_is_told_from_what_came() {
        let mut trace = generate("clean", 1, 10).unwrap();
        // Six in a row: 120 ms.
        trace.arrivals.drain(200..206);
        let stream = Stream::describe(&Speech::synthetic(10), "dred-500", 500).unwrap();
        assert!(stream.packets[206].describes >= 20, "{}", stream.packets[206].describes);
        let played = play(&stream, &trace, keeping(200)).unwrap();
        let described =
            |frame: &Option<FramePlayed>| frame.is_some_and(|frame| frame.source == Source::Dred);
        let described: Vec<usize> = (0..)
            .zip(&played.frames)
            .filter(|(_, frame)| described(frame))
            .map(|(n, _)| n)
            .collect();
        // The last by the coarse copy in the packet after it, if there is one.
        assert!(described.starts_with(&[200, 201, 202, 203, 204]), "{described:?}");
        assert_eq!(played.concealed_ms, 0.0);
    }

    /// A receiver as in a call: pulled late by up to 9 ms, its ticks not those of the trace, and a
    /// trace recorded beside it.
    fn live(stream: &Stream, trace: &Trace) -> (TraceRecorder, Vec<Op>, Vec<f32>, ReceiverStats) {
        let probe = Probe { codec: OpusDecoder::new(Channels::Mono).unwrap(), log: Log::default() };
        let mut receiver = Receiver::with_decoder(ReceiverConfig::default(), probe);
        let mut recorder = TraceRecorder::default();
        let (mut ops, mut heard, mut datagram) = (Vec::new(), Vec::new(), Vec::new());
        let mut waiting = trace.arrivals.iter().peekable();
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        for tick in 0..ticks(trace) as u64 {
            let pulled_at_us = 3_700 + tick * 10_000 + tick * 7_919 % 9_000;
            while let Some(arrival) = waiting.next_if(|next| next.at_us <= pulled_at_us) {
                write_datagram(stream, *arrival, &mut datagram).unwrap();
                let view = RtpView::parse(&datagram).unwrap();
                let now = epoch() + Duration::from_micros(arrival.at_us);
                let _ = receiver.insert(now, &view);
                recorder.arrived(now, &view);
            }
            let operation = op(receiver.pull(&mut pcm).operation);
            recorder.pulled();
            if receiver.stats().packets_received > 0 {
                ops.push(operation);
                heard.extend_from_slice(&pcm);
            }
        }
        (recorder, ops, heard, receiver.stats())
    }

    #[test]
    fn a_recorded_call_is_played_again_as_it_was() {
        let stream = stream();
        for name in ["wifi-bad", "jitter-20", "burst-7", "reorder"] {
            let trace = generate(name, 2, 10).unwrap();
            assert_eq!(trace.arrivals[0].index, 0, "{name}: what is said must be the same");
            let (recorder, ops, heard, stats) = live(&stream, &trace);
            let file = recorder.file("recorded").unwrap();
            assert!(file.len() < 2_000, "{name}: {}", file.len());
            let recorded = crate::trace::read(&file).unwrap();
            let played = play(&stream, &recorded, ReceiverConfig::default()).unwrap();
            // The end of the one is cut off sooner than that of the other.
            let common = ops.len().min(played.ticks.len()) - 50;
            let again = played.ticks.iter().map(|tick| tick.op);
            assert!(ops.iter().copied().take(common).eq(again.take(common)), "{name}: operations");
            let samples = common * SAMPLES_PER_TICK;
            assert!(heard[..samples] == played.pcm[..samples], "{name}: sound");
            let told = [stats.inserted_samples, stats.dropped_samples, stats.concealment_events];
            let ms = |value: f64| (value * 48.0).round() as u64;
            let replayed =
                [ms(played.inserted_ms), ms(played.removed_ms), played.concealment_events];
            assert_eq!(told, replayed, "{name}");
            assert_eq!(stats.packets_lost as usize, recorded.frames as usize - unique(&recorded));
        }
    }

    fn unique(trace: &Trace) -> usize {
        trace.first_arrivals().iter().flatten().count()
    }

    #[test]
    fn the_engine_alone_plays_the_same_packets() {
        let trace = generate("clean", 1, 10).unwrap();
        let played = run(&stream(), &trace, Mute, ReceiverConfig::default()).unwrap();
        assert!(played.frames.iter().all(Option::is_some));
        assert!(played.pcm.iter().all(|sample| *sample == 0.0));
    }
}
