//! Body of the fuzz target: any order of what may happen, and feedback of any bytes.

use std::time::{Duration, Instant};

use calling_model::{Bitrate, Machine};
use calling_wire::{RtcpPackets, TransportArrivals};

use crate::{
    Estimator, EstimatorConfig, EstimatorInput, EstimatorOutput, Pacer, PacerConfig, PacerInput,
    PacerOutput, Priority,
};

/// What one mutation may give at most: a second of packets that are as small as can be.
const MOST_OUTPUTS: usize = 100_000;

/// A sender, what it sends, and a receiver that says whatever the script wants.
struct World {
    now: Instant,
    config: EstimatorConfig,
    estimator: Estimator,
    pacer: Pacer<()>,
    number: u16,
}

/// Each operation is a byte that says what happens, and what it needs.
///
/// # Panics
/// If the estimate leaves its bounds, a handled deadline is still due or a machine never falls
/// silent.
pub fn operations(epoch: Instant, mut data: &[u8]) {
    let config = EstimatorConfig::default();
    let rate = config.start;
    let mut world = World {
        now: epoch,
        config,
        estimator: Estimator::new(epoch, config),
        pacer: Pacer::new(epoch, PacerConfig::default(), rate),
        number: 0,
    };
    while let [operation, argument, rest @ ..] = data {
        data = rest;
        let argument = *argument;
        match operation % 6 {
            0 => world.pass(Duration::from_millis(u64::from(argument) * 4)),
            1 => world.queue(Priority::Video, u32::from(argument) * 6 + 1),
            2 => world.queue(Priority::Audio, u32::from(argument) + 1),
            3 => world.want(Bitrate::from_kbps(u64::from(argument) * 40)),
            4 => {
                let (feedback, after) = data.split_at(usize::from(argument).min(data.len()));
                world.tell(feedback);
                data = after;
            }
            _ => {
                let (times, after) = data.split_at(usize::from(argument).min(data.len()));
                world.tell(&feedback(world.number, times));
                data = after;
            }
        }
    }
    world.pass(Duration::from_secs(30));
}

/// Feedback of the last packets before `number`: of each a byte, with the time since the one before
/// in 16 ms, or in −16 ms above 127; 127 did not come. The last two bytes are the reference time.
fn feedback(number: u16, times: &[u8]) -> Vec<u8> {
    let (times, [high, low]) = times.split_last_chunk().unwrap_or((times, &[0, 0]));
    let told = times.len() as u16;
    let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    packet.extend(number.wrapping_sub(told).to_be_bytes());
    packet.extend(told.to_be_bytes());
    packet.extend([*high, *low, 0, 0]);
    for seven in times.chunks(7) {
        let came = seven.iter().enumerate().filter(|(_, time)| **time != 127);
        let chunk = came.fold(0xc000_u16, |chunk, (index, _)| chunk | 2 << (12 - 2 * index));
        packet.extend(chunk.to_be_bytes());
    }
    let came = times.iter().filter(|time| **time != 127);
    packet.extend(came.flat_map(|time| (i16::from(*time as i8) * 64).to_be_bytes()));
    packet.resize(packet.len().next_multiple_of(4), 0);
    let words = (packet.len() / 4 - 1) as u16;
    packet[2..4].copy_from_slice(&words.to_be_bytes());
    packet
}

impl World {
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.estimator.handle_timeout(self.now);
            self.pacer.handle_timeout(self.now);
            self.drain();
            assert!(self.due().is_none_or(|next| next > self.now), "a deadline is still due");
        }
        self.now = until;
    }

    fn due(&self) -> Option<Instant> {
        let pacer = self.pacer.poll_timeout().map(|(at, _)| at);
        self.estimator.poll_timeout().map(|(at, _)| at).into_iter().chain(pacer).min()
    }

    fn queue(&mut self, priority: Priority, bytes: u32) {
        let packet = PacerInput::Packet { priority, bytes, packet: () };
        self.pacer.handle_input(self.now, packet).unwrap_or_else(|_| unreachable!("it has bytes"));
        self.drain();
    }

    fn want(&mut self, bitrate: Bitrate) {
        self.input(EstimatorInput::Wanted(bitrate));
        self.drain();
    }

    fn tell(&mut self, feedback: &[u8]) {
        for packet in RtcpPackets::new(feedback).map_while(Result::ok) {
            if let Ok(arrivals) = TransportArrivals::parse(&packet) {
                self.input(EstimatorInput::Feedback(arrivals));
                self.drain();
            }
        }
    }

    fn input(&mut self, input: EstimatorInput<'_>) {
        let number = self.estimator.handle_input(self.now, input);
        number.unwrap_or_else(|_| unreachable!("numbers go up by one"));
    }

    fn drain(&mut self) {
        for _ in 0..MOST_OUTPUTS {
            if !self.drain_estimator() && !self.drain_pacer() {
                return;
            }
        }
        panic!("a machine never falls silent");
    }

    fn drain_estimator(&mut self) -> bool {
        let Some(output) = self.estimator.poll_output() else { return false };
        let input = match output {
            EstimatorOutput::Estimate { bitrate, pacing } => {
                assert!((self.config.min..=self.config.max).contains(&bitrate), "{bitrate:?}");
                PacerInput::Rate(pacing)
            }
            EstimatorOutput::Probe(probe) => PacerInput::Probe(probe),
        };
        self.pacer.handle_input(self.now, input).unwrap_or_else(|_| unreachable!("it has bytes"));
        true
    }

    fn drain_pacer(&mut self) -> bool {
        let (bytes, probe) = match self.pacer.poll_output() {
            Some(PacerOutput::Send { bytes, probe, .. }) => (bytes, probe),
            Some(PacerOutput::Pad { bytes, probe }) => (bytes, Some(probe)),
            None => return false,
        };
        self.input(EstimatorInput::Sent { sequence_number: self.number, bytes, probe });
        self.number = self.number.wrapping_add(1);
        true
    }
}
