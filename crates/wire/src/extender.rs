/// Where the first value lands, so that values reordered from before it stay above zero.
const FIRST_EPOCH: u64 = 1 << 32;

macro_rules! extender {
    ($(#[$doc:meta])* $name:ident, $wire:ty, $signed:ty) => {
        $(#[$doc])*
        ///
        /// A value counts as newer if it is less than half the range ahead of the highest so far,
        /// and as older otherwise. The first value `v` becomes 2^32 + `v`, so that what was
        /// reordered from before it is still above zero.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            highest: Option<u64>,
        }

        impl $name {
            /// An extender that has seen nothing.
            pub const fn new() -> Self {
                Self { highest: None }
            }

            /// The value with its wraps, remembering it if it is the newest.
            pub fn extend(&mut self, value: $wire) -> u64 {
                let extended = self.peek(value);
                if self.highest.is_none_or(|highest| extended > highest) {
                    self.highest = Some(extended);
                }
                extended
            }

            /// What [`extend`](Self::extend) would return, without remembering it.
            pub fn peek(&self, value: $wire) -> u64 {
                let Some(highest) = self.highest else {
                    return FIRST_EPOCH + u64::from(value);
                };
                // Truncation keeps the bits that were on the wire; the difference is modulo 2^n.
                let ahead = value.wrapping_sub(highest as $wire) as $signed;
                highest.saturating_add_signed(i64::from(ahead))
            }

            /// The newest extended value so far.
            pub const fn highest(&self) -> Option<u64> {
                self.highest
            }
        }
    };
}

extender! {
    /// Extends 16-bit RTP sequence numbers with their wraps (RFC 3550 section 6.4.1).
    SequenceExtender, u16, i16
}

extender! {
    /// Extends 32-bit RTP timestamps with their wraps.
    TimestampExtender, u32, i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value congruent to `wire` modulo `range` that is nearest to `highest`; of two equally
    /// near the older.
    fn nearest(highest: u64, wire: u64, range: u64) -> u64 {
        let base = highest - highest % range + wire;
        let candidates = [base - range, base, base + range];
        // The first of equals is the smallest.
        candidates.into_iter().min_by_key(|candidate| candidate.abs_diff(highest)).unwrap()
    }

    #[test]
    fn wraps_at_65535() {
        let mut extender = SequenceExtender::new();
        let first = extender.extend(65_535);
        assert_eq!(first, (1 << 32) + 65_535);
        assert_eq!(extender.extend(0), first + 1);
        assert_eq!(extender.extend(1), first + 2);
    }

    #[test]
    fn reordering_at_the_wrap_goes_back_over_it() {
        let mut extender = SequenceExtender::new();
        let first = extender.extend(65_534);
        assert_eq!(extender.extend(1), first + 3);
        assert_eq!(extender.extend(65_535), first + 1);
        assert_eq!(extender.extend(0), first + 2);
        assert_eq!(extender.highest(), Some(first + 3));
        assert_eq!(extender.extend(2), first + 4);
    }

    #[test]
    fn what_comes_from_before_the_first_packet_is_below_it() {
        let mut extender = SequenceExtender::new();
        let first = extender.extend(0);
        assert_eq!(extender.extend(65_535), first - 1);
        assert_eq!(extender.extend(1), first + 1);
    }

    #[test]
    fn a_jump_of_half_the_range_counts_as_older() {
        let mut extender = SequenceExtender::new();
        let first = extender.extend(100);
        assert_eq!(extender.extend(100 + 0x8000), first - 0x8000);
        assert_eq!(extender.highest(), Some(first));
        assert_eq!(extender.extend(100 + 0x7fff), first + 0x7fff);
    }

    #[test]
    fn timestamps_wrap_and_never_underflow() {
        let mut extender = TimestampExtender::new();
        let first = extender.extend(0);
        assert_eq!(extender.extend(0x8000_0000), first - 0x8000_0000);
        let mut extender = TimestampExtender::new();
        let first = extender.extend(u32::MAX - 100);
        assert_eq!(extender.extend(859), first + 960);
    }

    #[test]
    fn peek_remembers_nothing() {
        let mut extender = SequenceExtender::new();
        assert_eq!(extender.peek(7), (1 << 32) + 7);
        assert_eq!(extender.highest(), None);
        extender.extend(7);
        extender.peek(9);
        assert_eq!(extender.highest(), Some((1 << 32) + 7));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn sequence_numbers_follow_the_reference(values in prop::collection::vec(any::<u16>(), 1..200)) {
            let mut extender = SequenceExtender::new();
            let mut highest = extender.extend(values[0]);
            for value in values {
                let expected = nearest(highest, u64::from(value), 1 << 16);
                prop_assert_eq!(extender.peek(value), expected);
                prop_assert_eq!(extender.extend(value), expected);
                highest = highest.max(expected);
                prop_assert_eq!(extender.highest(), Some(highest));
            }
        }

        #[test]
        fn timestamps_follow_the_reference(values in prop::collection::vec(any::<u32>(), 1..200)) {
            let mut extender = TimestampExtender::new();
            let mut highest = extender.extend(values[0]);
            for value in values {
                let expected = nearest(highest, u64::from(value), 1 << 32);
                prop_assert_eq!(extender.extend(value), expected);
                highest = highest.max(expected);
            }
        }

        /// What was sent is what comes out, as long as nothing is out of place by half the range.
        #[test]
        fn a_stream_is_restored(
            first in any::<u16>(),
            steps in prop::collection::vec(-30_000_i64..30_000, 1..300),
        ) {
            let mut extender = SequenceExtender::new();
            let origin = (1_i64 << 40) + i64::from(first);
            let offset = extender.extend(origin as u16) as i64 - origin;
            let mut newest = origin;
            for step in steps {
                let sent = newest + step;
                prop_assert_eq!(extender.extend(sent as u16) as i64, sent + offset);
                newest = newest.max(sent);
            }
        }
    }
}
