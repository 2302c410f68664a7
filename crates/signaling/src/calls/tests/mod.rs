mod answering;
mod attacks;
mod coming;
mod crowds;
mod ending;
mod groups;
mod limits;
mod liveness;
mod placing;
mod roles;
mod rung;

use std::time::{Duration, Instant};

use calling_model::{CallId, Endpoint, Machine, MediaType, UnixMillis, UserId};
use calling_testkit::{drain, epoch, seed};

use super::{CallAction, Calls, CallsConfig, CallsInput, CallsOutput, RequestToken};
use crate::call::{CallFacts, EndedCall};
use crate::protocol::{CallParams, CallReply, Code, Event, ProtocolError, Reply};

/// When the wall clock says the test begins.
const START: UnixMillis = UnixMillis(1_700_000_000_000);

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// `"bob/b1"`.
fn device(name: &str) -> Endpoint {
    let (user, device) = name.split_once('/').unwrap();
    Endpoint { user: user.parse().unwrap(), device: device.parse().unwrap() }
}

fn to(callee: &str) -> CallParams {
    CallParams {
        callees: vec![user(callee)],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: String::new(),
        sent_at: None,
    }
}

/// The server's machine at a desk: what is put in, what comes out.
struct Desk {
    calls: Calls,
    now: Instant,
    /// Outputs not looked at yet.
    out: Vec<CallsOutput>,
    tokens: u64,
}

impl Desk {
    /// With these devices signed in.
    fn with(devices: &[&str]) -> Self {
        Self::configured(CallsConfig::default(), devices)
    }

    fn configured(config: CallsConfig, devices: &[&str]) -> Self {
        let calls = Calls::new(config, seed(1));
        let mut desk = Self { calls, now: epoch(), out: Vec::new(), tokens: 0 };
        for name in devices {
            desk.sign_in(name);
        }
        desk
    }

    fn input(&mut self, input: CallsInput) {
        self.calls.handle_input(self.now, input).unwrap();
        self.out.extend(drain(&mut self.calls).outputs);
    }

    fn sign_in(&mut self, name: &str) {
        self.input(CallsInput::SignedIn { endpoint: device(name) });
    }

    fn disconnect(&mut self, name: &str) {
        self.input(CallsInput::Disconnected { endpoint: device(name) });
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        let drained = drain(&mut self.calls).run_until(&mut self.calls, self.now);
        self.out.extend(drained.outputs);
    }

    fn seconds(&mut self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// Asks, and gives the one reply; the other outputs stay in `out`.
    fn ask(&mut self, name: &str, action: CallAction) -> Result<Reply, ProtocolError> {
        self.tokens += 1;
        let token = RequestToken(self.tokens);
        self.input(CallsInput::Request { from: device(name), request: token, action });
        let mine = |output: &mut CallsOutput| matches!(output, CallsOutput::Reply { request, .. } if *request == token);
        let mut replies: Vec<_> = self.out.extract_if(.., mine).collect();
        assert_eq!(replies.len(), 1, "exactly one reply");
        let CallsOutput::Reply { to, result, .. } = replies.remove(0) else { unreachable!() };
        assert_eq!(to, device(name));
        result
    }

    fn code(&mut self, name: &str, action: CallAction) -> Code {
        let error = self.ask(name, action).unwrap_err();
        assert!(error.message.ends_with('.') && error.message.len() > 20, "{}", error.message);
        error.code
    }

    fn call_with(&mut self, name: &str, params: CallParams) -> Result<CallReply, ProtocolError> {
        let action =
            CallAction::Call { params, unknown: Vec::new(), outsiders: Vec::new(), at: START };
        self.ask(name, action).map(|reply| {
            let Reply::Call(call) = reply else { panic!("{reply:?} to a call") };
            call
        })
    }

    /// Places a call, which must be granted.
    fn call(&mut self, name: &str, callee: &str) -> CallId {
        self.call_with(name, to(callee)).unwrap().facts.call_id
    }

    fn accept(&mut self, name: &str, call_id: &CallId) -> Result<Reply, ProtocolError> {
        self.ask(name, CallAction::Accept { call_id: call_id.clone() })
    }

    fn hang_up(&mut self, name: &str, call_id: &CallId) -> Result<Reply, ProtocolError> {
        self.ask(name, CallAction::Hangup { call_id: call_id.clone() })
    }

    /// Bob's first device answers Alice's call.
    fn connected() -> (Self, CallId) {
        let mut desk = Self::with(&["alice/a1", "bob/b1", "mallory/m1"]);
        let call_id = desk.call("alice/a1", "bob");
        desk.accept("bob/b1", &call_id).unwrap();
        desk.out.clear();
        (desk, call_id)
    }

    /// What one device was told since last asked, notices of ended calls included.
    fn told(&mut self, name: &str) -> Vec<Event> {
        let to_whom = device(name);
        let mut told = Vec::new();
        for output in &mut self.out {
            if let CallsOutput::Notify { to, event } = output
                && *to == to_whom
            {
                told.push(event.clone());
            }
            if let CallsOutput::Ended { notices, .. } = output {
                let mine = notices.extract_if(.., |(to, _)| *to == to_whom);
                told.extend(mine.map(|(_, event)| event));
            }
        }
        let mine = |output: &CallsOutput| matches!(output, CallsOutput::Notify { to, .. } if *to == to_whom);
        self.out.retain(|output| !mine(output));
        told
    }

    /// The calls that ended since last asked.
    fn ended(&mut self) -> Vec<EndedCall> {
        let ended = self.out.extract_if(.., |output| matches!(output, CallsOutput::Ended { .. }));
        let records = ended.map(|output| {
            let CallsOutput::Ended { ended, .. } = output else { unreachable!() };
            ended
        });
        records.collect()
    }

    /// The one call that ended.
    fn the_end(&mut self) -> EndedCall {
        let mut ended = self.ended();
        assert_eq!(ended.len(), 1);
        ended.remove(0)
    }

    /// The end of `call_id`, among those that ended.
    fn the_end_of(&mut self, call_id: &CallId) -> EndedCall {
        let is_it = |output: &CallsOutput| matches!(output, CallsOutput::Ended { ended, .. } if ended.facts.call_id == *call_id);
        let found = self.out.iter().find(|output| is_it(output)).cloned();
        let Some(CallsOutput::Ended { ended, .. }) = found else { panic!("it did not end") };
        ended
    }

    /// How often a call was connected since last asked, and to which devices of callees.
    fn winners(&self) -> Vec<Endpoint> {
        let connected = self.out.iter().filter_map(|output| {
            let CallsOutput::Connected { callee, .. } = output else { return None };
            Some(callee.clone())
        });
        connected.collect()
    }

    fn facts(&self, call_id: &CallId) -> CallFacts {
        self.calls.call(call_id).unwrap().facts
    }
}

fn elsewhere(call_id: &CallId, accepted: bool) -> Event {
    Event::HandledElsewhere { call_id: call_id.clone(), accepted }
}
