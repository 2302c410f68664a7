//! Audio without devices: the echo and the sink that keeps nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use calling_media::{AudioSink, AudioSource};
use calling_model::CallId;

/// A sink that throws away what it is given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Discard;

impl AudioSink for Discard {
    fn write(&mut self, _: &[f32]) {}
}

/// At most this much is kept between hearing and saying, in samples: 200 ms.
const MOST_SAMPLES: usize = 9_600;

type Ring = Mutex<VecDeque<f32>>;

/// One ring per call that is up, from its sink to its source.
#[derive(Debug, Default)]
pub(crate) struct Rings(Mutex<BTreeMap<CallId, Weak<Ring>>>);

impl Rings {
    pub(crate) fn source(&self, call: &CallId) -> EchoSource {
        EchoSource(self.ring(call))
    }

    pub(crate) fn sink(&self, call: &CallId) -> EchoSink {
        EchoSink(self.ring(call))
    }

    fn ring(&self, call: &CallId) -> Arc<Ring> {
        let mut rings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rings.retain(|_, ring| ring.strong_count() > 0);
        if let Some(ring) = rings.get(call).and_then(Weak::upgrade) {
            return ring;
        }
        let ring = Arc::new(Ring::default());
        rings.insert(call.clone(), Arc::downgrade(&ring));
        ring
    }
}

/// Says what the sink of the same call was given, or silence.
pub(crate) struct EchoSource(Arc<Ring>);

impl AudioSource for EchoSource {
    fn read(&mut self, out: &mut [f32]) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for sample in out {
            *sample = ring.pop_front().unwrap_or(0.0);
        }
    }
}

/// Keeps what it is given for the source of the same call.
pub(crate) struct EchoSink(Arc<Ring>);

impl AudioSink for EchoSink {
    fn write(&mut self, pcm: &[f32]) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.extend(pcm);
        let surplus = ring.len().saturating_sub(MOST_SAMPLES);
        ring.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> CallId {
        CallId::new(name).unwrap()
    }

    #[test]
    fn one_call_hears_itself_and_no_other() {
        let rings = Rings::default();
        let (mut source, mut sink) = (rings.source(&call("a")), rings.sink(&call("a")));
        let mut other = rings.source(&call("b"));
        sink.write(&[0.1, 0.2]);
        let mut out = [9.0; 3];
        source.read(&mut out);
        assert_eq!(out, [0.1, 0.2, 0.0]);
        other.read(&mut out);
        assert_eq!(out, [0.0; 3]);
    }

    #[test]
    fn what_nobody_reads_stays_bounded_and_ends_with_the_call() {
        let rings = Rings::default();
        let mut sink = rings.sink(&call("a"));
        for _ in 0..100 {
            sink.write(&[0.5; 480]);
        }
        let mut source = rings.source(&call("a"));
        let mut out = [0.0; MOST_SAMPLES + 1];
        source.read(&mut out);
        assert_eq!((out[MOST_SAMPLES - 1], out[MOST_SAMPLES]), (0.5, 0.0));
        sink.write(&[0.5; 480]);
        drop((source, sink));
        let mut again = rings.source(&call("a"));
        again.read(&mut out[..1]);
        assert_eq!(out[0], 0.0);
    }
}
