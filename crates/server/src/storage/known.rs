//! Accounts seen a moment ago. Every call asks whether whom it rings exists, and a database answers
//! from another thread.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use calling_model::UserId;

/// How long an account counts as there without looking again. Deleting one has it forgotten at
/// once; this bounds what is missed if who deleted did not wait for the end.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Accounts kept; when there are more all are forgotten, which costs each one look.
const MOST: usize = 65_536;

/// Accounts known to exist.
#[derive(Debug, Default)]
pub(super) struct Known {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    seen: HashMap<UserId, Instant>,
    deletions: u64,
}

/// That somebody began to look, before which nothing was deleted that they could miss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    deletions: u64,
}

impl Known {
    /// Whether `user` is known to exist; if not, what to hand to [`Self::found`] after looking.
    pub(super) fn contains(&self, now: Instant, user: &UserId) -> Result<(), Look> {
        self.with(|inner| match inner.seen.get(user) {
            Some(seen) if now.saturating_duration_since(*seen) < GOOD_FOR => Ok(()),
            Some(_) | None => Err(Look { deletions: inner.deletions }),
        })
    }

    /// `user` was there, unless an account was deleted meanwhile.
    pub(super) fn found(&self, now: Instant, user: &UserId, look: Look) {
        self.with(|inner| {
            if inner.deletions != look.deletions {
                return;
            }
            if inner.seen.len() >= MOST {
                inner.seen.clear();
            }
            inner.seen.insert(user.clone(), now);
        });
    }

    /// `user` is gone.
    pub(super) fn deleted(&self, user: &UserId) {
        self.with(|inner| {
            inner.deletions += 1;
            inner.seen.remove(user);
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        // Nothing in here panics half-way.
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> UserId {
        UserId::new("alice").unwrap()
    }

    #[test]
    fn who_was_seen_is_known_for_a_minute() {
        let (known, start) = (Known::default(), Instant::now());
        let look = known.contains(start, &alice()).unwrap_err();
        known.found(start, &alice(), look);
        assert!(known.contains(start + GOOD_FOR - Duration::from_millis(1), &alice()).is_ok());
        assert!(known.contains(start + GOOD_FOR, &alice()).is_err());
    }

    #[test]
    fn who_is_deleted_is_forgotten_also_by_who_was_looking() {
        let (known, now) = (Known::default(), Instant::now());
        let look = known.contains(now, &alice()).unwrap_err();
        known.deleted(&alice());
        known.found(now, &alice(), look);
        let look = known.contains(now, &alice()).unwrap_err();
        known.found(now, &alice(), look);
        assert!(known.contains(now, &alice()).is_ok());
        known.deleted(&alice());
        assert!(known.contains(now, &alice()).is_err());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let (known, now) = (Known::default(), Instant::now());
        for number in 0..=MOST {
            let user = UserId::new(format!("u{number}")).unwrap();
            let look = known.contains(now, &user).unwrap_err();
            known.found(now, &user, look);
        }
        assert_eq!(known.with(|inner| inner.seen.len()), 1);
    }
}
