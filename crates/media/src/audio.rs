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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_its_frequency_and_amplitude_across_reads() {
        let mut tone: Box<dyn AudioSource> = Box::new(ToneSource::new(500.0, 0.5));
        let mut sink = MemorySink::default();
        let mut tick = [0.0; crate::SAMPLES_PER_TICK];
        for _ in 0..100 {
            tone.read(&mut tick);
            sink.write(&tick);
        }
        let rising = sink.pcm.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!(rising.abs_diff(500) <= 1, "{rising}");
        let peak = sink.pcm.iter().fold(0.0_f32, |peak, sample| peak.max(*sample));
        assert!((peak - 0.5).abs() < 1e-3, "{peak}");
        assert!(!tone.is_finished());
    }

    #[test]
    fn silence_is_silence() {
        let mut tick = [0.7; 10];
        SilenceSource.read(&mut tick);
        assert_eq!(tick, [0.0; 10]);
    }

    #[test]
    fn everything_may_move_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<crate::Receiver>();
        is_send::<crate::Sender>();
        is_send::<crate::Mixer>();
        is_send::<crate::RtcpSession>();
        is_send::<crate::WavSource>();
        is_send::<crate::WavSink>();
        is_send::<Box<dyn AudioSource>>();
        is_send::<Box<dyn AudioSink>>();
    }
}
