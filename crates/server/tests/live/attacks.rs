//! Attacks on calls, over real connections. `docs/attacks.md` lists them by number.

use calling_model::{CallId, DeviceId, MediaType, UserId};
use calling_server::Server;
use calling_signaling::call::{Outcome, Role};
use calling_signaling::protocol::{
    CallParams, Code, Event, HeardQuality, HistoryParams, InviteParams, MediaOffer, ProtocolError,
    Reply, Request, ResumeParams, ServerFrame, SignInReply,
};

use crate::client::{Client, call};
use crate::phone::Phone;
use crate::server::{KEY, TestServer, config, now_s, records, user_sig};

/// How often two requests are let race.
const ROUNDS: usize = 10;

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn is_invite(event: &Event) -> bool {
    matches!(event, Event::Invited { .. })
}

pub(crate) fn ended(outcome: Outcome) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Ended { outcome: of, .. } if *of == outcome)
}

fn offer() -> MediaOffer {
    MediaOffer {
        ufrag: "ufrag".to_owned(),
        pwd: "p".repeat(24),
        fingerprint: calling_transport::Certificate::generate().unwrap().fingerprint().to_string(),
        candidates: Vec::new(),
        audio_ssrc: 666,
        video: Vec::new(),
        red: false,
    }
}

/// Everything that can be asked about a call.
fn everything_about(call_id: &CallId) -> Vec<Request> {
    let call_id = || call_id.clone();
    let users = vec![user("mallory")];
    vec![
        Request::Accept { call_id: call_id() },
        Request::Reject { call_id: call_id(), busy: false },
        Request::Hangup { call_id: call_id() },
        Request::InviteUsers(InviteParams { call_id: call_id(), users, timeout_s: None }),
        Request::Join { call_id: call_id() },
        Request::SwitchMediaType { call_id: call_id(), media_type: MediaType::Video },
        Request::ConnectMedia { call_id: call_id(), offer: offer().into() },
        Request::MediaReady { call_id: call_id() },
        Request::SetMicMute { call_id: call_id(), muted: true },
        Request::GetCall { call_id: call_id() },
        Request::ReportQuality { call_id: call_id(), heard: HeardQuality::default() },
    ]
}

/// Waits until this call rings; what is left of calls before it is passed over.
async fn rings(client: &mut Client, wanted: &CallId) {
    loop {
        let event = client.next_event().await;
        if matches!(&event, Event::Invited { facts, .. } if facts.call_id == *wanted) {
            return;
        }
    }
}

async fn impatient_server() -> TestServer {
    TestServer::with(|config| config.limits.unanswered_calls = 1_000).await
}

/// Attack 1 (CVE-2019-6223): the caller adds itself and others to the call that rings, joins it,
/// accepts it and switches it; the callee's line is cut and comes back. No packet passes.
#[tokio::test]
async fn nothing_but_the_callees_answer_lets_media_pass() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let mut mallory = server.client("mallory", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    let invite = |name| {
        let users = vec![user(name)];
        Request::InviteUsers(InviteParams { call_id: call_id.clone(), users, timeout_s: None })
    };
    for request in [
        invite("alice"),
        invite("carol"),
        Request::Join { call_id: call_id.clone() },
        Request::Accept { call_id: call_id.clone() },
        Request::SwitchMediaType { call_id: call_id.clone(), media_type: MediaType::Video },
        Request::MediaReady { call_id: call_id.clone() },
        Request::SetMicMute { call_id: call_id.clone(), muted: false },
    ] {
        let _ = alice.ask(request).await;
    }
    carol.invited().await;
    let mut third = Phone::connect(&mut carol, &call_id, 3).await;
    mallory.ask(Request::Join { call_id: call_id.clone() }).await.unwrap_err();
    drop(bob);
    let mut bob = server.client("bob", "phone").await;
    bob.invited().await;
    for phone in [&mut caller, &mut callee, &mut third] {
        phone.say(b"early").await;
        phone.barrier().await;
    }
    for phone in [&mut caller, &mut callee, &mut third] {
        phone.barrier().await;
        assert_eq!(phone.packets(), 0, "media passed before anybody answered");
    }
    let Ok(Reply::Call(call)) = alice.ask(Request::GetCall { call_id: call_id.clone() }).await
    else {
        panic!()
    };
    assert!(!call.connected);
    // Who answers hears and is heard; who merely rings still does not.
    bob.accept(&call_id).await;
    caller.say(b"hello").await;
    callee.hear(b"hello").await;
    third.barrier().await;
    assert_eq!(third.packets(), 0);
}

/// Attack 2: the answer and the withdrawal cross, in both orders.
#[tokio::test]
async fn accept_and_cancel_in_the_same_instant() {
    let server = impatient_server().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut outcomes = Vec::new();
    for round in 0..ROUNDS {
        let call_id = alice.call("bob").await.unwrap().facts.call_id;
        rings(&mut bob, &call_id).await;
        let (cancel, accept) =
            (Request::Hangup { call_id: call_id.clone() }, Request::Accept { call_id });
        let (asked_alice, asked_bob) = if round % 2 == 0 {
            let first = alice.send(cancel).await;
            (first, bob.send(accept).await)
        } else {
            let first = bob.send(accept).await;
            (alice.send(cancel).await, first)
        };
        alice.answer(asked_alice).await.unwrap();
        let outcome = match bob.answer(asked_bob).await {
            Ok(_) => Outcome::Completed,
            Err(error) => {
                assert_eq!(error.code, Code::InviteNotFound);
                Outcome::Cancelled
            }
        };
        alice.event(ended(outcome)).await;
        outcomes.insert(0, outcome);
    }
    let stored: Vec<_> = server.stop().await.iter().map(|record| record.outcome).collect();
    assert_eq!(stored, outcomes, "each once, as both were told");
}

/// Attack 2: one device of the callee declines while the other accepts.
#[tokio::test]
async fn reject_and_accept_in_the_same_instant() {
    let server = impatient_server().await;
    let mut alice = server.client("alice", "phone").await;
    let mut phone = server.client("bob", "phone").await;
    let mut tablet = server.client("bob", "tablet").await;
    let mut outcomes = Vec::new();
    for _ in 0..ROUNDS {
        let call_id = alice.call("bob").await.unwrap().facts.call_id;
        rings(&mut phone, &call_id).await;
        rings(&mut tablet, &call_id).await;
        let reject = Request::Reject { call_id: call_id.clone(), busy: false };
        let asked_phone = phone.send(reject).await;
        let asked_tablet = tablet.send(Request::Accept { call_id: call_id.clone() }).await;
        let rejected = phone.answer(asked_phone).await;
        let accepted = tablet.answer(asked_tablet).await;
        assert!(rejected.is_ok() != accepted.is_ok(), "{rejected:?} {accepted:?}");
        let outcome = if accepted.is_ok() {
            alice.hang_up(&call_id).await;
            Outcome::Completed
        } else {
            Outcome::Rejected
        };
        alice.event(ended(outcome)).await;
        outcomes.insert(0, outcome);
    }
    let stored: Vec<_> = server.stop().await.iter().map(|record| record.outcome).collect();
    assert_eq!(stored, outcomes, "each once, as both were told");
}

/// Attack 2: A calls B while B calls A, again and again.
#[tokio::test]
async fn two_who_call_each_other_meet_in_one_call() {
    let server = impatient_server().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    for _ in 0..ROUNDS {
        let (one, other) = (alice.send(call("bob", "")).await, bob.send(call("alice", "")).await);
        let answers = (alice.answer(one).await.unwrap(), bob.answer(other).await.unwrap());
        let (Reply::Call(one), Reply::Call(other)) = answers else { panic!() };
        assert_eq!(one.facts.call_id, other.facts.call_id, "one call, not two");
        assert!((one.role == Role::Callee) != (other.role == Role::Callee));
        let call_id = one.facts.call_id;
        alice.hang_up(&call_id).await;
        alice.event(ended(Outcome::Completed)).await;
        bob.event(ended(Outcome::Completed)).await;
    }
    assert_eq!(server.stop().await.len(), ROUNDS);
}

/// Attack 3: a request to call that was under way too long, and one that is sent again.
#[tokio::test]
async fn a_late_or_repeated_request_to_call_rings_nobody() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let sent = |ago_s: u64| {
        let Request::Call(params) = call("bob", "") else { unreachable!() };
        let sent_at = Some(calling_model::UnixMillis((now_s() - ago_s) * 1_000));
        Request::Call(CallParams { sent_at, ..params })
    };
    for ago_s in [90, 24 * 60 * 60] {
        alice.ask(sent(ago_s)).await.unwrap_err();
    }
    assert!(!bob.told().await.iter().any(is_invite), "an old request rings");
    let once = sent(0);
    let Ok(Reply::Call(placed)) = alice.ask(once.clone()).await else { panic!() };
    assert_eq!(alice.ask(once).await.unwrap_err().code, Code::Repeated);
    let told = bob.told().await;
    assert_eq!(told.iter().filter(|event| is_invite(event)).count(), 1);
    alice.hang_up(&placed.facts.call_id).await;
    alice.event(ended(Outcome::Cancelled)).await;
    // Nor does anybody who signs in now hear of it.
    let mut tablet = server.client("bob", "tablet").await;
    assert!(!tablet.told().await.iter().any(is_invite), "a withdrawn call rings");
}

/// Attack 4: whoever a frame names as its sender, it is of who signed in on its connection.
#[tokio::test]
async fn a_frame_cannot_name_its_sender() {
    let server = TestServer::start().await;
    let _alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut mallory = server.client("mallory", "phone").await;
    mallory
        .text(
            r#"{"id":900,"from":"alice","user_id":"alice","method":"call","params":{"from":"alice",
            "caller":"alice","inviter":"alice","callees":["bob"],"media_type":"audio"}}"#,
        )
        .await;
    let frame = mallory.frame().await;
    let ServerFrame::Reply { id: 900, result: Reply::Call(reply) } = frame else {
        panic!("unexpected: {frame:?}")
    };
    assert_eq!(reply.facts.caller, user("mallory"));
    let invited = bob.event(is_invite).await;
    let Event::Invited { facts, inviter, .. } = invited else { unreachable!() };
    assert_eq!((facts.caller, inviter), (user("mallory"), None));
}

/// Attack 4: who has no part in a call can do nothing to it, by its id or by guessing.
#[tokio::test]
async fn a_stranger_who_knows_the_id_of_a_call_gets_nowhere() {
    let server = TestServer::with(|config| config.limits.requests_per_second = 1_000).await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut mallory = server.client("mallory", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    for ringing in [true, false] {
        for request in everything_about(&call_id) {
            let error = mallory.ask(request.clone()).await.unwrap_err();
            assert!(
                [Code::NotYourCall, Code::InviteNotFound].contains(&error.code),
                "{ringing}: {request:?}: {error}"
            );
        }
        if ringing {
            bob.accept(&call_id).await;
            alice.accepted().await;
        }
    }
    for number in 0..8_u128 {
        for request in everything_about(&format!("{number:032x}").parse().unwrap()) {
            assert_eq!(mallory.ask(request).await.unwrap_err().code, Code::InviteNotFound);
        }
    }
    // The two noticed nothing.
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    caller.say(b"still here").await;
    callee.hear(b"still here").await;
    for client in [&mut alice, &mut bob] {
        let told = client.told().await;
        assert!(!told.iter().any(|event| matches!(event, Event::Ended { .. })), "{told:?}");
    }
}

/// Attack 7: an application that starts anew in the middle of its call.
#[tokio::test]
async fn a_client_that_starts_anew_is_told_where_its_call_stands() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    drop(bob);
    // Killed while it rings: it rings again, and is not taken for accepted.
    let mut bob = server.client("bob", "phone").await;
    assert_eq!(bob.invited().await, call_id);
    bob.accept(&call_id).await;
    alice.accepted().await;
    drop(bob);
    // Killed while it talks: the call is there, and does not ring.
    let mut bob = server.client("bob", "phone").await;
    let told = bob.told().await;
    let [Event::Resumed(call)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&call.facts.call_id, call.role, call.connected), (&call_id, Role::Callee, true));
    bob.hang_up(&call_id).await;
    alice.event(ended(Outcome::Completed)).await;
    assert_eq!(server.stop().await.len(), 1);
}

async fn resume(client: &mut Client, token: &str, device: &str) -> Result<Reply, ProtocolError> {
    let device_id = DeviceId::new(device).unwrap();
    let params = ResumeParams { token: token.to_owned(), device_id, last_event: 0 };
    client.ask(Request::Resume(params)).await
}

/// Attack 7: the token of another server, of the server before its restart, or of somebody else.
#[tokio::test]
async fn a_resume_token_is_worth_nothing_elsewhere() {
    let server = TestServer::start().await;
    let mut bob = server.greeted().await;
    let reply = bob.sign_in("bob", "phone", &user_sig("bob", KEY, now_s())).await;
    let Ok(Reply::SignedIn(SignInReply { resume_token: Some(token), .. })) = reply else {
        panic!("unexpected: {reply:?}")
    };
    // Stolen by who is signed in as somebody else.
    let mut mallory = server.client("mallory", "phone").await;
    assert_eq!(resume(&mut mallory, &token, "phone").await.unwrap_err().code, Code::Repeated);
    let mut alice = server.client("alice", "phone").await;
    alice.call("mallory").await.unwrap();
    mallory.invited().await;

    let other = TestServer::start().await;
    let mut thief = other.greeted().await;
    let error = resume(&mut thief, &token, "phone").await.unwrap_err();
    assert_eq!(error.code, Code::SessionExpired);
    assert_eq!(thief.call("bob").await.unwrap_err().code, Code::NotInitialised);

    server.running.stop().await;
    let again = Server::start(config(server.dir.path())).await.unwrap();
    let mut bob = Client::greeted(again.http_addr()).await;
    let error = resume(&mut bob, &token, "phone").await.unwrap_err();
    assert_eq!(error.code, Code::SessionExpired);
    again.stop().await;
}

/// Attack 8: out of the call by signalling, and sending on as if nothing were.
#[tokio::test]
async fn who_is_out_of_the_call_and_keeps_sending_neither_speaks_nor_hears() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let mut carol = server.client("carol", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    bob.accept(&call_id).await;
    let users = vec![user("carol")];
    let invite = InviteParams { call_id: call_id.clone(), users, timeout_s: None };
    alice.ask(Request::InviteUsers(invite)).await.unwrap();
    carol.invited().await;
    carol.accept(&call_id).await;
    let mut a = Phone::connect(&mut alice, &call_id, 1).await;
    let mut b = Phone::connect(&mut bob, &call_id, 2).await;
    let mut c = Phone::connect(&mut carol, &call_id, 3).await;
    b.say(b"inside").await;
    a.hear(b"inside").await;
    c.hear(b"inside").await;
    // Bob's application loses its head: it signs out, while its media goes on.
    bob.ask(Request::SignOut {}).await.unwrap();
    alice.event(|event| matches!(event, Event::MemberLeft { .. })).await;
    let heard = b.packets();
    for _ in 0..20 {
        b.say(b"outside").await;
        b.check().await;
    }
    a.say(b"not for bob").await;
    c.hear(b"not for bob").await;
    c.say(b"nor this").await;
    a.hear(b"nor this").await;
    server.running.stop().await;
    assert_eq!(b.packets(), heard);
    assert!(!a.has_heard(b"outside") && !c.has_heard(b"outside"));
}

/// Attack 28: both ends told at once, and told again.
#[tokio::test]
async fn ends_told_twice_leave_one_record_and_one_message() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    bob.accept(&call_id).await;
    let hangup = || Request::Hangup { call_id: call_id.clone() };
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push((alice.send(hangup()).await, bob.send(hangup()).await));
    }
    let mut granted = 0;
    for (by_alice, by_bob) in asked {
        for answer in [alice.answer(by_alice).await, bob.answer(by_bob).await] {
            match answer {
                Ok(_) => granted += 1,
                Err(error) => assert_eq!(error.code, Code::Repeated),
            }
        }
    }
    assert_eq!(granted, 1);
    alice.event(ended(Outcome::Completed)).await;
    assert_eq!(call_messages(&mut alice, "bob", &call_id).await, 1);
    assert_eq!(server.stop().await.len(), 1);
}

/// How many messages of this call stand in the conversation with `peer`.
async fn call_messages(client: &mut Client, peer: &str, call_id: &CallId) -> usize {
    let params =
        HistoryParams { peer: Some(user(peer)), group_id: None, limit: None, before: None };
    let Ok(Reply::History(page)) = client.ask(Request::History(params)).await else { panic!() };
    page.messages.iter().filter(|message| message.call_id.as_ref() == Some(call_id)).count()
}

/// Attack 28: a callee who is never there: the record and the missed call stay, the ring does not.
#[tokio::test]
async fn a_callee_who_is_away_finds_a_missed_call_and_no_ring() {
    let server = TestServer::with(|config| config.call.ring_timeout_s = 1).await;
    drop(server.client("carol", "phone").await);
    let mut alice = server.client("alice", "phone").await;
    let call_id = alice.call("carol").await.unwrap().facts.call_id;
    alice.event(ended(Outcome::Offline)).await;
    for device in ["phone", "tablet", "phone"] {
        let mut carol = server.client("carol", device).await;
        assert_eq!(carol.told().await, [], "it is shown again");
        assert_eq!(call_messages(&mut carol, "alice", &call_id).await, 1);
    }
    let dir = server.dir.path().to_owned();
    server.running.stop().await;
    let records = records(&dir).await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].outcome, records[0].duration_ms), (Outcome::Offline, 0));
}
