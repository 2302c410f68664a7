//! What a server takes and what it costs.

mod calls;
mod child;
mod cpu;
mod crowd;
mod idle;
mod line;
mod sfu;
mod timings;
mod video;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

pub(crate) use calls::calls;
pub(crate) use idle::idle;
pub(crate) use sfu::sfu;
pub(crate) use timings::timings;
pub(crate) use video::video;

use self::child::Child;
use crate::args::BenchServerArgs;
use crate::exit::Failure;
use crate::output;
use crate::stop::Stop;

/// What a bench found out.
trait Report: Serialize {
    /// For people.
    fn print(&self);
}

/// Measures a server process of its own, and prints what that found out.
async fn of_a_server<R: Report>(
    args: &BenchServerArgs,
    measure: impl AsyncFnOnce(&Child) -> Result<R, Failure>,
) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let server = Child::start(args.core).await?;
    let report = tokio::select! {
        report = measure(&server) => report,
        () = stop.asked() => Err(Failure::stopped()),
    }?;
    server.stop().await?;
    if args.json {
        return output::json(&report);
    }
    report.print();
    Ok(())
}

fn progress(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:40.green} {pos}/{len} {msg} {eta}");
    let bar = ProgressBar::new(length).with_message(what);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
