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
