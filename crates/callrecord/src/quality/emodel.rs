//! The fullband E-model of ITU-T G.107.2 (03/2023), reduced to what the ends of a call can measure.
//!
//! `R = Ro,FB − Is,FB − Id,FB − Ie,eff,FB + A` with the defaults of its section 7.7, for which
//! `Ro,FB − Is,FB = 148`, and `A = 0`. No term is for echo: a phone cancels its own. The scale of
//! 148 points is that of G.107 (narrow band, 93.2) made longer, so that what people hear of 20 kHz
//! has room; scores of the two are not comparable.
//!
//! For planning, says the recommendation; here it orders calls and parts of calls by how they
//! sounded. `docs/audio-lab.md` tells how well it does.

/// `R` of an undisturbed connection without a codec (G.107.2 section 7.7).
pub const BEST_RATING: f64 = 148.0;

/// By this much longer is the scale than that of G.107 (G.107.2 annex A).
const SCALE: f64 = 1.48;

/// `Ie,eff` where nothing comes through (G.107.2 section 7.5).
const WORST_IMPAIRMENT: f64 = 132.0;

/// `Ie,FB` of Opus at 32 kbit/s. ITU-T G.113 lists no Opus. Nearest is EVS, super-wideband, at 32
/// kbit/s: 8.7 in G.113 (09/2024) appendix V, table V.1 as corrected by erratum 1 (01/2026).
const CODEC_IMPAIRMENT: f64 = 8.7;

/// `Bpl,FB`: the loss, in percent, that takes half of what is left of the scale. Of the same codec at
/// the same rate, table V.3 of the same appendix.
const LOSS_ROBUSTNESS: f64 = 9.3;

/// The model is validated up to this burst ratio (G.107 annex A).
const MOST_BURST_RATIO: f64 = 2.0;

/// `Id,FB`, what delay costs, by G.107.2 section 7.4 without echo: equations (7-27) and (7-28) of
/// G.107 with the default `sT = 1`, `mT = 100 ms`, on the longer scale. `delay_ms` is one way, mouth
/// to ear.
pub fn delay_impairment(delay_ms: f64) -> f64 {
    const ONSET_MS: f64 = 100.0;
    let delay_ms = if delay_ms.is_nan() { 0.0 } else { delay_ms.clamp(0.0, 10_000.0) };
    if delay_ms <= ONSET_MS {
        return 0.0;
    }
    let x = (delay_ms / ONSET_MS).log2();
    let sixth = |value: f64| (1.0 + value.powi(6)).powf(1.0 / 6.0);
    SCALE * 25.0 * (sixth(x) - 3.0 * sixth(x / 3.0) + 2.0)
}

/// `Ie,eff,FB`, what the codec and lost packets cost, by G.107.2 section 7.5.
///
/// `loss` is the share of the sound that was missing (0..=1): packets that never came or came too
/// late, and that nothing restored. `burst_ratio` is 1 for losses that fall independently, more if
/// they come in runs.
pub fn equipment_impairment(loss: f64, burst_ratio: f64) -> f64 {
    let loss_percent = if loss.is_nan() { 0.0 } else { loss.clamp(0.0, 1.0) * 100.0 };
    let burst_ratio =
        if burst_ratio.is_finite() { burst_ratio.clamp(1.0, MOST_BURST_RATIO) } else { 1.0 };
    CODEC_IMPAIRMENT
        + (WORST_IMPAIRMENT - CODEC_IMPAIRMENT) * loss_percent
            / (loss_percent / burst_ratio + LOSS_ROBUSTNESS)
}

/// The transmission rating `R`: [`BEST_RATING`] less what codec, losses and delay cost. Below 0 where
/// everything is bad at once.
pub fn rating(loss: f64, burst_ratio: f64, delay_ms: f64) -> f64 {
    BEST_RATING - delay_impairment(delay_ms) - equipment_impairment(loss, burst_ratio)
}

/// The mean opinion score of a rating, by G.107.2 annex A: 1.0 (bad) to 4.5 (as good as it gets).
pub fn mos_from_rating(rating: f64) -> f64 {
    let rating = rating / SCALE;
    if rating.is_nan() || rating <= 0.0 {
        return 1.0;
    }
    if rating >= 100.0 {
        return 4.5;
    }
    // The cubic dips a little below 1 between 0 and 6.5, where G.107 appendix I takes it for 1.
    let mos = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    if rating < 6.5 { 1.0 } else { mos.clamp(1.0, 4.5) }
}

/// How much longer runs of missing sound are than independent losses would make them: the mean
/// length over that expected, `1 / (1 − loss)` (G.107 section 3.5); 1 at least.
///
/// `missing` of `all` is the share lost, in pieces of one packet, `runs` how often it began.
pub fn burst_ratio(missing: f64, all: f64, runs: u64) -> f64 {
    if runs == 0 || all <= 0.0 || missing.is_nan() {
        return 1.0;
    }
    let share = (missing / all).clamp(0.0, 1.0);
    (missing / runs as f64 * (1.0 - share)).max(1.0)
}

/// The estimated mean opinion score, 1.0..=4.5.
///
/// * `loss`: share of the sound that was missing, 0..=1;
/// * `burst_ratio`: 1 for losses that fall independently, more if they come in runs;
/// * `delay_ms`: one way, mouth to ear, in milliseconds.
pub fn mos_estimate(loss: f64, burst_ratio: f64, delay_ms: f64) -> f64 {
    mos_from_rating(rating(loss, burst_ratio, delay_ms))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance, "{value}, not {expected}");
    }

    #[test]
    fn an_undisturbed_connection_loses_the_codec_alone() {
        assert_eq!(rating(0.0, 1.0, 0.0), 139.3);
        close(mos_estimate(0.0, 1.0, 0.0), 4.43, 0.005);
    }

    /// G.107 annex B, table B.1: rating and opinion score, on the longer scale (G.107.2 annex A).
    #[test]
    fn ratings_have_the_scores_of_the_table() {
        for (rating, mos) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)]
        {
            close(mos_from_rating(1.48 * rating), mos, 0.007);
        }
        assert_eq!(mos_from_rating(-5.0), 1.0);
        assert_eq!(mos_from_rating(0.0), 1.0);
        assert_eq!(mos_from_rating(148.0), 4.5);
        assert_eq!(mos_from_rating(f64::NAN), 1.0);
    }

    /// The same formulas with `Ie = 10.2` and `Bpl = 4.3`, as two servers in the field compute them
    /// (sipwise rtpengine `mos_calc_fb`, wire-avs `g107_2_estimate`).
    #[test]
    fn the_formulas_are_those_of_the_field() {
        let theirs = |loss_percent: f64, delay_ms: f64| {
            let codec = 10.2 + (132.0 - 10.2) * loss_percent / (loss_percent + 4.3);
            mos_from_rating(BEST_RATING - delay_impairment(delay_ms) - codec)
        };
        // By hand: R / 1.48 is 93.11, 77.58 and 59.29.
        close(theirs(0.0, 0.0), 4.4075, 0.001);
        close(theirs(1.0, 100.0), 3.929, 0.001);
        close(theirs(3.0, 100.0), 3.063, 0.001);
    }

    #[test]
    fn delay_costs_nothing_until_a_tenth_of_a_second() {
        assert_eq!(delay_impairment(0.0), 0.0);
        assert_eq!(delay_impairment(100.0), 0.0);
        close(delay_impairment(100.1), 0.0, 0.01);
        // By hand: X = 1 and X = 2.
        close(delay_impairment(200.0), 1.48 * 3.04, 0.03);
        close(delay_impairment(400.0), 1.48 * 24.1, 0.5);
        assert_eq!(delay_impairment(f64::NAN), 0.0);
        assert_eq!(delay_impairment(-1.0), 0.0);
    }

    #[test]
    fn half_of_what_is_left_is_lost_at_the_robustness_of_the_codec() {
        let half = f64::midpoint(CODEC_IMPAIRMENT, WORST_IMPAIRMENT);
        close(equipment_impairment(LOSS_ROBUSTNESS / 100.0, 1.0), half, 1e-9);
        assert_eq!(equipment_impairment(0.0, 2.0), CODEC_IMPAIRMENT);
        assert!(equipment_impairment(0.05, 2.0) > equipment_impairment(0.05, 1.0));
        assert_eq!(equipment_impairment(0.05, 9.0), equipment_impairment(0.05, 2.0));
    }

    #[test]
    fn runs_longer_than_chance_are_a_burst() {
        // 100 of 1,000 in 90 runs is what chance makes: 100 / 90 × 0.9.
        close(burst_ratio(100.0, 1_000.0, 90), 1.0, 1e-9);
        close(burst_ratio(100.0, 1_000.0, 45), 2.0, 1e-9);
        assert_eq!(burst_ratio(100.0, 1_000.0, 0), 1.0);
        assert_eq!(burst_ratio(0.0, 0.0, 3), 1.0);
        assert_eq!(burst_ratio(5.0, 5.0, 1), 1.0, "all of it is no burst, it is the end");
    }

    proptest! {
        #[test]
        fn worse_never_scores_better(
            loss in 0.0..=1.0_f64, burst in 1.0..=4.0_f64, delay in 0.0..=2_000.0_f64,
            more in 0.0..=1.0_f64,
        ) {
            let mos = mos_estimate(loss, burst, delay);
            prop_assert!((1.0..=4.5).contains(&mos));
            prop_assert!(mos_estimate((loss + more).min(1.0), burst, delay) <= mos);
            prop_assert!(mos_estimate(loss, burst + more, delay) <= mos);
            prop_assert!(mos_estimate(loss, burst, delay + 1_000.0 * more) <= mos);
        }

        #[test]
        fn nonsense_stays_on_the_scale(
            loss in any::<f64>(), burst in any::<f64>(), delay in any::<f64>(), runs in any::<u64>(),
        ) {
            prop_assert!((1.0..=4.5).contains(&mos_estimate(loss, burst, delay)));
            prop_assert!(burst_ratio(loss, burst, runs) >= 1.0);
        }
    }
}
