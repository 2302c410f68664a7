//! Two people, a real server, real sockets.

mod common;

use calling::{ClientPhase, MediaType, Outcome};
use common::{ALICE_HZ, AUDIBLE, BOB_HZ, World, soon, until, user};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_ring_answer_and_hear_each_other() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let call = alice.talk_with(&mut bob).await;
    assert!(alice.devices.hears(ALICE_HZ) < AUDIBLE / 5.0);
    assert!(bob.devices.hears(BOB_HZ) < AUDIBLE / 5.0);
    for person in [&alice, &bob] {
        let state = person.engine.state();
        assert_eq!(
            (state.phase, state.call.unwrap().call_id),
            (ClientPhase::Connected, call.clone())
        );
        let stats = person.engine.stats().await.unwrap();
        assert_eq!(stats.call_id, Some(call.clone()));
        assert_eq!(stats.srtp_profile, Some("AEAD_AES_128_GCM"));
        assert_eq!(stats.media_attempts, 1);
        assert!(stats.packets_received() > 0 && stats.sent.packets_sent > 0);
        assert!(stats.ice_ms().is_some() && stats.dtls_ms().is_some());
        assert!(stats.timings.first_audio.is_some());
    }
    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    for person in [&mut alice, &mut bob] {
        let (outcome, duration_ms, by) = person.ended().await;
        assert_eq!((outcome, by), (Outcome::Completed, Some(user("alice"))));
        assert!(duration_ms > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn media_is_ready_before_the_callee_answers() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    bob.invited().await;
    for person in [&alice, &bob] {
        let ready = async {
            while person.engine.stats().await.unwrap().timings.dtls_done.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        soon("DTLS", ready).await;
        assert_eq!(person.devices.microphones_opened(), 0);
        assert_eq!(person.devices.samples_read(), 0);
        assert_eq!(person.engine.stats().await.unwrap().sent.packets_sent, 0);
    }
    bob.engine.accept().await.unwrap();
    until("alice's voice", || bob.devices.hears(ALICE_HZ) > AUDIBLE).await;
    until("bob's voice", || alice.devices.hears(BOB_HZ) > AUDIBLE).await;
}

#[tokio::test]
async fn one_thread_is_enough_for_two_people() {
    let world = World::new().await;
    let (alice, bob) = world.talking().await;
    soon("the hang-up", bob.engine.hangup()).await.unwrap();
    soon("the end", alice.calling.destroy()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_at_once_is_heard_as_soon_as_media_is_ready() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    bob.invited().await;
    bob.engine.accept().await.unwrap();
    until("alice's voice", || bob.devices.hears(ALICE_HZ) > AUDIBLE).await;
    until("bob's voice", || alice.devices.hears(BOB_HZ) > AUDIBLE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_says_what_it_hears() {
    let world = World::new().await;
    let mut config = world.config("echo");
    config.audio = calling::Audio::echo();
    let echo = calling::Calling::init(config).await.unwrap();
    let mut events = echo.events();
    let engine = echo.engine();
    let answering = tokio::spawn(async move {
        let invited = |event: &calling::ListenerEvent| {
            matches!(event, calling::ListenerEvent::Invited { .. }).then_some(())
        };
        events.find(invited).await.unwrap();
        engine.accept().await.unwrap();
    });
    let alice = world.person("alice").await;
    alice.calling.call(user("echo"), MediaType::Audio).await.unwrap();
    soon("the answer", answering).await.unwrap();
    until("her own voice", || alice.devices.hears(ALICE_HZ) > AUDIBLE).await;
}
