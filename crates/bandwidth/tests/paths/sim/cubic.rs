use std::collections::BTreeMap;

use super::{Micros, Packet};

const SEGMENT: u32 = 1_500;
/// RFC 9438 sections 4.1 and 4.6.
const C: f64 = 0.4;
const BETA: f64 = 0.7;
/// Packets after a missing one that tell that it is lost (RFC 5681).
const REORDERING: u64 = 3;
const TIMEOUT: Micros = 1_000_000;

/// A TCP flow that always has something to send, by CUBIC (RFC 9438): its window, not its bytes,
/// so what is lost is not sent again.
#[derive(Debug)]
pub(crate) struct Cubic {
    flow: usize,
    next: u64,
    in_flight: BTreeMap<u64, Micros>,
    window: f64,
    threshold: f64,
    window_max: f64,
    /// Since when the window has grown by the cubic.
    epoch: Option<Micros>,
    /// Losses of packets before this one are one event.
    recovered: u64,
}

impl Cubic {
    pub(crate) fn new(flow: usize) -> Self {
        Self {
            flow,
            next: 0,
            in_flight: BTreeMap::new(),
            window: 10.0,
            threshold: f64::MAX,
            window_max: 0.0,
            epoch: None,
            recovered: 0,
        }
    }

    /// The next packet, if the window has room.
    pub(crate) fn poll(&mut self, now: Micros) -> Option<Packet> {
        if self.in_flight.len() as f64 >= self.window {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.in_flight.insert(number, now);
        Some(Packet { flow: self.flow, number, bytes: SEGMENT })
    }

    /// A packet is acknowledged.
    pub(crate) fn acknowledge(&mut self, now: Micros, number: u64) {
        let Some(sent) = self.in_flight.remove(&number) else { return };
        if self.window < self.threshold {
            self.window += 1.0;
        } else {
            self.grow(now, (now - sent) as f64 / 1e6);
        }
        let mut lost = self.in_flight.range(..number.saturating_sub(REORDERING));
        if let Some(last) = lost.next_back().map(|(number, _)| *number) {
            self.in_flight = self.in_flight.split_off(&(last + 1));
            self.lose(last);
        }
    }

    /// When everything in flight is given up.
    pub(crate) fn due(&self) -> Option<Micros> {
        self.in_flight.values().next_back().map(|sent| sent + TIMEOUT)
    }

    pub(crate) fn time_out(&mut self) {
        self.in_flight.clear();
        self.threshold = self.window * BETA;
        self.window = 2.0;
        self.epoch = None;
        self.recovered = self.next;
    }

    fn grow(&mut self, now: Micros, rtt: f64) {
        let epoch = *self.epoch.get_or_insert(now);
        let time = (now - epoch) as f64 / 1e6 + rtt;
        let k = (self.window_max * (1.0 - BETA) / C).cbrt();
        let target = C * (time - k).powi(3) + self.window_max;
        let step = (target - self.window).clamp(0.01, self.window * 0.5);
        self.window += step / self.window;
    }

    fn lose(&mut self, number: u64) {
        if number < self.recovered {
            return;
        }
        self.recovered = self.next;
        self.window_max = self.window;
        self.window = (self.window * BETA).max(2.0);
        self.threshold = self.window;
        self.epoch = None;
    }
}
