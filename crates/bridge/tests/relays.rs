//! What whoever invited several people relays to the others, where no group carries it to all.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_bridge::{Address, BridgeDiscard};
use calling_signaling::invite::{CallAction, Message, decode_message};
use common::party::{A, B, C, D, four, heard, ring, seconds, talking, users};
use common::{World, user, who_hangs_up};

/// Without a group nobody sees the others' answers but for the caller's relays.
#[test]
fn the_caller_relays_in_a_call_without_a_group() {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, &["bob", "carol"], None);
    let invites: Vec<_> =
        world.ends[A].sent.iter().map(|(to, envelope)| (to.clone(), envelope.clone())).collect();
    assert_ne!(invites[0].1.invite_id, invites[1].1.invite_id, "each has an invite of its own");
    for (to, envelope) in &invites {
        assert_eq!(envelope.invitees, std::slice::from_ref(to));
        assert_eq!(envelope.payload.data.as_ref().unwrap().users, users(&["bob", "carol"]));
    }
    world.reject(B, true);
    world.run(seconds(1));
    let (to, text) = world.ends[A].posted.last().unwrap();
    let Ok(Message::Relayed(event)) = decode_message(text) else { panic!("{text}") };
    assert_eq!((to, event.action), (&Address::User(user("carol")), CallAction::Reject));
    assert_eq!((event.user, event.message.as_str()), (Some(user("bob")), "lineBusy"));
    assert_eq!(Some(event.call_id.as_str()), invites[1].1.invite_id.as_ref().map(|id| id.as_str()));
    assert_eq!(heard(&world, C), ["invited", "line_busy"]);
}

/// What is relayed counts only from whoever invited, and never about oneself.
#[test]
fn relays_of_others_are_spoofed() {
    let mut world = four(&who_hangs_up());
    ring(&mut world, A, &["bob", "carol", "dave"], None);
    world.accept(B);
    world.run(seconds(1));
    let relay = |action: u8, who: &str| {
        format!(
            r#"{{"version":4,"businessID":"av_call","call_action":{action},"user":"{who}","data":{{"cmd":"sync_info"}}}}"#
        )
    };
    world.receive(C, "bob", &relay(3, "dave"), Duration::ZERO);
    world.receive(C, "alice", &relay(3, "carol"), Duration::ZERO);
    world.receive(C, "mallory", &relay(3, "dave"), Duration::ZERO);
    assert_eq!(world.ends[C].discarded(BridgeDiscard::Spoofed), 2);
    assert_eq!(world.ends[C].discarded(BridgeDiscard::Relayed), 1);
    assert_eq!(world.ends[C].bridge.call().unwrap().members.len(), 4);
    world.receive(C, "alice", &relay(4, "dave"), Duration::ZERO);
    assert_eq!(heard(&world, C).last().unwrap(), "no_response");
}

/// What Alice sent to Carol alone, in order.
fn sent_to_carol(world: &World) -> Vec<String> {
    let posted = world.ends[A].posted.iter();
    posted
        .filter(|(to, _)| *to == Address::User(user("carol")))
        .map(|(_, text)| text.clone())
        .collect()
}

#[test]
fn what_is_relayed_before_the_invite_counts_once_it_comes() {
    let mut source = four(&who_hangs_up());
    ring(&mut source, A, &["bob", "carol", "dave"], None);
    source.accept(B);
    source.run(seconds(1));
    source.reject(D, false);
    source.run(seconds(1));
    let texts = sent_to_carol(&source);
    let mut world = four(&who_hangs_up());
    for text in texts.iter().rev() {
        world.receive(C, "alice", text, Duration::ZERO);
    }
    assert_eq!(heard(&world, C), ["invited", "rejected", "accepted"]);
    assert_eq!(talking(&world, C), ["alice", "bob"]);
    // Nothing is kept of what was never invited to.
    assert_eq!(world.ends[C].discarded(BridgeDiscard::Relayed), 2);
}
