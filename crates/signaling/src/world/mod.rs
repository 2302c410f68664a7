//! A virtual world for tests and fuzzing: the server's machine and real mirrors, joined by links
//! that keep the order of each connection and no other. Every step is checked against what must
//! hold in any order.
//!
//! Not part of the API.

mod audit;
mod fuzz;
mod phone;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use calling_model::{CallId, DeviceId, Endpoint, Machine, UnixMillis, UserId};

pub use audit::Audit;
pub use fuzz::call_operations;
pub use phone::Phone;

use crate::calls::{CallAction, Calls, CallsConfig, CallsInput, CallsOutput, RequestToken};
use crate::client::{Command, MediaState};
use crate::protocol::{ClientFrame, Event, ProtocolError, Reply, Request, ServerFrame};

/// The whole of it.
#[derive(Clone, Debug)]
pub struct World {
    /// The one clock.
    pub now: Instant,
    /// The server's wall clock, which may jump.
    pub wall: UnixMillis,
    /// The server.
    pub server: Calls,
    /// The clients.
    pub phones: Vec<Phone>,
    /// Devices that are signed in and run no mirror.
    pub strangers: Vec<Endpoint>,
    /// What was seen so far.
    pub audit: Audit,
    /// Whether notices of ended calls wait for [`World::store`], as a slow database makes them.
    pub slow_store: bool,
    storing: VecDeque<Vec<(Endpoint, Event)>>,
    asked: BTreeMap<RequestToken, Asked>,
    tokens: u64,
    restarts: u8,
    config: CallsConfig,
}

/// Who waits for a reply: the request `id` on the `connection`th connection of a phone.
#[derive(Clone, Debug)]
struct Asked {
    endpoint: Endpoint,
    reply_to: Option<(usize, u64, u32)>,
}

impl World {
    /// A server and a signed-in client per `(user, device)`.
    ///
    /// # Panics
    /// If a name is no id.
    pub fn new(now: Instant, config: CallsConfig, names: &[(&str, &str)]) -> Self {
        let mut world = Self {
            now,
            wall: UnixMillis(1_700_000_000_000),
            server: Calls::new(config.clone(), [7; 32]),
            phones: Vec::new(),
            strangers: Vec::new(),
            audit: Audit::default(),
            slow_store: false,
            storing: VecDeque::new(),
            asked: BTreeMap::new(),
            tokens: 0,
            restarts: 0,
            config,
        };
        for (user, device) in names {
            world.phones.push(Phone::new(endpoint(user, device)));
            world.connect(world.phones.len() - 1);
        }
        world
    }

    /// Signs in a device that runs no mirror: what it is told is lost, what it asks is up to the
    /// test.
    pub fn add_stranger(&mut self, user: &str, device: &str) {
        let endpoint = endpoint(user, device);
        self.strangers.push(endpoint.clone());
        self.input(CallsInput::SignedIn { endpoint });
    }

    /// The user of phone `who` wants something. `false` if the mirror refused it.
    pub fn command(&mut self, who: usize, command: Command) -> bool {
        let accepted = self.phones[who].command(self.now, command);
        self.settle(who);
        accepted
    }

    /// The media connection of `who`'s call does something, as the client sees it.
    pub fn media(&mut self, who: usize, state: MediaState) {
        self.phones[who].media(self.now, state);
        self.settle(who);
    }

    /// The oldest frame from phone `who` reaches the server. `false` if there is none.
    pub fn deliver_up(&mut self, who: usize) -> bool {
        let Some(ClientFrame { id, request }) = self.phones[who].up.pop_front() else {
            return false;
        };
        let endpoint = self.phones[who].endpoint.clone();
        let reply_to = Some((who, id, self.phones[who].connection));
        if let Some(action) = self.action(request) {
            self.ask(endpoint, reply_to, action);
        }
        true
    }

    /// The oldest frame for phone `who` reaches it. `false` if there is none.
    pub fn deliver_down(&mut self, who: usize) -> bool {
        let Some(frame) = self.phones[who].down.pop_front() else { return false };
        self.phones[who].receive(self.now, frame);
        self.settle(who);
        true
    }

    /// A request that no mirror made: an old, hostile or broken client's.
    pub fn ask_raw(&mut self, from: &Endpoint, action: CallAction) {
        self.ask(from.clone(), None, action);
    }

    /// The connection of `who` goes dead: what is under way is lost, and nobody notices yet.
    pub fn cut(&mut self, who: usize) {
        let phone = &mut self.phones[who];
        phone.alive = false;
        phone.up.clear();
        phone.down.clear();
    }

    /// The client notices that its connection is dead.
    pub fn client_notices(&mut self, who: usize) {
        if !self.phones[who].alive && self.phones[who].client_up {
            self.phones[who].lose(self.now);
            self.settle(who);
        }
    }

    /// The server notices that the connection of `who` is dead.
    pub fn server_notices(&mut self, who: usize) {
        let phone = &mut self.phones[who];
        if !phone.alive && phone.server_up {
            phone.server_up = false;
            let endpoint = phone.endpoint.clone();
            self.input(CallsInput::Disconnected { endpoint });
        }
    }

    /// Phone `who`, having noticed, signs in on a new connection.
    pub fn connect(&mut self, who: usize) {
        let phone = &mut self.phones[who];
        if phone.alive || phone.client_up {
            return;
        }
        phone.connection += 1;
        (phone.alive, phone.client_up, phone.server_up) = (true, true, true);
        let endpoint = phone.endpoint.clone();
        phone.sign_in(self.now);
        self.input(CallsInput::SignedIn { endpoint });
        self.settle(who);
    }

    /// The server loses or finds the media connection of `who`'s call.
    pub fn peer(&mut self, who: usize, lost: bool) {
        let endpoint = self.phones[who].endpoint.clone();
        let Some(call) = self.server.call_of(&endpoint) else { return };
        let call_id = call.facts.call_id;
        self.input(if lost {
            CallsInput::PeerLost { call_id, endpoint }
        } else {
            CallsInput::PeerBack { call_id, endpoint }
        });
    }

    /// A call is stored, and the notices of its end go out. `false` if none waits.
    pub fn store(&mut self) -> bool {
        let Some(notices) = self.storing.pop_front() else { return false };
        for (to, event) in notices {
            self.tell(&to, event.into());
        }
        true
    }

    /// The server is killed and starts anew, empty. What had started is closed from its store.
    pub fn restart_server(&mut self) {
        self.restarts = self.restarts.wrapping_add(1);
        self.server = Calls::new(self.config.clone(), [self.restarts.wrapping_add(100); 32]);
        self.audit.server_restarted();
        self.storing.clear();
        for phone in &mut self.phones {
            phone.alive = false;
            phone.server_up = false;
            phone.up.clear();
            phone.down.clear();
        }
        for endpoint in self.strangers.clone() {
            self.input(CallsInput::SignedIn { endpoint });
        }
    }

    /// The operator signs phone `who` out; the connection closes behind it.
    pub fn kick(&mut self, who: usize) {
        let endpoint = self.phones[who].endpoint.clone();
        if self.phones[who].alive && self.phones[who].server_up {
            self.input(CallsInput::Kick { endpoint });
            self.phones[who].server_up = false;
        }
    }

    /// The server stops in good order.
    pub fn shut_down(&mut self) {
        self.input(CallsInput::Shutdown);
    }

    /// Time passes to the next deadline of anybody. `false` if there is none.
    pub fn wait(&mut self) -> bool {
        let phones = self.phones.iter().filter_map(Phone::deadline);
        let server = self.server.poll_timeout().map(|(at, _)| at);
        let Some(next) = phones.chain(server).min() else { return false };
        self.advance(next.saturating_duration_since(self.now));
        true
    }

    /// Time passes; what is due happens at its end.
    pub fn advance(&mut self, by: Duration) {
        self.now += by;
        self.wall = self.wall.saturating_add(by);
        self.server.handle_timeout(self.now);
        self.serve();
        for who in 0..self.phones.len() {
            self.phones[who].handle_timeout(self.now);
            self.settle(who);
        }
    }

    /// Whether no frame and no notice is under way.
    pub fn is_quiet(&self) -> bool {
        self.storing.is_empty()
            && self.phones.iter().all(|phone| phone.up.is_empty() && phone.down.is_empty())
    }

    /// Delivers everything under way, in a fixed order, until nothing is.
    ///
    /// # Panics
    /// If it never ends.
    pub fn deliver_all(&mut self) {
        let mut rounds = 0;
        while !self.is_quiet() {
            rounds += 1;
            assert!(rounds < 10_000, "the two never stop talking");
            self.store();
            for who in 0..self.phones.len() {
                self.deliver_up(who);
                self.deliver_down(who);
            }
        }
    }

    /// Lets everything come to rest: cut lines are noticed and mended, frames arrive. Then server
    /// and mirrors agree.
    pub fn come_to_rest(&mut self) {
        for who in 0..self.phones.len() {
            self.client_notices(who);
            self.server_notices(who);
            self.connect(who);
        }
        self.deliver_all();
        for phone in &self.phones {
            phone.assert_agrees_with(&self.server);
        }
    }

    /// Lets all time pass that anybody waits for.
    ///
    /// # Panics
    /// If somebody is still in a call then, or waits for something that never comes.
    pub fn end_of_time(&mut self) {
        self.come_to_rest();
        for _ in 0..1_000 {
            if !self.wait() {
                break;
            }
            self.deliver_all();
        }
        assert_eq!(self.server.live_calls(), 0, "somebody is in a call for ever");
        for phone in &self.phones {
            phone.assert_at_rest();
        }
        self.audit.assert_complete();
    }

    fn action(&mut self, request: Request) -> Option<CallAction> {
        match request {
            Request::Call(params) => Some(CallAction::Call {
                params,
                unknown: Vec::new(),
                outsiders: Vec::new(),
                at: self.wall,
            }),
            Request::Accept { call_id } => Some(CallAction::Accept { call_id }),
            Request::Reject { call_id, busy } => Some(CallAction::Reject { call_id, busy }),
            Request::Hangup { call_id } => Some(CallAction::Hangup { call_id }),
            Request::InviteUsers(params) => {
                Some(CallAction::InviteUsers { params, unknown: Vec::new(), outsiders: Vec::new() })
            }
            Request::Join { call_id } => Some(CallAction::Join { call_id, insider: true }),
            Request::SwitchMediaType { call_id, media_type } => {
                Some(CallAction::SwitchMediaType { call_id, media_type })
            }
            Request::GroupCall { group_id } => {
                Some(CallAction::GroupCall { group_id, insider: true })
            }
            Request::GetCall { call_id } => Some(CallAction::GetCall { call_id }),
            Request::Hello(_)
            | Request::SignIn(_)
            | Request::Resume(_)
            | Request::SignOut {}
            | Request::Ping {}
            | Request::GetIceServers {}
            | Request::ConnectMedia { .. }
            | Request::MediaReady { .. }
            | Request::SetMicMute { .. }
            | Request::SubscribeVideo { .. }
            | Request::SetVideoMute { .. }
            | Request::History(_)
            | Request::ReportQuality { .. }
            | Request::Chat(_) => None,
        }
    }

    fn ask(&mut self, from: Endpoint, reply_to: Option<(usize, u64, u32)>, action: CallAction) {
        self.tokens += 1;
        let request = RequestToken(self.tokens);
        self.asked.insert(request, Asked { endpoint: from.clone(), reply_to });
        self.audit.wished(&from, &action);
        self.input(CallsInput::Request { from, request, action });
        assert!(self.asked.is_empty(), "a request without a reply");
    }

    /// Anything that can happen to the server.
    ///
    /// # Panics
    /// If it is misuse.
    pub fn input(&mut self, input: CallsInput) {
        if let Err(misuse) = self.server.handle_input(self.now, input) {
            panic!("{misuse}");
        }
        self.serve();
    }

    fn serve(&mut self) {
        while let Some(output) = self.server.poll_output() {
            self.audit.output(&output);
            self.perform(output);
        }
        assert!(self.server.is_consistent());
        let due = self.server.poll_timeout().is_some_and(|(at, _)| at <= self.now);
        assert!(!due, "a deadline was handled but is still due");
    }

    fn perform(&mut self, output: CallsOutput) {
        match output {
            CallsOutput::Reply { to, request, result } => self.reply(&to, request, result),
            CallsOutput::Notify { to, event } => self.tell(&to, event.into()),
            CallsOutput::Ended { notices, .. } => {
                self.storing.push_back(notices);
                if !self.slow_store {
                    self.store();
                }
            }
            CallsOutput::GroupCall { group_id, call, .. } => {
                let event = Event::GroupCallChanged { group_id, call };
                for who in 0..self.phones.len() {
                    let to = self.phones[who].endpoint.clone();
                    self.tell(&to, event.clone().into());
                }
            }
            CallsOutput::Started { .. }
            | CallsOutput::Connected { .. }
            | CallsOutput::Joined { .. }
            | CallsOutput::Invited { .. }
            | CallsOutput::LeaveMedia { .. } => {}
        }
    }

    fn reply(
        &mut self,
        to: &Endpoint,
        request: RequestToken,
        result: Result<Reply, ProtocolError>,
    ) {
        let Some(asked) = self.asked.remove(&request) else { panic!("a reply nobody asked for") };
        assert_eq!(asked.endpoint, *to, "a reply to somebody else");
        let Some((who, id, connection)) = asked.reply_to else { return };
        if self.phones[who].connection == connection {
            let frame = match result {
                Ok(result) => ServerFrame::Reply { id, result },
                Err(error) => ServerFrame::Error { id: Some(id), error },
            };
            self.tell(to, frame);
        }
    }

    fn tell(&mut self, to: &Endpoint, frame: ServerFrame) {
        let phone = self.phones.iter_mut().find(|phone| phone.endpoint == *to);
        if let Some(phone) = phone.filter(|phone| phone.alive && phone.server_up) {
            phone.down.push_back(frame);
        }
    }

    /// Checks and performs what phone `who` wants.
    fn settle(&mut self, who: usize) {
        self.phones[who].drain(self.now, &self.audit);
    }

    /// Every call ever placed.
    pub fn calls_seen(&self) -> Vec<CallId> {
        self.audit.calls().cloned().collect()
    }
}

/// # Panics
/// If a name is no id.
fn endpoint(user: &str, device: &str) -> Endpoint {
    let (Ok(user), Ok(device)) = (UserId::new(user), DeviceId::new(device)) else {
        panic!("{user}/{device} is no endpoint");
    };
    Endpoint { user, device }
}

#[cfg(test)]
mod tests;
