//! The figures of one side of one call, ready for JSON and for people.

use std::collections::BTreeMap;

use calling::{CallStats, Timings};
use calling_callrecord::quality::{QualityInput, QualitySummary, burst_ratio};
use calling_signaling::protocol::QualityCause;
use serde::Serialize;

use crate::output::{self, BOLD, DIM, GOOD, WARN, paint};

/// What one side measured. Counts are of the voice it received, unless they say otherwise.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) ice_ms: Option<f64>,
    pub(crate) dtls_ms: Option<f64>,
    pub(crate) srtp_profile: Option<&'static str>,
    pub(crate) round_trip_ms: Option<f64>,
    /// Packets this side sent.
    pub(crate) packets_sent: u64,
    /// Of these, sent a second time because the way to the server is lossy.
    pub(crate) packets_repeated: u64,
    pub(crate) packets_received: u64,
    /// Packets that never came.
    pub(crate) packets_lost: u64,
    pub(crate) packets_discarded: BTreeMap<String, u64>,
    /// Sound played, real or made up.
    pub(crate) played_ms: f64,
    /// Sound made up in place of what did not come in time.
    pub(crate) concealed_ms: f64,
    /// Lost sound brought back from the redundancy of a later packet.
    pub(crate) recovered_ms: f64,
    /// Of it, from copies of earlier frames (RFC 2198); the rest is from in-band FEC.
    pub(crate) recovered_by_copies_ms: f64,
    /// Of it, from descriptions in later packets (DRED).
    pub(crate) recovered_by_dred_ms: f64,
    /// Packets received that carried such copies.
    pub(crate) packets_with_copies: u64,
    /// How this side's packets were made at the end.
    pub(crate) sending: Sending,
    pub(crate) concealed_percent: f64,
    pub(crate) mean_playout_delay_ms: f64,
    pub(crate) playout_delay_ms: f64,
    pub(crate) target_delay_ms: f64,
    pub(crate) jitter_ms: f64,
    /// 1 to 4.5; none if nothing was heard.
    pub(crate) mos_estimate: Option<f64>,
    /// The lowest of any five seconds, in either direction.
    pub(crate) worst_mos: Option<f64>,
    /// What most of the bad intervals suffered from.
    pub(crate) cause: Option<QualityCause>,
    /// Milliseconds since the call began at this side, by moment.
    pub(crate) timeline_ms: BTreeMap<&'static str, f64>,
}

/// What a sender chose from the losses it was told of.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sending {
    /// Copies of earlier frames in each packet.
    pub(crate) copies: u8,
    /// Speech that each packet describes (DRED), in milliseconds.
    pub(crate) dred_ms: u32,
    /// Of Opus, without copies and headers.
    pub(crate) bitrate_bps: u64,
    pub(crate) frame_ms: u32,
    pub(crate) in_band_fec: bool,
    /// What in-band FEC was prepared for.
    pub(crate) expected_loss_percent: u8,
}

impl Figures {
    pub(crate) fn of(stats: &CallStats) -> Self {
        let (mut figures, mut bursts) = (Self::without_remotes(stats), 1.0_f64);
        for remote in &stats.received {
            let stats = &remote.stats;
            figures.played_ms += stats.media_ms();
            figures.concealed_ms += stats.concealed_ms();
            figures.recovered_ms +=
                stats.fec_recovered_ms() + stats.red_recovered_ms() + stats.dred_recovered_ms();
            figures.recovered_by_dred_ms += stats.dred_recovered_ms();
            figures.recovered_by_copies_ms += stats.red_recovered_ms();
            figures.packets_with_copies += stats.packets_with_copies;
            // One-to-one: the last remote is the only one.
            figures.mean_playout_delay_ms = stats.mean_playout_delay_ms();
            figures.playout_delay_ms = stats.playout_delay_ms;
            figures.target_delay_ms = f64::from(stats.target_delay_ms);
            figures.jitter_ms = stats.jitter_ms;
            bursts = bursts.max(burst_ratio(
                stats.concealed_ms(),
                stats.media_ms(),
                stats.concealment_events.saturating_mul(PACKET_MS),
            ));
        }
        if figures.played_ms > 0.0 {
            figures.concealed_percent = 100.0 * figures.concealed_ms / figures.played_ms;
        }
        figures.mos_estimate = figures.estimate_mos(bursts);
        figures
    }

    fn without_remotes(stats: &CallStats) -> Self {
        let mut packets_discarded: BTreeMap<String, u64> =
            stats.discarded.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect();
        packets_discarded.retain(|_, count| *count > 0);
        let intervals = stats.voice_summary();
        Self {
            ice_ms: stats.ice_ms(),
            dtls_ms: stats.dtls_ms(),
            srtp_profile: stats.srtp_profile,
            round_trip_ms: stats.round_trip_ms,
            packets_sent: stats.sent.packets_sent,
            packets_repeated: stats.packets_repeated,
            packets_received: stats.packets_received(),
            packets_lost: u64::try_from(stats.packets_lost()).unwrap_or(0),
            packets_discarded,
            played_ms: 0.0,
            concealed_ms: 0.0,
            recovered_ms: 0.0,
            recovered_by_copies_ms: 0.0,
            recovered_by_dred_ms: 0.0,
            packets_with_copies: 0,
            sending: Sending {
                copies: stats.sent.red_copies,
                dred_ms: stats.sent.dred_ms,
                bitrate_bps: stats.sent.bitrate_bps,
                frame_ms: stats.sent.frame_ms,
                in_band_fec: stats.sent.in_band_fec,
                expected_loss_percent: stats.sent.expected_loss_percent,
            },
            concealed_percent: 0.0,
            mean_playout_delay_ms: 0.0,
            playout_delay_ms: 0.0,
            target_delay_ms: 0.0,
            jitter_ms: 0.0,
            mos_estimate: None,
            worst_mos: intervals.worst_mos,
            cause: intervals.cause(),
            timeline_ms: stats.timings.to_ms().since_start,
        }
    }

    /// What is heard: concealment counts as loss, since recovered loss is not heard.
    fn estimate_mos(&self, burst_ratio: f64) -> Option<f64> {
        let summary = QualitySummary::new(&QualityInput {
            played_ms: self.played_ms as u64,
            concealed_ms: self.concealed_ms as u64,
            mean_delay_ms: self.mean_playout_delay_ms,
            // Either leg has about the same.
            rtt_ms: 2.0 * self.round_trip_ms.unwrap_or(0.0),
            burst_ratio,
            ..QualityInput::default()
        });
        (self.played_ms > 0.0).then_some(summary.mos)
    }

    /// Prints a block for people.
    pub(crate) fn print(&self, title: &str) {
        output::line(format!("\n{}", paint(BOLD, title)));
        row("media path", self.path());
        let Sending { copies, bitrate_bps, .. } = self.sending;
        let kbps = bitrate_bps / 1_000;
        let sent = format!("{} packets, {kbps} kbit/s, {copies} copies each", self.packets_sent);
        row("sent", sent);
        row("received", format!("{} packets, {} lost", self.packets_received, self.packets_lost));
        if !self.packets_discarded.is_empty() {
            let reasons: Vec<String> = self
                .packets_discarded
                .iter()
                .map(|(reason, count)| format!("{count} {reason}"))
                .collect();
            row("discarded", reasons.join(", "));
        }
        row("heard", self.heard());
        row(
            "playout delay",
            format!(
                "{:.0} ms mean, {:.0} ms target, jitter {:.1} ms",
                self.mean_playout_delay_ms, self.target_delay_ms, self.jitter_ms
            ),
        );
        if let Some(mos) = self.mos_estimate {
            let style = if mos >= 4.0 { GOOD } else { WARN };
            let mos = paint(style, format!("{mos:.1}"));
            row("quality", format!("{mos} of 4.5 (MOS, estimated){}", self.worst()));
        }
    }

    fn worst(&self) -> String {
        let Some(worst) = self.worst_mos else { return String::new() };
        let cause = self.cause.map_or(String::new(), |cause| format!(": {}", name(cause)));
        format!("; worst five seconds {worst:.1}{cause}")
    }

    fn path(&self) -> String {
        let ms = |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.1} ms"));
        format!(
            "ICE {}, DTLS {}, {}, round trip {}",
            ms(self.ice_ms),
            ms(self.dtls_ms),
            self.srtp_profile.unwrap_or("no SRTP"),
            ms(self.round_trip_ms),
        )
    }

    fn heard(&self) -> String {
        format!(
            "{:.1} s, {:.0} ms concealed ({:.2} %), {:.0} ms recovered ({:.0} by copies)",
            self.played_ms / 1_000.0,
            self.concealed_ms,
            self.concealed_percent,
            self.recovered_ms,
            self.recovered_by_copies_ms
        )
    }
}

/// Sound in a packet of this program, in milliseconds.
const PACKET_MS: u64 = 20;

/// What to call a cause.
pub(crate) const fn name(cause: QualityCause) -> &'static str {
    match cause {
        QualityCause::Uplink => "uplink",
        QualityCause::Downlink => "downlink",
        QualityCause::Jitter => "jitter",
        QualityCause::SenderCpu => "sender CPU",
        QualityCause::Device => "device",
    }
}

/// Prints one named value.
pub(crate) fn row(name: &str, value: impl std::fmt::Display) {
    output::line(format!("  {DIM}{name:<16}{DIM:#} {value}"));
}

/// Milliseconds between two moments that two phones of this process noted.
pub(crate) fn between(
    from: Option<std::time::Instant>,
    to: Option<std::time::Instant>,
) -> Option<f64> {
    Timings::ms_between(from, to)
}
