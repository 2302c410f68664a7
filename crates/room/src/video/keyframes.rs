use std::time::{Duration, Instant};

/// Key frames are large: a sender is asked for one no more often than this.
pub(crate) const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(500);

/// Requests for a key frame of one layer, of all who want one together.
#[derive(Debug, Default)]
pub(crate) struct KeyFrames {
    is_wanted: bool,
    asked: Option<Instant>,
}

impl KeyFrames {
    /// Somebody wants one.
    pub(crate) const fn want(&mut self) {
        self.is_wanted = true;
    }

    /// One begins, or nobody wants one any more.
    pub(crate) const fn done(&mut self) {
        self.is_wanted = false;
    }

    /// When to ask: at once for the first, and again while none comes.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let asked = self.asked.filter(|_| self.is_wanted);
        let soonest = asked.map_or(now, |asked| asked + KEY_FRAME_INTERVAL);
        self.is_wanted.then_some(soonest)
    }

    /// Whether to ask now, which is taken as done.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let is_due = self.due(now).is_some_and(|due| due <= now);
        if is_due {
            self.asked = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn many_wishes_are_one_request() {
        let mut frames = KeyFrames::default();
        let at = |millis| epoch() + Duration::from_millis(millis);
        assert!(!frames.take_due(at(0)));
        frames.want();
        frames.want();
        assert!(frames.take_due(at(0)));
        assert!(!frames.take_due(at(499)));
        assert!(frames.take_due(at(500)), "none came");
        frames.done();
        assert_eq!(frames.due(at(2_000)), None);
        frames.want();
        assert!(!frames.take_due(at(501)), "asked for lately");
        assert_eq!(frames.due(at(501)), Some(at(1_000)));
    }
}
