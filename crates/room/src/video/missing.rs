use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What was merely reordered comes by itself within this.
const PATIENCE: Duration = Duration::from_millis(10);
/// A round trip and a little; what was asked for again and did not come was lost again.
const RETRY: Duration = Duration::from_millis(80);
/// After so many requests the picture is given up.
const MOST_REQUESTS: u8 = 5;
/// More at once is no loss that asking again would mend.
const MOST_MISSING: usize = 256;

/// Which packets of a layer did not come, and when to ask for them again (RFC 4585 section 6.2.1).
#[derive(Debug, Default)]
pub(crate) struct Missing {
    packets: BTreeMap<u64, Request>,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    made: u8,
    due: Instant,
}

impl Missing {
    /// These did not come before what did. `false` if there are too many to ask for: a key frame
    /// is what helps.
    pub(crate) fn skip(&mut self, now: Instant, indices: std::ops::Range<u64>) -> bool {
        let many = usize::try_from(indices.end - indices.start).unwrap_or(usize::MAX);
        if self.packets.len() + many > MOST_MISSING {
            self.packets.clear();
            return false;
        }
        let request = Request { made: 0, due: now + PATIENCE };
        self.packets.extend(indices.map(|index| (index, request)));
        true
    }

    /// It came after all.
    pub(crate) fn came(&mut self, index: u64) {
        if !self.packets.is_empty() {
            self.packets.remove(&index);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.packets.clear();
    }

    /// When something is to be asked for.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.packets.values().map(|request| request.due).min()
    }

    /// What to ask for now; what was asked for often enough is given up.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<u64> {
        self.packets.retain(|_, request| request.due > now || request.made < MOST_REQUESTS);
        let mut due = Vec::new();
        for (index, request) in self.packets.iter_mut().filter(|(_, request)| request.due <= now) {
            request.made += 1;
            request.due = now + RETRY;
            due.push(*index);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    fn at(millis: u64) -> Instant {
        epoch() + Duration::from_millis(millis)
    }

    #[test]
    fn what_is_missing_is_asked_for_a_few_times() {
        let mut missing = Missing::default();
        assert_eq!(missing.due(), None);
        assert!(missing.skip(at(0), 5..7));
        assert_eq!(missing.due(), Some(at(10)));
        assert!(missing.take_due(at(9)).is_empty());
        assert_eq!(missing.take_due(at(10)), [5, 6]);
        missing.came(5);
        for request in 1..5 {
            assert_eq!(missing.due(), Some(at(10 + request * 80)));
            assert_eq!(missing.take_due(at(10 + request * 80)), [6]);
        }
        assert!(missing.take_due(at(410)).is_empty(), "given up");
        assert_eq!(missing.due(), None);
    }

    #[test]
    fn what_came_within_its_time_is_not_asked_for() {
        let mut missing = Missing::default();
        missing.skip(at(0), 5..6);
        missing.came(5);
        assert_eq!(missing.due(), None);
    }

    #[test]
    fn too_many_are_no_matter_of_asking_again() {
        let mut missing = Missing::default();
        assert!(missing.skip(at(0), 0..256));
        assert!(!missing.skip(at(0), 300..301));
        assert_eq!(missing.due(), None);
        assert!(!missing.skip(at(0), 0..257));
        assert!(missing.take_due(at(99)).is_empty());
    }
}
