//! The object that `calling demo --json` prints.

use std::collections::BTreeMap;
use std::time::Instant;

use calling::{ListenerEvent, TimedEvent};
use calling_callrecord::Record;
use calling_model::Volume;
use calling_signaling::call::Outcome;
use serde::Serialize;

use super::figures::{Figures, between, name, row};
use super::place::{Placed, Side};
use crate::output::{self, BOLD, paint};

/// One measured call. The figures at the top are what the **caller** heard of the callee; both
/// sides' stand under `sides`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) duration_ms: u64,
    /// From asking for the call until the callee's phone rang.
    pub(crate) invite_to_ring_ms: Option<f64>,
    /// From the callee's answer until the caller's loudspeaker got the first audible sound.
    pub(crate) accept_to_first_audio_ms: Option<f64>,
    pub(crate) ice_ms: Option<f64>,
    pub(crate) dtls_ms: Option<f64>,
    /// By the callee.
    pub(crate) packets_sent: u64,
    /// By the caller.
    pub(crate) packets_received: u64,
    pub(crate) packets_lost: u64,
    pub(crate) packets_discarded: BTreeMap<String, u64>,
    pub(crate) concealed_ms: f64,
    pub(crate) mean_playout_delay_ms: f64,
    pub(crate) target_delay_ms: f64,
    pub(crate) jitter_ms: f64,
    pub(crate) srtp_profile: Option<&'static str>,
    pub(crate) volume: Both<Vec<Volume>>,
    pub(crate) mos_estimate: Option<f64>,
    pub(crate) record: Option<Record>,
    pub(crate) server_cpu_ms: Option<f64>,
    pub(crate) sides: Both<Figures>,
    pub(crate) events: Vec<EventRow>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Both<T> {
    pub(crate) caller: T,
    pub(crate) callee: T,
}

/// One listener event, in milliseconds since the call was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct EventRow {
    pub(crate) ms: f64,
    pub(crate) side: &'static str,
    #[serde(flatten)]
    pub(crate) event: ListenerEvent,
}

impl Report {
    pub(crate) fn of(placed: Placed, record: Option<Record>, server_cpu_ms: Option<f64>) -> Self {
        let sides = Both {
            caller: Figures::of(&placed.caller.stats),
            callee: Figures::of(&placed.callee.stats),
        };
        let (caller, callee) = (&placed.caller.stats.timings, &placed.callee.stats.timings);
        let heard = sides.caller.clone();
        Self {
            outcome: placed.outcome,
            duration_ms: placed.duration_ms,
            invite_to_ring_ms: between(caller.started, callee.started),
            accept_to_first_audio_ms: between(callee.accept_asked, caller.first_audio),
            ice_ms: heard.ice_ms,
            dtls_ms: heard.dtls_ms,
            packets_sent: sides.callee.packets_sent,
            packets_received: heard.packets_received,
            packets_lost: heard.packets_lost,
            packets_discarded: heard.packets_discarded,
            concealed_ms: heard.concealed_ms,
            mean_playout_delay_ms: heard.mean_playout_delay_ms,
            target_delay_ms: heard.target_delay_ms,
            jitter_ms: heard.jitter_ms,
            srtp_profile: heard.srtp_profile,
            volume: Both {
                caller: placed.caller.volume.clone(),
                callee: placed.callee.volume.clone(),
            },
            mos_estimate: heard.mos_estimate,
            record,
            server_cpu_ms,
            events: merge(placed.began, placed.caller, placed.callee),
            sides,
        }
    }

    /// Prints the report for people; the timeline was printed while it happened.
    pub(crate) fn print(&self) {
        let ms = |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.1} ms"));
        output::line(format!("\n{}", paint(BOLD, "The call")));
        let outcome =
            self.outcome.map_or("never ended".to_owned(), |outcome| format!("{outcome:?}"));
        row("outcome", format!("{outcome}, {:.1} s", self.duration_ms as f64 / 1_000.0));
        row("invite → ring", ms(self.invite_to_ring_ms));
        row("accept → audio", ms(self.accept_to_first_audio_ms));
        row("server CPU", ms(self.server_cpu_ms));
        self.sides.caller.print("What the caller heard");
        self.sides.callee.print("What the callee heard");
        self.print_volumes();
        if let Some(record) = &self.record {
            print_record(record);
        }
    }

    fn print_volumes(&self) {
        output::line(format!("\n{}", paint(BOLD, "Volume")));
        row("caller", sparkline(&self.volume.caller));
        row("callee", sparkline(&self.volume.callee));
    }
}

/// Prints a stored call record.
pub(crate) fn print_record(record: &Record) {
    output::line(format!("\n{}", paint(BOLD, "Call record")));
    row("call", record.call_id.as_str());
    let callees: Vec<&str> = record.callees.iter().map(|user| user.as_str()).collect();
    row("who", format!("{} → {}", record.caller.as_str(), callees.join(", ")));
    row("outcome", format!("{:?}, {:.1} s", record.outcome, record.duration_ms as f64 / 1_000.0));
    if let Some(quality) = &record.quality {
        let concealed = 100.0 * quality.concealed_share;
        let worst = quality.worst_mos.map_or(String::new(), |mos| format!(", at worst {mos:.1}"));
        let cause = quality.cause.map_or(String::new(), |cause| format!(" ({})", name(cause)));
        let mos = quality.mos;
        row("quality", format!("{mos:.1} of 4.5{worst}{cause}, {concealed:.2} % concealed"));
    }
}

fn merge(began: Instant, caller: Side, callee: Side) -> Vec<EventRow> {
    let rows = |side, events: Vec<TimedEvent>| {
        events.into_iter().map(move |timed| {
            let ms = timed.at.saturating_duration_since(began).as_secs_f64() * 1_000.0;
            EventRow { ms, side, event: timed.event }
        })
    };
    let mut all: Vec<EventRow> =
        rows("caller", caller.events).chain(rows("callee", callee.events)).collect();
    all.sort_by(|one, other| one.ms.total_cmp(&other.ms));
    all
}

/// A series of 0..=100 as a line of bars.
fn sparkline(volumes: &[Volume]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |volume: &Volume| BARS[usize::from(volume.percent()) * (BARS.len() - 1) / 100];
    volumes.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_spans_the_scale() {
        let series = [0, 50, 100].map(Volume::from_percent);
        assert_eq!(sparkline(&series), "▁▄█");
    }
}
