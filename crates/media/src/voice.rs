use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::SAMPLE_RATE_HZ;
use crate::audio::AudioSource;

/// An endless, seeded imitation of speech: syllables of gliding, formant-filtered pitch with
/// hissing onsets, words and pauses over a faint background.
///
/// Codecs, voice detection and loss concealment treat it as speech, which they do not a tone.
#[derive(Clone, Debug)]
pub struct VoiceSource {
    rng: ChaCha8Rng,
    syllable: Syllable,
    /// Samples into the syllable.
    position: u32,
    phase: f32,
    formants: [Resonator; 3],
    background: bool,
}

/// What one syllable sounds like; a pause has no loudness.
#[derive(Clone, Debug)]
struct Syllable {
    samples: u32,
    onset_samples: u32,
    loudness: f32,
    pitch_hz: [f32; 2],
}

/// A two-pole resonance.
#[derive(Clone, Copy, Debug, Default)]
struct Resonator {
    feedback: [f32; 2],
    gain: f32,
    memory: [f32; 2],
}

impl Resonator {
    fn tune(&mut self, frequency_hz: f32, bandwidth_hz: f32) {
        let rate = SAMPLE_RATE_HZ as f32;
        let radius = (-std::f32::consts::PI * bandwidth_hz / rate).exp();
        let angle = std::f32::consts::TAU * frequency_hz / rate;
        self.feedback = [2.0 * radius * angle.cos(), -radius * radius];
        self.gain = (1.0 - radius) * 2.0 * angle.sin();
    }

    fn run(&mut self, input: f32) -> f32 {
        let [near, far] = self.memory;
        let output = self.gain * input + self.feedback[0] * near + self.feedback[1] * far;
        self.memory = [output, near];
        output
    }
}

/// First three formants of a, e, i, o, u of an adult voice in hertz (Peterson and Barney, 1952,
/// rounded).
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1_090.0, 2_440.0],
    [530.0, 1_840.0, 2_480.0],
    [270.0, 2_290.0, 3_010.0],
    [570.0, 840.0, 2_410.0],
    [300.0, 870.0, 2_240.0],
];

impl VoiceSource {
    /// A voice that says what `seed` tells.
    pub fn new(seed: u64) -> Self {
        let mut source = Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            syllable: Syllable { samples: 0, onset_samples: 0, loudness: 0.0, pitch_hz: [0.0; 2] },
            position: 0,
            phase: 0.0,
            formants: [Resonator::default(); 3],
            background: true,
        };
        source.speak();
        source
    }

    /// Without the faint background noise.
    #[must_use]
    pub const fn in_silence(mut self) -> Self {
        self.background = false;
        self
    }

    /// Chooses the next syllable, or now and then a pause.
    fn speak(&mut self) {
        let rng = &mut self.rng;
        self.position = 0;
        if rng.random_bool(0.15) && self.syllable.loudness > 0.0 {
            let samples = rng.random_range(7_200..28_800);
            self.syllable = Syllable { samples, loudness: 0.0, ..self.syllable };
            return;
        }
        let from = rng.random_range(95.0..150.0);
        self.syllable = Syllable {
            samples: rng.random_range(5_760..12_000),
            onset_samples: if rng.random_bool(0.4) { rng.random_range(960..3_360) } else { 0 },
            loudness: rng.random_range(0.5..1.0),
            pitch_hz: [from, from * rng.random_range(0.8..1.2)],
        };
        let vowel = VOWELS[rng.random_range(0..VOWELS.len())];
        for (formant, (frequency, bandwidth)) in
            self.formants.iter_mut().zip(vowel.into_iter().zip([80.0, 100.0, 140.0]))
        {
            formant.tune(frequency, bandwidth);
        }
    }

    fn next(&mut self) -> f32 {
        if self.position >= self.syllable.samples {
            self.speak();
        }
        let Syllable { samples, onset_samples, loudness, pitch_hz } = self.syllable;
        let progress = self.position as f32 / samples as f32;
        let noise: f32 = self.rng.random_range(-1.0..1.0);
        let hiss = if self.position < onset_samples { noise * 0.05 * loudness } else { 0.0 };
        let voiced = if self.position < onset_samples { 0.0 } else { loudness };
        let pitch = pitch_hz[0] + (pitch_hz[1] - pitch_hz[0]) * progress;
        self.phase = (self.phase + pitch / SAMPLE_RATE_HZ as f32).fract();
        // A glottal pulse: open, then shut at once.
        let pulse = if self.phase < 0.6 { (self.phase / 0.6).powi(2) - 0.2 } else { -0.2 };
        let envelope = (progress * std::f32::consts::PI).sin();
        let excitation = pulse * voiced * envelope;
        let vowel: f32 = self.formants.iter_mut().map(|formant| formant.run(excitation)).sum();
        self.position += 1;
        let background = if self.background { noise * 0.000_5 } else { 0.0 };
        (vowel * 0.9 + hiss * envelope + background).clamp(-1.0, 1.0)
    }
}

impl AudioSource for VoiceSource {
    fn read(&mut self, out: &mut [f32]) {
        for sample in out {
            *sample = self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LevelMeter, SAMPLES_PER_TICK};

    #[test]
    fn it_speaks_pauses_and_never_clips() {
        let mut source = VoiceSource::new(1);
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        let (mut loud, mut quiet, mut peak) = (0, 0, 0.0_f32);
        for _ in 0..2_000 {
            source.read(&mut pcm);
            peak = pcm.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
            let level = LevelMeter::measure(&pcm).neg_dbov();
            loud += usize::from(level < 35);
            quiet += usize::from(level > 60);
        }
        assert!(loud > 800, "{loud}");
        assert!(quiet > 200, "{quiet}");
        assert!((0.2..1.0).contains(&peak), "{peak}");
    }
}
