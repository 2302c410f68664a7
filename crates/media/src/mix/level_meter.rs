use calling_model::AudioLevel;

/// Measures loudness.
#[derive(Clone, Copy, Debug, Default)]
pub struct LevelMeter;

impl LevelMeter {
    /// The loudness of `pcm` (any length, usually one tick): its root mean square against a
    /// full-scale square wave.
    pub fn measure(pcm: &[f32]) -> AudioLevel {
        AudioLevel::from_rms(Self::rms(pcm))
    }

    /// Root mean square of `pcm`, 0.0 if it is empty.
    pub fn rms(pcm: &[f32]) -> f32 {
        const LANES: usize = 8;
        // Independent sums let the compiler use vector instructions.
        let mut sums = [0.0_f32; LANES];
        let chunks = pcm.chunks_exact(LANES);
        let rest: f32 = chunks.remainder().iter().map(|sample| sample * sample).sum();
        for chunk in chunks {
            for (sum, sample) in sums.iter_mut().zip(chunk) {
                *sum += sample * sample;
            }
        }
        let energy = sums.iter().sum::<f32>() + rest;
        if pcm.is_empty() { 0.0 } else { (energy / pcm.len() as f32).sqrt() }
    }
}
