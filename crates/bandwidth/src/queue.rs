use crate::time::{Micros, millis};

/// How long the shortest delay is believed in. Clocks that differ by 100 ppm drift 2 ms meanwhile.
const HALF_WINDOW_US: Micros = 10_000_000;
/// Share of the delay so far in the smoothed one.
const SMOOTHING: f64 = 0.8;

/// How long packets wait on the path: how much later than the fastest of the last ten to twenty
/// seconds they come.
#[derive(Debug, Default)]
pub(crate) struct QueueDelay {
    /// The shortest delay of the half before this one, and of this one, clocks differing.
    shortest: Option<(Micros, Micros)>,
    began: Micros,
    smoothed: f64,
}

impl QueueDelay {
    /// One more packet that came.
    pub(crate) fn push(&mut self, sent: Micros, came: Micros) {
        let delay = came - sent;
        let (before, current) = self.shortest.unwrap_or((delay, delay));
        self.shortest = Some(if sent - self.began >= HALF_WINDOW_US {
            self.began = sent;
            (current, delay)
        } else {
            (before, current.min(delay))
        });
        let (before, current) = self.shortest.unwrap_or((delay, delay));
        let waited = millis(delay - before.min(current).min(delay));
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * waited;
    }

    /// Smoothed, in ms.
    pub(crate) const fn ms(&self) -> f64 {
        self.smoothed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_is_above_the_shortest_delay_of_late() {
        let mut queue = QueueDelay::default();
        queue.push(0, 1_000_000);
        for packet in 1..50 {
            queue.push(packet * 10_000, 1_040_000 + packet * 10_000);
        }
        assert!((queue.ms() - 40.0).abs() < 0.1);
        for packet in 50..2_500 {
            queue.push(packet * 10_000, 1_040_000 + packet * 10_000);
        }
        assert!(queue.ms() < 0.1, "the path has become longer");
    }
}
