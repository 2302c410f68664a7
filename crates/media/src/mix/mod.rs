//! Several remotes in one ear.

mod audience;
mod level_meter;
mod limiter;
#[cfg(test)]
mod tests;

pub use audience::Audience;
pub use level_meter::LevelMeter;

use calling_model::AudioLevel;

use crate::SAMPLES_PER_TICK;
use limiter::Limiter;

/// Adds remotes up without clipping, one tick at a time: [`add`](Self::add) each, then
/// [`mix`](Self::mix).
#[derive(Clone, Debug)]
pub struct Mixer {
    sum: Vec<f32>,
    /// Remotes heard in this tick.
    heard: usize,
    limiter: Limiter,
}

impl Mixer {
    /// A mixer of `samples` per tick, all channels together: 480 are mono, 960 stereo.
    pub fn new(samples: usize) -> Self {
        let channels = (samples / SAMPLES_PER_TICK).max(1);
        Self { sum: vec![0.0; samples], heard: 0, limiter: Limiter::new(channels) }
    }

    /// Adds one remote's tick. At [`AudioLevel::SILENCE`] nothing is done.
    pub fn add(&mut self, pcm: &[f32], level: AudioLevel) {
        if level == AudioLevel::SILENCE {
            return;
        }
        let sums = self.sum.iter_mut().zip(pcm);
        if self.heard == 0 {
            sums.for_each(|(sum, sample)| *sum = *sample);
        } else {
            sums.for_each(|(sum, sample)| *sum += sample);
        }
        self.heard += 1;
    }

    /// Writes what was added since the last call to `out`, within −1.0..=1.0. A remote that is
    /// alone passes unchanged unless it is louder than that by itself.
    pub fn mix(&mut self, out: &mut [f32]) {
        if std::mem::take(&mut self.heard) == 0 {
            out.fill(0.0);
            return;
        }
        let length = out.len().min(self.sum.len());
        let (mixed, rest) = out.split_at_mut(length);
        mixed.copy_from_slice(&self.sum[..length]);
        rest.fill(0.0);
        self.limiter.apply(mixed);
    }
}
