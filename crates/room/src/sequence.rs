use calling_wire::SequenceExtender;

use crate::RtpDiscard;

/// Sequence numbers behind the newest that are still told apart from duplicates: 20 s at 20 ms a
/// packet, as large as the replay window of SRTP.
const WINDOW: u64 = 1_024;
const WORD_BITS: u64 = 64;
const WORDS: usize = (WINDOW / WORD_BITS) as usize;
/// A larger step ahead is a restart or an attack, not loss (RFC 3550 appendix A.1).
const MAX_DROPOUT: u64 = 3_000;
/// Where the numbering of a stream begins, so that what was reordered from before its first packet
/// is still above zero.
const FIRST_INDEX: u64 = 1 << 32;

/// Numbers the packets of one publisher without wraps and without jumps, and tells duplicates.
///
/// A sequence number far from the newest is a discard, unless the very next one follows: then the
/// stream restarted there (RFC 3550 appendix A.1), and the numbering goes on as if nothing was
/// lost in between.
#[derive(Clone, Debug, Default)]
pub struct SequenceTracker {
    extender: SequenceExtender,
    /// Added to the extended sequence number, modulo 2^64.
    shift: u64,
    /// Of the newest packet.
    newest: Option<u64>,
    /// One bit for each of the newest [`WINDOW`] indices.
    seen: [u64; WORDS],
    /// After a jump, the sequence number that would confirm it.
    confirms_restart: Option<u16>,
    /// The owner said that the next packet begins anew.
    restarts: bool,
}

/// What the tracker says of a packet that is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// Its number; consecutive packets have consecutive numbers, also over a restart.
    pub index: u64,
    /// It is newer than all before.
    pub is_newest: bool,
    /// The stream restarted with this packet.
    pub restarted: bool,
    /// How many numbers lie between it and the newest before; 0 if it came late.
    pub skipped: u64,
}

impl SequenceTracker {
    /// A tracker that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Numbers a packet.
    ///
    /// # Errors
    /// [`RtpDiscard::Duplicate`] and [`RtpDiscard::SequenceJump`].
    pub fn track(&mut self, sequence_number: u16) -> Result<Tracked, RtpDiscard> {
        match self.newest {
            None => Ok(self.begin(sequence_number, FIRST_INDEX)),
            Some(newest) if self.restarts => Ok(self.restart_after(newest, sequence_number)),
            Some(newest) => self.place(sequence_number, newest),
        }
    }

    /// The stream begins anew with the next packet, wherever its numbers are.
    pub const fn restart(&mut self) {
        self.restarts = true;
    }

    /// The newest sequence number with its wraps, as a receiver report gives it
    /// (RFC 3550 section 6.4.1); `None` before the first packet.
    pub fn extended_highest(&self) -> Option<u32> {
        // The first value maps to 2^32 + v, so the low half starts at cycle 0.
        self.extender.highest().map(|highest| highest as u32)
    }

    /// The sequence number that the packet with `index` has since the last restart.
    pub const fn sequence_number(&self, index: u64) -> u16 {
        // Both count from where they wrap as the wire does.
        index.wrapping_sub(self.shift) as u16
    }

    fn place(&mut self, sequence_number: u16, newest: u64) -> Result<Tracked, RtpDiscard> {
        let index = self.extender.peek(sequence_number).wrapping_add(self.shift);
        if index > newest + MAX_DROPOUT || index + WINDOW <= newest {
            return self.probe(sequence_number, newest);
        }
        if index <= newest && self.is_seen(index) {
            return Err(RtpDiscard::Duplicate);
        }
        self.confirms_restart = None;
        self.extender.extend(sequence_number);
        self.forget_between(newest, index);
        self.mark(index);
        self.newest = Some(newest.max(index));
        let skipped = index.saturating_sub(newest + 1);
        Ok(Tracked { index, is_newest: index > newest, restarted: false, skipped })
    }

    fn probe(&mut self, sequence_number: u16, newest: u64) -> Result<Tracked, RtpDiscard> {
        if self.confirms_restart != Some(sequence_number) {
            self.confirms_restart = Some(sequence_number.wrapping_add(1));
            return Err(RtpDiscard::SequenceJump);
        }
        Ok(self.restart_after(newest, sequence_number))
    }

    fn restart_after(&mut self, newest: u64, sequence_number: u16) -> Tracked {
        self.restarts = false;
        self.confirms_restart = None;
        // What lies behind belongs to the stream before; nothing may fill its gaps.
        self.seen = [u64::MAX; WORDS];
        Tracked { restarted: true, ..self.begin(sequence_number, newest + 1) }
    }

    fn begin(&mut self, sequence_number: u16, index: u64) -> Tracked {
        self.extender = SequenceExtender::new();
        self.shift = index.wrapping_sub(self.extender.extend(sequence_number));
        self.newest = Some(index);
        self.mark(index);
        Tracked { index, is_newest: true, restarted: false, skipped: 0 }
    }

    /// Makes room in the window for what lies between `newest` and the newer `index`.
    fn forget_between(&mut self, newest: u64, index: u64) {
        if index > newest + WINDOW {
            self.seen = [0; WORDS];
            return;
        }
        for skipped in newest + 1..index {
            let (word, bit) = slot(skipped);
            self.seen[word] &= !bit;
        }
    }

    const fn mark(&mut self, index: u64) {
        let (word, bit) = slot(index);
        self.seen[word] |= bit;
    }

    const fn is_seen(&self, index: u64) -> bool {
        let (word, bit) = slot(index);
        self.seen[word] & bit != 0
    }
}

/// Where the bit of an index is.
const fn slot(index: u64) -> (usize, u64) {
    let position = index % WINDOW;
    // Below WORDS by the remainder.
    ((position / WORD_BITS) as usize, 1 << (position % WORD_BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn tracker_at(sequence_number: u16) -> (SequenceTracker, u64) {
        let mut tracker = SequenceTracker::new();
        let tracked = tracker.track(sequence_number).unwrap();
        assert!(tracked.is_newest && !tracked.restarted);
        (tracker, tracked.index)
    }

    #[test]
    fn numbers_run_on_over_65535() {
        let (mut tracker, first) = tracker_at(65_535);
        assert_eq!(tracker.track(0).unwrap().index, first + 1);
        assert_eq!(tracker.track(1).unwrap().index, first + 2);
        assert_eq!(tracker.track(65_534).unwrap().index, first - 1);
        assert_eq!(tracker.extended_highest(), Some(65_536 + 1));
    }

    #[test]
    fn the_window_reaches_back_1024() {
        let (mut tracker, first) = tracker_at(0);
        tracker.track(1_023).unwrap();
        assert_eq!(tracker.track(0), Err(RtpDiscard::Duplicate));
        let oldest = tracker.track(1).unwrap();
        assert_eq!((oldest.index, oldest.is_newest), (first + 1, false));
        tracker.track(1_024).unwrap();
        assert_eq!(tracker.track(0), Err(RtpDiscard::SequenceJump), "too old to tell");
    }

    #[test]
    fn a_step_of_3000_is_loss_and_one_more_is_a_jump() {
        let (mut tracker, first) = tracker_at(0);
        assert_eq!(tracker.track(3_001), Err(RtpDiscard::SequenceJump));
        assert_eq!(tracker.track(3_000).unwrap().index, first + 3_000);
        assert_eq!(tracker.track(2_999).unwrap().index, first + 2_999, "its bit was cleared");
        assert_eq!(tracker.track(2_999), Err(RtpDiscard::Duplicate));
    }

    #[test]
    fn two_in_a_row_are_a_restart() {
        let (mut tracker, first) = tracker_at(100);
        assert_eq!(tracker.track(40_000), Err(RtpDiscard::SequenceJump));
        let restarted = tracker.track(40_001).unwrap();
        let expected = Tracked { index: first + 1, is_newest: true, restarted: true, skipped: 0 };
        assert_eq!(restarted, expected);
        assert_eq!(tracker.track(40_002).unwrap().index, first + 2);
        assert_eq!(tracker.track(40_000), Err(RtpDiscard::Duplicate), "before the restart");
        assert_eq!(tracker.extended_highest(), Some(40_002));
    }

    #[test]
    fn a_packet_of_the_stream_in_between_disproves_a_restart() {
        let (mut tracker, _) = tracker_at(100);
        assert_eq!(tracker.track(40_000), Err(RtpDiscard::SequenceJump));
        tracker.track(101).unwrap();
        assert_eq!(tracker.track(40_001), Err(RtpDiscard::SequenceJump));
    }

    #[test]
    fn a_restart_that_was_announced_needs_no_proof() {
        let (mut tracker, first) = tracker_at(100);
        tracker.restart();
        let restarted = tracker.track(50_000).unwrap();
        assert_eq!((restarted.index, restarted.restarted), (first + 1, true));
        assert!(!tracker.track(50_001).unwrap().restarted);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// A stream with loss, duplicates and reordering within the window: each packet passes
        /// once, and is numbered as it was sent.
        #[test]
        fn each_packet_passes_once_in_its_place(
            first in any::<u16>(),
            steps in prop::collection::vec(
                prop_oneof![6 => 1_i64..4, 2 => -40_i64..1, 1 => 4_i64..3_000], 1..400,
            ),
        ) {
            let (mut tracker, origin) = tracker_at(first);
            let mut newest = 0_i64;
            let mut passed = BTreeSet::from([0]);
            for step in steps {
                let sent = newest + step;
                let tracked = tracker.track((i64::from(first) + sent) as u16);
                if passed.insert(sent) {
                    let expected = Tracked {
                        index: origin.wrapping_add_signed(sent),
                        is_newest: sent > newest,
                        restarted: false,
                        skipped: (sent - newest - 1).max(0) as u64,
                    };
                    prop_assert_eq!(tracked, Ok(expected));
                    let back = tracker.sequence_number(expected.index);
                    prop_assert_eq!(back, (i64::from(first) + sent) as u16);
                } else {
                    prop_assert_eq!(tracked, Err(RtpDiscard::Duplicate));
                }
                newest = newest.max(sent);
            }
        }

        /// Whatever comes, an index is given once, and the newest grows by no more than a dropout.
        #[test]
        fn no_index_is_given_twice(values in prop::collection::vec(any::<u16>(), 1..600)) {
            let mut tracker = SequenceTracker::new();
            let mut given = BTreeSet::new();
            for pair in values.iter().flat_map(|value| [*value, value.wrapping_add(1)]) {
                let before = given.last().copied();
                if let Ok(tracked) = tracker.track(pair) {
                    prop_assert!(given.insert(tracked.index));
                    prop_assert_eq!(tracked.is_newest, before.is_none_or(|before| tracked.index > before));
                    prop_assert!(before.is_none_or(|before| tracked.index <= before + MAX_DROPOUT));
                }
            }
        }
    }
}
