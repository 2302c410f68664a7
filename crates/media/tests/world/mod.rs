//! One voice over two impaired legs, in virtual time: sender → link → link → receiver.

use std::fmt;
use std::time::{Duration, Instant};

use calling_media::{
    AudioSource, LossPattern, Operation, Planner, Receiver, ReceiverConfig, ReceiverStats,
    SAMPLES_PER_TICK, Sender, SenderConfig,
};
use calling_testkit::{Impairment, Link, epoch, seed};
use calling_wire::RtpView;

/// A voice and its two legs, to the server and from it.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) sender: Sender,
    pub(crate) receiver: Receiver,
    source: Box<dyn AudioSource>,
    channels: usize,
    legs: [Link<Vec<u8>>; 2],
    /// All that was heard.
    pub(crate) heard: Vec<f32>,
    /// How each tick came to be.
    pub(crate) operations: Vec<Operation>,
}

pub(crate) const TICK: Duration = Duration::from_millis(10);

/// The storm of the figures: `--loss 10 --jitter 30` on each leg.
pub(crate) fn storm() -> Impairment {
    Impairment { loss: 0.1, jitter: Duration::from_millis(30), ..Default::default() }
}

impl World {
    pub(crate) fn new(
        source: impl AudioSource + 'static,
        impairment: &Impairment,
        number: u64,
    ) -> Self {
        Self::with(source, SenderConfig::voice(1), ReceiverConfig::default(), impairment, number)
    }

    pub(crate) fn with(
        source: impl AudioSource + 'static,
        sender: SenderConfig,
        receiver: ReceiverConfig,
        impairment: &Impairment,
        number: u64,
    ) -> Self {
        Self {
            channels: receiver.channels.count(),
            now: epoch(),
            sender: Sender::new(sender, seed(number)).unwrap(),
            receiver: Receiver::new(receiver).unwrap(),
            source: Box::new(source),
            legs: [0, 1].map(|leg| Link::new(impairment.clone(), number * 2 + leg)),
            heard: Vec::new(),
            operations: Vec::new(),
        }
    }

    pub(crate) fn impair(&mut self, impairment: &Impairment) -> &mut Self {
        self.legs.iter_mut().for_each(|leg| leg.impair(impairment.clone()));
        self
    }

    /// Runs for so many seconds of virtual time.
    pub(crate) fn run(&mut self, seconds: f64) -> &mut Self {
        (0..(seconds * 100.0) as usize).for_each(|_| self.tick());
        self
    }

    /// Tells the planner of the losses since the last time, and runs by its plan.
    pub(crate) fn plan_and_run(&mut self, planner: &mut Planner, seconds: f64) {
        let report = self.receiver.reception_report();
        let fraction_lost = report.map_or(0.0, |report| f64::from(report.fraction_lost) / 256.0);
        let pattern = LossPattern { fraction_lost, mean_burst: None };
        self.sender.apply(&planner.report(self.now, pattern));
        self.run(seconds);
    }

    /// Like [`run`](Self::run), and returns what happened in that time.
    pub(crate) fn watch(&mut self, seconds: f64) -> Interval {
        let before = self.receiver.stats();
        self.run(seconds);
        Interval { before, after: self.receiver.stats() }
    }

    fn tick(&mut self) {
        let mut pcm = vec![0.0; SAMPLES_PER_TICK];
        self.source.read(&mut pcm);
        if let Some(packet) = self.sender.push(&pcm).unwrap() {
            self.legs[0].send(self.now, packet.to_vec());
        }
        self.now += TICK;
        let [up, down] = &mut self.legs;
        while let Some((at, packet)) = up.receive(self.now) {
            down.send(at, packet);
        }
        while let Some((at, packet)) = down.receive(self.now) {
            let _ = self.receiver.insert(at, &RtpView::parse(&packet).unwrap());
        }
        pcm.resize(SAMPLES_PER_TICK * self.channels, 0.0);
        let pulled = self.receiver.pull(&mut pcm);
        self.operations.push(pulled.operation);
        self.heard.extend_from_slice(&pcm);
    }
}

/// The difference of two statistics.
pub(crate) struct Interval {
    before: ReceiverStats,
    pub(crate) after: ReceiverStats,
}

impl Interval {
    pub(crate) fn concealed_ms(&self) -> f64 {
        self.after.concealed_ms() - self.before.concealed_ms()
    }

    pub(crate) fn concealed_percent(&self) -> f64 {
        100.0 * self.concealed_ms() / (self.after.media_ms() - self.before.media_ms())
    }

    fn silent_percent(&self) -> f64 {
        let silent = self.after.silent_concealed_ms() - self.before.silent_concealed_ms();
        100.0 * silent / (self.after.media_ms() - self.before.media_ms())
    }

    fn fec_percent(&self) -> f64 {
        let fec = self.after.fec_recovered_ms() - self.before.fec_recovered_ms();
        100.0 * fec / (self.after.media_ms() - self.before.media_ms())
    }

    pub(crate) fn mean_delay_ms(&self) -> f64 {
        (self.after.playout_delay_sum_ms - self.before.playout_delay_sum_ms)
            / (self.after.packets_played - self.before.packets_played) as f64
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} % concealed, {:.2} % in silence, {:.2} % restored, delay {:.1} ms, target {} ms",
            self.concealed_percent(),
            self.silent_percent(),
            self.fec_percent(),
            self.mean_delay_ms(),
            self.after.target_delay_ms,
        )
    }
}

/// The largest difference of neighbouring samples.
pub(crate) fn largest_step(pcm: &[f32]) -> f32 {
    pcm.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}
