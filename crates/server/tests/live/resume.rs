//! A session outlives its connection, and nobody else can take it up.

use calling_model::DeviceId;
use calling_signaling::protocol::{
    Code, Event, EventFrame, ProtocolError, Reply, Request, ResumeParams, ServerFrame, SignInReply,
};

use crate::client::{Client, call};
use crate::server::{KEY, TestServer, now_s, user_sig};

/// Bob's phone, which notes what it is told.
struct Phone {
    client: Client,
    token: String,
    /// Numbers of the events heard, in order.
    heard: Vec<u64>,
}

fn token(reply: Result<Reply, ProtocolError>) -> String {
    let Ok(Reply::SignedIn(SignInReply { resume_token: Some(token), .. })) = reply else {
        panic!("unexpected: {reply:?}")
    };
    token
}

async fn resume(
    server: &TestServer,
    token: &str,
    device: &str,
    last_event: u64,
) -> (Client, Result<Reply, ProtocolError>) {
    let mut client = server.greeted().await;
    let device_id = DeviceId::new(device).unwrap();
    let params = ResumeParams { token: token.to_owned(), device_id, last_event };
    let reply = client.ask(Request::Resume(params)).await;
    (client, reply)
}

impl Phone {
    async fn sign_in(server: &TestServer) -> Self {
        let mut client = server.greeted().await;
        let reply = client.sign_in("bob", "phone", &user_sig("bob", KEY, now_s())).await;
        Self { client, token: token(reply), heard: Vec::new() }
    }

    fn last(&self) -> u64 {
        self.heard.last().copied().unwrap_or(0)
    }

    /// The next event, which must be the one after the last.
    async fn hear(&mut self) -> Event {
        let frame = self.client.frame().await;
        let ServerFrame::Event(EventFrame { event, seq: Some(seq) }) = frame else {
            panic!("unexpected: {frame:?}")
        };
        assert_eq!(seq, self.last() + 1, "missed or doubled: {event:?}");
        self.heard.push(seq);
        event
    }

    /// The connection is cut and made anew; `unheard` events of the old one were never seen.
    async fn reconnect(&mut self, server: &TestServer) {
        let (client, reply) = resume(server, &self.token, "phone", self.last()).await;
        self.token = token(reply);
        self.client = client;
    }
}

#[tokio::test]
async fn a_session_goes_on_where_its_connection_was_cut() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = Phone::sign_in(&server).await;
    let first = alice.call("bob").await.unwrap().facts.call_id;
    assert!(matches!(bob.hear().await, Event::Invited { .. }));
    // The line goes dead before Bob reads that it was withdrawn, and that Alice calls again.
    alice.hang_up(&first).await;
    alice.ended().await;
    let second = alice.call("bob").await.unwrap().facts.call_id;
    bob.reconnect(&server).await;
    assert!(matches!(bob.hear().await, Event::Cancelled { call_id, .. } if call_id == first));
    let mut rest = Vec::new();
    while !matches!(rest.last(), Some(Event::Invited { .. })) {
        rest.push(bob.hear().await);
    }
    assert!(matches!(rest.last(), Some(Event::Invited { facts, .. }) if facts.call_id == second));
    // Cut again, and accepted on the new connection: nothing rings twice.
    bob.reconnect(&server).await;
    bob.client.accept(&second).await;
    alice.accepted().await;
    alice.hang_up(&second).await;
    loop {
        let event = bob.hear().await;
        assert!(!matches!(event, Event::Invited { .. }), "it rang twice");
        if let Event::Ended { call_id, .. } = event {
            break assert_eq!(call_id, second);
        }
    }
}

#[tokio::test]
async fn what_happens_while_nobody_is_connected_is_told_later() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = Phone::sign_in(&server).await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    assert!(matches!(bob.hear().await, Event::Invited { .. }));
    // The connection is closed, as both sides see.
    drop(std::mem::replace(&mut bob.client, server.greeted().await));
    alice.hang_up(&call_id).await;
    alice.ended().await;
    bob.reconnect(&server).await;
    assert!(matches!(bob.hear().await, Event::Cancelled { .. }));
}

/// Attack 7: a resume token that was stolen, used before, changed, or is too old.
#[tokio::test]
async fn a_session_is_its_own_devices_alone() {
    let server = TestServer::start().await;
    let bob = Phone::sign_in(&server).await;
    let mut forged = bob.token.clone();
    forged.replace_range(..1, if forged.starts_with('A') { "B" } else { "A" });
    for (token, device, last_event) in [
        (bob.token.as_str(), "thief", 0),
        (forged.as_str(), "phone", 0),
        ("", "phone", 0),
        (bob.token.as_str(), "phone", 1_000),
    ] {
        let (mut client, reply) = resume(&server, token, device, last_event).await;
        assert_eq!(reply.unwrap_err().code, Code::SessionExpired);
        // Nothing came of it, and the client can sign in afresh.
        assert_eq!(client.ask(call("bob", "")).await.unwrap_err().code, Code::NotInitialised);
        client.sign_in("alice", "phone", &user_sig("alice", KEY, now_s())).await.unwrap();
    }
    // Taken up once, the old token is worth nothing.
    let (_client, reply) = resume(&server, &bob.token, "phone", 0).await;
    token(reply);
    let again = resume(&server, &bob.token, "phone", 0).await.1;
    assert_eq!(again.unwrap_err().code, Code::SessionExpired);
}

/// With sessions that do not outlive their connection no token is given out.
#[tokio::test]
async fn sessions_can_be_switched_off() {
    let server = TestServer::with(|config| config.signaling.resume_s = 0).await;
    let mut client = server.greeted().await;
    let reply = client.sign_in("bob", "phone", &user_sig("bob", KEY, now_s())).await;
    assert!(matches!(reply, Ok(Reply::SignedIn(SignInReply { resume_token: None, .. }))));
}
