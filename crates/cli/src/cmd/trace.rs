use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use calling::CallStats;
use calling_media::trace::{FRAME_MS, Trace, read};
use serde::Serialize;

use crate::demo::figures::row;
use crate::exit::Failure;
use crate::output;
use crate::phone::{check_writable, numbered};

/// A trace file for each call of a phone.
pub(crate) struct Traces {
    first: PathBuf,
    kept: AtomicU32,
}

impl Traces {
    /// Checks that the first file can be written, before anybody's phone rings.
    pub(crate) fn new(first: &Path) -> Result<Self, Failure> {
        check_writable(first)?;
        Ok(Self { first: first.to_owned(), kept: AtomicU32::new(0) })
    }

    /// Keeps the trace of the voice with most packets: in a call of two the only one.
    pub(crate) fn keep(&self, stats: &CallStats) -> Result<(), Failure> {
        let voices = stats.received.iter().filter(|remote| remote.trace.is_some());
        let most = voices.max_by_key(|remote| remote.stats.packets_received);
        let Some(trace) = most.and_then(|remote| remote.trace.as_ref()) else {
            output::note("no trace is written: nothing was heard");
            return Ok(());
        };
        let path = numbered(&self.first, self.kept.fetch_add(1, Ordering::Relaxed) + 1);
        let failed = |error| Failure::machine(format!("cannot write {}: {error}", path.display()));
        std::fs::write(&path, trace).map_err(failed)?;
        output::note(format!("trace written to {} ({} bytes)", path.display(), trace.len()));
        Ok(())
    }
}

/// What a trace holds, in figures.
#[derive(Debug, PartialEq, Serialize)]
struct Summary {
    name: String,
    bytes: usize,
    seconds: f64,
    frames: u32,
    packets: usize,
    lost_percent: f64,
    /// The longest run of frames that never came.
    longest_loss_ms: u32,
    /// Packets that came after one sent later.
    overtaken: usize,
    /// Beyond the fastest, of those that came.
    mean_late_ms: f64,
    p95_late_ms: f64,
    most_late_ms: f64,
}

/// Tells what a trace file holds.
pub(crate) fn show(path: &Path, json: bool) -> Result<(), Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    let trace = read(&bytes).map_err(|error| wrong(&error))?;
    let summary = Summary::of(&trace, bytes.len());
    if json {
        return output::json(&summary);
    }
    summary.print();
    Ok(())
}

impl Summary {
    fn of(trace: &Trace, bytes: usize) -> Self {
        let mut late = late_ms(trace);
        late.sort_by(f64::total_cmp);
        let rank = (late.len() * 95).div_ceil(100).saturating_sub(1);
        Self {
            name: trace.name.clone(),
            bytes,
            seconds: trace.span().as_secs_f64(),
            frames: trace.frames,
            packets: trace.arrivals.len(),
            lost_percent: 100.0 * trace.loss(),
            longest_loss_ms: longest_loss(trace) * FRAME_MS,
            overtaken: overtaken(trace),
            mean_late_ms: late.iter().sum::<f64>() / late.len().max(1) as f64,
            p95_late_ms: late.get(rank).copied().unwrap_or(0.0),
            most_late_ms: late.last().copied().unwrap_or(0.0),
        }
    }

    fn print(&self) {
        row("trace", format!("{}, {:.1} s, {} bytes", self.name, self.seconds, self.bytes));
        let lost = self.lost_percent;
        row("packets", format!("{} of {} frames, {lost:.2} % lost", self.packets, self.frames));
        row("longest loss", format!("{} ms", self.longest_loss_ms));
        row("overtaken", format!("{} packets", self.overtaken));
        let [mean, p95, most] = [self.mean_late_ms, self.p95_late_ms, self.most_late_ms];
        row("jitter", format!("{mean:.1} ms mean, {p95:.1} ms p95, {most:.1} ms at most"));
    }
}

/// How much later than the fastest each packet came.
fn late_ms(trace: &Trace) -> Vec<f64> {
    let base_us = trace.base_us();
    let late = trace.arrivals.iter().map(|it| it.at_us as i64 - trace.sent_us(it.index) - base_us);
    late.map(|late_us| late_us as f64 / 1_000.0).collect()
}

fn longest_loss(trace: &Trace) -> u32 {
    let (mut longest, mut run) = (0, 0);
    for arrival in trace.first_arrivals() {
        run = if arrival.is_none() { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn overtaken(trace: &Trace) -> usize {
    let mut newest = 0;
    let late = trace.arrivals.iter().filter(|arrival| {
        let overtaken = arrival.index < newest;
        newest = newest.max(arrival.index);
        overtaken
    });
    late.count()
}

#[cfg(test)]
mod tests {
    use calling_media::trace::Arrival;

    use super::*;

    #[test]
    fn a_summary_tells_loss_jitter_and_order() {
        let came = [(0, 0), (1, 20_000), (4, 90_000), (3, 100_000), (5, 100_000)];
        let arrivals = came.map(|(index, at_us)| Arrival { index, at_us });
        let trace =
            Trace { name: "t".into(), frames: 8, drift_ppm: 0, arrivals: arrivals.to_vec() };
        let summary = Summary::of(&trace, 30);
        assert_eq!((summary.packets, summary.lost_percent), (5, 37.5));
        assert_eq!((summary.longest_loss_ms, summary.overtaken), (40, 1));
        assert_eq!((summary.mean_late_ms, summary.most_late_ms), (10.0, 40.0));
        assert_eq!((summary.p95_late_ms, summary.seconds), (40.0, 0.1));
        assert_eq!(Summary::of(&Trace { arrivals: vec![], ..trace }, 9).mean_late_ms, 0.0);
    }

    #[test]
    fn a_file_that_is_none_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no trace").unwrap();
        let refused = show(file.path(), true).unwrap_err();
        assert!(refused.message.contains("not a trace file"), "{}", refused.message);
    }
}
