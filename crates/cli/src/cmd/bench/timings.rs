//! Calls with real media, one after another.

use std::time::Duration;

use calling::Outcome;
use serde::Serialize;

use super::progress;
use crate::args::BenchTimingsArgs;
use crate::cmd::demo::{Silent, check, extra_ring};
use crate::demo::figures::{between, row};
use crate::demo::place::{Placed, Script};
use crate::demo::stats::Spread;
use crate::demo::world::{Recording, World};
use crate::exit::Failure;
use crate::output::{self, BOLD, paint};
use crate::server_process::OwnServer;
use crate::stop::Stop;

/// How long the two talk in each call of the bench.
const TALK: Duration = Duration::from_millis(600);

/// What many calls one after another showed.
#[derive(Debug, Serialize)]
struct TimingsReport {
    calls: u32,
    completed: u32,
    invite_to_ring_ms: Option<Spread>,
    accept_to_first_audio_ms: Option<Spread>,
    ice_ms: Option<Spread>,
    dtls_ms: Option<Spread>,
}

/// Places calls one after another and prints percentiles of their timings.
pub(crate) async fn timings(args: &BenchTimingsArgs) -> Result<(), Failure> {
    check(&args.network)?;
    let mut stop = Stop::listen()?;
    let own = OwnServer::start().await?;
    let mut world = World::open(&own, &args.network, Recording::default()).await?;
    let script = Script { talk: TALK, extra_ring: extra_ring(&args.network), heal_after: None };
    let placed = tokio::select! {
        placed = place_calls(&mut world, script, args.calls) => placed,
        () = stop.asked() => Err(Failure::stopped()),
    };
    world.close().await;
    own.stop().await;

    let report = TimingsReport::of(args.calls, &placed?);
    if args.json {
        return output::json(&report);
    }
    report.print();
    Ok(())
}

async fn place_calls(
    world: &mut World,
    script: Script,
    calls: u32,
) -> Result<Vec<Placed>, Failure> {
    let bar = progress(u64::from(calls), "calls");
    let mut placed = Vec::new();
    for _ in 0..calls {
        placed.push(world.place_call(script, &mut Silent).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(placed)
}

impl TimingsReport {
    fn of(calls: u32, placed: &[Placed]) -> Self {
        let spread =
            |figure: &dyn Fn(&Placed) -> Option<f64>| Spread::of(placed.iter().filter_map(figure));
        let completed = placed.iter().filter(|call| call.outcome == Some(Outcome::Completed));
        Self {
            calls,
            completed: u32::try_from(completed.count()).unwrap_or(u32::MAX),
            invite_to_ring_ms: spread(&|call| {
                between(call.caller.stats.timings.started, call.callee.stats.timings.started)
            }),
            accept_to_first_audio_ms: spread(&|call| {
                let accept = call.callee.stats.timings.accept_asked;
                between(accept, call.caller.stats.timings.first_audio)
            }),
            ice_ms: spread(&|call| call.caller.stats.ice_ms()),
            dtls_ms: spread(&|call| call.caller.stats.dtls_ms()),
        }
    }

    fn print(&self) {
        output::line(paint(BOLD, format!("{} of {} calls completed", self.completed, self.calls)));
        let rows = [
            ("invite → ring", &self.invite_to_ring_ms),
            ("accept → audio", &self.accept_to_first_audio_ms),
            ("ICE", &self.ice_ms),
            ("DTLS", &self.dtls_ms),
        ];
        for (name, spread) in rows {
            let Some(spread) = spread else { continue };
            let Spread { min, p50, p90, p99, max, .. } = spread;
            row(
                name,
                format!(
                    "p50 {p50:.1} ms   p90 {p90:.1}   p99 {p99:.1}   (min {min:.1}, max {max:.1})"
                ),
            );
        }
    }
}
