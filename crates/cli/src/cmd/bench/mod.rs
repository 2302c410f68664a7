//! What a server takes and what it costs.

mod calls;
mod child;
mod cpu;
mod idle;
mod line;
mod timings;
mod video;

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use calls::calls;
pub(crate) use idle::idle;
pub(crate) use timings::timings;
pub(crate) use video::video;

fn progress(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:40.green} {pos}/{len} {msg} {eta}");
    let bar = ProgressBar::new(length).with_message(what);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
