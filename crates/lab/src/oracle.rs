//! The best any playout buffer could have done, known in hindsight.
//!
//! A buffer plays one frame after the other on a clock of ticks. Its *level* is how much later than
//! nominal it plays, in ticks. At each frame it may
//!
//! * play it, if it is there by then, or leave it out, which costs the length of a frame;
//! * change its level by one tick by stretching time, which is free: 10 ms in 20 are more than any
//!   listener would bear for long, so that the bound is a generous one;
//! * fall by a further frame if it left one out;
//! * wait, which raises its level at the cost of the time waited.
//!
//! Delay and cost together make a weighted sum, whose least value a dynamic programme over frames
//! and levels finds ([`best`]). Over all weights it gives the lower convex hull of what can be had,
//! and the point of the hull at a given cost ([`least_delay`]) is a bound from below for every
//! buffer of that cost: exact at the hull's corners, and no buffer that mixes two strategies over
//! time is below it in between.

use crate::trace::FRAME_MS;

/// Length of a tick, in milliseconds.
const TICK_MS: i64 = 10;
/// Ticks per frame.
const FRAME_TICKS: usize = (FRAME_MS as i64 / TICK_MS) as usize;
/// Higher levels are not looked at: 3 s.
const MAX_LEVELS: i64 = 300;

/// What the oracle knows of a frame. Times are microseconds after the frame's nominal time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// From when on it can be played, from its own packet or what restores it; `None` if never.
    pub(crate) ready_us: Option<i64>,
    /// The playout time from which its delay is counted.
    pub(crate) reference_us: i64,
}

/// What a strategy comes to over all frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Sum over all frames of the delay in force, in milliseconds.
    pub(crate) delay_sum_ms: f64,
    /// Audio left out or waited for, in milliseconds.
    pub(crate) cost_ms: f64,
}

impl Outcome {
    fn weighed(&self, weight: f64) -> f64 {
        self.delay_sum_ms + weight * self.cost_ms
    }

    const fn plus(self, delay_ms: f64, cost_ms: f64) -> Self {
        Self { delay_sum_ms: self.delay_sum_ms + delay_ms, cost_ms: self.cost_ms + cost_ms }
    }
}

/// The least mean delay of any buffer that leaves out or waits for at most `cost_ms`, in
/// milliseconds. If none does with so little, that of the one with the least.
pub(crate) fn least_delay(frames: &[Frame], cost_ms: f64) -> f64 {
    if frames.is_empty() {
        return 0.0;
    }
    let solve = |weight| best(frames, weight);
    let mean = |sum: f64| sum / frames.len() as f64;
    // A millisecond of cost outweighs any delay, then none.
    let mut dear = solve(1e9);
    let mut cheap = solve(0.0);
    if cost_ms <= dear.cost_ms {
        return mean(dear.delay_sum_ms);
    }
    if cost_ms >= cheap.cost_ms {
        return mean(cheap.delay_sum_ms);
    }
    // Each round finds the corner of the hull farthest below the line from `dear` to `cheap`.
    loop {
        let weight = (dear.delay_sum_ms - cheap.delay_sum_ms) / (cheap.cost_ms - dear.cost_ms);
        let corner = solve(weight);
        if corner.weighed(weight) > dear.weighed(weight) - 1e-3 {
            let share = (cost_ms - dear.cost_ms) / (cheap.cost_ms - dear.cost_ms);
            let sum = dear.delay_sum_ms + share * (cheap.delay_sum_ms - dear.delay_sum_ms);
            return mean(sum);
        }
        if corner.cost_ms <= cost_ms {
            dear = corner;
        } else {
            cheap = corner;
        }
    }
}

/// The least constant delay with which at most `cost_ms` is left out, in milliseconds and whole
/// ticks: what a buffer would have been set to that may not change. If none leaves out so little,
/// that which leaves out the least.
pub(crate) fn best_constant(frames: &[Frame], cost_ms: f64) -> f64 {
    let needed = |frame: &Frame| Some(frame.ready_us? - frame.reference_us);
    let mut needed: Vec<i64> = frames.iter().filter_map(needed).collect();
    needed.sort_unstable();
    let never = frames.len() - needed.len();
    let left_out = (cost_ms / f64::from(FRAME_MS)) as usize;
    let late = left_out.saturating_sub(never);
    let Some(last) = needed.len().checked_sub(late + 1) else { return 0.0 };
    // Whole ticks of the reference: a clock that drifts has its own.
    let ticks = (needed[last] as f64 / (TICK_MS * 1_000) as f64).ceil();
    ticks.max(0.0) * TICK_MS as f64
}

/// The strategy with the least sum of delay and `weight` × cost.
pub(crate) fn best(frames: &[Frame], weight: f64) -> Outcome {
    let (lowest, levels) = levels(frames);
    let start = Outcome { delay_sum_ms: 0.0, cost_ms: 0.0 };
    let mut now: Vec<Outcome> = vec![start; levels];
    let mut next = now.clone();
    for frame in frames {
        step(frame, lowest, weight, &mut now, &mut next);
        std::mem::swap(&mut now, &mut next);
    }
    let least = |a: Outcome, b: Outcome| if b.weighed(weight) < a.weighed(weight) { b } else { a };
    now.into_iter().reduce(least).unwrap_or(start)
}

/// The lowest level worth being at, in ticks, and how many there are.
fn levels(frames: &[Frame]) -> (i64, usize) {
    let ready = || frames.iter().filter_map(|frame| frame.ready_us);
    let lowest = ready().min().unwrap_or(0).div_euclid(TICK_MS * 1_000);
    let highest = ready().max().unwrap_or(0).div_euclid(TICK_MS * 1_000) + 1;
    let count = (highest - lowest).clamp(0, MAX_LEVELS) + 1;
    (lowest, count as usize)
}

/// One frame: `now` holds the best ways to be at each level when its turn comes, `next` those
/// for the frame after it.
fn step(frame: &Frame, lowest: i64, weight: f64, now: &mut [Outcome], next: &mut [Outcome]) {
    wait(weight, now);
    let none = Outcome { delay_sum_ms: f64::INFINITY, cost_ms: 0.0 };
    next.fill(none);
    for (level, before) in now.iter().enumerate() {
        let at_us = (lowest + level as i64) * TICK_MS * 1_000;
        let delay_ms = (at_us - frame.reference_us) as f64 / 1_000.0;
        let there = frame.ready_us.is_some_and(|ready| ready <= at_us);
        let up = (level + 1).min(next.len() - 1);
        if there {
            let after = before.plus(delay_ms, 0.0);
            keep_better(&mut next[level.saturating_sub(1)..=up], after, weight);
        }
        let without = before.plus(delay_ms, f64::from(FRAME_MS));
        keep_better(&mut next[level.saturating_sub(1 + FRAME_TICKS)..=up], without, weight);
    }
}

/// Whoever waits a tick is a level higher.
fn wait(weight: f64, now: &mut [Outcome]) {
    for level in 1..now.len() {
        let waited = now[level - 1].plus(0.0, TICK_MS as f64);
        keep_better(&mut now[level..=level], waited, weight);
    }
}

fn keep_better(slots: &mut [Outcome], offered: Outcome, weight: f64) {
    for slot in slots {
        if offered.weighed(weight) < slot.weighed(weight) {
            *slot = offered;
        }
    }
}

#[cfg(test)]
mod tests;
