use crate::SAMPLE_RATE_HZ;

/// Keeps a sum of voices within −1.0..=1.0 without distorting it, at no delay.
///
/// The gain falls at once with a peak, so that none clips, and rises slowly after it, which is
/// heard as a calmer mix instead of as crackle. What passes below [`CEILING`] at full gain is left
/// as it is, bit by bit.
#[derive(Clone, Debug)]
pub(super) struct Limiter {
    gain: f32,
    channels: usize,
}

/// Peaks are brought to it, −0.1 dB.
const CEILING: f32 = 0.988;
/// The gain recovers by 63 % in 150 ms: slower than a syllable, faster than a sentence.
const RELEASE_S: f32 = 0.150;
/// Closer to 1.0 it would stop moving for want of precision; the step is 0.01 dB.
const RECOVERED: f32 = 0.999;

impl Limiter {
    pub(super) const fn new(channels: usize) -> Self {
        Self { gain: 1.0, channels }
    }

    /// Limits `pcm` in place; all channels get the same gain.
    pub(super) fn apply(&mut self, pcm: &mut [f32]) {
        if self.gain >= 1.0 && peak(pcm) <= CEILING {
            return;
        }
        let release = 1.0 / (RELEASE_S * SAMPLE_RATE_HZ as f32);
        for frame in pcm.chunks_mut(self.channels) {
            let fits = CEILING / peak(frame).max(CEILING);
            self.gain = (self.gain + (1.0 - self.gain) * release).min(fits);
            frame.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        if self.gain > RECOVERED {
            self.gain = 1.0;
        }
    }
}

/// The largest magnitude.
fn peak(pcm: &[f32]) -> f32 {
    pcm.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}
