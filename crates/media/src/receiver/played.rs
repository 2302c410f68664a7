/// Which of the last 128 sequence numbers were played, to tell duplicates from latecomers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Played {
    newest: u64,
    /// Bit `n` stands for `newest − n`.
    bits: u128,
}

impl Played {
    pub(super) const fn add(&mut self, sequence: u64) {
        if sequence > self.newest {
            let ahead = sequence - self.newest;
            self.bits = if ahead < 128 { self.bits << ahead } else { 0 };
            self.newest = sequence;
        }
        let behind = self.newest - sequence;
        if behind < 128 {
            self.bits |= 1 << behind;
        }
    }

    pub(super) const fn contains(&self, sequence: u64) -> bool {
        match self.newest.checked_sub(sequence) {
            Some(behind) => behind < 128 && self.bits >> behind & 1 == 1,
            None => false,
        }
    }

    /// Whether it is among the numbers remembered and not one of those added.
    pub(super) const fn lacks(&self, sequence: u64) -> bool {
        match self.newest.checked_sub(sequence) {
            Some(behind) => behind < 128 && self.bits >> behind & 1 == 0,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Played;

    #[test]
    fn remembers_the_last_128() {
        let mut played = Played::default();
        for sequence in [100, 103, 101, 264, 137] {
            played.add(sequence);
        }
        assert!(played.contains(264) && played.contains(137));
        assert!(!played.contains(138) && !played.contains(265), "never played");
        assert!(!played.contains(103), "too long ago to know");
        assert!(played.lacks(138) && !played.lacks(137), "they were");
        assert!(!played.lacks(102) && !played.lacks(265), "too long ago, and not yet");
    }
}
