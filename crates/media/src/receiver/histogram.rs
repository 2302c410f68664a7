/// Shares of what was seen lately, in buckets, older ones forgotten bit by bit.
///
/// To forget, new entries weigh more instead of old ones less: one addition per entry.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    weights: Vec<f32>,
    total: f32,
    /// What the next entry weighs.
    unit: f32,
    entries: u32,
    forget: f32,
    /// Buckets from here on are empty.
    used: usize,
}

/// Beyond it, weights are scaled down before they lose precision.
const LARGEST_UNIT: f32 = 1e6;
/// What weighs less than this share of an entry has been forgotten.
const FORGOTTEN: f32 = 1e-4;

impl Histogram {
    /// `buckets` buckets; an entry's weight falls by `forget` with each later one.
    pub(super) fn new(buckets: usize, forget: f32) -> Self {
        Self { weights: vec![0.0; buckets], total: 0.0, unit: 1.0, entries: 0, forget, used: 0 }
    }

    /// Adds one entry; beyond the last bucket counts as in it.
    pub(super) fn add(&mut self, bucket: usize) {
        self.entries = self.entries.saturating_add(1);
        self.unit /= self.forget_now();
        let bucket = bucket.min(self.weights.len() - 1);
        self.weights[bucket] += self.unit;
        self.total += self.unit;
        self.used = self.used.max(bucket + 1);
        if self.unit > LARGEST_UNIT {
            self.rescale();
        }
    }

    /// The first entries are forgotten faster, so that it learns at once: each then weighs as
    /// much as about half of all before it (NetEq's start forget weight of 2).
    fn forget_now(&self) -> f32 {
        let starting = 1.0 - 2.0 / (self.entries as f32 + 1.0);
        starting.clamp(0.1, self.forget)
    }

    fn rescale(&mut self) {
        for weight in &mut self.weights[..self.used] {
            *weight /= self.unit;
            if *weight < FORGOTTEN {
                *weight = 0.0;
            }
        }
        self.unit = 1.0;
        // Summed anew, so that rounding never adds up.
        self.total = self.weights[..self.used].iter().sum();
        self.used = self.weights.iter().rposition(|weight| *weight > 0.0).map_or(0, |at| at + 1);
    }

    /// The share of entries above each bucket, from the first to the first that has none above.
    pub(super) fn shares_above(&self) -> impl Iterator<Item = f32> {
        let mut above = self.total;
        self.weights[..self.used].iter().map(move |weight| {
            above = (above - weight).max(0.0);
            if self.total > 0.0 { above / self.total } else { 0.0 }
        })
    }

    /// Takes what was above `bucket` for `bucket`.
    pub(super) fn forget_above(&mut self, bucket: usize) {
        if bucket + 1 < self.used {
            self.weights[bucket] += self.weights[bucket + 1..self.used].iter().sum::<f32>();
            self.weights[bucket + 1..self.used].fill(0.0);
            self.used = bucket + 1;
        }
    }

    /// Knows what `other` knows from now on, of as many buckets, and forgets it in its own time.
    pub(super) fn copy_weights(&mut self, other: &Self) {
        self.weights.copy_from_slice(&other.weights);
        (self.total, self.unit, self.used) = (other.total, other.unit, other.used);
    }

    pub(super) fn clear(&mut self) {
        self.weights.fill(0.0);
        (self.total, self.unit, self.entries, self.used) = (0.0, 1.0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantile(histogram: &Histogram, share: f32) -> usize {
        histogram.shares_above().position(|above| above <= 1.0 - share).unwrap()
    }

    #[test]
    fn quantiles_of_even_entries() {
        let mut histogram = Histogram::new(100, 0.999);
        (0..5_000).for_each(|n| histogram.add(n % 100));
        assert!((48..=52).contains(&quantile(&histogram, 0.5)));
        assert!((93..=97).contains(&quantile(&histogram, 0.95)));
    }

    #[test]
    fn the_first_entries_decide_at_once() {
        let mut histogram = Histogram::new(10, 0.983);
        histogram.add(7);
        assert_eq!(quantile(&histogram, 0.95), 7);
        (0..5).for_each(|_| histogram.add(2));
        assert_eq!(quantile(&histogram, 0.9), 2);
    }

    #[test]
    fn the_past_is_forgotten() {
        let mut histogram = Histogram::new(10, 0.983);
        (0..1_000).for_each(|_| histogram.add(9));
        let needed = (1..).find(|_| {
            histogram.add(0);
            quantile(&histogram, 0.95) == 0
        });
        // 0.983^n = 0.05
        assert_eq!(needed, Some(175));
    }

    #[test]
    fn it_stays_exact_for_ever() {
        let mut histogram = Histogram::new(10, 0.983);
        (0..1_000_000).for_each(|n| histogram.add(usize::from(n % 10 == 0) * 5));
        let first = histogram.shares_above().next().unwrap();
        assert!((0.05..0.15).contains(&first), "{first}");
        assert_eq!(histogram.used, 6);
    }

    #[test]
    fn what_was_above_is_forgotten_and_the_rest_weighs_as_before() {
        let mut histogram = Histogram::new(10, 0.99);
        (0..100).for_each(|n| histogram.add(if n % 2 == 0 { 8 } else { 1 }));
        histogram.forget_above(3);
        assert_eq!(quantile(&histogram, 1.0), 3);
        assert!((0.4..0.6).contains(&histogram.shares_above().nth(1).unwrap()));
        histogram.forget_above(9);
        assert_eq!(quantile(&histogram, 1.0), 3);
    }

    #[test]
    fn a_copy_knows_the_same_and_forgets_in_its_own_time() {
        let (mut quick, mut slow) = (Histogram::new(10, 0.9), Histogram::new(10, 0.999));
        (0..100).for_each(|_| slow.add(9));
        (0..100).for_each(|_| quick.add(2));
        slow.copy_weights(&quick);
        assert_eq!(quantile(&slow, 1.0), 2);
        (0..5).for_each(|_| slow.add(4));
        (0..5).for_each(|_| quick.add(4));
        let above = |histogram: &Histogram| histogram.shares_above().nth(2).unwrap();
        assert!(above(&slow) > 0.3 && above(&slow) < above(&quick), "{}", above(&slow));
    }

    #[test]
    fn beyond_the_last_bucket_is_the_last() {
        let mut histogram = Histogram::new(3, 0.9);
        histogram.add(1_000);
        assert_eq!(quantile(&histogram, 0.99), 2);
    }
}
