use std::time::Duration;

use calling_callrecord::quality::MeasuredBy;
use calling_room::Heard;
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{Code, Event, InviteParams};

use super::world::{World, settle};
use super::{HubRequest, is_ended};
use crate::shard::ShardCommand;

#[tokio::test]
async fn nobody_hears_of_a_call_before_it_is_stored() {
    let mut world = World::new();
    let mut caller = world.sign_in("alice", "a").await;
    let mut callee = world.sign_in("bob", "b").await;
    world.store.set_hanging(true);
    caller.call("bob").await;
    while world.store.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    settle().await;
    assert!(caller.is_silent() && callee.is_silent());
    world.store.set_hanging(false);
    caller.reply().await.unwrap();
    callee.event(|event| matches!(event, Event::Invited { .. })).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_rung_into_a_call_before_it_is_stored_but_rung_they_are() {
    for comes_back in [true, false] {
        let mut world = World::new();
        let (mut caller, _callee, call) = world.talk(["alice", "bob"]).await;
        let mut third = world.sign_in("carol", "c").await;
        world.store.set_hanging(true);
        let before = world.store.attempts();
        let (call_id, users) = (call.facts.call_id, vec![super::world::user("carol")]);
        let params = InviteParams { call_id, users, timeout_s: None };
        let (unknown, outsiders) = (Vec::new(), Vec::new());
        caller.request(HubRequest::InviteUsers { params, unknown, outsiders }).await;
        while world.store.attempts() == before {
            tokio::task::yield_now().await;
        }
        settle().await;
        assert!(third.is_silent(), "rung before it was stored");
        // A database that does not come back keeps nobody from being rung.
        world.store.set_hanging(!comes_back);
        third.event(|event| matches!(event, Event::Invited { .. })).await;
        assert_eq!(world.store.log().last().unwrap() == "invited", comes_back);
        world.store.set_hanging(false);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_stored_is_refused_and_leaves_nothing() {
    let mut world = World::new();
    let mut caller = world.sign_in("alice", "a").await;
    let mut callee = world.sign_in("bob", "b").await;
    world.store.set_failing(true);
    caller.call("bob").await;
    assert_eq!(caller.reply().await, Err(Code::Internal));
    settle().await;
    assert!(caller.is_silent() && callee.is_silent());
    assert!(world.store.ended().is_empty());
    world.store.set_failing(false);
    caller.place("bob").await;
    callee.event(|event| matches!(event, Event::Invited { .. })).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_stored_waits_and_other_calls_go_on() {
    let mut world = World::new();
    let (mut caller, mut callee, call) = world.talk(["alice", "bob"]).await;
    world.store.set_failing(true);
    callee.request(HubRequest::Hangup { call_id: call.facts.call_id }).await;
    let before = world.store.attempts();
    while world.store.attempts() < before + 5 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(caller.is_silent(), "told of an end that is not stored");
    world.store.set_failing(false);
    // Another call need not wait for the first one's next attempt.
    world.ring(["carol", "dave"]).await;
    caller.event(|event| is_ended(event, Outcome::Completed)).await;
    caller.event(|event| matches!(event, Event::Message(_))).await;
    callee.reply().await.unwrap();
    callee.event(|event| is_ended(event, Outcome::Completed)).await;
    assert_eq!(world.store.ended().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn with_many_calls_waiting_new_ones_are_refused_at_once() {
    let mut world = World::new();
    world.store.set_hanging(true);
    let mut waiting = Vec::new();
    for number in 0..2 {
        let mut caller = world.sign_in(&format!("caller{number}"), "a").await;
        caller.call(&format!("callee{number}")).await;
        waiting.push(caller);
    }
    let mut late = world.sign_in("late", "a").await;
    late.call("bob").await;
    assert_eq!(late.reply().await, Err(Code::Internal));
    world.store.set_hanging(false);
    for caller in &mut waiting {
        caller.reply().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_ever_for_a_dead_database() {
    let mut world = World::new();
    let (_caller, _callee, _) = world.talk(["alice", "bob"]).await;
    world.store.set_failing(true);
    world.stop().await;
    assert!(world.store.ended().is_empty(), "the next start records the call");
}

/// A write that was given up may be done all the same, once the disk is back. The next start of
/// the server would take it for a call that was cut off.
#[tokio::test(start_paused = true)]
async fn a_refused_call_whose_start_is_stored_late_leaves_no_ghost() {
    let mut world = World::new();
    let mut caller = world.sign_in("alice", "a").await;
    let mut callee = world.sign_in("bob", "b").await;
    world.store.set_committing_late();
    world.store.set_hanging(true);
    caller.call("bob").await;
    assert_eq!(caller.reply().await, Err(Code::Internal));
    world.store.set_hanging(false);
    world.stop().await;
    assert!(world.store.log().contains(&"started".to_owned()), "it was stored late");
    assert_eq!(world.store.started(), []);
    assert!(world.store.ended().is_empty());
    callee.receive_all();
    assert!(callee.is_silent(), "{:?}", callee.events);
}

#[tokio::test(start_paused = true)]
async fn requests_about_a_call_that_is_stuck_are_refused_before_memory_runs_out() {
    let mut world = World::new();
    let (mut caller, _callee, call) = world.ring(["alice", "bob"]).await;
    let call_id = call.facts.call_id;
    world.store.set_hanging(true);
    caller.request(HubRequest::Hangup { call_id: call_id.clone() }).await;
    let mut refused = 0;
    for _ in 0..2_000 {
        // The answer comes after the last words, and those wait for the record.
        caller.request(HubRequest::GetCall { call_id: call_id.clone() }).await;
        tokio::task::yield_now().await;
        caller.receive_all();
        refused += caller.replies.drain(..).filter(|reply| *reply == Err(Code::Internal)).count();
    }
    assert!((1_000..2_000).contains(&refused), "{refused} of 2,000");
    world.store.set_hanging(false);
}

#[tokio::test]
async fn the_quality_the_server_knows_of_is_stored_with_the_end() {
    let mut world = World::new();
    let (mut caller, _callee, call) = world.talk(["alice", "bob"]).await;
    caller.request(HubRequest::Hangup { call_id: call.facts.call_id }).await;
    let tell = loop {
        if let ShardCommand::CloseRoom { heard, .. } = world.shard.command().await {
            break heard;
        }
    };
    let heard = Heard { packets_forwarded: 100, packets_lost: 10, ..Heard::default() };
    tell.send(vec![(super::world::user("bob"), heard)]).unwrap();
    caller.event(|event| is_ended(event, Outcome::Completed)).await;
    let [Some(quality)] = world.store.qualities()[..] else { panic!("no quality") };
    assert_eq!((quality.packets, quality.lost_share), (90, 0.1));
    assert_eq!(quality.measured_by, MeasuredBy::Server);
}
