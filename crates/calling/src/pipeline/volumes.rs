use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use calling_media::LevelMeter;
use calling_model::{AudioLevel, UserId, Volume};
use calling_signaling::protocol::UserVolume;

use super::input::VolumeReport;
use super::remotes::MOST_REMOTES;
use crate::ticker::Ticker;

/// People remembered: everybody who can be heard, and this user.
const MOST_PEOPLE: usize = MOST_REMOTES + 1;

/// The loudest each was since the last report.
pub(super) struct Volumes {
    user: UserId,
    ticker: Option<Ticker>,
    people: BTreeMap<UserId, Loudness>,
    total: AudioLevel,
    last: VolumeReport,
}

#[derive(Clone, Copy)]
struct Loudness {
    loudest: AudioLevel,
    /// The last report said that they speak.
    spoke: bool,
}

impl Volumes {
    pub(super) fn new(user: UserId) -> Self {
        Self {
            user,
            ticker: None,
            people: BTreeMap::new(),
            total: AudioLevel::SILENCE,
            last: VolumeReport::default(),
        }
    }

    /// Reports every `interval`, or no longer.
    pub(super) fn set_interval(&mut self, now: Instant, interval: Option<Duration>) {
        // A missed report is not caught up: the next one tells more than it did.
        self.ticker = interval
            .filter(|interval| !interval.is_zero())
            .map(|interval| Ticker::new(now + interval, interval, Duration::ZERO));
    }

    /// One tick of the own voice.
    pub(super) fn local(&mut self, pcm: &[f32], muted: bool) {
        let level = if muted { AudioLevel::SILENCE } else { LevelMeter::measure(pcm) };
        let user = self.user.clone();
        self.note(&user, level);
    }

    /// One tick of somebody else's.
    pub(super) fn remote(&mut self, user: &UserId, level: AudioLevel) {
        self.note(user, level);
    }

    /// One tick of all others together.
    pub(super) fn total(&mut self, level: AudioLevel) {
        self.total = louder(self.total, level);
    }

    /// The report, if it is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<VolumeReport> {
        if !self.ticker.as_mut()?.take(now) {
            return None;
        }
        let volumes = self.people.iter_mut().filter_map(|(user, loudness)| {
            let volume = loudness.loudest.volume();
            let speaks = volume > Volume::SILENT;
            let told = speaks || loudness.spoke;
            *loudness = Loudness { loudest: AudioLevel::SILENCE, spoke: speaks };
            told.then(|| UserVolume { user: user.clone(), volume })
        });
        self.last = VolumeReport { volumes: volumes.collect(), total: self.total.volume() };
        // Who is silent and was told so needs no place any more.
        self.people.retain(|_, loudness| loudness.spoke);
        self.total = AudioLevel::SILENCE;
        Some(self.last.clone())
    }

    /// The last report.
    pub(super) fn last(&self) -> &VolumeReport {
        &self.last
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.ticker.as_ref().map(Ticker::next)
    }

    fn note(&mut self, user: &UserId, level: AudioLevel) {
        if let Some(loudness) = self.people.get_mut(user) {
            loudness.loudest = louder(loudness.loudest, level);
        } else if self.people.len() < MOST_PEOPLE {
            self.people.insert(user.clone(), Loudness { loudest: level, spoke: false });
        }
    }
}

/// The louder of two: the one fewer decibels below the overload point.
fn louder(one: AudioLevel, other: AudioLevel) -> AudioLevel {
    if one.neg_dbov() <= other.neg_dbov() { one } else { other }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn told(report: &VolumeReport) -> Vec<(&str, u8)> {
        report.volumes.iter().map(|told| (told.user.as_str(), told.volume.percent())).collect()
    }

    #[test]
    fn who_speaks_is_told_and_once_more_when_they_fall_silent() {
        let mut volumes = Volumes::new(user("me"));
        volumes.set_interval(epoch(), Some(INTERVAL));
        assert_eq!(volumes.take_due(epoch()), None);
        volumes.local(&[0.5; 480], false);
        volumes.remote(&user("bob"), AudioLevel::from_neg_dbov(30));
        volumes.remote(&user("bob"), AudioLevel::from_neg_dbov(90));
        volumes.total(AudioLevel::from_neg_dbov(30));
        let report = volumes.take_due(epoch() + INTERVAL).unwrap();
        assert_eq!(told(&report), [("bob", 50), ("me", 90)]);
        assert_eq!(report.total.percent(), 50);
        let report = volumes.take_due(epoch() + INTERVAL * 2).unwrap();
        assert_eq!(told(&report), [("bob", 0), ("me", 0)]);
        let report = volumes.take_due(epoch() + INTERVAL * 3).unwrap();
        assert_eq!((told(&report), report.total), (vec![], Volume::SILENT));
    }

    #[test]
    fn handled_one_interval_late_the_report_is_not_due_again() {
        let mut volumes = Volumes::new(user("me"));
        volumes.set_interval(epoch(), Some(INTERVAL));
        for late in [INTERVAL * 2, INTERVAL * 7 / 2] {
            assert!(volumes.take_due(epoch() + late).is_some());
            assert!(volumes.next().unwrap() > epoch() + late);
        }
    }

    #[test]
    fn a_muted_microphone_is_silent_and_no_interval_is_no_report() {
        let mut volumes = Volumes::new(user("me"));
        volumes.local(&[0.5; 480], true);
        assert_eq!((volumes.next(), volumes.take_due(epoch())), (None, None));
        volumes.set_interval(epoch(), Some(INTERVAL));
        assert_eq!(told(&volumes.take_due(epoch() + INTERVAL).unwrap()), []);
        volumes.set_interval(epoch(), Some(Duration::ZERO));
        assert_eq!(volumes.next(), None);
    }

    #[test]
    fn everybody_of_the_largest_call_is_told_and_whoever_leaves_makes_room() {
        let mut volumes = Volumes::new(user("me"));
        volumes.set_interval(epoch(), Some(INTERVAL));
        let loud = AudioLevel::from_neg_dbov(10);
        let people: Vec<_> = (0..MOST_REMOTES).map(|number| user(&format!("u{number}"))).collect();
        volumes.local(&[0.5; 480], false);
        for one in &people {
            volumes.remote(one, loud);
        }
        let report = volumes.take_due(epoch() + INTERVAL).unwrap();
        assert_eq!(report.volumes.len(), MOST_REMOTES + 1);
        // Silent twice: told once more with 0, then let go.
        volumes.take_due(epoch() + INTERVAL * 2).unwrap();
        volumes.take_due(epoch() + INTERVAL * 3).unwrap();
        volumes.remote(&user("late"), loud);
        let report = volumes.take_due(epoch() + INTERVAL * 4).unwrap();
        assert_eq!(told(&report).first().map(|told| told.0), Some("late"));
    }
}
