use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets that wait at most.
const MOST_WAITING: usize = 2_048;
/// Packets that leave together: what a few milliseconds of a fast link carry.
const BURST_BYTES: i64 = 4_000;
/// Faster than the bitrate aimed at by this much, so that a key frame does not delay what follows.
const HEADROOM: f64 = 2.5;
/// Slower than this no queue is emptied, in bits per second.
const SLOWEST_BPS: f64 = 300_000.0;
/// The longest that a packet should wait: beyond it the pace quickens.
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// Spreads the packets of a picture over time, so that a key frame is no burst that queues overflow
/// from. What is sent again goes first.
#[derive(Debug)]
pub(super) struct Pacer {
    again: VecDeque<Vec<u8>>,
    first: VecDeque<Vec<u8>>,
    bytes: usize,
    bps: f64,
    /// May be negative: then the next packet waits.
    budget: i64,
    refilled: Option<Instant>,
}

impl Pacer {
    pub(super) const fn new(bitrate_bps: u32) -> Self {
        Self {
            again: VecDeque::new(),
            first: VecDeque::new(),
            bytes: 0,
            bps: bitrate_bps as f64,
            budget: BURST_BYTES,
            refilled: None,
        }
    }

    pub(super) const fn set_bitrate(&mut self, bps: u32) {
        self.bps = bps as f64;
    }

    /// Room for so many more.
    pub(super) fn room(&self) -> usize {
        MOST_WAITING.saturating_sub(self.again.len() + self.first.len())
    }

    /// Whether what waits would take longer than is worth waiting for.
    pub(super) fn is_congested(&self) -> bool {
        self.bytes as f64 * 8.0 > self.rate() * LONGEST_WAIT.as_secs_f64()
    }

    pub(super) fn push(&mut self, packet: Vec<u8>, again: bool) {
        if self.room() == 0 {
            return;
        }
        self.bytes += packet.len();
        if again { &mut self.again } else { &mut self.first }.push_back(packet);
    }

    /// The next packet, if it may leave by now.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.refill(now);
        if self.budget <= 0 {
            return None;
        }
        let packet = self.again.pop_front().or_else(|| self.first.pop_front())?;
        self.bytes -= packet.len();
        // A packet is below 64 KiB.
        self.budget -= packet.len() as i64;
        Some(packet)
    }

    /// When the next packet may leave.
    pub(super) fn next(&self) -> Option<Instant> {
        let refilled = self.refilled?;
        if self.bytes == 0 {
            return None;
        }
        let missing = 1 - self.budget.min(1);
        // A microsecond more, so that rounding never leaves it just short.
        let wait = Duration::from_secs_f64(missing as f64 * 8.0 / self.rate());
        Some(refilled + wait + Duration::from_micros(1))
    }

    fn refill(&mut self, now: Instant) {
        let since = self.refilled.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let gained = self.rate() * since.as_secs_f64() / 8.0;
        // Time that gives less than a byte stays for the next time.
        if self.refilled.is_none() || gained >= 1.0 {
            self.budget = self.budget.saturating_add(gained as i64).min(BURST_BYTES);
            self.refilled = Some(now);
        }
    }

    fn rate(&self) -> f64 {
        (self.bps * HEADROOM).max(SLOWEST_BPS)
    }
}

#[cfg(test)]
mod tests {
    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn a_key_frame_leaves_evenly_and_what_is_sent_again_first() {
        let mut pacer = Pacer::new(400_000);
        for number in 0..40 {
            pacer.push(vec![number; 1_000], false);
        }
        let (mut now, mut sent) = (epoch(), Vec::new());
        while let Some(packet) = pacer.pop(now) {
            sent.push((now, packet[0]));
        }
        assert_eq!(sent.len(), 4, "a burst");
        pacer.push(vec![99; 1_000], true);
        while let Some(due) = pacer.next() {
            assert!(due > now, "{due:?} {now:?}");
            now = due;
            let packet = pacer.pop(now).expect("it said so");
            sent.push((now, packet[0]));
        }
        assert_eq!(sent[4].1, 99);
        assert_eq!(sent.len(), 41);
        // 36 further packets of 8,000 bits at 1 Mbit/s.
        let took = now - epoch();
        assert!(took > Duration::from_millis(280) && took < Duration::from_millis(310), "{took:?}");
    }

    #[test]
    fn it_holds_a_bounded_number() {
        let mut pacer = Pacer::new(0);
        for _ in 0..3_000 {
            pacer.push(vec![0; 10], false);
        }
        assert_eq!(pacer.room(), 0);
        assert!(pacer.is_congested());
    }
}
