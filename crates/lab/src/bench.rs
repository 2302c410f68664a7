//! The matrix: every player on every trace, stream and seed.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::LabError;
use crate::measure::Measures;
use crate::player::{Played, Player, engine_alone};
use crate::speech::{Speech, Stream};
use crate::trace::{FRAME_MS, NAMES, Trace, generate};

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// WAV files; without any the built-in imitation.
    pub(crate) speech: Vec<PathBuf>,
    /// Names of networks or trace files; all networks if empty.
    pub(crate) traces: Vec<TraceChoice>,
    /// Only runs whose `trace/stream/player` contains one of these.
    pub(crate) filters: Vec<String>,
    pub(crate) seeds: u64,
    pub(crate) seconds: u32,
    pub(crate) threads: usize,
    /// libwebrtc's NetEq; without it that player is left out.
    pub(crate) neteq_shim: Option<PathBuf>,
}

/// A trace to make or one that was recorded.
#[derive(Clone, Debug)]
pub(crate) enum TraceChoice {
    Named(&'static str),
    Recorded(Trace),
}

impl TraceChoice {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Recorded(trace) => &trace.name,
        }
    }

    fn trace(&self, seed: u64, seconds: u32) -> Trace {
        match self {
            Self::Named(name) => generate(name, seed, seconds)
                .unwrap_or_else(|| unreachable!("names are checked where they are chosen: {name}")),
            Self::Recorded(trace) => trace.clone(),
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) speech: String,
    pub(crate) trace: String,
    pub(crate) stream: String,
    pub(crate) player: String,
    pub(crate) seed: u64,
    #[serde(flatten)]
    pub(crate) measures: Measures,
}

/// All that was found. The same plan gives the same value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// Nobody said what was played: scores of quality would mislead.
    pub(crate) synthetic_speech: bool,
    pub(crate) seconds: u32,
    pub(crate) seeds: u64,
    pub(crate) runs: Vec<Run>,
}

/// Sees each run with what was played, in no particular order, for plots and recordings.
pub(crate) type Watcher<'a> =
    dyn Fn(&Run, &Speech, &Trace, &Played) -> Result<(), LabError> + Sync + 'a;

impl Plan {
    /// Speech as planned, long enough for every trace.
    pub(crate) fn speeches(&self) -> Result<Vec<Speech>, LabError> {
        let choices = self.choices();
        let seconds = choices.iter().map(|choice| match choice {
            TraceChoice::Named(_) => self.seconds,
            TraceChoice::Recorded(trace) => (trace.frames * FRAME_MS).div_ceil(1_000),
        });
        let seconds = seconds.max().unwrap_or(self.seconds);
        if self.speech.is_empty() {
            return Ok(vec![Speech::synthetic(seconds)]);
        }
        self.speech.iter().map(|path| Speech::open(path, seconds)).collect()
    }

    fn choices(&self) -> Vec<TraceChoice> {
        match self.traces.is_empty() {
            true => NAMES.into_iter().map(TraceChoice::Named).collect(),
            false => self.traces.clone(),
        }
    }

    fn wants(&self, trace: &str, stream: &Stream, player: &Player) -> bool {
        let name = format!("{trace}/{}/{}", stream.name, player.name());
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter))
    }
}

/// Streams whose packets carry copies, and how many: for a third of all packets lost, and for the
/// worst.
const COPIES: [(&str, u32); 2] = [("red-3", 3), ("red-9", 9)];

/// Streams whose packets describe what was before them (DRED), and how many milliseconds.
const DESCRIPTIONS: [(&str, u32); 3] = [("dred-100", 100), ("dred-500", 500), ("dred-1000", 1_000)];

/// A run to be done.
struct Job<'a> {
    speech: &'a Speech,
    stream: &'a Stream,
    choice: &'a TraceChoice,
    player: &'a Player,
    seed: u64,
}

impl Job<'_> {
    fn run(&self, seconds: u32, watcher: &Watcher<'_>) -> Result<Run, LabError> {
        let trace = self.choice.trace(self.seed, seconds);
        let played = self.player.play(self.stream, &trace, true)?;
        let run = Run {
            speech: self.speech.name.clone(),
            trace: trace.name.clone(),
            stream: self.stream.name.into(),
            player: self.player.name(),
            seed: self.seed,
            measures: Measures::of(self.stream, &trace, &played),
        };
        watcher(&run, self.speech, &trace, &played)?;
        Ok(run)
    }
}

/// Runs the whole plan.
pub(crate) fn run(plan: &Plan, watcher: &Watcher<'_>) -> Result<Findings, LabError> {
    let speeches = plan.speeches()?;
    let choices = plan.choices();
    let mut streams = Vec::new();
    for speech in &speeches {
        streams.push((speech, Stream::encode(speech, false)?));
        let fec = Stream::encode(speech, true)?;
        for (name, copies) in COPIES {
            streams.push((speech, fec.clone().with_copies(name, copies)));
        }
        streams.push((speech, fec));
        for (name, ms) in DESCRIPTIONS {
            streams.push((speech, Stream::describe(speech, name, ms)?));
        }
    }
    let players = Player::all(plan.neteq_shim.as_deref());
    let mut jobs = Vec::new();
    for (speech, stream) in &streams {
        for choice in &choices {
            let kept = if stream.dred_ms > 0 { Player::KEPT } else { &[] };
            for player in players.iter().chain(kept) {
                // Copies and descriptions are for what is lost, and only our receiver knows
                // descriptions.
                let redundant = stream.copies > 0 || stream.dred_ms > 0;
                let knows = stream.dred_ms == 0 || matches!(player, Player::Ours | Player::Kept(_));
                let of_use = knows && (!redundant || choice.trace(1, plan.seconds).loss() > 0.0);
                if of_use && plan.wants(choice.name(), stream, player) {
                    let job = |seed| Job { speech, stream, choice, player, seed };
                    jobs.extend((1..=plan.seeds).map(job));
                }
            }
        }
    }
    Ok(Findings {
        synthetic_speech: speeches.iter().any(|speech| speech.synthetic),
        seconds: plan.seconds,
        seeds: plan.seeds,
        runs: in_order(plan.threads, &jobs, |job| job.run(plan.seconds, watcher))?,
    })
}

/// Does the jobs on several threads; results come in the order of jobs.
fn in_order<J: Sync, R: Send>(
    threads: usize,
    jobs: &[J],
    work: impl Fn(&J) -> Result<R, LabError> + Sync,
) -> Result<Vec<R>, LabError> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((at, job)) = take(&next, jobs) {
                    let result = work(job);
                    done.lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, J>(next: &AtomicUsize, jobs: &'a [J]) -> Option<(usize, &'a J)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(at).map(|job| (at, job))
}

/// How fast the receiver is, as a multiple of real time on one thread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Speed {
    /// Insert and pull with a decoder that does nothing.
    pub(crate) engine_times_real_time: f64,
    /// The same with libopus.
    pub(crate) with_opus_times_real_time: f64,
}

/// The networks that speed is measured on: everything is normal, restored and stretched, made up.
const SPEED_TRACES: [&str; 3] = ["clean", "loss-10", "jitter-20"];
/// Seconds of each.
const SPEED_SECONDS: u32 = 60;

/// Measures the speed of the receiver. Not repeatable: it reads the clock.
pub(crate) fn speed() -> Result<Speed, LabError> {
    let stream = Stream::encode(&Speech::synthetic(SPEED_SECONDS), true)?;
    let (mut engine, mut whole) = (Duration::ZERO, Duration::ZERO);
    for trace in SPEED_TRACES.into_iter().filter_map(|name| generate(name, 1, SPEED_SECONDS)) {
        engine += engine_alone(&stream, &trace)?;
        let start = Instant::now();
        Player::Ours.play(&stream, &trace, false)?;
        whole += start.elapsed();
    }
    let seconds = f64::from(SPEED_SECONDS) * SPEED_TRACES.len() as f64;
    let times = |took: Duration| seconds / took.as_secs_f64().max(1e-9);
    Ok(Speed { engine_times_real_time: times(engine), with_opus_times_real_time: times(whole) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(threads: usize) -> Plan {
        Plan {
            speech: Vec::new(),
            traces: vec![TraceChoice::Named("burst-7-jitter"), TraceChoice::Named("spikes")],
            filters: Vec::new(),
            seeds: 2,
            seconds: 6,
            threads,
            neteq_shim: None,
        }
    }

    fn json(plan: &Plan) -> String {
        serde_json::to_string(&run(plan, &|_, _, _, _| Ok(())).unwrap()).unwrap()
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes_on_any_number_of_threads() {
        let once = json(&plan(1));
        assert_eq!(once, json(&plan(2)));
        assert!(
            once.contains("\"trace\":\"spikes\",\"stream\":\"fec\",\"player\":\"ours\",\"seed\":2")
        );
        assert_ne!(once, json(&Plan { seeds: 1, ..plan(1) }));
    }

    #[test]
    fn filters_choose_runs_by_trace_stream_and_player() {
        let chosen = Plan { filters: vec!["spikes/fec/fixed".into()], ..plan(2) };
        let findings = run(&chosen, &|_, _, _, _| Ok(())).unwrap();
        let players: Vec<&str> = findings.runs.iter().map(|run| run.player.as_str()).collect();
        let expected = ["fixed-60", "fixed-60", "fixed-120", "fixed-120", "fixed-200", "fixed-200"];
        assert_eq!(players, expected);
    }

    #[test]
    fn a_recorded_trace_replays_what_it_was_generated_as() {
        let recorded = generate("wifi-roam", 1, 6).unwrap();
        let bytes = crate::trace::write(&recorded).unwrap();
        let recorded = TraceChoice::Recorded(crate::trace::read(&bytes).unwrap());
        let filters = vec!["ours".into()];
        let named =
            Plan { traces: vec![TraceChoice::Named("wifi-roam")], seeds: 1, filters, ..plan(1) };
        let replayed = Plan { traces: vec![recorded], ..named.clone() };
        assert_eq!(json(&named), json(&replayed));
    }

    #[test]
    fn the_first_error_in_order_is_told() {
        let fails = |job: &usize| match job {
            3.. => Err(LabError::Encoder),
            _ => Ok(*job),
        };
        assert!(in_order(2, &[1, 2], fails).is_ok());
        assert!(in_order(2, &[1, 4, 2], fails).is_err());
    }
}
