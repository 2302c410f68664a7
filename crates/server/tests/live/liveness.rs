//! Who is gone is noticed.

use calling_signaling::call::Outcome;
use calling_signaling::protocol::Event;

use crate::phone::Phone;
use crate::server::TestServer;

#[tokio::test]
async fn a_participant_whose_media_falls_silent_is_gone() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let callee = Phone::connect(&mut bob, &call_id, 2).await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    // Nothing of bob's media any more, while alice goes on. His signalling still lives.
    drop(callee);
    let ended = tokio::select! {
        ended = async {
            alice.event(|event| matches!(event, Event::UserLeft { reason: 1, .. })).await;
            alice.ended().await
        } => ended,
        () = caller.pump(|_| false) => unreachable!(),
    };
    assert!(matches!(ended, Event::Ended { outcome: Outcome::PeerLost, .. }), "{ended:?}");
    bob.event(|event| matches!(event, Event::MediaFailed { .. })).await;
    assert_eq!(server.stop().await[0].outcome, Outcome::PeerLost);
}

#[tokio::test]
async fn a_client_that_vanishes_while_it_rings_withdraws_its_call() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    let mut bob = server.client("bob", "phone").await;
    alice.call("bob").await.unwrap();
    bob.invited().await;
    drop(alice);
    bob.event(|event| matches!(event, Event::Cancelled { .. })).await;
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_one_that_pings_is_not() {
    let server = TestServer::with(|config| config.signaling.ping_interval_ms = 300).await;
    let mut silent = server.client("alice", "phone").await;
    let mut pinging = server.client("bob", "phone").await;
    let closed = async { silent.closed().await };
    let pings = async {
        loop {
            pinging.ask(calling_signaling::protocol::Request::Ping {}).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        code = closed => assert_eq!(code, 4005),
        () = pings => unreachable!(),
    }
}

#[tokio::test]
async fn who_does_not_sign_in_in_time_is_closed() {
    let server = TestServer::with(|config| config.signaling.sign_in_timeout_s = 1).await;
    let mut client = server.greeted().await;
    assert_eq!(client.closed().await, 4001);
}
