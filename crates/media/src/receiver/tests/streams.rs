//! Streams that end, restart or are replaced.

use super::*;

/// What plays from the third packet on.
fn takes_over(mut rig: Rig, packets: &[Made]) -> Rig {
    rig.play((1..50).map(made));
    rig.play(packets.iter().copied());
    rig.pulls(4);
    let last = packets[packets.len() - 1].number;
    assert!(rig.heard.contains(&sound_of(last)), "{last} was never heard");
    rig
}

#[test]
fn a_timestamp_restart_is_followed_at_once() {
    for shift in [1_u32 << 31, 1 << 30, 100_000_000, 4_000_000_000] {
        let restarted = |number: u16| Made {
            timestamp: made(number).timestamp.wrapping_add(shift),
            ..made(number)
        };
        let packets: Vec<Made> = (50..60).map(restarted).collect();
        let rig = takes_over(Rig::new(), &packets);
        let stats = rig.stats();
        assert_eq!((stats.packets_discarded.unconfirmed, stats.restarts), (1, 1));
        assert!(rig.heard.contains(&sound_of(52)));
    }
}

#[test]
fn a_sequence_restart_is_followed_at_once() {
    let restarted = |number: u16| Made { sequence_number: 30_000 + number, ..made(number) };
    let packets: Vec<Made> = (50..60).map(restarted).collect();
    assert_eq!(takes_over(Rig::new(), &packets).stats().restarts, 1);
}

#[test]
fn another_ssrc_takes_over_once_confirmed() {
    let other = |number: u16| Made { ssrc: 99, ..made(number) };
    let mut rig = Rig::new();
    rig.play((1..20).map(made));
    assert_eq!(rig.insert(other(500)), Err(InsertDiscard::Unconfirmed));
    rig.play((20..50).map(made));
    assert_eq!(rig.stats().restarts, 0, "one forged packet takes over nothing");
    let packets: Vec<Made> = (600..610).map(other).collect();
    let rig = takes_over(rig, &packets);
    assert_eq!(rig.stats().restarts, 1);
    assert_eq!(rig.receiver.reception.lost(), -49, "the first 49 came twice");
}

#[test]
fn a_stream_that_only_comes_late_is_followed_anew() {
    let mut rig = Rig::new();
    rig.play((100..400).map(made));
    // The same stream again from its middle, as after a sender's restart from a saved state.
    for number in 120..250 {
        let again = Made {
            sequence_number: made(number).sequence_number,
            timestamp: made(number).timestamp.wrapping_sub(40_000),
            ..made(number)
        };
        let _ = rig.insert(again);
        rig.pulls(2);
    }
    assert!(rig.stats().restarts >= 1, "{:?}", rig.stats());
    assert!(rig.heard[600 * 480..].contains(&sound_of(249)));
}

#[test]
fn another_payload_type_is_discarded_without_harm() {
    let mut rig = Rig::new();
    rig.play((1..10).map(made));
    let foreign = Made { payload_type: 0, ..made(10) };
    assert_eq!(rig.insert(foreign), Err(InsertDiscard::PayloadType));
    rig.play((10..20).map(made));
    assert_eq!(rig.stats().packets_discarded.payload_type, 1);
    assert_eq!(rig.concealed_ticks(), 0);
}

#[test]
fn a_sender_that_pauses_without_a_word_is_picked_up_again() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 30, ..calm() });
    rig.play((1..50).map(made));
    rig.pulls(6_000);
    let resumed = |number: u16| Made {
        timestamp: made(number).timestamp.wrapping_add(60 * 48_000),
        ..made(number)
    };
    for number in 50..60 {
        rig.play([resumed(number)]);
    }
    rig.pulls(4);
    assert!(rig.heard.contains(&sound_of(50)) && rig.heard.contains(&sound_of(59)));
    assert_eq!((rig.stats().packets_lost, rig.stats().restarts), (0, 0));
}

#[test]
fn reports_tell_what_is_missing() {
    let mut rig = Rig::new();
    assert_eq!(rig.receiver.reception_report(), None);
    rig.play((0..100).map(made).filter(|made| made.number % 10 != 5));
    let report = rig.receiver.reception_report().unwrap();
    assert_eq!((report.ssrc, report.cumulative_lost), (SSRC, 10));
    assert_eq!(report.fraction_lost, 25);
}
