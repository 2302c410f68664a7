use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::models::{Bufferbloat, GilbertElliott, Stalls, exponential, log_normal};
use super::{Draft, FRAME_MS, Trace};

/// The least one-way delay of every generated trace, in milliseconds.
const BASE_MS: f64 = 40.0;

/// A network: what it does to a clean call.
type Network = fn(&mut Draft, &Dice);

/// Seeds for the independent processes of one network.
struct Dice {
    seed: u64,
}

impl Dice {
    /// The `stream`th source of chance.
    fn source(&self, stream: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(stream);
        rng
    }
}

/// Every network by name, what it does, and how.
const NETWORKS: &[(&str, &str, Network)] = &[
    ("clean", "every packet takes 40 ms", |_, _| ()),
    ("loss-5", "5 % random loss", |draft, dice| lose(draft, dice, 0.05)),
    ("loss-10", "10 % random loss", |draft, dice| lose(draft, dice, 0.10)),
    ("loss-30", "30 % random loss", |draft, dice| lose(draft, dice, 0.30)),
    ("loss-80", "80 % random loss", |draft, dice| lose(draft, dice, 0.80)),
    ("burst-7", "7.2 % loss in bursts of 60 ms (Gilbert-Elliott)", |draft, dice| {
        burst(draft, dice, 0.072, 3.0);
    }),
    ("burst-30", "30 % loss in bursts of 160 ms (Gilbert-Elliott)", |draft, dice| {
        burst(draft, dice, 0.30, 8.0);
    }),
    ("jitter-20", "exponential jitter of mean 20 ms, packets overtake", |draft, dice| {
        jitter(draft, dice, 20.0);
    }),
    ("jitter-60", "uniform jitter of 0 to 60 ms, packets overtake", |draft, dice| {
        let mut rng = dice.source(1);
        draft.delay(|_| rng.random_range(0.0..60.0));
    }),
    ("loss-5-jitter", "loss-5 and jitter-20", |draft, dice| {
        lose(draft, dice, 0.05);
        jitter(draft, dice, 20.0);
    }),
    ("burst-7-jitter", "burst-7 and jitter-20", |draft, dice| {
        burst(draft, dice, 0.072, 3.0);
        jitter(draft, dice, 20.0);
    }),
    ("spikes", "a stall of 100 to 300 ms every 5 s, then all at once", |draft, dice| {
        stall(draft, dice, 5.0, [100.0, 300.0]);
    }),
    ("route-up", "80 ms more from the middle on", |draft, _| route(draft, 0.0, 80.0)),
    ("route-down", "80 ms less from the middle on", |draft, _| route(draft, 80.0, 0.0)),
    ("drift-slow", "the sender's clock 300 ppm slow", |draft, dice| drift(draft, dice, 300)),
    ("drift-fast", "the sender's clock 300 ppm fast", |draft, dice| drift(draft, dice, -300)),
    ("bufferbloat", "a queue of up to 300 ms, filled in 6 s, drained in 3 s", bufferbloat),
    ("reorder", "5 % of packets 25 to 60 ms late", |draft, dice| {
        let mut rng = dice.source(1);
        draft.delay(|_| if rng.random_bool(0.05) { rng.random_range(25.0..60.0) } else { 0.0 });
    }),
    ("duplicates", "10 % of packets twice, and jitter-20", |draft, dice| {
        jitter(draft, dice, 20.0);
        let mut rng = dice.source(2);
        let frames = draft.took_us.len() as u32;
        let twice = (0..frames).filter(|_| rng.random_bool(0.10)).collect::<Vec<u32>>();
        draft.again = twice.into_iter().map(|index| (index, 15_000)).collect();
    }),
    ("jitter-1000", "0 to 1,000 ms of jitter in the second third", |draft, dice| {
        let frames = draft.took_us.len();
        let mut rng = dice.source(1);
        draft.delay(|index| {
            let storm = (frames / 3..frames * 2 / 3).contains(&index);
            if storm { rng.random_range(0.0..1_000.0) } else { 0.0 }
        });
    }),
    ("storm", "20 % loss and jitter-60 in the second third", |draft, dice| {
        let frames = draft.took_us.len();
        let storm = move |index| (frames / 3..frames * 2 / 3).contains(&index);
        let (mut rng, mut loss) = (dice.source(1), dice.source(2));
        draft.delay(|index| if storm(index) { rng.random_range(0.0..60.0) } else { 0.0 });
        draft.lose(|index| storm(index) && loss.random_bool(0.20));
    }),
    ("wifi-power-save", "packets let through every 100 ms", |draft, _| {
        // The last of each bunch waits least.
        draft.delay(|index| (4 - index % 5) as f64 * f64::from(FRAME_MS));
    }),
    ("wifi-roam", "every 15 s a gap of 150 to 500 ms, its first half lost", wifi_roam),
    ("wifi-bad", "contention: heavy-tailed delay, stalls, 3 % loss in bursts", wifi_bad),
    ("mobile-handover", "10 ms scheduling, every 10 s a handover of 60 to 250 ms", mobile_handover),
    ("mobile-weak", "repeats of 8 ms hold up what follows; fades of 0.1 to 1 s", mobile_weak),
];

/// The names of all networks, in the order of the table.
pub const NAMES: [&str; NETWORKS.len()] = {
    let mut names = [""; NETWORKS.len()];
    let mut at = 0;
    while at < NETWORKS.len() {
        names[at] = NETWORKS[at].0;
        at += 1;
    }
    names
};

/// What the network of this name does; `None` if there is none.
pub(crate) fn describe(name: &str) -> Option<&'static str> {
    NETWORKS.iter().find(|network| network.0 == name).map(|network| network.1)
}

/// The trace of a call of `seconds` over the network `name`; `None` if there is none of it. The
/// same seed gives the same trace.
pub fn generate(name: &str, seed: u64, seconds: u32) -> Option<Trace> {
    let (_, _, network) = NETWORKS.iter().find(|network| network.0 == name)?;
    let mut draft = Draft::clean(seconds * 1_000 / FRAME_MS, BASE_MS);
    network(&mut draft, &Dice { seed: seed ^ fnv(name) });
    Some(draft.finish(name))
}

/// Distinguishes networks under one seed (FNV-1a).
fn fnv(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn lose(draft: &mut Draft, dice: &Dice, share: f64) {
    let mut rng = dice.source(0);
    draft.lose(|_| rng.random_bool(share));
}

fn burst(draft: &mut Draft, dice: &Dice, share: f64, frames: f64) {
    let mut channel = GilbertElliott::new(dice.source(0), share, frames);
    draft.lose(|_| channel.loses());
}

fn jitter(draft: &mut Draft, dice: &Dice, mean_ms: f64) {
    let mut rng = dice.source(1);
    draft.delay(|_| exponential(&mut rng, mean_ms));
}

fn stall(draft: &mut Draft, dice: &Dice, every_s: f64, ms: [f64; 2]) {
    let mut stalls = Stalls::new(dice.source(3), every_s, ms);
    draft.delay(|index| stalls.wait_ms(Draft::seconds(index)));
    draft.in_order();
}

fn route(draft: &mut Draft, before_ms: f64, after_ms: f64) {
    let middle = draft.took_us.len() / 2;
    draft.delay(|index| if index < middle { before_ms } else { after_ms });
}

/// Two machines never schedule perfectly: 0 to 2 ms of noise on top.
fn drift(draft: &mut Draft, dice: &Dice, ppm: i32) {
    let mut rng = dice.source(1);
    draft.delay(|_| rng.random_range(0.0..2.0));
    draft.drift_ppm = ppm;
}

fn bufferbloat(draft: &mut Draft, dice: &Dice) {
    let mut queue = Bufferbloat::new(300.0, 6.0, 3.0);
    let mut rng = dice.source(1);
    let steps: Vec<(f64, bool)> = draft.took_us.iter().map(|_| queue.step()).collect();
    draft.delay(|index| steps[index].0 + rng.random_range(0.0..3.0));
    // Whoever meets a full queue is lost.
    draft.lose(|index| steps[index].1);
    draft.in_order();
}

fn wifi_roam(draft: &mut Draft, dice: &Dice) {
    let mut rng = dice.source(1);
    let mut stalls = Stalls::new(dice.source(3), 15.0, [150.0, 500.0]);
    let waits: Vec<f64> =
        (0..draft.took_us.len()).map(|index| stalls.wait_ms(Draft::seconds(index))).collect();
    draft.delay(|index| waits[index] + log_normal(&mut rng, 2.0, 0.7));
    let mut longest = 0.0_f64;
    draft.lose(|index| {
        longest = if waits[index] > 0.0 { longest.max(waits[index]) } else { 0.0 };
        // The old access point's queue is gone; the new one's is delivered.
        waits[index] > longest / 2.0
    });
    draft.in_order();
}

fn wifi_bad(draft: &mut Draft, dice: &Dice) {
    let mut rng = dice.source(1);
    draft.delay(|_| log_normal(&mut rng, 8.0, 1.0).min(200.0));
    burst(draft, dice, 0.03, 2.5);
    stall(draft, dice, 4.0, [40.0, 180.0]);
}

fn mobile_handover(draft: &mut Draft, dice: &Dice) {
    let mut rng = dice.source(1);
    draft.delay(|_| rng.random_range(0.0..10.0));
    stall(draft, dice, 10.0, [60.0, 250.0]);
    let mut rng = dice.source(4);
    draft.lose(|_| rng.random_bool(0.005));
}

fn mobile_weak(draft: &mut Draft, dice: &Dice) {
    let mut rng = dice.source(1);
    // Hybrid ARQ repeats a block 8 ms later, 15 % of them once more.
    draft.delay(|_| {
        let mut repeats = 0.0;
        while repeats < 8.0 && rng.random_bool(0.15) {
            repeats += 1.0;
        }
        repeats * 8.0
    });
    let mut fades = Stalls::new(dice.source(5), 12.0, [100.0, 1_000.0]);
    let mut lost = dice.source(6);
    draft.lose(|index| fades.wait_ms(Draft::seconds(index)) > 0.0 && lost.random_bool(0.6));
    draft.in_order();
}
