//! Order, wraps and what is played when.

use super::*;

#[test]
fn before_the_first_packet_there_is_silence() {
    let mut rig = Rig::new();
    assert_eq!(rig.pull(), (Operation::Idle, 0.0));
    assert_eq!(rig.stats(), ReceiverStats { target_delay_ms: 0, ..Default::default() });
}

#[test]
fn the_first_pull_after_the_first_packet_plays_it() {
    let mut rig = Rig::with(calm());
    rig.pulls(7);
    rig.insert(made(5)).unwrap();
    assert_eq!(rig.pull(), (Operation::Normal, sound_of(5)));
}

#[test]
fn packets_are_played_in_order_across_both_wraps() {
    let mut rig = Rig::new();
    for number in 1..30 {
        rig.insert(made(number)).unwrap();
        for _ in 0..2 {
            assert_eq!(rig.pull(), (Operation::Normal, sound_of(number)));
        }
    }
    assert_eq!(rig.stats().packets_lost, 0);
}

#[test]
fn the_first_packets_may_come_in_any_order() {
    let mut rig = Rig::new();
    for number in [3, 1, 2] {
        rig.insert(made(number)).unwrap();
    }
    let heard: Vec<f32> = (0..6).map(|_| rig.pull().1).collect();
    assert_eq!(heard, [1, 1, 2, 2, 3, 3].map(sound_of));
    assert_eq!(rig.stats().packets_lost, 0);
}

#[test]
fn a_first_packet_that_comes_after_the_second_was_played_is_late() {
    let mut rig = Rig::new();
    rig.play([made(2)]);
    assert_eq!(rig.insert(made(1)), Err(InsertDiscard::Late));
    rig.insert(made(3)).unwrap();
    rig.pulls(6);
    assert!(rig.heard.contains(&sound_of(3)));
}

#[test]
fn reordering_within_the_delay_is_not_heard() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 60, ..calm() });
    rig.play((1..50).map(made));
    let concealed = rig.concealed_ticks();
    for pair in (50..80).step_by(2) {
        rig.play([made(pair + 1), made(pair)]);
    }
    rig.pulls(4);
    assert_eq!(rig.concealed_ticks(), concealed);
    assert_eq!(rig.stats().packets_discarded.total(), 0);
}

#[test]
fn duplicates_are_told_from_latecomers() {
    let mut rig = Rig::new();
    rig.play([made(1), made(2), made(4), made(5)]);
    assert_eq!(rig.insert(made(2)), Err(InsertDiscard::Duplicate));
    assert_eq!(rig.insert(made(3)), Err(InsertDiscard::Late));
    rig.insert(made(6)).unwrap();
    assert_eq!(rig.insert(made(6)), Err(InsertDiscard::Duplicate));
    for _ in 0..1_000 {
        assert_eq!(rig.insert(made(5)), Err(InsertDiscard::Duplicate));
    }
    let discarded = rig.stats().packets_discarded;
    assert_eq!((discarded.duplicate, discarded.late), (1_002, 1));
}

#[test]
fn packets_of_every_duration_are_played_gaplessly() {
    for grains in [1_u32, 2, 4, 8, 16, 24, 32, 40, 48] {
        let samples = grains * 120;
        let mut rig = Rig::new();
        // Of those of a tick only the last is as fast as it can be.
        let early = if samples < 480 { 480 } else { 0 };
        let last = 48_000 / samples;
        let mut sent = 0;
        for tick in 0..100 {
            // All that the sender has complete by now.
            while sent <= last && (sent + 1) * samples <= tick * 480 + early + samples {
                rig.insert(Made {
                    samples: samples as usize,
                    timestamp: sent * samples,
                    ..made(sent as u16)
                })
                .unwrap();
                sent += 1;
            }
            assert_eq!(rig.pull().0, Operation::Normal, "{samples} samples, tick {tick}");
        }
        let played = rig.heard.chunks(samples as usize);
        for (number, packet) in played.take(last as usize - 1).enumerate().skip(1) {
            assert_eq!(packet[packet.len() / 2], sound_of(number as u16), "{samples} samples");
        }
    }
}

#[test]
fn durations_may_change_with_every_packet() {
    let mut rig = Rig::new();
    let mut timestamp = 0;
    for number in 0..200_u16 {
        let samples = 120 * (1 + usize::from(number) * 7 % 48);
        rig.insert(Made { samples, timestamp, ..made(number) }).unwrap();
        timestamp += samples as u32;
        while rig.receiver.stats().buffered_ms > 20 {
            assert_ne!(rig.pull().0, Operation::Expand, "{number}");
        }
    }
}

#[test]
fn stereo_is_pulled_interleaved() {
    let config = ReceiverConfig { channels: Channels::Stereo, ..Default::default() };
    let mut rig = Rig::with(config);
    rig.play((1..20).map(made));
    assert_eq!(rig.heard.len(), 38 * 960);
    assert!(rig.heard[200..].chunks(2).all(|frame| frame[0] == frame[1]));
}

#[test]
#[should_panic(expected = "pull one tick: 480 samples")]
fn pulling_another_length_is_misuse() {
    Rig::new().receiver.pull(&mut [0.0; 960]);
}
