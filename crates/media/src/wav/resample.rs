use std::f64::consts::PI;

use crate::SAMPLE_RATE_HZ;

/// Zero crossings of the sinc on each side: 80 dB of stop band with the window below.
const ZERO_CROSSINGS: f64 = 24.0;
/// The transition band ends at the lower of the two Nyquist frequencies.
const PASS_BAND: f64 = 0.94;

/// Brings `pcm` from `rate` samples per second to 48 kHz by a Blackman-windowed sinc (Smith,
/// "Digital Audio Resampling", CCRMA), all at once.
pub(super) fn resample(pcm: &[f32], rate: u32) -> Vec<f32> {
    if rate == SAMPLE_RATE_HZ || pcm.is_empty() {
        return pcm.to_vec();
    }
    let step = f64::from(rate) / f64::from(SAMPLE_RATE_HZ);
    let length = (pcm.len() as f64 / step).ceil() as usize;
    // The ratio repeats after so many output samples, so that few kernels are needed.
    let phases = (SAMPLE_RATE_HZ / greatest_common_divisor(rate, SAMPLE_RATE_HZ)) as usize;
    let kernels: Vec<Kernel> = (0..phases.min(length))
        .map(|phase| Kernel::new((phase as f64 * step).fract(), step))
        .collect();
    (0..length)
        .map(|at| {
            // Exact in integers: at × rate / 48000.
            let whole = at as u64 * u64::from(rate) / u64::from(SAMPLE_RATE_HZ);
            kernels[at % phases].apply(pcm, whole as usize)
        })
        .collect()
}

/// The weights of input samples around one output position.
struct Kernel {
    weights: Vec<f32>,
    /// Weights before the sample at or before the position.
    before: usize,
}

impl Kernel {
    /// For an output that lies `fraction` of a sample after an input sample.
    fn new(fraction: f64, step: f64) -> Self {
        // Going down, the pass band ends where the output's does.
        let cutoff = PASS_BAND * (1.0 / step).min(1.0);
        let reach = ZERO_CROSSINGS / cutoff;
        let before = reach.floor() as usize;
        let weight = |index: usize| {
            let distance = index as f64 - before as f64 - fraction;
            cutoff * sinc(distance * cutoff) * blackman(distance / reach)
        };
        let weights: Vec<f64> = (0..=2 * before + 1).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        Self { weights: weights.into_iter().map(|weight| (weight / sum) as f32).collect(), before }
    }

    fn apply(&self, pcm: &[f32], at: usize) -> f32 {
        let skipped = self.before.saturating_sub(at);
        let first = at.saturating_sub(self.before);
        let taps = self.weights.iter().skip(skipped).zip(pcm.iter().skip(first));
        taps.map(|(weight, sample)| weight * sample).sum()
    }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The window over −1.0..=1.0.
fn blackman(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    0.42 + 0.5 * (PI * x).cos() + 0.08 * (2.0 * PI * x).cos()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f64, rate: u32, samples: usize) -> Vec<f32> {
        let step = 2.0 * PI * frequency / f64::from(rate);
        (0..samples).map(|n| (n as f64 * step).sin() as f32 * 0.5).collect()
    }

    #[test]
    fn a_tone_stays_the_tone_at_every_rate() {
        for rate in [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000]
        {
            let resampled = resample(&sine(1_000.0, rate, rate as usize / 4), rate);
            let expected = sine(1_000.0, 48_000, 12_000);
            assert!(resampled.len().abs_diff(12_000) <= 6, "{rate}: {}", resampled.len());
            // The ends lack neighbours.
            for at in 500..11_000 {
                assert!((resampled[at] - expected[at]).abs() < 1e-3, "{rate} at {at}");
            }
        }
    }

    #[test]
    fn what_48_khz_cannot_hold_is_removed() {
        let resampled = resample(&sine(30_000.0, 96_000, 9_600), 96_000);
        let rest = resampled[500..4_000].iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        assert!(rest < 5e-4, "{rest}");
    }

    #[test]
    fn short_and_empty_inputs() {
        assert!(resample(&[], 8_000).is_empty());
        assert_eq!(resample(&[0.5], 8_000).len(), 6);
    }
}
