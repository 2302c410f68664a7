//! Changes the length of sound without changing its pitch, and joins sounds without a click.
//!
//! Voices repeat themselves with every period of their pitch. One period more or less is not heard
//! as long as it begins and ends at the same place of the wave: that place is found by
//! cross-correlation (waveform-similarity overlap-add, [WSOLA]), and the joint is cross-faded.
//!
//! ```text
//! shorten   |A A A A|B …      fade A → B, one lag later   ─►  |A~B|…        lag left out
//! lengthen  …|A|B …           fade B → A, one lag before  ─►  …|A|B~A|B …   lag put in
//! merge     …made up|new …    go on with what was made up until it is in phase with the new, or begin
//!                             within the new, fade
//! ```
//!
//! All lengths are samples per channel at 48 kHz. Nothing is allocated after construction.
//!
//! [WSOLA]: https://doi.org/10.1109/ICASSP.1993.319366

mod matching;
#[cfg(test)]
mod tests;

use std::f32::consts::PI;

use crate::SAMPLES_PER_TICK;
use crate::mix::LevelMeter;
use matching::{Matcher, likeness};

/// The shortest period, 2.5 ms: a pitch of 400 Hz (NetEq's shortest lag; higher voices repeat at
/// its multiples).
pub(crate) const MIN_LAG: usize = 120;
/// The longest, 15 ms: 66 Hz (NetEq's longest lag).
pub(crate) const MAX_LAG: usize = 720;
/// What is compared and cross-faded, 10 ms: at least one period of most voices.
pub(crate) const OVERLAP: usize = SAMPLES_PER_TICK;
/// What [`Stretcher::shorten`] looks at, at most.
pub(crate) const LOOKAHEAD: usize = MAX_LAG + OVERLAP;
/// Cross-fade of a merge, 5 ms: shorter than a syllable's onset, longer than a click.
const MERGE_FADE: usize = 240;
/// A continuation corrects its first step within 2.5 ms.
const STEP_DECAY: usize = 120;
/// Made-up sound goes on for the sake of phase only if that fits better by as much.
const WORTH_A_SHIFT: f32 = 0.05;
/// Less alike than this, there is no phase to keep (NetEq's correlation threshold of a fast
/// accelerate).
const SOME_PHASE: f32 = 0.5;
/// −60 dBov: nobody hears where it is cut.
pub(crate) const SILENT_RMS: f32 = 0.001;

/// How a length may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Demand {
    /// The shortest lag that is of use, in samples; 0 for the half of the longest.
    pub(crate) least: usize,
    /// The longest lag allowed, in samples; at most [`MAX_LAG`] is used.
    pub(crate) most: usize,
    /// Similarity that the two sides of the joint must have; −1.0 for any.
    pub(crate) similarity: f32,
}

impl Demand {
    /// The shortest lag worth trying if `most` is allowed: between the half and the whole there is
    /// either a period or a multiple of it, and the more at once, the fewer joints.
    fn shortest(&self, most: usize) -> usize {
        (most / 2).max(self.least).max(MIN_LAG).min(most)
    }
}

/// Stretches the sound of one stream; remembers what was played last.
#[derive(Debug)]
pub(crate) struct Stretcher {
    channels: usize,
    matcher: Matcher,
    /// The last [`LOOKAHEAD`] samples played, interleaved.
    played: Vec<f32>,
    /// One channel of what is compared.
    mono: Vec<f32>,
    /// One channel of what may come next.
    ahead: Vec<f32>,
    /// Sound to be put in, interleaved.
    inserted: Vec<f32>,
    /// The end of what was made up before a merge, interleaved.
    past: Vec<f32>,
    /// Rises from 0 to 1 over [`OVERLAP`], as a raised cosine.
    rise: Vec<f32>,
}

impl Stretcher {
    /// For PCM of `channels` interleaved channels.
    pub(crate) fn new(channels: usize) -> Self {
        let rise = |at: usize| 0.5 - 0.5 * ((at as f32 + 0.5) / OVERLAP as f32 * PI).cos();
        Self {
            channels,
            matcher: Matcher::new(LOOKAHEAD, LOOKAHEAD + OVERLAP),
            played: vec![0.0; LOOKAHEAD * channels],
            mono: Vec::with_capacity(LOOKAHEAD),
            ahead: Vec::with_capacity(LOOKAHEAD + OVERLAP),
            inserted: Vec::with_capacity(MAX_LAG * channels),
            past: Vec::with_capacity(LOOKAHEAD * channels),
            rise: (0..OVERLAP).map(rise).collect(),
        }
    }

    /// Remembers a tick that was played.
    pub(crate) fn remember(&mut self, tick: &[f32]) {
        let kept = self.played.len() - tick.len();
        self.played.copy_within(tick.len().., 0);
        self.played[kept..].copy_from_slice(tick);
    }

    /// Makes what waits shorter: returns how many samples to leave out of the beginning of `pcm`,
    /// the rest of which then follows what was played before. 0 if nothing fits; `pcm` is then as
    /// it was.
    ///
    /// It needs [`OVERLAP`] samples more than what it leaves out, [`LOOKAHEAD`] at best.
    pub(crate) fn shorten(&mut self, pcm: &mut [f32], demand: Demand) -> usize {
        let samples = (pcm.len() / self.channels).min(LOOKAHEAD);
        let most = demand.most.min(MAX_LAG).min(samples.saturating_sub(OVERLAP));
        if most < MIN_LAG {
            return 0;
        }
        let window = &pcm[..samples * self.channels];
        let lag = if is_silent(window) {
            most
        } else {
            let channel = loudest_channel(&window[..OVERLAP * self.channels], self.channels);
            self.mono.clear();
            append_channel(&mut self.mono, window, channel, self.channels);
            let found =
                self.matcher.best(&self.mono[..OVERLAP], &self.mono, demand.shortest(most)..=most);
            if found.similarity < demand.similarity {
                return 0;
            }
            found.at
        };
        self.fade_at(pcm, lag);
        lag
    }

    /// Fades from the beginning of `pcm` to what is `lag` after it, in the place of the latter.
    fn fade_at(&self, pcm: &mut [f32], lag: usize) {
        let (before, after) = pcm.split_at_mut(lag * self.channels);
        // Where the fade is longer than the lag, its beginning is in what is written over.
        for at in (0..OVERLAP).rev() {
            for channel in 0..self.channels {
                let index = at * self.channels + channel;
                let from = match index.checked_sub(before.len()) {
                    Some(index) => after[index],
                    None => before[index],
                };
                after[index] = from + (after[index] - from) * self.rise[at];
            }
        }
    }

    /// Makes sound to be put between what was played and `pcm`, which must hold [`OVERLAP`]
    /// samples: one lag of it, interleaved. Empty if nothing fits.
    pub(crate) fn lengthen(&mut self, pcm: &[f32], demand: Demand) -> &[f32] {
        self.inserted.clear();
        let most = demand.most.min(MAX_LAG);
        let Some(next) = pcm.get(..OVERLAP * self.channels) else { return &[] };
        if most < MIN_LAG {
            return &[];
        }
        let before = &self.played[self.played.len() - MAX_LAG * self.channels..];
        let lag = if is_silent(next) && is_silent(before) {
            most
        } else {
            self.mono.clear();
            let channel = loudest_channel(next, self.channels);
            append_channel(&mut self.mono, before, channel, self.channels);
            append_channel(&mut self.mono, next, channel, self.channels);
            let places = MAX_LAG - most..=MAX_LAG - demand.shortest(most);
            let found = self.matcher.best(&self.mono[MAX_LAG..], &self.mono, places);
            if found.similarity < demand.similarity {
                return &[];
            }
            MAX_LAG - found.at
        };
        let again = &before[(MAX_LAG - lag) * self.channels..];
        self.inserted.extend_from_slice(again);
        let length = lag.min(OVERLAP);
        fade_in(&mut self.inserted, length, self.channels, &self.rise, |index| next[index]);
        &self.inserted
    }

    /// Joins `new` to made-up sound that does not lead to it: the last `made_up` samples of what is
    /// `waiting`, or what was played last. `excess` is by how many samples playing is too late; of
    /// all joints in phase, that which leaves least of it is made. What was made up and is not yet
    /// played gives way first.
    ///
    /// `new` is faded in from [`Joint::skip`] on; the caller leaves out what the joint says.
    pub(crate) fn merge(
        &mut self,
        waiting: &[f32],
        made_up: usize,
        new: &mut [f32],
        excess: i64,
    ) -> Joint<'_> {
        self.inserted.clear();
        self.collect_past(waiting);
        let length = new.len() / self.channels;
        let made_up = made_up.min(waiting.len() / self.channels);
        if length == 0 {
            return Joint { keep: 0, inserted: &[], skip: 0 };
        }
        let period = self.period_of_past();
        let made_up_pcm = &waiting[waiting.len() - made_up * self.channels..];
        self.look_ahead(made_up_pcm, period, length, new);
        let change = self.change_in_phase(made_up, period, length, excess);
        let (ahead, skip) = (change.max(0) as usize, change.min(0).unsigned_abs() as usize);
        let continuation = Continuation::new(&self.past, period, self.channels);
        let next = |index: usize| match made_up_pcm.get(index) {
            Some(sample) => *sample,
            None => continuation.sample(index - made_up_pcm.len()),
        };
        let from = ahead * self.channels;
        self.inserted.extend((made_up_pcm.len()..from).map(next));
        let fade = MERGE_FADE.min(length - skip);
        let go_on = |index| next(from + index);
        fade_in(&mut new[skip * self.channels..], fade, self.channels, &self.rise, go_on);
        Joint { keep: ahead.min(made_up), inserted: &self.inserted, skip }
    }

    /// The last [`LOOKAHEAD`] samples before the joint.
    fn collect_past(&mut self, waiting: &[f32]) {
        let size = LOOKAHEAD * self.channels;
        let waiting = &waiting[waiting.len().saturating_sub(size)..];
        self.past.clear();
        self.past.extend_from_slice(&self.played[waiting.len()..]);
        self.past.extend_from_slice(waiting);
    }

    /// After how many samples the end of the past repeats what was before.
    fn period_of_past(&mut self) -> usize {
        let tail = &self.past[MAX_LAG * self.channels..];
        let channel = loudest_channel(tail, self.channels);
        self.mono.clear();
        append_channel(&mut self.mono, &self.past, channel, self.channels);
        let found = self.matcher.best(&self.mono[MAX_LAG..], &self.mono, 0..=MAX_LAG - MIN_LAG);
        MAX_LAG - found.at
    }

    /// Lays out one channel of what may come before the joint, `ahead`, and of `new` after it.
    fn look_ahead(&mut self, made_up: &[f32], period: usize, length: usize, new: &[f32]) {
        let head = &new[..length.min(LOOKAHEAD) * self.channels];
        let channel = loudest_channel(head, self.channels);
        let continuation = Continuation::new(&self.past, period, self.channels);
        self.mono.clear();
        append_channel(&mut self.mono, head, channel, self.channels);
        self.ahead.clear();
        append_channel(&mut self.ahead, made_up, channel, self.channels);
        let more = (0..period + length.min(OVERLAP)).map(|at| at * self.channels + channel);
        self.ahead.extend(more.map(|index| continuation.sample(index)));
    }

    /// After how many samples of what is ahead the new begins in phase; if negative, how many of
    /// the new are left out. Within one period there is always a place.
    fn change_in_phase(
        &mut self,
        made_up: usize,
        period: usize,
        length: usize,
        excess: i64,
    ) -> i64 {
        let template = length.min(OVERLAP);
        let most_skipped = (length - template).min(LOOKAHEAD - OVERLAP) as i64;
        // All of what was made up is ahead while the delay stays as it is.
        let first = (made_up as i64 - excess - period as i64 / 2).clamp(-most_skipped, 0);
        let last = first + period as i64 - 1;
        let unchanged = likeness(&self.mono[..template], &self.ahead[..template]);
        let mut best = (0, SOME_PHASE.max(unchanged + WORTH_A_SHIFT));
        if last >= 0 {
            let places = 0..=last as usize;
            let found = self.matcher.best(&self.mono[..template], &self.ahead, places);
            if found.similarity > best.1 {
                best = (found.at as i64, found.similarity);
            }
        }
        if first < 0 {
            let places = (-last).max(1) as usize..=-first as usize;
            let found = self.matcher.best(&self.ahead[..template], &self.mono, places);
            if found.similarity > best.1 {
                best = (-(found.at as i64), found.similarity);
            }
        }
        best.0
    }
}

/// How made-up sound and what follows it are joined, in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Joint<'a> {
    /// Of the made-up sound that waits, so much is played; the rest is to be left out.
    pub(crate) keep: usize,
    /// Sound to be put before the new, interleaved: less than one period.
    pub(crate) inserted: &'a [f32],
    /// So much of the beginning of the new is to be left out.
    pub(crate) skip: usize,
}

/// Sound that goes on as it was, period by period, for as long as is asked.
#[derive(Clone, Copy)]
struct Continuation<'a> {
    period: &'a [f32],
    /// The sample before the period, per channel.
    before: &'a [f32],
    /// The least and the largest sample there was.
    range: (f32, f32),
    channels: usize,
}

impl<'a> Continuation<'a> {
    fn new(past: &'a [f32], period: usize, channels: usize) -> Self {
        let (rest, last) = past.split_at(past.len() - period * channels);
        let widen = |(low, high): (f32, f32), sample: &f32| (low.min(*sample), high.max(*sample));
        let range = past.iter().fold((0.0, 0.0), widen);
        Self { period: last, before: &rest[rest.len() - channels..], range, channels }
    }

    /// Interleaved sample `index` after the past. Each period begins where the one before it
    /// ended, whether or not the two are alike.
    fn sample(self, index: usize) -> f32 {
        let index = index % self.period.len();
        let (at, channel) = (index / self.channels, index % self.channels);
        let end = self.period[self.period.len() - self.channels + channel];
        let step = end - self.before[channel];
        let left = STEP_DECAY.saturating_sub(at) as f32 / STEP_DECAY as f32;
        (self.period[index] + step * left).clamp(self.range.0, self.range.1)
    }
}

/// Fades the first `length` samples of `pcm` in and `from` out.
fn fade_in(
    pcm: &mut [f32],
    length: usize,
    channels: usize,
    rise: &[f32],
    from: impl Fn(usize) -> f32,
) {
    for (at, frame) in pcm.chunks_exact_mut(channels).take(length).enumerate() {
        let rise = rise[at * OVERLAP / length];
        for (channel, sample) in frame.iter_mut().enumerate() {
            let from = from(at * channels + channel);
            *sample = from + (*sample - from) * rise;
        }
    }
}

fn is_silent(pcm: &[f32]) -> bool {
    LevelMeter::rms(pcm) < SILENT_RMS
}

/// All channels change alike, as the loudest of them needs it: they stay in phase.
fn loudest_channel(pcm: &[f32], channels: usize) -> usize {
    let energy = |channel: usize| -> f32 {
        pcm.iter().skip(channel).step_by(channels).map(|sample| sample * sample).sum()
    };
    usize::from(channels > 1 && energy(1) > energy(0))
}

fn append_channel(out: &mut Vec<f32>, pcm: &[f32], channel: usize, channels: usize) {
    if channels == 1 {
        out.extend_from_slice(pcm);
    } else {
        out.extend(pcm.iter().skip(channel).step_by(channels));
    }
}
