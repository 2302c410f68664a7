use std::path::{Path, PathBuf};

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
        source: std::io::Error,
    },
    /// Not a WAV file.
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
#[derive(Debug)]
pub struct WavSource {
    pcm: Vec<f32>,
    position: usize,
    looping: bool,
}

impl WavSource {
    /// Reads and resamples the whole file.
    ///
    /// # Errors
    /// It cannot be read or is no WAV file that can be played.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WavSourceError> {
        let path = path.as_ref().to_path_buf();
        Err(WavSourceError::Unsupported { path, what: "nothing yet".into() })
    }

    /// Begins again at the end, for ever.
    #[must_use]
    pub const fn looping(mut self) -> Self {
        self.looping = true;
        self
    }

    /// Its length in milliseconds.
    pub const fn duration_ms(&self) -> u64 {
        self.pcm.len() as u64 / 48
    }
}

impl AudioSource for WavSource {
    fn read(&mut self, out: &mut [f32]) {
        for sample in out {
            if self.looping && self.position >= self.pcm.len() {
                self.position = 0;
            }
            *sample = self.pcm.get(self.position).copied().unwrap_or(0.0);
            self.position += 1;
        }
    }

    fn is_finished(&self) -> bool {
        !self.looping && self.position >= self.pcm.len()
    }
}
