use std::time::Instant;

use calling_media::{AudioSink, LevelMeter, Mixer, SAMPLES_PER_TICK};
use calling_model::Volume;

use super::MOST_BEHIND;
use super::capture::TICK;
use super::remotes::Remotes;
use super::volumes::Volumes;
use crate::ticker::Ticker;

/// The loudspeaker: one write per 10 ms.
pub(super) struct Playout {
    sink: Box<dyn AudioSink>,
    ticker: Ticker,
    mixer: Mixer,
    mixed: [f32; SAMPLES_PER_TICK],
    begun: bool,
}

impl Playout {
    pub(super) fn new(sink: Box<dyn AudioSink>, now: Instant) -> Self {
        Self {
            sink,
            ticker: Ticker::new(now, TICK, MOST_BEHIND),
            mixer: Mixer::new(SAMPLES_PER_TICK),
            mixed: [0.0; SAMPLES_PER_TICK],
            begun: false,
        }
    }

    /// Aligns the ticks with the first packet, so that it is heard at once and not up to a tick
    /// later. The loudspeaker gets at most one tick more than time has passed.
    pub(super) fn begin(&mut self, now: Instant) {
        if !self.begun {
            self.begun = true;
            self.ticker.realign(now);
        }
    }

    /// Takes the tick if it is due.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.ticker.take(now)
    }

    /// Plays one tick; whether it can be heard.
    pub(super) fn play(&mut self, remotes: &mut Remotes, volumes: &mut Volumes) -> bool {
        remotes.pull(&mut self.mixer, volumes);
        self.mixer.mix(&mut self.mixed);
        self.sink.write(&self.mixed);
        let level = LevelMeter::measure(&self.mixed);
        volumes.total(level);
        level.volume() > Volume::SILENT
    }

    /// The tick that was played last.
    #[cfg(feature = "processing")]
    pub(super) fn played(&self) -> &[f32] {
        &self.mixed
    }

    pub(super) fn next(&self) -> Instant {
        self.ticker.next()
    }

    pub(super) fn skipped(&self) -> u64 {
        self.ticker.skipped()
    }
}
