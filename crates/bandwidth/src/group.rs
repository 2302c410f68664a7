use crate::time::Micros;

/// Packets sent within this time of the first are one group (draft-ietf-rmcat-gcc-02 section 5.1).
const GROUP_US: Micros = 5_000;
/// Packets that come this close together after a pause belong together: something held them up.
const BURST_US: Micros = 5_000;
/// How long such a burst may be.
const LONGEST_BURST_US: Micros = 100_000;
/// A receiver whose clock jumps that far is begun with anew.
const CLOCK_JUMP_US: Micros = 3_000_000;

/// How much farther apart two groups came than they were sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GroupDelta {
    /// Between their last packets when sent.
    pub(crate) sent: Micros,
    /// The same when they came.
    pub(crate) came: Micros,
    /// When the later one came.
    pub(crate) at: Micros,
}

/// Puts packets into groups: single ones say little about a queue.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    before: Option<Group>,
    current: Option<Group>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: Micros,
    sent: Micros,
    first_came: Micros,
    came: Micros,
}

impl Groups {
    /// One more packet that came; what its group's forerunners say if it begins a new one.
    pub(crate) fn push(&mut self, sent: Micros, came: Micros) -> Option<GroupDelta> {
        let packet = Group { first_sent: sent, sent, first_came: came, came };
        let Some(current) = &mut self.current else {
            self.current = Some(packet);
            return None;
        };
        if sent < current.first_sent {
            // Overtaken by the group.
            return None;
        }
        if (came - current.came).abs() > CLOCK_JUMP_US {
            *self = Self { before: None, current: Some(packet) };
            return None;
        }
        if current.takes(sent, came) {
            current.sent = current.sent.max(sent);
            current.came = current.came.max(came);
            return None;
        }
        let complete = *current;
        let before = self.before.replace(complete);
        self.current = Some(packet);
        let delta = complete.after(&before?);
        // Groups that came in another order than they were sent in say nothing.
        (delta.came >= 0).then_some(delta)
    }
}

impl Group {
    const fn takes(&self, sent: Micros, came: Micros) -> bool {
        if sent - self.first_sent <= GROUP_US {
            return true;
        }
        let apart = came - self.came;
        apart - (sent - self.sent) < 0
            && apart <= BURST_US
            && came - self.first_came < LONGEST_BURST_US
    }

    const fn after(&self, before: &Self) -> GroupDelta {
        GroupDelta { sent: self.sent - before.sent, came: self.came - before.came, at: self.came }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_grows_spreads_groups() {
        let mut groups = Groups::default();
        let mut deltas = Vec::new();
        for group in 0..4 {
            for packet in 0..3 {
                let sent = group * 10_000 + packet * 1_000;
                deltas.extend(groups.push(sent, 50_000 + sent + group * 2_000));
            }
        }
        let each = |at| GroupDelta { sent: 10_000, came: 12_000, at };
        assert_eq!(deltas, [each(64_000), each(76_000)]);
    }

    #[test]
    fn what_was_held_up_together_is_one_group() {
        let mut groups = Groups::default();
        groups.push(0, 50_000);
        groups.push(10_000, 150_000);
        for held in 2..9 {
            assert_eq!(groups.push(held * 10_000, 150_000 + held * 100), None);
        }
        let delta = groups.push(100_000, 160_000);
        assert_eq!(delta, Some(GroupDelta { sent: 80_000, came: 100_800, at: 150_800 }));
    }

    #[test]
    fn reordering_and_a_jumping_clock_say_nothing() {
        let mut groups = Groups::default();
        groups.push(20_000, 70_000);
        assert_eq!(groups.push(10_000, 71_000), None);
        assert_eq!(groups.push(30_000, 9_000_000), None);
        assert_eq!(groups.push(40_000, 9_010_000), None);
        assert!(groups.push(50_000, 9_020_000).is_some());
    }
}
