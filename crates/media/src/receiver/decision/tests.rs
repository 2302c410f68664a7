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
    joint: false,
    quiet: false,
    stretchable: true,
    waited_ticks: 0,
    vain_ticks: 0,
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
        assert_eq!(decide(&Status { joint: true, ..status }), Operation::Merge);
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
    assert_eq!(decide(&status(0, 0)), Operation::Merge);
    assert_eq!(decide(&status(samples(10), FRAME)), Operation::Fec, "half is still useful");
    assert_eq!(decide(&status(0, FRAME)), Operation::Merge, "it was made up already");
    let short = Status { delay: samples(20), ..status(0, FRAME) };
    assert_eq!(decide(&short), Operation::Fec, "delay may grow, so all is played");
    let long = Status { delay: samples(80), ..status(2 * FRAME, FRAME) };
    assert_eq!(decide(&long), Operation::Fec, "delay shrinks by what is missing");
}

/// A stream with enough ready to play whose delay is `delay_ms`.
fn playing(delay_ms: u32, quiet: bool) -> Status {
    Status { ready: 2 * SAMPLES_PER_TICK, delay: samples(delay_ms), quiet, ..STATUS }
}

/// After how many ticks of patience something other than playing on is decided, and what.
fn change(status: Status) -> Option<(u32, Operation)> {
    (0..1_000).find_map(|waited_ticks| {
        let operation = decide(&Status { waited_ticks, ..status });
        (operation != Operation::Normal).then_some((waited_ticks, operation))
    })
}

#[test]
fn delay_is_changed_in_pauses_soon_and_in_speech_later() {
    use Operation::{Accelerate, PreemptiveExpand};
    assert_eq!(change(playing(40, true)), None);
    assert_eq!(change(playing(42, true)), None, "too little to be left out");
    assert_eq!(change(playing(43, true)), Some((50, Accelerate)));
    assert_eq!(change(playing(34, true)), Some((2, PreemptiveExpand)));
    assert_eq!(change(playing(34, false)), Some((5, PreemptiveExpand)));
    assert_eq!(change(playing(54, true)), Some((50, Accelerate)));
    assert_eq!(change(playing(54, false)), Some((100, Accelerate)));
    assert_eq!(change(playing(35, true)), Some((300, PreemptiveExpand)), "too little to be heard");
    assert_eq!(change(playing(35, false)), Some((300, PreemptiveExpand)));
    assert_eq!(change(playing(55, true)), Some((1, Accelerate)));
    assert_eq!(change(playing(55, false)), Some((5, Accelerate)));
    let starting = Status { starting: true, ..playing(0, false) };
    assert_eq!(change(starting), Some((1, PreemptiveExpand)));
    let starting = Status { starting: true, ..playing(20, false) };
    assert_eq!(change(starting), Some((2, PreemptiveExpand)));
}

#[test]
fn far_too_long_a_delay_is_shortened_in_haste() {
    assert_eq!(change(playing(199, false)), Some((5, Operation::Accelerate)));
    assert_eq!(change(playing(200, false)), Some((1, Operation::FastAccelerate)));
    let long = Status { target: samples(1_000), ..playing(1_500, false) };
    assert_eq!(change(long), Some((5, Operation::Accelerate)), "half as much again is no haste");
}

#[test]
fn something_is_left_out_only_if_something_follows() {
    let status = Status { ready: SAMPLES_PER_TICK, delay: samples(90), waited_ticks: 9, ..STATUS };
    assert_eq!(decide(&status), Operation::Normal);
    assert_eq!(decide(&Status { next: Next::Adjoining, ..status }), Operation::Accelerate);
}

#[test]
fn what_was_made_up_is_not_stretched() {
    for delay in [0, 90, 900] {
        assert_eq!(change(Status { stretchable: false, ..playing(delay, true) }), None);
    }
}

#[test]
fn standards_are_high_and_fall_only_in_vain() {
    let after = |vain_ticks, operation| {
        similarity(&Status { vain_ticks, waited_ticks: 900, ..playing(60, false) }, operation)
    };
    assert_eq!(after(0, Operation::Accelerate), SAME_PERIOD, "waiting alone lowers nothing");
    assert_eq!(after(15, Operation::Accelerate), SAME_PERIOD);
    assert_eq!(after(15, Operation::FastAccelerate), SAME_PERIOD_IN_HASTE);
    assert!((after(35, Operation::Accelerate) - 0.5).abs() < 1e-6);
    assert!(after(500, Operation::Accelerate) <= -1.0);
    assert_eq!(similarity(&playing(60, true), Operation::Accelerate), -1.0);
    for (delay_ms, operation) in [(49, Operation::Accelerate), (35, Operation::PreemptiveExpand)] {
        let little = Status { vain_ticks: 200, ..playing(delay_ms, false) };
        assert_eq!(similarity(&little, operation), SAME_PERIOD);
        let for_good = Status { vain_ticks: 900, ..little };
        assert!((similarity(&for_good, operation) - 0.5).abs() < 1e-6, "no delay stays for good");
    }
}

#[test]
fn a_stream_that_has_just_begun_is_lengthened_whatever_it_sounds_like() {
    let starting = Status { starting: true, delay: samples(10), ..STATUS };
    assert_eq!(similarity(&starting, Operation::PreemptiveExpand), -1.0);
    assert!(similarity(&starting, Operation::Accelerate) > 0.8, "nothing is left out of it");
    let settled = Status { delay: samples(20), ..starting };
    assert!(similarity(&settled, Operation::PreemptiveExpand) > 0.8);
    let later = Status { starting: false, ..starting };
    assert!(similarity(&later, Operation::PreemptiveExpand) > 0.8);
}
