use crate::sim::{Sample, World};

/// What went on between two seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// Share of the capacity that came, of all flows.
    pub(crate) utilisation: f64,
    /// What packets of ours waited: on average, and at the 95th percentile of tenths of seconds.
    pub(crate) waited: f64,
    pub(crate) waited_p95: f64,
}

pub(crate) fn measure(world: &World, from: f64, to: f64) -> Measured {
    let samples = between(world, from, to);
    let came: f64 = samples.iter().flat_map(|sample| &sample.came).sum();
    let capacity: f64 = samples.iter().map(|sample| sample.capacity).sum();
    let mut waits: Vec<_> = samples.iter().map(|sample| sample.waited).collect();
    waits.sort_by(f64::total_cmp);
    Measured {
        utilisation: came / capacity,
        waited: waits.iter().sum::<f64>() / waits.len() as f64,
        waited_p95: waits[waits.len() * 95 / 100],
    }
}

/// What came of one flow, as a share of the capacity.
pub(crate) fn share(world: &World, flow: usize, from: f64, to: f64) -> f64 {
    let samples = between(world, from, to);
    let came: f64 = samples.iter().map(|sample| sample.came[flow]).sum();
    came / samples.iter().map(|sample| sample.capacity).sum::<f64>()
}

/// Seconds after `from` until a whole second uses as much of the capacity; `None` if none does.
pub(crate) fn converged(world: &World, from: f64, to: f64, utilisation: f64) -> Option<f64> {
    let samples = between(world, from, to);
    let used = |window: &[Sample]| {
        let came: f64 = window.iter().flat_map(|sample| &sample.came).sum();
        came / window.iter().map(|sample| sample.capacity).sum::<f64>()
    };
    let found = samples.windows(10).find(|window| used(window) >= utilisation)?;
    Some(found[9].at - from)
}

/// Seconds after `from` until packets wait for at most so many ms on average of a whole second.
pub(crate) fn settled(world: &World, from: f64, to: f64, most_ms: f64) -> Option<f64> {
    let waited = |window: &[Sample]| window.iter().map(|sample| sample.waited).sum::<f64>() / 10.0;
    let mut seconds = between(world, from, to).windows(10);
    Some(seconds.find(|window| waited(window) <= most_ms)?[9].at - from)
}

fn between(world: &World, from: f64, to: f64) -> &[Sample] {
    let index = |at: f64| (at * 10.0) as usize;
    &world.samples[index(from)..index(to).min(world.samples.len())]
}
