//! Who is gone is noticed.

use std::time::Duration;

use calling_signaling::call::Outcome;
use calling_signaling::protocol::Event;

use crate::client::Client;
use crate::killed::Killable;
use crate::phone::Phone;
use crate::server::TestServer;

/// One test, since each of these does little but wait for seconds.
#[tokio::test]
async fn who_is_gone_is_noticed_and_who_is_not_stays() {
    tokio::join!(
        a_participant_whose_media_falls_silent_is_gone(),
        a_server_that_stood_still_for_five_seconds_loses_no_call(),
        a_client_that_vanishes_while_it_rings_withdraws_its_call(),
    );
}

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

async fn a_server_that_stood_still_for_five_seconds_loses_no_call() {
    let dir = tempfile::tempdir().unwrap();
    let (server, address) = Killable::start(dir.path()).await;
    let mut alice = Client::signed_in(address, "alice", "phone").await;
    let mut bob = Client::signed_in(address, "bob", "phone").await;
    let call_id = alice.call("bob").await.unwrap().facts.call_id;
    bob.invited().await;
    let mut caller = Phone::connect(&mut alice, &call_id, 1).await;
    let mut callee = Phone::connect(&mut bob, &call_id, 2).await;
    bob.accept(&call_id).await;
    alice.accepted().await;
    server.signal("STOP");
    let still = tokio::time::sleep(Duration::from_secs(5));
    tokio::select! {
        // Both go on as if nothing were; more than one batch of it waits for the server.
        () = async {
            loop {
                caller.say(b"meanwhile").await;
                callee.say(b"meanwhile").await;
                tokio::join!(caller.check(), callee.check());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        } => unreachable!(),
        () = still => server.signal("CONT"),
    }
    // What was sent while the server's buffer was full is lost; the connections are not.
    caller.say_until_heard(&mut callee, b"still there").await;
    callee.say_until_heard(&mut caller, b"so am I").await;
    alice.hang_up(&call_id).await;
    let ended = alice.ended().await;
    assert!(matches!(ended, Event::Ended { outcome: Outcome::Completed, .. }), "{ended:?}");
}

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
