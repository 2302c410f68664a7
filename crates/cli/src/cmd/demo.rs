use std::path::Path;
use std::time::{Duration, Instant};

use calling::TimedEvent;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{DemoArgs, NetworkArgs};
use crate::demo::cpu;
use crate::demo::place::{Script, Watch};
use crate::demo::report::Report;
use crate::demo::world::{Recording, World};
use crate::exit::{Failure, Kind};
use crate::output::{self, BOLD, paint};
use crate::server_process::OwnServer;
use crate::stop::Stop;
use crate::timeline;

/// Places one measured call over a network as bad as asked.
pub(crate) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    check(&args.network)?;
    let recording = Recording::in_folder(args.out.as_ref())?;
    let mut stop = Stop::listen()?;
    let own = OwnServer::start().await?;
    let mut world = World::open(&own, &args.network, recording).await?;
    if !args.json {
        output::line(paint(BOLD, format!("A call over {}", weather(&args.network))));
    }
    let mut watch = Screen::new(args);
    let cpu_before = cpu::threads_ms(cpu::SERVER_THREADS);
    let placed = tokio::select! {
        placed = world.place_call(script(args), &mut watch) => placed,
        () = stop.asked() => Err(Failure::stopped()),
    };
    let cpu_after = cpu::threads_ms(cpu::SERVER_THREADS);
    watch.finish();

    let record = match &placed {
        Ok(placed) => own.record(&placed.call_id).await,
        Err(_) => None,
    };
    world.close().await;
    own.stop().await;
    let report = Report::of(placed?, record, cpu_before.zip(cpu_after).map(|(a, b)| b - a));
    if let Some(folder) = &args.out {
        keep(&report, folder)?;
    }
    if args.json {
        output::json(&report)?
    } else {
        report.print()
    }
    match report.outcome {
        Some(calling::Outcome::Completed) => Ok(()),
        other => Err(Failure::new(Kind::NotCompleted, format!("the call ended as {other:?}"))),
    }
}

/// What the network flags mean for the script.
pub(crate) fn script(args: &DemoArgs) -> Script {
    Script {
        talk: Duration::from_secs(u64::from(args.seconds)),
        extra_ring: extra_ring(&args.network),
        heal_after: args.heal_after.map(|seconds| Duration::from_secs(u64::from(seconds))),
    }
}

/// A slow or lossy network needs longer until media is ready; people let it ring long enough.
pub(crate) fn extra_ring(network: &NetworkArgs) -> Duration {
    let lossy = if network.loss > 0.0 { 1_500 } else { 0 };
    Duration::from_millis(12 * network.delay + 8 * network.jitter + lossy)
}

/// Refuses what no network can do.
pub(crate) fn check(network: &NetworkArgs) -> Result<(), Failure> {
    if !(0.0..=100.0).contains(&network.loss) {
        return Err(Failure::usage("--loss is a percentage: 0 to 100"));
    }
    if network.delay > 5_000 || network.jitter > 5_000 || network.burst > 60_000 {
        return Err(Failure::usage(
            "--delay and --jitter go up to 5000 ms, --burst up to 60000 ms",
        ));
    }
    Ok(())
}

fn weather(network: &NetworkArgs) -> String {
    let mut words = Vec::new();
    if network.loss > 0.0 {
        words.push(format!("{} % loss", network.loss));
    }
    if network.burst > 0 {
        words.push(format!("in bursts of {} ms", network.burst));
    }
    if network.delay > 0 {
        words.push(format!("{} ms delay", network.delay));
    }
    if network.jitter > 0 {
        words.push(format!("up to {} ms jitter", network.jitter));
    }
    if words.is_empty() {
        return "clean loopback".to_owned();
    }
    format!("{} on each leg (seed {})", words.join(", "), network.seed)
}

fn keep(report: &Report, folder: &Path) -> Result<(), Failure> {
    let path = folder.join("report.json");
    let text = serde_json::to_string_pretty(report).map_err(Failure::internal)?;
    std::fs::write(&path, text)
        .map_err(|error| Failure::machine(format!("cannot write {}: {error}", path.display())))?;
    output::note(format!("wrote sent.wav, received.wav and report.json to {}", folder.display()));
    Ok(())
}

/// The timeline as it happens, and a bar while they talk.
pub(crate) struct Screen {
    began: Instant,
    quiet: bool,
    bar: Option<ProgressBar>,
    seconds: u64,
}

impl Screen {
    fn new(args: &DemoArgs) -> Self {
        Self {
            began: Instant::now(),
            quiet: args.json,
            bar: None,
            seconds: u64::from(args.seconds),
        }
    }

    fn talk(&mut self) {
        let bar = ProgressBar::new(self.seconds * 10);
        let style = ProgressStyle::with_template("  talking {bar:40.green} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let ticking = bar.clone();
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(Duration::from_millis(100));
            while !ticking.is_finished() && ticking.position() < ticking.length().unwrap_or(0) {
                interval.tick().await;
                ticking.inc(1);
            }
        });
        self.bar = Some(bar);
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Screen {
    fn happened(&mut self, side: &str, event: &TimedEvent) {
        if self.quiet {
            return;
        }
        if let Some((name, text)) = timeline::describe(&event.event) {
            let line = timeline::row(self.began, event.at, name, &format!("{side:<7} {text}"));
            match &self.bar {
                Some(bar) if !bar.is_hidden() => bar.suspend(|| output::line(line)),
                Some(_) | None => output::line(line),
            }
        }
        let begins = matches!(event.event, calling::ListenerEvent::CallBegin { .. });
        if begins && side == "caller" && self.bar.is_none() {
            self.talk();
        }
    }
}

/// Watches in silence.
pub(crate) struct Silent;

impl Watch for Silent {
    fn happened(&mut self, _side: &str, _event: &TimedEvent) {}
}
