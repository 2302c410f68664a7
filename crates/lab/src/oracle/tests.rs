use proptest::prelude::*;

use super::*;

fn frames(ready_ms: &[Option<i64>]) -> Vec<Frame> {
    let frame =
        |ready: &Option<i64>| Frame { ready_us: ready.map(|ms| ms * 1_000), reference_us: 0 };
    ready_ms.iter().map(frame).collect()
}

/// Every strategy there is, one by one: what each sums up to.
fn all_strategies(frames: &[Frame]) -> Vec<Outcome> {
    let (lowest, levels) = levels(frames);
    let mut ends = Vec::new();
    let start = Outcome { delay_sum_ms: 0.0, cost_ms: 0.0 };
    for level in 0..levels {
        explore(frames, lowest, levels, level, start, &mut ends);
    }
    ends
}

fn explore(
    frames: &[Frame],
    lowest: i64,
    levels: usize,
    level: usize,
    sum: Outcome,
    ends: &mut Vec<Outcome>,
) {
    let Some((frame, rest)) = frames.split_first() else {
        ends.push(sum);
        return;
    };
    for waited in 0..levels - level {
        let at = level + waited;
        let cost_waited = 10.0 * waited as f64;
        let at_us = (lowest + at as i64) * 10_000;
        let delay = (at_us - frame.reference_us) as f64 / 1_000.0;
        let there = frame.ready_us.is_some_and(|ready| ready <= at_us);
        for (allowed, falls, cost) in [(there, 1, 0.0), (true, 3, 20.0)] {
            for next in at.saturating_sub(falls)..=(at + 1).min(levels - 1) {
                if allowed {
                    let sum = sum.plus(delay, cost_waited + cost);
                    explore(rest, lowest, levels, next, sum, ends);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..Default::default() })]

    #[test]
    fn the_programme_finds_what_trying_everything_finds(
        ready in prop::collection::vec(prop::option::weighted(0.8, 0_i64..35), 1..5),
        weight in 0.0_f64..4.0,
    ) {
        let frames = frames(&ready);
        let tried = all_strategies(&frames);
        let least = tried.iter().map(|end| end.weighed(weight)).fold(f64::INFINITY, f64::min);
        prop_assert!((best(&frames, weight).weighed(weight) - least).abs() < 1e-6);
    }

    #[test]
    fn no_strategy_is_below_the_bound_and_at_corners_one_is_on_it(
        ready in prop::collection::vec(prop::option::weighted(0.8, 0_i64..35), 1..5),
    ) {
        let frames = frames(&ready);
        let tried = all_strategies(&frames);
        for end in &tried {
            let mean = end.delay_sum_ms / frames.len() as f64;
            prop_assert!(least_delay(&frames, end.cost_ms) <= mean + 1e-6, "{end:?}");
        }
        for weight in [1e9, 0.0, 0.7, 2.0] {
            let corner = best(&frames, weight);
            let mean = corner.delay_sum_ms / frames.len() as f64;
            prop_assert!((least_delay(&frames, corner.cost_ms) - mean).abs() < 1e-3);
        }
    }
}

#[test]
fn a_clean_network_needs_no_delay() {
    assert_eq!(least_delay(&frames(&[Some(0); 100]), 0.0), 0.0);
}

#[test]
fn a_lost_frame_is_no_reason_to_wait() {
    let mut ready = vec![Some(0); 100];
    ready[50] = None;
    assert_eq!(least_delay(&frames(&ready), 20.0), 0.0);
    assert_eq!(least_delay(&frames(&ready), 0.0), 0.0, "nobody does with less");
}

#[test]
fn a_late_frame_is_worth_a_detour_only_if_it_must_be_heard() {
    let mut ready = vec![Some(0); 100];
    ready[50] = Some(40);
    // Up and down by a tick per frame: 10 + 20 + 30 + 40 + 30 + 20 + 10.
    assert_eq!(least_delay(&frames(&ready), 0.0), 1.6);
    assert_eq!(least_delay(&frames(&ready), 20.0), 0.0);
    assert_eq!(least_delay(&frames(&ready), 10.0), 0.8, "half of the calls so, half so");
}

#[test]
fn delay_is_counted_from_the_reference() {
    let frame = Frame { ready_us: Some(23_000), reference_us: 23_000 };
    assert_eq!(least_delay(&[frame; 10], 0.0), 7.0, "the next tick is 7 ms later");
}

#[test]
fn the_best_constant_delay_is_that_of_the_latest_frame_to_be_heard() {
    let mut ready: Vec<Option<i64>> = (0..100).map(|ms| Some(ms % 50)).collect();
    ready[7] = None;
    let frames = frames(&ready);
    assert_eq!(best_constant(&frames, 20.0), 50.0);
    // One never comes and 18 of the others may be late: 41 to 49 ms, twice each.
    assert_eq!(best_constant(&frames, 380.0), 40.0);
    assert_eq!(best_constant(&frames, 0.0), 50.0, "nobody does with less");
    assert_eq!(best_constant(&frames, 5_000.0), 0.0);
}
