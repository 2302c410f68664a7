use crate::SAMPLES_PER_TICK;
use crate::stretch::MIN_LAG;
use crate::units::samples;

/// How a tick of audio comes to be, least to most serious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// No stream yet: silence.
    Idle,
    /// Play what is decoded, decoding the next packet first if too little is.
    Normal,
    /// The sender is silent (DTX): comfort noise.
    ComfortNoise,
    /// Leave out a period of the voice, so that the delay shrinks.
    Accelerate,
    /// The same in haste: as much as can be left out, less carefully.
    FastAccelerate,
    /// Repeat a period of the voice, so that the delay grows before audio is missing.
    PreemptiveExpand,
    /// Restore lost audio from the redundancy in the packet after it.
    Fec,
    /// Join decoded audio to what was made up before it.
    Merge,
    /// Make up audio from what was heard before.
    Expand,
}

/// All that a decision depends on. Times are samples per channel, positions are relative to the
/// next sample to be made: negative ones have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// A stream has begun.
    pub(super) started: bool,
    /// Decoded audio that waits.
    pub(super) ready: usize,
    /// What the packet buffer offers next.
    pub(super) next: Next,
    /// The filtered buffer level: the audio that would wait if every packet were as fast as the
    /// fastest of the last two seconds. In other words, the delay of the next sample to be played.
    pub(super) delay: i64,
    /// The delay aimed at.
    pub(super) target: i64,
    /// The sender announced silence, or nothing but that can explain a gap.
    pub(super) comfort: bool,
    /// What is decoded next does not follow from what was made last.
    pub(super) joint: bool,
    /// The next tick is so quiet that changing its length is not heard.
    pub(super) quiet: bool,
    /// What waits and what was played last both came from packets.
    pub(super) stretchable: bool,
    /// Ticks for which the delay has been too long, or too short, without a change.
    pub(super) waited_ticks: u32,
    /// Of these, ticks in which a change was tried and nothing was alike enough.
    pub(super) vain_ticks: u32,
    /// The stream has just begun.
    pub(super) starting: bool,
}

impl Status {
    /// Playing has just begun, at no delay at all: unless the next tick is lengthened, the second
    /// packet had better be in time to the tick.
    pub(super) const fn is_hole_ahead(&self) -> bool {
        self.starting && self.delay < FIRST_DELAY && self.delay < self.target
    }
}

/// What the packet buffer offers next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// No packet.
    Nothing,
    /// The packet that follows what was played.
    Adjoining,
    /// A packet further on, though none is missing between: the sender was silent.
    AfterSilence {
        /// Where it begins.
        at: i64,
    },
    /// A packet further on, others missing before it.
    AfterLoss {
        /// Where it begins.
        at: i64,
        /// How much of the audio before it can be restored from it.
        fec: i64,
    },
}

/// Chooses what to do next. Audio is made until a tick is ready; then one is played.
pub(super) fn decide(status: &Status) -> Operation {
    if !status.started {
        Operation::Idle
    } else if status.ready < SAMPLES_PER_TICK {
        make(status)
    } else {
        play(status)
    }
}

/// How to make the next audio.
fn make(status: &Status) -> Operation {
    match status.next {
        Next::Adjoining => decode(status),
        Next::Nothing if status.comfort => Operation::ComfortNoise,
        Next::Nothing => Operation::Expand,
        // Silence can be any length: play the packet when the delay is the one aimed at.
        Next::AfterSilence { at } if status.delay - at >= status.target => decode(status),
        Next::AfterSilence { .. } => Operation::ComfortNoise,
        Next::AfterLoss { at, fec } => after_loss(status, at, fec),
    }
}

const fn decode(status: &Status) -> Operation {
    if status.joint { Operation::Merge } else { Operation::Normal }
}

/// Packets are missing, and one after them is there that begins at `at`.
fn after_loss(status: &Status, at: i64, fec: i64) -> Operation {
    // It is time for a position once it is reached, or earlier if the delay is too long anyhow.
    let is_time = |position: i64| position <= 0 || status.delay - position >= status.target;
    let restorable = at - fec;
    // What is already made up is restored only if the delay may grow by it, or in part.
    let still_useful = at > 0 || status.delay - restorable <= status.target;
    if fec > 0 && is_time(restorable) && still_useful {
        Operation::Fec
    } else if is_time(at) {
        Operation::Merge
    } else if status.comfort {
        Operation::ComfortNoise
    } else {
        Operation::Expand
    }
}

/// Above the target by less than it, delay is left alone for a while (NetEq's band between its
/// lower and higher limit is 20 ms).
const TOLERANCE: i64 = samples(15);
/// The same below the target: half a tick, since less than a whole one is seldom what a packet is
/// late by.
const TOLERANCE_BELOW: i64 = samples(6);
/// Ticks to wait for a pause before so little is put in.
const SLIGHTLY_SHORT_TICKS: u32 = 300;
/// The same before so little is left out, in a pause and in speech: a change is heard, 15 ms are not.
const SLIGHTLY_LONG_TICKS: [u32; 2] = [50, 100];
/// The least there is to leave out.
const STEP: i64 = MIN_LAG as i64;
/// Longer than the target by as much and as the target itself, the delay is shortened in haste:
/// from 180 ms on at a target of 30 ms. NetEq does so at four times its higher limit, 170 ms then.
const HASTE: i64 = samples(120);
/// Ticks between two changes while somebody speaks (NetEq's `kMinTimescaleInterval`: 5).
const STRETCH_INTERVAL_TICKS: u32 = 5;

/// A delay below one usual packet does not survive the least jitter.
const FIRST_DELAY: i64 = samples(20);

/// How to play the tick that is ready.
fn play(status: &Status) -> Operation {
    let excess = status.delay - status.target;
    if !status.stretchable {
        return Operation::Normal;
    }
    if excess < 0 {
        let patient = status.waited_ticks < patience_to_lengthen(status);
        return if patient { Operation::Normal } else { Operation::PreemptiveExpand };
    }
    // What is left out is cross-faded into what follows.
    let more_follows = status.ready >= 2 * SAMPLES_PER_TICK || status.next == Next::Adjoining;
    if excess < STEP || !more_follows || status.waited_ticks < patience_to_shorten(status, excess) {
        Operation::Normal
    } else if excess >= HASTE + status.target {
        Operation::FastAccelerate
    } else {
        Operation::Accelerate
    }
}

/// Ticks to wait for a pause before the delay is lengthened in the midst of speech. Too short a
/// delay costs concealment, so it is not for long.
const fn patience_to_lengthen(status: &Status) -> u32 {
    match (status.quiet, status.starting) {
        // At first there may be no delay at all: the second packet must not find a hole.
        _ if status.is_hole_ahead() => 1,
        _ if !status.starting && status.delay > status.target - TOLERANCE_BELOW => {
            SLIGHTLY_SHORT_TICKS
        }
        // Every other tick, so that nothing is heard more than twice.
        (true, _) | (_, true) => 2,
        (false, false) => STRETCH_INTERVAL_TICKS,
    }
}

/// Ticks to wait before the delay is shortened.
const fn patience_to_shorten(status: &Status, excess: i64) -> u32 {
    match (excess < TOLERANCE, status.quiet) {
        (true, true) => SLIGHTLY_LONG_TICKS[0],
        (true, false) => SLIGHTLY_LONG_TICKS[1],
        (false, true) => 1,
        (false, false) if excess >= HASTE + status.target => 1,
        (false, false) => STRETCH_INTERVAL_TICKS,
    }
}

/// Similarity of neighbouring periods from which on changing their number is not heard (NetEq's
/// correlation threshold, 0.9).
const SAME_PERIOD: f32 = 0.9;
/// In haste, half is enough (NetEq's threshold of a fast accelerate, 0.5).
const SAME_PERIOD_IN_HASTE: f32 = 0.5;
/// A sound that never repeats itself, breath or music, cannot hold the delay for ever: after half
/// a second in vain anything goes.
const SIMILARITY_PER_TICK: f32 = 0.02;
/// Ticks in vain before standards are lowered.
const STRICT_TICKS: u32 = 15;
/// The same for what is hardly worth it, so that no delay stays for good: two seconds, and from
/// then on slowly.
const SLIGHT_STRICT_TICKS: u32 = 200;
/// See there.
const SLIGHT_SIMILARITY_PER_TICK: f32 = 0.004;

/// How alike two periods must be for one of them to be left out or repeated; −1 for not at all.
pub(super) fn similarity(status: &Status, operation: Operation) -> f32 {
    if status.quiet || status.is_hole_ahead() && operation == Operation::PreemptiveExpand {
        // A repetition that does not quite fit is better than a hole.
        return -1.0;
    }
    let best = match operation {
        Operation::FastAccelerate => SAME_PERIOD_IN_HASTE,
        Operation::Idle
        | Operation::Normal
        | Operation::ComfortNoise
        | Operation::Accelerate
        | Operation::PreemptiveExpand
        | Operation::Fec
        | Operation::Merge
        | Operation::Expand => SAME_PERIOD,
    };
    let excess = status.delay - status.target;
    // The last step can wait.
    let is_slight = !status.starting && (1 - TOLERANCE_BELOW..TOLERANCE).contains(&excess);
    let (strict_ticks, per_tick) = if is_slight {
        (SLIGHT_STRICT_TICKS, SLIGHT_SIMILARITY_PER_TICK)
    } else {
        (STRICT_TICKS, SIMILARITY_PER_TICK)
    };
    // What was waited for without trying says nothing of the sound.
    let in_vain = status.vain_ticks.saturating_sub(strict_ticks);
    best - in_vain.min(100) as f32 * per_tick
}

#[cfg(test)]
mod tests;
