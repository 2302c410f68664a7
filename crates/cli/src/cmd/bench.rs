use std::time::Duration;

use calling::{Calling, Config, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::demo::{Silent, check, extra_ring};
use crate::args::{BenchCallsArgs, BenchIdleArgs};
use crate::demo::figures::{between, row};
use crate::demo::place::{Placed, Script};
use crate::demo::stats::Spread;
use crate::demo::world::{Recording, World};
use crate::exit::Failure;
use crate::keys::user_id;
use crate::output::{self, BOLD, paint};
use crate::server_process::OwnServer;
use crate::stop::Stop;

/// How long the two talk in each call of the bench.
const TALK: Duration = Duration::from_millis(600);

/// What many calls one after another showed.
#[derive(Debug, Serialize)]
struct CallsReport {
    calls: u32,
    completed: u32,
    invite_to_ring_ms: Option<Spread>,
    accept_to_first_audio_ms: Option<Spread>,
    ice_ms: Option<Spread>,
    dtls_ms: Option<Spread>,
}

/// Places calls one after another and prints percentiles of their timings.
pub(crate) async fn calls(args: &BenchCallsArgs) -> Result<(), Failure> {
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

    let report = CallsReport::of(args.calls, &placed?);
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

impl CallsReport {
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

/// What idle clients cost.
#[derive(Debug, Serialize)]
struct IdleReport {
    clients: u32,
    server_rss_before_bytes: u64,
    server_rss_bytes: u64,
    bytes_per_client: f64,
}

/// Signs in many idle clients at a server process of its own and prints its memory.
pub(crate) async fn idle(args: &BenchIdleArgs) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let mut server = super::serve::Child::start().await?;
    let before = server.rss_bytes()?;
    let clients = tokio::select! {
        clients = sign_in_all(&server, args.clients) => clients,
        () = stop.asked() => Err(Failure::stopped()),
    };
    let after = server.rss_bytes()?;
    server.stop().await?;
    drop(clients?);
    let report = IdleReport {
        clients: args.clients,
        server_rss_before_bytes: before,
        server_rss_bytes: after,
        bytes_per_client: after.saturating_sub(before) as f64 / f64::from(args.clients.max(1)),
    };
    if args.json {
        return output::json(&report);
    }
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
    output::line(paint(BOLD, format!("{} idle signed-in clients", args.clients)));
    row("server memory", mib(report.server_rss_bytes));
    row("without them", mib(report.server_rss_before_bytes));
    row("per client", format!("{:.1} KiB", report.bytes_per_client / 1_024.0));
    Ok(())
}

async fn sign_in_all(server: &super::serve::Child, clients: u32) -> Result<Vec<Calling>, Failure> {
    let bar = progress(u64::from(clients), "clients");
    let mut signed_in = Vec::new();
    for number in 0..clients {
        signed_in.push(sign_in(server, number).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(signed_in)
}

async fn sign_in(server: &super::serve::Child, number: u32) -> Result<Calling, Failure> {
    let user = user_id(&format!("idle-{number}"))?;
    let sig = server.signer.sign(&user, 3_600, None);
    let config = Config::new(server.url(), server.signer.sdk_app_id, user, sig);
    Calling::init(config).await.map_err(Failure::server)
}

fn progress(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:40.green} {pos}/{len} {msg} {eta}");
    let bar = ProgressBar::new(length).with_message(what);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
