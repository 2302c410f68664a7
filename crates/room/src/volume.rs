use std::collections::BTreeMap;
use std::time::Instant;

use calling_model::{AudioLevel, UserId, Volume};

use crate::VolumeInterval;

/// The loudness of one stream over the current interval: that of its loudest packet, so that the
/// gaps between syllables do not pull it down.
#[derive(Clone, Debug, Default)]
pub struct VolumeMeter {
    loudest: Option<AudioLevel>,
    was_audible: bool,
}

impl VolumeMeter {
    /// A meter that heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a packet's level. The packet must be authorised and no duplicate.
    pub fn observe(&mut self, level: AudioLevel) {
        // 0 −dBov is the loudest, so the louder level is the smaller number.
        let is_louder = self.loudest.is_none_or(|loudest| level.neg_dbov() < loudest.neg_dbov());
        if is_louder {
            self.loudest = Some(level);
        }
    }

    /// Forgets what was heard in this interval, as for somebody who is muted.
    pub fn silence(&mut self) {
        self.loudest = None;
    }

    /// Ends the interval: its level if it is to be told, that is if it was audible, or was in the
    /// interval before.
    fn take(&mut self) -> Option<AudioLevel> {
        let level = self.loudest.take().unwrap_or(AudioLevel::SILENCE);
        let is_audible = level.volume() > Volume::SILENT;
        let was_audible = std::mem::replace(&mut self.was_audible, is_audible);
        (is_audible || was_audible).then_some(level)
    }
}

/// How loud everybody was over one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volumes {
    /// Who was heard, and once more with volume 0 who just fell silent; by user.
    pub volumes: Vec<(UserId, Volume)>,
    /// All together.
    pub total: Volume,
}

/// Tells at its interval how loud everybody is.
#[derive(Clone, Debug)]
pub struct VolumeEvaluator {
    interval: VolumeInterval,
    due: Option<Instant>,
}

impl VolumeEvaluator {
    /// An evaluator that is not started.
    pub const fn new(interval: VolumeInterval) -> Self {
        Self { interval, due: None }
    }

    /// The first interval begins at `now`; nothing changes if it runs already.
    pub fn start(&mut self, now: Instant) {
        self.due.get_or_insert(now + self.interval.get());
    }

    /// No volumes from now on.
    pub const fn stop(&mut self) {
        self.due = None;
    }

    /// When the interval ends.
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Ends the interval if it is due. Intervals missed altogether are skipped.
    pub fn evaluate<'a>(
        &mut self,
        now: Instant,
        meters: impl Iterator<Item = (&'a UserId, &'a mut VolumeMeter)>,
    ) -> Option<Volumes> {
        let due = self.due.filter(|due| *due <= now)?;
        let next = due + self.interval.get();
        self.due = Some(if next > now { next } else { now + self.interval.get() });
        Some(collect(meters))
    }
}

fn collect<'a>(meters: impl Iterator<Item = (&'a UserId, &'a mut VolumeMeter)>) -> Volumes {
    let mut by_user = BTreeMap::<&UserId, Volume>::new();
    let mut power = 0.0;
    for (user, meter) in meters {
        let Some(level) = meter.take() else { continue };
        power += power_of(level);
        // An account with several devices is as loud as the loudest of them.
        let volume = by_user.entry(user).or_default();
        *volume = level.volume().max(*volume);
    }
    let volumes = by_user.into_iter().map(|(user, volume)| (user.clone(), volume)).collect();
    Volumes { volumes, total: level_of(power).volume() }
}

/// Relative to the overload point.
fn power_of(level: AudioLevel) -> f64 {
    10_f64.powf(-f64::from(level.neg_dbov()) / 10.0)
}

fn level_of(power: f64) -> AudioLevel {
    if power <= 0.0 {
        return AudioLevel::SILENCE;
    }
    // In range by the clamp; several voices may add up to more than the overload point.
    AudioLevel::from_neg_dbov((-10.0 * power.log10()).round().clamp(0.0, 127.0) as u8)
}
