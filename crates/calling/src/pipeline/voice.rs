//! How each direction of the voice sounded, judged every five seconds by the fullband E-model.

use std::time::{Duration, Instant};

use calling_callrecord::quality::{
    INTERVAL_MS, IntervalFigures, IntervalQuality, IntervalSummary, judge_interval,
};
use calling_media::{ReceiverStats, RemoteView, TICK_MS};
use calling_signaling::protocol::QualityCause;

use super::MOST_BEHIND;
use crate::ticker::Ticker;

const INTERVAL: Duration = Duration::from_millis(INTERVAL_MS as u64);

/// A stream may fall short of the time that passed by so much before somebody is to blame: reports
/// and packets do not come on the boundary of an interval.
const MOST_SHORT: f64 = 0.05;

/// How one direction of a voice sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VoiceQuality {
    /// The last full interval of five seconds in which there was a voice; `None` before the first.
    pub last: Option<IntervalQuality>,
    /// All of them.
    pub summary: IntervalSummary,
}

impl VoiceQuality {
    fn add(&mut self, quality: IntervalQuality) {
        self.last = Some(quality);
        self.summary.add(&quality);
    }
}

/// What an interval shares with all voices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub(super) rtt_ms: f64,
    /// Time in which the loudspeaker was not fed.
    pub(super) device_ms: f64,
}

/// One voice that is heard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// At the end of the interval before; `None` before the first, in which the stream began.
    before: Option<Snapshot>,
    /// What its sender, or the server that forwards it, says to have sent, and what was expected by
    /// sequence number when it said so.
    told: Option<(u32, i64)>,
    pub(super) quality: VoiceQuality,
}

#[derive(Clone, Copy, Debug)]
struct Snapshot {
    stats: ReceiverStats,
    told: Option<(u32, i64)>,
}

/// Packets that the sender sent, by sequence number: RFC 3550 appendix A.3 makes losses of it.
const fn expected(stats: &ReceiverStats) -> i64 {
    (stats.packets_received as i64).saturating_add(stats.packets_lost)
}

impl Hearing {
    /// A sender report said that `packets` were sent.
    pub(super) fn told(&mut self, packets: u32, stats: &ReceiverStats) {
        if self.told.is_none_or(|(known, _)| known != packets) {
            self.told = Some((packets, expected(stats)));
        }
    }

    /// An interval is over.
    pub(super) fn judge(&mut self, stats: ReceiverStats, around: Circumstances) {
        let after = Snapshot { stats, told: self.told };
        let begun = (stats.packets_received > 0).then_some(after);
        let Some(before) = std::mem::replace(&mut self.before, begun) else { return };
        if let Some(figures) = heard(&before, &after, around) {
            self.quality.add(judge_interval(&figures, QualityCause::Downlink));
        }
    }
}

/// The figures of what lies between two snapshots; `None` if there was nothing to hear.
fn heard(before: &Snapshot, after: &Snapshot, around: Circumstances) -> Option<IntervalFigures> {
    let ms = |field: fn(&ReceiverStats) -> f64| field(&after.stats) - field(&before.stats);
    let sent = expected(&after.stats) - expected(&before.stats);
    let concealed_ms = ms(ReceiverStats::concealed_ms).max(0.0);
    if sent <= 0 && concealed_ms <= 0.0 {
        return None;
    }
    let played = after.stats.packets_played.saturating_sub(before.stats.packets_played);
    let mean = |sum: f64| (played > 0).then(|| sum / played as f64);
    let samples = after.stats.decoded_samples.saturating_sub(before.stats.decoded_samples);
    let packet_ms = mean(samples as f64 / SAMPLES_PER_MS).filter(|ms| *ms >= 1.0);
    let packet_ms = packet_ms.unwrap_or(DEFAULT_PACKET_MS);
    let lost = u64::try_from(after.stats.packets_lost - before.stats.packets_lost).unwrap_or(0);
    let lost_uplink = lost_before_server(before, after).min(lost);
    let paused = after.stats.comfort_noise_samples > before.stats.comfort_noise_samples
        || after.stats.restarts > before.stats.restarts;
    let interval_ms = f64::from(INTERVAL_MS);
    Some(IntervalFigures {
        interval_ms,
        packet_ms,
        lost_uplink,
        lost_downlink: lost - lost_uplink,
        concealed_ms,
        concealment_events: after
            .stats
            .concealment_events
            .saturating_sub(before.stats.concealment_events),
        // Whoever stopped to send for good is not missed: only what had to be made up counts.
        unsent_ms: if paused { 0.0 } else { short(interval_ms, sent as f64 * packet_ms) }
            .min(concealed_ms),
        device_ms: around.device_ms,
        playout_delay_ms: mean(ms(|stats| stats.playout_delay_sum_ms)).unwrap_or(0.0),
        rtt_ms: around.rtt_ms,
    })
}

const SAMPLES_PER_MS: f64 = 48.0;
/// Sound in a packet where none was played.
const DEFAULT_PACKET_MS: f64 = 20.0;

/// Packets that the speaker sent and the server never forwarded: between the same two reports, those
/// expected by sequence number less those the server counted. Without reports none.
fn lost_before_server(before: &Snapshot, after: &Snapshot) -> u64 {
    let (Some(earlier), Some(later)) = (before.told, after.told) else { return 0 };
    let forwarded = i64::from(later.0.wrapping_sub(earlier.0));
    u64::try_from(later.1 - earlier.1 - forwarded).unwrap_or(0)
}

/// How far `made_ms` falls short of `interval_ms`, where that is more than chance.
fn short(interval_ms: f64, made_ms: f64) -> f64 {
    let missing = interval_ms - made_ms;
    if missing > MOST_SHORT * interval_ms { missing } else { 0.0 }
}

/// The own voice, as the server receives it.
#[derive(Debug, Default)]
pub(super) struct Speaking {
    before: Option<Sent>,
    pub(super) quality: VoiceQuality,
}

/// What was sent so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// What the server reported.
    pub(super) remote: RemoteView,
    /// Ticks in which the microphone was not read since the machine stood still.
    pub(super) skipped: u64,
    /// Sound in a packet, in milliseconds.
    pub(super) packet_ms: f64,
}

impl Speaking {
    /// An interval is over. What the server's reports say was lost counts as heard by nobody: what
    /// listeners restore is not known here, nor how long they wait.
    pub(super) fn judge(&mut self, after: Sent) {
        let Some(before) = self.before.replace(after) else { return };
        if after.remote.reports == before.remote.reports {
            return;
        }
        let lost = after.remote.packets_lost - before.remote.packets_lost;
        let lost_uplink = u64::try_from(lost).unwrap_or(0);
        let skipped = after.skipped.saturating_sub(before.skipped);
        let unsent_ms = skipped as f64 * f64::from(TICK_MS);
        let figures = IntervalFigures {
            interval_ms: f64::from(INTERVAL_MS),
            packet_ms: after.packet_ms,
            lost_uplink,
            concealed_ms: lost_uplink as f64 * after.packet_ms + unsent_ms,
            unsent_ms,
            rtt_ms: after.remote.round_trip_ms.unwrap_or(0.0),
            ..IntervalFigures::default()
        };
        self.quality.add(judge_interval(&figures, QualityCause::Uplink));
    }
}

/// When intervals end, from when the gate opened on.
#[derive(Debug, Default)]
pub(super) struct Intervals {
    ticker: Option<Ticker>,
    skipped: u64,
}

impl Intervals {
    pub(super) fn begin(&mut self, now: Instant) {
        self.ticker = Some(Ticker::new(now + INTERVAL, INTERVAL, MOST_BEHIND));
    }

    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.ticker.as_mut().is_some_and(|ticker| ticker.take(now))
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.ticker.as_ref().map(Ticker::next)
    }

    /// Time that the loudspeaker missed since the last call of this, of all `skipped` ticks.
    pub(super) fn device_ms(&mut self, skipped: u64) -> f64 {
        let before = std::mem::replace(&mut self.skipped, skipped);
        skipped.saturating_sub(before) as f64 * f64::from(TICK_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Circumstances = Circumstances { rtt_ms: 40.0, device_ms: 0.0 };

    /// After `packets` sent, of which `lost` never came and `concealed_ms` was made up.
    fn stats(packets: u64, lost: i64, concealed_ms: u64) -> ReceiverStats {
        let mut stats = ReceiverStats::default();
        stats.packets_received = packets - lost as u64;
        stats.packets_lost = lost;
        stats.packets_played = stats.packets_received;
        stats.decoded_samples = stats.packets_played * 960;
        stats.concealed_samples = concealed_ms * 48;
        stats.concealment_events = concealed_ms / 20;
        stats
    }

    fn judged(
        forwarded: u32,
        end: ReceiverStats,
        around: Circumstances,
    ) -> Option<IntervalQuality> {
        let mut hearing = Hearing::default();
        let begin = stats(250, 0, 0);
        hearing.told(250, &begin);
        hearing.judge(begin, QUIET);
        assert_eq!(hearing.quality.last, None, "the stream began in it");
        hearing.told(250 + forwarded, &end);
        hearing.judge(end, around);
        hearing.quality.last
    }

    #[test]
    fn the_leg_that_lost_is_told_by_what_the_server_forwarded() {
        let end = stats(500, 40, 800);
        let cause = |forwarded| judged(forwarded, end, QUIET).unwrap().cause;
        assert_eq!(cause(250), Some(QualityCause::Downlink));
        assert_eq!(cause(210), Some(QualityCause::Uplink));
        // The count wraps.
        let before = Snapshot { stats: end, told: Some((u32::MAX, 0)) };
        let after = Snapshot { stats: end, told: Some((9, 15)) };
        assert_eq!(lost_before_server(&before, &after), 5);
    }

    #[test]
    fn what_came_late_is_jitter_and_what_was_never_sent_the_senders() {
        let late = judged(250, stats(500, 0, 800), QUIET).unwrap();
        assert_eq!(late.cause, Some(QualityCause::Jitter));
        let unsent = judged(200, stats(450, 0, 900), QUIET).unwrap();
        assert_eq!(unsent.cause, Some(QualityCause::SenderCpu));
        let device = Circumstances { device_ms: 900.0, ..QUIET };
        let stalled = judged(250, stats(500, 0, 0), device).unwrap();
        assert_eq!(stalled.cause, Some(QualityCause::Device));
    }

    #[test]
    fn a_clean_interval_is_as_good_as_it_gets_and_silence_is_none() {
        let quality = judged(250, stats(500, 0, 0), QUIET).unwrap();
        assert!(quality.mos > 4.4 && quality.cause.is_none(), "{quality:?}");
        assert_eq!(judged(0, stats(250, 0, 0), QUIET), None);
    }

    #[test]
    fn who_stopped_to_send_is_nobodys_fault() {
        assert_eq!(judged(100, stats(350, 0, 0), QUIET).unwrap().cause, None);
    }

    #[test]
    fn pauses_that_the_sender_announced_are_nobodys_fault() {
        let mut end = stats(300, 0, 0);
        end.comfort_noise_samples = 4_000 * 48;
        assert_eq!(judged(50, end, QUIET).unwrap().cause, None);
    }

    #[test]
    fn the_own_voice_is_judged_by_the_servers_reports() {
        let sent = |reports, packets_lost, skipped| Sent {
            remote: RemoteView { reports, packets_lost, ..RemoteView::default() },
            skipped,
            packet_ms: 20.0,
        };
        let of = |after| {
            let mut speaking = Speaking::default();
            speaking.judge(sent(1, 0, 0));
            speaking.judge(after);
            speaking.quality.last
        };
        assert_eq!(of(sent(1, 0, 0)), None, "nothing was reported");
        assert_eq!(of(sent(6, -3, 0)).unwrap().cause, None);
        assert_eq!(of(sent(6, 40, 0)).unwrap().cause, Some(QualityCause::Uplink));
        assert_eq!(of(sent(6, 0, 80)).unwrap().cause, Some(QualityCause::SenderCpu));
    }
}
