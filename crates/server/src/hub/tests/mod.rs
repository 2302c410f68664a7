//! What the hub does with a database and a media thread that behave, and that do not.

mod chaos;
mod media;
mod sdp;
mod storage;
mod video;
mod world;

use calling_model::Endpoint;
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{Code, Event};

use self::world::{World, settle};
use super::{HubCommand, HubRequest};
use crate::gateway::Closing;

fn is_ended(event: &Event, wanted: Outcome) -> bool {
    matches!(event, Event::Ended { outcome, .. } if *outcome == wanted)
}

#[tokio::test]
async fn a_call_from_ring_to_record() {
    let mut world = World::new();
    let (mut caller, mut callee, call) = world.talk(["alice", "bob"]).await;
    caller.request(HubRequest::Hangup { call_id: call.facts.call_id.clone() }).await;
    caller.reply().await.unwrap();
    for device in [&mut caller, &mut callee] {
        device.event(|event| is_ended(event, Outcome::Completed)).await;
        device.event(|event| matches!(event, Event::Message(_))).await;
    }
    assert_eq!(world.store.log(), ["started", "accepted", "ended"]);
    assert_eq!(world.store.ended()[0].facts, call.facts);
}

#[tokio::test]
async fn a_replaced_connection_can_neither_ask_nor_sign_out_the_newer() {
    let mut world = World::new();
    let mut old = world.sign_in("alice", "phone").await;
    let mut new = world.sign_in("alice", "phone").await;
    old.event(|event| matches!(event, Event::KickedOffline {})).await;
    assert_eq!((&mut old.inbox.close).await, Ok(Closing::Replaced));
    old.call("bob").await;
    let session = old.session.clone();
    world.hub.send(HubCommand::Disconnected { session }).await.unwrap();
    settle().await;
    assert!(world.store.log().is_empty(), "the older connection placed a call");
    new.place("bob").await;
}

#[tokio::test]
async fn one_device_too_many_kicks_the_oldest() {
    let mut world = World::new();
    let mut devices = Vec::new();
    for number in 0..9 {
        devices.push(world.sign_in("alice", &format!("d{number}")).await);
    }
    devices[0].event(|event| matches!(event, Event::KickedOffline {})).await;
    assert_eq!((&mut devices[0].inbox.close).await, Ok(Closing::Replaced));
    assert!(devices[1].is_silent());
}

#[tokio::test]
async fn signing_out_leaves_the_call() {
    let mut world = World::new();
    let (mut caller, callee, _) = world.talk(["alice", "bob"]).await;
    let session = callee.session.clone();
    world.hub.send(HubCommand::SignOut { session }).await.unwrap();
    caller.event(|event| matches!(event, Event::Ended { .. })).await;
}

#[tokio::test]
async fn a_device_that_comes_back_is_told_its_call() {
    let mut world = World::new();
    let (caller, _callee, call) = world.talk(["alice", "bob"]).await;
    let session = caller.session.clone();
    world.hub.send(HubCommand::Disconnected { session }).await.unwrap();
    let mut back = world.sign_in("alice", "a").await;
    back.event(|event| matches!(event, Event::Resumed(reply) if reply.facts == call.facts)).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go_and_the_others_go_on() {
    let mut world = World::new();
    let mut slow = world.sign_in("alice", "a").await;
    for _ in 0..100 {
        slow.request(HubRequest::GetCall { call_id: "nope".parse().unwrap() }).await;
    }
    assert_eq!((&mut slow.inbox.close).await, Ok(Closing::TooSlow));
    world.ring(["carol", "dave"]).await;
}

#[tokio::test]
async fn a_stop_ends_and_stores_every_call_and_closes_every_device() {
    let mut world = World::new();
    let (mut caller, mut callee, _) = world.talk(["alice", "bob"]).await;
    let (mut ringing, _, _) = world.ring(["carol", "dave"]).await;
    world.stop().await;
    for device in [&mut caller, &mut callee] {
        device.event(|event| is_ended(event, Outcome::Interrupted)).await;
        assert_eq!((&mut device.inbox.close).await, Ok(Closing::ServerStops));
    }
    ringing.event(|event| is_ended(event, Outcome::Cancelled)).await;
    assert_eq!(world.store.ended().len(), 2);
    world.task.await.unwrap();
}

#[tokio::test]
async fn a_dead_media_thread_ends_calls_and_lets_none_begin() {
    let mut world = World::new();
    let (mut caller, _callee, _) = world.talk(["alice", "bob"]).await;
    world.shard.exit.take();
    caller.event(|event| is_ended(event, Outcome::Interrupted)).await;
    assert!(world.vitals.has_failed());
    let mut carol = world.sign_in("carol", "a").await;
    carol.call("alice").await;
    assert!(carol.reply().await.is_err());
}

#[tokio::test]
async fn who_has_no_part_in_a_call_gets_nowhere() {
    let mut world = World::new();
    let (_caller, _callee, call) = world.ring(["alice", "bob"]).await;
    let call_id = call.facts.call_id;
    let mut eve = world.sign_in("eve", "e").await;
    eve.connect_media(&call_id).await;
    assert_eq!(eve.reply().await, Err(Code::NotYourCall));
    for request in [
        HubRequest::MediaReady { call_id: call_id.clone() },
        HubRequest::SetMicMute { call_id: call_id.clone(), muted: true },
        HubRequest::Hangup { call_id: call_id.clone() },
        HubRequest::Accept { call_id: call_id.clone() },
        HubRequest::GetCall { call_id: call_id.clone() },
    ] {
        eve.request(request.clone()).await;
        assert!(eve.reply().await.is_err(), "{request:?}");
    }
    eve.connect_media(&"0123".parse().unwrap()).await;
    assert_eq!(eve.reply().await, Err(Code::InviteNotFound));
    assert!(world.shard.commands.is_empty(), "media was touched");
}

#[tokio::test]
async fn an_endpoint_is_an_account_and_a_device() {
    let mut world = World::new();
    let (caller, _callee, call) = world.ring(["alice", "bob"]).await;
    // Another device of the caller takes no part.
    let mut tablet = world.sign_in("alice", "tablet").await;
    let Endpoint { user, .. } = &tablet.endpoint;
    assert_eq!(*user, caller.endpoint.user);
    tablet.connect_media(&call.facts.call_id).await;
    assert_eq!(tablet.reply().await, Err(Code::NotYourCall));
    assert!(caller.is_silent());
}
