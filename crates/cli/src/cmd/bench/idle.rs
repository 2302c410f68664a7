//! Clients that are signed in and wait.

use std::time::Duration;

use calling::{Calling, Config};
use serde::Serialize;

use super::child::Child;
use super::progress;
use crate::args::BenchIdleArgs;
use crate::demo::figures::row;
use crate::exit::Failure;
use crate::keys::user_id;
use crate::output::{self, BOLD, paint};
use crate::stop::Stop;

/// What idle clients cost.
#[derive(Debug, Serialize)]
struct IdleReport {
    clients: u32,
    server_rss_before_bytes: u64,
    server_rss_bytes: u64,
    bytes_per_client: f64,
    /// Of one core, while nothing happened but pings.
    server_cpu_percent: f64,
}

/// Signs in many idle clients at a server process of its own and prints its memory.
pub(crate) async fn idle(args: &BenchIdleArgs) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let server = Child::start(None).await?;
    let before = server.rss_bytes()?;
    let clients = tokio::select! {
        clients = sign_in_all(&server, args.clients) => clients,
        () = stop.asked() => Err(Failure::stopped()),
    };
    let clients = clients?;
    let after = server.rss_bytes()?;
    let watched = Duration::from_secs(args.seconds.max(1).into());
    let cpu_before = server.cpu()?;
    tokio::select! {
        () = tokio::time::sleep(watched) => {}
        () = stop.asked() => return Err(Failure::stopped()),
    }
    let cpu = server.cpu()?.saturating_sub(cpu_before);
    server.stop().await?;
    drop(clients);
    let report = IdleReport {
        clients: args.clients,
        server_rss_before_bytes: before,
        server_rss_bytes: after,
        bytes_per_client: after.saturating_sub(before) as f64 / f64::from(args.clients.max(1)),
        server_cpu_percent: 100.0 * cpu.as_secs_f64() / watched.as_secs_f64(),
    };
    if args.json {
        return output::json(&report);
    }
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1_048_576.0);
    output::line(paint(BOLD, format!("{} idle signed-in clients", args.clients)));
    row("server memory", mib(report.server_rss_bytes));
    row("without them", mib(report.server_rss_before_bytes));
    row("per client", format!("{:.1} KiB", report.bytes_per_client / 1_024.0));
    row("server CPU", format!("{:.1} % of a core", report.server_cpu_percent));
    Ok(())
}

async fn sign_in_all(server: &Child, clients: u32) -> Result<Vec<Calling>, Failure> {
    let bar = progress(u64::from(clients), "clients");
    let mut signed_in = Vec::new();
    for number in 0..clients {
        signed_in.push(sign_in(server, number).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(signed_in)
}

async fn sign_in(server: &Child, number: u32) -> Result<Calling, Failure> {
    let user = user_id(&format!("idle-{number}"))?;
    let sig = server.signer.sign(&user, 3_600, None);
    let config = Config::new(server.url(), server.signer.sdk_app_id, user, sig);
    Calling::init(config).await.map_err(Failure::server)
}
