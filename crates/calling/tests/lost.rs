//! Connections that go and come back, or do not.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod common;

use std::sync::Arc;
use std::time::Duration;

use calling::{
    CallingListener, ClientPhase, Code, CommandError, Connection, ListenerEvent, MediaType,
    Outcome, Target,
};
use calling_callrecord::quality::MeasuredBy;
use calling_server::storage::{RecordFilter, Storage};
use common::fake::Fake;
use common::proxy::{Ether, Wire};
use common::{ALICE_HZ, AUDIBLE, BOB_HZ, Person, World, soon, until, user};

const NO_DELAY: Duration = Duration::ZERO;

fn lost(connection: Connection) -> impl Fn(&ListenerEvent) -> Option<()> {
    when!(ListenerEvent::ConnectionLost { connection: which }, *which == connection => ())
}

fn recovered(connection: Connection) -> impl Fn(&ListenerEvent) -> Option<()> {
    when!(ListenerEvent::Recovered { connection: which }, *which == connection => ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_signalling_wire_is_mended_and_the_voices_never_stop() {
    let world = World::new().await;
    let wire = Wire::to(world.server.http_addr(), NO_DELAY).await;
    let mut config = world.config("alice");
    config.server = format!("ws://{}", wire.address);
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    wire.cut();
    alice.event("the loss", lost(Connection::Signalling)).await;
    alice.devices.forget();
    until("bob, without signalling", || alice.devices.hears(BOB_HZ) > AUDIBLE).await;
    let refused = alice.calling.chat().history(Target::User(user("bob")), None, None).await;
    assert_eq!(refused, Err(CommandError::Disconnected));
    wire.mend();
    alice.event("the recovery", recovered(Connection::Signalling)).await;
    assert_eq!(alice.engine.state().phase, ClientPhase::Connected);
    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    assert_eq!(bob.ended().await.0, Outcome::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_ends_the_call_after_the_grace() {
    let world = World::new().await;
    let wire = Wire::to(world.server.http_addr(), NO_DELAY).await;
    let mut config = world.config("alice");
    config.server = format!("ws://{}", wire.address);
    config.grace = Duration::from_millis(300);
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    wire.cut();
    alice.event("the loss", lost(Connection::Signalling)).await;
    alice.ended().await;
    alice.idle().await;
    let refused = alice.calling.call(user("bob"), MediaType::Audio).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotInitialised);
    // A call placed after the connection came back works.
    wire.mend();
    alice.event("the recovery", recovered(Connection::Signalling)).await;
    bob.ended().await;
    alice.devices.forget();
    bob.devices.forget();
    alice.talk_with(&mut bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_the_call_of_both() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.talking().await;
    world.stop().await;
    assert_eq!(alice.ended().await.0, Outcome::Interrupted);
    assert_eq!(bob.ended().await.0, Outcome::Interrupted);
    alice.event("the loss", lost(Connection::Signalling)).await;
    assert!(alice.engine.stats().await.unwrap().packets_received() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_media_is_found_and_another_path_is_made() {
    let world = World::new().await;
    let ether = Ether::to(world.server.media_addr(), NO_DELAY).await;
    let mut config = world.config("alice");
    config.ice.media_via = Some(ether.address);
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    ether.silence(true);
    alice.event("the loss", lost(Connection::Media)).await;
    ether.silence(false);
    alice.event("the recovery", recovered(Connection::Media)).await;
    alice.devices.forget();
    bob.devices.forget();
    until("bob again", || alice.devices.hears(BOB_HZ) > AUDIBLE).await;
    until("alice again", || bob.devices.hears(ALICE_HZ) > AUDIBLE).await;
    let stats = alice.engine.stats().await.unwrap();
    assert!(stats.media_attempts > 1);
    assert_eq!(alice.devices.microphones_opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_stays_silent_ends_the_call_after_the_grace() {
    let world = World::new().await;
    let ether = Ether::to(world.server.media_addr(), NO_DELAY).await;
    let mut config = world.config("alice");
    config.ice.media_via = Some(ether.address);
    config.grace = Duration::from_secs(2);
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    ether.silence(true);
    alice.event("the loss", lost(Connection::Media)).await;
    alice
        .event(
            "the error",
            when!(ListenerEvent::Error { code, .. } => assert_eq!(i32::from(*code), -3301)),
        )
        .await;
    alice.ended().await;
    bob.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_cut_off_altogether_is_gone_for_the_other() {
    let world = World::new().await;
    let wire = Wire::to(world.server.http_addr(), NO_DELAY).await;
    let ether = Ether::to(world.server.media_addr(), NO_DELAY).await;
    let mut config = world.config("alice");
    config.server = format!("ws://{}", wire.address);
    config.ice.media_via = Some(ether.address);
    let (mut alice, mut bob) = (Person::new(config).await, world.person("bob").await);
    alice.talk_with(&mut bob).await;
    ether.silence(true);
    wire.cut();
    bob.event(
        "alice's leave",
        when!(ListenerEvent::UserLeave { user, reason } => {
            assert_eq!((user.as_str(), *reason), ("alice", 1));
        }),
    )
    .await;
    assert_eq!(bob.ended().await.0, Outcome::PeerLost);
    wire.mend();
    ether.silence(false);
    // Back again, Alice learns that it is over.
    alice.ended().await;
    alice.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_no_longer_answers_pings_is_left() {
    let mut fake = Fake::start().await;
    fake.ping_interval_ms = 200;
    let (script, mut alice) = tokio::join!(fake.sign_in(), Person::new(fake.config("alice")));
    alice.event("the loss", lost(Connection::Signalling)).await;
    drop(script);
    let _script = fake.sign_in().await;
    alice.event("the recovery", recovered(Connection::Signalling)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_that_expired_meanwhile_is_told_and_not_tried_again() {
    let fake = Fake::start().await;
    let (script, mut alice) = tokio::join!(fake.sign_in(), Person::new(fake.config("alice")));
    drop(script);
    // Trouble that passes is tried again.
    fake.refuse_sign_in(Code::Internal).await;
    fake.refuse_sign_in(Code::UserSigExpired).await;
    let told = when!(ListenerEvent::Error { code, .. } => assert_eq!(*code, Code::UserSigExpired));
    alice.event("the error", told).await;
    until("signed out", || !alice.engine.state().signed_in).await;
    let refused = alice.calling.call(user("bob"), MediaType::Audio).await.unwrap_err();
    assert_eq!(refused, CommandError::SignedOut);
}

#[derive(Default)]
struct Slow(std::sync::Mutex<Vec<&'static str>>);

impl CallingListener for Slow {
    fn on_call_begin(
        &self,
        _: &calling::CallId,
        _: calling::RoomId,
        _: MediaType,
        _: calling::Role,
    ) {
        self.0.lock().unwrap().push("begin");
        std::thread::sleep(Duration::from_millis(700));
    }

    fn on_call_end(&self, _: &calling::CallId, _: Outcome, _: u64, _: Option<&calling::UserId>) {
        self.0.lock().unwrap().push("end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_listener_delays_neither_voices_nor_commands() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let slow = Arc::new(Slow::default());
    alice.calling.add_listener(slow.clone());
    alice.talk_with(&mut bob).await;
    let read = alice.devices.samples_read();
    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    alice.ended().await;
    assert!(read > 0);
    until("both callbacks", || *slow.0.lock().unwrap() == ["begin", "end"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_tells_how_a_call_sounded_though_no_client_can_say_so() {
    let world = World::new().await;
    let (mut alice, mut bob, mut wires) = wired(&world).await;
    alice.talk_with(&mut bob).await;
    until("both hear", || {
        alice.devices.hears(BOB_HZ) > AUDIBLE && bob.devices.hears(ALICE_HZ) > AUDIBLE
    })
    .await;
    // From here on no report reaches the server, as if both had been killed.
    wires.iter_mut().for_each(|wire| wire.cut());
    let World { server, server_config, _data } = world;
    soon("the server's end", server.stop()).await;
    let storage = Storage::open_for_reading(&server_config.data).await.unwrap();
    let records = storage.records(&RecordFilter::default()).await.unwrap();
    let quality = records[0].quality.expect("it is stored with the end");
    assert_eq!(quality.measured_by, MeasuredBy::Server);
    assert!(quality.packets > 0 && quality.mos > 1.0, "{quality:?}");
}

/// Alice and Bob, each behind a wire that can be cut.
async fn wired(world: &World) -> (Person, Person, Vec<Wire>) {
    let (mut people, mut wires) = (Vec::new(), Vec::new());
    for name in ["bob", "alice"] {
        let wire = Wire::to(world.server.http_addr(), NO_DELAY).await;
        let mut config = world.config(name);
        config.server = format!("ws://{}", wire.address);
        people.push(Person::new(config).await);
        wires.push(wire);
    }
    (people.pop().unwrap(), people.pop().unwrap(), wires)
}
