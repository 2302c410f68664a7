use crate::group::{GroupDelta, Groups};
use crate::time::{Micros, millis};
use crate::trend::Trendline;

/// What a slope is multiplied with before it is compared, besides the number of groups.
const GAIN: f64 = 4.0;
/// Groups that count at most.
const MOST_GROUPS: usize = 60;
/// How long a slope has to be too steep, in ms.
const PATIENCE_MS: f64 = 10.0;
/// The threshold, in ms: at first, and at the least and the most (draft-ietf-rmcat-gcc-02 section
/// 5.4).
const THRESHOLD_MS: f64 = 12.5;
const THRESHOLDS_MS: (f64, f64) = (6.0, 600.0);
/// How fast, in a ms, it follows what is above it and what is below (the same).
const UP: f64 = 0.0087;
const DOWN: f64 = 0.039;
/// What is that far above it is an outlier, in ms.
const OUTLIER_MS: f64 = 15.0;
/// A longer pause counts as this.
const LONGEST_STEP_MS: f64 = 100.0;

/// What the delay says of how much is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// As much as passes, or less.
    #[default]
    Normal,
    /// More than passes: a queue grows.
    Over,
    /// Less than passes: a queue drains.
    Under,
}

/// Finds from when packets came whether a queue grows (draft-ietf-rmcat-gcc-02 section 5), with a
/// threshold that follows the path, so that neither jitter nor a flow that fills the queue
/// silences us.
#[derive(Debug)]
pub(crate) struct OveruseDetector {
    groups: Groups,
    line: Trendline,
    threshold: f64,
    /// When it was compared last.
    at: Option<Micros>,
    /// For how long, in ms and in groups, the slope has been too steep.
    steep: Option<(f64, u32)>,
    slope: f64,
    usage: Usage,
}

impl OveruseDetector {
    /// Nothing came yet.
    pub(crate) fn new() -> Self {
        Self {
            groups: Groups::default(),
            line: Trendline::default(),
            threshold: THRESHOLD_MS,
            at: None,
            steep: None,
            slope: 0.0,
            usage: Usage::Normal,
        }
    }

    /// One more packet that came.
    pub(crate) fn push(&mut self, sent: Micros, came: Micros) {
        let Some(delta) = self.groups.push(sent, came) else { return };
        if let Some(slope) = self.line.push(&delta) {
            self.compare(slope, &delta);
        }
    }

    /// What the last group said.
    pub(crate) const fn usage(&self) -> Usage {
        self.usage
    }

    fn compare(&mut self, slope: f64, delta: &GroupDelta) {
        let weighted = slope * GAIN * self.line.pushed().min(MOST_GROUPS) as f64;
        if weighted > self.threshold {
            let step = millis(delta.sent);
            // It began somewhere between the group before and this one.
            let (time, groups) =
                self.steep.map_or((step / 2.0, 1), |(time, groups)| (time + step, groups + 1));
            self.steep = Some((time, groups));
            if time > PATIENCE_MS && groups > 1 && slope >= self.slope {
                self.usage = Usage::Over;
            }
        } else {
            self.steep = None;
            self.usage = if weighted < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.slope = slope;
        self.adapt(weighted.abs(), delta.at);
    }

    fn adapt(&mut self, weighted: f64, at: Micros) {
        let passed = self.at.map_or(0.0, |before| millis(at - before)).clamp(0.0, LONGEST_STEP_MS);
        self.at = Some(at);
        if weighted > self.threshold + OUTLIER_MS {
            return;
        }
        let gain = if weighted < self.threshold { DOWN } else { UP };
        let moved = self.threshold + gain * (weighted - self.threshold) * passed;
        self.threshold = moved.clamp(THRESHOLDS_MS.0, THRESHOLDS_MS.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets every 10 ms, each later than the one before by so many µs.
    fn drive(
        detector: &mut OveruseDetector,
        from: &mut (Micros, Micros),
        growth: Micros,
        n: usize,
    ) {
        for _ in 0..n {
            from.0 += 10_000;
            from.1 += 10_000 + growth;
            detector.push(from.0, from.1);
        }
    }

    #[test]
    fn a_growing_queue_is_overuse_and_a_draining_one_underuse() {
        let mut detector = OveruseDetector::new();
        let mut at = (0, 0);
        drive(&mut detector, &mut at, 0, 100);
        assert_eq!(detector.usage(), Usage::Normal);
        drive(&mut detector, &mut at, 1_500, 20);
        assert_eq!(detector.usage(), Usage::Over);
        drive(&mut detector, &mut at, -1_500, 40);
        assert_eq!(detector.usage(), Usage::Under);
        drive(&mut detector, &mut at, 0, 100);
        assert_eq!(detector.usage(), Usage::Normal);
    }

    #[test]
    fn one_late_group_is_no_overuse() {
        let mut detector = OveruseDetector::new();
        let mut at = (0, 0);
        drive(&mut detector, &mut at, 0, 100);
        detector.push(at.0 + 10_000, at.1 + 25_000);
        at = (at.0 + 10_000, at.1 + 10_000);
        for _ in 0..30 {
            drive(&mut detector, &mut at, 0, 1);
            assert_eq!(detector.usage(), Usage::Normal);
        }
    }

    #[test]
    fn the_threshold_follows_and_stays_in_bounds() {
        let mut detector = OveruseDetector::new();
        let mut at = (0, 0);
        drive(&mut detector, &mut at, 0, 200);
        assert!(detector.threshold < 6.1, "{}", detector.threshold);
        for _ in 0..50 {
            drive(&mut detector, &mut at, 700, 20);
            drive(&mut detector, &mut at, -700, 20);
            assert!((6.0..=600.0).contains(&detector.threshold));
        }
        drive(&mut detector, &mut at, 700, 300);
        assert!(detector.threshold > 10.0, "{}", detector.threshold);
    }
}
