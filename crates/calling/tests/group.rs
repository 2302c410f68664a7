//! Calls among several: three people, a real server, real sound.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod common;

use calling::{
    CallOptions, CallParams, ClientPhase, Code, CreateGroupParams, GroupId, ListenerEvent,
    MediaType, Outcome,
};
use common::{ALICE_HZ, AUDIBLE, BOB_HZ, CAROL_HZ, Person, World, soon, until, user};

/// Each of the first hears exactly these tones.
async fn hears(person: &Person, tones: &[f64], silent: &[f64]) {
    for tone in tones {
        until(&format!("the tone of {tone} Hz"), || person.devices.hears(*tone) > AUDIBLE).await;
    }
    for tone in silent {
        let gone = || person.devices.hears(*tone) < AUDIBLE / 5.0;
        until(&format!("silence at {tone} Hz"), gone).await;
    }
}

async fn connected(person: &Person) {
    person.state("connected", |state| state.phase == ClientPhase::Connected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_people_hear_each_other_and_two_go_on_when_one_leaves() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let mut carol = world.person("carol").await;
    let placed = alice.calling.group_call(vec![user("bob"), user("carol")], MediaType::Audio, None);
    let call = soon("the call", placed).await.unwrap();
    for person in [&mut bob, &mut carol] {
        assert_eq!(person.invited().await, call);
        soon("the accept", person.engine.accept()).await.unwrap();
    }
    hears(&alice, &[BOB_HZ, CAROL_HZ], &[ALICE_HZ]).await;
    hears(&bob, &[ALICE_HZ, CAROL_HZ], &[BOB_HZ]).await;
    hears(&carol, &[ALICE_HZ, BOB_HZ], &[CAROL_HZ]).await;
    let stats = carol.engine.stats().await.unwrap();
    let mut voices: Vec<_> = stats.received.iter().map(|from| from.user.as_str()).collect();
    voices.sort_unstable();
    assert_eq!(voices, ["alice", "bob"]);

    soon("the hang-up", bob.engine.hangup()).await.unwrap();
    bob.ended().await;
    for person in [&mut alice, &mut carol] {
        let left = when!(ListenerEvent::UserLeave { user, .. } => user.clone());
        assert_eq!(person.event("the leave", left).await, user("bob"));
    }
    hears(&alice, &[CAROL_HZ], &[BOB_HZ]).await;
    hears(&carol, &[ALICE_HZ], &[BOB_HZ]).await;

    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    for person in [&mut alice, &mut carol] {
        assert_eq!(person.ended().await.0, Outcome::Completed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_invited_into_a_call_of_two_hears_both() {
    let world = World::new().await;
    let (alice, mut bob) = world.pair().await;
    let mut carol = world.person("carol").await;
    let options = CallOptions { user_data: "standup".to_owned(), ..CallOptions::default() };
    let placed = alice.engine.calls(vec![user("bob")], MediaType::Audio, options);
    let call = soon("the call", placed).await.unwrap();
    let invited = when!(ListenerEvent::Invited { user_data, .. } => user_data.clone());
    assert_eq!(bob.event("the invite", invited).await, "standup");
    soon("the accept", bob.engine.accept()).await.unwrap();
    hears(&alice, &[BOB_HZ], &[]).await;
    hears(&bob, &[ALICE_HZ], &[]).await;

    soon("the invite", bob.engine.invite_user(vec![user("carol")], None)).await.unwrap();
    let invited = when!(ListenerEvent::Invited { call_id, sponsor, in_call, .. } => (call_id.clone(), sponsor.clone(), in_call.len()));
    assert_eq!(carol.event("her invite", invited).await, (call.clone(), user("bob"), 2));
    soon("her accept", carol.engine.accept()).await.unwrap();
    hears(&carol, &[ALICE_HZ, BOB_HZ], &[]).await;
    hears(&alice, &[BOB_HZ, CAROL_HZ], &[]).await;
    hears(&bob, &[ALICE_HZ, CAROL_HZ], &[]).await;

    // Whoever placed it may leave: the others go on, and she may come back.
    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    alice.idle().await;
    hears(&carol, &[BOB_HZ], &[ALICE_HZ]).await;
    alice.devices.forget();
    soon("the return", alice.engine.join(call.clone())).await.unwrap();
    connected(&alice).await;
    hears(&alice, &[BOB_HZ, CAROL_HZ], &[]).await;
    hears(&bob, &[ALICE_HZ], &[]).await;
    assert_eq!(alice.engine.stats().await.unwrap().call_id, Some(call));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_group_see_its_running_call_and_join() {
    let world = World::new().await;
    let (mut alice, mut bob) = world.pair().await;
    let mut carol = world.person("carol").await;
    let group = GroupId::new("team").unwrap();
    let members = vec![user("bob"), user("carol")];
    let name = "Team".to_owned();
    let params = CreateGroupParams { group_id: Some(group.clone()), name, members };
    alice.calling.chat().create_group(params).await.unwrap();
    let changed = when!(ListenerEvent::GroupChanged { group_id } => group_id.clone());
    assert_eq!(carol.event("the group", changed).await, group);
    assert_eq!(carol.engine.running_call(group.clone()).await.unwrap(), None);

    let placed = alice.calling.group_call(vec![user("bob")], MediaType::Audio, Some(group.clone()));
    let call = soon("the call", placed).await.unwrap();
    bob.invited().await;
    soon("the accept", bob.engine.accept()).await.unwrap();
    let runs = when!(ListenerEvent::GroupCallChanged { call: Some(running), .. } => running.facts.call_id.clone());
    assert_eq!(carol.event("the running call", runs).await, call);
    let running = carol.engine.running_call(group.clone()).await.unwrap().unwrap();
    assert_eq!(running.facts.call_id, call);
    soon("the join", carol.engine.join(call.clone())).await.unwrap();
    connected(&carol).await;
    hears(&carol, &[ALICE_HZ, BOB_HZ], &[]).await;
    hears(&alice, &[BOB_HZ, CAROL_HZ], &[]).await;

    soon("the switch", carol.engine.switch_call_media_type(MediaType::Video)).await.unwrap();
    for person in [&mut alice, &mut bob] {
        let switched = when!(ListenerEvent::MediaTypeChanged { old, new, .. } => (*old, *new));
        let told = person.event("the switch", switched).await;
        assert_eq!(told, (MediaType::Audio, MediaType::Video));
    }
    for person in [&alice, &bob, &carol] {
        let hangup = soon("the hang-up", person.engine.hangup()).await;
        // The last one finds the call over.
        assert!(hangup.is_ok() || person.engine.account() == &user("carol"), "{hangup:?}");
    }
    let over = when!(ListenerEvent::GroupCallChanged { call: None, .. } => ());
    carol.event("the end", over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_and_says_so() {
    let world = World::with(|config| config.limits.call_members = 3).await;
    let (alice, mut bob) = world.pair().await;
    for refused in [
        alice.engine.invite_user(vec![user("carol")], None).await,
        alice.engine.switch_call_media_type(MediaType::Video).await,
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::WrongState);
    }
    let four = ["bob", "carol", "dave"].map(user).to_vec();
    let refused = alice.calling.group_call(four, MediaType::Audio, None).await;
    assert_eq!(refused.unwrap_err().code(), Code::BadParameter);
    let params = CallParams {
        callees: vec![],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    };
    assert_eq!(alice.engine.call_with(params).await.unwrap_err().code(), Code::BadParameter);
    let call = alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    bob.invited().await;
    // To join what rings is to answer it.
    soon("the join", bob.engine.join(call)).await.unwrap();
    connected(&bob).await;
    let stats = bob.engine.stats().await.unwrap();
    assert!(stats.timings.ringing.is_some() && stats.timings.accept_asked.is_some());
}
