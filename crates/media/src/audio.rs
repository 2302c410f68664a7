//! Where audio comes from and goes to: 48 kHz mono, `f32` in −1.0..=1.0, a tick at a time.

/// A microphone, a file or anything else that can be read.
pub trait AudioSource: Send {
    /// Fills `out`; past the end with silence.
    fn read(&mut self, out: &mut [f32]);

    /// Whether all that comes is silence because the source has ended.
    fn is_finished(&self) -> bool {
        false
    }
}

/// A loudspeaker, a file or anything else that can be written.
pub trait AudioSink: Send {
    /// Takes audio. What the sink cannot keep is lost: it must never block.
    fn write(&mut self, pcm: &[f32]);
}

/// Endless silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilenceSource;

impl AudioSource for SilenceSource {
    fn read(&mut self, out: &mut [f32]) {
        out.fill(0.0);
    }
}

/// An endless sine.
#[derive(Clone, Debug)]
pub struct ToneSource {
    phase: f64,
    step: f64,
    amplitude: f32,
}

impl ToneSource {
    /// A tone of `frequency_hz` with peaks of `amplitude` (0.0..=1.0).
    pub fn new(frequency_hz: f64, amplitude: f32) -> Self {
        Self { phase: 0.0, step: frequency_hz / f64::from(crate::SAMPLE_RATE_HZ), amplitude }
    }
}

impl AudioSource for ToneSource {
    fn read(&mut self, out: &mut [f32]) {
        for sample in out {
            *sample = (self.phase * std::f64::consts::TAU).sin() as f32 * self.amplitude;
            self.phase = (self.phase + self.step).fract();
        }
    }
}

/// Keeps what is written, for tests and short recordings.
#[derive(Clone, Debug, Default)]
pub struct MemorySink {
    /// All that was written.
    pub pcm: Vec<f32>,
}

impl AudioSink for MemorySink {
    fn write(&mut self, pcm: &[f32]) {
        self.pcm.extend_from_slice(pcm);
    }
}

impl<S: AudioSource + ?Sized> AudioSource for Box<S> {
    fn read(&mut self, out: &mut [f32]) {
        (**self).read(out);
    }

    fn is_finished(&self) -> bool {
        (**self).is_finished()
    }
}

impl<S: AudioSink + ?Sized> AudioSink for Box<S> {
    fn write(&mut self, pcm: &[f32]) {
        (**self).write(pcm);
    }
}
