//! The random processes that networks are imitated with. Times are milliseconds.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A sample of the exponential distribution with this mean.
pub(super) fn exponential(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    // `random` gives 0.0..1.0; its complement has a logarithm.
    -(1.0 - rng.random::<f64>()).ln() * mean
}

/// A sample of the log-normal distribution with this median; `spread` is the standard deviation
/// of its logarithm (Box and Muller's method).
pub(super) fn log_normal(rng: &mut ChaCha8Rng, median: f64, spread: f64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    let normal = radius * (rng.random::<f64>() * std::f64::consts::TAU).cos();
    median * (normal * spread).exp()
}

/// Loss in bursts: a chain of two states, of which the bad one loses everything (Gilbert, "Capacity
/// of a burst-noise channel", 1960; Elliott, 1963).
#[derive(Clone, Debug)]
pub(super) struct GilbertElliott {
    rng: ChaCha8Rng,
    bad: bool,
    to_bad: f64,
    to_good: f64,
}

impl GilbertElliott {
    /// A share `loss` of all packets is lost, in bursts of `burst` packets on average.
    pub(super) fn new(rng: ChaCha8Rng, loss: f64, burst: f64) -> Self {
        let to_good = 1.0 / burst;
        Self { rng, bad: false, to_bad: to_good * loss / (1.0 - loss), to_good }
    }

    /// Whether the next packet is lost.
    pub(super) fn loses(&mut self) -> bool {
        let turn = if self.bad { self.to_good } else { self.to_bad };
        if self.rng.random_bool(turn.min(1.0)) {
            self.bad = !self.bad;
        }
        self.bad
    }
}

/// Now and then everything stops, and what piled up comes at once.
#[derive(Clone, Debug)]
pub(super) struct Stalls {
    rng: ChaCha8Rng,
    /// Mean time between two, in seconds.
    every_s: f64,
    /// Shortest and longest.
    ms: [f64; 2],
    next_s: f64,
    until_s: f64,
}

impl Stalls {
    /// One every `every_s` seconds on average and at least half of it apart, each between `ms[0]`
    /// and `ms[1]` long.
    pub(super) fn new(mut rng: ChaCha8Rng, every_s: f64, ms: [f64; 2]) -> Self {
        let next_s = every_s * 0.5 + exponential(&mut rng, every_s * 0.5);
        Self { rng, every_s, ms, next_s, until_s: 0.0 }
    }

    /// How long what is sent at `now_s` waits; ask in the order of sending.
    pub(super) fn wait_ms(&mut self, now_s: f64) -> f64 {
        if now_s >= self.next_s {
            let length = self.rng.random_range(self.ms[0]..=self.ms[1]);
            self.until_s = now_s + length / 1_000.0;
            let pause = self.every_s * 0.5 + exponential(&mut self.rng, self.every_s * 0.5);
            self.next_s = self.until_s + pause;
        }
        ((self.until_s - now_s) * 1_000.0).max(0.0)
    }
}

/// The queue in front of a narrow link that a download fills: it grows until it overflows, the
/// download backs off, it drains, and again.
#[derive(Clone, Debug)]
pub(super) struct Bufferbloat {
    queue_ms: f64,
    filling: bool,
    full_ms: f64,
    /// Growth and decay per frame.
    steps_ms: [f64; 2],
}

impl Bufferbloat {
    /// A queue of at most `full_ms` that fills in `fill_s` and drains in `drain_s`.
    pub(super) fn new(full_ms: f64, fill_s: f64, drain_s: f64) -> Self {
        let frame_s = f64::from(super::FRAME_MS) / 1_000.0;
        let steps_ms = [full_ms / fill_s * frame_s, full_ms / drain_s * frame_s];
        Self { queue_ms: 0.0, filling: true, full_ms, steps_ms }
    }

    /// What the next packet waits, and whether the queue is full.
    pub(super) fn step(&mut self) -> (f64, bool) {
        self.queue_ms += if self.filling { self.steps_ms[0] } else { -self.steps_ms[1] };
        let overflows = self.queue_ms >= self.full_ms;
        self.queue_ms = self.queue_ms.clamp(0.0, self.full_ms);
        self.filling = if overflows { false } else { self.filling || self.queue_ms == 0.0 };
        (self.queue_ms, overflows)
    }
}
