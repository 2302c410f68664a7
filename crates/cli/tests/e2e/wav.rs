//! WAV files to play and to listen to.

use std::f64::consts::TAU;
use std::path::Path;

const RATE_HZ: u32 = 48_000;

/// Writes one second of a tone.
pub(crate) fn write_tone(path: &Path, tone_hz: f64) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for number in 0..RATE_HZ {
        let angle = TAU * tone_hz * f64::from(number) / f64::from(RATE_HZ);
        writer.write_sample((12_000.0 * angle.sin()) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// The samples of a 48 kHz mono recording, −1..=1.
pub(crate) fn read(path: &Path) -> Vec<f64> {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, RATE_HZ));
    reader.samples::<i16>().map(|sample| f64::from(sample.unwrap()) / 32_768.0).collect()
}

pub(crate) fn rms(pcm: &[f64]) -> f64 {
    (pcm.iter().map(|sample| sample * sample).sum::<f64>() / pcm.len().max(1) as f64).sqrt()
}

/// Strength of a tone (Goertzel): about the amplitude of a sine of that frequency.
pub(crate) fn strength(pcm: &[f64], tone_hz: f64) -> f64 {
    let turn = 2.0 * (TAU * tone_hz / f64::from(RATE_HZ)).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in pcm {
        (before, last) = (last, sample + turn * last - before);
    }
    let power: f64 = before * before + last * last - turn * before * last;
    2.0 * power.max(0.0).sqrt() / pcm.len().max(1) as f64
}

/// The best normalised correlation (−1..=1) of 300 ms of `said`, beginning at 500 ms, with
/// anything in `heard`. Both are thinned to 6 kHz first.
pub(crate) fn best_correlation(said: &[f64], heard: &[f64]) -> f64 {
    let (said, heard) = (thin(said), thin(heard));
    let pattern = &said[3_000..4_800];
    let windows = heard.windows(pattern.len());
    windows.map(|window| correlation(pattern, window)).fold(0.0, f64::max)
}

fn thin(pcm: &[f64]) -> Vec<f64> {
    pcm.chunks_exact(8).map(|chunk| chunk.iter().sum::<f64>() / 8.0).collect()
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let product: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
    let scale = rms(one) * rms(other) * one.len() as f64;
    if scale > 0.0 { product / scale } else { 0.0 }
}
