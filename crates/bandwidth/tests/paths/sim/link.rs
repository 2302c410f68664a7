use std::collections::VecDeque;

use super::{Micros, Packet};

/// SplitMix64 (Steele, Lea and Flood, 2014): enough to lose packets by.
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    /// From 0 up to 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as f64 / 2_f64.powi(64)
    }
}

/// A path with one bottleneck: a queue that drops at its end, in front of a link.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// From which second on the link takes how many kbit/s.
    pub(crate) capacity: Vec<(u64, u64)>,
    /// Bytes of the queue.
    pub(crate) buffer: u32,
    /// One way, behind the queue, and back.
    pub(crate) delay: Micros,
    /// Share of packets lost behind the queue, whatever is sent.
    pub(crate) loss: f64,
    /// The link stalls from time to time, as Wi-Fi does: how often in a second on average, and for
    /// how long, at least and at most.
    pub(crate) stalls: Option<(f64, Micros, Micros)>,
}

impl Path {
    /// 25 ms each way and a buffer of `buffer_ms` at the first capacity.
    pub(crate) fn new(capacity: &[(u64, u64)], buffer_ms: u64) -> Self {
        let buffer = (capacity[0].1 * buffer_ms / 8) as u32;
        Self { capacity: capacity.to_vec(), buffer, delay: 25_000, loss: 0.0, stalls: None }
    }

    /// In bits a second.
    pub(crate) fn bps(&self, now: Micros) -> u64 {
        let begun = self.capacity.iter().rev().find(|(at, _)| at * 1_000_000 <= now);
        begun.map_or(0, |(_, kbps)| kbps * 1_000)
    }
}

/// The queue of a path, and what is in it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) path: Path,
    rng: Rng,
    waiting: VecDeque<Packet>,
    bytes: u32,
    /// Until when the first packet is served.
    served_at: Option<Micros>,
    stalled: (Micros, Micros),
    pub(crate) pushed: u64,
    pub(crate) dropped: u64,
}

impl Link {
    pub(crate) fn new(path: Path, seed: u64) -> Self {
        Self {
            path,
            rng: Rng(seed),
            waiting: VecDeque::new(),
            bytes: 0,
            served_at: None,
            stalled: (0, 0),
            pushed: 0,
            dropped: 0,
        }
    }

    pub(crate) fn push(&mut self, now: Micros, packet: Packet) {
        self.pushed += 1;
        if self.bytes + packet.bytes > self.path.buffer {
            self.dropped += 1;
            return;
        }
        self.bytes += packet.bytes;
        self.waiting.push_back(packet);
        self.serve(now);
    }

    pub(crate) fn due(&self) -> Option<Micros> {
        self.served_at
    }

    /// The packet that has been served, and when it comes; `None` if it was lost.
    pub(crate) fn pop(&mut self, now: Micros) -> Option<(Micros, Packet)> {
        self.served_at = None;
        let packet = self.waiting.pop_front()?;
        self.bytes -= packet.bytes;
        self.serve(now);
        let released = self.release(now);
        if self.rng.uniform() < self.path.loss {
            return None;
        }
        Some((released + self.path.delay, packet))
    }

    /// How long a packet that comes now waits, in ms.
    pub(crate) fn wait_ms(&self, now: Micros) -> f64 {
        f64::from(self.bytes) * 8e3 / self.path.bps(now) as f64
    }

    fn serve(&mut self, now: Micros) {
        if let (None, Some(first)) = (self.served_at, self.waiting.front()) {
            let time = u64::from(first.bytes) * 8_000_000 / self.path.bps(now);
            self.served_at = Some(now + time);
        }
    }

    /// A link that stalls holds what it served meanwhile, and lets all of it go at once.
    fn release(&mut self, now: Micros) -> Micros {
        let Some((rate, least, most)) = self.path.stalls else { return now };
        while self.stalled.1 <= now {
            let pause = -self.rng.uniform().max(1e-9).ln() / rate * 1e6;
            let from = self.stalled.1 + pause as Micros;
            let length = least as f64 + self.rng.uniform() * (most - least) as f64;
            self.stalled = (from, from + length as Micros);
        }
        if now >= self.stalled.0 { self.stalled.1 } else { now }
    }
}
