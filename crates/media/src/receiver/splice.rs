use std::f32::consts::PI;

use super::pcm_queue::PcmQueue;
use crate::SAMPLES_PER_TICK;

/// Joins audio that was not made to follow each other, so that no joint is heard as a click.
#[derive(Debug)]
pub(super) struct Splicer {
    channels: usize,
    /// The tick played last.
    played: Vec<f32>,
    /// Rises from 0 to 1 over one tick, as a raised cosine.
    rise: Vec<f32>,
}

/// Length of the cross-fade at a break, 5 ms: shorter than a syllable's onset, longer than a
/// click.
const BREAK_SAMPLES: usize = SAMPLES_PER_TICK / 2;

impl Splicer {
    pub(super) fn new(channels: usize) -> Self {
        let rise = |at: usize| 0.5 - 0.5 * ((at as f32 + 0.5) / SAMPLES_PER_TICK as f32 * PI).cos();
        Self {
            channels,
            played: vec![0.0; SAMPLES_PER_TICK * channels],
            rise: (0..SAMPLES_PER_TICK).map(rise).collect(),
        }
    }

    /// Remembers the tick that was just played.
    pub(super) fn remember(&mut self, tick: &[f32]) {
        self.played.copy_from_slice(tick);
    }

    /// Plays one tick made of the next two: what is left out in between is faded over.
    pub(super) fn drop_tick(&self, queue: &mut PcmQueue, out: &mut [f32]) {
        let both = queue.front(2 * SAMPLES_PER_TICK);
        let (from, to) = both.split_at(both.len() / 2);
        self.cross_fade(from, to, out);
        queue.consume(2 * SAMPLES_PER_TICK);
    }

    /// Plays one tick more than there is: fades from the beginning of the next tick to the tick
    /// played last, at whose end the next one begins.
    pub(super) fn insert_tick(&self, queue: &PcmQueue, out: &mut [f32]) {
        self.cross_fade(queue.front(SAMPLES_PER_TICK), &self.played, out);
    }

    fn cross_fade(&self, from: &[f32], to: &[f32], out: &mut [f32]) {
        let frames = out.chunks_exact_mut(self.channels);
        let inputs = from.chunks_exact(self.channels).zip(to.chunks_exact(self.channels));
        for ((out, (from, to)), rise) in frames.zip(inputs).zip(&self.rise) {
            for ((out, from), to) in out.iter_mut().zip(from).zip(to) {
                *out = from + (to - from) * rise;
            }
        }
    }

    /// Blends the beginning of the last `samples` of `queue`, which do not follow what is before
    /// them, with what is before them played backwards: continuous at the joint, and of the right
    /// loudness.
    pub(super) fn mend_break(&self, queue: &mut PcmQueue, samples: usize) {
        let waiting = queue.all_mut();
        let (before, after) = waiting.split_at_mut(waiting.len() - samples * self.channels);
        let length = BREAK_SAMPLES.min(samples);
        for at in 0..length {
            let rise = self.rise[at * SAMPLES_PER_TICK / length];
            for channel in 0..self.channels {
                let back = self.channels * (at + 1) - channel;
                let mirrored = match before.len().checked_sub(back) {
                    Some(index) => before[index],
                    None => self.played[self.played.len() + before.len() - back],
                };
                let sample = &mut after[at * self.channels + channel];
                *sample = mirrored + (*sample - mirrored) * rise;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f32, phase: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (n as f32 * frequency * 2.0 * PI / 48_000.0 + phase).sin()).collect()
    }

    fn queue(pcm: &[f32]) -> PcmQueue {
        let mut queue = PcmQueue::new(1, 4_800);
        queue.room(pcm.len()).copy_from_slice(pcm);
        queue.commit(pcm.len(), 0);
        queue
    }

    fn largest_step(pcm: &[f32]) -> f32 {
        pcm.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    /// A 310 Hz sine of amplitude 1 moves by 0.041 per sample at most; two of them faded over
    /// each other in opposite phase by a little more.
    const NO_CLICK: f32 = 0.06;

    #[test]
    fn dropping_and_inserting_do_not_click() {
        let pcm = sine(310.0, 0.0, 4_800);
        let mut splicer = Splicer::new(1);
        splicer.remember(&pcm[..480]);
        let mut played = pcm[..480].to_vec();
        let mut queue = queue(&pcm[480..]);
        let mut out = [0.0; 480];
        for operation in 0..6 {
            match operation {
                1 => splicer.insert_tick(&queue, &mut out),
                3 => splicer.drop_tick(&mut queue, &mut out),
                _ => {
                    out.copy_from_slice(queue.front(480));
                    queue.consume(480);
                }
            }
            splicer.remember(&out);
            played.extend_from_slice(&out);
        }
        assert!(largest_step(&played) < NO_CLICK, "{}", largest_step(&played));
        assert_eq!(queue.len(), 4_800 - 480 - 6 * 480);
    }

    #[test]
    fn a_break_does_not_click() {
        for waiting in [0, 100, 400] {
            let old = sine(310.0, 0.5, 480 + waiting);
            let mut splicer = Splicer::new(1);
            splicer.remember(&old[..480]);
            let mut queue = queue(&[&old[480..], &sine(310.0, 2.9, 960)].concat());
            splicer.mend_break(&mut queue, 960);
            let played = [&old[..480], queue.front(4_800)].concat();
            assert!(largest_step(&played) < NO_CLICK, "{}", largest_step(&played));
        }
    }

    #[test]
    fn channels_stay_apart() {
        let mut splicer = Splicer::new(2);
        splicer.remember(&[0.5, -0.5].repeat(480));
        let mut queue = PcmQueue::new(2, 960);
        queue.room(480).copy_from_slice(&[0.1, -0.9].repeat(480));
        queue.commit(480, 0);
        splicer.mend_break(&mut queue, 480);
        for frame in queue.front(480).chunks(2) {
            assert!((0.1..=0.5).contains(&frame[0]) && (-0.9..=-0.5).contains(&frame[1]));
        }
    }
}
