//! What the command line asks for.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use calling_media::{AudioSink, WavSink};

use crate::LabError;
use crate::bench::{self, Findings, Plan, Run, TraceChoice};
use crate::player::Played;
use crate::report::{pareto, plot, table};
use crate::speech::Speech;
use crate::trace::{self, FRAME_MS, NAMES, Trace};

/// What the laboratory can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Plays speech over networks and prints a table of what came of it
    Audio(AudioArguments),
    /// Prints the table of what `audio --out` kept, and draws delay × quality anew, with scores if there
    /// are some
    Report {
        /// The directory
        dir: PathBuf,
    },
    /// Lists the networks that are built in
    Networks,
    /// Writes the trace of a built-in network to a file
    Trace {
        /// Its name
        network: String,
        /// The file
        out: PathBuf,
        /// Another seed, another call
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Length of the call
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
        seconds: u32,
    },
}

/// What to play and what to keep.
#[derive(Debug, clap::Args)]
pub struct AudioArguments {
    /// A WAV file with speech; without any a built-in imitation speaks
    #[arg(long)]
    speech: Vec<PathBuf>,
    /// A network by name or a trace file; without any all networks
    #[arg(long)]
    trace: Vec<String>,
    /// Only runs whose trace/stream/player contains this
    #[arg(long)]
    filter: Vec<String>,
    /// Calls per network, each with another seed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    seeds: u64,
    /// Length of each call
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// Prints JSON and no table
    #[arg(long)]
    json: bool,
    /// Keeps audio.json, audio.md, speed.json and plots in this directory
    #[arg(long)]
    out: Option<PathBuf>,
    /// Keeps what was said and heard of the first seed as WAV files, for scores; needs --out
    #[arg(long, requires = "out")]
    wav: bool,
    /// Does not measure the speed
    #[arg(long)]
    no_speed: bool,
    /// Threads; by default one per core
    #[arg(long)]
    threads: Option<usize>,
    /// The process of libwebrtc's NetEq, which scripts/audio-lab-neteq.sh builds; without it that
    /// player is left out
    #[arg(long)]
    neteq_shim: Option<PathBuf>,
}

/// Does what was asked for.
///
/// # Errors
/// What was asked for does not exist, or a file cannot be read or written.
pub fn run(
    command: Command,
    screen: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), LabError> {
    match command {
        Command::Audio(arguments) => audio(&arguments, screen, notes),
        Command::Report { dir } => {
            let findings: Findings = serde_json::from_slice(&load(&dir.join("audio.json"))?)?;
            keep_pareto(&dir, &findings)?;
            Ok(write!(screen, "{}", table::render(&findings, None))?)
        }
        Command::Networks => {
            for name in NAMES {
                writeln!(screen, "{name:16} {}", trace::describe(name).unwrap_or_default())?;
            }
            Ok(())
        }
        Command::Trace { network, out, seed, seconds } => {
            let made = trace::generate(&network, seed, seconds);
            let made = made.ok_or(LabError::NoSuchTrace(network))?;
            let bytes = trace::write(&made);
            let bytes =
                bytes.map_err(|source| LabError::TraceFile { path: out.clone(), source })?;
            keep(&out, &bytes)
        }
    }
}

fn audio(
    arguments: &AudioArguments,
    screen: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), LabError> {
    let plan = plan(arguments)?;
    if plan.speech.is_empty() {
        writeln!(notes, "no --speech given: a built-in imitation of speech is played")?;
    }
    if plan.neteq_shim.is_none() {
        writeln!(notes, "no --neteq-shim given: libwebrtc's NetEq is left out")?;
    }
    if let Some(out) = &arguments.out {
        make_directory(&out.join("plots"))?;
        make_directory(&out.join("wav"))?;
    }
    let keeper = |run: &Run, speech: &Speech, trace: &Trace, played: &Played| {
        keep_run(arguments, run, speech, trace, played)
    };
    let findings = bench::run(&plan, &keeper)?;
    let speed = if arguments.no_speed { None } else { Some(bench::speed()?) };
    let text = table::render(&findings, speed.as_ref());
    if arguments.json {
        writeln!(screen, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        write!(screen, "{text}")?;
    }
    let Some(out) = &arguments.out else { return Ok(()) };
    keep_findings(out, &findings, &text)?;
    // A file of its own: unlike all else it differs from run to run.
    speed.map_or(Ok(()), |speed| keep(&out.join("speed.json"), &serde_json::to_vec(&speed)?))
}

fn plan(arguments: &AudioArguments) -> Result<Plan, LabError> {
    let traces = arguments.trace.iter().map(|name| choose(name));
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Plan {
        speech: arguments.speech.clone(),
        traces: traces.collect::<Result<_, _>>()?,
        filters: arguments.filter.clone(),
        seeds: arguments.seeds,
        seconds: arguments.seconds,
        threads: arguments.threads.unwrap_or_else(cores),
        neteq_shim: arguments.neteq_shim.clone(),
    })
}

/// An hour: what is heard of it takes 700 MB.
const MAX_CALL_US: u64 = 3_600_000_000;

fn choose(name: &str) -> Result<TraceChoice, LabError> {
    if let Some(name) = NAMES.into_iter().find(|known| *known == name) {
        return Ok(TraceChoice::Named(name));
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(LabError::NoSuchTrace(name.into()));
    }
    let bytes = load(path)?;
    let read = trace::read(&bytes);
    let read = read.map_err(|source| LabError::TraceFile { path: path.into(), source })?;
    let last = read.arrivals.last().map_or(0, |arrival| arrival.at_us);
    let longest = (u64::from(read.frames) * u64::from(FRAME_MS) * 1_000).max(last);
    if longest > MAX_CALL_US {
        return Err(LabError::TooLong(path.into()));
    }
    Ok(TraceChoice::Recorded(read))
}

/// Keeps a plot, and the audio if asked for, of the first seed.
fn keep_run(
    arguments: &AudioArguments,
    run: &Run,
    speech: &Speech,
    trace: &Trace,
    played: &Played,
) -> Result<(), LabError> {
    let Some(out) = arguments.out.as_ref().filter(|_| run.seed == 1) else { return Ok(()) };
    let name = file_name(run);
    keep(
        &out.join("plots").join(format!("{name}.svg")),
        plot::render(run, trace, played).as_bytes(),
    )?;
    if arguments.wav {
        record(&out.join("wav").join(format!("{name}.wav")), &played.pcm)?;
        // The same for all; the last to write it writes the same.
        record(&out.join("wav").join(format!("{}.reference.wav", speech.name)), &speech.pcm)?;
    }
    Ok(())
}

/// Names of recorded traces are anything; names of files are not.
fn file_name(run: &Run) -> String {
    let name = format!("{}.{}.{}.{}", run.speech, run.trace, run.stream, run.player);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    name.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect()
}

fn record(path: &Path, pcm: &[f32]) -> Result<(), LabError> {
    let mut sink = WavSink::create(path)?;
    sink.write(pcm);
    Ok(sink.finish()?)
}

fn keep_findings(out: &Path, findings: &Findings, text: &str) -> Result<(), LabError> {
    keep(&out.join("audio.json"), &serde_json::to_vec_pretty(findings)?)?;
    keep(&out.join("audio.md"), text.as_bytes())?;
    keep_pareto(out, findings)
}

/// A picture per stream, and another of what was scored.
fn keep_pareto(out: &Path, findings: &Findings) -> Result<(), LabError> {
    let scored = out.join("scores.json");
    let scores: Vec<pareto::Score> = match scored.exists() {
        true => serde_json::from_slice(&load(&scored)?)?,
        false => Vec::new(),
    };
    let plots = out.join("plots");
    make_directory(&plots)?;
    let streams: BTreeSet<&str> = findings.runs.iter().map(|run| run.stream.as_str()).collect();
    for stream in streams {
        let runs = findings.runs.iter().filter(|run| run.stream == stream);
        let runs: Vec<&Run> = runs.collect();
        let path = |kind: &str| plots.join(format!("pareto{kind}.{stream}.svg"));
        keep(&path(""), pareto::concealment(stream, &runs).as_bytes())?;
        if let Some(svg) = pareto::pesq(stream, &runs, &scores) {
            keep(&path("-pesq"), svg.as_bytes())?;
        }
    }
    Ok(())
}

fn make_directory(path: &Path) -> Result<(), LabError> {
    fs::create_dir_all(path).map_err(|source| LabError::Io { path: path.into(), source })
}

fn load(path: &Path) -> Result<Vec<u8>, LabError> {
    fs::read(path).map_err(|source| LabError::Io { path: path.into(), source })
}

fn keep(path: &Path, bytes: &[u8]) -> Result<(), LabError> {
    fs::write(path, bytes).map_err(|source| LabError::Io { path: path.into(), source })
}
