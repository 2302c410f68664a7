use calling_model::AudioLevel;

/// Counts made-up audio once it is known what it stood for.
///
/// What is made up while no packet is there may be the end of the stream, or silence; that shows
/// only when the stream goes on.
#[derive(Debug)]
pub(super) struct GapAccount {
    /// Made up since the last packet, not yet counted, in samples.
    pending: u64,
    /// Loudness of the packet before the gap.
    before: AudioLevel,
    pub(super) audible_samples: u64,
    pub(super) silent_samples: u64,
    pub(super) events: u64,
    in_gap: bool,
}

/// A gap of a second is an outage, whatever comes after it.
const OUTAGE_SAMPLES: u64 = 48_000;
/// At −50 dBov and below nothing is heard in a call.
const SILENT_NEG_DBOV: u8 = 50;

impl GapAccount {
    pub(super) const fn new() -> Self {
        Self {
            pending: 0,
            before: AudioLevel::SILENCE,
            audible_samples: 0,
            silent_samples: 0,
            events: 0,
            in_gap: false,
        }
    }

    /// So many samples were made up.
    pub(super) const fn made_up(&mut self, samples: usize) {
        self.in_gap = true;
        self.pending += samples as u64;
        if self.pending > OUTAGE_SAMPLES {
            self.audible_samples += self.pending;
            self.pending = 0;
        }
    }

    /// What came before the gap was silence.
    pub(super) const fn is_silent(&self) -> bool {
        self.before.neg_dbov() >= SILENT_NEG_DBOV
    }

    /// The stream goes on with audio of that loudness.
    pub(super) fn resume(&mut self, level: AudioLevel) {
        let silent = self.is_silent() && level.neg_dbov() >= SILENT_NEG_DBOV;
        self.before = level;
        if !self.in_gap {
            return;
        }
        self.in_gap = false;
        let counter = if silent { &mut self.silent_samples } else { &mut self.audible_samples };
        *counter += self.pending;
        self.events += u64::from(!silent);
        self.pending = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEECH: AudioLevel = AudioLevel::from_neg_dbov(25);

    fn counts(gap: &GapAccount) -> (u64, u64, u64) {
        (gap.audible_samples, gap.silent_samples, gap.events)
    }

    #[test]
    fn a_gap_counts_when_it_ends() {
        let mut gap = GapAccount::new();
        gap.resume(SPEECH);
        gap.made_up(480);
        gap.made_up(480);
        assert_eq!(counts(&gap), (0, 0, 0));
        gap.resume(SPEECH);
        gap.resume(SPEECH);
        assert_eq!(counts(&gap), (960, 0, 1));
    }

    #[test]
    fn silence_lost_between_silence_is_told_apart() {
        let mut gap = GapAccount::new();
        gap.resume(AudioLevel::SILENCE);
        gap.made_up(960);
        gap.resume(AudioLevel::SILENCE);
        assert_eq!(counts(&gap), (0, 960, 0));
        gap.made_up(960);
        gap.resume(SPEECH);
        assert_eq!(counts(&gap), (960, 960, 1), "it may have been the beginning of a word");
    }

    #[test]
    fn an_outage_counts_while_it_lasts() {
        let mut gap = GapAccount::new();
        (0..150).for_each(|_| gap.made_up(480));
        assert!(gap.audible_samples >= OUTAGE_SAMPLES);
    }
}
