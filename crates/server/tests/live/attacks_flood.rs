//! Floods of calls, over real connections. `docs/attacks.md` lists them by number.

use calling_signaling::call::Outcome;
use calling_signaling::protocol::{CallParams, Code, Event, Request};

use crate::attacks::{ended, is_invite, user};
use crate::client::call;
use crate::server::TestServer;

/// Attack 5: forty callers of one who is away; then that one comes, and comes again.
#[tokio::test]
async fn a_ring_flood_rings_once_on_whoever_reconnects() {
    const CALLERS: usize = 40;
    let server = TestServer::start().await;
    drop(server.client("bob", "phone").await);
    let mut callers = Vec::new();
    for number in 0..CALLERS {
        let mut caller = server.client(&format!("caller{number}"), "phone").await;
        let call = caller.call("bob").await;
        if number > 0 {
            caller.event(ended(Outcome::Busy)).await;
        }
        callers.push((caller, call.unwrap().facts.call_id));
    }
    let first = callers[0].1.clone();
    for _ in 0..10 {
        let mut bob = server.client("bob", "phone").await;
        let told = bob.told().await;
        let rings: Vec<_> = told.iter().filter(|event| is_invite(event)).collect();
        assert!(
            matches!(rings[..], [Event::Invited { facts, .. }] if facts.call_id == first),
            "{rings:?}"
        );
    }
    callers[0].0.hang_up(&first).await;
    callers[0].0.event(ended(Outcome::Cancelled)).await;
    assert!(!server.client("bob", "phone").await.told().await.iter().any(is_invite));
    drop(callers);
    assert_eq!(server.stop().await.len(), CALLERS, "every one of them is a missed call");
}

/// Attack 5: one caller who calls and calls.
#[tokio::test]
async fn one_caller_who_floods_is_slowed_down_and_nobody_else() {
    let server = TestServer::with(|config| config.limits.calls_per_minute = 10).await;
    let mut mallory = server.client("mallory", "phone").await;
    let mut alice = server.client("alice", "phone").await;
    let _bob = server.client("bob", "phone").await;
    let mut placed = 0;
    for _ in 0..40 {
        match mallory.call("bob").await {
            Ok(call) => {
                placed += 1;
                mallory.hang_up(&call.facts.call_id).await;
            }
            Err(error) => assert_eq!(error.code, Code::RateLimited),
        }
    }
    assert!((1..=10).contains(&placed), "{placed}");
    alice.call("bob").await.unwrap();
}

/// Attack 5: groups of 9, of 100 and of 10,000 names.
#[tokio::test]
async fn long_lists_of_names_are_refused_whole() {
    let server = TestServer::start().await;
    let mut alice = server.client("alice", "phone").await;
    for number in 0..9 {
        drop(server.client(&format!("u{number}"), "phone").await);
    }
    let list = |count: usize| {
        let Request::Call(params) = call("nobody", "") else { unreachable!() };
        let callees = (0..count).map(|number| user(&format!("u{number}"))).collect();
        Request::Call(CallParams { callees, ..params })
    };
    assert_eq!(alice.ask(list(100)).await.unwrap_err().code, Code::BadParameter);
    alice.ask(list(9)).await.unwrap();
    let mut mallory = server.client("mallory", "phone").await;
    mallory.send(list(10_000)).await;
    assert_eq!(mallory.closed().await, 1009);
    drop(alice);
    assert_eq!(server.stop().await.len(), 1, "one call was placed");
}
