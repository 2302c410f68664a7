//! The server and real clients, joined by links of which each keeps its own order and no other.

use std::time::Duration;

use calling_model::{Machine, MediaType};
use calling_testkit::{Impairment, Link, epoch};

use super::super::World;
use crate::calls::CallsConfig;
use crate::client::{ClientPhase, Command, ListenerEvent};
use crate::protocol::CallParams;

const ALICE: usize = 0;
const BOB: usize = 1;
const BOB_2: usize = 2;
const CAROL: usize = 3;

fn world() -> World {
    let names = [("alice", "a1"), ("bob", "b1"), ("bob", "b2"), ("carol", "c1")];
    World::new(epoch(), CallsConfig::default(), &names)
}

fn call(name: &str) -> Command {
    Command::Call(CallParams {
        callees: vec![name.parse().unwrap()],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    })
}

/// What phone `who` heard, one word each.
fn heard(world: &World, who: usize) -> Vec<String> {
    let word = |event: &ListenerEvent| {
        let json = serde_json::to_value(event).unwrap();
        json["event"].as_str().unwrap().to_owned()
    };
    world.phones[who].heard.iter().map(word).collect()
}

fn phases(world: &World) -> Vec<ClientPhase> {
    world.phones.iter().map(|phone| phone.mirror.phase()).collect()
}

#[test]
fn who_hears_what_of_a_conversation() {
    let mut world = world();
    world.command(ALICE, call("bob"));
    world.deliver_all();
    world.command(BOB, Command::Accept);
    world.deliver_all();
    assert!(world.phones[ALICE].gate_is_open() && world.phones[BOB].gate_is_open());
    assert!(!world.phones[BOB_2].gate_is_open());
    world.command(BOB, Command::Hangup);
    world.deliver_all();
    assert_eq!(heard(&world, ALICE), ["ringing", "accept", "call_begin", "call_end"]);
    assert_eq!(heard(&world, BOB), ["invited", "call_begin", "call_end"]);
    assert_eq!(heard(&world, BOB_2), ["invited", "handled_elsewhere"]);
    world.end_of_time();
}

/// The C2C columns of the table of callbacks: what inviter and invitee hear.
#[test]
fn who_hears_what_of_a_call_nobody_takes() {
    type Act = fn(&mut World);
    let reject: Act = |world| {
        world.command(BOB, Command::Reject);
    };
    let ignore: Act = |world| {
        world.command(BOB, Command::Ignore);
    };
    let cancel: Act = |world| {
        world.command(ALICE, Command::Hangup);
    };
    let ring_out: Act = |world| world.advance(Duration::from_secs(30));
    for (act, inviter, invitee, other_device) in [
        (reject, vec!["reject", "call_end"], "call_end", "handled_elsewhere"),
        (ignore, vec!["line_busy", "call_end"], "call_end", "handled_elsewhere"),
        (cancel, vec!["call_end"], "calling_cancel", "calling_cancel"),
        (ring_out, vec!["no_resp", "call_end"], "calling_timeout", "calling_timeout"),
    ] {
        let mut world = world();
        world.command(ALICE, call("bob"));
        world.deliver_all();
        act(&mut world);
        world.deliver_all();
        assert_eq!(heard(&world, ALICE)[1..], inviter);
        assert_eq!(heard(&world, BOB)[1..], [invitee]);
        assert_eq!(heard(&world, BOB_2)[1..], [other_device]);
        world.end_of_time();
    }
}

#[test]
fn a_busy_callee_sees_nothing() {
    let mut world = world();
    world.command(ALICE, call("bob"));
    world.deliver_all();
    world.command(BOB, Command::Accept);
    world.deliver_all();
    world.command(CAROL, call("bob"));
    world.deliver_all();
    assert_eq!(heard(&world, CAROL), ["line_busy", "call_end"]);
    assert_eq!(heard(&world, BOB), ["invited", "call_begin"]);
    assert_eq!(heard(&world, BOB_2), ["invited", "handled_elsewhere"]);
    world.end_of_time();
}

/// Glare, with every order in which the frames of the two can meet at the server.
#[test]
fn glare_connects_the_two_in_every_order() {
    for first in [ALICE, BOB] {
        for invite_seen_before_calling in [false, true] {
            let mut world = world();
            let second = ALICE + BOB - first;
            let names = ["alice", "bob"];
            world.command(first, call(names[second]));
            if !invite_seen_before_calling {
                world.command(second, call(names[first]));
            }
            world.deliver_up(first);
            if invite_seen_before_calling {
                // The request was on its way when the invite arrived.
                world.command(second, call(names[first]));
                world.deliver_down(second);
            }
            world.deliver_up(second);
            world.deliver_all();
            let phases = phases(&world);
            assert_eq!(phases[..2], [ClientPhase::Connected; 2]);
            assert!(world.phones[ALICE].gate_is_open() && world.phones[BOB].gate_is_open());
            assert_eq!(world.server.live_calls(), 1);
            world.end_of_time();
        }
    }
}

/// Attack 2: two devices accept before either has heard of the other.
#[test]
fn two_devices_accept_at_once() {
    for first in [BOB, BOB_2] {
        let second = BOB + BOB_2 - first;
        let mut world = world();
        world.command(ALICE, call("bob"));
        world.deliver_all();
        world.command(first, Command::Accept);
        world.command(second, Command::Accept);
        world.deliver_up(first);
        world.deliver_up(second);
        world.deliver_all();
        assert!(world.phones[first].gate_is_open() && !world.phones[second].gate_is_open());
        assert_eq!(heard(&world, second), ["invited", "handled_elsewhere"]);
        world.end_of_time();
    }
}

/// Attack 2: accept and cancel pass each other on the way.
#[test]
fn accept_and_cancel_cross() {
    for cancel_first in [true, false] {
        let mut world = world();
        world.command(ALICE, call("bob"));
        world.deliver_all();
        world.command(ALICE, Command::Hangup);
        world.command(BOB, Command::Accept);
        for who in if cancel_first { [ALICE, BOB] } else { [BOB, ALICE] } {
            world.deliver_up(who);
        }
        world.deliver_all();
        assert_eq!(phases(&world), [ClientPhase::Idle; 4]);
        let last = heard(&world, BOB).pop().unwrap();
        assert_eq!(last, if cancel_first { "calling_cancel" } else { "call_end" });
        world.end_of_time();
    }
}

/// Attack 6: a client whose process or network is gone.
#[test]
fn a_client_that_vanishes_leaves_no_ghost() {
    for vanishes in [ALICE, BOB] {
        let mut world = world();
        world.command(ALICE, call("bob"));
        world.deliver_all();
        world.command(BOB, Command::Accept);
        world.deliver_all();
        world.cut(vanishes);
        world.server_notices(vanishes);
        world.advance(Duration::from_secs(5));
        world.deliver_all();
        let other = ALICE + BOB - vanishes;
        assert_eq!(world.phones[other].mirror.phase(), ClientPhase::Idle);
        assert_eq!(heard(&world, other).pop().unwrap(), "call_end");
        assert_eq!(world.server.live_calls(), 0);
        world.end_of_time();
    }
}

/// Attack 7: the connection of one side drops and returns in the middle of everything.
#[test]
fn a_call_survives_a_change_of_connection() {
    let mut world = world();
    world.command(ALICE, call("bob"));
    world.deliver_all();
    world.cut(ALICE);
    world.client_notices(ALICE);
    world.server_notices(ALICE);
    world.command(BOB, Command::Accept);
    world.deliver_all();
    assert!(world.phones[BOB].gate_is_open() && !world.phones[ALICE].gate_is_open());
    world.advance(Duration::from_secs(3));
    world.connect(ALICE);
    world.deliver_all();
    assert!(world.phones[ALICE].gate_is_open());
    assert_eq!(
        heard(&world, ALICE),
        ["ringing", "connection_lost", "recovered", "accept", "call_begin"]
    );
    world.end_of_time();
}

/// Attack 26, as clients see it: the server is killed in the middle of calls.
#[test]
fn a_killed_server_leaves_nobody_in_a_call() {
    let mut world = world();
    world.command(ALICE, call("bob"));
    world.deliver_all();
    world.command(BOB, Command::Accept);
    world.deliver_all();
    world.restart_server();
    world.come_to_rest();
    assert_eq!(phases(&world), [ClientPhase::Idle; 4]);
    world.command(BOB, call("alice"));
    world.deliver_all();
    assert_eq!(world.phones[ALICE].mirror.phase(), ClientPhase::Incoming);
    world.end_of_time();
}

/// A database that takes its time: the last words on a call come after the first on the next.
#[test]
fn a_slow_store_mixes_up_no_calls() {
    let mut world = world();
    world.slow_store = true;
    world.command(ALICE, call("bob"));
    for _ in 0..4 {
        for who in 0..4 {
            world.deliver_up(who);
            world.deliver_down(who);
        }
    }
    world.command(BOB, Command::Reject);
    world.deliver_up(BOB);
    // Alice has not heard of it. Carol is quicker.
    world.command(CAROL, call("alice"));
    world.deliver_up(CAROL);
    world.deliver_down(ALICE);
    assert_eq!(world.phones[ALICE].mirror.phase(), ClientPhase::Outgoing);
    world.deliver_all();
    let heard = heard(&world, ALICE);
    assert_eq!(heard, ["ringing", "reject", "call_end", "invited"]);
    assert_eq!(world.phones[ALICE].mirror.phase(), ClientPhase::Incoming);
    world.end_of_time();
}

#[test]
fn a_server_that_stops_tells_everybody() {
    let mut world = world();
    world.command(ALICE, call("bob"));
    world.deliver_all();
    world.command(BOB, Command::Accept);
    world.deliver_all();
    world.shut_down();
    world.deliver_all();
    assert_eq!(phases(&world), [ClientPhase::Idle; 4]);
    assert_eq!(world.server.poll_timeout(), None);
}

/// Two people with delays of their own: whichever way the frames fall, a call placed and answered
/// connects, and one hung up ends, on both sides.
#[test]
fn delays_of_every_kind() {
    for seed in 0..200 {
        let mut world = world();
        let jitter = Duration::from_millis(seed % 7 * 100);
        let delay = Duration::from_millis(5 + seed % 5 * 40);
        let mut links: Vec<Link<(usize, bool)>> = (0..8)
            .map(|number| {
                // Jitter reorders across links only: a link's ticket stands for its oldest frame.
                Link::new(Impairment { delay, jitter, ..Default::default() }, seed * 8 + number)
            })
            .collect();
        world.command(ALICE, call("bob"));
        let mut tickets = [0; 8];
        for step in 0..400 {
            world.advance(Duration::from_millis(10));
            for who in 0..4 {
                for (at, waiting) in
                    [(who, world.phones[who].up.len()), (who + 4, world.phones[who].down.len())]
                {
                    while tickets[at] < waiting {
                        tickets[at] += 1;
                        links[at].send(world.now, (who, at < 4));
                    }
                }
            }
            for (at, link) in links.iter_mut().enumerate() {
                while let Some((_, (who, up))) = link.receive(world.now) {
                    tickets[at] -= 1;
                    if up {
                        world.deliver_up(who)
                    } else {
                        world.deliver_down(who)
                    };
                }
            }
            match step {
                150 => assert!(world.command(BOB, Command::Accept)),
                300 => {
                    assert!(world.phones[ALICE].gate_is_open(), "seed {seed}");
                    assert!(world.phones[BOB].gate_is_open(), "seed {seed}");
                    assert!(world.command(ALICE, Command::Hangup));
                }
                _ => {}
            }
        }
        world.end_of_time();
        assert_eq!(heard(&world, ALICE), ["ringing", "accept", "call_begin", "call_end"]);
    }
}
