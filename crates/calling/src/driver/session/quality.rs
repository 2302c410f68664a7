//! Telling the server how the call sounded here, once both the figures are final and the server
//! has said that the call is over (and thus recorded).

use calling_model::CallId;
use calling_signaling::protocol::{HeardQuality, Request};

use super::Session;
use super::signalling::Own;
use crate::stats::CallStats;

/// What is known of the last call's end; the report goes out when both are there for one call.
#[derive(Debug, Default)]
pub(super) struct QualityReport {
    ended: Option<CallId>,
    heard: Option<(CallId, HeardQuality)>,
}

impl QualityReport {
    /// The server said that the call is over.
    pub(super) fn ended(&mut self, call_id: CallId) {
        self.ended = Some(call_id);
    }

    /// The media of the call stopped with these figures.
    pub(super) fn stopped(&mut self, call_id: &CallId, figures: &CallStats) {
        self.heard = heard(figures).map(|heard| (call_id.clone(), heard));
    }

    fn take(&mut self) -> Option<(CallId, HeardQuality)> {
        let (call_id, _) = self.heard.as_ref()?;
        if self.ended.as_ref() != Some(call_id) {
            return None;
        }
        self.ended = None;
        self.heard.take()
    }
}

impl Session {
    /// Sends the report if it is due.
    pub(super) async fn report_quality(&mut self) {
        if self.signalling.is_up()
            && let Some((call_id, heard)) = self.quality.take()
        {
            self.ask(Request::ReportQuality { call_id, heard }, Own::Quality).await;
        }
    }
}

/// The counters of everything heard; `None` if nothing was played.
fn heard(figures: &CallStats) -> Option<HeardQuality> {
    let mut heard =
        HeardQuality { rtt_ms: figures.round_trip_ms.unwrap_or(0.0), ..HeardQuality::default() };
    for remote in &figures.received {
        let stats = &remote.stats;
        heard.packets += stats.packets_received;
        heard.packets_lost += u64::try_from(stats.packets_lost).unwrap_or(0);
        heard.played_ms += stats.media_ms() as u64;
        heard.concealed_ms += stats.concealed_ms() as u64;
        // One-to-one: the last remote is the only one.
        heard.mean_delay_ms = stats.mean_playout_delay_ms();
        heard.jitter_ms = stats.jitter_ms;
    }
    (heard.played_ms > 0).then_some(heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reported_once_and_only_when_both_are_there() {
        let call = |name: &str| CallId::new(name).unwrap();
        let heard = Some((call("one"), HeardQuality::default()));
        let mut report = QualityReport { ended: None, heard };
        assert_eq!(report.take(), None);
        report.ended(call("another"));
        assert_eq!(report.take(), None);
        report.ended(call("one"));
        assert_eq!(report.take(), Some((call("one"), HeardQuality::default())));
        assert_eq!(report.take(), None);
    }

    #[test]
    fn silence_is_not_reported() {
        assert_eq!(heard(&CallStats::default()), None);
    }
}
