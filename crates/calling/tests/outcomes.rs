//! Every way a call can end, against a real server.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod common;

use std::time::Duration;

use calling::{
    CallParams, Calling, ClientPhase, Code, CommandError, ListenerEvent, MediaType, Outcome, Target,
};
use common::{ALICE_HZ, AUDIBLE, Person, World, soon, until, user};

async fn ring(alice: &mut Person, bob: &mut Person) {
    soon("the call", alice.calling.call(user("bob"), MediaType::Audio)).await.unwrap();
    bob.invited().await;
}

fn code(result: Result<impl std::fmt::Debug, CommandError>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callee_declines() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    ring(&mut alice, &mut bob).await;
    bob.engine.reject().await.unwrap();
    alice
        .event("Reject", when!(ListenerEvent::Reject { user } => assert_eq!(user.as_str(), "bob")))
        .await;
    assert_eq!(alice.ended().await.0, Outcome::Rejected);
    bob.idle().await;
    assert_eq!(alice.devices.microphones_opened() + bob.devices.microphones_opened(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callee_ignores_and_the_caller_sees_busy() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    ring(&mut alice, &mut bob).await;
    bob.engine.ignore().await.unwrap();
    alice
        .event(
            "LineBusy",
            when!(ListenerEvent::LineBusy { user } => assert_eq!(user.as_str(), "bob")),
        )
        .await;
    assert_eq!(alice.ended().await.0, Outcome::Busy);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_gives_up() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    ring(&mut alice, &mut bob).await;
    alice.engine.hangup().await.unwrap();
    bob.event(
        "CallingCancel",
        when!(ListenerEvent::CallingCancel { user } => assert_eq!(user.as_str(), "alice")),
    )
    .await;
    assert_eq!(alice.ended().await.0, Outcome::Cancelled);
    bob.idle().await;
    assert_eq!(code(bob.engine.accept().await), Code::WrongState);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let world = World::with(|config| config.call.max_ring_timeout_s = 5).await;
    let (mut alice, mut bob) = world.pair().await;
    let params = CallParams {
        callees: vec![user("bob")],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: Some(1),
        user_data: "lunch?".to_owned(),
        sent_at: None,
    };
    alice.engine.call_with(params).await.unwrap();
    bob.event(
        "Invited",
        when!(ListenerEvent::Invited { user_data, .. } => assert_eq!(user_data, "lunch?")),
    )
    .await;
    bob.event(
        "CallingTimeout",
        when!(ListenerEvent::CallingTimeout { user_ids } => assert_eq!(user_ids, &[])),
    )
    .await;
    alice
        .event("NoResp", when!(ListenerEvent::NoResp { user } => assert_eq!(user.as_str(), "bob")))
        .await;
    alice.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callee_hangs_up() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.talking().await;
    bob.engine.hangup().await.unwrap();
    for person in [&mut alice, &mut bob] {
        let (outcome, _, by) = person.ended().await;
        assert_eq!((outcome, by), (Outcome::Completed, Some(user("bob"))));
    }
    // The figures of the last call stay.
    assert!(alice.engine.stats().await.unwrap().packets_received() > 0);
    assert!(alice.engine.stats().await.unwrap().timings.ended.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_object_hangs_up() {
    let world = World::new().await;
    let (mut alice, bob) = world.talking().await;
    let engine = bob.engine.clone();
    drop(bob.calling);
    assert_eq!(alice.ended().await.0, Outcome::Completed);
    until("signed out", || !engine.state().signed_in).await;
    assert_eq!(code(engine.accept().await), Code::NotInitialised);
    assert_eq!(code(engine.stats().await), Code::NotInitialised);
}

#[tokio::test(flavor = "multi_thread")]
async fn destroying_the_object_hangs_up_tells_the_end_and_may_be_repeated() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.talking().await;
    soon("the end", bob.calling.destroy()).await;
    soon("nothing", bob.calling.destroy()).await;
    assert_eq!(bob.ended().await.0, Outcome::Completed);
    assert_eq!(soon("the end of the stream", bob.events.next()).await, None);
    assert_eq!(alice.ended().await.0, Outcome::Completed);
    assert_eq!(code(bob.calling.call(user("alice"), MediaType::Audio).await), Code::NotInitialised);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_one_after_the_other_each_with_sound() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.talking().await;
    alice.engine.hangup().await.unwrap();
    alice.ended().await;
    bob.ended().await;
    for person in [&alice, &bob] {
        person.idle().await;
        person.devices.forget();
    }
    alice.talk_with(&mut bob).await;
    assert_eq!(bob.devices.microphones_opened(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_cannot_be() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let audio = MediaType::Audio;
    assert_eq!(code(alice.calling.call(user("alice"), audio).await), Code::BadParameter);
    assert_eq!(code(alice.calling.call(user("nobody"), audio).await), Code::UserNotFound);
    let group = vec![user("bob"), user("nobody")];
    let refused = alice.calling.group_call(group, audio, None).await;
    assert_eq!(code(refused), Code::UserNotFound);
    assert_eq!(code(alice.engine.hangup().await), Code::WrongState);
    assert_eq!(code(alice.engine.reject().await), Code::WrongState);
    ring(&mut alice, &mut bob).await;
    assert_eq!(code(alice.calling.call(user("bob"), audio).await), Code::WrongState);
    assert_eq!(alice.engine.state().phase, ClientPhase::Outgoing);
}

/// Being rung keeps nobody from calling: what rings is declined as busy.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_rung_may_call_somebody_else() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let _carol = world.person("carol").await;
    ring(&mut alice, &mut bob).await;
    bob.calling.call(user("carol"), MediaType::Audio).await.unwrap();
    alice
        .event(
            "LineBusy",
            when!(ListenerEvent::LineBusy { user } => assert_eq!(user.as_str(), "bob")),
        )
        .await;
    assert_eq!(bob.engine.state().phase, ClientPhase::Outgoing);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_is_in_a_call_is_busy_for_others() {
    let world = World::new().await;
    let (alice, bob) = world.talking().await;
    let mut carol = world.person("carol").await;
    carol.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    carol
        .event(
            "LineBusy",
            when!(ListenerEvent::LineBusy { user } => assert_eq!(user.as_str(), "bob")),
        )
        .await;
    alice.devices.forget();
    until("bob still speaks", || alice.devices.hears(common::BOB_HZ) > AUDIBLE).await;
    drop(bob);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_muted_microphone_is_silent_and_comes_back() {
    let world = World::new().await;
    let (alice, bob) = world.talking().await;
    alice.engine.set_mic_mute(true).await.unwrap();
    assert!(alice.engine.state().mic_muted);
    until("silence", || bob.devices.hears(ALICE_HZ) < AUDIBLE / 20.0).await;
    let sent = alice.engine.stats().await.unwrap().sent.packets_sent;
    alice.engine.set_mic_mute(false).await.unwrap();
    until("the voice again", || bob.devices.hears(ALICE_HZ) > AUDIBLE).await;
    assert!(alice.engine.stats().await.unwrap().sent.packets_sent > sent);
    assert_eq!(bob.engine.state().phase, ClientPhase::Connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_and_the_network_are_told() {
    let world = World::new().await;
    let (mut alice, _bob) = world.talking().await;
    alice.engine.enable_audio_volume_evaluation(Some(Duration::from_millis(100))).unwrap();
    alice
        .event(
            "volumes of both",
            when!(ListenerEvent::UserVoiceVolume { volumes, total },
            volumes.iter().filter(|told| told.volume.percent() > 30).count() == 2
                && total.percent() > 30 => ()),
        )
        .await;
    alice
        .event(
            "the network",
            when!(ListenerEvent::NetworkQuality { remotes, .. } => assert_eq!(remotes.len(), 1)),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_dropped_before_it_was_placed_is_withdrawn() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    let mut call = Box::pin(alice.calling.call(user("bob"), MediaType::Audio));
    let once = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)));
    assert!(once.await.is_pending(), "the server was asked");
    drop(call);
    // Either the invite never rang or it was withdrawn; in both cases Alice may call again.
    alice.state("idle", |state| state.phase == ClientPhase::Idle).await;
    let placed = async {
        while alice.calling.call(user("bob"), MediaType::Audio).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("another call", placed).await;
    bob.invited().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shared_instance_is_one() {
    let world = World::new().await;
    assert!(Calling::shared_instance().is_none());
    let alice = Calling::init_shared(world.config("alice")).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&alice, &Calling::shared_instance().unwrap()));
    let again = Calling::init_shared(world.config("bob")).await;
    assert_eq!(again.unwrap_err().code(), Code::Repeated);
    alice.enable_custom_view_route(true);
    assert!(Calling::shared_instance().unwrap().custom_view_route());
    Calling::destroy_shared_instance().await;
    assert!(Calling::shared_instance().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_device_elsewhere_takes_over() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let engine = alice.engine.clone();
    let _again = world.person("alice").await;
    alice.event("KickedOffline", when!(ListenerEvent::KickedOffline {} => ())).await;
    until("signed out", || !engine.state().signed_in).await;
    assert_eq!(code(engine.call(user("bob"), MediaType::Audio).await), Code::NotInitialised);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_call_is_in_the_conversation() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    ring(&mut alice, &mut bob).await;
    bob.engine.reject().await.unwrap();
    alice.ended().await;
    alice
        .event(
            "the message",
            when!(ListenerEvent::Message(message) => assert!(message.call_id.is_some())),
        )
        .await;
    let page = alice.calling.chat().history(Target::User(user("bob")), None, None).await.unwrap();
    assert_eq!(page.messages.len(), 1);
}
