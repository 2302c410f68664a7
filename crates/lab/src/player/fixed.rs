//! A buffer of fixed delay: each frame is played so long after its place in the stream that the
//! first packet waited `delay_ms`, or not at all.

use calling_media::{AudioDecoder, Channels, OpusDecoder};

use super::{FramePlayed, Op, Played, Source, TICK_MS, Tick, ticks};
use crate::LabError;
use crate::speech::{FRAME_SAMPLES, Stream};
use crate::trace::{FRAME_MS, Trace};

pub(super) fn play(
    stream: &Stream,
    trace: &Trace,
    delay_ms: u32,
    audible: bool,
) -> Result<Played, LabError> {
    let mut played = schedule(stream, trace, delay_ms);
    if audible {
        played.pcm = listen(stream, trace, delay_ms, &played.frames)?;
    }
    Ok(played)
}

/// When frame 0 is played, in whole ticks as any device would.
fn begin_ms(trace: &Trace, delay_ms: u32) -> f64 {
    let Some(first) = trace.arrivals.first() else { return 0.0 };
    let tick = first.at_us.div_ceil(10_000) as f64 * TICK_MS;
    // If the first to come is not the first that was sent, the first is imagined.
    tick + f64::from(delay_ms) - f64::from(first.index * FRAME_MS)
}

fn schedule(stream: &Stream, trace: &Trace, delay_ms: u32) -> Played {
    let arrivals = trace.first_arrivals();
    let begin = begin_ms(trace, delay_ms);
    let there = |index: usize, at_ms: f64| {
        arrivals.get(index).copied().flatten().is_some_and(|at| at as f64 <= at_ms * 1_000.0)
    };
    let carried =
        |index: usize, at_ms: f64| stream.carriers(index).any(|carrier| there(carrier, at_ms));
    let frame = |index: usize| {
        let at_ms = begin + f64::from(FRAME_MS) * index as f64;
        let source = if there(index, at_ms) {
            Source::Own
        } else if carried(index, at_ms) {
            Source::Red
        } else if stream.restores(index) && carried(index + 1, at_ms) {
            Source::Fec
        } else {
            return None;
        };
        Some(FramePlayed { source, at_ms })
    };
    let frames: Vec<Option<FramePlayed>> = (0..trace.frames as usize).map(frame).collect();
    let missed = frames.iter().filter(|frame| frame.is_none()).count();
    let begun = std::iter::once(true).chain(frames.iter().map(Option::is_some));
    let events = begun.zip(&frames).filter(|(before, now)| *before && now.is_none()).count();
    let concealed_ms = (missed * FRAME_MS as usize) as f64;
    let ticks = (0..ticks(trace)).map(|tick| op_at(tick, begin, &frames)).collect();
    Played {
        ticks,
        frames,
        concealed_ms,
        audible_concealed_ms: concealed_ms,
        concealment_events: events as u64,
        ..Default::default()
    }
}

fn op_at(tick: usize, begin_ms: f64, frames: &[Option<FramePlayed>]) -> Tick {
    let index = ((tick as f64 * TICK_MS - begin_ms) / f64::from(FRAME_MS)).floor();
    let frame = if index < 0.0 { None } else { frames.get(index as usize) };
    let op = match frame {
        None => Op::Idle,
        Some(None) => Op::Conceal,
        Some(Some(FramePlayed { source: Source::Own | Source::Red, .. })) => Op::Normal,
        Some(Some(FramePlayed { source: Source::Fec | Source::Dred, .. })) => Op::Restore,
    };
    Tick { op, target_ms: None }
}

/// What is heard of it, with libopus concealing what is missing.
fn listen(
    stream: &Stream,
    trace: &Trace,
    delay_ms: u32,
    frames: &[Option<FramePlayed>],
) -> Result<Vec<f32>, LabError> {
    let mut decoder = OpusDecoder::new(Channels::Mono)?;
    let lead = (begin_ms(trace, delay_ms).max(0.0) * 48.0) as usize;
    let mut pcm = vec![0.0; lead + frames.len() * FRAME_SAMPLES];
    for (index, out) in pcm[lead..].chunks_exact_mut(FRAME_SAMPLES).enumerate() {
        let payload = |index: usize| stream.packets.get(index).map(|packet| &packet.payload);
        let source = frames[index].map(|frame| frame.source);
        match (source, payload(index), payload(index + 1)) {
            (Some(Source::Own | Source::Red), Some(own), _) => decoder.decode(own, out)?,
            (Some(Source::Fec), _, Some(next)) => decoder.decode_fec(next, FRAME_SAMPLES, out)?,
            _ => decoder.conceal(FRAME_SAMPLES, out)?,
        };
    }
    Ok(pcm)
}
