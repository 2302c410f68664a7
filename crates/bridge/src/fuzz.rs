//! Body of the fuzz target: two endpoints, any messages, any requests, any order.

use std::time::{Duration, Instant};

use calling_model::{CallId, GroupId, Machine, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::{GroupCallAttribute, RoomRef};

use crate::{
    Address, BridgeAction, BridgeConfig, BridgeEndpoint, BridgeInput, BridgeOutput, EndMessage,
    Incoming, MediaChange,
};

/// The longest script; more bytes are not read.
const MOST_OPERATIONS: usize = 400;

/// What is on its way at most.
const MOST_IN_FLIGHT: usize = 64;

/// Messages of other programs to call from, with `"X"` for the id.
const FOREIGN: [&str; 14] = [
    r#"{"actionType":1,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice"],"timeout":30,"data":"{\"version\":4,\"businessID\":\"av_call\",\"platform\":\"Android\",\"call_type\":2,\"room_id\":7,\"data\":{\"cmd\":\"videoCall\",\"room_id\":7}}"}"#,
    r#"{"actionType":2,"businessID":1,"inviteID":"X","inviter":"bob","data":"{\"call_type\":2}"}"#,
    r#"{"actionType":5,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice"],"data":"{\"call_type\":2}"}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"E","inviter":"bob","timeout":0,"data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":2,\"call_end\":3,\"data\":{\"cmd\":\"hangup\"}}"}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"S","inviter":"bob","timeout":30,"data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":2,\"data\":{\"cmd\":\"switchToAudio\"}}"}"#,
    r#"{"actionType":3,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice"],"data":"{\"call_type\":2}"}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice","carol"],"timeout":30,"groupID":"G","data":"{\"version\":4,\"businessID\":\"av_call\",\"platform\":\"Android\",\"call_type\":1,\"room_id\":9,\"data\":{\"cmd\":\"audioCall\"}}"}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice"],"timeout":30,"data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":1,\"room_id\":9,\"data\":{\"cmd\":\"audioCall\",\"userIDs\":[\"alice\",\"carol\"],\"initialCallId\":\"i\",\"inCallUserIDs\":[\"bob\",\"dave\"]}}"}"#,
    r#"{"actionType":2,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice","carol"],"groupID":"G","data":"{\"call_type\":1,\"room_id\":9}"}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"E","inviter":"bob","timeout":0,"groupID":"G","data":"{\"version\":4,\"businessID\":\"av_call\",\"call_type\":1,\"call_end\":0,\"data\":{\"cmd\":\"hangup\",\"room_id\":9}}"}"#,
    r#"{"version":4,"businessID":"av_call","call_action":7,"callid":"X","user":"carol","data":{"cmd":"sync_info","userIDs":["carol"]}}"#,
    r#"{"version":4,"businessID":"av_call","call_action":1,"callid":"X","user":"erin","data":{"cmd":"sync_info","userIDs":["erin","alice"]}}"#,
    r#"{"actionType":1,"businessID":1,"inviteID":"X","inviter":"bob","inviteeList":["alice","carol"],"timeout":30,"groupID":"G","data":"{\"version\":4,\"businessID\":\"av_call\",\"platform\":\"Calling\",\"call_type\":1,\"room_id\":1,\"data\":{\"cmd\":\"audioCall\",\"userIDs\":[\"alice\",\"carol\"]}}"}"#,
    r#"{"version":4,"businessID":"av_call","call_action":8,"callid":"","user":"bob","data":{"cmd":"sync_info","message":"switchToVideo","inviteTime":1700000099999}}"#,
];

struct World {
    now: Instant,
    wall: UnixMillis,
    ends: [BridgeEndpoint; 2],
    in_flight: Vec<(usize, Incoming)>,
    calls: [Option<CallId>; 2],
    replies: u64,
    requests: u64,
}

/// Fuzz body. A text that starts with `{` is a message to a ringing endpoint; anything else is a
/// script, two bytes per operation. Panics only if an invariant is broken.
#[expect(clippy::disallowed_methods, reason = "virtual time has to be counted from some instant")]
pub fn bridge_operations(data: &[u8]) {
    let end = |name: &str, end_message| {
        let config = BridgeConfig { end_message, ..BridgeConfig::default() };
        let me = UserId::new(name).unwrap_or_else(|_| unreachable!("a word"));
        BridgeEndpoint::new(config, me, [name.as_bytes()[0]; 32])
    };
    let mut world = World {
        now: Instant::now(),
        wall: UnixMillis(1_700_000_000_000),
        ends: [end("alice", EndMessage::WhoHangsUp), end("bob", EndMessage::WhoHangsUp)],
        in_flight: Vec::new(),
        calls: [None, None],
        replies: 0,
        requests: 0,
    };
    if data.first() == Some(&b'{') {
        world.request(0, 0);
        world.receive(0, 1, data.to_vec());
    } else {
        for operation in data.chunks_exact(2).take(MOST_OPERATIONS) {
            world.operate(operation[0], operation[1]);
        }
    }
    world.end_of_time();
}

impl World {
    fn operate(&mut self, what: u8, detail: u8) {
        let end = usize::from(detail & 1);
        let rest = usize::from(detail >> 1);
        match what % 10 {
            0..=2 => self.request(end, rest),
            3..=5 => self.deliver(rest, true),
            6 => self.deliver(rest, false),
            7 => {
                let foreign = FOREIGN[rest % FOREIGN.len()];
                let (id, from) = (format!("x{}", rest / 8 % 3), usize::from(rest % 5 != 0));
                self.receive(0, from, foreign.replace('X', &id).into_bytes());
            }
            8 => self.pass(Duration::from_millis(u64::from(detail) * 100)),
            _ => self.media(end, rest),
        }
    }

    fn request(&mut self, end: usize, rest: usize) {
        let (names, call_id) = (["alice", "bob"], self.calls[end].clone());
        let kind = match (rest, call_id.is_some()) {
            (120.., _) => 9,
            (_, true) => rest % 9,
            (_, false) => 0,
        };
        let call_id = call_id.or_else(|| CallId::new("none").ok());
        let (Some(call_id), Ok(callee)) = (call_id, UserId::new(names[1 - end])) else { return };
        let media_type = if rest < 64 { MediaType::Audio } else { MediaType::Video };
        let group_id = GroupId::new("G").ok().filter(|_| rest.is_multiple_of(2));
        let more = |names: &[&str]| -> Vec<UserId> {
            names.iter().filter_map(|name| UserId::new(*name).ok()).collect()
        };
        let action = match kind {
            0 | 1 if rest % 4 > 1 => {
                let mut callees = more(&["carol"]);
                callees.push(callee);
                let (timeout_s, user_data) = (None, String::new());
                BridgeAction::GroupCall { callees, group_id, media_type, timeout_s, user_data }
            }
            8 => {
                let users = more(&["dave", names[1 - end]]);
                BridgeAction::InviteUsers { call_id, users, timeout_s: None }
            }
            9 => {
                let mut users = more(&["carol"]);
                users.push(callee);
                let Ok(room) = RoomId::new(9).map(RoomRef::Number) else { return };
                let call_id = String::new();
                let call = GroupCallAttribute { room, group_id, media_type, users, call_id };
                BridgeAction::Join { call }
            }
            0 | 1 => {
                let timeout_s = rest.is_multiple_of(3).then_some(3);
                BridgeAction::Call { callee, media_type, timeout_s, user_data: String::new() }
            }
            2 | 3 => BridgeAction::Accept { call_id },
            4 => BridgeAction::Reject { call_id, busy: rest > 64 },
            5 => BridgeAction::Hangup { call_id },
            6 => BridgeAction::SwitchMediaType { call_id, media_type },
            _ => BridgeAction::GetCall { call_id },
        };
        self.requests += 1;
        let request = RequestToken(self.requests);
        self.input(end, BridgeInput::Request { request, action, at: self.wall });
    }

    fn media(&mut self, end: usize, rest: usize) {
        let Some(call_id) = self.calls[end].clone() else { return };
        self.input(
            end,
            match rest % 9 {
                5..=8 => {
                    let change = [
                        MediaChange::Entered,
                        MediaChange::Left,
                        MediaChange::Lost,
                        MediaChange::Back,
                    ][rest % 9 - 5];
                    let name = ["alice", "bob", "carol", "dave"][rest / 9 % 4];
                    let Ok(user) = UserId::new(name) else { return };
                    BridgeInput::MemberMedia { call_id, user, change }
                }
                0 => BridgeInput::PeerLeft { call_id },
                1 => BridgeInput::PeerLost { call_id },
                2 => BridgeInput::PeerBack { call_id },
                3 => BridgeInput::SendFailed { call_id },
                _ => BridgeInput::Shutdown,
            },
        );
    }

    /// Delivers any message on the way, which then is (`true`) or stays on it.
    fn deliver(&mut self, which: usize, take: bool) {
        if self.in_flight.is_empty() {
            return;
        }
        let which = which % self.in_flight.len();
        let (to, message) =
            if take { self.in_flight.remove(which) } else { self.in_flight[which].clone() };
        self.input(to, BridgeInput::Received { message, at: self.wall });
    }

    fn receive(&mut self, to: usize, from: usize, bytes: Vec<u8>) {
        let from = self.ends[from].me().clone();
        let of_group = bytes.windows(11).any(|part| part == b"\"groupID\":\"");
        let group = GroupId::new("G").ok().filter(|_| of_group);
        let message = Incoming { from, group, bytes, sent_at: self.wall };
        self.input(to, BridgeInput::Received { message, at: self.wall });
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.wall = self.wall.saturating_add(time);
        for end in 0..2 {
            self.ends[end].handle_timeout(self.now);
            self.drain(end);
        }
    }

    fn input(&mut self, end: usize, input: BridgeInput) {
        match self.ends[end].handle_input(self.now, input) {
            Ok(()) => self.drain(end),
            Err(never) => match never {},
        }
    }

    fn drain(&mut self, end: usize) {
        while let Some(output) = self.ends[end].poll_output() {
            match output {
                BridgeOutput::Send { to, text, .. } if self.in_flight.len() < MOST_IN_FLIGHT => {
                    let from = self.ends[end].me().clone();
                    let bytes = text.into_bytes();
                    let group = match to {
                        Address::User(_) => None,
                        Address::Group(group) => Some(group),
                    };
                    let message = Incoming { from, group, bytes, sent_at: self.wall };
                    self.in_flight.push((1 - end, message));
                    // So that no two messages are sent at the same time.
                    self.wall.0 += 1;
                }
                BridgeOutput::Reply { .. } => self.replies += 1,
                BridgeOutput::Send { .. }
                | BridgeOutput::Event(_)
                | BridgeOutput::Connected { .. }
                | BridgeOutput::LeaveMedia { .. }
                | BridgeOutput::GroupCall { .. }
                | BridgeOutput::Ended(_) => {}
            }
        }
        self.calls[end] = self.ends[end].call().map(|call| call.facts.call_id);
        assert!(self.ends[end].is_consistent());
        if let Some((at, reason)) = self.ends[end].poll_timeout() {
            assert!(at > self.now, "{reason:?} is due and was not handled");
        }
    }

    /// Nobody stays in a call for ever, and nobody waits for a reply.
    fn end_of_time(mut self) {
        let day = BridgeConfig::default().max_call_length;
        self.pass(Duration::from_secs(200));
        self.pass(day);
        for end in &self.ends {
            assert!(end.call().is_none() && end.poll_timeout().is_none());
        }
        assert_eq!(self.replies, self.requests);
    }
}
