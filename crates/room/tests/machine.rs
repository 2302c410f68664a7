//! The contract of every machine, and what idling costs.

mod common;

use calling_model::Machine;
use calling_room::{
    Forwards, JoinError, LeaveReason, NotInRoom, Room, RoomConfig, RoomInput, RoomMisuse,
    RoomOutput, TimeoutReason,
};
use calling_testkit::{drain, epoch, seed};
use common::{Table, Voice, id, ms, ssrc, user};

/// Timers that fire in a minute, and outputs they give, while nobody speaks.
fn idle_minute(participants: u64) -> (usize, usize) {
    let mut table = Table::open(participants);
    let end = table.now + ms(60_000);
    let (mut timeouts, mut outputs) = (0, 0);
    while let Some((due, _)) = table.room.poll_timeout().filter(|(due, _)| *due <= end) {
        table.room.handle_timeout(due);
        timeouts += 1;
        outputs += drain(&mut table.room).outputs.len();
    }
    (timeouts, outputs)
}

#[test]
fn idle_poll_cost_is_flat_in_participants() {
    let two = idle_minute(2);
    assert_eq!(two, (240, 200), "200 volumes and 60 reports, 20 of them at one instant");
    for participants in [10, 50, 500] {
        assert_eq!(idle_minute(participants), two, "{participants} participants");
    }
}

#[test]
fn an_empty_or_closed_room_waits_for_nothing() {
    let mut table = Table::closed(2);
    assert_eq!(table.room.poll_timeout(), None);
    table.room.open(table.now);
    assert!(table.room.poll_timeout().is_some());
    table.speak(1, 0);
    for number in 1..=2 {
        table.room.leave(table.now, id(number), LeaveReason::Left).unwrap();
    }
    assert!(table.room.is_empty());
    assert_eq!(table.room.poll_timeout(), None);
    table.join(3);
    assert_eq!(table.room.poll_timeout(), Some((table.now + ms(300), TimeoutReason::Volumes)));
}

#[test]
fn a_spurious_timeout_is_a_no_op() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..5);
    table.take();
    let before = table.room.poll_timeout();
    for _ in 0..100 {
        table.room.handle_timeout(table.now);
    }
    assert_eq!(table.take(), []);
    assert_eq!(table.room.poll_timeout(), before);
}

#[test]
fn a_timeout_late_by_an_hour_fires_once_and_does_not_spin() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    table.take();
    table.now += ms(3_600_000);
    table.room.handle_timeout(table.now);
    let drained = drain(&mut table.room);
    let volumes = drained.outputs.iter();
    assert_eq!(volumes.filter(|output| matches!(output, RoomOutput::Volumes { .. })).count(), 1);
    assert!(drained.timeout.unwrap().0 > table.now);
}

#[test]
fn output_that_nobody_polls_stays_bounded() {
    let mut table = Table::open(3);
    let mut packets = 0;
    for number in 0..20_000 {
        let packet = Voice::nth(1, number).bytes();
        let handled = table.room.handle_rtp(table.now, id(1), &packet, &mut table.forwards);
        packets += usize::from(handled.is_ok());
        table.now += ms(400);
        table.room.handle_timeout(table.now);
    }
    assert_eq!(packets, 20_000, "media passes all the same");
    assert!(table.room.stats().outputs_dropped > 10_000);
    assert!(drain(&mut table.room).outputs.len() <= 4_096);
}

#[test]
fn inputs_do_what_the_methods_do() {
    let mut room = Room::new(RoomConfig::default(), seed(1));
    let mut forwards = Forwards::new();
    let now = epoch();
    for number in 1..=2 {
        let (participant, user, audio_ssrc) = (id(number), user(number), ssrc(number));
        room.handle_input(now, RoomInput::Join { participant, user, audio_ssrc }).unwrap();
    }
    let (participant, user) = (id(2), user(2));
    let twice = RoomInput::Join { participant, user, audio_ssrc: 9 };
    let misuse = room.handle_input(now, twice);
    assert_eq!(misuse, Err(RoomMisuse::Join(JoinError::AlreadyJoined)));

    room.handle_input(now, RoomInput::Open).unwrap();
    let packet = Voice::nth(1, 0).bytes();
    let rtp = RoomInput::Rtp { from: id(1), packet: &packet, forwards: &mut forwards };
    room.handle_input(now, rtp).unwrap();
    assert_eq!(forwards.len(), 1);
    let rtp = RoomInput::Rtp { from: id(1), packet: &packet, forwards: &mut forwards };
    room.handle_input(now, rtp).expect("a duplicate is counted, not misuse");
    assert_eq!(forwards.as_slice(), []);
    room.handle_input(now, RoomInput::Rtcp { from: id(1), packet: &[1] }).unwrap();

    room.handle_input(now, RoomInput::SetMuted { participant, muted: true }).unwrap();
    let reason = LeaveReason::Removed;
    room.handle_input(now, RoomInput::Leave { participant, reason }).unwrap();
    let misuse = room.handle_input(now, RoomInput::Leave { participant, reason });
    assert_eq!(misuse, Err(RoomMisuse::NotInRoom(NotInRoom)));
    assert_eq!(room.len(), 1);
}

#[test]
fn a_seed_replays() {
    let run = |number| {
        let mut room = Room::new(RoomConfig::default(), seed(number));
        let ssrc = room.join(epoch(), id(1), user(1), 1).unwrap();
        (ssrc, room.join(epoch(), id(2), user(2), 2).unwrap())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn a_report_interval_of_nothing_does_not_spin() {
    let config = RoomConfig { report_interval: std::time::Duration::ZERO, ..RoomConfig::default() };
    let mut table = Table::with(config, 2);
    table.room.open(table.now);
    assert_eq!(table.room.poll_timeout(), Some((table.now + ms(100), TimeoutReason::Reports)));
    table.pass(1_000);
    assert!(table.room.poll_timeout().unwrap().0 > table.now);
}
