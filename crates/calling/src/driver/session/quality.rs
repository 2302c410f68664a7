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

/// All voices heard as one; `None` if nothing was played.
///
/// Counts are sums. Delay and jitter are means over the remotes, each weighted by how long it was
/// played: every millisecond heard counts the same, whoever spoke, and somebody who was there for
/// a moment does not stand for the whole call.
fn heard(figures: &CallStats) -> Option<HeardQuality> {
    let mut heard =
        HeardQuality { rtt_ms: figures.round_trip_ms.unwrap_or(0.0), ..HeardQuality::default() };
    let intervals = figures.voice_summary();
    (heard.worst_mos, heard.cause) = (intervals.worst_mos, intervals.cause());
    let (mut played_ms, mut concealed_ms) = (0.0, 0.0);
    for remote in &figures.received {
        let (stats, played) = (&remote.stats, remote.stats.media_ms());
        heard.packets += stats.packets_received;
        heard.packets_lost += u64::try_from(stats.packets_lost).unwrap_or(0);
        heard.mean_delay_ms += stats.mean_playout_delay_ms() * played;
        heard.jitter_ms += stats.jitter_ms * played;
        played_ms += played;
        concealed_ms += stats.concealed_ms();
        heard.concealment_events += stats.concealment_events;
    }
    if played_ms < 1.0 {
        return None;
    }
    heard.mean_delay_ms /= played_ms;
    heard.jitter_ms /= played_ms;
    (heard.played_ms, heard.concealed_ms) = (played_ms as u64, concealed_ms as u64);
    Some(heard)
}

#[cfg(test)]
mod tests {
    use calling_media::ReceiverStats;
    use calling_model::UserId;

    use super::*;
    use crate::pipeline::{RemoteFigures, VoiceQuality};

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

    #[test]
    fn several_voices_count_by_how_long_each_was_played() {
        let remote = |seconds: u64, lost: i64, jitter_ms: f64, delay_ms: f64| {
            let mut stats = ReceiverStats::default();
            stats.packets_received = seconds * 50;
            stats.packets_played = stats.packets_received;
            stats.packets_lost = lost;
            stats.decoded_samples = seconds * 48_000;
            stats.playout_delay_sum_ms = delay_ms * stats.packets_played as f64;
            stats.jitter_ms = jitter_ms;
            RemoteFigures {
                user: UserId::new("bob").unwrap(),
                stats,
                voice: VoiceQuality::default(),
                trace: None,
            }
        };
        let (long, short, never) =
            (remote(30, 3, 10.0, 40.0), remote(10, 1, 50.0, 80.0), remote(0, 0, 900.0, 0.0));
        for received in [vec![long.clone(), short.clone(), never.clone()], vec![never, short, long]]
        {
            let heard = heard(&CallStats { received, ..CallStats::default() }).unwrap();
            assert_eq!((heard.packets, heard.packets_lost), (2_000, 4));
            assert_eq!((heard.played_ms, heard.concealed_ms), (40_000, 0));
            assert!((heard.jitter_ms - 20.0).abs() < 1e-9, "{heard:?}");
            assert!((heard.mean_delay_ms - 50.0).abs() < 1e-9, "{heard:?}");
        }
    }
}
