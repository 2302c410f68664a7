use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec};

use super::resample::resample;
use crate::audio::AudioSource;

/// A WAV file that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum WavSourceError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}; check the path and its permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a WAV file, or a damaged one.
    #[error(
        "{path} is not a WAV file ({reason}); convert it, for example: ffmpeg -i IN -ac 1 -ar 48000 OUT.wav"
    )]
    NotWav {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A WAV file of a kind that is not played.
    #[error(
        "{path} has {what}; convert it, for example: ffmpeg -i IN -ac 1 -ar 48000 -c:a pcm_s16le OUT.wav"
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is not supported.
        what: String,
    },
}

/// Plays a WAV file: 8 to 32 bit integer or 32 bit float, mono or stereo, 8 to 96 kHz.
#[derive(Clone, Debug)]
pub struct WavSource {
    pcm: Vec<f32>,
    position: usize,
    looping: bool,
}

/// Longer files are cut: 48 kHz mono floats of an hour are 691 MB.
const MAX_SECONDS: u32 = 3_600;

impl WavSource {
    /// Reads and resamples the whole file, at most its first hour.
    ///
    /// # Errors
    /// It cannot be read or is no WAV file that can be played.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WavSourceError> {
        let path = path.as_ref();
        let io = |source| WavSourceError::Io { path: path.to_path_buf(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.is_dir() {
            return Err(io(io::ErrorKind::IsADirectory.into()));
        }
        Self::read_from(io::BufReader::new(file), path)
    }

    /// Reads from memory or elsewhere; `path` is named in errors.
    fn read_from(input: impl Read + Seek, path: &Path) -> Result<Self, WavSourceError> {
        let fail = |error| describe(path, error);
        let mut reader = WavReader::new(input).map_err(fail)?;
        let spec = reader.spec();
        check(spec, path)?;
        let most = MAX_SECONDS as usize * spec.sample_rate as usize * usize::from(spec.channels);
        let samples = read_samples(&mut reader, spec, most).map_err(fail)?;
        let mono = to_mono(&samples, usize::from(spec.channels));
        Ok(Self { pcm: resample(&mono, spec.sample_rate), position: 0, looping: false })
    }

    /// Begins again at the end, for ever.
    #[must_use]
    pub const fn looping(mut self) -> Self {
        self.looping = true;
        self
    }

    /// Its length in milliseconds.
    pub const fn duration_ms(&self) -> u64 {
        (self.pcm.len() / crate::units::SAMPLES_PER_MS) as u64
    }
}

fn check(spec: WavSpec, path: &Path) -> Result<(), WavSourceError> {
    let what = if !(1..=2).contains(&spec.channels) {
        format!("{} channels", spec.channels)
    } else if !(8_000..=96_000).contains(&spec.sample_rate) {
        format!("a sample rate of {} Hz", spec.sample_rate)
    } else {
        return Ok(());
    };
    Err(WavSourceError::Unsupported { path: path.to_path_buf(), what })
}

fn describe(path: &Path, error: hound::Error) -> WavSourceError {
    let path = path.to_path_buf();
    match error {
        // What hound calls an IO error is mostly a file that ends early.
        hound::Error::IoError(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            not_wav_or_io(path, error)
        }
        hound::Error::IoError(_) => {
            WavSourceError::NotWav { path, reason: "it ends too early".into() }
        }
        hound::Error::FormatError(reason) => WavSourceError::NotWav { path, reason: reason.into() },
        hound::Error::Unsupported => {
            WavSourceError::Unsupported { path, what: "a coding that is not PCM".into() }
        }
        hound::Error::TooWide
        | hound::Error::UnfinishedSample
        | hound::Error::InvalidSampleFormat => {
            WavSourceError::Unsupported { path, what: "samples of an odd format".into() }
        }
    }
}

/// hound reports a short read by an error of its own making, without a system's number.
fn not_wav_or_io(path: PathBuf, error: io::Error) -> WavSourceError {
    if error.raw_os_error().is_some() {
        WavSourceError::Io { path, source: error }
    } else {
        WavSourceError::NotWav { path, reason: "it ends too early".into() }
    }
}

/// Samples in −1.0..=1.0, interleaved.
fn read_samples(
    reader: &mut WavReader<impl Read>,
    spec: WavSpec,
    most: usize,
) -> Result<Vec<f32>, hound::Error> {
    match spec.sample_format {
        SampleFormat::Float => {
            let clean =
                |sample: f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
            reader.samples::<f32>().take(most).map(|sample| Ok(clean(sample?))).collect()
        }
        SampleFormat::Int => {
            let scale = 1.0 / (1_u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader.samples::<i32>().take(most).map(|sample| Ok(sample? as f32 * scale)).collect()
        }
    }
}

fn to_mono(samples: &[f32], channels: usize) -> Vec<f32> {
    let scale = 1.0 / channels as f32;
    samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() * scale).collect()
}

impl AudioSource for WavSource {
    fn read(&mut self, out: &mut [f32]) {
        for sample in out {
            if self.looping && self.position >= self.pcm.len() {
                self.position = 0;
            }
            *sample = self.pcm.get(self.position).copied().unwrap_or(0.0);
            self.position = self.position.saturating_add(1);
        }
    }

    fn is_finished(&self) -> bool {
        !self.looping && self.position >= self.pcm.len()
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
