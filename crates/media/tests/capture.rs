//! What becomes of the sound of a microphone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::f64::consts::TAU;

use calling_media::{
    AudioProcessing, AudioSource, CaptureProcessor, CaptureResampler, CaptureStats,
    ProcessingError, SAMPLES_PER_TICK, VoiceSource,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TICKS_PER_SECOND: usize = 100;

fn voice(seed: u64, seconds: usize) -> Vec<f32> {
    let mut pcm = vec![0.0; seconds * TICKS_PER_SECOND * SAMPLES_PER_TICK];
    VoiceSource::new(seed).in_silence().read(&mut pcm);
    pcm
}

fn noise(rms: f32, samples: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::from_seed([9; 32]);
    // Uniform in ±√3 has an RMS of 1.
    (0..samples).map(|_| rng.random_range(-1.732..1.732_f32) * rms).collect()
}

fn db(pcm: &[f32]) -> f64 {
    let energy: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (energy / pcm.len() as f64).max(1e-12).log10()
}

/// What the processor makes of `heard` while `played` is played.
fn process(settings: AudioProcessing, played: &[f32], heard: &[f32]) -> (Vec<f32>, CaptureStats) {
    let mut processor = CaptureProcessor::new(settings);
    let mut out = heard.to_vec();
    let ticks = out.chunks_exact_mut(SAMPLES_PER_TICK).zip(played.chunks_exact(SAMPLES_PER_TICK));
    for (heard, played) in ticks {
        processor.played(played).unwrap();
        processor.process(heard).unwrap();
    }
    (out, processor.stats())
}

fn seconds(pcm: &[f32], from: usize, to: usize) -> &[f32] {
    &pcm[from * TICKS_PER_SECOND * SAMPLES_PER_TICK..to * TICKS_PER_SECOND * SAMPLES_PER_TICK]
}

/// Normalised correlation of two series.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let mean = |series: &[f64]| series.iter().sum::<f64>() / series.len() as f64;
    let (own, theirs) = (mean(one), mean(other));
    let pairs = one.iter().zip(other).map(|(a, b)| (a - own, b - theirs));
    let (dot, x, y) =
        pairs.fold((0.0, 0.0, 0.0), |(dot, x, y), (a, b)| (dot + a * b, x + a * a, y + b * b));
    dot / (x * y).sqrt().max(1e-12)
}

/// How alike two voices are in what is heard of them: the correlation of the loudness of each 10 ms,
/// up to 20 ms apart. Filters turn phases, which nobody hears; waveforms would tell little.
fn alike(one: &[f32], other: &[f32]) -> f64 {
    let loudness = |pcm: &[f32]| -> Vec<f64> {
        pcm.chunks_exact(SAMPLES_PER_TICK).map(|tick| db(tick).max(-70.0)).collect()
    };
    let (one, other) = (loudness(one), loudness(other));
    let at = |lag: usize| correlation(&one[..one.len() - 2], &other[lag..other.len() - 2 + lag]);
    (0..=2).map(at).fold(-1.0, f64::max)
}

const ECHO: AudioProcessing =
    AudioProcessing { echo_cancellation: true, noise_suppression: false, auto_gain_control: false };
const NOISE: AudioProcessing =
    AudioProcessing { echo_cancellation: false, noise_suppression: true, auto_gain_control: false };
const GAIN: AudioProcessing =
    AudioProcessing { echo_cancellation: false, noise_suppression: false, auto_gain_control: true };

/// A room: the loudspeaker is heard 60 ms later, 10 dB quieter, with two reflections.
fn room(played: &[f32]) -> Vec<f32> {
    let taps = [(2_880, 0.3_f32), (3_400, -0.1), (4_100, 0.05)];
    let at = |n: usize| {
        let heard = |(lag, gain): &(usize, f32)| n.checked_sub(*lag).map(|n| played[n] * gain);
        taps.iter().filter_map(heard).sum()
    };
    (0..played.len()).map(at).collect()
}

#[test]
fn an_echo_is_removed() {
    let played = voice(1, 8);
    let echo = room(&played);
    let (out, stats) = process(ECHO, &played, &echo);
    // After it has learned the room.
    let erle = db(seconds(&echo, 4, 8)) - db(seconds(&out, 4, 8));
    assert!(erle >= 25.0, "{erle:.1} dB, {stats:?}");
    assert_eq!(stats.passed_as_they_were, 0);
    assert!(stats.echo_return_loss_enhancement_db.is_some(), "{stats:?}");
}

#[test]
fn who_speaks_into_the_echo_stays() {
    let (played, spoken) = (voice(1, 8), voice(7, 8));
    let echo = room(&played);
    let heard: Vec<f32> = echo.iter().zip(&spoken).map(|(a, b)| a + b).collect();
    let (cleaned, _) = process(ECHO, &played, &heard);
    let like_spoken = |pcm: &[f32]| alike(seconds(&spoken, 4, 8), seconds(pcm, 4, 8));
    let (kept, other) = (like_spoken(&cleaned), like_spoken(&echo));
    let softer = db(seconds(&spoken, 4, 8)) - db(seconds(&cleaned, 4, 8));
    assert!(kept > 0.8 && other < 0.5, "{kept:.2}, another voice is {other:.2}");
    assert!(softer < 6.0, "{softer:.1} dB softer");
}

#[test]
fn noise_is_weakened_and_the_voice_stays() {
    let spoken = voice(3, 8);
    let silence = vec![0.0; spoken.len()];
    let noise = noise(0.01, spoken.len());
    let (alone, _) = process(NOISE, &silence, &noise);
    let weaker = db(seconds(&noise, 4, 8)) - db(seconds(&alone, 4, 8));
    assert!(weaker >= 10.0, "{weaker:.1} dB");
    let heard: Vec<f32> = spoken.iter().zip(&noise).map(|(a, b)| a + b).collect();
    let (out, _) = process(NOISE, &silence, &heard);
    let (noisy, kept) = (
        alike(seconds(&spoken, 4, 8), seconds(&heard, 4, 8)),
        alike(seconds(&spoken, 4, 8), seconds(&out, 4, 8)),
    );
    assert!(kept > noisy, "{noisy:.2} to {kept:.2}");
}

#[test]
fn quiet_voices_are_brought_to_the_level_of_loud_ones() {
    let level = |gain: f32| {
        let spoken: Vec<f32> = voice(5, 14).iter().map(|sample| sample * gain).collect();
        let (out, _) = process(GAIN, &vec![0.0; spoken.len()], &spoken);
        assert!(out.iter().all(|sample| sample.abs() <= 1.0), "it clips");
        (db(seconds(&spoken, 10, 14)), db(seconds(&out, 10, 14)))
    };
    let ((quiet, raised), (loud, kept)) = (level(0.05), level(0.8));
    assert!(raised > quiet + 10.0, "{quiet:.1} to {raised:.1} dBFS");
    assert!(
        (raised - kept).abs() < (quiet - loud).abs() / 2.0,
        "{quiet:.1} and {loud:.1} dBFS became {raised:.1} and {kept:.1}"
    );
}

#[test]
fn what_is_off_changes_nothing() {
    let spoken = voice(2, 1);
    let (out, stats) = process(AudioProcessing::default(), &spoken, &spoken);
    assert_eq!(out, spoken);
    assert_eq!(stats, CaptureStats::default());
    assert!(AudioProcessing::default().is_off() && !AudioProcessing::HANDS_FREE.is_off());
}

#[test]
fn frames_that_are_no_tick_are_refused_and_nonsense_heals() {
    let mut processor = CaptureProcessor::new(AudioProcessing::HANDS_FREE);
    assert_eq!(processor.process(&mut [0.0; 479]), Err(ProcessingError::Length(479)));
    assert_eq!(processor.played(&[]), Err(ProcessingError::Length(0)));
    processor.process(&mut [f32::NAN; SAMPLES_PER_TICK]).unwrap();
    let mut tick = [0.01; SAMPLES_PER_TICK];
    for _ in 0..10 {
        processor.process(&mut tick).unwrap();
    }
    assert!(tick.iter().all(|sample| sample.is_finite()));
}

fn tone(rate_hz: u32, seconds: usize) -> Vec<f32> {
    let step = TAU * 1_000.0 / f64::from(rate_hz);
    (0..rate_hz as usize * seconds).map(|n| (n as f64 * step).sin() as f32 * 0.5).collect()
}

/// The share of the energy that is a tone of 1,000 Hz, whatever its phase.
fn purity(pcm: &[f32]) -> f64 {
    let step = TAU * 1_000.0 / 48_000.0;
    let part = |wave: fn(f64) -> f64| {
        let products = pcm.iter().enumerate().map(|(n, it)| f64::from(*it) * wave(n as f64 * step));
        products.sum::<f64>().powi(2)
    };
    let energy: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    2.0 * (part(f64::sin) + part(f64::cos)) / (energy * pcm.len() as f64)
}

#[test]
fn every_rate_of_a_device_becomes_48_khz_and_back() {
    for rate_hz in [8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000] {
        let mut there = CaptureResampler::of_microphone(rate_hz).unwrap();
        let mut heard = Vec::new();
        // As devices do, in blocks of their own.
        for block in tone(rate_hz, 2).chunks(333) {
            there.push(block);
            while let Some(tick) = there.pop() {
                assert_eq!(tick.len(), SAMPLES_PER_TICK);
                heard.extend_from_slice(tick);
            }
        }
        assert!(heard.len().abs_diff(96_000) <= 2_000, "{rate_hz}: {}", heard.len());
        let purity = purity(&heard[24_000..72_000]);
        assert!(purity > 0.999, "{rate_hz}: {purity}");
        let level = db(&heard[24_000..72_000]);
        assert!((level - db(&tone(48_000, 1))).abs() < 0.1, "{rate_hz}: {level}");
        let mut back = CaptureResampler::of_loudspeaker(rate_hz).unwrap();
        back.push(&heard[..4_800]);
        assert_eq!(back.pop().map(<[f32]>::len), Some(back.block()));
        assert_eq!(back.block() as u32, rate_hz.div_ceil(100));
    }
}

#[test]
fn a_rate_that_no_device_has_is_refused_and_nobody_reading_is_bounded() {
    assert!(CaptureResampler::of_microphone(0).is_err());
    let error = CaptureResampler::of_loudspeaker(400_000).unwrap_err();
    assert!(error.to_string().contains("400000"), "{error}");
    let mut resampler = CaptureResampler::of_microphone(44_100).unwrap();
    resampler.push(&vec![0.0; 44_100]);
    assert_eq!(resampler.dropped(), 22_050);
}

proptest! {
    #[test]
    fn whatever_the_blocks_the_sound_is_the_same(
        blocks in prop::collection::vec(1_usize..900, 1..40),
    ) {
        let sound = tone(44_100, 1);
        let whole = |blocks: &[usize]| {
            let mut resampler = CaptureResampler::of_microphone(44_100).unwrap();
            let (mut out, mut at) = (Vec::new(), 0);
            for block in blocks {
                let end = (at + block).min(sound.len());
                resampler.push(&sound[at..end]);
                at = end;
                while let Some(tick) = resampler.pop() {
                    out.extend_from_slice(tick);
                }
            }
            out
        };
        let once = whole(&vec![1; blocks.iter().sum::<usize>().min(sound.len())]);
        prop_assert_eq!(whole(&blocks), once);
    }
}
