use crate::SAMPLES_PER_TICK;
use crate::units::samples;

/// How a tick of audio comes to be, least to most serious.
///
/// Time stretching (accelerate, preemptive expand, merge) will add variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// No stream yet: silence.
    Idle,
    /// Play what is decoded, decoding the next packet first if too little is.
    Normal,
    /// The sender is silent (DTX): comfort noise.
    ComfortNoise,
    /// Play 10 ms less than was decoded, so that the delay shrinks.
    Drop,
    /// Play 10 ms more than was decoded, so that the delay grows.
    Insert,
    /// Restore lost audio from the redundancy in the packet after it.
    Fec,
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
    /// The delay of the next sample to be made, against the fastest packet.
    pub(super) delay: i64,
    /// The delay aimed at.
    pub(super) target: i64,
    /// The sender announced silence, or nothing but that can explain a gap.
    pub(super) comfort: bool,
    /// The next tick is so quiet that changing its length is not heard.
    pub(super) quiet: bool,
    /// The tick played last can be played again.
    pub(super) can_insert: bool,
    /// Ticks for which the delay has been too long, or too short, without a change.
    pub(super) waited_ticks: u32,
    /// The stream has just begun.
    pub(super) starting: bool,
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
        Next::Adjoining => Operation::Normal,
        Next::Nothing if status.comfort => Operation::ComfortNoise,
        Next::Nothing => Operation::Expand,
        // Silence can be any length: play the packet when the delay is the one aimed at.
        Next::AfterSilence { at } if status.delay - at >= status.target => Operation::Normal,
        Next::AfterSilence { .. } => Operation::ComfortNoise,
        Next::AfterLoss { at, fec } => after_loss(status, at, fec),
    }
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
        Operation::Normal
    } else if status.comfort {
        Operation::ComfortNoise
    } else {
        Operation::Expand
    }
}

/// Above the target by less than it, delay is left alone while somebody speaks.
const TOLERANCE: i64 = samples(20);
/// The least change there is.
const STEP: i64 = samples(10);

/// How to play the tick that is ready.
fn play(status: &Status) -> Operation {
    let excess = status.delay - status.target;
    let can_drop = status.ready >= 2 * SAMPLES_PER_TICK || status.next == Next::Adjoining;
    if excess < 0 && status.can_insert && status.waited_ticks >= patience_to_insert(status) {
        Operation::Insert
    } else if excess >= STEP && can_drop && status.waited_ticks >= patience_to_drop(status, excess)
    {
        Operation::Drop
    } else {
        Operation::Normal
    }
}

/// Ticks to wait for a pause before the delay is lengthened in the midst of speech. Too short a
/// delay costs concealment, so it is not for long.
const fn patience_to_insert(status: &Status) -> u32 {
    match (status.quiet, status.starting) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 10,
    }
}

/// Ticks to wait for a pause before the delay is shortened in the midst of speech: half a second
/// for 20 ms too much, less for more.
const fn patience_to_drop(status: &Status, excess: i64) -> u32 {
    if excess < TOLERANCE {
        // The last step is not for a passing change.
        return if status.quiet { 100 } else { 250 };
    }
    if status.quiet {
        return 1;
    }
    // At most 50, by the tolerance.
    let ticks = (50 * TOLERANCE / excess) as u32;
    if ticks < 5 { 5 } else { ticks }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: i64 = samples(20);

    /// A stream that runs at its target, with nothing ready and nothing to come.
    const STATUS: Status = Status {
        started: true,
        ready: 0,
        next: Next::Nothing,
        delay: samples(40),
        target: samples(40),
        comfort: false,
        quiet: false,
        can_insert: true,
        waited_ticks: 0,
        starting: false,
    };

    #[test]
    fn nothing_is_played_before_a_stream_begins() {
        assert_eq!(decide(&Status { started: false, ..STATUS }), Operation::Idle);
    }

    #[test]
    fn an_empty_buffer_is_bridged_by_its_kind() {
        assert_eq!(decide(&STATUS), Operation::Expand);
        assert_eq!(decide(&Status { comfort: true, ..STATUS }), Operation::ComfortNoise);
    }

    #[test]
    fn what_adjoins_is_decoded_whatever_the_delay() {
        for delay in [0, samples(40), samples(400)] {
            let status = Status { next: Next::Adjoining, delay, ..STATUS };
            assert_eq!(decide(&status), Operation::Normal);
        }
    }

    #[test]
    fn after_silence_the_deadline_decides() {
        let status = |at, delay| Status { next: Next::AfterSilence { at }, delay, ..STATUS };
        assert_eq!(decide(&status(FRAME, samples(40))), Operation::ComfortNoise);
        assert_eq!(decide(&status(FRAME, samples(60))), Operation::Normal);
        assert_eq!(decide(&status(-FRAME, samples(20))), Operation::Normal, "long due");
        assert_eq!(decide(&status(0, samples(30))), Operation::ComfortNoise, "delay grows");
    }

    #[test]
    fn after_a_loss_redundancy_comes_first() {
        let status = |at, fec| Status { next: Next::AfterLoss { at, fec }, ..STATUS };
        assert_eq!(decide(&status(FRAME, FRAME)), Operation::Fec);
        assert_eq!(decide(&status(2 * FRAME, FRAME)), Operation::Expand, "one more is missing");
        assert_eq!(decide(&status(FRAME, 0)), Operation::Expand);
        assert_eq!(decide(&status(0, 0)), Operation::Normal);
        assert_eq!(decide(&status(samples(10), FRAME)), Operation::Fec, "half is still useful");
        assert_eq!(decide(&status(0, FRAME)), Operation::Normal, "it was made up already");
        let short = Status { delay: samples(20), ..status(0, FRAME) };
        assert_eq!(decide(&short), Operation::Fec, "delay may grow, so all is played");
        let long = Status { delay: samples(80), ..status(2 * FRAME, FRAME) };
        assert_eq!(decide(&long), Operation::Fec, "delay shrinks by what is missing");
    }

    #[test]
    fn delay_is_changed_in_pauses_soon_and_in_speech_later() {
        let ready = 2 * SAMPLES_PER_TICK;
        let after = |delay_ms, quiet| {
            (0..1_000).find_map(|waited_ticks| {
                let delay = samples(delay_ms);
                let status = Status { ready, delay, quiet, waited_ticks, ..STATUS };
                let operation = decide(&status);
                (operation != Operation::Normal).then_some((waited_ticks, operation))
            })
        };
        assert_eq!(after(40, true), None);
        assert_eq!(after(30, true), Some((1, Operation::Insert)));
        assert_eq!(after(30, false), Some((10, Operation::Insert)));
        assert_eq!(after(50, true), Some((100, Operation::Drop)));
        assert_eq!(after(50, false), Some((250, Operation::Drop)));
        assert_eq!(after(60, true), Some((1, Operation::Drop)));
        assert_eq!(after(60, false), Some((50, Operation::Drop)));
        assert_eq!(after(140, false), Some((10, Operation::Drop)));
        assert_eq!(after(2_000, false), Some((5, Operation::Drop)));
    }

    #[test]
    fn a_tick_is_dropped_only_if_another_follows() {
        let status = Status {
            ready: SAMPLES_PER_TICK,
            delay: samples(90),
            quiet: true,
            waited_ticks: 9,
            ..STATUS
        };
        assert_eq!(decide(&status), Operation::Normal);
        assert_eq!(decide(&Status { next: Next::Adjoining, ..status }), Operation::Drop);
    }
}
