//! What is missing, and what takes its place.

use super::*;

#[test]
fn one_loss_never_stalls() {
    let mut rig = Rig::new();
    rig.play_lossy((1..200).map(made), |number| number == 10);
    assert_eq!(rig.concealed_ticks(), 2);
    assert_eq!(rig.stats().packets_lost, 1);
    assert_eq!(rig.stats().packets_played, 198);
    rig.insert(made(200)).unwrap();
    assert_eq!(rig.pull(), (Operation::Normal, sound_of(200)));
}

#[test]
fn what_the_next_packet_restores_is_not_concealed() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 30, ..calm() });
    rig.play_lossy((1..40).map(with_fec), |number| number == 20);
    rig.pulls(3);
    let restored = rig.heard.iter().filter(|sample| **sample == sound_of(20)).count();
    assert!(restored > 900, "{restored}");
    assert_eq!(rig.stats().fec_samples, 960);
    assert_eq!(rig.concealed_ticks(), 0);
}

#[test]
fn losses_lengthen_the_delay_to_where_redundancy_helps() {
    let mut rig = Rig::new();
    rig.play_lossy((1..400).map(with_fec), |number| number % 5 == 0);
    let before = rig.concealed_ticks();
    rig.play_lossy((400..800).map(with_fec), |number| number % 5 == 0);
    assert!(rig.concealed_ticks() - before <= 2, "{} ticks", rig.concealed_ticks() - before);
    assert_eq!(rig.stats().target_delay_ms, 20);
}

#[test]
fn without_redundancy_losses_do_not_lengthen_the_delay() {
    let mut rig = Rig::new();
    rig.play_lossy((1..400).map(made), |number| number % 5 == 0);
    assert_eq!(rig.stats().target_delay_ms, 0);
}

#[test]
fn of_two_lost_in_a_row_the_second_is_restored() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 60, ..calm() });
    rig.play_lossy((1..60).map(with_fec), |number| [40, 41].contains(&number));
    rig.pulls(6);
    assert!(!rig.heard.contains(&sound_of(40)));
    assert!(rig.heard.contains(&sound_of(41)));
    assert_eq!((rig.stats().fec_samples, rig.concealed_ticks()), (960, 2));
}

#[test]
fn concealment_fades_to_silence() {
    let mut rig = Rig::new();
    rig.play((1..10).map(made));
    let operations = rig.pulls(40);
    assert!(operations.iter().all(|operation| *operation == Operation::Expand));
    let gap = &rig.heard[18 * 480..];
    assert_eq!(gap[480], CONCEALED);
    assert!((0.1..0.7).contains(&gap[15 * 480]));
    assert!(gap[20 * 480..].iter().all(|sample| *sample == 0.0));
}

#[test]
fn the_end_of_a_stream_is_no_concealment() {
    let mut rig = Rig::new();
    rig.play((1..10).map(made));
    rig.pulls(60);
    assert_eq!(rig.concealed_ticks(), 0);
    rig.pulls(600);
    assert!(rig.concealed_ticks() >= 600, "unless it lasts, for then it is an outage");
}

#[test]
fn an_outage_ends_with_the_packet_that_ends_it() {
    let mut rig = Rig::new();
    rig.play((1..50).map(made));
    rig.pulls(1_000);
    // Ten seconds of packets are gone for good.
    rig.insert(made(550)).unwrap();
    assert_eq!(rig.pull().1, sound_of(550));
    rig.pulls(1);
    rig.play((551..700).map(made));
    assert!(rig.stats().playout_delay_ms < 15.0, "{:?}", rig.stats());
    assert_eq!(rig.stats().packets_lost, 500);
}

#[test]
fn a_delay_that_is_kept_at_the_longest_costs_no_packet() {
    let config = ReceiverConfig {
        min_delay_ms: 200,
        start_delay_ms: 200,
        max_delay_ms: 200,
        ..ReceiverConfig::default()
    };
    let mut rig = Rig::with(config);
    rig.play((0..500).map(made));
    let stats = rig.stats();
    assert_eq!((stats.packets_discarded.flushed, stats.fec_samples), (0, 0), "{stats:?}");
    assert!((180.0..=210.0).contains(&stats.playout_delay_ms), "{stats:?}");
}

#[test]
fn an_outage_whose_packets_all_come_at_its_end_is_skipped() {
    let mut rig = Rig::new();
    rig.play((1..50).map(made));
    rig.pulls(1_000);
    for number in 50..550 {
        let _ = rig.insert(made(number));
    }
    rig.play((550..800).map(made));
    let stats = rig.stats();
    assert!(stats.packets_discarded.flushed > 450, "{stats:?}");
    assert!(stats.playout_delay_ms < 30.0, "{stats:?}");
}

#[test]
fn silence_lost_in_silence_is_told_apart() {
    let mut rig = Rig::new();
    let quiet = |number| Made { level: 90, ..made(number) };
    rig.play_lossy((1..20).map(quiet), |number| number == 10);
    let stats = rig.stats();
    assert_eq!((stats.concealed_samples, stats.silent_concealed_samples), (0, 960));
    assert_eq!(stats.concealment_events, 0);
}

#[test]
fn an_announced_silence_is_comfort_noise_and_ends_by_its_deadline() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 30, ..calm() });
    rig.play((1..50).map(made));
    rig.play([Made { silence_follows: true, ..made(50) }]);
    rig.pulls(3);
    let silence = rig.pulls(100);
    assert!(silence.iter().all(|operation| *operation == Operation::ComfortNoise));
    // The next packet by number, a second later by its timestamp.
    let resumed = |number| Made {
        sequence_number: made(number).sequence_number,
        timestamp: made(number + 51).timestamp,
        ..made(number)
    };
    rig.insert(resumed(51)).unwrap();
    let waited = rig.pulls(10).iter().position(|operation| *operation == Operation::Normal);
    assert!(waited.is_some_and(|ticks| ticks <= 3), "{waited:?}");
    assert_eq!((rig.concealed_ticks(), rig.stats().packets_lost), (0, 0));
}

#[test]
fn a_gap_and_silence_together_are_released_by_deadline() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 30, ..calm() });
    rig.play((1..50).map(made));
    // The packet that announces the silence, number 50, is lost.
    rig.pulls(200);
    let resumed = Made { timestamp: made(151).timestamp, ..made(51) };
    rig.insert(resumed).unwrap();
    let heard: Vec<f32> = (0..8).map(|_| rig.pull().1).collect();
    assert!(heard.contains(&sound_of(51)), "{heard:?}");
}

#[test]
fn an_undecodable_packet_is_concealed_and_the_next_plays() {
    let mut rig = Rig::new();
    rig.play((1..10).map(made));
    // Its framing is right, its content is not.
    rig.insert_payload(made(10), &[8, 0, 0]).unwrap();
    rig.pulls(2);
    rig.play((11..15).map(made));
    let stats = rig.stats();
    assert_eq!(stats.packets_discarded.undecodable, 1);
    assert_eq!((rig.concealed_ticks(), stats.packets_lost), (2, 0));
    assert!(rig.heard.contains(&sound_of(14)));
}

#[test]
fn a_stream_of_undecodable_packets_is_silence() {
    let mut rig = Rig::new();
    for number in 0..1_000 {
        let _ = rig.insert_payload(made(number), &[8, 8, 0]);
        rig.pulls(2);
    }
    assert!(rig.heard[480 * 100..].iter().all(|sample| *sample == 0.0));
}
