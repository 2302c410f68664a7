//! A voice made by rule, so that the demo needs no recording: a pulse train through three
//! formant resonators (Klatt 1980, "Software for a cascade/parallel formant synthesizer"), in
//! syllables and phrases with pauses, as speech has them.

use std::f32::consts::TAU;

use calling_media::{AudioSource, SAMPLE_RATE_HZ};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// First three formants in Hz of five vowels (Peterson and Barney 1952, men's means).
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1_090.0, 2_440.0],
    [270.0, 2_290.0, 3_010.0],
    [300.0, 870.0, 2_240.0],
    [530.0, 1_840.0, 2_480.0],
    [570.0, 840.0, 2_410.0],
];
const BANDWIDTHS_HZ: [f32; 3] = [60.0, 90.0, 150.0];
const LOUDNESS: f32 = 0.25;
/// Samples over which a syllable swells and fades.
const ATTACK: usize = SAMPLE_RATE_HZ as usize / 200;
const FADE: usize = SAMPLE_RATE_HZ as usize / 25;

/// An endless seeded voice at 48 kHz mono; it begins to speak with its first sample.
pub(crate) struct Voice {
    dice: ChaCha8Rng,
    pitch_hz: f32,
    phase: f32,
    resonators: [Resonator; 3],
    syllable: Syllable,
    position: usize,
    syllables_left: u32,
}

struct Syllable {
    voiced: usize,
    total: usize,
}

#[derive(Clone, Copy, Default)]
struct Resonator {
    gain: f32,
    feedback: [f32; 2],
    memory: [f32; 2],
}

impl Voice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let pitch_hz = dice.random_range(100.0..210.0);
        let mut voice = Self {
            dice,
            pitch_hz,
            phase: 0.0,
            resonators: [Resonator::default(); 3],
            syllable: Syllable { voiced: 0, total: 0 },
            position: 0,
            syllables_left: 6,
        };
        voice.next_syllable();
        voice
    }

    fn next_syllable(&mut self) {
        let vowel = VOWELS[self.dice.random_range(0..VOWELS.len())];
        for ((resonator, formant), bandwidth) in
            self.resonators.iter_mut().zip(vowel).zip(BANDWIDTHS_HZ)
        {
            resonator.tune(formant, bandwidth);
        }
        let voiced = millis(self.dice.random_range(120..260));
        self.syllables_left = self.syllables_left.saturating_sub(1);
        let pause = if self.syllables_left == 0 {
            self.syllables_left = self.dice.random_range(4..9);
            millis(self.dice.random_range(250..600))
        } else {
            millis(self.dice.random_range(10..60))
        };
        self.syllable = Syllable { voiced, total: voiced + pause };
        self.position = 0;
    }

    fn next_sample(&mut self) -> f32 {
        if self.position >= self.syllable.total {
            self.next_syllable();
        }
        let envelope = self.syllable.envelope(self.position);
        self.position += 1;
        // The pitch falls over a phrase, as it does in statements.
        self.phase +=
            self.pitch_hz * (0.9 + 0.03 * self.syllables_left as f32) / SAMPLE_RATE_HZ as f32;
        let pulse = if self.phase >= 1.0 { 1.0 } else { 0.0 };
        self.phase = self.phase.fract();
        let voiced: f32 = self.resonators.iter_mut().map(|resonator| resonator.filter(pulse)).sum();
        (LOUDNESS * envelope * voiced).clamp(-0.9, 0.9)
    }
}

impl AudioSource for Voice {
    fn read(&mut self, out: &mut [f32]) {
        out.fill_with(|| self.next_sample());
    }
}

impl Syllable {
    fn envelope(&self, position: usize) -> f32 {
        if position >= self.voiced {
            return 0.0;
        }
        let swell = (position + 1) as f32 / ATTACK as f32;
        let fade = (self.voiced - position) as f32 / FADE as f32;
        swell.min(fade).min(1.0)
    }
}

impl Resonator {
    /// A two-pole resonance with a peak gain near 1.
    fn tune(&mut self, frequency_hz: f32, bandwidth_hz: f32) {
        let radius = (-TAU / 2.0 * bandwidth_hz / SAMPLE_RATE_HZ as f32).exp();
        let angle = TAU * frequency_hz / SAMPLE_RATE_HZ as f32;
        self.feedback = [2.0 * radius * angle.cos(), -radius * radius];
        self.gain = angle.sin();
    }

    fn filter(&mut self, input: f32) -> f32 {
        let output = self.gain * input
            + self.feedback[0] * self.memory[0]
            + self.feedback[1] * self.memory[1];
        self.memory = [output, self.memory[0]];
        output
    }
}

const fn millis(millis: usize) -> usize {
    millis * SAMPLE_RATE_HZ as usize / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn speaks_at_once_pauses_and_never_clips() {
        let mut second = vec![0.0; 4 * SAMPLE_RATE_HZ as usize];
        Voice::new(7).read(&mut second);
        assert!(rms(&second[..960]) > 0.01, "silent at the start");
        assert!(second.chunks(480).any(|tick| rms(tick) < 1e-4), "never pauses");
        let loudest = second.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
        assert!((0.1..0.9).contains(&loudest), "{loudest}");
    }

    #[test]
    fn the_same_seed_says_the_same() {
        let speak = |seed| {
            let mut out = vec![0.0; 4_800];
            Voice::new(seed).read(&mut out);
            out
        };
        assert_eq!(speak(1), speak(1));
        assert_ne!(speak(1), speak(2));
    }
}
