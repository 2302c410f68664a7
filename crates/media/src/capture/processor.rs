use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate,
    NoiseSuppression, NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing as Engine, Config, StreamConfig};

use super::AudioProcessing;
use crate::{SAMPLE_RATE_HZ, SAMPLES_PER_TICK};

/// A frame that cannot be processed: an error of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessingError {
    /// It is not one tick of mono.
    #[error("a frame has {0} samples; give one tick, {SAMPLES_PER_TICK} samples of one channel")]
    Length(usize),
}

/// What the echo canceller says of itself. Decibels; `None` before it knows, or if it is off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CaptureStats {
    /// How much quieter the echo is than what the loudspeaker plays (ERL).
    pub echo_return_loss_db: Option<f64>,
    /// How much quieter than that it was made (ERLE).
    pub echo_return_loss_enhancement_db: Option<f64>,
    /// How long after the loudspeaker the echo comes, in milliseconds.
    pub echo_delay_ms: Option<u32>,
    /// Frames that the engine refused and that passed as they were.
    pub passed_as_they_were: u64,
}

/// Cleans the sound of a microphone, 10 ms at a time: WebRTC's echo canceller AEC3, noise
/// suppressor and gain controller AGC2, by the crate `sonora`. Adds no delay but that of its filter
/// bank, which is below a tick.
///
/// Per tick, give what the loudspeaker plays to [`played`](Self::played) first, and then what the
/// microphone heard to [`process`](Self::process): it learns by itself how much later the echo
/// comes, up to half a second. Costs about 0.1 ms of a core per tick with everything on.
pub struct CaptureProcessor {
    settings: AudioProcessing,
    engine: Engine,
    /// The engine reads one buffer and writes another.
    scratch: [f32; SAMPLES_PER_TICK],
    passed: u64,
}

impl std::fmt::Debug for CaptureProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureProcessor").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl CaptureProcessor {
    /// A processor of 48 kHz mono that does what `settings` say.
    pub fn new(settings: AudioProcessing) -> Self {
        let stream = StreamConfig::new(SAMPLE_RATE_HZ, 1);
        let engine = Engine::builder()
            .config(config(settings))
            .capture_config(stream)
            .render_config(stream)
            .build();
        Self { settings, engine, scratch: [0.0; SAMPLES_PER_TICK], passed: 0 }
    }

    /// What it was made to do.
    pub const fn settings(&self) -> AudioProcessing {
        self.settings
    }

    /// Takes one tick of what the loudspeaker plays.
    ///
    /// # Errors
    /// It is no tick.
    pub fn played(&mut self, pcm: &[f32]) -> Result<(), ProcessingError> {
        let pcm = tick(pcm)?;
        if self.settings.echo_cancellation {
            // The engine refuses only other lengths and rates.
            let _ = self.engine.process_render_f32(&[pcm], &mut [&mut self.scratch]);
        }
        Ok(())
    }

    /// Cleans one tick of what the microphone heard, in place.
    ///
    /// # Errors
    /// It is no tick.
    pub fn process(&mut self, pcm: &mut [f32]) -> Result<(), ProcessingError> {
        tick(pcm)?;
        if self.settings.is_off() {
            return Ok(());
        }
        // A device that gives no number would poison the filters for good.
        pcm.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
        match self.engine.process_capture_f32(&[&*pcm], &mut [&mut self.scratch]) {
            Ok(()) => pcm.copy_from_slice(&self.scratch),
            Err(_) => self.passed += 1,
        }
        Ok(())
    }

    /// What the echo canceller says of itself.
    pub fn stats(&self) -> CaptureStats {
        let told = self.engine.statistics();
        CaptureStats {
            echo_return_loss_db: told.echo_return_loss,
            echo_return_loss_enhancement_db: told.echo_return_loss_enhancement,
            echo_delay_ms: told.delay_ms.and_then(|ms| u32::try_from(ms).ok()),
            passed_as_they_were: self.passed,
        }
    }
}

fn tick(pcm: &[f32]) -> Result<&[f32], ProcessingError> {
    if pcm.len() == SAMPLES_PER_TICK { Ok(pcm) } else { Err(ProcessingError::Length(pcm.len())) }
}

fn config(settings: AudioProcessing) -> Config {
    Config {
        pipeline: Pipeline {
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            ..Pipeline::default()
        },
        // Rumble below speech confuses all three.
        high_pass_filter: (!settings.is_off()).then(HighPassFilter::default),
        echo_canceller: settings.echo_cancellation.then(EchoCanceller::default),
        noise_suppression: settings.noise_suppression.then(|| NoiseSuppression {
            level: NoiseSuppressionLevel::High,
            ..NoiseSuppression::default()
        }),
        gain_controller2: settings.auto_gain_control.then(|| GainController2 {
            adaptive_digital: Some(AdaptiveDigital::default()),
            ..GainController2::default()
        }),
        ..Config::default()
    }
}
