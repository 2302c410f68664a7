//! How long audio waits, and that it never waits longer than it must.

use super::*;

/// Arrivals of 20 ms packets: number, and by how many ticks it is late.
fn late_by(packets: u16, lateness: impl Fn(u64) -> u64) -> Vec<(u64, Made)> {
    let arrival = |number: u16| {
        let number_64 = u64::from(number);
        (number_64 * 2 + lateness(number_64), with_fec(number))
    };
    let mut arrivals: Vec<(u64, Made)> = (0..packets).map(arrival).collect();
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals
}

/// Repeatable dice.
fn dice(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

fn count(operations: &[Operation], wanted: Operation) -> usize {
    operations.iter().filter(|operation| **operation == wanted).count()
}

#[test]
fn a_perfect_network_settles_at_the_least_delay_without_concealment() {
    let mut rig = Rig::with(calm());
    let operations = rig.play_arrivals(&late_by(1_000, |_| 0), 2_000);
    assert!(count(&operations, Operation::PreemptiveExpand) >= 2, "30 ms are built up");
    assert_eq!(count(&operations, Operation::Expand), 0);
    let last = operations.iter().rposition(|operation| *operation == Operation::PreemptiveExpand);
    assert!(last.is_some_and(|tick| tick < 15), "{last:?}");
    let stats = rig.stats();
    assert!((29.0..31.0).contains(&stats.playout_delay_ms), "{stats:?}");
    assert!((29.0..31.0).contains(&stats.mean_playout_delay_ms()), "{stats:?}");
}

#[test]
fn a_stream_begins_with_care_and_then_trusts_a_perfect_network() {
    let mut rig = Rig::with(ReceiverConfig::default());
    let operations = rig.play_arrivals(&late_by(1_000, |_| 0), 2_000);
    let last = operations.iter().rposition(|operation| *operation == Operation::Accelerate);
    assert!(last.is_some_and(|tick| (100..600).contains(&tick)), "{last:?}");
    let stats = rig.stats();
    assert_eq!((stats.webrtc.concealed_samples, stats.target_delay_ms), (0, 10), "{stats:?}");
    assert!(stats.inserted_samples >= 40 * 48, "{stats:?}");
    assert!((9.0..12.5).contains(&stats.playout_delay_ms), "{stats:?}");
}

#[test]
fn hiccups_within_the_least_delay_are_not_heard() {
    hiccups(calm(), 100, 0);
}

#[test]
fn hiccups_above_the_least_delay_are_learned() {
    hiccups(ReceiverConfig::default(), 1_000, 0);
}

/// Plays a minute of a machine that is busy now and then.
fn hiccups(config: ReceiverConfig, learned_after: usize, heard: usize) {
    let mut rig = Rig::with(config);
    // Every two seconds everything is 30 ms late, then 20, then 10.
    let hiccup = |number| match number % 100 {
        50 => 3,
        51 => 1,
        _ => dice(number) % 2,
    };
    let operations = rig.play_arrivals(&late_by(3_000, hiccup), 6_000);
    assert_eq!(count(&operations[learned_after..], Operation::Expand), heard);
    assert!(rig.stats().mean_playout_delay_ms() <= 40.0, "{:?}", rig.stats());
}

#[test]
fn pulls_that_stall_and_catch_up_are_not_heard() {
    let mut rig = Rig::with(calm());
    let (mut pulled, mut inserted) = (0_u64, 0_u16);
    for tick in 0..6_000_u64 {
        while u64::from(inserted) * 2 <= tick {
            let _ = rig.insert(made(inserted));
            inserted += 1;
        }
        // The machine was busy for 30 ms now and then.
        if tick % 173 >= 3 {
            while pulled <= tick {
                rig.pull();
                pulled += 1;
            }
        }
    }
    assert_eq!(rig.concealed_ticks(), 0);
    assert!(rig.stats().mean_playout_delay_ms() <= 50.0, "{:?}", rig.stats());
}

#[test]
fn the_delay_returns_after_a_storm() {
    let mut rig = Rig::with(calm());
    let storm = |number| if (200..700).contains(&number) { dice(number) % 9 } else { 0 };
    let arrivals = late_by(1_400, storm);
    rig.play_arrivals(&arrivals, 1_380);
    let in_storm = rig.stats();
    assert!(in_storm.target_delay_ms >= 60, "{in_storm:?}");
    let mut rig = Rig::with(calm());
    rig.play_arrivals(&arrivals, 2_400);
    let after = rig.stats();
    assert_eq!(after.target_delay_ms, 30);
    // Less than the shortest period, 2.5 ms, is left alone.
    assert!(after.playout_delay_ms <= 32.5, "ten seconds later: {after:?}");
    assert!(after.dropped_samples >= 3 * 480);
    assert_eq!(after.packets_discarded.total(), 0, "shortened, not thrown away: {after:?}");
}

#[test]
fn a_single_spike_is_played_late_and_caught_up_with() {
    let mut rig = Rig::with(calm());
    // 200 ms of packets come together.
    let spike = |number| match number {
        300..310 => 20 - 2 * (number - 300),
        _ => 0,
    };
    let operations = rig.play_arrivals(&late_by(700, spike), 1_400);
    let expanded = count(&operations, Operation::Expand);
    assert!((14..=18).contains(&expanded), "{expanded}");
    let stats = rig.stats();
    assert_eq!(stats.packets_discarded.total(), 0, "nothing said is lost");
    assert!(stats.playout_delay_ms < 45.0, "{stats:?}");
}

#[test]
fn a_second_of_jitter_is_bridged_once_known() {
    let mut rig = Rig::with(calm());
    let jitter = |number| dice(number) % 101;
    let operations = rig.play_arrivals(&late_by(6_000, jitter), 12_000);
    let stats = rig.stats();
    let concealed = count(&operations[2_000..], Operation::Expand);
    assert!(concealed < 100, "{concealed} of 10000 ticks, {stats:?}");
    assert!((900..=1_100).contains(&stats.target_delay_ms), "{stats:?}");
}

#[test]
fn a_burst_of_500_packets_is_bounded_and_passes() {
    let mut rig = Rig::with(calm());
    rig.play((0..100).map(made));
    for number in 100..600 {
        let _ = rig.insert(made(number));
    }
    assert!(rig.stats().buffered_ms <= 2_100, "{:?}", rig.stats());
    rig.play((600..900).map(made));
    let stats = rig.stats();
    assert!(stats.playout_delay_ms < 60.0, "{stats:?}");
    assert_eq!(rig.concealed_ticks(), 0);
}

#[test]
fn without_pulls_memory_is_bounded() {
    let mut rig = Rig::with(ReceiverConfig { max_delay_ms: 10_000, ..Default::default() });
    for number in 0..20_000 {
        let _ = rig.insert(made(number));
        rig.now += TICK * 2;
    }
    assert!(rig.receiver.buffer.len() <= 512);
    rig.play((20_000..20_200).map(made));
    assert!(rig.stats().playout_delay_ms < 60.0, "{:?}", rig.stats());
}
