//! Every script of requests and mishaps, of two people with three devices and a stranger, on the
//! server's machine alone: no mirror keeps the clients reasonable.

use std::collections::BTreeSet;

use calling_model::{CallId, Endpoint, MediaType, UnixMillis, UserId};
use calling_testkit::epoch;

use super::super::World;
use super::exhaustive::digest;
use crate::calls::{CallAction, CallsConfig, CallsInput};
use crate::protocol::CallParams;

const DEVICES: [(&str, &str); 4] =
    [("alice", "a1"), ("bob", "b1"), ("bob", "b2"), ("mallory", "m1")];

#[derive(Clone, Debug)]
enum Step {
    Call(usize, &'static str),
    Accept(usize),
    Reject(usize),
    Hangup(usize),
    GetCall(usize),
    SignIn(usize),
    Disconnect(usize),
    SignOut(usize),
    PeerLost(usize),
    PeerBack(usize),
    Wait,
    Shutdown,
}

fn steps() -> Vec<Step> {
    let mut all = vec![
        Step::Call(0, "bob"),
        Step::Call(1, "alice"),
        Step::Call(2, "alice"),
        Step::Call(3, "bob"),
        Step::Wait,
        Step::Shutdown,
    ];
    for who in 0..DEVICES.len() {
        all.extend([Step::Accept(who), Step::Hangup(who), Step::Reject(who), Step::GetCall(who)]);
    }
    for who in 0..3 {
        all.extend([Step::SignIn(who), Step::Disconnect(who), Step::SignOut(who)]);
        all.extend([Step::PeerLost(who), Step::PeerBack(who)]);
    }
    all
}

fn params(callee: &str) -> CallParams {
    let callees: Vec<UserId> = vec![callee.parse().unwrap()];
    CallParams {
        callees,
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    }
}

/// Does `step` to the call placed last: clients name it, or replay its id when it is over.
fn perform(world: &mut World, last: Option<&CallId>, step: &Step) {
    let device = |who: usize| -> Endpoint { world.strangers[who].clone() };
    let input = match (step.clone(), last.cloned()) {
        (Step::Call(who, callee), _) => {
            let at = UnixMillis(1_000);
            let action = CallAction::Call {
                params: params(callee),
                unknown: Vec::new(),
                outsiders: Vec::new(),
                at,
            };
            return world.ask_raw(&device(who), action);
        }
        (Step::Accept(who), Some(call_id)) => {
            return world.ask_raw(&device(who), CallAction::Accept { call_id });
        }
        (Step::Reject(who), Some(call_id)) => {
            let action = CallAction::Reject { call_id, busy: false };
            return world.ask_raw(&device(who), action);
        }
        (Step::Hangup(who), Some(call_id)) => {
            return world.ask_raw(&device(who), CallAction::Hangup { call_id });
        }
        (Step::GetCall(who), Some(call_id)) => {
            return world.ask_raw(&device(who), CallAction::GetCall { call_id });
        }
        (Step::PeerLost(who), Some(call_id)) => {
            CallsInput::PeerLost { call_id, endpoint: device(who) }
        }
        (Step::PeerBack(who), Some(call_id)) => {
            CallsInput::PeerBack { call_id, endpoint: device(who) }
        }
        (Step::SignIn(who), _) => CallsInput::SignedIn { endpoint: device(who) },
        (Step::Disconnect(who), _) => CallsInput::Disconnected { endpoint: device(who) },
        (Step::SignOut(who), _) => CallsInput::SignedOut { endpoint: device(who) },
        (Step::Shutdown, _) => CallsInput::Shutdown,
        (Step::Wait, _) => {
            world.wait();
            return;
        }
        (
            Step::Accept(_)
            | Step::Reject(_)
            | Step::Hangup(_)
            | Step::GetCall(_)
            | Step::PeerLost(_)
            | Step::PeerBack(_),
            None,
        ) => return,
    };
    world.input(input);
}

fn explore(depth: usize) -> (usize, usize) {
    let config = CallsConfig { call_burst: 1_000, ..CallsConfig::default() };
    let mut world = World::new(epoch(), config, &[]);
    for (user, device) in DEVICES {
        world.add_stranger(user, device);
    }
    let steps = steps();
    let mut seen = BTreeSet::new();
    let mut connected = 0;
    let mut layer: Vec<(World, Option<CallId>)> = vec![(world, None)];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (world, last) in &layer {
            for step in &steps {
                let mut world = world.clone();
                let before = world.audit.newest().cloned();
                perform(&mut world, last.as_ref(), step);
                let newest = world.audit.newest().cloned();
                let last = if newest == before { last.clone() } else { newest };
                if seen.insert(digest(&world, &last)) {
                    connected += world.server.stats().connected as usize;
                    next.push((world, last));
                }
            }
        }
        layer = next;
    }
    for (mut world, _) in layer {
        world.end_of_time();
    }
    (seen.len(), connected)
}

#[test]
fn no_script_of_four_steps_breaks_an_invariant() {
    let (states, connected) = explore(4);
    assert!(states > 5_000 && connected > 1_000, "{states} {connected}");
}

/// A minute long; run by name with `--ignored`.
#[test]
#[ignore = "explores some 10⁵ states"]
fn no_script_of_six_steps_breaks_an_invariant() {
    println!("{:?}", explore(6));
}
