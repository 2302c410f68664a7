//! Several remotes in one ear.

mod level_meter;

pub use level_meter::LevelMeter;

use calling_model::AudioLevel;

/// Adds remotes up without clipping, one tick at a time: [`add`](Self::add) each, then
/// [`mix`](Self::mix).
#[derive(Debug)]
pub struct Mixer {
    sum: Vec<f32>,
}

impl Mixer {
    /// A mixer of `samples` per tick, all channels together.
    pub fn new(samples: usize) -> Self {
        Self { sum: vec![0.0; samples] }
    }

    /// Adds one remote's tick. At [`AudioLevel::SILENCE`] nothing is done.
    pub fn add(&mut self, pcm: &[f32], level: AudioLevel) {
        if level == AudioLevel::SILENCE {
            return;
        }
        self.sum.iter_mut().zip(pcm).for_each(|(sum, sample)| *sum += sample);
    }

    /// Writes what was added since the last call to `out`, within −1.0..=1.0.
    pub fn mix(&mut self, out: &mut [f32]) {
        for (out, sum) in out.iter_mut().zip(&mut self.sum) {
            *out = sum.clamp(-1.0, 1.0);
            *sum = 0.0;
        }
    }
}
