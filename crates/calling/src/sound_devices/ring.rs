use std::collections::VecDeque;
use std::sync::Mutex;

use super::lock;

/// What waits when a reader begins, or began anew: two ticks, so that neither side's rhythm shows.
const START: usize = 960;
/// What waits at most: 100 ms of 48 kHz. More means that the clocks differ, and that somebody has to
/// give way.
const MOST: usize = 4_800;

/// Samples of 48 kHz on their way between two threads. The lock is held for a copy of some hundred
/// samples, never for more; a side that finds nothing never waits.
///
/// The clocks of a call and of a device differ by some 100 ppm. A writer that is too fast makes the
/// oldest sound disappear, once in minutes, down to two ticks; a reader that is too fast waits for
/// two ticks.
#[derive(Debug, Default)]
pub(super) struct Ring(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    samples: VecDeque<f32>,
    /// Enough was there to begin.
    flowing: bool,
    dropped: u64,
}

impl Ring {
    /// Takes samples; how many older ones it had to drop.
    pub(super) fn write(&self, pcm: &[f32]) -> u64 {
        let mut held = lock(&self.0);
        held.samples.extend(pcm);
        let mut dropped = 0;
        if held.samples.len() > MOST {
            dropped = held.samples.len() - START;
            held.samples.drain(..dropped);
        }
        held.dropped += dropped as u64;
        dropped as u64
    }

    /// Fills `out` as far as there is sound; how far, and how many samples were dropped since the
    /// last call of this.
    pub(super) fn read(&self, out: &mut [f32]) -> (usize, u64) {
        let mut held = lock(&self.0);
        let dropped = std::mem::take(&mut held.dropped);
        held.flowing |= held.samples.len() >= START;
        if !held.flowing {
            return (0, dropped);
        }
        let filled = out.len().min(held.samples.len());
        held.samples.drain(..filled).zip(out).for_each(|(from, to)| *to = from);
        held.flowing = !held.samples.is_empty();
        (filled, dropped)
    }

    /// Forgets all, for another device.
    pub(super) fn clear(&self) {
        *lock(&self.0) = Held::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_flows_from_two_ticks_on_and_begins_anew_after_it_ran_dry() {
        let ring = Ring::default();
        let mut out = [0.0; 480];
        ring.write(&[0.5; 480]);
        assert_eq!(ring.read(&mut out), (0, 0));
        ring.write(&[0.5; 480]);
        assert_eq!(ring.read(&mut out), (480, 0));
        assert_eq!(out, [0.5; 480]);
        assert_eq!(ring.read(&mut out), (480, 0));
        ring.write(&[0.5; 100]);
        assert_eq!(ring.read(&mut out), (0, 0), "two ticks again");
    }

    #[test]
    fn a_reader_that_is_slow_or_gone_costs_bounded_memory_and_little_delay() {
        let ring = Ring::default();
        let dropped: u64 = (0..1_000).map(|_| ring.write(&[0.1; 480])).sum();
        let mut out = vec![0.0; 480_000];
        let (waiting, told) = ring.read(&mut out);
        assert!((START..=MOST).contains(&waiting), "{waiting}");
        assert_eq!((told, dropped + waiting as u64), (dropped, 480_000));
        ring.write(&[0.1; 960]);
        ring.clear();
        assert_eq!(ring.read(&mut out), (0, 0));
    }
}
