//! How a call sounded: the figures and an estimate of what people would say of it.

mod emodel;

pub use emodel::{delay_impairment, equipment_impairment, mos_estimate, mos_from_rating, rating};

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
    /// Estimated mean opinion score, 1.0..=4.5.
    pub mos: f64,
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
    /// Mean length of the runs in which packets were lost, over the length expected if losses
    /// fell independently; 1 if unknown.
    pub burst_ratio: f64,
}

impl QualitySummary {
    /// Makes the summary. The opinion score counts what was concealed, not what was lost: a packet
    /// that in-band error correction restored was never missed by anybody.
    pub fn new(input: &QualityInput) -> Self {
        let lost_share =
            share(input.packets_lost, input.packets.saturating_add(input.packets_lost));
        let concealed_share = share(input.concealed_ms, input.played_ms);
        let mean_delay_ms = finite(input.mean_delay_ms);
        let jitter_ms = finite(input.jitter_ms);
        let rtt_ms = finite(input.rtt_ms);
        let one_way_ms = rtt_ms / 2.0 + mean_delay_ms;
        let mos = mos_estimate(concealed_share, input.burst_ratio, one_way_ms);
        let packets = input.packets;
        Self { packets, lost_share, concealed_share, mean_delay_ms, jitter_ms, rtt_ms, mos }
    }
}

/// `part` of `whole`, 0..=1; nothing of nothing is nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

/// Not a number, infinite and negative become 0, so that a summary is always valid JSON.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}
