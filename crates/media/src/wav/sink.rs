use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::audio::AudioSink;

/// A WAV file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}; check that the directory exists and has room")]
pub struct WavSinkError {
    path: PathBuf,
    source: hound::Error,
}

/// Records 48 kHz, 16-bit mono. The file is complete once the sink is dropped or
/// [`finish`](Self::finish)ed.
pub struct WavSink {
    path: PathBuf,
    writer: Option<hound::WavWriter<BufWriter<File>>>,
    error: Option<hound::Error>,
}

impl WavSink {
    /// Creates or overwrites the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, WavSinkError> {
        let path = path.as_ref().to_path_buf();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: crate::SAMPLE_RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        match hound::WavWriter::create(&path, spec) {
            Ok(writer) => Ok(Self { path, writer: Some(writer), error: None }),
            Err(source) => Err(WavSinkError { path, source }),
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// Something since its creation could not be written.
    pub fn finish(mut self) -> Result<(), WavSinkError> {
        let finished = self.writer.take().map_or(Ok(()), hound::WavWriter::finalize);
        match self.error.take().map_or(finished, Err) {
            Ok(()) => Ok(()),
            Err(source) => Err(WavSinkError { path: self.path.clone(), source }),
        }
    }
}

impl AudioSink for WavSink {
    fn write(&mut self, pcm: &[f32]) {
        let Some(writer) = self.writer.as_mut().filter(|_| self.error.is_none()) else { return };
        for sample in pcm {
            let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
            if let Err(error) = writer.write_sample(sample) {
                self.error = Some(error);
                return;
            }
        }
    }
}

impl std::fmt::Debug for WavSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavSink").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AudioSource, WavSource};

    #[test]
    fn what_is_written_can_be_played_also_if_only_dropped() {
        let directory = tempfile::tempdir().unwrap();
        for finish in [true, false] {
            let path = directory.path().join("out.wav");
            let mut sink = WavSink::create(&path).unwrap();
            sink.write(&[0.5, -0.5, 2.0, -2.0, f32::NAN]);
            if finish {
                sink.finish().unwrap();
            } else {
                drop(sink);
            }
            let mut pcm = [0.0; 5];
            WavSource::open(&path).unwrap().read(&mut pcm);
            for (sample, expected) in pcm.iter().zip([0.5, -0.5, 1.0, -1.0, 0.0]) {
                assert!((sample - expected).abs() < 1e-3, "{pcm:?}");
            }
        }
    }

    #[test]
    fn the_error_says_what_to_do() {
        let error = WavSink::create("/nonexistent/out.wav").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nonexistent/out.wav: "), "{error}");
        assert!(error.ends_with("check that the directory exists and has room"), "{error}");
    }
}
