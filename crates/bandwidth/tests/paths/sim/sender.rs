use std::time::{Duration, Instant};

use calling_bandwidth::{
    Estimator, EstimatorConfig, EstimatorInput, EstimatorOutput, EstimatorStats, Pacer,
    PacerConfig, PacerInput, PacerOutput, Priority, ProbeId,
};
use calling_model::{Bitrate, Machine};
use calling_wire::{RtcpPackets, TransportArrivals};

use super::{Micros, Packet, Rng};

const AUDIO_INTERVAL: Micros = 20_000;
const AUDIO_BYTES: u32 = 120;
const AUDIO_BPS: u64 = AUDIO_BYTES as u64 * 8 * 50;
const FRAME_INTERVAL: Micros = 33_333;
const LONGEST_PACKET: u32 = 1_200;

/// What a sender has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Audio, and a picture coded for what is estimated, up to so many kbit/s.
    Camera(u64),
    /// Audio, and the largest of these layers of a picture that passes: what a server has.
    Layers(&'static [u64]),
    /// Audio, but so much is wanted.
    AudioWanting(u64),
}

/// Audio and video through a pacer, as an estimator allows.
#[derive(Debug)]
pub(crate) struct Sender {
    flow: usize,
    content: Content,
    estimator: Estimator,
    pacer: Pacer<()>,
    rng: Rng,
    number: u64,
    next_audio: Micros,
    next_frame: Micros,
    epoch: Instant,
}

impl Sender {
    pub(crate) fn new(
        flow: usize,
        content: Content,
        now: Micros,
        (epoch, seed): (Instant, u64),
    ) -> Self {
        let at = epoch + Duration::from_micros(now);
        let config = EstimatorConfig::default();
        let mut estimator = Estimator::new(at, config);
        let wanted = match content {
            Content::Camera(kbps) | Content::AudioWanting(kbps) => kbps,
            Content::Layers(layers) => layers.last().copied().unwrap_or(0) + AUDIO_BPS / 1_000,
        };
        let wanted = EstimatorInput::Wanted(Bitrate::from_kbps(wanted));
        estimator.handle_input(at, wanted).unwrap();
        Self {
            flow,
            content,
            estimator,
            pacer: Pacer::new(at, PacerConfig::default(), config.start),
            rng: Rng(seed * 1_000 + flow as u64),
            number: 0,
            next_audio: now,
            next_frame: now,
            epoch,
        }
    }

    pub(crate) fn stats(&self) -> EstimatorStats {
        self.estimator.stats()
    }

    pub(crate) fn due(&self) -> Micros {
        let machines = self.estimator.poll_timeout().map(|(at, _)| at).into_iter();
        let machines = machines.chain(self.pacer.poll_timeout().map(|(at, _)| at));
        // Rounded up: what is due within a microsecond is due after it.
        let due = machines.map(|at| (at - self.epoch).as_nanos().div_ceil(1_000) as Micros).min();
        due.unwrap_or(Micros::MAX).min(self.next_audio).min(self.next_frame)
    }

    pub(crate) fn feed(&mut self, now: Micros, feedback: &[u8]) {
        let packet = RtcpPackets::new(feedback).next().unwrap().unwrap();
        let arrivals = TransportArrivals::parse(&packet).unwrap();
        let at = self.at(now);
        self.estimator.handle_input(at, EstimatorInput::Feedback(arrivals)).unwrap();
    }

    /// Everything that is due, and what goes out because of it.
    pub(crate) fn run(&mut self, now: Micros, mut send: impl FnMut(Packet)) {
        let at = self.at(now);
        self.estimator.handle_timeout(at);
        self.pacer.handle_timeout(at);
        self.produce(now);
        loop {
            if let Some(output) = self.estimator.poll_output() {
                let input = match output {
                    EstimatorOutput::Estimate { pacing, .. } => PacerInput::Rate(pacing),
                    EstimatorOutput::Probe(probe) => PacerInput::Probe(probe),
                };
                self.pacer.handle_input(at, input).unwrap();
            } else if let Some(output) = self.pacer.poll_output() {
                let (bytes, probe) = match output {
                    PacerOutput::Send { bytes, probe, .. } => (bytes, probe),
                    PacerOutput::Pad { bytes, probe } => (bytes, Some(probe)),
                };
                send(self.send(at, bytes, probe));
            } else {
                return;
            }
        }
    }

    fn send(&mut self, at: Instant, bytes: u32, probe: Option<ProbeId>) -> Packet {
        let number = self.number;
        self.number += 1;
        let sent = EstimatorInput::Sent { sequence_number: number as u16, bytes, probe };
        self.estimator.handle_input(at, sent).unwrap();
        Packet { flow: self.flow, number, bytes }
    }

    fn produce(&mut self, now: Micros) {
        if now >= self.next_audio {
            self.next_audio += AUDIO_INTERVAL;
            self.push(now, Priority::Audio, AUDIO_BYTES);
        }
        if now >= self.next_frame {
            self.next_frame += FRAME_INTERVAL;
            let noise = 0.8 + 0.4 * self.rng.uniform();
            let bits = self.video_bps() as f64 * FRAME_INTERVAL as f64 / 1e6 * noise;
            let mut bytes = (bits / 8.0) as u32;
            while bytes > 0 {
                let packet = bytes.min(LONGEST_PACKET);
                self.push(now, Priority::Video, packet);
                bytes -= packet;
            }
        }
    }

    fn video_bps(&self) -> u64 {
        let estimate = self.estimator.estimate().bps().saturating_sub(AUDIO_BPS);
        match self.content {
            Content::Camera(kbps) => estimate.min(kbps * 1_000),
            Content::Layers(layers) => {
                let fits = layers.iter().rev().find(|layer| **layer * 1_000 <= estimate);
                fits.copied().unwrap_or(0) * 1_000
            }
            Content::AudioWanting(_) => 0,
        }
    }

    fn push(&mut self, now: Micros, priority: Priority, bytes: u32) {
        let packet = PacerInput::Packet { priority, bytes, packet: () };
        self.pacer.handle_input(self.at(now), packet).unwrap();
    }

    fn at(&self, now: Micros) -> Instant {
        self.epoch + Duration::from_micros(now)
    }
}
