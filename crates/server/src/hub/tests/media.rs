use std::time::Duration;

use calling_model::{ConnectionId, Volume};
use calling_room::LeaveReason;
use calling_signaling::call::Outcome;
use calling_signaling::protocol::{CallReply, Event, Reply};
use calling_transport::CloseReason;

use super::world::{Device, World, settle, streams, user};
use super::{HubRequest, is_ended};
use crate::shard::{Closed, ShardCommand, ShardEvent};

/// Has a device open a media connection that comes up and enters the room.
pub(super) async fn connect(
    world: &mut World,
    device: &mut Device,
    call: &CallReply,
) -> ConnectionId {
    device.connect_media(&call.facts.call_id).await;
    let connection = world.shard.connect().await;
    assert!(matches!(device.reply().await, Ok(Reply::Media(_))));
    let handshake = Duration::from_millis(5);
    world.shard.tell(ShardEvent::Connected { connection, handshake }).await;
    let audio_ssrc = 1_000 + u32::try_from(connection.0).unwrap();
    world
        .shard
        .tell(ShardEvent::Entered { connection, audio_ssrc, video: streams(connection) })
        .await;
    settle().await;
    connection
}

#[tokio::test]
async fn the_gate_is_open_before_anybody_hears_of_the_acceptance() {
    let mut world = World::new();
    let (mut caller, mut callee, call) = world.ring(["alice", "bob"]).await;
    callee.request(HubRequest::Accept { call_id: call.facts.call_id }).await;
    let ShardCommand::OpenGate { room, done, .. } = world.shard.command().await else { panic!() };
    assert_eq!(room, call.facts.room_id);
    settle().await;
    assert!(caller.is_silent() && callee.is_silent());
    done.send(()).unwrap();
    caller.event(|event| matches!(event, Event::Accepted { .. })).await;
    assert!(matches!(callee.reply().await, Ok(Reply::Call(call)) if call.connected));
}

#[tokio::test]
async fn who_is_in_the_room_is_told_after_the_acceptance_alone() {
    let mut world = World::new();
    let (mut caller, mut callee, call) = world.ring(["alice", "bob"]).await;
    connect(&mut world, &mut caller, &call).await;
    let heard = connect(&mut world, &mut callee, &call).await;
    world.shard.tell(ShardEvent::AudioAvailable { connection: heard, available: true }).await;
    let (room, total) = (call.facts.room_id, Volume::from_percent(40));
    let volumes = || vec![(user("bob"), Volume::from_percent(40))];
    world.shard.tell(ShardEvent::Volumes { room, volumes: volumes(), total }).await;
    settle().await;
    assert!(caller.is_silent() && callee.is_silent());

    callee.request(HubRequest::Accept { call_id: call.facts.call_id.clone() }).await;
    world.shard.open_gate().await;
    caller.event(|event| matches!(event, Event::Accepted { .. })).await;
    caller
        .event(|event| matches!(event, Event::UserEntered { audio_ssrc: 1_002, user: who, .. } if *who == user("bob")))
        .await;
    caller.event(|event| matches!(event, Event::AudioAvailable { available: true, .. })).await;
    world.shard.tell(ShardEvent::Volumes { room, volumes: volumes(), total }).await;
    caller.event(|event| matches!(event, Event::Volumes { .. })).await;
    callee.event(|event| matches!(event, Event::UserEntered { audio_ssrc: 1_001, .. })).await;
}

#[tokio::test]
async fn only_the_device_that_answered_stays_in_the_room() {
    let mut world = World::new();
    let (_caller, mut phone, call) = world.ring(["alice", "bob"]).await;
    let mut tablet = world.sign_in("bob", "tablet").await;
    tablet.event(|event| matches!(event, Event::Invited { .. })).await;
    connect(&mut world, &mut phone, &call).await;
    let left = connect(&mut world, &mut tablet, &call).await;
    phone.request(HubRequest::Accept { call_id: call.facts.call_id.clone() }).await;
    let command = world.shard.command().await;
    let ShardCommand::Disconnect { connection, reason } = command else { panic!("{command:?}") };
    assert_eq!((connection, reason), (left, LeaveReason::Left));
    world.shard.open_gate().await;
    tablet.event(|event| matches!(event, Event::HandledElsewhere { accepted: true, .. })).await;
    tablet.connect_media(&call.facts.call_id).await;
    assert!(tablet.reply().await.is_err());
}

#[tokio::test]
async fn a_lost_media_connection_is_told_and_ends_the_call() {
    let mut world = World::new();
    let (mut caller, mut callee, call) = world.talk(["alice", "bob"]).await;
    connect(&mut world, &mut caller, &call).await;
    let lost = connect(&mut world, &mut callee, &call).await;
    caller.event(|event| matches!(event, Event::UserEntered { .. })).await;
    callee.event(|event| matches!(event, Event::UserEntered { .. })).await;
    let why = Closed::Transport(CloseReason::ConsentLost);
    world.shard.tell(ShardEvent::Closed { connection: lost, why }).await;
    caller.event(|event| matches!(event, Event::UserLeft { reason: 1, .. })).await;
    callee.event(|event| matches!(event, Event::MediaFailed { .. })).await;
    // After the grace of a second.
    caller.event(|event| is_ended(event, Outcome::PeerLost)).await;
    assert_eq!(world.store.ended()[0].outcome, Outcome::PeerLost);
}

#[tokio::test]
async fn a_media_connection_that_comes_back_in_time_saves_the_call() {
    let mut world = World::new();
    let (mut caller, mut callee, call) = world.talk(["alice", "bob"]).await;
    let lost = connect(&mut world, &mut callee, &call).await;
    caller.event(|event| matches!(event, Event::UserEntered { .. })).await;
    let why = Closed::Transport(CloseReason::PeerClosed);
    world.shard.tell(ShardEvent::Closed { connection: lost, why }).await;
    caller.event(|event| matches!(event, Event::UserLeft { reason: 0, .. })).await;
    connect(&mut world, &mut callee, &call).await;
    caller.event(|event| matches!(event, Event::UserEntered { .. })).await;
    // The older connection's end says nothing about the newer one.
    world.shard.tell(ShardEvent::Closed { connection: lost, why }).await;
    settle().await;
    assert!(caller.is_silent());
    callee.request(HubRequest::Hangup { call_id: call.facts.call_id }).await;
    caller.event(|event| matches!(event, Event::UserLeft { reason: 0, .. })).await;
    caller.event(|event| is_ended(event, Outcome::Completed)).await;
}

#[tokio::test]
async fn a_second_connection_of_a_device_replaces_the_first() {
    let mut world = World::new();
    let (mut caller, _callee, call) = world.ring(["alice", "bob"]).await;
    let first = connect(&mut world, &mut caller, &call).await;
    caller.connect_media(&call.facts.call_id).await;
    assert!(matches!(
        world.shard.command().await,
        ShardCommand::Disconnect { connection, .. } if connection == first
    ));
    assert_ne!(world.shard.connect().await, first);
    caller.reply().await.unwrap();
}

#[tokio::test]
async fn a_microphone_muted_before_media_stays_muted() {
    let mut world = World::new();
    let (mut caller, _callee, call) = world.ring(["alice", "bob"]).await;
    let call_id = call.facts.call_id.clone();
    caller.request(HubRequest::SetMicMute { call_id: call_id.clone(), muted: true }).await;
    caller.reply().await.unwrap();
    caller.connect_media(&call_id).await;
    let connection = world.shard.connect().await;
    assert!(matches!(
        world.shard.command().await,
        ShardCommand::SetMuted { connection: muted, muted: true, .. } if muted == connection
    ));
}

#[tokio::test]
async fn the_end_of_a_call_closes_its_media_before_the_record_is_stored() {
    let mut world = World::new();
    let (mut caller, _callee, call) = world.talk(["alice", "bob"]).await;
    let connection = connect(&mut world, &mut caller, &call).await;
    world.store.set_hanging(true);
    caller.request(HubRequest::Hangup { call_id: call.facts.call_id }).await;
    let mut closed = (false, false);
    while closed != (true, true) {
        let command = world.shard.command().await;
        if let ShardCommand::Disconnect { connection: left, .. } = command {
            closed.0 |= left == connection;
        } else if let ShardCommand::CloseRoom { room, .. } = command {
            closed.1 |= room == call.facts.room_id;
        }
    }
    assert!(world.store.ended().is_empty());
}

#[tokio::test]
async fn a_wrong_offer_is_explained() {
    let mut world = World::new();
    let (mut caller, _callee, call) = world.ring(["alice", "bob"]).await;
    let call_id = call.facts.call_id;
    let good = calling_signaling::protocol::MediaOffer {
        ufrag: "ufrag".to_owned(),
        pwd: "p".repeat(22),
        fingerprint: "sha-1 00".to_owned(),
        candidates: Vec::new(),
        audio_ssrc: 1,
        video: Vec::new(),
        red: false,
    };
    for offer in [
        calling_signaling::protocol::MediaOffer { ufrag: "x".to_owned(), ..good.clone() },
        calling_signaling::protocol::MediaOffer { pwd: "short".to_owned(), ..good.clone() },
        good,
    ] {
        caller
            .request(HubRequest::ConnectMedia { call_id: call_id.clone(), offer: offer.into() })
            .await;
        assert_eq!(caller.reply().await, Err(calling_signaling::protocol::Code::BadParameter));
    }
    assert!(world.shard.commands.is_empty());
}
