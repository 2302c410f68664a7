use calling_signaling::protocol::QualityCause;

use super::emodel::{
    BEST_RATING, burst_ratio, delay_impairment, equipment_impairment, mos_from_rating,
};

/// Scores are made of this much of one direction, in milliseconds: long enough that a lost packet is
/// not a catastrophe, short enough that one is remembered by who heard it.
pub const INTERVAL_MS: u32 = 5_000;

/// What coding adds to the delay beside the packet: the look-ahead of Opus (RFC 6716 section 2.1.4
/// and the 5 ms of its encoder), in milliseconds.
pub(super) const LOOKAHEAD_MS: f64 = 6.5;

/// What one end knows of one direction of the sound in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntervalFigures {
    /// Length of the interval, in milliseconds.
    pub interval_ms: f64,
    /// Sound in one packet, in milliseconds.
    pub packet_ms: f64,
    /// Packets lost from the speaker to the server.
    pub lost_uplink: u64,
    /// Packets lost from the server to the listener.
    pub lost_downlink: u64,
    /// Sound made up in place of what did not come in time, in milliseconds.
    pub concealed_ms: f64,
    /// Times that making up began.
    pub concealment_events: u64,
    /// Sound that the speaker should have sent and never did, in milliseconds: time passed, and the
    /// stream did not.
    pub unsent_ms: f64,
    /// Time in which the listener's device took nothing, in milliseconds.
    pub device_ms: f64,
    /// Mean wait from arrival to playout, in milliseconds.
    pub playout_delay_ms: f64,
    /// Round trip to the server, in milliseconds; 0 if never measured.
    pub rtt_ms: f64,
}

/// How one direction sounded in one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntervalQuality {
    /// Transmission rating, 0.0..=148.0.
    pub rating: f64,
    /// Estimated mean opinion score, 1.0..=4.5.
    pub mos: f64,
    /// What most of the rating was lost to, if people would not be satisfied.
    pub cause: Option<QualityCause>,
}

/// Below this rating not everybody is satisfied: 80 on the scale of G.107 (annex B, table B.1).
const SATISFIED: f64 = 80.0 / 100.0 * BEST_RATING;

/// What each cause cost, in points of the rating.
type Blame = [(QualityCause, f64); 5];

/// Estimates one direction of one interval. `near` is the leg that the round trip was measured on:
/// [`Downlink`](QualityCause::Downlink) for what is heard, [`Uplink`](QualityCause::Uplink) for what
/// is said. The other leg's delay is known to nobody here and counts as none.
///
/// A pure function: the same figures give the same estimate, and nonsense is taken for nothing.
pub fn judge_interval(figures: &IntervalFigures, near: QualityCause) -> IntervalQuality {
    let missing = Missing::of(figures);
    let interval_ms = positive(figures.interval_ms).max(1.0);
    let loss = (missing.total() / interval_ms).min(1.0);
    let packet_ms = positive(figures.packet_ms).max(1.0);
    let burst = burst_ratio(
        positive(figures.concealed_ms) / packet_ms,
        interval_ms / packet_ms,
        figures.concealment_events,
    );
    let delay = Delay::of(figures);
    let of_loss = equipment_impairment(loss, burst) - equipment_impairment(0.0, 1.0);
    let of_delay = delay_impairment(delay.total());
    let rating = (BEST_RATING - equipment_impairment(0.0, 1.0) - of_loss - of_delay).max(0.0);
    let cause = (rating < SATISFIED)
        .then(|| worst(&blame(&missing, &delay, near, of_loss, of_delay)))
        .flatten();
    IntervalQuality { rating, mos: mos_from_rating(rating), cause }
}

/// Why sound was missing, in milliseconds each.
struct Missing {
    unsent: f64,
    uplink: f64,
    downlink: f64,
    late: f64,
    device: f64,
}

impl Missing {
    /// What was made up is laid to what is known to be missing: first what was never sent, then what
    /// was lost. What remains came too late. What was lost and restored is no matter.
    fn of(figures: &IntervalFigures) -> Self {
        let concealed = positive(figures.concealed_ms);
        let unsent = positive(figures.unsent_ms).min(positive(figures.interval_ms));
        let rest = (concealed - unsent).max(0.0);
        let lost = figures.lost_uplink.saturating_add(figures.lost_downlink) as f64;
        let by_loss = rest.min(lost * positive(figures.packet_ms));
        let uplink = if lost > 0.0 { figures.lost_uplink as f64 / lost } else { 0.0 };
        Self {
            unsent,
            uplink: by_loss * uplink,
            downlink: by_loss * (1.0 - uplink),
            late: rest - by_loss,
            device: positive(figures.device_ms),
        }
    }

    fn total(&self) -> f64 {
        self.unsent + self.uplink + self.downlink + self.late + self.device
    }
}

/// One way, in milliseconds each.
struct Delay {
    coding: f64,
    path: f64,
    playout: f64,
}

impl Delay {
    fn of(figures: &IntervalFigures) -> Self {
        Self {
            coding: positive(figures.packet_ms) + LOOKAHEAD_MS,
            path: positive(figures.rtt_ms) / 2.0,
            playout: positive(figures.playout_delay_ms),
        }
    }

    fn total(&self) -> f64 {
        self.coding + self.path + self.playout
    }
}

fn blame(
    missing: &Missing,
    delay: &Delay,
    near: QualityCause,
    of_loss: f64,
    of_delay: f64,
) -> Blame {
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let lost = |part: f64| of_loss * share(part, missing.total());
    let waited = |part: f64| of_delay * share(part, delay.path + delay.playout);
    let path = |cause: QualityCause| if cause == near { waited(delay.path) } else { 0.0 };
    [
        (QualityCause::Uplink, lost(missing.uplink) + path(QualityCause::Uplink)),
        (QualityCause::Downlink, lost(missing.downlink) + path(QualityCause::Downlink)),
        (QualityCause::Jitter, lost(missing.late) + waited(delay.playout)),
        (QualityCause::SenderCpu, lost(missing.unsent)),
        (QualityCause::Device, lost(missing.device)),
    ]
}

fn worst(blame: &Blame) -> Option<QualityCause> {
    let worst = blame.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    worst.filter(|(_, points)| *points > 0.0).map(|(cause, _)| *cause)
}

/// Not a number and negative become 0, and nothing lasts longer than eleven days.
fn positive(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, 1e9) } else { 0.0 }
}

/// All intervals of a call, in either direction, in brief.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntervalSummary {
    /// How many there were.
    pub intervals: u32,
    /// The lowest score; `None` before the first.
    pub worst_mos: Option<f64>,
    /// Sum of their scores.
    mos_sum: f64,
    /// How often each cause was named.
    causes: [u32; 5],
}

/// In the order of [`IntervalSummary::causes`].
const CAUSES: [QualityCause; 5] = [
    QualityCause::Uplink,
    QualityCause::Downlink,
    QualityCause::Jitter,
    QualityCause::SenderCpu,
    QualityCause::Device,
];

impl IntervalSummary {
    /// Takes one interval in.
    pub fn add(&mut self, quality: &IntervalQuality) {
        self.intervals = self.intervals.saturating_add(1);
        self.mos_sum += quality.mos;
        self.worst_mos = Some(self.worst_mos.map_or(quality.mos, |mos| mos.min(quality.mos)));
        for (count, cause) in self.causes.iter_mut().zip(CAUSES) {
            *count += u32::from(quality.cause == Some(cause));
        }
    }

    /// Both together.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        self.intervals = self.intervals.saturating_add(other.intervals);
        self.mos_sum += other.mos_sum;
        self.worst_mos = match (self.worst_mos, other.worst_mos) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
        for (count, more) in self.causes.iter_mut().zip(other.causes) {
            *count = count.saturating_add(more);
        }
        self
    }

    /// The mean score; `None` before the first interval.
    pub fn mean_mos(&self) -> Option<f64> {
        (self.intervals > 0).then(|| self.mos_sum / f64::from(self.intervals))
    }

    /// What most of the bad intervals suffered from; of several as frequent, the first in the order
    /// of [`QualityCause`].
    pub fn cause(&self) -> Option<QualityCause> {
        let named = self.causes.iter().zip(CAUSES).rev();
        named.filter(|(count, _)| **count > 0).max_by_key(|(count, _)| **count).map(|(_, it)| it)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use QualityCause::{Device, Downlink, Jitter, SenderCpu, Uplink};

    fn clean() -> IntervalFigures {
        IntervalFigures {
            interval_ms: 5_000.0,
            packet_ms: 20.0,
            playout_delay_ms: 20.0,
            rtt_ms: 40.0,
            ..IntervalFigures::default()
        }
    }

    fn heard(figures: &IntervalFigures) -> IntervalQuality {
        judge_interval(figures, Downlink)
    }

    #[test]
    fn a_clean_interval_has_no_cause() {
        let quality = heard(&clean());
        assert!((quality.mos - 4.43).abs() < 0.005, "{quality:?}");
        assert_eq!(quality.cause, None);
    }

    #[test]
    fn what_was_restored_costs_nothing() {
        assert_eq!(heard(&IntervalFigures { lost_uplink: 90, ..clean() }), heard(&clean()));
    }

    #[test]
    fn the_cause_is_what_cost_most() {
        let concealed = IntervalFigures { concealed_ms: 600.0, concealment_events: 25, ..clean() };
        for (figures, cause) in [
            (IntervalFigures { lost_uplink: 30, lost_downlink: 3, ..concealed }, Uplink),
            (IntervalFigures { lost_uplink: 3, lost_downlink: 30, ..concealed }, Downlink),
            (IntervalFigures { lost_downlink: 3, ..concealed }, Jitter),
            (IntervalFigures { unsent_ms: 500.0, ..concealed }, SenderCpu),
            (IntervalFigures { device_ms: 800.0, lost_downlink: 30, ..concealed }, Device),
            (IntervalFigures { rtt_ms: 900.0, ..clean() }, Downlink),
            (IntervalFigures { playout_delay_ms: 500.0, ..clean() }, Jitter),
        ] {
            let quality = heard(&figures);
            assert!(quality.mos < 4.0, "{figures:?}: {quality:?}");
            assert_eq!(quality.cause, Some(cause), "{figures:?}");
        }
        let far = judge_interval(&IntervalFigures { rtt_ms: 900.0, ..clean() }, Uplink);
        assert_eq!(far.cause, Some(Uplink));
    }

    #[test]
    fn runs_cost_more_than_single_packets() {
        let of = |concealment_events| {
            heard(&IntervalFigures { concealed_ms: 500.0, concealment_events, ..clean() }).mos
        };
        assert!(of(5) < of(24));
    }

    #[test]
    fn a_summary_keeps_the_worst_and_names_the_most_frequent() {
        let quality = |mos, cause| IntervalQuality { rating: 0.0, mos, cause };
        let mut summary = IntervalSummary::default();
        assert_eq!((summary.mean_mos(), summary.cause()), (None, None));
        for quality in [
            quality(4.4, None),
            quality(2.0, Some(Jitter)),
            quality(3.0, Some(Device)),
            quality(3.0, Some(Device)),
        ] {
            summary.add(&quality);
        }
        assert_eq!((summary.worst_mos, summary.cause()), (Some(2.0), Some(Device)));
        let mut other = IntervalSummary::default();
        other.add(&quality(1.5, Some(Jitter)));
        let both = summary.merged(&other);
        assert_eq!((both.intervals, both.worst_mos), (5, Some(1.5)));
        assert_eq!(both.cause(), Some(Jitter), "as frequent, and first in order");
        assert!((both.mean_mos().unwrap() - 13.9 / 5.0).abs() < 1e-9);
    }

    fn figures() -> impl Strategy<Value = IntervalFigures> {
        let ms = || prop_oneof![0.0..6_000.0_f64, any::<f64>()];
        let count = || 0_u64..400;
        let paired = (ms(), ms(), ms(), ms(), ms());
        (paired, count(), count(), count()).prop_map(
            |((concealed_ms, unsent_ms, device_ms, playout_delay_ms, rtt_ms), up, down, events)| {
                IntervalFigures {
                    lost_uplink: up,
                    lost_downlink: down,
                    concealed_ms,
                    concealment_events: events,
                    unsent_ms,
                    device_ms,
                    playout_delay_ms,
                    rtt_ms,
                    ..clean()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_scale_and_only_what_is_bad_has_a_cause(figures in figures()) {
            let quality = heard(&figures);
            prop_assert!((1.0..=4.5).contains(&quality.mos), "{quality:?}");
            prop_assert_eq!(quality.cause.is_some(), quality.rating < SATISFIED);
        }

        #[test]
        fn more_delay_never_sounds_better(figures in figures(), more in 0.0..2_000.0_f64) {
            let before = heard(&figures).mos;
            let rtt_ms = positive(figures.rtt_ms) + more;
            let further = heard(&IntervalFigures { rtt_ms, ..figures }).mos;
            prop_assert!(further <= before);
            let device_ms = positive(figures.device_ms) + more;
            let deafer = heard(&IntervalFigures { device_ms, ..figures }).mos;
            prop_assert!(deafer <= before);
        }
    }
}
