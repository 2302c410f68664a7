//! Calls among three and more, over real sockets with real media.

use calling_model::{CallId, GroupId, MediaType, UserId};
use calling_signaling::call::{Outcome, ParticipantOutcome};
use calling_signaling::protocol::{
    CallParams, CallReply, ChatRequest, Code, CreateGroupParams, Event, InviteParams, MemberState,
    Reply, Request,
};

use crate::client::{self, Client};
use crate::phone::Phone;
use crate::server::TestServer;

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn group() -> GroupId {
    GroupId::new("@TGS#1").unwrap()
}

/// Alice's group, with these others in it.
async fn make_group(alice: &mut Client, members: &[&str]) {
    let request = Request::Chat(ChatRequest::CreateGroup(CreateGroupParams {
        group_id: Some(group()),
        name: "team".to_owned(),
        members: members.iter().map(|name| user(name)).collect(),
    }));
    alice.ask(request).await.unwrap();
}

async fn call_all(client: &mut Client, callees: &[&str], group_id: Option<GroupId>) -> CallReply {
    let Request::Call(params) = client::call("nobody", "") else { unreachable!() };
    let callees = callees.iter().map(|name| user(name)).collect();
    let reply = client.ask(Request::Call(CallParams { callees, group_id, ..params })).await;
    let Ok(Reply::Call(call)) = reply else { panic!("unexpected: {reply:?}") };
    call
}

fn invite(call_id: &CallId, name: &str) -> Request {
    let users = vec![user(name)];
    Request::InviteUsers(InviteParams { call_id: call_id.clone(), users, timeout_s: None })
}

async fn left(client: &mut Client, who: &str, why: u8) {
    let left = |event: &Event| {
        matches!(event, Event::MemberLeft { user, reason, .. }
            if user.as_str() == who && *reason == why)
    };
    client.event(left).await;
}

async fn entered(client: &mut Client, who: &str) {
    let entered =
        |event: &Event| matches!(event, Event::UserEntered { user, .. } if user.as_str() == who);
    client.event(entered).await;
}

async fn leave(client: &mut Client, call_id: &CallId) -> Event {
    client.hang_up(call_id).await;
    client.ended().await
}

/// Everybody says a word, and all others hear it.
async fn all_hear_each_other(phones: &mut [&mut Phone], words: &[&[u8]]) {
    for (speaker, word) in words.iter().enumerate() {
        phones[speaker].say(word).await;
        for listener in (0..phones.len()).filter(|listener| *listener != speaker) {
            phones[listener].hear(word).await;
        }
    }
}

#[tokio::test]
async fn three_talk_and_the_call_goes_on_when_the_caller_leaves() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    make_group(&mut alice, &["bob", "carol"]).await;
    let call_id = call_all(&mut alice, &["bob", "carol"], Some(group())).await.facts.call_id;
    assert_eq!((bob.invited().await, carol.invited().await), (call_id.clone(), call_id.clone()));
    let mut a = Phone::connect(&mut alice, &call_id, 1).await;
    let mut b = Phone::connect(&mut bob, &call_id, 2).await;
    let mut c = Phone::connect(&mut carol, &call_id, 3).await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    carol.accepted().await;

    // Two talk. Carol's media connection is up, but she has not answered: she neither hears nor is
    // heard, though the room's gate is open.
    c.say(b"too early").await;
    c.barrier().await;
    all_hear_each_other(&mut [&mut a, &mut b], &[b"not for carol", b"nor this"]).await;
    c.barrier().await;
    assert_eq!(c.packets(), 0);

    carol.accept(&call_id).await;
    alice.accepted().await;
    bob.accepted().await;
    entered(&mut alice, "carol").await;
    entered(&mut carol, "alice").await;
    all_hear_each_other(&mut [&mut a, &mut b, &mut c], &[b"one", b"two", b"three"]).await;
    for phone in [&a, &b] {
        assert!(!phone.has_heard(b"too early"));
    }

    let ended = leave(&mut alice, &call_id).await;
    assert!(matches!(ended, Event::Ended { outcome: Outcome::Completed, .. }));
    left(&mut bob, "alice", 0).await;
    left(&mut carol, "alice", 0).await;
    let heard = a.packets();
    all_hear_each_other(&mut [&mut b, &mut c], &[b"without her", b"indeed"]).await;
    a.say(b"from outside").await;
    bob.hang_up(&call_id).await;
    assert!(matches!(carol.ended().await, Event::Ended { by: Some(by), .. } if by == user("bob")));
    let records = server.stop().await;
    assert_eq!((a.packets(), c.has_heard(b"from outside")), (heard, false));
    assert_eq!(records.len(), 1, "one call, one record");
    assert_eq!(records[0].outcome, Outcome::Completed);
}

#[tokio::test]
async fn a_third_is_invited_into_a_conversation() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    bob.accept(&call_id).await;
    let mut a = Phone::connect(&mut alice, &call_id, 1).await;
    let mut b = Phone::connect(&mut bob, &call_id, 2).await;
    let Ok(Reply::Call(call)) = bob.ask(invite(&call_id, "carol")).await else { panic!() };
    assert_eq!(call.members[2].state, MemberState::Pending);
    let changed = alice.event(|event| matches!(event, Event::InviteesChanged { .. })).await;
    let Event::InviteesChanged { by, users, .. } = changed else { unreachable!() };
    assert_eq!((by, users), (user("bob"), vec![user("bob"), user("carol")]));
    let invited = carol.event(|event| matches!(event, Event::Invited { .. })).await;
    let Event::Invited { inviter, in_call, .. } = invited else { unreachable!() };
    assert_eq!((inviter, in_call.len()), (Some(user("bob")), 2));
    carol.accept(&call_id).await;
    let mut c = Phone::connect(&mut carol, &call_id, 3).await;
    entered(&mut bob, "carol").await;
    all_hear_each_other(&mut [&mut a, &mut b, &mut c], &[b"one", b"two", b"three"]).await;
    // Nobody can be rung who does not exist.
    let error = alice.ask(invite(&call_id, "nobody")).await.unwrap_err();
    assert_eq!(error.code, Code::UserNotFound);
    leave(&mut bob, &call_id).await;
    left(&mut alice, "bob", 0).await;
    all_hear_each_other(&mut [&mut a, &mut c], &[b"four", b"five"]).await;
    leave(&mut carol, &call_id).await;
    alice.ended().await;
    let records = server.stop().await;
    let parts: Vec<_> = records[0].participants.iter().map(|part| part.outcome).collect();
    assert_eq!(
        parts,
        [ParticipantOutcome::Called, ParticipantOutcome::Accepted, ParticipantOutcome::Accepted]
    );
}

#[tokio::test]
async fn a_running_call_is_joined_switched_and_left() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut dave = server.client("dave", "phone").await;
    let mut eve = server.client("eve", "phone").await;
    make_group(&mut alice, &["bob", "dave"]).await;
    let running = Request::GroupCall { group_id: group() };
    let shown = |reply| match reply {
        Ok(Reply::GroupCall(reply)) => reply.call,
        other => panic!("unexpected: {other:?}"),
    };
    let call_id = call_all(&mut alice, &["bob"], Some(group())).await.facts.call_id;
    bob.invited().await;
    assert_eq!(shown(dave.ask(running.clone()).await), None);
    bob.accept(&call_id).await;
    let shown_to = alice.event(|event| matches!(event, Event::GroupCallChanged { .. })).await;
    assert!(matches!(shown_to, Event::GroupCallChanged { call: Some(_), .. }));
    // Who belongs to the group hears of the call, others see nothing of it.
    dave.event(|event| matches!(event, Event::GroupCallChanged { call: Some(_), .. })).await;
    assert_eq!(eve.ask(running.clone()).await.unwrap_err().code, Code::PermissionDenied);
    let intrude = Request::Join { call_id: call_id.clone() };
    assert_eq!(eve.ask(intrude).await.unwrap_err().code, Code::NotYourCall);
    let outsider = alice.ask(invite(&call_id, "eve")).await.unwrap_err();
    assert_eq!(outsider.code, Code::PermissionDenied);
    let call = shown(dave.ask(running.clone()).await).unwrap();
    assert_eq!((&call.facts.call_id, call.members.len()), (&call_id, 2));

    let mut a = Phone::connect(&mut alice, &call_id, 1).await;
    let mut b = Phone::connect(&mut bob, &call_id, 2).await;
    let joined = dave.ask(Request::Join { call_id: call_id.clone() }).await;
    assert!(matches!(joined, Ok(Reply::Call(call)) if call.connected));
    alice.event(|event| matches!(event, Event::Joined { .. })).await;
    let mut d = Phone::connect(&mut dave, &call_id, 4).await;
    all_hear_each_other(&mut [&mut a, &mut b, &mut d], &[b"one", b"two", b"three"]).await;

    let media_type = MediaType::Video;
    let switch = Request::SwitchMediaType { call_id: call_id.clone(), media_type };
    assert_eq!(dave.ask(switch).await, Ok(Reply::Done {}));
    for client in [&mut alice, &mut bob] {
        let changed = client.event(|event| matches!(event, Event::MediaTypeChanged { .. })).await;
        let Event::MediaTypeChanged { by, media_type: new, .. } = changed else { unreachable!() };
        assert_eq!((by, new), (user("dave"), media_type));
    }

    leave(&mut bob, &call_id).await;
    left(&mut dave, "bob", 0).await;
    // Who left may come back.
    bob.ask(Request::Join { call_id: call_id.clone() }).await.unwrap();
    let mut b = Phone::connect(&mut bob, &call_id, 5).await;
    all_hear_each_other(&mut [&mut a, &mut b], &[b"again", b"here"]).await;
    d.hear(b"again").await;
    for client in [&mut bob, &mut dave] {
        leave(client, &call_id).await;
    }
    alice.ended().await;
    assert_eq!(shown(dave.ask(running).await), None);
    let records = server.stop().await;
    assert_eq!((records.len(), records[0].media_type), (1, MediaType::Audio));
}

/// One of three whose connections are all gone: the two others hear it and talk on.
#[tokio::test]
async fn somebody_who_vanishes_takes_nobody_along() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let call_id = call_all(&mut alice, &["bob", "carol"], None).await.facts.call_id;
    for client in [&mut bob, &mut carol] {
        client.invited().await;
        client.accept(&call_id).await;
    }
    drop(carol);
    left(&mut alice, "carol", 1).await;
    left(&mut bob, "carol", 1).await;
    let mut a = Phone::connect(&mut alice, &call_id, 1).await;
    let mut b = Phone::connect(&mut bob, &call_id, 2).await;
    all_hear_each_other(&mut [&mut a, &mut b], &[b"still", b"here"]).await;
    leave(&mut bob, &call_id).await;
    alice.ended().await;
    assert_eq!(server.stop().await[0].outcome, Outcome::Completed);
}

#[tokio::test]
async fn one_declines_and_the_others_hear_it() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let call_id = call_all(&mut alice, &["bob", "carol"], None).await.facts.call_id;
    bob.invited().await;
    carol.invited().await;
    bob.ask(Request::Reject { call_id: call_id.clone(), busy: false }).await.unwrap();
    let rejected = |event: &Event| matches!(event, Event::Rejected { .. });
    alice.event(rejected).await;
    carol.event(rejected).await;
    bob.ended().await;
    carol.accept(&call_id).await;
    alice.accepted().await;
    leave(&mut alice, &call_id).await;
    carol.ended().await;
    let records = server.stop().await;
    assert_eq!((records.len(), records[0].outcome), (1, Outcome::Completed));
}
