//! Scripted programs of every generation against an endpoint of ours: `peers/<program>.json` has
//! each of its messages as it writes them. `P` is the program's user, `M` ours; `$ID` is the invite
//! that is meant, `$OWN` a new one, `$ROOM` the room.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use calling_bridge::{BridgeAction, BridgeConfig, BridgeDiscard, BridgeInput};
use calling_model::MediaType;
use calling_signaling::call::Outcome;
use calling_signaling::invite::{RoomRef, Signal};
use calling_signaling::protocol::{Code, Event, Reply};
use common::World;
use serde_json::{Value, json};

/// The room of the program's own calls.
const ROOM: u32 = 123_456;

struct Peer {
    name: String,
    messages: Value,
    world: World,
    new_ids: u32,
}

fn peers() -> Vec<Peer> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let mut peers: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let messages = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let world = World::new(&["M"], &BridgeConfig::default(), Default::default(), 3);
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Peer { name, messages, world, new_ids: 0 }
        })
        .collect();
    peers.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(peers.len(), 8);
    peers
}

impl Peer {
    fn has(&self, message: &str) -> bool {
        self.messages.get(message).is_some()
    }

    /// What the program writes, about the invite `id`.
    fn text(&mut self, message: &str, id: &str, room: u32) -> String {
        self.new_ids += 1;
        let raw = &self.messages[message];
        let fill = |text: String| {
            text.replace("\"$ROOM\"", &room.to_string())
                .replace("$ID", id)
                .replace("$OWN", &format!("own-{}", self.new_ids))
                .replace("$INVITER", if id.starts_with("theirs") { "P" } else { "M" })
        };
        let mut envelope: Value = serde_json::from_str(&fill(raw["envelope"].to_string())).unwrap();
        envelope["data"] = json!(fill(raw["payload"].to_string()));
        envelope.to_string()
    }

    fn says(&mut self, message: &str, id: &str, room: u32) {
        let text = self.text(message, id, room);
        self.world.run(Duration::from_secs(1));
        self.world.receive(0, "P", &text, Duration::from_millis(50));
        assert_eq!(self.world.ends[0].all_discarded(), 0, "{}: {message}", self.name);
    }

    fn invites(&mut self) {
        self.says("invite", "theirs-1", ROOM);
    }

    /// Ours calls; the invite's id and room.
    fn is_called(&mut self) -> (String, u32) {
        let facts = self.world.call(0, "P", MediaType::Video).facts;
        (facts.invite_id.as_str().to_owned(), facts.room_id.get())
    }

    /// Both talk, in a call of the program's.
    fn talks(&mut self) {
        self.invites();
        self.world.run(Duration::from_secs(1));
        self.world.accept(0);
    }

    fn end(&self) -> &common::End {
        &self.world.ends[0]
    }

    fn check(&self, heard: &[&str], signals: &[Signal], outcomes: &[Outcome]) {
        let end = self.end();
        assert_eq!(end.heard(), heard, "{}", self.name);
        assert_eq!(end.signals(), signals, "{}", self.name);
        let ended: Vec<_> = end.records.iter().map(|record| record.outcome).collect();
        assert_eq!(ended, outcomes, "{}", self.name);
    }
}

#[test]
fn they_call_we_accept_they_end() {
    for mut peer in peers() {
        peer.talks();
        let end = peer.end();
        let (facts, room) = end.connected[0].clone();
        assert_eq!((room, facts.room_id.get()), (RoomRef::Number(facts.room_id), ROOM));
        assert_eq!((facts.invite_id.as_str(), facts.timeout_s), ("theirs-1", 30));
        assert_eq!((facts.caller.as_str(), facts.media_type), ("P", MediaType::Video));
        let accept = &end.sent[0].1;
        assert_eq!(accept.invite_id.as_ref().unwrap().as_str(), "theirs-1");
        assert_eq!(accept.inviter.as_ref().unwrap().as_str(), "P", "of the invite, not of this");
        assert_eq!(accept.invitees[0].as_str(), "M");
        assert_eq!(accept.payload.room_id, Some(facts.room_id));
        peer.says("hangup", "theirs-1", ROOM);
        peer.check(&["invited", "ended"], &[Signal::Accept], &[Outcome::Completed]);
        assert_eq!(peer.end().records[0].ended_by.as_ref().unwrap().as_str(), "P");
    }
}

#[test]
fn they_call_we_accept_they_leave_the_room() {
    for mut peer in peers() {
        peer.talks();
        peer.world.run(Duration::from_secs(65));
        let call_id = peer.world.call_id(0);
        peer.world.input(0, BridgeInput::PeerLeft { call_id });
        let signals = [Signal::Accept, Signal::Hangup { seconds: 65 }];
        peer.check(&["invited", "ended"], &signals, &[Outcome::Completed]);
    }
}

#[test]
fn they_call_we_decline() {
    for (busy, signal, outcome) in
        [(false, Signal::Reject, Outcome::Rejected), (true, Signal::Busy, Outcome::Busy)]
    {
        for mut peer in peers() {
            peer.invites();
            peer.world.reject(0, busy);
            peer.check(&["invited", "ended"], std::slice::from_ref(&signal), &[outcome]);
        }
    }
}

#[test]
fn they_call_and_withdraw() {
    for mut peer in peers() {
        peer.invites();
        peer.says("cancel", "theirs-1", ROOM);
        peer.check(&["invited", "cancelled"], &[], &[Outcome::Cancelled]);
    }
}

#[test]
fn they_call_and_nobody_answers() {
    for mut peer in peers() {
        peer.invites();
        peer.world.run(Duration::from_secs(31));
        peer.check(&["invited", "timed_out"], &[Signal::Timeout], &[Outcome::NoAnswer]);
        assert_eq!(peer.end().sent[0].1.invitees[0].as_str(), "M");
    }
}

/// The caller's own timeout, which names the callee.
#[test]
fn they_call_and_give_up_first() {
    for mut peer in peers() {
        peer.invites();
        let text = peer.text("timeout", "theirs-1", ROOM);
        let mut envelope: Value = serde_json::from_str(&text).unwrap();
        envelope["inviter"] = json!("P");
        envelope["inviteeList"] = json!(["M"]);
        peer.world.receive(0, "P", &envelope.to_string(), Duration::ZERO);
        peer.check(&["invited", "timed_out"], &[], &[Outcome::NoAnswer]);
    }
}

#[test]
fn they_call_while_we_talk() {
    for mut peer in peers() {
        peer.talks();
        let mut other: Value = serde_json::from_str(&peer.text("invite", "theirs-2", 7)).unwrap();
        other["inviter"] = json!("Q");
        peer.world.receive(0, "Q", &other.to_string(), Duration::ZERO);
        peer.check(&["invited"], &[Signal::Accept, Signal::Busy], &[Outcome::Busy]);
        let (to, busy) = &peer.end().sent[1];
        assert_eq!((to.as_str(), busy.invite_id.as_ref().unwrap().as_str()), ("Q", "theirs-2"));
        assert_eq!(busy.payload.room_id.unwrap().get(), 7);
    }
}

#[test]
fn we_call_they_accept_and_end() {
    for mut peer in peers() {
        let (id, room) = peer.is_called();
        peer.says("accept", &id, room);
        assert_eq!(peer.end().connected[0].0.room_id.get(), room, "{}", peer.name);
        peer.says("hangup", &id, room);
        let signals = [Signal::Invite { media_type: MediaType::Video }];
        peer.check(&["accepted", "ended"], &signals, &[Outcome::Completed]);
    }
}

#[test]
fn we_call_they_decline_or_are_busy_or_do_not_answer() {
    for (message, heard, outcome) in [
        ("reject", "rejected", Outcome::Rejected),
        ("busy", "line_busy", Outcome::Busy),
        ("timeout", "no_response", Outcome::NoAnswer),
    ] {
        for mut peer in peers() {
            let (id, room) = peer.is_called();
            peer.says(message, &id, room);
            let signals = [Signal::Invite { media_type: MediaType::Video }];
            peer.check(&[heard, "ended"], &signals, &[outcome]);
        }
    }
}

#[test]
fn we_call_and_withdraw() {
    for mut peer in peers() {
        let (id, room) = peer.is_called();
        peer.world.hangup(0);
        let signals = [Signal::Invite { media_type: MediaType::Video }, Signal::Cancel];
        peer.check(&["ended"], &signals, &[Outcome::Cancelled]);
        // Too late by a moment: it is told again that this is over.
        let text = peer.text("accept", &id, room);
        peer.world.receive(0, "P", &text, Duration::ZERO);
        assert_eq!(peer.end().signals().last(), Some(&Signal::Cancel));
        assert_eq!((peer.end().sent.len(), peer.end().discarded(BridgeDiscard::Over)), (3, 1));
    }
}

/// An older program takes our call for a second one and is busy; its own call is what connects.
#[test]
fn calls_that_cross_connect_in_their_room() {
    for busy_first in [false, true] {
        for mut peer in peers() {
            let (id, room) = peer.is_called();
            let busy = peer.text("busy", &id, room);
            peer.says("invite", "theirs-1", ROOM);
            let (facts, at) = peer.end().connected[0].clone();
            assert_eq!((at, facts.caller.as_str()), (RoomRef::Number(facts.room_id), "P"));
            assert_eq!((facts.room_id.get(), facts.invite_id.as_str()), (ROOM, "theirs-1"));
            let (_, accept) = peer.end().sent.last().unwrap();
            assert_eq!(accept.signal(), Ok(Signal::Accept), "{}", peer.name);
            assert_eq!(accept.invite_id.as_ref().unwrap().as_str(), "theirs-1");
            assert_eq!(accept.payload.room_id.unwrap().get(), ROOM);
            if busy_first {
                peer.world.receive(0, "P", &busy, Duration::ZERO);
                assert_eq!(peer.end().discarded(BridgeDiscard::AlreadyAnswered), 1);
            }
            assert_eq!(peer.end().heard(), ["accepted"]);
            peer.world.run(Duration::from_secs(5));
            let hangup = peer.text("hangup", "theirs-1", ROOM);
            peer.world.receive(0, "P", &hangup, Duration::ZERO);
            let record = &peer.end().records[0];
            assert_eq!((record.outcome, record.facts.room_id.get()), (Outcome::Completed, ROOM));
            assert_eq!(record.participants[0].user.as_str(), "P");
        }
    }
}

#[test]
fn they_would_go_on_without_pictures() {
    for mut peer in peers().into_iter().filter(|peer| peer.has("switch_to_audio")) {
        peer.talks();
        peer.says("switch_to_audio", "theirs-1", ROOM);
        let end = peer.end();
        assert!(matches!(
            end.events.last(),
            Some(Event::MediaTypeChanged { media_type: MediaType::Audio, by, .. })
                if by.as_str() == "P"
        ));
        let (_, answer) = end.sent.last().unwrap();
        assert_eq!(answer.signal(), Ok(Signal::SwitchAccepted { to: MediaType::Audio }));
        assert_eq!(answer.invite_id.as_ref().unwrap().as_str(), "own-2", "{}", peer.name);
        assert_eq!(answer.inviter.as_ref().unwrap().as_str(), "P");
        assert_eq!(end.bridge.call().unwrap().facts.media_type, MediaType::Audio);
    }
}

#[test]
fn we_would_go_on_without_pictures() {
    for (message, granted) in [("switch_accepted", true), ("switch_rejected", false)] {
        for mut peer in peers() {
            peer.talks();
            let call_id = peer.world.call_id(0);
            let wish = BridgeAction::SwitchMediaType { call_id, media_type: MediaType::Audio };
            let request = peer.world.request(0, wish);
            let id = peer.end().sent.last().unwrap().1.invite_id.clone().unwrap();
            // A program that knows no switch answers as it answers a call.
            let message = match (peer.has(message), granted) {
                (true, _) => message,
                (false, true) => "accept",
                (false, false) => "busy",
            };
            peer.says(message, id.as_str(), ROOM);
            let reply = peer.end().replies[&request].clone();
            if granted {
                assert_eq!(reply, Ok(Reply::Done {}), "{}", peer.name);
            } else {
                assert_eq!(reply.unwrap_err().code, Code::WrongState, "{}", peer.name);
            }
            let expected = if granted { MediaType::Audio } else { MediaType::Video };
            assert_eq!(peer.end().bridge.call().unwrap().facts.media_type, expected);
        }
    }
}

/// Ids may be missing in the oldest answers: they mean the one call there is.
#[test]
fn answers_without_an_id_mean_the_call_there_is() {
    for mut peer in peers() {
        let (id, room) = peer.is_called();
        let mut text: Value = serde_json::from_str(&peer.text("accept", &id, room)).unwrap();
        text.as_object_mut().unwrap().remove("inviteID");
        peer.world.receive(0, "Q", &text.to_string(), Duration::ZERO);
        assert_eq!(peer.end().connected.len(), 0, "somebody else's");
        peer.world.receive(0, "P", &text.to_string(), Duration::ZERO);
        assert_eq!(peer.end().connected.len(), 1, "{}", peer.name);
    }
}

/// Rooms by name stay what they are.
#[test]
fn a_room_by_name_is_kept() {
    let mut peer = peers().into_iter().find(|peer| peer.name == "engine").unwrap();
    let text = peer
        .text("invite", "theirs-1", 0)
        .replace(r#"\"str_room_id\":\"\""#, r#"\"str_room_id\":\"room-x\""#);
    peer.world.receive(0, "P", &text, Duration::ZERO);
    peer.world.accept(0);
    let (_, room) = peer.end().connected[0].clone();
    assert_eq!(room, RoomRef::Name("room-x".to_owned()));
    let accept = &peer.end().sent[0].1.payload;
    assert_eq!(accept.room(), None);
    assert_eq!(accept.data.as_ref().unwrap().room_name, "room-x");
}
