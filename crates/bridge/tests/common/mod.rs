//! A few endpoints and what is between them, in virtual time.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod party;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use calling_bridge::{
    Address, BridgeAction, BridgeConfig, BridgeDiscard, BridgeEndpoint, BridgeInput, BridgeOutput,
    EndMessage, Incoming, MediaChange,
};
use calling_impair::{Impairment, Link};
use calling_model::{CallId, GroupId, MediaType, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::{Envelope, GroupCallAttribute, RoomRef, Signal, decode_envelope};
use calling_signaling::protocol::{CallReply, Event, ProtocolError, Reply};
use calling_testkit::{drain, epoch, seed};

pub(crate) fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// A network that loses, doubles and delays.
pub(crate) fn weather(loss: f64, duplicate: f64, jitter_ms: u64) -> Impairment {
    Impairment {
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(jitter_ms),
        loss,
        duplicate,
        ..Impairment::default()
    }
}

pub(crate) fn who_hangs_up() -> BridgeConfig {
    BridgeConfig { end_message: EndMessage::WhoHangsUp, ..BridgeConfig::default() }
}

/// One user's end and all it ever wanted done.
pub(crate) struct End {
    pub(crate) name: &'static str,
    pub(crate) bridge: BridgeEndpoint,
    pub(crate) events: Vec<Event>,
    pub(crate) records: Vec<EndedCall>,
    pub(crate) connected: Vec<(CallFacts, RoomRef)>,
    pub(crate) replies: BTreeMap<u64, Result<Reply, ProtocolError>>,
    pub(crate) sent: Vec<(UserId, Envelope)>,
    /// All that was sent, to users and groups.
    pub(crate) posted: Vec<(Address, String)>,
    pub(crate) left_media: usize,
    /// What arrives is kept back.
    pub(crate) deaf: bool,
    pub(crate) missed: Vec<Incoming>,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) wall: UnixMillis,
    pub(crate) ends: Vec<End>,
    pub(crate) network: Link<(usize, Incoming)>,
    /// All that anybody sent, in order: whom to, and what.
    pub(crate) log: Vec<(Address, String)>,
    /// What the members of each group see of its call.
    pub(crate) attributes: BTreeMap<GroupId, Option<GroupCallAttribute>>,
    requests: u64,
}

impl World {
    pub(crate) fn new(
        names: &[&'static str],
        config: &BridgeConfig,
        weather: Impairment,
        number: u64,
    ) -> Self {
        let end = |(index, name): (usize, &&'static str)| End {
            name,
            bridge: BridgeEndpoint::new(
                config.clone(),
                user(name),
                seed(number * 16 + u64::try_from(index).unwrap()),
            ),
            events: Vec::new(),
            records: Vec::new(),
            connected: Vec::new(),
            replies: BTreeMap::new(),
            sent: Vec::new(),
            posted: Vec::new(),
            left_media: 0,
            deaf: false,
            missed: Vec::new(),
        };
        Self {
            now: epoch(),
            wall: UnixMillis(1_700_000_000_000),
            ends: names.iter().enumerate().map(end).collect(),
            network: Link::new(weather, number),
            log: Vec::new(),
            attributes: BTreeMap::new(),
            requests: 0,
        }
    }

    /// Alice and Bob on a good network, 20 ms apart.
    pub(crate) fn pair(config: &BridgeConfig) -> Self {
        let delay = Duration::from_millis(20);
        let weather = Impairment { delay, ..Impairment::default() };
        Self::new(&["alice", "bob"], config, weather, 1)
    }

    pub(crate) fn input(&mut self, end: usize, input: BridgeInput) {
        self.ends[end].bridge.handle_input_infallible(self.now, input);
        self.drain(end);
    }

    pub(crate) fn request(&mut self, end: usize, action: BridgeAction) -> u64 {
        self.requests += 1;
        let request = RequestToken(self.requests);
        self.input(end, BridgeInput::Request { request, action, at: self.wall });
        self.requests
    }

    /// A request that is answered at once.
    pub(crate) fn ask(&mut self, end: usize, action: BridgeAction) -> Result<Reply, ProtocolError> {
        let request = self.request(end, action);
        self.ends[end].replies[&request].clone()
    }

    pub(crate) fn call(&mut self, end: usize, callee: &str, media_type: MediaType) -> CallReply {
        let action = BridgeAction::Call {
            callee: user(callee),
            media_type,
            timeout_s: None,
            user_data: "order 7".to_owned(),
        };
        call_reply(self.ask(end, action))
    }

    pub(crate) fn accept(&mut self, end: usize) -> CallReply {
        let call_id = self.call_id(end);
        call_reply(self.ask(end, BridgeAction::Accept { call_id }))
    }

    pub(crate) fn reject(&mut self, end: usize, busy: bool) {
        let call_id = self.call_id(end);
        self.ask(end, BridgeAction::Reject { call_id, busy }).unwrap();
    }

    pub(crate) fn hangup(&mut self, end: usize) {
        let call_id = self.call_id(end);
        self.ask(end, BridgeAction::Hangup { call_id }).unwrap();
    }

    pub(crate) fn call_id(&self, end: usize) -> CallId {
        self.ends[end].bridge.call().expect("is in a call").facts.call_id
    }

    /// What was kept back arrives.
    pub(crate) fn hear_missed(&mut self, end: usize) {
        self.ends[end].deaf = false;
        for message in std::mem::take(&mut self.ends[end].missed) {
            self.input(end, BridgeInput::Received { message, at: self.wall });
        }
    }

    /// Somebody's media, as `end` sees it.
    pub(crate) fn sees(&mut self, end: usize, name: &str, change: MediaChange) {
        let (call_id, user) = (self.call_id(end), user(name));
        self.input(end, BridgeInput::MemberMedia { call_id, user, change });
    }

    pub(crate) fn switch(&mut self, end: usize, media_type: MediaType) -> u64 {
        let call_id = self.call_id(end);
        self.request(end, BridgeAction::SwitchMediaType { call_id, media_type })
    }

    /// The medium of the call `end` is in.
    pub(crate) fn medium(&self, end: usize) -> MediaType {
        self.ends[end].bridge.call().expect("is in a call").facts.media_type
    }

    pub(crate) fn in_call(&self) -> Vec<bool> {
        self.ends.iter().map(|end| end.bridge.call().is_some()).collect()
    }

    /// A message from outside arrives, sent `age` ago.
    pub(crate) fn receive(&mut self, end: usize, from: &str, text: &str, age: Duration) {
        let age = u64::try_from(age.as_millis()).unwrap();
        let message = Incoming {
            from: user(from),
            group: None,
            bytes: text.as_bytes().to_vec(),
            sent_at: UnixMillis(self.wall.0 - age),
        };
        self.input(end, BridgeInput::Received { message, at: self.wall });
    }

    /// Lets time pass, and what arrives in it arrive.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let timers = self.ends.iter().filter_map(|end| Some(deadline(&end.bridge)?.0));
            let Some(next) = timers.chain(self.network.next_arrival()).min() else { break };
            if next > end {
                break;
            }
            self.advance(next);
            while let Some((_, (to, message))) = self.network.receive(self.now) {
                if self.ends[to].deaf {
                    self.ends[to].missed.push(message);
                } else {
                    self.input(to, BridgeInput::Received { message, at: self.wall });
                }
            }
            for index in 0..self.ends.len() {
                self.ends[index].bridge.fire(self.now);
                self.drain(index);
            }
        }
        self.advance(end);
    }

    fn advance(&mut self, to: Instant) {
        let step = to.saturating_duration_since(self.now);
        self.wall = self.wall.saturating_add(step);
        self.now = self.now.max(to);
    }

    fn drain(&mut self, index: usize) {
        let drained = drain(&mut self.ends[index].bridge);
        if let Some((at, reason)) = drained.timeout {
            assert!(at > self.now, "{reason:?} is due and was not handled");
        }
        assert!(self.ends[index].bridge.is_consistent());
        for output in drained.outputs {
            match output {
                BridgeOutput::Send { to, text, .. } => self.send(index, &to, &text),
                BridgeOutput::Reply { request, result } => {
                    let doubled = self.ends[index].replies.insert(request.0, result);
                    assert!(doubled.is_none(), "a second reply");
                }
                BridgeOutput::Event(event) => self.ends[index].events.push(event),
                BridgeOutput::Connected { facts, room, .. } => {
                    self.ends[index].connected.push((facts, room));
                }
                BridgeOutput::LeaveMedia { .. } => self.ends[index].left_media += 1,
                BridgeOutput::GroupCall { group_id, call } => {
                    self.attributes.insert(group_id, call);
                }
                BridgeOutput::Ended(ended) => self.ends[index].records.push(ended),
            }
        }
    }

    fn send(&mut self, from: usize, to: &Address, text: &str) {
        self.ends[from].posted.push((to.clone(), text.to_owned()));
        self.log.push((to.clone(), text.to_owned()));
        let group = match to {
            Address::User(to) => {
                if let Ok(envelope) = decode_envelope(text) {
                    self.ends[from].sent.push((to.clone(), envelope));
                }
                None
            }
            Address::Group(group) => Some(group.clone()),
        };
        let message = Incoming {
            from: user(self.ends[from].name),
            bytes: text.as_bytes().to_vec(),
            sent_at: self.wall,
            group,
        };
        // Everybody is in every group, and hears the own messages too.
        for (there, end) in self.ends.iter().enumerate() {
            let reached = match to {
                Address::User(to) => user(end.name) == *to,
                Address::Group(_) => true,
            };
            if reached {
                self.network.send(self.now, (there, message.clone()));
            }
        }
        // So that no two messages of one end are sent at the same time.
        self.wall.0 += u64::from(matches!(to, Address::Group(_)));
    }
}

impl End {
    /// What was sent, by meaning.
    pub(crate) fn signals(&self) -> Vec<Signal> {
        self.sent.iter().map(|(_, envelope)| envelope.signal().unwrap()).collect()
    }

    /// The names of what the user heard.
    pub(crate) fn heard(&self) -> Vec<String> {
        let name = |event: &Event| {
            let json = serde_json::to_value(event).unwrap();
            json["event"].as_str().unwrap().to_owned()
        };
        self.events.iter().map(name).collect()
    }

    /// Of how many calls the user was told that they ring, and that they do no more.
    pub(crate) fn told(&self) -> (usize, usize) {
        let heard = self.heard();
        let count =
            |names: &[&str]| heard.iter().filter(|name| names.contains(&name.as_str())).count();
        (count(&["invited"]), count(&["ended", "cancelled", "timed_out", "handled_elsewhere"]))
    }

    pub(crate) fn discarded(&self, discard: BridgeDiscard) -> u64 {
        self.bridge.stats().discarded.get(&discard).copied().unwrap_or(0)
    }

    pub(crate) fn all_discarded(&self) -> u64 {
        self.bridge.stats().discarded.values().sum()
    }
}

pub(crate) fn call_reply(reply: Result<Reply, ProtocolError>) -> CallReply {
    let Ok(Reply::Call(call)) = reply else { panic!("no call: {reply:?}") };
    call
}

fn deadline(bridge: &BridgeEndpoint) -> Option<(Instant, calling_bridge::BridgeReason)> {
    calling_model::Machine::poll_timeout(bridge)
}

trait Infallibly {
    fn handle_input_infallible(&mut self, now: Instant, input: BridgeInput);
    fn fire(&mut self, now: Instant);
}

impl Infallibly for BridgeEndpoint {
    fn handle_input_infallible(&mut self, now: Instant, input: BridgeInput) {
        calling_model::Machine::handle_input(self, now, input).unwrap();
    }

    fn fire(&mut self, now: Instant) {
        calling_model::Machine::handle_timeout(self, now);
    }
}
