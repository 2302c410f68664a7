use calling_bandwidth::EstimatorStats;
use calling_testkit::epoch;

use crate::measure::{converged, measure, settled, share};
use crate::sim::{Content, FlowKind, Path, World};

/// A camera that takes whatever passes.
const CAMERA: FlowKind = FlowKind::Ours(Content::Camera(8_000));
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

fn run(path: &Path, seed: u64, flows: &[(u64, FlowKind)], seconds: u64) -> World {
    let mut world = World::new(epoch(), path.clone(), seed, flows);
    world.run_until(seconds);
    world
}

fn stats(world: &World) -> EstimatorStats {
    world.sender(0).unwrap().stats()
}

/// The figure: at most 30 ms of queue on a path of 50 ms.
#[test]
fn a_steady_path_is_used_and_its_queue_short() {
    let path = Path::new(&[(0, 2_500)], 300);
    for seed in SEEDS {
        let steady = measure(&run(&path, seed, &[(0, CAMERA)], 60), 10.0, 60.0);
        assert!(steady.utilisation >= 0.92, "{seed}: {steady:?}");
        assert!(steady.waited <= 15.0 && steady.waited_p95 <= 30.0, "{seed}: {steady:?}");
    }
}

/// The figure: 90 % of the new capacity are used within 5 s of a step.
#[test]
fn steps_of_the_capacity_are_followed_within_five_seconds() {
    let steps: [&[(u64, u64)]; 2] =
        [&[(0, 1_000), (20, 2_500), (40, 800)], &[(0, 5_000), (20, 20_000), (40, 3_000)]];
    let camera = FlowKind::Ours(Content::Camera(30_000));
    for (seed, capacity) in (1..=30).flat_map(|seed| steps.map(|steps| (seed, steps))) {
        let world = run(&Path::new(capacity, 500), seed, &[(0, camera)], 60);
        for from in [20.0, 40.0] {
            let used = converged(&world, from, from + 20.0, 0.9);
            assert!(used.is_some_and(|within| within <= 5.0), "{seed} {from}: {used:?}");
            let drained = settled(&world, from, from + 20.0, 30.0);
            assert!(drained.is_some_and(|within| within <= 6.0), "{seed} {from}: {drained:?}");
            let after = measure(&world, from + 6.0, from + 20.0);
            assert!(after.waited <= 30.0 && after.utilisation >= 0.9, "{seed} {from}: {after:?}");
        }
    }
}

#[test]
fn a_deep_buffer_is_not_filled() {
    let path = Path::new(&[(0, 2_500), (20, 1_000)], 2_000);
    for seed in SEEDS {
        let world = run(&path, seed, &[(0, CAMERA)], 40);
        let (before, after) = (measure(&world, 5.0, 20.0), measure(&world, 25.0, 40.0));
        assert!(before.waited <= 30.0 && after.waited <= 30.0, "{seed}: {before:?} {after:?}");
        assert!(after.utilisation >= 0.9, "{seed}: {after:?}");
    }
}

#[test]
fn a_shallow_buffer_loses_little() {
    // Five packets of buffer are fewer than a picture has: what is lost there is no more than is
    // taken to be inherent.
    for (buffer_ms, most) in [(12, 0.09), (25, 0.03)] {
        let path = Path::new(&[(0, 4_000), (20, 2_000), (40, 4_000)], buffer_ms);
        let world = run(&path, 1, &[(0, CAMERA)], 60);
        for (from, to) in [(5.0, 20.0), (25.0, 40.0), (45.0, 60.0)] {
            let used = measure(&world, from, to);
            assert!(used.utilisation >= 0.85, "{buffer_ms} ms from {from}: {used:?}");
        }
        let lost = world.dropped();
        assert!(lost <= most, "{buffer_ms} ms: {lost} of all packets");
    }
}

#[test]
fn random_loss_of_five_percent_is_no_congestion() {
    for (seed, buffer_ms) in SEEDS.flat_map(|seed| [(seed, 25), (seed, 300)]) {
        let path = Path { loss: 0.05, ..Path::new(&[(0, 2_500)], buffer_ms) };
        let used = measure(&run(&path, seed, &[(0, CAMERA)], 60), 10.0, 60.0);
        assert!(used.utilisation >= 0.82, "{seed}, {buffer_ms} ms: {used:?} of 0.95");
    }
}

#[test]
fn a_link_that_stalls_is_used() {
    let stalls = Some((0.5, 30_000, 150_000));
    let path = Path { stalls, ..Path::new(&[(0, 5_000)], 300) };
    for seed in SEEDS {
        let used = measure(&run(&path, seed, &[(0, CAMERA)], 60), 10.0, 60.0);
        assert!(used.utilisation >= 0.85, "{seed}: {used:?}");
    }
}

#[test]
fn two_of_ours_share() {
    let path = Path::new(&[(0, 4_000)], 300);
    for seed in SEEDS {
        let world = run(&path, seed, &[(0, CAMERA), (10, CAMERA)], 90);
        let shares = [0, 1].map(|flow| share(&world, flow, 30.0, 90.0));
        assert!(shares.iter().all(|share| *share >= 0.3), "{seed}: {shares:?}");
        assert!(shares.iter().sum::<f64>() >= 0.9, "{seed}: {shares:?}");
        let both = measure(&world, 30.0, 90.0);
        assert!(both.waited <= 30.0, "{seed}: {both:?}");
    }
}

#[test]
fn beside_tcp_neither_starves() {
    // Where a second of TCP waits in the queue, delay says little: audio and a small picture pass.
    for (buffer_ms, least) in [(50, 0.2), (200, 0.2), (1_000, 0.03)] {
        let path = Path::new(&[(0, 4_000)], buffer_ms);
        for seed in SEEDS {
            let world = run(&path, seed, &[(0, CAMERA), (10, FlowKind::Cubic)], 70);
            let shares = [0, 1].map(|flow| share(&world, flow, 20.0, 70.0));
            assert!(shares[0] >= least, "{seed}, {buffer_ms} ms: {shares:?}");
            assert!(shares[1] >= 0.3, "{seed}, {buffer_ms} ms: {shares:?}");
        }
    }
}

/// A server sends the layers there are: less than passes, until a larger one does.
#[test]
fn the_largest_layer_is_found_though_less_is_sent() {
    let layers = FlowKind::Ours(Content::Layers(&[150, 500, 1_700]));
    for seed in SEEDS {
        let world = run(&Path::new(&[(0, 3_000)], 300), seed, &[(0, layers)], 40);
        let late = share(&world, 0, 3.0, 40.0) * 3_000.0;
        assert!(late >= 1_600.0, "{seed}: {late} kbit/s of 1,750 arrive");
    }
}

#[test]
fn an_estimate_does_not_sink_because_little_is_sent() {
    let audio = FlowKind::Ours(Content::AudioWanting(2_000));
    let stalls = Some((0.2, 30_000, 150_000));
    for stalls in [None, stalls] {
        let world = run(&Path { stalls, ..Path::new(&[(0, 3_000)], 300) }, 1, &[(0, audio)], 60);
        let estimates = world.samples[100..].iter().map(|sample| sample.estimates[0]);
        let least = estimates.fold(f64::MAX, f64::min);
        assert!(least >= 1_500.0, "{least} kbit/s with {stalls:?}");
        assert!(share(&world, 0, 10.0, 60.0) <= 0.08, "probes are few");
    }
}

#[test]
fn what_is_not_wanted_is_not_probed_for() {
    let audio = FlowKind::Ours(Content::AudioWanting(48));
    let world = run(&Path::new(&[(0, 3_000)], 300), 1, &[(0, audio)], 30);
    assert_eq!(stats(&world).estimate.bps(), 300_000);
    let sent = share(&world, 0, 5.0, 30.0) * 3_000.0;
    assert!((47.0..49.0).contains(&sent), "{sent} kbit/s: audio alone");
}
