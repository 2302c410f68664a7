/// Which of the last [`ReplayWindow::LEN`] indices were seen (RFC 3711 section 3.3.2).
#[derive(Clone, Debug, Default)]
pub(super) struct ReplayWindow {
    highest: Option<u64>,
    /// Bit `index % LEN` tells whether `index` was seen, for the indices the window covers.
    seen: [u64; Self::WORDS],
}

/// Why an index may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    Repeated,
    TooOld,
}

impl ReplayWindow {
    /// Indices covered. A packet may come up to 20 s late at 50 packets a second.
    pub(super) const LEN: u64 = 1024;
    const WORDS: usize = (Self::LEN / 64) as usize;

    pub(super) const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether `index` is new. Changes nothing, so that it can be asked before authentication.
    pub(super) fn check(&self, index: u64) -> Result<(), Stale> {
        let Some(highest) = self.highest else { return Ok(()) };
        if index > highest {
            return Ok(());
        }
        if highest - index >= Self::LEN {
            return Err(Stale::TooOld);
        }
        let (word, bit) = Self::place(index);
        if self.seen[word] & bit == 0 { Ok(()) } else { Err(Stale::Repeated) }
    }

    /// Marks an index that [`check`](Self::check) allowed.
    pub(super) fn record(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index > highest => self.advance(highest, index),
            Some(_) => {}
            None => self.highest = Some(index),
        }
        let (word, bit) = Self::place(index);
        self.seen[word] |= bit;
    }

    fn advance(&mut self, from: u64, to: u64) {
        self.highest = Some(to);
        if to - from >= Self::LEN {
            self.seen = [0; Self::WORDS];
            return;
        }
        for index in from + 1..=to {
            let (word, bit) = Self::place(index);
            self.seen[word] &= !bit;
        }
    }

    const fn place(index: u64) -> (usize, u64) {
        // The remainder is below WORDS * 64, so it fits.
        let position = (index % Self::LEN) as usize;
        (position / 64, 1 << (position % 64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeats_and_the_past_are_stale() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.check(5), Ok(()));
        window.record(5);
        assert_eq!(window.check(5), Err(Stale::Repeated));
        assert_eq!(window.check(4), Ok(()));
        window.record(5 + 1023);
        assert_eq!(window.check(5), Err(Stale::Repeated));
        assert_eq!(window.check(4), Err(Stale::TooOld));
        window.record(5 + 1024);
        assert_eq!(window.check(5), Err(Stale::TooOld));
        assert_eq!(window.check(6), Ok(()), "the slot of 1030 was cleared for 6's successor");
    }

    #[test]
    fn a_jump_beyond_the_window_forgets_all() {
        let mut window = ReplayWindow::default();
        for index in 0..2000 {
            window.record(index);
        }
        window.record(1 << 40);
        assert_eq!(window.check((1 << 40) - 1), Ok(()));
        assert_eq!(window.check((1 << 40) - 1024), Err(Stale::TooOld));
    }

    proptest! {
        #[test]
        fn behaves_as_a_set_with_a_lower_bound(steps in prop::collection::vec(0_u64..3000, 1..200)) {
            let mut window = ReplayWindow::default();
            let mut seen = BTreeSet::new();
            for index in steps {
                let expected = match seen.last() {
                    Some(&highest) if index + ReplayWindow::LEN <= highest => Err(Stale::TooOld),
                    _ if seen.contains(&index) => Err(Stale::Repeated),
                    _ => Ok(()),
                };
                prop_assert_eq!(window.check(index), expected);
                if expected.is_ok() {
                    window.record(index);
                    seen.insert(index);
                }
            }
        }
    }
}
