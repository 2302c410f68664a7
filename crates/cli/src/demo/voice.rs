//! What the demo's phones say: a beep, so that the first audible moment is a defined one, then an
//! endless made voice.

use calling_media::{AudioSource, SAMPLE_RATE_HZ, ToneSource, VoiceSource};

const BEEP_HZ: f64 = 880.0;
const BEEP_LOUDNESS: f32 = 0.3;
/// 100 ms.
const BEEP_SAMPLES: usize = SAMPLE_RATE_HZ as usize / 10;

/// A beep and a seeded voice.
pub(crate) struct Voice {
    beep: ToneSource,
    beep_left: usize,
    voice: VoiceSource,
}

impl Voice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            beep: ToneSource::new(BEEP_HZ, BEEP_LOUDNESS),
            beep_left: BEEP_SAMPLES,
            voice: VoiceSource::new(seed),
        }
    }
}

impl AudioSource for Voice {
    fn read(&mut self, out: &mut [f32]) {
        let (beep, voice) = out.split_at_mut(self.beep_left.min(out.len()));
        self.beep.read(beep);
        self.beep_left -= beep.len();
        self.voice.read(voice);
    }
}

#[cfg(test)]
mod tests {
    use calling_media::LevelMeter;

    use super::*;

    #[test]
    fn is_heard_from_the_first_tick_on_and_speaks_after_the_beep() {
        let mut two_seconds = vec![0.0; 2 * SAMPLE_RATE_HZ as usize];
        let mut voice = Voice::new(7);
        for tick in two_seconds.chunks_mut(480) {
            voice.read(tick);
        }
        assert!(LevelMeter::rms(&two_seconds[..480]) > 0.1);
        assert!(LevelMeter::rms(&two_seconds[BEEP_SAMPLES..]) > 0.01);
    }
}
