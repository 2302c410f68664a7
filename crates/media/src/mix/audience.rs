use calling_model::AudioLevel;

/// Chooses whom of many remotes to decode: those who can be heard, at most so many, the loudest.
///
/// It goes by what senders say of their loudness (RFC 6464), which is known before anything is
/// decoded. Who says nothing of it counts as a voice of middling loudness.
///
/// Each tick, [`offer`](Self::offer) every remote, [`choose`](Self::choose), then ask
/// [`is_audible`](Self::is_audible). Nothing is allocated while the remotes stay the same.
#[derive(Clone, Debug)]
pub struct Audience {
    most: usize,
    /// In the order of keys.
    remotes: Vec<Remote>,
    /// Places in `remotes` of those who may be heard.
    candidates: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Remote {
    key: u32,
    /// Offered in this tick.
    present: bool,
    audible: bool,
    /// Tenths of a decibel above −127 dBov, falling slowly.
    loudness: i32,
    /// Ticks for which a pause is still part of speech.
    hold_ticks: u32,
}

/// At −60 dBov and below nothing is heard, least of all among others.
const SILENT_NEG_DBOV: u8 = 60;
/// Half a second: longer than a pause within a sentence.
const HOLD_TICKS: u32 = 50;
/// A voice falls by 20 dB in a second once it is silent.
const FALL_PER_TICK: i32 = 2;
/// Whoever is heard stays until somebody else is louder by 6 dB: voices do not flicker.
const LEAD: i32 = 60;
/// Loudness of who does not tell, −30 dBov: that of speech.
const UNKNOWN: AudioLevel = AudioLevel::from_neg_dbov(30);

impl Audience {
    /// At most `most` are heard at once.
    pub const fn new(most: usize) -> Self {
        Self { most, remotes: Vec::new(), candidates: Vec::new() }
    }

    /// The remote `key` is there, and what it plays next is so loud; `None` if it does not tell.
    pub fn offer(&mut self, key: u32, level: Option<AudioLevel>) {
        let at = match self.remotes.binary_search_by_key(&key, |remote| remote.key) {
            Ok(at) => at,
            Err(at) => {
                self.remotes.insert(at, Remote::new(key));
                at
            }
        };
        self.remotes[at].hear(level.unwrap_or(UNKNOWN));
    }

    /// Chooses among those offered since the last call; the others are forgotten.
    pub fn choose(&mut self) {
        self.remotes.retain(|remote| remote.present);
        self.candidates.clear();
        let heard = self.remotes.iter().enumerate().filter(|(_, remote)| remote.hold_ticks > 0);
        self.candidates.extend(heard.map(|(at, _)| at));
        if self.candidates.len() > self.most {
            let remotes = &self.remotes;
            // Of equals the one with the smaller key, so that a choice is a choice.
            self.candidates.sort_unstable_by_key(|at| (-remotes[*at].rank(), *at));
            self.candidates.truncate(self.most);
        }
        for remote in &mut self.remotes {
            remote.audible = false;
            remote.present = false;
        }
        for at in &self.candidates {
            self.remotes[*at].audible = true;
        }
    }

    /// Whether the remote `key` was chosen.
    pub fn is_audible(&self, key: u32) -> bool {
        let at = self.remotes.binary_search_by_key(&key, |remote| remote.key);
        at.is_ok_and(|at| self.remotes[at].audible)
    }

    /// How many were chosen.
    pub fn audible(&self) -> usize {
        self.candidates.len()
    }
}

impl Remote {
    const fn new(key: u32) -> Self {
        Self { key, present: false, audible: false, loudness: 0, hold_ticks: 0 }
    }

    fn hear(&mut self, level: AudioLevel) {
        self.present = true;
        let loudness = (127 - i32::from(level.neg_dbov())) * 10;
        self.loudness = loudness.max(self.loudness - FALL_PER_TICK);
        self.hold_ticks = match level.neg_dbov() < SILENT_NEG_DBOV {
            true => HOLD_TICKS,
            false => self.hold_ticks.saturating_sub(1),
        };
    }

    const fn rank(&self) -> i32 {
        if self.audible { self.loudness + LEAD } else { self.loudness }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One tick of remotes 0, 1, … at these levels; who is heard.
    fn tick(audience: &mut Audience, levels: &[u8]) -> Vec<u32> {
        for (key, level) in (0..).zip(levels) {
            audience.offer(key, Some(AudioLevel::from_neg_dbov(*level)));
        }
        audience.choose();
        let heard: Vec<u32> =
            (0..levels.len() as u32).filter(|key| audience.is_audible(*key)).collect();
        assert_eq!(heard.len(), audience.audible());
        heard
    }

    #[test]
    fn the_silent_cost_nothing_and_speech_is_heard_from_its_first_packet() {
        let mut audience = Audience::new(8);
        let mut levels = [127; 50];
        assert_eq!(tick(&mut audience, &levels), []);
        (levels[7], levels[9], levels[40]) = (25, 59, 30);
        assert_eq!(tick(&mut audience, &levels), [7, 9, 40]);
        levels[7] = 80;
        for _ in 1..HOLD_TICKS {
            assert_eq!(tick(&mut audience, &levels), [7, 9, 40], "a pause");
        }
        assert_eq!(tick(&mut audience, &levels), [9, 40]);
    }

    #[test]
    fn of_too_many_the_loudest_are_heard_without_flicker() {
        let mut audience = Audience::new(2);
        assert_eq!(tick(&mut audience, &[40, 30, 20, 35]), [1, 2]);
        assert_eq!(tick(&mut audience, &[40, 30, 20, 27]), [1, 2], "not by 6 dB");
        assert_eq!(tick(&mut audience, &[40, 30, 20, 23]), [2, 3]);
        assert_eq!(tick(&mut audience, &[20, 20, 20, 20]), [2, 3], "equals stay");
    }

    #[test]
    fn who_does_not_tell_is_heard() {
        let mut audience = Audience::new(2);
        audience.offer(3, None);
        audience.choose();
        assert!(audience.is_audible(3));
    }

    #[test]
    fn who_is_no_longer_offered_is_forgotten() {
        let mut audience = Audience::new(2);
        tick(&mut audience, &[20, 20]);
        audience.offer(1, Some(AudioLevel::LOUDEST));
        audience.choose();
        assert!(!audience.is_audible(0) && audience.is_audible(1));
        assert_eq!(audience.remotes.len(), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_asked_for(
            ticks in prop::collection::vec(prop::collection::vec(0_u8..=127, 0..12), 1..60),
            most in 0_usize..5,
        ) {
            let mut audience = Audience::new(most);
            for levels in ticks {
                let heard = tick(&mut audience, &levels);
                prop_assert!(heard.len() <= most);
                let loud = levels.iter().filter(|level| **level < SILENT_NEG_DBOV).count();
                prop_assert!(heard.len() >= loud.min(most), "somebody is left out");
            }
        }
    }
}
