//! The E-model of ITU-T G.107 (06/2015), reduced to what a receiver can measure.
//!
//! `R = Ro − Is − Id − Ie,eff + A` with the default values of its tables 2 and 3, for which
//! `Ro − Is = 93.2` (G.107 section 7.7 gives R = 93.2 with every parameter at its default), and
//! `A = 0`. Narrow-band on purpose: its scale is the one that people know, and one MOS of two
//! calls is comparable only on one scale.

/// `R` of an undisturbed connection.
const BASE_RATING: f64 = 93.2;

/// `Ie` of Opus at 24 kbit/s and more: not below a clean narrow-band line. ITU-T G.113 lists no
/// value for Opus; 0 is what it lists for G.711, which Opus at this rate never sounds worse than.
const OPUS_EQUIPMENT_IMPAIRMENT: f64 = 0.0;

/// `Bpl`, robustness against loss, of a codec with concealment. ITU-T G.113 (11/2007) appendix I,
/// table I.3 lists 25.1 for G.711 with the concealment of its appendix I; Opus conceals at least
/// as well, so this errs on the low side.
const OPUS_LOSS_ROBUSTNESS: f64 = 25.1;

/// `Id`, what delay costs, by G.107 section 7.4 without echo: equations (7-27) and (7-28) with the
/// default `sT = 1`, `mT = 100 ms`. `delay_ms` is one way, mouth to ear.
pub fn delay_impairment(delay_ms: f64) -> f64 {
    const ONSET_MS: f64 = 100.0;
    let delay_ms = if delay_ms.is_nan() { 0.0 } else { delay_ms.clamp(0.0, 10_000.0) };
    if delay_ms <= ONSET_MS {
        return 0.0;
    }
    let x = (delay_ms / ONSET_MS).log2();
    let sixth = |value: f64| (1.0 + value.powi(6)).powf(1.0 / 6.0);
    25.0 * (sixth(x) - 3.0 * sixth(x / 3.0) + 2.0)
}

/// `Ie,eff`, what the codec and lost packets cost, by G.107 section 7.5.
///
/// `loss` is the share lost (0..=1). `burst_ratio` is 1 for losses that fall independently, more
/// if they come in runs.
pub fn equipment_impairment(loss: f64, burst_ratio: f64) -> f64 {
    let loss_percent = if loss.is_nan() { 0.0 } else { loss.clamp(0.0, 1.0) * 100.0 };
    let burst_ratio = if burst_ratio.is_finite() { burst_ratio.clamp(1.0, 100.0) } else { 1.0 };
    OPUS_EQUIPMENT_IMPAIRMENT
        + (95.0 - OPUS_EQUIPMENT_IMPAIRMENT) * loss_percent
            / (loss_percent / burst_ratio + OPUS_LOSS_ROBUSTNESS)
}

/// The transmission rating `R`: 93.2 for an undisturbed connection, lower for a worse one.
pub fn rating(loss: f64, burst_ratio: f64, delay_ms: f64) -> f64 {
    BASE_RATING - delay_impairment(delay_ms) - equipment_impairment(loss, burst_ratio)
}

/// The mean opinion score of a rating, by G.107 annex B: 1.0 (bad) to 4.5 (as good as it gets).
pub fn mos_from_rating(rating: f64) -> f64 {
    if rating.is_nan() || rating <= 0.0 {
        return 1.0;
    }
    if rating >= 100.0 {
        return 4.5;
    }
    let mos = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    // The cubic dips a little below 1 between 0 and 6.5.
    mos.clamp(1.0, 4.5)
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
    use super::*;

    #[track_caller]
    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance, "{value}, not {expected}");
    }

    #[test]
    fn an_undisturbed_connection_has_the_default_rating() {
        assert_eq!(rating(0.0, 1.0, 0.0), 93.2);
        close(mos_estimate(0.0, 1.0, 0.0), 4.41, 0.005);
    }

    /// G.107 annex B, table B.1: rating and opinion score.
    #[test]
    fn ratings_have_the_scores_of_the_table() {
        for (rating, mos) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)]
        {
            close(mos_from_rating(rating), mos, 0.007);
        }
        assert_eq!(mos_from_rating(-5.0), 1.0);
        assert_eq!(mos_from_rating(0.0), 1.0);
        assert_eq!(mos_from_rating(100.0), 4.5);
        assert_eq!(mos_from_rating(f64::NAN), 1.0);
    }

    #[test]
    fn delay_costs_nothing_until_a_tenth_of_a_second() {
        assert_eq!(delay_impairment(0.0), 0.0);
        assert_eq!(delay_impairment(100.0), 0.0);
        close(delay_impairment(100.1), 0.0, 0.01);
        // By hand: X = 1 and X = 2.
        close(delay_impairment(200.0), 3.04, 0.02);
        close(delay_impairment(400.0), 24.1, 0.3);
        assert_eq!(delay_impairment(f64::NAN), 0.0);
        assert_eq!(delay_impairment(-1.0), 0.0);
    }

    #[test]
    fn half_of_the_scale_is_lost_at_the_robustness_of_the_codec() {
        close(equipment_impairment(OPUS_LOSS_ROBUSTNESS / 100.0, 1.0), 47.5, 1e-9);
        assert_eq!(equipment_impairment(0.0, 9.0), 0.0);
        assert!(equipment_impairment(0.05, 4.0) > equipment_impairment(0.05, 1.0));
    }

    #[test]
    fn worse_never_scores_better() {
        let steps: Vec<f64> = (0..=100).map(f64::from).collect();
        let falls = |score: &dyn Fn(f64) -> f64| {
            let scores: Vec<f64> = steps.iter().map(|step| score(*step)).collect();
            assert!(scores.windows(2).all(|pair| pair[1] <= pair[0]), "{scores:?}");
            assert!(scores.iter().all(|score| (1.0..=4.5).contains(score)));
        };
        for other in [0.0, 0.02, 0.3] {
            falls(&|step| mos_estimate(step / 100.0, 1.0, other * 1_000.0));
            falls(&|step| mos_estimate(other, 1.0, step * 20.0));
            falls(&|step| mos_estimate(other, 1.0 + step / 10.0, 50.0));
        }
    }

    #[test]
    fn nonsense_stays_on_the_scale() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e308] {
            for score in [
                mos_estimate(bad, 1.0, 0.0),
                mos_estimate(0.0, bad, 0.0),
                mos_estimate(0.0, 1.0, bad),
                mos_estimate(bad, bad, bad),
            ] {
                assert!((1.0..=4.5).contains(&score), "{bad}: {score}");
            }
        }
    }
}
