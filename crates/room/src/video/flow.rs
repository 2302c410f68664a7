use std::time::{Duration, Instant};

/// Frames of another layer without a packet of this one that show that its sender stopped it.
const MISSED_FRAMES: usize = 3;
/// A layer is given so long in any case: its sender may leave out a few frames.
const LEAST_SILENCE: Duration = Duration::from_millis(200);
/// A layer that stopped has to flow for so long before it is relied on again.
const PROBATION: Duration = Duration::from_secs(1);
/// The same of one that stops again and again.
const LONGEST_PROBATION: Duration = Duration::from_secs(8);
/// One that was relied on for so long has not stopped again and again.
const GOOD_CONDUCT: Duration = Duration::from_secs(10);

/// Whether a layer flows, and whether it can be relied on to go on.
///
/// A sender that has less to send with drops its largest layer, and the others go on. Time alone
/// does not show that: what is filmed once in a second is silent in between, in every layer. What
/// shows it are frames of the others.
///
/// ```text
///            stalled()                    packet()                    packet() after the probation
///  Steady ─────────────▶ Stalled ─────────────────────▶ Probation ────────────────────────────────▶ Steady
///                           ▲            stalled()          │
///                           └───────────────────────────────┘
/// ```
#[derive(Debug)]
pub(crate) struct Flow {
    /// When the newest packet came, if it flows.
    newest_at: Option<Instant>,
    /// The time of the newest frame on its sender's clock.
    newest_frame: Option<u64>,
    /// When the newest frames began, oldest first.
    frames: [Option<Instant>; MISSED_FRAMES],
    standing: Standing,
    /// How long the next lasts.
    probation: Duration,
    /// Since when it is steady after a probation.
    reinstated: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It stopped while others went on.
    Stalled,
    /// It flows again since it stopped.
    Probation { ends: Instant },
    /// It flows.
    Steady,
}

/// How far a layer that flows can be relied on, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// It stopped while others went on.
    Stalled,
    /// It flows again since it stopped.
    Probation,
    /// Nothing speaks against it.
    Steady,
}

/// What a packet changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// It is the first of a frame.
    pub(crate) begins_frame: bool,
    /// The layer can be relied on otherwise than before.
    pub(crate) is_news: bool,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            newest_at: None,
            newest_frame: None,
            frames: [None; MISSED_FRAMES],
            standing: Standing::Steady,
            probation: PROBATION,
            reinstated: None,
        }
    }
}

impl Flow {
    /// A packet of the frame at `media_time` may be forwarded.
    pub(crate) fn packet(&mut self, now: Instant, media_time: u64) -> Noted {
        let is_first = self.newest_at.replace(now).is_none();
        let before = self.standing;
        self.standing = match before {
            Standing::Stalled => Standing::Probation { ends: now + self.probation },
            Standing::Probation { ends } if ends <= now => {
                self.reinstated = Some(now);
                Standing::Steady
            }
            Standing::Probation { .. } | Standing::Steady => before,
        };
        let begins_frame = self.newest_frame.is_none_or(|newest| newest < media_time);
        if begins_frame {
            self.newest_frame = Some(media_time);
            self.frames.rotate_left(1);
            self.frames[MISSED_FRAMES - 1] = Some(now);
        }
        Noted { begins_frame, is_news: is_first || before != self.standing }
    }

    /// Another layer of the track goes on as `other` says; `true` if this one has stopped by that.
    pub(crate) fn is_left_behind(&mut self, now: Instant, other: &[Option<Instant>]) -> bool {
        let Some(newest) = self.newest_at.filter(|_| self.standing != Standing::Stalled) else {
            return false;
        };
        let missed_all = other.iter().all(|began| began.is_some_and(|began| began > newest));
        if !missed_all || newest + LEAST_SILENCE > now {
            return false;
        }
        if self.standing == Standing::Steady {
            let stayed = self.reinstated.map(|since| now.saturating_duration_since(since));
            self.probation = match stayed {
                Some(stayed) if stayed < GOOD_CONDUCT => self.probation * 2,
                Some(_) | None => PROBATION,
            };
            self.probation = self.probation.min(LONGEST_PROBATION);
        }
        self.standing = Standing::Stalled;
        true
    }

    /// When its newest frames began.
    pub(crate) const fn frames(&self) -> [Option<Instant>; MISSED_FRAMES] {
        self.frames
    }

    /// How far it can be relied on; `None` if it does not flow.
    pub(crate) fn rank(&self) -> Option<Rank> {
        self.newest_at.map(|_| match self.standing {
            Standing::Stalled => Rank::Stalled,
            Standing::Probation { .. } => Rank::Probation,
            Standing::Steady => Rank::Steady,
        })
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.newest_at.is_some()
    }

    /// `true` if it flowed until now. What it was relied on for before stays known.
    pub(crate) fn stop(&mut self) -> bool {
        self.frames = [None; MISSED_FRAMES];
        self.newest_at.take().is_some()
    }

    /// It stops because it is to: that says nothing of it.
    pub(crate) fn stop_on_purpose(&mut self) {
        *self = Self::default();
    }

    /// When it counts as stopped if nothing more comes.
    pub(crate) fn ends(&self, timeout: Duration) -> Option<Instant> {
        self.newest_at.map(|newest| newest + timeout)
    }
}
