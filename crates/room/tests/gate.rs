//! Nothing passes before the call is accepted, in whatever order things happen.

mod common;

use calling_model::Machine;
use calling_room::{LeaveReason, RoomOutput, RtcpDiscard, RtpDiscard};
use common::{Table, Voice, id, user};

const RTCP: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 101];

#[test]
fn every_packet_at_a_closed_gate_is_a_counted_discard() {
    let mut table = Table::closed(2);
    for number in 0..100 {
        assert_eq!(table.send(1, Voice::nth(1, number)), Err(RtpDiscard::GateClosed));
        // Not even whether it is well formed is looked at.
        let odd = table.room.handle_rtp(table.now, id(2), &[0xff; 3], &mut table.forwards);
        assert_eq!(odd, Err(RtpDiscard::GateClosed));
        let rtcp = table.room.handle_rtcp(table.now, id(1), &RTCP);
        assert_eq!(rtcp, Err(RtcpDiscard::GateClosed));
        table.pass(20);
    }
    assert_eq!(table.discarded(RtpDiscard::GateClosed), 200);
    let stats = table.room.participant_stats(id(1)).unwrap();
    assert_eq!(
        stats.discards.iter().collect::<Vec<_>>(),
        [("gate_closed", 100), ("rtcp_gate_closed", 100)]
    );
    assert_eq!((stats.packets_in, stats.packets_received), (100, 0));
    assert_eq!(table.take(), [], "nobody is told anything: no entering, no audio, no volume");
    assert_eq!(table.room.poll_timeout(), None);
}

#[test]
fn opening_tells_who_is_there_and_lets_media_pass() {
    let mut table = Table::closed(2);
    let _ = table.send(1, Voice::nth(1, 0));
    table.room.open(table.now);
    assert!(table.room.is_open());
    let entered: Vec<_> = table
        .take()
        .into_iter()
        .map(|output| match output {
            RoomOutput::UserEntered { user, .. } => user,
            other @ (RoomOutput::Rtcp { .. }
            | RoomOutput::UserLeft { .. }
            | RoomOutput::AudioAvailable { .. }
            | RoomOutput::VideoAvailable { .. }
            | RoomOutput::Rtp { .. }
            | RoomOutput::Volumes { .. }) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(entered, [user(1), user(2)]);
    assert_eq!(table.speak(1, 1).len(), 1);
    table.take();
    table.room.open(table.now);
    assert_eq!(table.take(), [], "opening twice tells nothing twice");
}

#[test]
fn whoever_left_before_the_gate_opened_was_never_there() {
    let mut table = Table::closed(2);
    table.room.leave(table.now, id(2), LeaveReason::Removed).unwrap();
    assert_eq!(table.take(), []);
    table.room.open(table.now);
    assert_eq!(table.take().len(), 1);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    CallerJoins,
    CalleeJoins,
    CallerSends,
    CalleeSends,
    CalleeUnmutes,
    CalleeAnnouncesAnotherSsrc,
    Opens,
}

/// All orders of `rest`, after `done`.
fn for_each_order(done: &mut Vec<Step>, rest: &[Step], check: &mut impl FnMut(&[Step])) {
    if rest.is_empty() {
        check(done);
    }
    for (at, step) in rest.iter().enumerate() {
        let mut others = rest.to_vec();
        others.remove(at);
        done.push(*step);
        for_each_order(done, &others, check);
        done.pop();
    }
}

fn run(order: &[Step]) {
    let mut table = Table::closed(0);
    let mut is_open = false;
    for step in order {
        match step {
            Step::CallerJoins => drop(table.join(1)),
            Step::CalleeJoins => drop(table.join(2)),
            Step::CallerSends => assert_passes(&mut table, 1, is_open),
            Step::CalleeSends => assert_passes(&mut table, 2, is_open),
            Step::CalleeUnmutes => drop(table.room.set_muted(table.now, id(2), false)),
            Step::CalleeAnnouncesAnotherSsrc => drop(table.room.set_audio_ssrc(id(2), 7)),
            Step::Opens => {
                table.room.open(table.now);
                is_open = true;
            }
        }
        table.pass(20);
        assert!(is_open || table.take().is_empty(), "told before the gate opened: {order:?}");
    }
}

fn assert_passes(table: &mut Table, from: u64, is_open: bool) {
    let forwards = table.send(from, Voice::nth(from, 1)).unwrap_or_default();
    assert!(is_open || forwards.is_empty(), "a packet passed a closed gate");
    let rtcp = table.room.handle_rtcp(table.now, id(from), &RTCP);
    assert!(is_open || rtcp.is_err(), "RTCP passed a closed gate");
}

#[test]
fn no_order_of_messages_lets_media_pass_before_accept() {
    let steps = [
        Step::CallerJoins,
        Step::CalleeJoins,
        Step::CallerSends,
        Step::CalleeSends,
        Step::CalleeUnmutes,
        Step::CalleeAnnouncesAnotherSsrc,
        Step::Opens,
    ];
    let mut orders = 0;
    for_each_order(&mut Vec::new(), &steps, &mut |order| {
        run(order);
        orders += 1;
    });
    assert_eq!(orders, 5_040);
}
