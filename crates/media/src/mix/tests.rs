use proptest::prelude::*;

use super::*;
use crate::{AudioSource, ToneSource};

const LOUD: AudioLevel = AudioLevel::from_neg_dbov(10);

/// Mixes `ticks` of tones of those amplitudes.
fn mix(amplitudes: &[f32], ticks: usize) -> Vec<f32> {
    let mut mixer = Mixer::new(SAMPLES_PER_TICK);
    let tone = |(index, amplitude): (usize, &f32)| {
        ToneSource::new(310.0 + 97.0 * index as f64, *amplitude)
    };
    let mut tones: Vec<ToneSource> = amplitudes.iter().enumerate().map(tone).collect();
    let mut heard = Vec::new();
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    for _ in 0..ticks {
        for tone in &mut tones {
            tone.read(&mut pcm);
            mixer.add(&pcm, LOUD);
        }
        mixer.mix(&mut pcm);
        heard.extend_from_slice(&pcm);
    }
    heard
}

#[test]
fn one_voice_passes_unchanged() {
    let mut expected = vec![0.0; 4 * SAMPLES_PER_TICK];
    ToneSource::new(310.0, 0.9).read(&mut expected);
    assert_eq!(mix(&[0.9], 4), expected);
}

#[test]
fn many_voices_never_clip_nor_flatten() {
    let heard = mix(&[0.8; 12], 100);
    let peak = heard.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    assert!(peak <= 0.99, "{peak}");
    // A clipped mix of that loudness would dwell at the ceiling for more than half of the time.
    let at_ceiling = heard.iter().filter(|sample| sample.abs() > 0.985).count();
    assert!(at_ceiling < heard.len() / 20, "{at_ceiling} of {}", heard.len());
}

#[test]
fn silence_costs_nothing_and_leaves_nothing() {
    let mut mixer = Mixer::new(SAMPLES_PER_TICK);
    let mut out = [0.5; SAMPLES_PER_TICK];
    mixer.add(&[0.9; SAMPLES_PER_TICK], AudioLevel::SILENCE);
    mixer.mix(&mut out);
    assert_eq!(out, [0.0; SAMPLES_PER_TICK]);
    mixer.add(&[0.3; SAMPLES_PER_TICK], LOUD);
    mixer.mix(&mut out);
    assert_eq!(out, [0.3; SAMPLES_PER_TICK]);
    mixer.mix(&mut out);
    assert_eq!(out, [0.0; SAMPLES_PER_TICK]);
}

#[test]
fn full_loudness_returns_after_a_peak() {
    let mut mixer = Mixer::new(SAMPLES_PER_TICK);
    let mut out = [0.0; SAMPLES_PER_TICK];
    mixer.add(&[3.0; SAMPLES_PER_TICK], LOUD);
    mixer.mix(&mut out);
    let mut last = 0.0;
    for _ in 0..200 {
        mixer.add(&[0.5; SAMPLES_PER_TICK], LOUD);
        mixer.mix(&mut out);
        assert!(out[0] >= last, "never down again");
        last = out[0];
    }
    assert_eq!(last, 0.5);
}

#[test]
fn both_ears_get_the_same_gain() {
    let mut mixer = Mixer::new(2 * SAMPLES_PER_TICK);
    let mut out = [0.0; 2 * SAMPLES_PER_TICK];
    mixer.add(&[2.0, 0.5].repeat(SAMPLES_PER_TICK), LOUD);
    mixer.mix(&mut out);
    for frame in out.chunks(2) {
        assert!((frame[0] / frame[1] - 4.0).abs() < 1e-3);
    }
}

#[test]
fn other_lengths_are_survived() {
    let mut mixer = Mixer::new(480);
    mixer.add(&[0.1; 10], LOUD);
    let mut out = [9.0; 600];
    mixer.mix(&mut out);
    assert_eq!((out[0], out[599]), (0.1, 0.0));
    mixer.mix(&mut [0.0; 3]);
}

#[test]
fn loudness_of_known_signals() {
    assert_eq!(LevelMeter::measure(&[]), AudioLevel::SILENCE);
    assert_eq!(LevelMeter::measure(&[0.0; 480]), AudioLevel::SILENCE);
    assert_eq!(LevelMeter::measure(&[1.0; 480]), AudioLevel::LOUDEST);
    let mut sine = [0.0; 4_800];
    ToneSource::new(1_000.0, 1.0).read(&mut sine);
    assert_eq!(LevelMeter::measure(&sine).neg_dbov(), 3, "a sine is 3 dB below a square wave");
    assert!((LevelMeter::rms(&[0.5; 13]) - 0.5).abs() < 1e-6, "any length");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sum_leaves_the_range(pcm in prop::collection::vec(-50.0_f32..50.0, 480), voices in 1..60) {
        let mut mixer = Mixer::new(480);
        (0..voices).for_each(|_| mixer.add(&pcm, LOUD));
        let mut out = [0.0; 480];
        mixer.mix(&mut out);
        prop_assert!(out.iter().all(|sample| (-1.0..=1.0).contains(sample)));
    }
}
