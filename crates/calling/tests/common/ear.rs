//! Devices that can be asked what happened to them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use calling::{Audio, AudioSink, AudioSource, ToneSource};

/// What the microphone and the loudspeaker of one person saw.
#[derive(Clone, Default)]
pub struct Devices(Arc<Seen>);

#[derive(Default)]
struct Seen {
    microphones_opened: AtomicUsize,
    loudspeakers_opened: AtomicUsize,
    samples_read: AtomicUsize,
    heard: Mutex<Vec<f32>>,
}

struct Microphone(ToneSource, Devices);

impl AudioSource for Microphone {
    fn read(&mut self, out: &mut [f32]) {
        self.1.0.samples_read.fetch_add(out.len(), Ordering::SeqCst);
        self.0.read(out);
    }
}

struct Loudspeaker(Devices);

impl AudioSink for Loudspeaker {
    fn write(&mut self, pcm: &[f32]) {
        self.0.0.heard.lock().unwrap().extend_from_slice(pcm);
    }
}

impl Devices {
    /// A microphone that hears a tone, and a loudspeaker that remembers.
    pub fn audio(&self, tone_hz: f64) -> Audio {
        let (microphone, loudspeaker) = (self.clone(), self.clone());
        Audio::new(
            move |_| {
                microphone.0.microphones_opened.fetch_add(1, Ordering::SeqCst);
                Ok(Box::new(Microphone(ToneSource::new(tone_hz, 0.5), microphone.clone())))
            },
            move |_| {
                loudspeaker.0.loudspeakers_opened.fetch_add(1, Ordering::SeqCst);
                Ok(Box::new(Loudspeaker(loudspeaker.clone())))
            },
        )
    }

    pub fn microphones_opened(&self) -> usize {
        self.0.microphones_opened.load(Ordering::SeqCst)
    }

    pub fn loudspeakers_opened(&self) -> usize {
        self.0.loudspeakers_opened.load(Ordering::SeqCst)
    }

    pub fn samples_read(&self) -> usize {
        self.0.samples_read.load(Ordering::SeqCst)
    }

    /// Strength of a tone in the last quarter of a second heard.
    pub fn hears(&self, tone_hz: f64) -> f64 {
        let heard = self.0.heard.lock().unwrap();
        strength(&heard[heard.len().saturating_sub(12_000)..], tone_hz)
    }

    /// Forgets what was heard.
    pub fn forget(&self) {
        self.0.heard.lock().unwrap().clear();
    }
}

/// Strength of a tone (Goertzel): about the amplitude of a sine of that frequency.
pub fn strength(pcm: &[f32], tone_hz: f64) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * tone_hz / 48_000.0).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in pcm {
        let next = f64::from(*sample) + turn * last - before;
        (before, last) = (last, next);
    }
    let power = before * before + last * last - turn * before * last;
    2.0 * power.max(0.0).sqrt() / pcm.len().max(1) as f64
}
