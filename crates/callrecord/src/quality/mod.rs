//! How a call sounded: the figures and an estimate of what people would say of it.

mod emodel;
mod interval;

use calling_signaling::protocol::QualityCause;
pub use emodel::{
    BEST_RATING, burst_ratio, delay_impairment, equipment_impairment, mos_estimate,
    mos_from_rating, rating,
};
use interval::LOOKAHEAD_MS;
pub use interval::{
    INTERVAL_MS, IntervalFigures, IntervalQuality, IntervalSummary, judge_interval,
};

use serde::{Deserialize, Serialize};

/// How one side heard the call, from its receiver's counters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualitySummary {
    /// Packets that arrived.
    pub packets: u64,
    /// Packets that never came, as a share of all sent, 0..=1.
    pub lost_share: f64,
    /// Sound that was made up for missing packets, as a share of all played, 0..=1.
    pub concealed_share: f64,
    /// Mean playout delay of the receiver, in milliseconds.
    pub mean_delay_ms: f64,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in milliseconds.
    pub jitter_ms: f64,
    /// Round trip to the other end of the media path, in milliseconds; 0 if never measured.
    pub rtt_ms: f64,
    /// Estimated mean opinion score of the whole, 1.0..=4.5, by the fullband E-model.
    pub mos: f64,
    /// The lowest score of any five seconds, in either direction; `None` if nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_mos: Option<f64>,
    /// What most of the bad intervals suffered from; `None` if there was none, or nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<QualityCause>,
    /// Whose figures these are.
    #[serde(default)]
    pub measured_by: MeasuredBy,
}

/// Who measured a call's quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuredBy {
    /// The server, from what it forwarded and what receivers reported of it on the way. It knows
    /// neither what was restored (so everything lost counts as concealed) nor the playout delay.
    Server,
    /// The receiver that played the sound.
    #[default]
    Receiver,
}

/// The counters a [`QualitySummary`] is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QualityInput {
    /// Packets that arrived.
    pub packets: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Sound played, in milliseconds.
    pub played_ms: u64,
    /// Of that, made up for missing packets, in milliseconds.
    pub concealed_ms: u64,
    /// Mean playout delay, in milliseconds.
    pub mean_delay_ms: f64,
    /// Interarrival jitter, in milliseconds.
    pub jitter_ms: f64,
    /// Round trip, in milliseconds; 0 if never measured.
    pub rtt_ms: f64,
    /// Mean length of the runs in which sound was missing, over the length expected if losses
    /// fell independently; 1 if unknown. See [`burst_ratio`].
    pub burst_ratio: f64,
    /// The lowest score of any interval.
    pub worst_mos: Option<f64>,
    /// What most of the bad intervals suffered from.
    pub cause: Option<QualityCause>,
}

impl QualitySummary {
    /// Makes the summary. The opinion score counts what was concealed, not what was lost: a packet
    /// that in-band error correction restored was never missed by anybody.
    pub fn new(input: &QualityInput) -> Self {
        let sent = input.packets.saturating_add(input.packets_lost);
        let concealed_share = share(input.concealed_ms, input.played_ms);
        let (delay_ms, rtt_ms) = (finite(input.mean_delay_ms), finite(input.rtt_ms));
        let one_way_ms = rtt_ms / 2.0 + delay_ms + CODING_MS;
        let mos = mos_estimate(concealed_share, input.burst_ratio, one_way_ms);
        Self {
            packets: input.packets,
            lost_share: rounded(share(input.packets_lost, sent), 1e6),
            concealed_share: rounded(concealed_share, 1e6),
            mean_delay_ms: rounded(delay_ms, 10.0),
            jitter_ms: rounded(finite(input.jitter_ms), 10.0),
            rtt_ms: rounded(rtt_ms, 10.0),
            mos: rounded(mos, 100.0),
            worst_mos: input.worst_mos.filter(|mos| mos.is_finite()).map(on_scale),
            cause: input.cause,
            measured_by: MeasuredBy::Receiver,
        }
    }

    /// What is kept when `told` comes in where this was known: a receiver's word replaces the
    /// server's, and of two receivers the one that heard worse counts.
    pub fn refined_by(self, told: Self) -> Self {
        match (self.measured_by, told.measured_by) {
            (MeasuredBy::Server, MeasuredBy::Receiver) => told,
            (MeasuredBy::Receiver, MeasuredBy::Server) => self,
            (MeasuredBy::Server, MeasuredBy::Server)
            | (MeasuredBy::Receiver, MeasuredBy::Receiver) => {
                if self.mos <= told.mos {
                    self
                } else {
                    told
                }
            }
        }
    }
}

/// What coding adds to the delay: a packet of 20 ms and [`LOOKAHEAD_MS`], in milliseconds.
const CODING_MS: f64 = 20.0 + LOOKAHEAD_MS;

/// `part` of `whole`, 0..=1; nothing of nothing is nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

/// To one part in `parts`: what is kept claims no more precision than was measured.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// A score as it is kept.
fn on_scale(mos: f64) -> f64 {
    rounded(mos.clamp(1.0, 4.5), 100.0)
}

/// Not a number, infinite and negative become 0, and nothing lasts longer than eleven days, so
/// that a summary is always valid JSON.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, 1e9) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean() -> QualityInput {
        QualityInput {
            packets: 950,
            packets_lost: 50,
            played_ms: 20_000,
            concealed_ms: 200,
            mean_delay_ms: 60.0,
            jitter_ms: 12.0,
            rtt_ms: 50.0,
            burst_ratio: 1.0,
            ..QualityInput::default()
        }
    }

    #[test]
    fn shares_are_of_what_was_sent_and_played() {
        let summary = QualitySummary::new(&clean());
        assert_eq!((summary.lost_share, summary.concealed_share), (0.05, 0.01));
        assert_eq!(summary.mos, rounded(mos_estimate(0.01, 1.0, 111.5), 100.0));
    }

    #[test]
    fn a_restored_packet_costs_nothing() {
        let restored = QualityInput { concealed_ms: 0, ..clean() };
        assert_eq!(QualitySummary::new(&restored).mos, 4.43);
        assert!(QualitySummary::new(&clean()).mos < 4.43);
    }

    #[test]
    fn a_call_without_a_packet_has_a_summary() {
        let summary = QualitySummary::new(&QualityInput::default());
        assert_eq!((summary.lost_share, summary.concealed_share), (0.0, 0.0));
    }

    #[test]
    fn a_receivers_word_replaces_the_servers_and_the_worse_ear_counts() {
        let of = |concealed_ms, measured_by| {
            let input = QualityInput { concealed_ms, ..clean() };
            QualitySummary { measured_by, ..QualitySummary::new(&input) }
        };
        let server = of(900, MeasuredBy::Server);
        let (good, bad) = (of(0, MeasuredBy::Receiver), of(500, MeasuredBy::Receiver));
        assert_eq!(server.refined_by(good), good);
        assert_eq!(good.refined_by(server), good);
        assert_eq!(good.refined_by(bad), bad);
        assert_eq!(bad.refined_by(good), bad);
        assert_eq!(of(0, MeasuredBy::Server).refined_by(server), server);
    }

    #[test]
    fn nonsense_makes_valid_json() {
        let input = QualityInput {
            mean_delay_ms: f64::NAN,
            jitter_ms: f64::MAX,
            rtt_ms: f64::NEG_INFINITY,
            burst_ratio: f64::NAN,
            packets: u64::MAX,
            packets_lost: u64::MAX,
            concealed_ms: 9,
            played_ms: 1,
            worst_mos: Some(f64::INFINITY),
            cause: None,
        };
        let summary = QualitySummary::new(&input);
        let json = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<QualitySummary>(&json).unwrap(), summary);
        assert_eq!(summary.concealed_share, 1.0);
        assert_eq!(summary.worst_mos, None);
        let worst_mos = Some(-3.0);
        let summary = QualitySummary::new(&QualityInput { worst_mos, ..input });
        assert_eq!(summary.worst_mos, Some(1.0));
    }
}
