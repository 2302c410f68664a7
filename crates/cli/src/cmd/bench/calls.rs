//! As many calls as a server takes.

use std::time::{Duration, Instant};

use calling_model::CallId;
use calling_server::storage::Storage;
use calling_signaling::protocol::{Event, Reply, Request};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::child::Child;
use super::cpu::Used;
use super::line::Line;
use super::{Report, of_a_server, progress};
use crate::args::BenchCallsArgs;
use crate::demo::figures::row;
use crate::demo::stats::Spread;
use crate::exit::Failure;
use crate::keys::user_id;
use crate::output::{self, BOLD, paint};

const WARM_UP: Duration = Duration::from_secs(1);
/// A machine whose cores are this busy cannot tell how much more the server would take.
const BUSY: f64 = 0.9;

/// What many calls at once showed.
#[derive(Debug, Serialize)]
struct CallsReport {
    seconds: f64,
    in_flight: u32,
    calls: u64,
    calls_per_second: f64,
    /// From the request to the callee's hearing of it.
    invite_to_ring_ms: Option<Spread>,
    /// From the accept to the caller's hearing of it.
    accept_to_accepted_ms: Option<Spread>,
    /// Hang-up to both having heard that the record is stored.
    hangup_to_ended_ms: Option<Spread>,
    server_cpu_us_per_call: f64,
    server_cores: f64,
    generator_cores: f64,
    /// WebSocket frames of both clients, both ways; TCP and below not counted.
    bytes_per_call: f64,
    /// Calls of the whole run, warming up included.
    calls_in_all: u64,
    records_stored: u64,
    /// Who could not do more.
    bottleneck: Bottleneck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bottleneck {
    /// It used all it was given.
    Server,
    /// This program used all that was left: the server would take more.
    Generator,
    /// Neither: with more calls in flight there would be more.
    Latency,
}

/// What one worker saw.
#[derive(Debug, Default)]
struct Seen {
    calls_in_all: u64,
    bytes: u64,
    timings: Vec<Timing>,
}

#[derive(Clone, Copy, Debug)]
struct Timing {
    ring_ms: f64,
    accepted_ms: f64,
    ended_ms: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    WarmingUp,
    Measuring,
    Over,
}

/// Loads a server process with calls and prints what it took.
pub(crate) async fn calls(args: &BenchCallsArgs) -> Result<(), Failure> {
    of_a_server(&args.server, async |server| measure(args, server).await).await
}

async fn measure(args: &BenchCallsArgs, server: &Child) -> Result<CallsReport, Failure> {
    let mut pairs = sign_in(args.pairs.max(args.in_flight).max(1), server).await?;
    let (tell, phase) = watch::channel(Phase::WarmingUp);
    let mut workers = JoinSet::new();
    for workers_left in (1..=args.in_flight.max(1) as usize).rev() {
        let turns = pairs.split_off(pairs.len() - pairs.len() / workers_left);
        workers.spawn(work(turns, phase.clone()));
    }
    tokio::time::sleep(WARM_UP).await;
    let before = Used::now(server)?;
    let _ = tell.send(Phase::Measuring);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(args.seconds.max(1).into())).await;
    let measured = began.elapsed();
    let used = Used::now(server)?.since(before);
    let _ = tell.send(Phase::Over);
    let mut all = Seen::default();
    while let Some(seen) = workers.join_next().await {
        all.add(seen.map_err(Failure::internal)??);
    }
    let stored = stored(server).await?;
    Ok(CallsReport::of(args, measured, &all, used, stored))
}

async fn sign_in(pairs: u32, server: &Child) -> Result<Vec<[Line; 2]>, Failure> {
    let bar = progress(u64::from(pairs), "pairs");
    let mut lines = Vec::new();
    for number in 0..pairs {
        let caller = Line::sign_in(server, user_id(&format!("caller-{number}"))?).await?;
        let callee = Line::sign_in(server, user_id(&format!("callee-{number}"))?).await?;
        lines.push([caller, callee]);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(lines)
}

/// One call after another, each pair in its turn.
async fn work(mut pairs: Vec<[Line; 2]>, phase: watch::Receiver<Phase>) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let mut turns = (0..pairs.len()).cycle();
    loop {
        let pair = turns.next().and_then(|turn| pairs.get_mut(turn)).ok_or_else(nobody)?;
        let bytes = pair[0].bytes + pair[1].bytes;
        let began_in = *phase.borrow();
        if began_in == Phase::Over {
            return Ok(seen);
        }
        let timing = call(pair).await?;
        seen.calls_in_all += 1;
        // What counts began and ended while it was measured.
        if began_in == Phase::Measuring && *phase.borrow() == Phase::Measuring {
            seen.bytes += pair[0].bytes + pair[1].bytes - bytes;
            seen.timings.push(timing);
        }
    }
}

fn nobody() -> Failure {
    Failure::internal("a worker of the bench has nobody to call")
}

/// A whole life: placed, answered, hung up, stored.
async fn call([caller, callee]: &mut [Line; 2]) -> Result<Timing, Failure> {
    let asked = Instant::now();
    let request = caller.call(&callee.user).await?;
    let (call_id, ring) = invited(callee, asked).await?;
    let Reply::Call(_) = caller.reply(request).await? else {
        return Err(Failure::server("no call came of a request to call"));
    };
    let answered = Instant::now();
    callee.send(Request::Accept { call_id: call_id.clone() }).await?;
    caller.event(|event| matches!(event, Event::Accepted { .. }).then_some(())).await?;
    let accepted = answered.elapsed();
    let hung_up = Instant::now();
    caller.send(Request::Hangup { call_id: call_id.clone() }).await?;
    caller.ended(&call_id).await?;
    callee.ended(&call_id).await?;
    Ok(Timing { ring_ms: ms(ring), accepted_ms: ms(accepted), ended_ms: ms(hung_up.elapsed()) })
}

async fn invited(callee: &mut Line, asked: Instant) -> Result<(CallId, Duration), Failure> {
    let call_id = callee
        .event(|event| {
            let Event::Invited { facts, .. } = event else { return None };
            Some(facts.call_id.clone())
        })
        .await?;
    Ok((call_id, asked.elapsed()))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

async fn stored(server: &Child) -> Result<u64, Failure> {
    let storage = Storage::open_for_reading(server.folder()).await.map_err(Failure::machine)?;
    storage.count_records().await.map_err(Failure::machine)
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.calls_in_all += other.calls_in_all;
        self.bytes += other.bytes;
        self.timings.extend(other.timings);
    }
}

impl CallsReport {
    fn of(args: &BenchCallsArgs, measured: Duration, all: &Seen, used: Used, stored: u64) -> Self {
        let (calls, seconds) = (all.timings.len() as u64, measured.as_secs_f64());
        let each = calls.max(1) as f64;
        let spread = |figure: fn(&Timing) -> f64| Spread::of(all.timings.iter().map(figure));
        let server_cores = used.server.as_secs_f64() / seconds;
        let generator_cores = used.generator.as_secs_f64() / seconds;
        let machine = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let given = if args.server.core.is_some() { 1.0 } else { machine };
        Self {
            seconds,
            in_flight: args.in_flight,
            calls,
            calls_per_second: calls as f64 / seconds,
            invite_to_ring_ms: spread(|timing| timing.ring_ms),
            accept_to_accepted_ms: spread(|timing| timing.accepted_ms),
            hangup_to_ended_ms: spread(|timing| timing.ended_ms),
            server_cpu_us_per_call: used.server.as_secs_f64() * 1e6 / each,
            server_cores,
            generator_cores,
            bytes_per_call: all.bytes as f64 / each,
            calls_in_all: all.calls_in_all,
            records_stored: stored,
            bottleneck: Bottleneck::of(server_cores, given, generator_cores, machine),
        }
    }
}

impl Report for CallsReport {
    fn print(&self) {
        let rate = format!("{:.0} calls per second", self.calls_per_second);
        output::line(paint(BOLD, rate));
        row(
            "calls",
            format!("{} in {:.1} s, {} at once", self.calls, self.seconds, self.in_flight),
        );
        row("records stored", format!("{} of {}", self.records_stored, self.calls_in_all));
        for (name, spread) in [
            ("invite → ring", &self.invite_to_ring_ms),
            ("accept → accepted", &self.accept_to_accepted_ms),
            ("hang-up → stored", &self.hangup_to_ended_ms),
        ] {
            let Some(Spread { p50, p99, max, .. }) = spread else { continue };
            row(name, format!("p50 {p50:.1} ms   p99 {p99:.1}   (max {max:.1})"));
        }
        row("server CPU", format!("{:.0} µs a call", self.server_cpu_us_per_call));
        row("on the wire", format!("{:.0} bytes a call", self.bytes_per_call));
        let (server, generator) = (self.server_cores, self.generator_cores);
        row("cores in use", format!("server {server:.2}, this program {generator:.2}"));
        row("bottleneck", self.bottleneck.sentence());
    }
}

impl Bottleneck {
    /// `given` cores are the server's, `machine` has the computer.
    fn of(server: f64, given: f64, generator: f64, machine: f64) -> Self {
        let left = machine - given;
        let used_up = left > 0.0 && generator >= BUSY * left;
        if server >= BUSY * given {
            Self::Server
        } else if used_up || server + generator >= BUSY * machine {
            Self::Generator
        } else {
            Self::Latency
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Server => "the server: it used all it was given",
            Self::Generator => "this program: the server would take more from another machine",
            Self::Latency => "neither: with more calls in flight there would be more",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_uses_all_it_has_is_the_bottleneck() {
        assert_eq!(Bottleneck::of(0.97, 1.0, 0.5, 2.0), Bottleneck::Server);
        assert_eq!(Bottleneck::of(0.5, 1.0, 0.98, 2.0), Bottleneck::Generator);
        assert_eq!(Bottleneck::of(0.9, 2.0, 1.0, 2.0), Bottleneck::Generator);
        assert_eq!(Bottleneck::of(0.3, 1.0, 0.3, 2.0), Bottleneck::Latency);
        assert_eq!(Bottleneck::of(0.3, 2.0, 0.3, 2.0), Bottleneck::Latency);
    }
}
