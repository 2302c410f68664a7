use calling_model::AudioLevel;

/// Tells voice from background by loudness, for the voice bit of RFC 6464.
///
/// The background is the quietest that was heard, creeping up so that a fan switched on becomes
/// background within seconds. Voice is what stands out from it by [`MARGIN_DB`], held through the
/// gaps between syllables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoiceActivity {
    background_dbov: f32,
    hold_ticks: u32,
}

/// Speech stands at least this far above its background in a usable call.
const MARGIN_DB: f32 = 9.0;
/// Below it nothing is voice, whatever the background.
const FLOOR_DBOV: f32 = -60.0;
/// A background change of 40 dB is learnt in 8 s.
const CREEP_DB_PER_TICK: f32 = 0.05;
/// Voice is held for 200 ms, longer than a stop consonant.
const HOLD_TICKS: u32 = 20;

impl VoiceActivity {
    pub(crate) const fn new() -> Self {
        Self { background_dbov: -70.0, hold_ticks: 0 }
    }

    /// Whether the tick of that loudness belongs to voice.
    pub(crate) fn update(&mut self, level: AudioLevel) -> bool {
        let dbov = -f32::from(level.neg_dbov());
        self.background_dbov = dbov.min(self.background_dbov + CREEP_DB_PER_TICK).max(-100.0);
        if dbov > FLOOR_DBOV && dbov > self.background_dbov + MARGIN_DB {
            self.hold_ticks = HOLD_TICKS;
        } else {
            self.hold_ticks = self.hold_ticks.saturating_sub(1);
        }
        self.hold_ticks > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voiced(levels: impl IntoIterator<Item = u8>) -> Vec<bool> {
        let mut activity = VoiceActivity::new();
        let update = |level| activity.update(AudioLevel::from_neg_dbov(level));
        levels.into_iter().map(update).collect()
    }

    #[test]
    fn speech_over_a_background_is_voice_and_silence_is_not() {
        let levels = std::iter::repeat_n(65, 100).chain([25; 30]).chain([65; 100]);
        let voice = voiced(levels);
        assert!(!voice[..100].contains(&true));
        assert!(!voice[101..130].contains(&false));
        assert!(voice[140], "held through a short gap");
        assert!(!voice[229]);
    }

    #[test]
    fn a_fan_becomes_background() {
        let voice = voiced([45; 1_000]);
        assert!(voice[0]);
        assert!(!voice[999]);
    }
}
