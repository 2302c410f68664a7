//! The asynchronous shell: bridges over a messaging service in memory, with a paused clock.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::pending;
use std::time::Duration;

use calling_bridge::{
    Bridge, BridgeAction, BridgeConfig, BridgeError, EndMessage, InMemoryIm, Incoming, Notice,
    SendOptions, SignalingTransport,
};
use calling_impair::Impairment;
use calling_model::{GroupId, MediaType, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, Outcome};
use calling_signaling::invite::{GROUP_ATTRIBUTE, GroupCallAttribute};
use calling_signaling::protocol::{Code, Event, Reply};
use calling_testkit::seed;
use tokio::sync::mpsc;

type Notices = mpsc::Receiver<Notice>;

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn config() -> BridgeConfig {
    BridgeConfig { end_message: EndMessage::WhoHangsUp, ..BridgeConfig::default() }
}

fn weather() -> Impairment {
    Impairment {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(80),
        duplicate: 0.3,
        ..Impairment::default()
    }
}

async fn start(im: &InMemoryIm, name: &str, number: u64) -> (Bridge, Notices) {
    let transport = im.sign_in(user(name)).await.unwrap();
    Bridge::start(transport, config(), user(name), seed(number))
}

async fn invited(notices: &mut Notices) -> CallFacts {
    let Some(Notice::Event(Event::Invited { facts, .. })) = notices.recv().await else {
        panic!("no invite");
    };
    facts
}

async fn until_connected(notices: &mut Notices) -> CallFacts {
    loop {
        if let Notice::Connected { facts, .. } = notices.recv().await.unwrap() {
            return facts;
        }
    }
}

async fn until_ended(notices: &mut Notices) -> Outcome {
    let mut recorded = None;
    loop {
        match notices.recv().await.unwrap() {
            Notice::Ended(ended) => recorded = Some(ended.outcome),
            Notice::Event(Event::Ended { outcome, .. }) => {
                assert_eq!(recorded, Some(outcome), "the record comes first");
                return outcome;
            }
            Notice::Event(_) | Notice::Connected { .. } | Notice::LeaveMedia { .. } => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_bridges_call_each_other_without_our_server() {
    let im = InMemoryIm::start(weather(), 1);
    let (alice, mut to_alice) = start(&im, "alice", 1).await;
    let (bob, mut to_bob) = start(&im, "bob", 2).await;
    let placed = alice.call(user("bob"), MediaType::Video).await.unwrap();
    let ringing = invited(&mut to_bob).await;
    assert_eq!(ringing.room_id, placed.facts.room_id);
    assert!(bob.accept(&ringing.call_id).await.unwrap().connected);
    assert_eq!(until_connected(&mut to_alice).await.room_id, placed.facts.room_id);
    assert_eq!(until_connected(&mut to_bob).await.room_id, placed.facts.room_id);

    let call_id = ringing.call_id.clone();
    let wish = BridgeAction::SwitchMediaType { call_id, media_type: MediaType::Audio };
    assert_eq!(bob.request(wish).await, Ok(Reply::Done {}));
    tokio::time::sleep(Duration::from_secs(60)).await;
    bob.hangup(&ringing.call_id).await.unwrap();
    assert_eq!(until_ended(&mut to_alice).await, Outcome::Completed);
    assert_eq!(until_ended(&mut to_bob).await, Outcome::Completed);

    alice.call(user("bob"), MediaType::Audio).await.unwrap();
    let ringing = invited(&mut to_bob).await;
    bob.reject(&ringing.call_id).await.unwrap();
    assert_eq!(until_ended(&mut to_alice).await, Outcome::Rejected);
    let again = bob.accept(&ringing.call_id).await;
    assert!(
        matches!(again, Err(BridgeError::Refused(error)) if error.code == Code::InviteNotFound)
    );
}

#[tokio::test(start_paused = true)]
async fn crossing_calls_and_a_second_device() {
    let im = InMemoryIm::start(weather(), 3);
    let (alice, mut to_alice) = start(&im, "alice", 1).await;
    let (bob, mut to_bob) = start(&im, "bob", 2).await;
    let (_second, mut to_second) = start(&im, "bob", 3).await;
    let (one, other) = tokio::join!(
        alice.call(user("bob"), MediaType::Audio),
        bob.call(user("alice"), MediaType::Audio)
    );
    assert!(one.is_ok() && other.is_ok());
    let (at_alice, at_bob) =
        (until_connected(&mut to_alice).await, until_connected(&mut to_bob).await);
    assert_eq!(at_alice.room_id, at_bob.room_id);
    // Bob's second device rang, and stops because the first is in the call.
    invited(&mut to_second).await;
    let left = to_second.recv().await.unwrap();
    assert!(matches!(left, Notice::LeaveMedia { .. }), "{left:?}");
    let told = to_second.recv().await.unwrap();
    let elsewhere = matches!(told, Notice::Event(Event::HandledElsewhere { accepted: true, .. }));
    assert!(elsewhere, "{told:?}");
    alice.shut_down().await.unwrap();
    assert_eq!(until_ended(&mut to_bob).await, Outcome::Completed);
    assert_eq!(until_ended(&mut to_alice).await, Outcome::Interrupted);
    assert_eq!(to_alice.recv().await, None, "the bridge stops");
    let late = alice.hangup(&"none".parse().unwrap()).await;
    assert_eq!(late, Err(BridgeError::Stopped));
}

#[tokio::test(start_paused = true)]
async fn nobody_rings_for_ever_whatever_is_lost() {
    let im = InMemoryIm::start(Impairment { loss: 1.0, ..Impairment::default() }, 4);
    let (alice, mut to_alice) = start(&im, "alice", 1).await;
    let _bob = start(&im, "bob", 2).await;
    alice.call(user("bob"), MediaType::Audio).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(until_ended(&mut to_alice).await, Outcome::NoAnswer);
    assert_eq!(began.elapsed().as_secs(), 35);
}

#[tokio::test(start_paused = true)]
async fn media_seen_by_the_application_ends_calls() {
    let im = InMemoryIm::start(Impairment::default(), 5);
    for lost in [true, false] {
        let (alice, mut to_alice) = start(&im, "alice", 1).await;
        let (bob, mut to_bob) = start(&im, "bob", 2).await;
        let placed = alice.call(user("bob"), MediaType::Audio).await.unwrap().facts;
        bob.accept(&invited(&mut to_bob).await.call_id).await.unwrap();
        until_connected(&mut to_alice).await;
        if lost {
            alice.peer_media(placed.call_id.clone(), false).await.unwrap();
            assert_eq!(until_ended(&mut to_alice).await, Outcome::PeerLost);
            assert_eq!(until_ended(&mut to_bob).await, Outcome::Completed, "he is told");
        } else {
            alice.peer_left(placed.call_id.clone()).await.unwrap();
            assert_eq!(until_ended(&mut to_alice).await, Outcome::Completed);
        }
        alice.shut_down().await.unwrap();
        bob.shut_down().await.unwrap();
    }
}

/// A service that takes nothing, or never says whether it did.
struct Broken {
    hangs: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("no")]
struct No;

impl Broken {
    async fn refuse(&self) -> Result<(), No> {
        if self.hangs { pending().await } else { Err(No) }
    }
}

impl SignalingTransport for Broken {
    type Error = No;

    async fn send_to_user(&self, _: &UserId, _: Vec<u8>, _: &SendOptions) -> Result<(), No> {
        self.refuse().await
    }

    async fn send_to_group(&self, _: &GroupId, _: Vec<u8>, _: &SendOptions) -> Result<(), No> {
        self.refuse().await
    }

    async fn receive(&mut self) -> Option<Incoming> {
        pending().await
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(0)
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_ends_the_call() {
    for hangs in [false, true] {
        let (alice, mut to_alice) =
            Bridge::start(Broken { hangs }, config(), user("alice"), seed(1));
        // Told at once or after the deadline, whatever comes first.
        let _ = alice.call(user("bob"), MediaType::Audio).await;
        assert_eq!(until_ended(&mut to_alice).await, Outcome::Offline);
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_listen_stops_its_bridge() {
    let im = InMemoryIm::start(Impairment::default(), 6);
    let (alice, mut to_alice) = start(&im, "alice", 1).await;
    let (bob, mut to_bob) = start(&im, "bob", 2).await;
    let mut stopped = false;
    for _ in 0..200 {
        let Ok(call) = alice.call(user("bob"), MediaType::Audio).await else {
            stopped = true;
            break;
        };
        let _ = alice.hangup(&call.facts.call_id).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(stopped, "256 notices wait unread");
    while to_alice.recv().await.is_some() {}
    drop(bob);
    while to_bob.recv().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn groups_reach_their_members() {
    let im = InMemoryIm::start(Impairment::default(), 7);
    let group: GroupId = "G".parse().unwrap();
    let alice = im.sign_in(user("alice")).await.unwrap();
    let mut bob = im.sign_in(user("bob")).await.unwrap();
    let mut carol = im.sign_in(user("carol")).await.unwrap();
    for name in ["alice", "bob"] {
        im.join(group.clone(), user(name)).await.unwrap();
    }
    let options = SendOptions::default();
    alice.send_to_group(&group, b"all".to_vec(), &options).await.unwrap();
    alice.send_to_user(&user("carol"), b"one".to_vec(), &options).await.unwrap();
    let at_bob = bob.receive().await.unwrap();
    assert_eq!((at_bob.group, at_bob.bytes.as_slice()), (Some(group), &b"all"[..]));
    let at_carol = carol.receive().await.unwrap();
    assert_eq!((at_carol.from, at_carol.group), (user("alice"), None));
    assert_eq!(at_carol.bytes, b"one");
}

/// Three programs, doubled and reordered messages, in a group and without one.
#[tokio::test(start_paused = true)]
async fn three_bridges_call_each_other_without_our_server() {
    for group in [Some("G".parse::<GroupId>().unwrap()), None] {
        let im = InMemoryIm::start(weather(), 11);
        for name in ["alice", "bob", "carol"] {
            if let Some(group) = &group {
                im.join(group.clone(), user(name)).await.unwrap();
            }
        }
        let (alice, mut to_alice) = start(&im, "alice", 1).await;
        let (bob, mut to_bob) = start(&im, "bob", 2).await;
        let (carol, mut to_carol) = start(&im, "carol", 3).await;
        let callees = vec![user("bob"), user("carol")];
        let placed = alice.group_call(callees, group.clone(), MediaType::Audio).await.unwrap();
        let (at_bob, at_carol) = (invited(&mut to_bob).await, invited(&mut to_carol).await);
        for facts in [&at_bob, &at_carol] {
            assert_eq!((facts.room_id, &facts.group_id), (placed.facts.room_id, &group));
        }
        bob.accept(&at_bob.call_id).await.unwrap();
        carol.accept(&at_carol.call_id).await.unwrap();
        until_connected(&mut to_alice).await;
        until_connected(&mut to_bob).await;
        until_connected(&mut to_carol).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        alice.hangup(&placed.facts.call_id).await.unwrap();
        assert_eq!(until_ended(&mut to_alice).await, Outcome::Completed);
        tokio::time::sleep(Duration::from_secs(5)).await;
        // The other two talk on, until one of them leaves.
        let get = BridgeAction::GetCall { call_id: at_bob.call_id.clone() };
        assert!(matches!(bob.request(get).await, Ok(Reply::Call(call)) if call.connected));
        bob.hangup(&at_bob.call_id).await.unwrap();
        assert_eq!(until_ended(&mut to_bob).await, Outcome::Completed);
        assert_eq!(until_ended(&mut to_carol).await, Outcome::Completed);
    }
}

/// A fourth program sees the group's call in the group's attribute, and enters it; the last of them
/// takes the attribute away.
#[tokio::test(start_paused = true)]
async fn a_group_sees_its_call_and_a_member_joins_it() {
    let im = InMemoryIm::start(weather(), 12);
    let group: GroupId = "G".parse().unwrap();
    for name in ["alice", "bob", "dave"] {
        im.join(group.clone(), user(name)).await.unwrap();
    }
    let (alice, mut to_alice) = start(&im, "alice", 1).await;
    let (bob, mut to_bob) = start(&im, "bob", 2).await;
    let (dave, mut to_dave) = start(&im, "dave", 3).await;
    let shown = async || im.group_attribute(group.clone(), GROUP_ATTRIBUTE).await.unwrap();
    let audio = MediaType::Audio;
    let placed = alice.group_call(vec![user("bob")], Some(group.clone()), audio).await.unwrap();
    assert_eq!(shown().await, None);
    bob.accept(&invited(&mut to_bob).await.call_id).await.unwrap();
    until_connected(&mut to_alice).await;
    let call = GroupCallAttribute::decode(&shown().await.unwrap()).unwrap();
    let joined = dave.join(call).await.unwrap();
    assert_eq!(joined.facts.room_id, placed.facts.room_id);
    until_connected(&mut to_dave).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    alice.hangup(&placed.facts.call_id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let call = GroupCallAttribute::decode(&shown().await.unwrap()).unwrap();
    assert_eq!(call.users, [user("bob"), user("dave")]);
    dave.hangup(&joined.facts.call_id).await.unwrap();
    assert_eq!(until_ended(&mut to_bob).await, Outcome::Completed);
    assert_eq!(until_ended(&mut to_dave).await, Outcome::Completed);
    assert_eq!(shown().await, None);
}
