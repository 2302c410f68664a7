use std::collections::BTreeMap;
use std::time::Instant;

use super::cubic::Cubic;
use super::link::{Link, Path};
use super::receiver::{INTERVAL, Receiver};
use super::sender::{Content, Sender};
use super::{Micros, Packet};

/// How often is looked at what is going on.
const SAMPLE: Micros = 100_000;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowKind {
    /// One of ours.
    Ours(Content),
    /// TCP.
    Cubic,
}

/// What went on for a tenth of a second.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Its end, in seconds.
    pub(crate) at: f64,
    /// What the link takes, in kbit/s.
    pub(crate) capacity: f64,
    /// What came, of each flow, in kbit/s.
    pub(crate) came: Vec<f64>,
    /// What each of ours estimates, in kbit/s; nothing of TCP.
    pub(crate) estimates: Vec<f64>,
    /// How long packets of ours waited on average, in ms, of those that came.
    pub(crate) waited: f64,
}

#[derive(Debug)]
enum Event {
    Begin(usize),
    Arrive(Packet),
    Tell(usize),
    Feedback(usize, Vec<u8>),
    Acknowledge(usize, u64),
}

#[derive(Debug)]
enum Flow {
    Waiting(FlowKind),
    Ours(Box<Sender>, Receiver),
    Cubic(Cubic),
}

/// A path and the flows on it.
#[derive(Debug)]
pub(crate) struct World {
    epoch: Instant,
    seed: u64,
    now: Micros,
    link: Link,
    flows: Vec<Flow>,
    events: BTreeMap<(Micros, u64), Event>,
    scheduled: u64,
    came: Vec<u64>,
    waits: (f64, u32),
    /// What went on.
    pub(crate) samples: Vec<Sample>,
}

impl World {
    /// Flows that begin at their second.
    pub(crate) fn new(epoch: Instant, path: Path, seed: u64, flows: &[(u64, FlowKind)]) -> Self {
        let mut world = Self {
            epoch,
            seed,
            now: 0,
            link: Link::new(path, seed),
            flows: flows.iter().map(|(_, kind)| Flow::Waiting(*kind)).collect(),
            events: BTreeMap::new(),
            scheduled: 0,
            came: vec![0; flows.len()],
            waits: (0.0, 0),
            samples: Vec::new(),
        };
        for (index, (at, _)) in flows.iter().enumerate() {
            world.schedule(at * 1_000_000, Event::Begin(index));
        }
        world
    }

    /// Goes on up to a second.
    pub(crate) fn run_until(&mut self, second: u64) -> &mut Self {
        let end = second * 1_000_000;
        while self.now < end {
            let sample = (self.now / SAMPLE + 1) * SAMPLE;
            self.now = self.due().max(self.now).min(sample);
            self.step();
            if self.now == sample {
                self.sample();
            }
        }
        self
    }

    /// The estimator of a flow of ours.
    pub(crate) fn sender(&self, flow: usize) -> Option<&Sender> {
        match &self.flows[flow] {
            Flow::Ours(sender, _) => Some(sender),
            Flow::Waiting(_) | Flow::Cubic(_) => None,
        }
    }

    /// Share of all packets that the queue had no room for.
    pub(crate) fn dropped(&self) -> f64 {
        self.link.dropped as f64 / self.link.pushed as f64
    }

    fn due(&self) -> Micros {
        let flows = self.flows.iter().map(|flow| match flow {
            Flow::Waiting(_) => Micros::MAX,
            Flow::Ours(sender, _) => sender.due(),
            Flow::Cubic(cubic) => cubic.due().unwrap_or(Micros::MAX),
        });
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        flows.chain(event).chain(self.link.due()).min().unwrap_or(Micros::MAX)
    }

    fn step(&mut self) {
        while self.link.due().is_some_and(|due| due <= self.now) {
            if let Some((at, packet)) = self.link.pop(self.now) {
                self.schedule(at, Event::Arrive(packet));
            }
        }
        while let Some(entry) = self.events.first_entry().filter(|it| it.key().0 <= self.now) {
            let event = entry.remove();
            self.handle(event);
        }
        for index in 0..self.flows.len() {
            self.run_flow(index);
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Begin(index) => self.begin(index),
            Event::Arrive(packet) => self.arrive(packet),
            Event::Tell(index) => self.tell(index),
            Event::Feedback(index, feedback) => {
                if let Flow::Ours(sender, _) = &mut self.flows[index] {
                    sender.feed(self.now, &feedback);
                }
            }
            Event::Acknowledge(index, number) => {
                if let Flow::Cubic(cubic) = &mut self.flows[index] {
                    cubic.acknowledge(self.now, number);
                }
            }
        }
    }

    fn begin(&mut self, index: usize) {
        let Flow::Waiting(kind) = self.flows[index] else { return };
        self.flows[index] = match kind {
            FlowKind::Ours(content) => {
                self.schedule(self.now + INTERVAL, Event::Tell(index));
                let sender = Sender::new(index, content, self.now, (self.epoch, self.seed));
                Flow::Ours(Box::new(sender), Receiver::default())
            }
            FlowKind::Cubic => Flow::Cubic(Cubic::new(index)),
        };
    }

    fn arrive(&mut self, packet: Packet) {
        self.came[packet.flow] += u64::from(packet.bytes);
        match &mut self.flows[packet.flow] {
            Flow::Ours(_, receiver) => receiver.push(self.now, packet.number),
            Flow::Cubic(_) => {
                let back = self.now + self.link.path.delay;
                self.schedule(back, Event::Acknowledge(packet.flow, packet.number));
            }
            Flow::Waiting(_) => {}
        }
    }

    fn tell(&mut self, index: usize) {
        if let Flow::Ours(_, receiver) = &mut self.flows[index]
            && let Some(feedback) = receiver.feedback()
        {
            self.schedule(self.now + self.link.path.delay, Event::Feedback(index, feedback));
        }
        self.schedule(self.now + INTERVAL, Event::Tell(index));
    }

    fn run_flow(&mut self, index: usize) {
        let Self { now, link, flows, waits, .. } = self;
        match &mut flows[index] {
            Flow::Waiting(_) => {}
            Flow::Ours(sender, _) => sender.run(*now, |packet| {
                *waits = (waits.0 + link.wait_ms(*now), waits.1 + 1);
                link.push(*now, packet);
            }),
            Flow::Cubic(cubic) => {
                if cubic.due().is_some_and(|due| due <= *now) {
                    cubic.time_out();
                }
                while let Some(packet) = cubic.poll(*now) {
                    link.push(*now, packet);
                }
            }
        }
    }

    fn sample(&mut self) {
        let seconds = SAMPLE as f64 / 1e6;
        let came = self.came.iter_mut().map(|bytes| std::mem::take(bytes) as f64 * 8e-3 / seconds);
        let came = came.collect();
        let estimate = |index| {
            self.sender(index).map_or(0.0, |it: &Sender| it.stats().estimate.bps() as f64 / 1e3)
        };
        let estimates = (0..self.flows.len()).map(estimate).collect();
        let (sum, count) = std::mem::take(&mut self.waits);
        self.samples.push(Sample {
            at: self.now as f64 / 1e6,
            capacity: self.link.path.bps(self.now - 1) as f64 / 1e3,
            came,
            estimates,
            waited: if count == 0 { 0.0 } else { sum / f64::from(count) },
        });
    }

    fn schedule(&mut self, at: Micros, event: Event) {
        self.scheduled += 1;
        self.events.insert((at, self.scheduled), event);
    }
}
