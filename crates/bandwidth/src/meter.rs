use crate::time::Micros;

const BUCKET_US: Micros = 20_000;

/// Bits per second over the last `N − 1` full buckets of 20 ms, by whatever clock it is told.
#[derive(Debug)]
pub(crate) struct RateMeter<const N: usize> {
    bytes: [u32; N],
    /// The bucket of the latest time, and the one where it began.
    span: Option<(i64, i64)>,
}

impl<const N: usize> RateMeter<N> {
    /// Nothing passed yet.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], span: None }
    }

    /// So many bytes passed at `at`. What is older than the window does not count; a clock that
    /// goes back by more begins anew.
    pub(crate) fn add(&mut self, at: Micros, bytes: u32) {
        let bucket = at.div_euclid(BUCKET_US);
        self.advance(at);
        let Some((newest, _)) = self.span else { return };
        if newest - bucket < N as i64 {
            let sum = &mut self.bytes[Self::index(bucket)];
            *sum = sum.saturating_add(bytes);
        } else if newest - bucket > 10 * N as i64 {
            *self = Self::new();
            self.add(at, bytes);
        }
    }

    /// Time passed up to `at`.
    pub(crate) fn advance(&mut self, at: Micros) {
        let bucket = at.div_euclid(BUCKET_US);
        let (newest, began) = *self.span.get_or_insert((bucket, bucket));
        for passed in (newest + 1..=bucket).take(N) {
            self.bytes[Self::index(passed)] = 0;
        }
        if bucket - newest > N as i64 {
            self.bytes = [0; N];
        }
        self.span = Some((newest.max(bucket), began));
    }

    /// The rate; `None` until a third of the window has passed.
    pub(crate) fn bps(&self) -> Option<f64> {
        let (newest, began) = self.span?;
        let full = (newest - began).min(N as i64 - 1);
        if full * 3 < N as i64 - 1 {
            return None;
        }
        let buckets = newest - full..newest;
        let bytes: u64 = buckets.map(|bucket| u64::from(self.bytes[Self::index(bucket)])).sum();
        Some(bytes as f64 * 8e6 / (full * BUCKET_US) as f64)
    }

    const fn index(bucket: i64) -> usize {
        bucket.rem_euclid(N as i64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_has_its_rate_and_silence_none() {
        let mut meter = RateMeter::<16>::new();
        assert_eq!(meter.bps(), None);
        for packet in 0..100 {
            meter.add(packet * 5_000, 625);
        }
        assert_eq!(meter.bps(), Some(1e6));
        meter.advance(10_000_000);
        assert_eq!(meter.bps(), Some(0.0));
    }

    #[test]
    fn a_clock_may_jump() {
        let mut meter = RateMeter::<16>::new();
        meter.add(Micros::MAX / 2, 100);
        meter.add(-5, 100);
        meter.add(400_000, 3_000);
        meter.add(420_000, 100);
        assert_eq!(meter.bps(), Some(80_000.0), "3,000 bytes in 300 ms");
    }
}
