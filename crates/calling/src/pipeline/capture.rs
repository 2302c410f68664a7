use std::time::{Duration, Instant};

use calling_media::{AudioSource, SAMPLES_PER_TICK, TICK_MS};

use super::MOST_BEHIND;
use crate::ticker::Ticker;

pub(super) const TICK: Duration = Duration::from_millis(TICK_MS as u64);

/// The microphone at work: one read per 10 ms.
pub(super) struct Capture {
    source: Box<dyn AudioSource>,
    ticker: Ticker,
    pcm: [f32; SAMPLES_PER_TICK],
}

impl Capture {
    /// Reads `source` from one tick after `now` on; the reads that fill the first packet come
    /// before that.
    pub(super) fn new(source: Box<dyn AudioSource>, now: Instant) -> Self {
        let ticker = Ticker::new(now + TICK, TICK, MOST_BEHIND);
        Self { source, ticker, pcm: [0.0; SAMPLES_PER_TICK] }
    }

    /// Takes the tick if it is due.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.ticker.take(now)
    }

    /// One tick of sound.
    pub(super) fn read(&mut self) -> &mut [f32] {
        self.source.read(&mut self.pcm);
        &mut self.pcm
    }

    pub(super) fn next(&self) -> Instant {
        self.ticker.next()
    }

    pub(super) fn skipped(&self) -> u64 {
        self.ticker.skipped()
    }

    /// Stops and gives the microphone back.
    pub(super) fn into_source(self) -> Box<dyn AudioSource> {
        self.source
    }
}
