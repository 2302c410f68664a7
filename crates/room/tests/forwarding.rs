//! What each receiver gets.

mod common;

use calling_room::{JoinError, LeaveReason, NotInRoom, Room, RoomConfig, RoomOutput, RtpDiscard};
use calling_testkit::{epoch, seed};
use calling_wire::RtpView;
use common::{Table, Voice, assert_unbroken, id, ms, rewritten, ssrc, user};

#[test]
fn a_packet_goes_to_everybody_else_under_the_publishers_one_ssrc() {
    let mut table = Table::closed(0);
    let forwarded: Vec<u32> = (1..=3).map(|number| table.join(number)).collect();
    table.room.open(table.now);

    let forwards = table.speak(2, 10);
    let to: Vec<_> = forwards.iter().map(|forward| forward.to).collect();
    assert_eq!(to, [id(1), id(3)]);
    assert!(forwards.iter().all(|forward| forward.ssrc == forwarded[1]));
    assert!(forwards.iter().all(|forward| forward.ssrc != ssrc(2)));
}

#[test]
fn the_header_is_rewritten_and_the_rest_is_left() {
    let mut table = Table::open(2);
    let voice = Voice::nth(1, 5);
    let forward = table.send(1, voice).unwrap()[0];
    let before = voice.bytes();
    let after = rewritten(voice, &forward);
    let view = RtpView::parse(&after).unwrap();
    assert_eq!(view.ssrc(), forward.ssrc);
    assert_eq!(view.sequence_number(), forward.sequence_number);
    assert_eq!(view.timestamp(), forward.timestamp);
    assert_eq!((view.payload_type(), view.extension(1)), (111, Some(&[0x80 | 30][..])));
    assert_eq!(after[12..], before[12..]);
    assert!(forward.apply(&mut vec![0x80; 11]).is_err(), "not the packet that was handled");
}

#[test]
fn sequence_65535_wraps_in_and_out() {
    let mut table = Table::open(2);
    // More than once around, so that the outgoing numbers wrap as well.
    let received = table.stream(1, 2, 65_530..65_540);
    assert_unbroken(&received, 960);
    let received = table.stream(1, 2, 65_540..65_540 + 66_000);
    assert_unbroken(&received, 960);
    assert_eq!(table.room.participant_stats(id(1)).unwrap().packets_lost, 0);
}

#[test]
fn loss_stays_visible_as_a_gap() {
    let mut table = Table::open(2);
    let received = table.stream(1, 2, [10, 11, 14, 15].into_iter());
    let first = received[0];
    let steps: Vec<_> = received
        .iter()
        .map(|forward| forward.sequence_number.wrapping_sub(first.sequence_number))
        .collect();
    assert_eq!(steps, [0, 1, 4, 5]);
    assert_eq!(table.room.participant_stats(id(1)).unwrap().packets_lost, 2);
}

#[test]
fn reordered_packets_keep_their_places_even_before_the_first() {
    let mut table = Table::open(2);
    // On the wire 1, 0, 65535, 3, 2: the first sent came third.
    let order = [65_537, 65_536, 65_535, 65_539, 65_538];
    let mut received = table.stream(1, 2, order.into_iter());
    received.sort_by_key(|forward| forward.sequence_number);
    assert_eq!(received.len(), 5);
    assert_unbroken(&received, 960);
}

#[test]
fn each_receiver_has_numbers_of_its_own() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..100);
    table.join(3);
    let forwards = table.speak(1, 100);
    assert_eq!(forwards.len(), 2);
    assert_ne!(forwards[0].sequence_number, forwards[1].sequence_number);
    // Whoever joins late begins at the beginning, not with 100 packets lost.
    assert_eq!(table.speak(1, 101)[1].sequence_number, forwards[1].sequence_number + 1);
}

#[test]
fn numbering_begins_in_the_lower_half() {
    for number in 0..50 {
        let mut room = Room::new(RoomConfig::default(), seed(number));
        room.join(epoch(), id(1), user(1), ssrc(1)).unwrap();
        room.join(epoch(), id(2), user(2), ssrc(2)).unwrap();
        room.open(epoch());
        let mut forwards = calling_room::Forwards::new();
        let packet = Voice::nth(1, 65_535).bytes();
        room.handle_rtp(epoch(), id(1), &packet, &mut forwards).unwrap();
        assert!(forwards[0].sequence_number < 1 << 15);
    }
}

#[test]
fn muting_stops_the_stream_and_shows_no_loss() {
    let mut table = Table::open(2);
    let before = table.stream(1, 2, 0..50);
    table.room.set_muted(table.now, id(1), true).unwrap();
    for number in 50..150 {
        assert_eq!(table.send(1, Voice::nth(1, number)), Err(RtpDiscard::Muted));
        table.pass(20);
    }
    table.room.set_muted(table.now, id(1), false).unwrap();
    let after = table.stream(1, 2, 150..160);

    assert_unbroken(&after, 960);
    let (last, first) = (before.last().unwrap(), after[0]);
    assert_eq!(first.sequence_number, last.sequence_number + 1);
    assert_eq!(first.timestamp, last.timestamp.wrapping_add(101 * 960), "the clock went on");
    assert_eq!(table.discarded(RtpDiscard::Muted), 100);
    assert_eq!(table.room.participant_stats(id(1)).unwrap().packets_lost, 0);
}

#[test]
fn what_was_sent_while_muted_does_not_come_late() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..10);
    table.room.set_muted(table.now, id(1), true).unwrap();
    assert_eq!(table.send(1, Voice::nth(1, 10)), Err(RtpDiscard::Muted));
    table.room.set_muted(table.now, id(1), false).unwrap();
    assert_eq!(table.speak(1, 13).len(), 1);
    // 11 and 12 were sent before 13, where the receiver is now.
    assert_eq!(table.speak(1, 12), []);
    assert_eq!(table.speak(1, 14).len(), 1);
}

#[test]
fn a_restarted_stream_goes_on_where_it_was() {
    let mut table = Table::open(2);
    let before = table.stream(1, 2, 0..10);
    table.room.set_audio_ssrc(id(1), 999).unwrap();
    let restarted = |number: u16| Voice {
        ssrc: 999,
        sequence_number: 40_000 + number,
        timestamp: 0x9000_0000 + u32::from(number) * 960,
        ..Voice::nth(1, 0)
    };
    assert_eq!(table.send(1, Voice::nth(1, 10)), Err(RtpDiscard::ForeignSsrc));
    let first = table.send(1, restarted(0)).unwrap()[0];
    let last = before.last().unwrap();
    assert_eq!(first.sequence_number, last.sequence_number + 1);
    // 20 ms passed since the last packet.
    assert_eq!(first.timestamp, last.timestamp.wrapping_add(960));
    assert_eq!(first.ssrc, last.ssrc);
    table.pass(20);
    let second = table.send(1, restarted(1)).unwrap()[0];
    assert_unbroken(&[first, second], 960);
}

#[test]
fn a_timestamp_restart_goes_on_by_the_time_that_passed() {
    let mut table = Table::open(2);
    let before = table.stream(1, 2, 0..10);
    for (number, timestamp) in [(10, 5), (11, 965), (12, 0xf000_0000)] {
        let voice = Voice { timestamp, ..Voice::nth(1, number) };
        let forward = table.send(1, voice).unwrap()[0];
        let steps = number as u32 - 9;
        let expected = before.last().unwrap().timestamp.wrapping_add(steps * 960);
        assert_eq!(forward.timestamp, expected, "packet {number}");
        table.pass(20);
    }
}

#[test]
fn a_timestamp_wraps_like_any_other() {
    let mut table = Table::open(2);
    let mut received = Vec::new();
    for number in 0..5_u32 {
        let timestamp = (u32::MAX - 1_000).wrapping_add(number * 960);
        let voice = Voice { timestamp, ..Voice::nth(1, u64::from(number)) };
        received.extend(table.send(1, voice).unwrap());
        table.pass(20);
    }
    assert_unbroken(&received, 960);
}

#[test]
fn time_going_backwards_is_harmless() {
    let mut table = Table::open(2);
    let mut received = table.stream(1, 2, 0..5);
    table.now -= ms(10_000);
    received.extend(table.stream(1, 2, 5..10));
    assert_unbroken(&received, 960);
    let jump = Voice { timestamp: 7, ..Voice::nth(1, 10) };
    table.now -= ms(10_000);
    let forward = table.send(1, jump).unwrap()[0];
    let ahead = forward.timestamp.wrapping_sub(received.last().unwrap().timestamp);
    assert_eq!(ahead, 1, "no time passed, and never backwards");
}

#[test]
fn unsubscribed_is_not_sent_and_resumes_without_loss() {
    let mut table = Table::open(3);
    let before = table.stream(1, 2, 0..5);
    table.room.set_subscribed(id(1), id(2), false).unwrap();
    assert_eq!(table.stream(1, 2, 5..10), []);
    assert_eq!(table.speak(1, 10).len(), 1, "the other receiver still gets it");
    table.room.set_subscribed(id(1), id(2), true).unwrap();
    let after = table.speak(1, 11);
    assert_eq!(after[0].sequence_number, before.last().unwrap().sequence_number + 1);
    assert_eq!(table.room.set_subscribed(id(1), id(1), true), Err(NotInRoom));
    assert_eq!(table.room.set_subscribed(id(9), id(1), true), Err(NotInRoom));
}

#[test]
fn a_participant_leaves_while_being_forwarded() {
    let mut table = Table::open(3);
    table.stream(1, 2, 0..3);
    assert_eq!(table.speak(1, 3).len(), 2);
    table.room.leave(table.now, id(2), LeaveReason::TimedOut).unwrap();
    // To whoever left: nothing more. From them: counted, and no route is left behind.
    assert_eq!(table.speak(1, 4).len(), 1);
    assert_eq!(table.send(2, Voice::nth(2, 0)), Err(RtpDiscard::UnknownParticipant));
    table.room.leave(table.now, id(1), LeaveReason::Left).unwrap();
    assert_eq!(table.send(1, Voice::nth(1, 5)), Err(RtpDiscard::UnknownParticipant));
    assert_eq!(table.room.leg_stats().count(), 0);
    assert_eq!(table.room.leave(table.now, id(1), LeaveReason::Left), Err(NotInRoom));
    // Who comes back is new: another SSRC, so nothing old is mistaken for it.
    let forwarded = table.join(1);
    assert_eq!(table.speak(1, 6)[0].ssrc, forwarded);
}

#[test]
fn entering_and_leaving_are_told_with_reasons() {
    let mut table = Table::open(1);
    let audio_ssrc = table.join(2);
    let events = table.events();
    let [RoomOutput::UserEntered { user: entered, participant, audio_ssrc: told, video }] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((entered, *participant, *told), (&user(2), id(2), audio_ssrc));
    let streams = video.iter().flat_map(|stream| [stream.ssrc, stream.rtx_ssrc]);
    let streams: std::collections::BTreeSet<u32> = streams.chain([audio_ssrc]).collect();
    assert_eq!(streams.len(), 5, "each has a stream of its own");
    for (reason, code) in
        [(LeaveReason::Left, 0), (LeaveReason::TimedOut, 1), (LeaveReason::Removed, 2)]
    {
        assert_eq!(reason.code(), code);
        table.room.leave(table.now, id(2), reason).unwrap();
        let left = RoomOutput::UserLeft { user: user(2), participant: id(2), reason };
        assert_eq!(table.events(), [left]);
        table.join(2);
        table.events();
    }
    assert_eq!(table.room.len(), 2);
    let who: Vec<_> = table.room.participants().map(|info| info.user).collect();
    assert_eq!(who, [user(1), user(2)]);
}

#[test]
fn joining_has_limits() {
    let mut table = Table::with(RoomConfig { max_participants: 2, ..Default::default() }, 1);
    let twice = table.room.join(table.now, id(1), user(1), 5);
    assert_eq!(twice, Err(JoinError::AlreadyJoined));
    table.join(2);
    assert_eq!(table.room.join(table.now, id(3), user(3), 5), Err(JoinError::Full));
    assert_eq!(table.room.set_muted(table.now, id(3), true), Err(NotInRoom));
    assert_eq!(table.room.set_audio_ssrc(id(3), 4), Err(NotInRoom));
}

#[test]
fn legs_and_participants_are_counted() {
    let mut table = Table::open(2);
    table.stream(1, 2, [0, 1, 3].into_iter());
    let _ = table.send(1, Voice::nth(1, 3));
    let leg = table.room.leg_stats().find(|leg| leg.publisher == id(1)).unwrap();
    assert_eq!((leg.receiver, leg.packets_forwarded), (id(2), 3));
    assert_eq!(leg.octets_forwarded, 3 * 80);
    let stats = table.room.participant_stats(id(1)).unwrap();
    assert_eq!((stats.packets_in, stats.packets_received, stats.packets_lost), (4, 3, 1));
    assert_eq!(stats.discards.iter().collect::<Vec<_>>(), [("duplicate", 1)]);
    let room = table.room.stats();
    assert_eq!((room.packets_in, room.packets_forwarded), (4, 3));
    assert_eq!(table.room.participant_stats(id(9)), None);
}
