/// Notices that the network stalls again and again: everything is held up and then comes at once, in
/// order, as at handovers and when a radio sleeps or is busy.
///
/// A histogram cannot tell the price of such a stall, whose frames are few; when the next comes is
/// what matters. Two of them make a habit, which is broken when twice their usual distance passes
/// without another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stalls {
    burst: Burst,
    /// The last ones, newest first: the tick of the burst, and how long its first frame was held up.
    recent: [Option<(u64, u32)>; REMEMBERED],
}

/// Frames that came in one tick, each less late than the one before it.
#[derive(Clone, Copy, Debug, Default)]
struct Burst {
    tick: u64,
    frames: u32,
    first_ms: u32,
    last_ms: u32,
}

const REMEMBERED: usize = 4;
/// So many frames at once, 80 ms of usual ones, are a stall: overtaking does not bring four in order.
const FRAMES: u32 = 4;
/// Stalls further apart, 12 s, are none that somebody should wait for.
const HABIT_TICKS: u64 = 1_200;

impl Stalls {
    /// A frame that came before `tick` was `delay_ms` late.
    pub(super) fn update(&mut self, tick: u64, delay_ms: u32) {
        let Burst { tick: at, frames, first_ms, last_ms } = self.burst;
        let goes_on = frames > 0 && at == tick && delay_ms < last_ms;
        let (frames, first_ms) = if goes_on { (frames + 1, first_ms) } else { (1, delay_ms) };
        self.burst = Burst { tick, frames, first_ms, last_ms: delay_ms };
        if frames == FRAMES {
            self.recent.rotate_right(1);
            self.recent[0] = Some((tick, first_ms));
        }
    }

    /// The delay that outlasts the lesser half of the usual stalls at `tick`, in milliseconds; 0
    /// while there are none.
    pub(super) fn usual_ms(&self, tick: u64) -> u32 {
        let within = |&&(at, _): &&(u64, u32)| tick.saturating_sub(at) <= 2 * HABIT_TICKS;
        let known = self.recent.iter().flatten().filter(within);
        let (mut count, mut lengths, mut oldest) = (0, [u32::MAX; REMEMBERED], tick);
        for (slot, (at, ms)) in lengths.iter_mut().zip(known) {
            (*slot, oldest) = (*ms, *at);
            count += 1;
        }
        let Some((newest, _)) = self.recent[0].filter(|_| count >= 2) else { return 0 };
        let apart = newest.saturating_sub(oldest) / (count - 1);
        if apart > HABIT_TICKS || tick.saturating_sub(newest) > 2 * apart {
            return 0;
        }
        lengths.sort_unstable();
        lengths[(count as usize - 1) / 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `frames` of 20 ms come at once, as the network stalled for as long.
    fn stall(stalls: &mut Stalls, tick: u64, frames: u32) {
        (0..frames).rev().for_each(|left| stalls.update(tick, left * 20));
    }

    #[test]
    fn one_stall_is_no_habit() {
        let mut stalls = Stalls::default();
        stall(&mut stalls, 100, 10);
        assert_eq!(stalls.usual_ms(101), 0);
    }

    #[test]
    fn two_are_until_twice_their_distance_has_passed() {
        let mut stalls = Stalls::default();
        stall(&mut stalls, 100, 10);
        stall(&mut stalls, 600, 8);
        assert_eq!(stalls.usual_ms(600), 140, "the lesser of two");
        assert_eq!(stalls.usual_ms(1_600), 140);
        assert_eq!(stalls.usual_ms(1_601), 0);
    }

    #[test]
    fn the_lesser_half_of_the_last_four_counts() {
        let mut stalls = Stalls::default();
        for (n, frames) in (0..).zip([50, 5, 20, 11, 16]) {
            stall(&mut stalls, n * 500, frames);
        }
        assert_eq!(stalls.usual_ms(2_000), 200, "of 80, 200, 300 and 380");
    }

    #[test]
    fn stalls_far_apart_are_each_on_its_own() {
        let mut stalls = Stalls::default();
        stall(&mut stalls, 0, 10);
        stall(&mut stalls, 1_300, 10);
        assert_eq!(stalls.usual_ms(1_300), 0);
    }

    #[test]
    fn overtaking_and_evenness_are_no_stalls() {
        let mut stalls = Stalls::default();
        for tick in 0..1_000 {
            [40, 60, 20, 80, 30].into_iter().for_each(|ms| stalls.update(tick, ms));
            [0, 0, 0, 0].into_iter().for_each(|ms| stalls.update(tick, ms));
        }
        assert_eq!(stalls.usual_ms(1_000), 0);
    }
}
