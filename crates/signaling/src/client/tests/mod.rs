mod callee;
mod caller;
mod groups;
mod links;
mod media;
mod misuse;
mod orders;

use std::time::{Duration, Instant};

use calling_model::{CallId, Machine, MediaType, RoomId, UnixMillis, UserId};
use calling_testkit::{drain, epoch};

use super::{
    ClientCalls, ClientConfig, ClientInput, ClientMisuse, ClientOutput, ClientPhase, Command,
    CommandToken, Connection, ListenerEvent, MediaState,
};
use crate::call::{CallFacts, Outcome, Role};
use crate::protocol::{
    CallParams, CallReply, Code, Event, ProtocolError, Reply, Request, ServerFrame,
};

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn call_id(number: u8) -> CallId {
    format!("{number:032x}").parse().unwrap()
}

fn facts(number: u8, caller: &str, callee: &str) -> CallFacts {
    CallFacts {
        call_id: call_id(number),
        invite_id: "i".parse().unwrap(),
        room_id: RoomId::new(7).unwrap(),
        caller: user(caller),
        callees: vec![user(callee)],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: String::new(),
        started_at: UnixMillis(1),
    }
}

fn params(callee: &str) -> CallParams {
    CallParams {
        callees: vec![user(callee)],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    }
}

fn call_reply(number: u8, caller: &str, callee: &str, role: Role, connected: bool) -> CallReply {
    CallReply { facts: facts(number, caller, callee), role, connected, members: Vec::new() }
}

fn ended(number: u8, outcome: Outcome, by: Option<&str>, duration_ms: u64) -> Event {
    Event::Ended { call_id: call_id(number), outcome, by: by.map(user), duration_ms }
}

/// What the application heard, or was told about media, in one word each.
fn words(outputs: &[ClientOutput]) -> Vec<String> {
    outputs.iter().filter_map(word).collect()
}

fn word(output: &ClientOutput) -> Option<String> {
    match output {
        ClientOutput::Send { .. } => None,
        ClientOutput::Emit(event) => {
            let json = serde_json::to_value(event).unwrap();
            Some(json["event"].as_str().unwrap().to_owned())
        }
        ClientOutput::Finished { result: Ok(_), .. } => Some("OK".into()),
        ClientOutput::Finished { result: Err(error), .. } => {
            Some(format!("ERR {}", i32::from(error.code)))
        }
        ClientOutput::StartMedia { .. } => Some("START".into()),
        ClientOutput::OpenGate { .. } => Some("OPEN".into()),
        ClientOutput::RemoteMedia { .. } => Some("REMOTE".into()),
        ClientOutput::StopMedia { .. } => Some("STOP".into()),
    }
}

/// Bob's handset: what is put in, what comes out.
struct Handset {
    mirror: ClientCalls,
    now: Instant,
    out: Vec<ClientOutput>,
    tokens: u64,
}

impl Handset {
    /// Signed in as `name`.
    fn of(name: &str) -> Self {
        let mirror = ClientCalls::new(ClientConfig::default(), user(name));
        let mut handset = Self { mirror, now: epoch(), out: Vec::new(), tokens: 0 };
        handset.input(ClientInput::SignedIn);
        handset
    }

    fn try_input(&mut self, input: ClientInput) -> Result<(), ClientMisuse> {
        let result = self.mirror.handle_input(self.now, input);
        self.out.extend(drain(&mut self.mirror).outputs);
        result
    }

    fn input(&mut self, input: ClientInput) {
        self.try_input(input).unwrap();
    }

    fn try_command(&mut self, command: Command) -> Result<(), ClientMisuse> {
        self.tokens += 1;
        let token = CommandToken(self.tokens);
        self.try_input(ClientInput::Command { token, command })
    }

    fn command(&mut self, command: Command) {
        self.try_command(command).unwrap();
    }

    fn event(&mut self, event: Event) {
        self.input(ClientInput::Server(event.into()));
    }

    fn reply(&mut self, id: u64, result: Reply) {
        self.input(ClientInput::Server(ServerFrame::Reply { id, result }));
    }

    fn refuse(&mut self, id: u64, code: Code) {
        let error = ProtocolError::new(code, "No.");
        self.input(ClientInput::Server(ServerFrame::Error { id: Some(id), error }));
    }

    fn media(&mut self, number: u8, state: MediaState) {
        self.input(ClientInput::Media { call_id: call_id(number), state });
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        let drained = drain(&mut self.mirror).run_until(&mut self.mirror, self.now);
        self.out.extend(drained.outputs);
    }

    fn seconds(&mut self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// The requests sent since last asked.
    fn sent(&mut self) -> Vec<(u64, Request)> {
        let sends = self.out.extract_if(.., |output| matches!(output, ClientOutput::Send { .. }));
        let sends = sends.map(|output| {
            let ClientOutput::Send { id, request } = output else { unreachable!() };
            (id, request)
        });
        sends.collect()
    }

    /// The one request sent since last asked.
    fn sent_one(&mut self) -> (u64, Request) {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }

    /// All but requests, since last asked, in words.
    fn words(&mut self) -> Vec<String> {
        let words = words(&self.out);
        self.out.retain(|output| matches!(output, ClientOutput::Send { .. }));
        words
    }

    /// The last event the application heard.
    fn heard(&self) -> &ListenerEvent {
        let events = self.out.iter().rev().find_map(|output| {
            let ClientOutput::Emit(event) = output else { return None };
            Some(event)
        });
        events.unwrap()
    }

    /// Alice, whose call 1 to Bob rings.
    fn ringing_out() -> Self {
        let mut alice = Self::of("alice");
        alice.command(Command::Call(params("bob")));
        let (id, _) = alice.sent_one();
        alice.reply(id, Reply::Call(call_reply(1, "alice", "bob", Role::Caller, false)));
        alice.out.clear();
        alice
    }

    /// Bob, on whose device Alice's call 1 rings.
    fn ringing_in() -> Self {
        let mut bob = Self::of("bob");
        bob.event(Event::invited(facts(1, "alice", "bob"), 30_000));
        bob.out.clear();
        bob
    }

    /// Alice, whose call 1 Bob accepted.
    fn talking() -> Self {
        let mut alice = Self::ringing_out();
        alice.event(Event::Accepted { call_id: call_id(1), user: user("bob") });
        alice.out.clear();
        alice
    }

    fn phase(&self) -> ClientPhase {
        self.mirror.phase()
    }
}
