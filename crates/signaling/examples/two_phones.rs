//! Alice rings Bob's two phones in virtual time; the timeline of it all is printed.
//!
//! `cargo run -p calling-signaling --example two_phones`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use calling_model::{Endpoint, Machine, MediaType, UnixMillis, UserId};
use calling_signaling::calls::{
    CallAction, Calls, CallsConfig, CallsInput, CallsOutput, RequestToken,
};
use calling_signaling::client::{
    ClientCalls, ClientConfig, ClientInput, ClientOutput, Command, CommandToken,
};
use calling_signaling::protocol::{CallParams, Request, ServerFrame};
use calling_testkit::{epoch, seed};

/// One way between a phone and the server.
const DELAY: Duration = Duration::from_millis(25);

/// What arrives somewhere, and when.
enum Arrival {
    AtServer(Endpoint, u64, Request),
    AtPhone(Endpoint, ServerFrame),
}

struct Demo {
    now: Instant,
    server: Calls,
    phones: BTreeMap<Endpoint, ClientCalls>,
    on_the_way: BTreeMap<(Instant, u64), Arrival>,
    sent: u64,
}

impl Demo {
    fn say(&self, who: &str, what: impl std::fmt::Display) {
        println!("{:>7} ms  {who:<10} {what}", self.now.duration_since(epoch()).as_millis());
    }

    fn send(&mut self, arrival: Arrival) {
        self.sent += 1;
        self.on_the_way.insert((self.now + DELAY, self.sent), arrival);
    }

    fn server(&mut self, input: CallsInput) -> Result<(), Box<dyn Error>> {
        self.server.handle_input(self.now, input)?;
        while let Some(output) = self.server.poll_output() {
            match output {
                // A real server does so before it goes on.
                CallsOutput::Started { .. } => self.say("server", "stores the call"),
                CallsOutput::Connected { .. } => self.say("server", "opens the gate"),
                // In calls among several alone.
                CallsOutput::Joined { .. }
                | CallsOutput::Invited { .. }
                | CallsOutput::GroupCall { .. } => {}
                CallsOutput::LeaveMedia { .. } => self.say("server", "closes a media connection"),
                CallsOutput::Reply { to, request, result } => {
                    let frame = ServerFrame::Reply { id: request.0, result: result? };
                    self.send(Arrival::AtPhone(to, frame));
                }
                CallsOutput::Notify { to, event } => self.send(Arrival::AtPhone(to, event.into())),
                CallsOutput::Ended { ended, notices } => {
                    self.say("server", format!("stores the record: {:?}", ended.outcome));
                    for (to, event) in notices {
                        self.send(Arrival::AtPhone(to, event.into()));
                    }
                }
            }
        }
        Ok(())
    }

    fn phone(&mut self, at: &Endpoint, input: ClientInput) -> Result<(), Box<dyn Error>> {
        let phone = self.phones.get_mut(at).ok_or("no such phone")?;
        phone.handle_input(self.now, input)?;
        let outputs: Vec<_> = std::iter::from_fn(|| phone.poll_output()).collect();
        for output in outputs {
            let name = at.device.as_str();
            match output {
                ClientOutput::Send { id, request } => {
                    self.send(Arrival::AtServer(at.clone(), id, request));
                }
                ClientOutput::Emit(event) => self.say(name, serde_json::to_string(&event)?),
                ClientOutput::StartMedia { .. } => self.say(name, "gets media ready"),
                ClientOutput::OpenGate { .. } => self.say(name, "opens microphone and playout"),
                ClientOutput::StopMedia { .. } => self.say(name, "stops media"),
                ClientOutput::RemoteMedia { .. } | ClientOutput::Finished { .. } => {}
            }
        }
        Ok(())
    }

    /// Lets time pass, and whatever arrives in it arrive.
    fn run(&mut self, time: Duration) -> Result<(), Box<dyn Error>> {
        let end = self.now + time;
        while let Some(next) = self.on_the_way.first_entry().filter(|next| next.key().0 <= end) {
            self.now = next.key().0;
            match next.remove() {
                Arrival::AtPhone(to, frame) => self.phone(&to, ClientInput::Server(frame))?,
                Arrival::AtServer(from, id, request) => {
                    let action = action(request).ok_or("not part of this story")?;
                    self.server(CallsInput::Request { from, request: RequestToken(id), action })?;
                }
            }
        }
        self.now = end;
        Ok(())
    }
}

fn action(request: Request) -> Option<CallAction> {
    if let Request::Call(params) = request {
        let (unknown, outsiders) = (Vec::new(), Vec::new());
        return Some(CallAction::Call { params, unknown, outsiders, at: UnixMillis(0) });
    }
    if let Request::Accept { call_id } = request {
        return Some(CallAction::Accept { call_id });
    }
    let Request::Hangup { call_id } = request else { return None };
    Some(CallAction::Hangup { call_id })
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = Calls::new(CallsConfig::default(), seed(1));
    let phones = BTreeMap::new();
    let mut demo = Demo { now: epoch(), server, phones, on_the_way: BTreeMap::new(), sent: 0 };
    let mut endpoints = Vec::new();
    for (user, device) in [("alice", "alice"), ("bob", "bob-desk"), ("bob", "bob-pocket")] {
        let endpoint = Endpoint { user: user.parse()?, device: device.parse()? };
        let mirror = ClientCalls::new(ClientConfig::default(), endpoint.user.clone());
        demo.phones.insert(endpoint.clone(), mirror);
        demo.server(CallsInput::SignedIn { endpoint: endpoint.clone() })?;
        demo.phone(&endpoint, ClientInput::SignedIn)?;
        endpoints.push(endpoint);
    }
    let callees: Vec<UserId> = vec!["bob".parse()?];
    let (media_type, user_data) = (MediaType::Audio, String::new());
    let (group_id, timeout_s, sent_at) = (None, None, None);
    let params = CallParams { callees, media_type, group_id, timeout_s, user_data, sent_at };
    let command = |command| ClientInput::Command { token: CommandToken(1), command };
    demo.phone(&endpoints[0], command(Command::Call(params)))?;
    demo.run(Duration::from_secs(4))?;
    demo.phone(&endpoints[2], command(Command::Accept))?;
    demo.run(Duration::from_secs(65))?;
    demo.phone(&endpoints[0], command(Command::Hangup))?;
    demo.run(Duration::from_secs(1))
}
