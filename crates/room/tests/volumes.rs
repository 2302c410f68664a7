//! How loud everybody is.

mod common;

use calling_model::{UserId, Volume};
use calling_room::{RoomConfig, RoomOutput, VolumeInterval};
use common::{Table, Voice, id, ms, ssrc, user};

type Told = (Vec<(UserId, u8)>, u8);

fn told(table: &mut Table) -> Vec<Told> {
    let outputs = table.take().into_iter();
    outputs
        .filter_map(|output| match output {
            RoomOutput::Volumes { volumes, total } => Some((percents(volumes), total.percent())),
            RoomOutput::Rtcp { .. }
            | RoomOutput::UserEntered { .. }
            | RoomOutput::UserLeft { .. }
            | RoomOutput::AudioAvailable { .. }
            | RoomOutput::VideoAvailable { .. }
            | RoomOutput::Rtp { .. } => None,
        })
        .collect()
}

fn percents(volumes: Vec<(UserId, Volume)>) -> Vec<(UserId, u8)> {
    volumes.into_iter().map(|(user, volume)| (user, volume.percent())).collect()
}

/// `from` speaks at `level` for `millis`, beginning with packet `first`.
fn speak(table: &mut Table, from: u64, first: u64, millis: u64, level: Option<u8>) {
    for number in first..first + millis / 20 {
        table.send(from, Voice { level, ..Voice::nth(from, number) }).expect("it is forwarded");
        table.pass(20);
    }
}

#[test]
fn a_lower_level_is_a_higher_volume() {
    let mut heard = Vec::new();
    for level in [0, 10, 30, 59, 60, 127] {
        let mut table = Table::open(2);
        speak(&mut table, 1, 0, 300, Some(level));
        let (volumes, total) = told(&mut table).remove(0);
        heard.push(volumes.first().map_or(0, |(_, volume)| *volume));
        assert_eq!(total, *heard.last().unwrap(), "one speaker is the total");
    }
    assert_eq!(heard, [100, 83, 50, 1, 0, 0]);
}

#[test]
fn told_each_interval_also_when_nobody_speaks() {
    let mut table = Table::open(2);
    table.pass(3_000);
    assert_eq!(told(&mut table), vec![(vec![], 0); 10]);
}

#[test]
fn who_fell_silent_is_told_once_more() {
    let mut table = Table::open(3);
    speak(&mut table, 1, 0, 600, Some(30));
    table.pass(900);
    let expected: [Told; 5] = [
        (vec![(user(1), 50)], 50),
        (vec![(user(1), 50)], 50),
        (vec![(user(1), 0)], 0),
        (vec![], 0),
        (vec![], 0),
    ];
    assert_eq!(told(&mut table), expected);
}

#[test]
fn silence_in_packets_is_silence() {
    let mut table = Table::open(2);
    speak(&mut table, 1, 0, 300, Some(20));
    speak(&mut table, 1, 15, 600, Some(127));
    let volumes: Vec<_> = told(&mut table).into_iter().map(|(volumes, _)| volumes).collect();
    assert_eq!(volumes, [vec![(user(1), 66)], vec![(user(1), 0)], vec![]]);
}

#[test]
fn two_equally_loud_are_louder_together() {
    let mut table = Table::open(3);
    for number in 0..15 {
        table.speak(1, number);
        table.speak(2, number);
        table.pass(20);
    }
    // Twice the power is 3 dB: −27 dBov.
    assert_eq!(told(&mut table), [(vec![(user(1), 50), (user(2), 50)], 55)]);
}

#[test]
fn the_total_never_exceeds_100() {
    let mut table = Table::open(20);
    for from in 1..=20 {
        table.send(from, Voice { level: Some(0), ..Voice::nth(from, 0) }).unwrap();
    }
    table.pass(300);
    assert_eq!(told(&mut table)[0].1, 100);
}

#[test]
fn an_account_on_two_devices_is_told_once_at_its_loudest() {
    let mut table = Table::open(1);
    table.room.join(table.now, id(2), user(2), ssrc(2)).unwrap();
    table.room.join(table.now, id(3), user(2), ssrc(3)).unwrap();
    table.send(2, Voice { level: Some(40), ..Voice::nth(2, 0) }).unwrap();
    table.send(3, Voice { level: Some(10), ..Voice::nth(3, 0) }).unwrap();
    table.pass(300);
    assert_eq!(told(&mut table)[0].0, [(user(2), 83)]);
}

#[test]
fn muted_and_level_less_packets_are_not_heard() {
    let mut table = Table::open(2);
    table.send(1, Voice { level: Some(0), ..Voice::nth(1, 0) }).unwrap();
    table.room.set_muted(table.now, id(1), true).unwrap();
    assert!(table.send(1, Voice { level: Some(0), ..Voice::nth(1, 1) }).is_err());
    table.send(2, Voice { level: None, ..Voice::nth(2, 0) }).unwrap();
    table.pass(300);
    assert_eq!(told(&mut table), [(vec![], 0)]);
}

#[test]
fn a_duplicate_is_not_heard() {
    let mut table = Table::open(2);
    speak(&mut table, 1, 0, 300, Some(50));
    for _ in 0..15 {
        assert!(table.send(1, Voice { level: Some(0), ..Voice::nth(1, 3) }).is_err());
        table.pass(20);
    }
    assert!(told(&mut table).iter().all(|(_, total)| *total <= 16));
}

#[test]
fn the_interval_is_what_was_asked_for() {
    let volume_interval = VolumeInterval::clamped(ms(10));
    let mut table = Table::with(RoomConfig { volume_interval, ..Default::default() }, 1);
    table.room.open(table.now);
    table.pass(1_000);
    assert_eq!(told(&mut table).len(), 10);
}
