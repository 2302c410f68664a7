//! libwebrtc's NetEq on the same packets, in virtual time: a process that
//! `scripts/audio-lab-neteq.sh` builds, told when packets come and when audio is wanted.
//! `crates/lab/neteq-shim/neteq_shim.cc` describes both of its streams.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use calling_media::SAMPLES_PER_TICK;
use calling_wire::RtpView;

use super::receiver::write_datagram;
use super::{FramePlayed, Op, Played, Source, TICK_MS, Tick, ticks};
use crate::LabError;
use crate::speech::{FRAME_SAMPLES, Stream};
use crate::trace::Trace;

/// What both streams begin with.
const MAGIC: &[u8; 4] = b"NEQ1";

/// Plays with libwebrtc's defaults.
pub(super) fn play(shim: &Path, stream: &Stream, trace: &Trace) -> Result<Played, LabError> {
    let failed = |reason: String| LabError::NetEqShim { path: shim.into(), reason };
    let output = run(shim, &script(stream, trace)).map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().into()));
    }
    let pulls = parse(&output.stdout);
    let pulls = pulls.filter(|pulls| pulls.len() == ticks(trace));
    let pulls = pulls.ok_or_else(|| failed("it answered in another language".into()))?;
    Ok(account(&pulls, trace))
}

/// What the process is told.
fn script(stream: &Stream, trace: &Trace) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let mut waiting = trace.arrivals.iter().peekable();
    let mut datagram = Vec::new();
    for tick in 0..ticks(trace) as u64 {
        while let Some(arrival) = waiting.next_if(|next| next.at_us <= tick * 10_000) {
            if write_datagram(stream, *arrival, &mut datagram).is_some()
                && let Ok(view) = RtpView::parse(&datagram)
            {
                packet(&mut out, arrival.at_us, &view);
            }
        }
        out.push(b'G');
        out.extend((tick * 10_000).to_le_bytes());
    }
    out
}

fn packet(out: &mut Vec<u8>, at_us: u64, view: &RtpView<'_>) {
    out.push(b'P');
    out.extend(at_us.to_le_bytes());
    out.extend(view.sequence_number().to_le_bytes());
    out.extend(view.timestamp().to_le_bytes());
    out.push(view.payload_type());
    out.extend((view.payload().len() as u32).to_le_bytes());
    out.extend(view.payload());
}

/// Runs the process on its input. It ends when the input does.
fn run(shim: &Path, input: &[u8]) -> std::io::Result<Output> {
    let mut child = Command::new(shim)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // If it stops reading, it says why on its standard error.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    })
}

/// The account of one pull, counts since the beginning.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pull {
    operation: u8,
    target_ms: u32,
    /// RTP timestamp of the first sample that is left to be played.
    next_timestamp: u32,
    concealed_samples: u64,
    silent_concealed_samples: u64,
    inserted_samples: u64,
    removed_samples: u64,
    /// Milliseconds in NetEq's packet buffer, times samples; and the samples.
    delay_ms_samples: u64,
    emitted_samples: u64,
    /// Frames decoded, and whether from in-band redundancy.
    decoded: Vec<(u32, bool)>,
    pcm: Vec<f32>,
}

/// Reads numbers off the front of a stream.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn short(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

fn parse(bytes: &[u8]) -> Option<Vec<Pull>> {
    let mut reader = Reader(bytes.strip_prefix(MAGIC)?);
    let mut pulls = Vec::new();
    while !reader.0.is_empty() {
        pulls.push(pull(&mut reader)?);
    }
    Some(pulls)
}

fn pull(reader: &mut Reader<'_>) -> Option<Pull> {
    let operation = reader.byte()?;
    let _muted = reader.byte()?;
    let decoded = reader.short()?;
    let target_ms = reader.word()?;
    let next_timestamp = reader.word()?;
    let _total_samples = reader.long()?;
    let mut pull = Pull {
        operation,
        target_ms,
        next_timestamp,
        concealed_samples: reader.long()?,
        silent_concealed_samples: reader.long()?,
        inserted_samples: reader.long()?,
        removed_samples: reader.long()?,
        delay_ms_samples: reader.long()?,
        emitted_samples: reader.long()?,
        ..Default::default()
    };
    let (_flushes, _discarded) = (reader.long()?, reader.long()?);
    for _ in 0..decoded {
        pull.decoded.push((reader.word()?, reader.byte()? != 0));
    }
    for _ in 0..SAMPLES_PER_TICK {
        pull.pcm.push(f32::from(reader.short()? as i16) / 32_768.0);
    }
    Some(pull)
}

/// Puts the process's account into the laboratory's terms.
fn account(pulls: &[Pull], trace: &Trace) -> Played {
    let mut played = Played { frames: vec![None; trace.frames as usize], ..Default::default() };
    place(pulls, trace, &mut played.frames);
    // Before the first frame and after the last, what is made up is no concealment.
    let begin = pulls.iter().position(|pull| !pull.decoded.is_empty()).unwrap_or(pulls.len());
    let end = pulls.iter().rposition(|pull| !pull.decoded.is_empty()).map_or(0, |last| last + 1);
    for (tick, pull) in pulls.iter().enumerate() {
        let op = if (begin..end).contains(&tick) { op(pull) } else { Op::Idle };
        let after = played.ticks.last().map(|tick| tick.op);
        played.concealment_events += u64::from(op == Op::Conceal && after != Some(Op::Conceal));
        played.ticks.push(Tick { op, target_ms: Some(pull.target_ms) });
        played.pcm.extend_from_slice(&pull.pcm);
    }
    if let (Some(first), Some(last)) = (pulls.get(begin), pulls.get(end.saturating_sub(1))) {
        let ms = |of: fn(&Pull) -> u64| of(last).saturating_sub(of(first)) as f64 / 48.0;
        played.concealed_ms = ms(|pull| pull.concealed_samples);
        played.audible_concealed_ms =
            played.concealed_ms - ms(|pull| pull.silent_concealed_samples);
        played.inserted_ms = ms(|pull| pull.inserted_samples);
        played.removed_ms = ms(|pull| pull.removed_samples);
    }
    played
}

/// `webrtc::NetEq::Operation`.
fn op(pull: &Pull) -> Op {
    match pull.operation {
        0 if pull.decoded.iter().any(|(_, redundant)| *redundant) => Op::Restore,
        0 | 1 => Op::Normal,
        2 => Op::Conceal,
        3 | 4 => Op::Shorten,
        5 => Op::Lengthen,
        6..=8 => Op::ComfortNoise,
        _ => Op::Other,
    }
}

/// Tells of each frame when its first sample is heard: in the tick in which playout passes its
/// timestamp. Within a tick it is told from the tick's end; where the tick's audio was stretched, to
/// within what was inserted or removed.
fn place(pulls: &[Pull], trace: &Trace, frames: &mut [Option<FramePlayed>]) {
    let arrivals = trace.first_arrivals();
    let mut waiting: Vec<(u32, Source)> = Vec::new();
    for (tick, pull) in pulls.iter().enumerate() {
        let source = |&(index, redundant): &(u32, bool)| {
            let arrival = arrivals.get(index as usize).copied().flatten();
            let own = arrival.is_some_and(|at| at <= tick as u64 * 10_000);
            (
                index,
                if redundant {
                    Source::Fec
                } else if own {
                    Source::Own
                } else {
                    Source::Red
                },
            )
        };
        waiting.extend(pull.decoded.iter().map(source));
        let tick_ms = tick as f64 * TICK_MS;
        waiting.retain(|&(index, source)| {
            let timestamp = index.wrapping_mul(FRAME_SAMPLES as u32);
            let passed = pull.next_timestamp.wrapping_sub(timestamp).cast_signed();
            let heard_ms = TICK_MS - f64::from(passed) / 48.0;
            let at_ms = tick_ms + heard_ms.clamp(0.0, TICK_MS);
            if passed > 0
                && let Some(frame) = frames.get_mut(index as usize)
            {
                *frame = Some(FramePlayed { source, at_ms });
            }
            passed <= 0
        });
    }
}

#[cfg(test)]
mod tests;
