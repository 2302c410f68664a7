//! Each network does what its name and description claim.

use super::*;

/// Long enough that the statistics of a seed come near those of the network.
const SECONDS: u32 = 1_200;

fn long(name: &str) -> Trace {
    generate(name, 5, SECONDS).unwrap()
}

/// How much later than the fastest each packet came, by frame, in milliseconds.
fn late_ms(trace: &Trace) -> Vec<Option<f64>> {
    let base_us = trace.base_us();
    let arrivals = trace.first_arrivals().into_iter().enumerate();
    let late = |index, at| (at as i64 - trace.sent_us(index as u32) - base_us) as f64 / 1_000.0;
    arrivals.map(|(index, at)| at.map(|at| late(index, at))).collect()
}

fn mean_late_ms(trace: &Trace) -> f64 {
    crate::measure::mean(&late_ms(trace).into_iter().flatten().collect::<Vec<_>>())
}

fn most_late_ms(trace: &Trace) -> f64 {
    late_ms(trace).into_iter().flatten().fold(0.0, f64::max)
}

/// Share of packets that came after one sent later.
fn overtaken(trace: &Trace) -> f64 {
    let mut newest = 0;
    let late = trace.arrivals.iter().filter(|arrival| {
        let overtaken = arrival.index < newest;
        newest = newest.max(arrival.index);
        overtaken
    });
    late.count() as f64 / trace.arrivals.len() as f64
}

/// Lengths of the runs of lost frames.
fn bursts(trace: &Trace) -> Vec<usize> {
    let arrivals = trace.first_arrivals();
    let runs = arrivals.chunk_by(|a, b| a.is_some() == b.is_some());
    runs.filter(|run| run[0].is_none()).map(<[_]>::len).collect()
}

#[track_caller]
fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} instead of {expected} ± {tolerance}");
}

#[test]
fn there_are_twenty_networks_at_least_with_names_of_their_own() {
    let names: std::collections::BTreeSet<&str> = NAMES.into_iter().collect();
    assert_eq!(names.len(), NAMES.len());
    assert!(NAMES.len() >= 20);
    assert!(NAMES.into_iter().all(|name| describe(name).is_some_and(|text| !text.is_empty())));
    assert_eq!(generate("no such network", 1, 1), None);
}

#[test]
fn the_same_seed_is_the_same_call_and_another_is_another() {
    for name in NAMES {
        let trace = generate(name, 1, 30).unwrap();
        assert_eq!(Some(&trace), generate(name, 1, 30).as_ref(), "{name}");
        let chance = !matches!(name, "clean" | "route-up" | "route-down" | "wifi-power-save");
        assert_eq!(trace != generate(name, 2, 30).unwrap(), chance, "{name}");
    }
}

#[test]
fn arrivals_are_in_order_and_in_the_grain_of_files() {
    for name in NAMES {
        let trace = generate(name, 3, 30).unwrap();
        assert_eq!(trace.frames, 1_500);
        assert!(trace.arrivals.is_sorted_by_key(|arrival| arrival.at_us), "{name}");
        assert!(trace.arrivals.iter().all(|arrival| arrival.at_us % 100 == 0), "{name}");
    }
}

#[test]
fn clean_is_clean() {
    let trace = long("clean");
    assert_eq!((trace.loss(), most_late_ms(&trace), trace.base_us()), (0.0, 0.0, 40_000));
}

#[test]
fn random_loss_is_the_share_and_alone() {
    for (name, loss) in [("loss-5", 0.05), ("loss-10", 0.10), ("loss-30", 0.30), ("loss-80", 0.80)]
    {
        let trace = long(name);
        near(trace.loss(), loss, 0.006);
        let bursts = bursts(&trace);
        let mean = bursts.iter().sum::<usize>() as f64 / bursts.len() as f64;
        near(mean, 1.0 / (1.0 - loss), 0.03 / (1.0 - loss));
        assert_eq!(most_late_ms(&trace), 0.0);
    }
    near(long("loss-5-jitter").loss(), 0.05, 0.005);
}

#[test]
fn bursts_are_the_share_and_as_long_as_claimed() {
    for (name, loss, frames) in
        [("burst-7", 0.072, 3.0), ("burst-7-jitter", 0.072, 3.0), ("burst-30", 0.30, 8.0)]
    {
        let trace = long(name);
        near(trace.loss(), loss, loss * 0.12);
        let bursts = bursts(&trace);
        near(bursts.iter().sum::<usize>() as f64 / bursts.len() as f64, frames, frames * 0.1);
    }
}

#[test]
fn jitter_has_its_mean_and_packets_overtake() {
    for name in ["jitter-20", "loss-5-jitter", "burst-7-jitter", "duplicates"] {
        let trace = long(name);
        near(mean_late_ms(&trace), 20.0, 0.5);
        // A packet is overtaken by the next if it is more than 20 ms slower: exp(−1) ÷ 2 of them,
        // and by others.
        assert!(overtaken(&trace) > 0.18, "{name}: {}", overtaken(&trace));
    }
    near(mean_late_ms(&long("jitter-60")), 30.0, 0.5);
    near(most_late_ms(&long("jitter-60")), 60.0, 0.5);
}

#[test]
fn duplicates_are_a_tenth() {
    let trace = long("duplicates");
    let twice = trace.arrivals.len() as f64 / f64::from(trace.frames) - 1.0;
    near(twice, 0.10, 0.006);
}

#[test]
fn a_tenth_and_more_of_reordered_packets_is_late_but_no_other() {
    let trace = long("reorder");
    let late: Vec<f64> = late_ms(&trace).into_iter().flatten().filter(|late| *late > 0.0).collect();
    near(late.len() as f64 / f64::from(trace.frames), 0.05, 0.005);
    assert!(late.iter().all(|late| (25.0..=60.0).contains(late)));
    near(overtaken(&trace), 0.05, 0.005);
}

#[test]
fn spikes_stall_and_release_at_once() {
    let trace = long("spikes");
    let late = late_ms(&trace);
    let begins = late.windows(2).filter(|pair| pair[0] == Some(0.0) && pair[1] > Some(0.0)).count();
    near(begins as f64, f64::from(SECONDS) / 5.2, 40.0);
    let most = most_late_ms(&trace);
    assert!((280.0..=300.0).contains(&most), "{most}");
    assert_eq!(overtaken(&trace), 0.0);
}

#[test]
fn routes_change_in_the_middle() {
    for (name, before, after) in [("route-up", 0.0, 80.0), ("route-down", 80.0, 0.0)] {
        let late = late_ms(&long(name));
        let (first, second) = late.split_at(late.len() / 2);
        assert!(first.iter().all(|late| *late == Some(before)), "{name}");
        assert!(second.iter().all(|late| *late == Some(after)), "{name}");
    }
}

#[test]
fn clocks_drift_by_300_ppm() {
    for (name, ppm) in [("drift-slow", 300.0), ("drift-fast", -300.0)] {
        let trace = long(name);
        let offset = |arrival: &Arrival| arrival.at_us as f64 - f64::from(arrival.index) * 20_000.0;
        let (first, last) = (trace.arrivals.first().unwrap(), trace.arrivals.last().unwrap());
        let drift = (offset(last) - offset(first)) / f64::from(SECONDS);
        near(drift, ppm, 3.0);
        assert!(most_late_ms(&trace) <= 2.1, "the noise and no drift is delay");
    }
}

#[test]
fn a_bloated_buffer_fills_and_drains_like_a_saw() {
    let trace = long("bufferbloat");
    near(most_late_ms(&trace), 300.0, 4.0);
    near(mean_late_ms(&trace), 150.0, 8.0);
    let cycles = f64::from(SECONDS) / 9.0;
    near(trace.loss() * f64::from(trace.frames), cycles, 3.0);
}

#[test]
fn storms_end_after_two_thirds() {
    for (name, most, loss) in [("jitter-1000", 1_000.0, 0.0), ("storm", 60.0, 0.2)] {
        let trace = long(name);
        near(most_late_ms(&trace), most, most * 0.02);
        near(trace.loss() * 3.0, loss, 0.02);
        let late = late_ms(&trace);
        let calm = late[..late.len() / 3].iter().chain(&late[late.len() * 2 / 3..]);
        assert!(calm.into_iter().all(|late| *late == Some(0.0)), "{name}");
    }
}

#[test]
fn power_save_lets_five_packets_through_at_a_time() {
    let trace = long("wifi-power-save");
    let bunches = trace.arrivals.chunk_by(|a, b| a.at_us == b.at_us);
    assert!(bunches.into_iter().all(|bunch| bunch.len() == 5));
    assert_eq!(most_late_ms(&trace), 80.0);
}

#[test]
fn wireless_networks_stall_lose_and_keep_order() {
    for (name, loss, most) in [
        ("wifi-roam", 0.003..0.02, 60.0..300.0),
        ("wifi-bad", 0.02..0.04, 180.0..380.0),
        ("mobile-handover", 0.003..0.007, 200.0..260.0),
        ("mobile-weak", 0.01..0.05, 40.0..120.0),
    ] {
        let trace = long(name);
        assert!(loss.contains(&trace.loss()), "{name} loses {}", trace.loss());
        assert!(most.contains(&most_late_ms(&trace)), "{name} delays {}", most_late_ms(&trace));
        assert_eq!(overtaken(&trace), 0.0, "{name}");
    }
}

#[test]
fn every_named_trace_round_trips_and_a_minute_fits_in_10_kb() {
    for name in NAMES {
        let trace = generate(name, 7, 60).unwrap();
        let bytes = write(&trace).unwrap();
        assert_eq!(read(&bytes).unwrap(), trace, "{name}");
        assert!(bytes.len() < 10_000, "{name}: {}", bytes.len());
    }
}
