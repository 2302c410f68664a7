//! What other servers are told of calls, whatever becomes of them or of us.

use std::collections::BTreeMap;

use aws_lc_rs::{digest, hmac};
use calling_server::Server;
use calling_server::config::{Config, SecretKey};
use calling_server::storage::Storage;
use calling_signaling::protocol::{ChatRequest, Event, Reply, Request};
use serde_json::Value;

use crate::client::Client;
use crate::killed::{Killable, WEBHOOK};
use crate::receiver::{Posted, Receiver};
use crate::server::{TestServer, config};

const SECRET: &str = "0f0e0d0c0b0a09080706050403020100";
const TOKEN: &str = "a-token-of-the-other-kind-of-sign";

/// The events of a conversation, in order.
const CONVERSATION: [&str; 7] = [
    "caller_start_call",
    "callee_receive_call",
    "caller_call_accepted",
    "callee_accept_call",
    "caller_call_end",
    "callee_call_end",
    "record",
];

fn told_to(config: &mut Config, receiver: &Receiver) {
    config.webhooks.url = Some(receiver.url());
    config.webhooks.secret = Some(SecretKey::new(SECRET).unwrap());
    config.webhooks.first_retry_ms = 5;
}

async fn talk(alice: &mut Client, bob: &mut Client) -> String {
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    alice.event(|event| matches!(event, Event::Ringing { .. })).await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    alice.hang_up(&call_id).await;
    alice.ended().await;
    bob.ended().await;
    call_id.as_str().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn header<'a>(posted: &'a Posted, name: &str) -> &'a str {
    posted.headers[name].to_str().unwrap()
}

/// As a receiver checks it.
fn check_signature(posted: &Posted) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = format!("{}.{}", header(posted, "x-calling-timestamp"), posted.text);
    let expected = hex(hmac::sign(&key, signed.as_bytes()).as_ref());
    assert_eq!(header(posted, "x-calling-signature"), format!("sha256={expected}"));
}

fn query(posted: &Posted) -> BTreeMap<&str, &str> {
    posted.uri.query().unwrap().split('&').map(|pair| pair.split_once('=').unwrap()).collect()
}

#[tokio::test]
async fn a_call_is_told_event_by_event_signed_in_both_ways() {
    let mut receiver = Receiver::start().await;
    let server = TestServer::with(|config| {
        told_to(config, &receiver);
        config.webhooks.sign_token = Some(SecretKey::new(TOKEN).unwrap());
    })
    .await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = talk(&mut alice, &mut bob).await;
    let mut posted = Vec::new();
    for _ in CONVERSATION {
        posted.push(receiver.taken().await);
    }
    let events: Vec<_> =
        posted.iter().map(|posted| posted.body["Event"].as_str().unwrap()).collect();
    assert_eq!(events, CONVERSATION);
    for posted in &posted {
        check_signature(posted);
        let query = query(posted);
        assert_eq!(posted.uri.path(), "/hooks");
        assert_eq!((query["own"], query["sdkappid"]), ("1", "1400000000"));
        let time = query["RequestTime"];
        let sign = digest::digest(&digest::SHA256, format!("{TOKEN}{time}").as_bytes());
        assert_eq!(query["Sign"], hex(sign.as_ref()));
        assert_eq!(header(posted, "x-calling-event-id"), posted.body["EventId"].as_str().unwrap());
        assert_eq!(posted.body["CallId"], call_id.as_str());
    }
    let end = &posted[4].body;
    assert_eq!((&end["CallResult"], &end["TotalNum"]), (&"normal_end".into(), &2.into()));
    assert!(end["AcceptTs"].as_u64() >= end["StartCallTs"].as_u64());
    assert!(end["EndTs"].as_u64() >= end["AcceptTs"].as_u64());
    assert_eq!(posted[5].body["UserId"], "bob");
    let records = server.stop().await;
    assert_eq!(posted[6].body["Record"], serde_json::to_value(&records[0]).unwrap());
}

#[tokio::test]
async fn a_receiver_that_fails_is_told_again_in_the_order_of_each_call() {
    let mut failures: BTreeMap<String, u32> = BTreeMap::new();
    let mut receiver = Receiver::answering(move |body| {
        // Each event is refused a few times, each more often than the one before.
        let seen = failures.entry(body["EventId"].to_string()).or_default();
        *seen += 1;
        if *seen <= 1 + u32::try_from(body["Event"].as_str().unwrap().len() % 3).unwrap() {
            503
        } else {
            200
        }
    })
    .await;
    let server = TestServer::with(|config| told_to(config, &receiver)).await;
    let mut people = Vec::new();
    for number in 0..3 {
        let names = [format!("caller{number}"), format!("callee{number}")];
        let caller = server.client(&names[0], "phone").await;
        people.push((caller, server.client(&names[1], "phone").await));
    }
    for (number, (caller, callee)) in people.iter_mut().enumerate() {
        let call = caller.call(&format!("callee{number}")).await.unwrap();
        callee.invited().await;
        caller.event(|event| matches!(event, Event::Ringing { .. })).await;
        let call_id = call.facts.call_id;
        callee.ask(Request::Reject { call_id, busy: false }).await.unwrap();
    }
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..3 * 5 {
        let posted = receiver.taken().await;
        assert!(header(&posted, "x-calling-attempt").parse::<u32>().unwrap() >= 2);
        let text = |name: &str| posted.body[name].as_str().unwrap().to_owned();
        told.entry(text("CallId")).or_default().push(text("Event"));
    }
    let expected = [
        "caller_start_call",
        "callee_receive_call",
        "caller_call_rejected",
        "callee_reject_call",
        "record",
    ];
    assert_eq!(told.len(), 3);
    for events in told.values() {
        assert_eq!(events, &expected);
    }
    server.running.stop().await;
}

#[tokio::test]
async fn what_is_never_taken_becomes_a_dead_letter_that_can_be_sent_again() {
    let refuse = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let still = std::sync::Arc::clone(&refuse);
    let mut receiver = Receiver::answering(move |body| {
        let refused = body["Event"] == "caller_call_accepted"
            && still.load(std::sync::atomic::Ordering::Relaxed);
        if refused { 500 } else { 200 }
    })
    .await;
    let server = TestServer::with(|config| {
        told_to(config, &receiver);
        config.webhooks.max_attempts = 3;
    })
    .await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    talk(&mut alice, &mut bob).await;
    let events = receiver.events_until("record").await;
    assert!(!events.contains(&"caller_call_accepted".to_owned()));
    assert_eq!(events.len(), CONVERSATION.len() - 1, "what stands behind goes on");
    let dir = server.dir;
    server.running.stop().await;

    let storage = Storage::open(dir.path()).await.unwrap();
    let dead = storage.dead_letters(None, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].attempts, dead[0].hook.as_str()), (3, "events"));
    assert_eq!(dead[0].last_error, "it was answered with 500");
    let body: Value = serde_json::from_str(&dead[0].body).unwrap();
    assert_eq!(body["Event"], "caller_call_accepted");
    let again = storage.resend_dead(Some(&dead[0].event_id), dead[0].dead_at).await.unwrap();
    assert_eq!(again, 1);
    assert_eq!(storage.outbox_figures().await.unwrap().dead, 0);
    storage.close().await;

    refuse.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut config = config(dir.path());
    told_to(&mut config, &receiver);
    let server = Server::start(config).await.unwrap();
    assert_eq!(receiver.taken().await.body["Event"], "caller_call_accepted");
    server.stop().await;
}

#[tokio::test]
async fn what_could_not_be_told_is_told_after_a_restart() {
    let receiver = Receiver::start().await;
    let address = receiver.address;
    let url = receiver.url();
    drop(receiver);
    let server = TestServer::with(|config| {
        config.webhooks.url = Some(url.clone());
        config.webhooks.first_retry_ms = 5;
    })
    .await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    talk(&mut alice, &mut bob).await;
    let dir = server.dir;
    server.running.stop().await;

    let mut receiver = Receiver::at(address, |_| 200).await;
    let mut config = config(dir.path());
    config.webhooks.url = Some(url);
    let server = Server::start(config).await.unwrap();
    assert_eq!(receiver.events_until("record").await, CONVERSATION);
    server.stop().await;
}

#[tokio::test]
async fn a_killed_server_tells_the_rest_after_its_restart_the_interruption_included() {
    let receiver = Receiver::start().await;
    let (address, url) = (receiver.address, receiver.url());
    drop(receiver);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(WEBHOOK), &url).unwrap();
    let (server, http) = Killable::start(dir.path()).await;
    let mut alice = Client::signed_in(http, "alice", "phone").await;
    let mut bob = Client::signed_in(http, "bob", "phone").await;
    let first = talk(&mut alice, &mut bob).await;
    alice.call("bob").await.unwrap();
    bob.event(|event| matches!(event, Event::Invited { .. })).await;
    drop(server);

    let mut receiver = Receiver::at(address, |_| 200).await;
    let mut config = config(dir.path());
    config.webhooks.url = Some(url);
    let server = Server::start(config).await.unwrap();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut records = 0;
    while records < 2 {
        let posted = receiver.taken().await;
        let text = |name: &str| posted.body[name].as_str().unwrap().to_owned();
        records += u32::from(text("Event") == "record");
        told.entry(text("CallId")).or_default().push(text("Event"));
    }
    assert_eq!(told.remove(&first).unwrap(), CONVERSATION);
    let second = told.into_values().next().unwrap();
    assert_eq!(second.first().unwrap(), "caller_start_call");
    let ends = ["caller_call_interrupted", "callee_not_answer_call", "record"];
    assert_eq!(second[second.len() - 3..], ends);
    server.stop().await;
}

#[tokio::test]
async fn a_callee_is_pushed_when_invited_and_when_it_is_over() {
    let mut receiver = Receiver::start().await;
    let server = TestServer::with(|config| {
        config.webhooks.push_url = Some(receiver.url());
        config.webhooks.secret = Some(SecretKey::new(SECRET).unwrap());
    })
    .await;
    let mut alice = server.client("alice", "phone").await;
    // Has an account, and no device that is signed in.
    drop(server.client("bob", "phone").await);
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    let invite = receiver.taken().await;
    check_signature(&invite);
    assert_eq!(query(&invite)["command"], "push");
    let body = &invite.body;
    assert_eq!((&body["Event"], &body["Callee"]), (&"invite".into(), &"bob".into()));
    assert_eq!((&body["Title"], &body["Text"]), (&"alice".into(), &"Voice call".into()));
    assert_eq!((&body["RingTimeout"], &body["CallId"]), (&30.into(), &call_id.as_str().into()));
    alice.hang_up(&call_id).await;
    alice.ended().await;
    let withdraw = receiver.taken().await;
    let body = &withdraw.body;
    assert_eq!((&body["Event"], &body["Reason"]), (&"withdraw".into(), &"cancelled".into()));
    assert_eq!(body["CallId"], call_id.as_str());

    let mut bob = server.client("bob", "phone").await;
    for (client, request) in [
        (&mut alice, self_info("Alice A.", "https://example.org/a.png")),
        (&mut bob, remark("alice", "Ally")),
    ] {
        assert_eq!(client.ask(Request::Chat(request)).await.unwrap(), Reply::Done {});
    }
    talk(&mut alice, &mut bob).await;
    let invite = receiver.taken().await;
    assert_eq!(invite.body["Event"], "invite");
    assert_eq!(
        (&invite.body["CallerName"], &invite.body["Title"]),
        (&"Ally".into(), &"Ally".into())
    );
    assert_eq!(invite.body["CallerAvatar"], "https://example.org/a.png");
    let withdraw = receiver.taken().await;
    assert_eq!(withdraw.body["Reason"], "accepted", "the other phones stop showing it");
    server.running.stop().await;
}

fn self_info(nickname: &str, avatar: &str) -> ChatRequest {
    let (nickname, avatar) = (Some(nickname.to_owned()), Some(avatar.to_owned()));
    ChatRequest::SetSelfInfo { nickname, avatar }
}

fn remark(user: &str, remark: &str) -> ChatRequest {
    ChatRequest::SetFriendRemark { user: user.parse().unwrap(), remark: remark.to_owned() }
}

#[tokio::test]
async fn without_webhooks_nothing_is_kept_for_them() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    talk(&mut alice, &mut bob).await;
    let dir = server.dir;
    server.running.stop().await;
    assert!(!dir.path().join("webhook.key").exists());
    let storage = Storage::open_for_reading(dir.path()).await.unwrap();
    assert_eq!(storage.outbox_figures().await.unwrap().pending, 0);
}
