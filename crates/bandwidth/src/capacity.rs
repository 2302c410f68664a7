/// Weight of one more reading.
const WEIGHT: f64 = 0.1;
/// Deviations within which the capacity is taken to be the same.
const DEVIATIONS: f64 = 3.0;
/// The least deviation, as a share of the mean.
const LEAST: f64 = 0.02;
/// The deviation of what a probe found.
const PROBED: f64 = 0.05;

/// What passes a path, from what passed while it was full.
#[derive(Debug, Default)]
pub(crate) struct LinkCapacity {
    /// In bits a second.
    mean: Option<f64>,
    /// As a share of the mean.
    deviation: f64,
}

impl LinkCapacity {
    /// So much passed of more that was sent.
    pub(crate) fn observe(&mut self, bps: f64) {
        let Some(mean) = self.mean.filter(|mean| !self.is_beyond(*mean, bps)) else {
            *self = Self { mean: Some(bps), deviation: LEAST };
            return;
        };
        let off = (bps - mean).abs() / mean.max(1.0);
        self.deviation += WEIGHT * (off - self.deviation);
        self.mean = Some(mean + WEIGHT * (bps - mean));
    }

    /// A probe found so much: less exact, but not what happened to be sent.
    pub(crate) const fn probed(&mut self, bps: f64) {
        *self = Self { mean: Some(bps), deviation: PROBED };
    }

    /// In bits a second, if known.
    pub(crate) const fn bps(&self) -> Option<f64> {
        self.mean
    }

    /// More passes than was thought possible: nothing is known any more.
    pub(crate) fn exceeded(&mut self, bps: f64) {
        if self.mean.is_some_and(|mean| bps > mean && self.is_beyond(mean, bps)) {
            self.mean = None;
        }
    }

    fn is_beyond(&self, mean: f64, bps: f64) -> bool {
        (bps - mean).abs() > DEVIATIONS * self.deviation.max(LEAST) * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_near_one_another_are_averaged_and_others_believed() {
        let mut capacity = LinkCapacity::default();
        assert_eq!(capacity.bps(), None);
        capacity.observe(1e6);
        capacity.observe(1.04e6);
        assert!((1.003e6..1.005e6).contains(&capacity.bps().unwrap()));
        capacity.observe(5e5);
        assert_eq!(capacity.bps(), Some(5e5));
    }

    #[test]
    fn what_is_exceeded_is_forgotten() {
        let mut capacity = LinkCapacity::default();
        capacity.observe(1e6);
        capacity.exceeded(1.03e6);
        assert!(capacity.bps().is_some());
        capacity.exceeded(0.5e6);
        assert!(capacity.bps().is_some(), "less passes: that says nothing");
        capacity.exceeded(1.2e6);
        assert_eq!(capacity.bps(), None);
    }
}
