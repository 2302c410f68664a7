//! Times as numbers: what a receiver tells is on a clock of its own, so both clocks count from
//! somewhere.

use std::time::{Duration, Instant};

use calling_wire::TransportArrivals;

/// Microseconds since some origin.
pub(crate) type Micros = i64;

/// Microseconds from `origin` to `now`; none if it is earlier.
pub(crate) fn since(origin: Instant, now: Instant) -> Micros {
    micros(now.saturating_duration_since(origin))
}

pub(crate) fn micros(duration: Duration) -> Micros {
    Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX)
}

pub(crate) fn millis(micros: Micros) -> f64 {
    micros as f64 / 1e3
}

pub(crate) fn seconds(micros: Micros) -> f64 {
    micros as f64 / 1e6
}

/// The clock of a receiver, from reference times that wrap every twelve days.
#[derive(Debug, Default)]
pub(crate) struct ReceiverClock {
    /// The last reference time, with wraps.
    last: Option<i64>,
}

impl ReceiverClock {
    const MODULUS: i64 = 1 << 24;
    /// Thirty thousand years: whoever claims them begins anew, before numbers overflow.
    const LONGEST: i64 = 1 << 44;

    /// The reference time of a feedback packet: the nearest to the last one.
    pub(crate) fn extend(&mut self, reference: u32) -> Micros {
        let reference = i64::from(reference);
        let extended = self.last.map_or(reference, |last| {
            let ahead = (reference - last).rem_euclid(Self::MODULUS);
            last + if ahead < Self::MODULUS / 2 { ahead } else { ahead - Self::MODULUS }
        });
        let extended = if extended.abs() < Self::LONGEST { extended } else { reference };
        self.last = Some(extended);
        extended * micros(TransportArrivals::REFERENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_times_go_on_where_they_wrap() {
        let mut clock = ReceiverClock::default();
        let before = clock.extend(0xff_ffff);
        assert_eq!(clock.extend(1) - before, 128_000);
        assert_eq!(clock.extend(0xff_ffff), before);
    }
}
