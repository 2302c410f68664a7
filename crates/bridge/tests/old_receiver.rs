//! A program of the second generation in calls of several with ours: a model of what it reads, by
//! the rules known of it, and its own messages as it writes them. It is Carol; Alice and Bob are
//! ours.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_bridge::{Address, BridgeAction, BridgeConfig, BridgeInput, Incoming, MediaChange};
use calling_impair::Impairment;
use calling_model::{GroupId, MediaType};
use calling_signaling::protocol::MemberState;
use common::{World, call_reply, user};
use serde_json::{Value, json};

const A: usize = 0;
const B: usize = 1;

/// What such a program makes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Read {
    /// It rings: by whom, who is called, 1 voice or 2 video, the room.
    Invited(String, Vec<String>, u64, u64),
    /// Others are called into the call it is in.
    InviteeList(Vec<String>),
    Accepted(String),
    Rejected(String),
    Busy(String),
    NoResponse(Vec<String>),
    Cancelled,
    Ended,
    /// A device that slept is woken up.
    WokenUp,
}

/// The receiving side, from the raw texts: it shares no code with ours.
#[derive(Default)]
struct Receiver {
    /// Its invite, by which it knows the call.
    invite: Option<String>,
    room: Option<u64>,
    seen: usize,
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn names(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.map(|name| name.as_str().unwrap().to_owned()).collect()
}

impl Receiver {
    /// Reads what was sent to it or its group since the last time.
    fn read(&mut self, world: &World) -> Vec<Read> {
        let new = &world.log[self.seen..];
        self.seen = world.log.len();
        let mine = new.iter().filter(|(to, _)| match to {
            Address::User(to) => to.as_str() == "carol",
            Address::Group(_) => true,
        });
        mine.filter_map(|(_, text)| self.understand(&serde_json::from_str(text).unwrap())).collect()
    }

    fn understand(&mut self, message: &Value) -> Option<Read> {
        if message["businessID"] == json!(1) {
            let payload: Value = serde_json::from_str(text(message, "data")).unwrap();
            // Both readers of this generation: the new style has a platform and `data`.
            assert_eq!(text(&payload, "businessID"), "av_call");
            assert!(!text(&payload, "platform").is_empty() && payload["data"].is_object());
            assert!(payload["version"].as_u64().unwrap() <= 4);
            return self.signalling(message, &payload);
        }
        assert_eq!(text(message, "businessID"), "av_call");
        if message.get("data").is_none() {
            return Some(Read::WokenUp);
        }
        self.relayed(message)
    }

    fn signalling(&mut self, envelope: &Value, payload: &Value) -> Option<Read> {
        let invitees = names(&envelope["inviteeList"]);
        let known = self.invite.as_deref() == Some(text(envelope, "inviteID"));
        let who = || invitees[0].clone();
        match envelope["actionType"].as_u64().unwrap() {
            1 => self.invited(envelope, payload, invitees),
            2 if known && invitees.contains(&"carol".to_owned()) => Some(Read::Cancelled),
            3 if known => Some(Read::Accepted(who())),
            4 if known => {
                let busy = text(payload, "line_busy") == "line_busy";
                assert_eq!(busy, text(&payload["data"], "message") == "lineBusy", "both or none");
                Some(if busy { Read::Busy(who()) } else { Read::Rejected(who()) })
            }
            5 if known => Some(Read::NoResponse(invitees)),
            // Unknown and finished ids are dropped.
            _ => None,
        }
    }

    fn invited(&mut self, envelope: &Value, payload: &Value, list: Vec<String>) -> Option<Read> {
        // Browsers: an invite without oneself is dropped unless it is an end, which has no room.
        let is_end = payload.get("room_id").is_none() || payload["call_end"] == json!(0);
        // The Flutter demo: the mere key is an end.
        assert_eq!(is_end, payload.get("call_end").is_some());
        assert_eq!(is_end, text(&payload["data"], "cmd") == "hangup");
        if is_end {
            return Some(Read::Ended);
        }
        let room = payload["room_id"].as_u64().unwrap();
        assert_eq!(payload["data"]["room_id"], payload["room_id"]);
        if !list.contains(&"carol".to_owned()) {
            let same_call = !text(envelope, "groupID").is_empty() && self.room == Some(room);
            return same_call.then_some(Read::InviteeList(list));
        }
        self.invite = Some(text(envelope, "inviteID").to_owned());
        self.room = Some(room);
        let call_type = payload["call_type"].as_u64().unwrap();
        Some(Read::Invited(text(envelope, "inviter").to_owned(), list, call_type, room))
    }

    /// Replayed as the event that it relays, if it is about the call that is known.
    fn relayed(&self, payload: &Value) -> Option<Read> {
        assert_eq!(text(&payload["data"], "cmd"), "sync_info");
        if self.invite.as_deref() != Some(text(payload, "callid")) {
            return None;
        }
        let who = text(payload, "user").to_owned();
        Some(match payload["call_action"].as_u64().unwrap() {
            7 => Read::Accepted(who),
            3 => Read::Rejected(who),
            4 => Read::NoResponse(vec![who]),
            2 => Read::Cancelled,
            other => panic!("older programs know no {other}"),
        })
    }

    /// What it writes: its answer, or its leaving that it does not tell but by the media room.
    fn answer(&self, action: u8, group: &str) -> String {
        let room = self.room.unwrap();
        let payload = json!({
            "version": 4, "businessID": "av_call", "platform": "Android", "call_action": 0,
            "call_type": 2, "room_id": room,
        });
        json!({
            "actionType": action, "businessID": 1, "inviteID": self.invite, "inviter": "alice",
            "inviteeList": ["carol"], "timeout": 0, "groupID": group, "onlineUserOnly": false,
            "data": payload.to_string(),
        })
        .to_string()
    }
}

fn group() -> GroupId {
    "G".parse().unwrap()
}

fn world() -> World {
    let delay = Duration::from_millis(20);
    let weather = Impairment { delay, ..Impairment::default() };
    World::new(&["alice", "bob"], &BridgeConfig::default(), weather, 9)
}

fn call(world: &mut World, group_id: Option<GroupId>) -> u64 {
    let callees = vec![user("bob"), user("carol")];
    let (media_type, user_data) = (MediaType::Video, String::new());
    let action =
        BridgeAction::GroupCall { callees, group_id, media_type, timeout_s: None, user_data };
    let room = call_reply(world.ask(A, action)).facts.room_id.get();
    world.run(Duration::from_secs(1));
    room.into()
}

/// Carol's program says something: to the group, or to Alice who invited it.
fn says(world: &mut World, text: &str, group: Option<GroupId>) {
    let ends = if group.is_some() { vec![A, B] } else { vec![A] };
    for end in ends {
        let (from, bytes) = (user("carol"), text.as_bytes().to_vec());
        let message = Incoming { from, group: group.clone(), bytes, sent_at: world.wall };
        world.input(end, BridgeInput::Received { message, at: world.wall });
    }
    world.run(Duration::from_secs(1));
}

fn talking(world: &World, end: usize) -> usize {
    let members = world.ends[end].bridge.call().map(|call| call.members).unwrap_or_default();
    members.iter().filter(|member| member.state == MemberState::Connected).count()
}

fn leaves(world: &mut World, who: &str, seen_by: &[usize]) {
    for end in seen_by {
        let (call_id, user, change) = (world.call_id(*end), user(who), MediaChange::Left);
        world.input(*end, BridgeInput::MemberMedia { call_id, user, change });
    }
    world.run(Duration::from_secs(1));
}

#[test]
fn a_group_call_from_the_invite_to_the_end() {
    let (mut world, mut carol) = (world(), Receiver::default());
    let room = call(&mut world, Some(group()));
    let list = vec!["bob".to_owned(), "carol".to_owned()];
    let invited = Read::Invited("alice".to_owned(), list, 2, room);
    assert_eq!(carol.read(&world), [invited, Read::WokenUp]);
    world.accept(B);
    world.run(Duration::from_secs(1));
    assert_eq!(carol.read(&world), [Read::Accepted("bob".to_owned())]);
    says(&mut world, &carol.answer(3, "G"), Some(group()));
    assert_eq!((talking(&world, A), talking(&world, B)), (3, 3));

    let (call_id, users) = (world.call_id(B), vec![user("dave")]);
    call_reply(world.ask(B, BridgeAction::InviteUsers { call_id, users, timeout_s: None }));
    assert_eq!(carol.read(&world), [Read::InviteeList(vec!["dave".to_owned()])]);
    world.run(Duration::from_secs(40));
    carol.read(&world);

    // Nobody writes an end while others talk: older programs leave at the first they see.
    world.hangup(A);
    leaves(&mut world, "alice", &[B]);
    assert_eq!(carol.read(&world), []);
    assert_eq!(talking(&world, B), 2);
    leaves(&mut world, "carol", &[B]);
    assert_eq!(carol.read(&world), [Read::Ended]);
    assert_eq!(world.in_call(), [false, false]);
}

#[test]
fn a_call_without_a_group_by_relays() {
    let (mut world, mut carol) = (world(), Receiver::default());
    let room = call(&mut world, None);
    let invited = Read::Invited("alice".to_owned(), vec!["carol".to_owned()], 2, room);
    assert_eq!(carol.read(&world), [invited]);
    says(&mut world, &carol.answer(3, ""), None);
    // Bob heard of it from Alice.
    let heard = world.ends[B].heard();
    assert_eq!(heard, ["invited", "accepted"]);
    world.accept(B);
    world.run(Duration::from_secs(1));
    assert_eq!(carol.read(&world), [Read::Accepted("bob".to_owned())]);
    assert_eq!((talking(&world, A), talking(&world, B)), (3, 3));
    world.hangup(B);
    leaves(&mut world, "bob", &[A]);
    assert_eq!(carol.read(&world), [], "the call goes on");
    leaves(&mut world, "carol", &[A]);
    assert_eq!(carol.read(&world), [Read::Ended], "and ends with whoever remains");
}

#[test]
fn it_hears_why_others_do_not_come() {
    for (group, busy, expected) in [
        (Some(group()), true, Read::Busy("bob".to_owned())),
        (Some(group()), false, Read::Rejected("bob".to_owned())),
        // A relay has no word for a busy line.
        (None, true, Read::Rejected("bob".to_owned())),
        (None, false, Read::Rejected("bob".to_owned())),
    ] {
        let (mut world, mut carol) = (world(), Receiver::default());
        call(&mut world, group.clone());
        carol.read(&world);
        world.reject(B, busy);
        world.run(Duration::from_secs(1));
        assert_eq!(carol.read(&world), [expected]);
        world.hangup(A);
        assert_eq!(carol.read(&world), [Read::Cancelled]);
    }
}

#[test]
fn it_declines_or_does_not_answer() {
    for group in [Some(group()), None] {
        let (mut world, mut carol) = (world(), Receiver::default());
        call(&mut world, group.clone());
        carol.read(&world);
        let reject = carol.answer(4, if group.is_some() { "G" } else { "" });
        says(&mut world, &reject, group.clone());
        assert_eq!(world.ends[A].heard(), ["rejected"]);
        assert_eq!(world.ends[B].heard(), ["invited", "rejected"]);

        let (mut world, mut carol) = (self::world(), Receiver::default());
        call(&mut world, group.clone());
        carol.read(&world);
        world.accept(B);
        world.run(Duration::from_secs(40));
        let named = |read: &Read| matches!(read, Read::NoResponse(who) if *who == ["carol"]);
        assert!(carol.read(&world).iter().any(named), "its caller tells it, too");
        assert_eq!((talking(&world, A), talking(&world, B)), (2, 2), "they talk on");
    }
}

/// It is invited while two of ours talk: an invite to the room that they are in.
#[test]
fn it_comes_to_a_call_of_two() {
    let (mut world, mut carol) = (world(), Receiver::default());
    let room = world.call(A, "bob", MediaType::Video).facts.room_id.get();
    world.run(Duration::from_secs(1));
    world.accept(B);
    world.run(Duration::from_secs(1));
    assert_eq!(carol.read(&world), []);
    let (call_id, users) = (world.call_id(A), vec![user("carol")]);
    call_reply(world.ask(A, BridgeAction::InviteUsers { call_id, users, timeout_s: None }));
    world.run(Duration::from_secs(1));
    let invited = Read::Invited("alice".to_owned(), vec!["carol".to_owned()], 2, room.into());
    assert_eq!(carol.read(&world), [invited]);
    says(&mut world, &carol.answer(3, ""), None);
    assert_eq!((talking(&world, A), talking(&world, B)), (3, 3));
    // A switch is told to programs of ours only.
    world.switch(B, MediaType::Audio);
    world.run(Duration::from_secs(1));
    assert_eq!(world.medium(A), MediaType::Audio);
    assert_eq!(carol.read(&world), []);
    world.hangup(A);
    leaves(&mut world, "alice", &[B]);
    assert_eq!((carol.read(&world), talking(&world, B)), (Vec::new(), 2));
}

/// Somebody of ours enters its call unasked, which it knows nothing of but by the media room; and
/// it enters one of ours so.
#[test]
fn whoever_joins_is_seen_in_the_media_room() {
    let (mut world, mut carol) = (world(), Receiver::default());
    call(&mut world, Some(group()));
    carol.read(&world);
    says(&mut world, &carol.answer(3, "G"), Some(group()));
    world.reject(B, false);
    world.run(Duration::from_secs(1));
    assert_eq!(carol.read(&world), [Read::Rejected("bob".to_owned())]);
    let call = world.attributes[&group()].clone().unwrap();
    assert_eq!(call.users, [user("alice"), user("carol")]);
    call_reply(world.ask(B, BridgeAction::Join { call }));
    world.run(Duration::from_secs(1));
    assert_eq!(carol.read(&world), []);
    assert_eq!((talking(&world, A), talking(&world, B)), (3, 3));
    // Who only enters the room, as older programs do, is in the call, too.
    for end in [A, B] {
        world.sees(end, "dave", MediaChange::Entered);
    }
    assert_eq!((talking(&world, A), talking(&world, B)), (4, 4));
    world.hangup(B);
    leaves(&mut world, "bob", &[A]);
    assert_eq!(carol.read(&world), [], "the call goes on");
}

/// Two of ours call the group at once: to it these are two calls, and it may answer the one that
/// counts.
#[test]
fn calls_that_cross_are_two_invites_to_it() {
    let (mut world, mut carol) = (world(), Receiver::default());
    for (end, other) in [(A, "bob"), (B, "alice")] {
        let callees = vec![user(other), user("carol")];
        let (media_type, user_data) = (MediaType::Video, String::new());
        let (group_id, timeout_s) = (Some(group()), None);
        let action =
            BridgeAction::GroupCall { callees, group_id, media_type, timeout_s, user_data };
        call_reply(world.ask(end, action));
    }
    world.run(Duration::from_secs(1));
    assert_eq!((talking(&world, A), talking(&world, B)), (2, 2));
    let facts = world.ends[A].bridge.call().unwrap().facts;
    let read = carol.read(&world);
    let invites = read.iter().filter(|read| matches!(read, Read::Invited(..)));
    assert_eq!(invites.count(), 2, "{read:?}");
    // Which of the two it heard last decides what it answers here; its user may take either.
    carol.invite = Some(facts.invite_id.as_str().to_owned());
    carol.room = Some(facts.room_id.get().into());
    let answer = carol.answer(3, "G").replace("\"alice\"", &format!("{:?}", facts.caller.as_str()));
    says(&mut world, &answer, Some(group()));
    assert_eq!((talking(&world, A), talking(&world, B)), (3, 3));
}
