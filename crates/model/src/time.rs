use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Wall-clock time in milliseconds since 1970-01-01 UTC, as records and messages carry it.
///
/// Deadlines are never computed from it: it can jump. They use `Instant`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// Time elapsed since `earlier`; zero if the wall clock went backwards in between.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This time plus `duration`, in whole milliseconds.
    pub fn saturating_add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// Whole seconds since 1970-01-01 UTC.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_going_backwards_is_zero() {
        assert_eq!(UnixMillis(5).saturating_since(UnixMillis(9)), Duration::ZERO);
        assert_eq!(UnixMillis(9).saturating_since(UnixMillis(5)), Duration::from_millis(4));
    }
}
