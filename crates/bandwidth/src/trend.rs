use crate::group::GroupDelta;
use crate::time::{Micros, millis};

/// Groups that a line is laid through.
const WINDOW: usize = 20;
/// Share of the delay so far in the smoothed one.
const SMOOTHING: f64 = 0.9;

/// How fast the delay of a path grows: the slope of a line through the smoothed sums of what
/// groups came late (Carlucci et al., Analysis and design of the Google congestion control for
/// WebRTC, 2016, with a line instead of a Kalman filter).
#[derive(Debug, Default)]
pub(crate) struct Trendline {
    /// When each group came in ms, and the smoothed delay then; a ring.
    points: [(f64, f64); WINDOW],
    pushed: usize,
    origin: Option<Micros>,
    sum: f64,
    smoothed: f64,
}

impl Trendline {
    /// One more group; the slope, in ms a ms, once there are enough.
    pub(crate) fn push(&mut self, delta: &GroupDelta) -> Option<f64> {
        let origin = *self.origin.get_or_insert(delta.at);
        self.sum += millis(delta.came - delta.sent);
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.sum;
        self.points[self.pushed % WINDOW] = (millis(delta.at - origin), self.smoothed);
        self.pushed += 1;
        (self.pushed >= WINDOW).then(|| self.slope()).flatten()
    }

    /// Groups so far.
    pub(crate) const fn pushed(&self) -> usize {
        self.pushed
    }

    /// By least squares.
    fn slope(&self) -> Option<f64> {
        let mean =
            |of: fn(&(f64, f64)) -> f64| self.points.iter().map(of).sum::<f64>() / WINDOW as f64;
        let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
        let (covariance, variance) = self.points.iter().fold((0.0, 0.0), |sums, (x, y)| {
            let x = x - x_mean;
            (sums.0 + x * (y - y_mean), sums.1 + x * x)
        });
        (variance > 0.0).then(|| covariance / variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope(growth: Micros) -> f64 {
        let mut line = Trendline::default();
        let deltas = (1..=100).map(|index| GroupDelta {
            sent: 10_000,
            came: 10_000 + growth,
            at: index * (10_000 + growth),
        });
        deltas.map(|delta| line.push(&delta)).last().flatten().unwrap()
    }

    #[test]
    fn the_slope_is_that_of_the_delay() {
        assert!(slope(0).abs() < 1e-9);
        assert!((slope(1_000) - 1.0 / 11.0).abs() < 0.01, "{}", slope(1_000));
        assert!(slope(-1_000) < -0.1);
    }

    #[test]
    fn too_few_groups_or_one_moment_give_none() {
        let mut line = Trendline::default();
        let delta = GroupDelta { sent: 0, came: 0, at: 5 };
        for _ in 0..50 {
            assert_eq!(line.push(&delta), None);
        }
        assert_eq!(line.pushed(), 50);
    }
}
