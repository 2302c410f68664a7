//! The call machine's mirror in a client.
//!
//! [`ClientCalls`] is told what the user wishes, what the server says and what media does, and
//! says in [`ClientOutput`]s what to send, what to tell the application and when media may start.
//! It follows the contract of [`Machine`].
//!
//! The server is the authority; the mirror believes it in everything but one: the microphone of a
//! user who neither called nor accepted stays closed, whatever the server says.
//!
//! What holds in every order in which messages may arrive:
//!
//! * [`ClientOutput::OpenGate`] only after the server said "accepted" (or a reply "connected"),
//!   at most once per call, and never after its [`ClientOutput::StopMedia`];
//! * each command that was not refused gets exactly one [`ClientOutput::Finished`];
//! * each [`ListenerEvent::Invited`] is followed by exactly one event that ends the ringing for
//!   good, each [`ListenerEvent::CallBegin`] by exactly one [`ListenerEvent::CallEnd`].

mod commands;
mod config;
mod connecting;
mod ended;
mod event;
mod events;
mod input;
mod media;
mod members;
mod output;
mod pending;
mod replies;
mod state;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use calling_model::{Machine, UnixMillis, UserId};

pub use config::ClientConfig;
pub use event::{Connection, ListenerEvent, NetworkQuality, UserQuality};
pub use input::{ClientInput, Command, CommandToken, MediaState};
pub use output::ClientOutput;

use ended::Over;
use events::Held;
use media::Media;
use members::Members;
use pending::{Pending, Purpose};
use state::{Close, Session, State};

use crate::call::{CallFacts, Outcome, Role};
use crate::protocol::{Code, Member, Request, ServerFrame};

/// A command that makes no sense now; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientMisuse {
    /// A call was asked for during another.
    #[error("this device is in a call; hang up before calling again")]
    AlreadyInCall,
    /// Accept, reject or ignore without an incoming call.
    #[error("no call is coming in; wait for Invited before answering")]
    NoIncomingCall,
    /// The incoming call was answered or declined already.
    #[error("the call was answered or declined already; wait for what comes of it")]
    AlreadyAnswered,
    /// Hang up without a call.
    #[error("there is no call to hang up")]
    NotInCall,
    /// A call without signalling.
    #[error("not connected to the server; sign in, or wait for Recovered, and try again")]
    NotSignedIn,
    /// A call to nobody.
    #[error("name somebody to call")]
    NobodyNamed,
    /// A call to oneself.
    #[error("one cannot call oneself; name somebody else")]
    CallYourself,
    /// Too much `user_data`.
    #[error("user_data is at most {limit} bytes; send less")]
    UserDataTooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl ClientMisuse {
    /// The stable code, as the server would give it.
    pub const fn code(self) -> Code {
        match self {
            Self::AlreadyInCall | Self::NoIncomingCall | Self::NotInCall => Code::WrongState,
            Self::AlreadyAnswered => Code::Repeated,
            Self::NotSignedIn => Code::NotInitialised,
            Self::NobodyNamed | Self::CallYourself | Self::UserDataTooLong { .. } => {
                Code::BadParameter
            }
        }
    }
}

/// Why [`ClientCalls`] has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientReason {
    /// A request has had no answer.
    RequestTimeout,
    /// A call rang longer than the server should have let it.
    RingTimeout,
    /// Signalling has not come back during a call.
    SignallingLost,
    /// The server did not say how a call ended.
    Closing,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientPhase {
    /// In no call.
    Idle,
    /// Asked the server to place a call.
    Requested,
    /// The call it placed rings.
    Outgoing,
    /// A call comes in.
    Incoming,
    /// In conversation.
    Connected,
    /// Hung up or answered too late; waits for the server's last word.
    Closing,
}

/// Counters of what was passed over; none of it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Words about calls that are over or were never this device's.
    pub stale: u64,
    /// Calls the server believed this device to be in and this device left.
    pub orphans: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignallingLink {
    SignedOut,
    Up,
    Lost,
}

/// One client's view of its call.
#[derive(Clone, Debug)]
pub struct ClientCalls {
    config: ClientConfig,
    user: UserId,
    link: SignallingLink,
    state: State,
    held: Option<Held>,
    over: Over,
    pending: Pending,
    muted: bool,
    /// What the server's wall clock showed when.
    clock: Option<(Instant, UnixMillis)>,
    next_id: u64,
    stats: ClientStats,
    outputs: VecDeque<ClientOutput>,
}

impl ClientCalls {
    /// In no call, signed out. `user` is this client's account.
    pub fn new(config: ClientConfig, user: UserId) -> Self {
        Self {
            config,
            user,
            link: SignallingLink::SignedOut,
            state: State::Idle,
            held: None,
            over: Over::default(),
            pending: Pending::default(),
            muted: false,
            clock: None,
            next_id: 1,
            stats: ClientStats::default(),
            outputs: VecDeque::new(),
        }
    }

    /// An id for a request the driver sends itself (`sign_in`, `ping`, `connect_media`…), distinct
    /// from the mirror's own on the same connection. `media_ready` is the mirror's.
    pub const fn take_request_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Where the client stands.
    pub const fn phase(&self) -> ClientPhase {
        self.state.phase()
    }

    /// The facts of the call it is in; `None` when idle or before the server has placed it.
    pub const fn call(&self) -> Option<&CallFacts> {
        self.state.facts()
    }

    /// This side of the call it is in.
    pub fn role(&self) -> Option<Role> {
        self.state.session().map(|session| session.role)
    }

    /// Everybody who is or was in the call this client is in, or was rung by it, the caller first;
    /// empty when in none.
    pub fn members(&self) -> &[Member] {
        self.state.session().map_or(&[], |session| session.members.list())
    }

    /// Whether the microphone is muted.
    pub const fn is_muted(&self) -> bool {
        self.muted
    }

    /// Counters of what was passed over.
    pub const fn stats(&self) -> &ClientStats {
        &self.stats
    }

    /// All that decides what happens next, for telling states apart.
    #[cfg(test)]
    pub(crate) fn digest(&self, out: &mut String) {
        use std::fmt::Write;
        let Self { link, state, held, over, pending, muted, .. } = self;
        let _ = write!(out, "{link:?}{state:?}{held:?}{over:?}{pending:?}{muted}");
    }

    fn is_signed_in(&self) -> bool {
        self.link == SignallingLink::Up
    }

    /// What the server's wall clock shows now, if it ever told.
    fn server_clock(&self, now: Instant) -> Option<UnixMillis> {
        let (then, at) = self.clock?;
        Some(at.saturating_add(now.saturating_duration_since(then)))
    }

    fn emit(&mut self, event: ListenerEvent) {
        self.outputs.push_back(ClientOutput::Emit(event));
    }

    /// Sends a request whose answer does not matter.
    fn send(&mut self, request: Request) -> u64 {
        let id = self.take_request_id();
        self.outputs.push_back(ClientOutput::Send { id, request });
        id
    }

    /// Sends a request whose answer matters until the instant given back.
    fn request(&mut self, now: Instant, purpose: Purpose, request: Request) -> Instant {
        // Never due at once, or asking again would never end.
        let patience = self.config.request_timeout.max(Duration::from_millis(1));
        let until = later(now, patience);
        let id = self.send(request);
        self.pending.insert(id, purpose, until);
        until
    }

    fn frame(&mut self, now: Instant, frame: ServerFrame) {
        match frame {
            ServerFrame::Reply { id, result } => self.reply(now, id, result),
            ServerFrame::Error { id: Some(id), error } => self.refused(now, id, error),
            ServerFrame::Error { id: None, error } => {
                self.emit(ListenerEvent::Error { code: error.code, message: error.message });
            }
            ServerFrame::Event(frame) => self.event(now, frame.event),
        }
    }

    fn signed_in(&mut self, now: Instant) {
        let before = std::mem::replace(&mut self.link, SignallingLink::Up);
        if before == SignallingLink::Lost {
            self.emit(ListenerEvent::Recovered { connection: Connection::Signalling });
        }
        self.forget_requests();
        if let Some(session) = self.state.session_mut() {
            session.lost_until = None;
        }
        self.send_close(now);
        if let Some(call_id) = self.call().map(|facts| facts.call_id.clone()) {
            self.ask(now, call_id);
        }
        self.tell_mute_again();
    }

    /// Answers on the way are lost with their connection.
    fn forget_requests(&mut self) {
        for purpose in self.pending.clear() {
            match purpose {
                Purpose::Invite(token, _) | Purpose::Switch(token, ..) => self.fail(token),
                // Their states tell what becomes of them.
                Purpose::Call | Purpose::Accept(_) | Purpose::Close(_) | Purpose::GetCall(_) => {}
            }
        }
    }

    fn tell_mute_again(&mut self) {
        if self.muted {
            self.tell_mute();
        }
    }

    fn signalling_lost(&mut self, now: Instant) {
        if self.link != SignallingLink::Up {
            return;
        }
        self.link = SignallingLink::Lost;
        self.forget_requests();
        let until = later(now, self.config.signalling_grace);
        if let Some(session) = self.state.session_mut() {
            session.lost_until = Some(until);
        }
        self.emit(ListenerEvent::ConnectionLost { connection: Connection::Signalling });
    }

    fn signed_out(&mut self, now: Instant) {
        self.held = None;
        match &self.state {
            State::Outgoing(_) => self.close(now, None, Close::Hangup, Outcome::Cancelled),
            State::Connected(_) => self.close(now, None, Close::Hangup, Outcome::Completed),
            State::Idle | State::Requested(_) | State::Incoming(_) | State::Closing(_) => {}
        }
        self.drop_out(now);
        self.forget_requests();
        self.link = SignallingLink::SignedOut;
    }

    fn quality(&mut self, local: NetworkQuality, remotes: Vec<UserQuality>) {
        if matches!(self.state, State::Connected(_)) {
            self.emit(ListenerEvent::NetworkQuality { local, remotes });
        }
    }

    /// The deadline of the state alone.
    fn state_deadline(&self) -> Option<(Instant, ClientReason)> {
        let own = match &self.state {
            State::Idle | State::Connected(_) => None,
            State::Requested(requested) => Some((requested.until, ClientReason::RequestTimeout)),
            State::Outgoing(outgoing) => Some((outgoing.until, ClientReason::RingTimeout)),
            State::Incoming(incoming) => Some((incoming.until, ClientReason::RingTimeout)),
            State::Closing(closing) => Some((closing.until, ClientReason::Closing)),
        };
        let lost = self.state.session().and_then(|session| session.lost_until);
        let lost = lost.map(|until| (until, ClientReason::SignallingLost));
        [own, lost].into_iter().flatten().min()
    }

    fn expire(&mut self, now: Instant) {
        while let Some(purpose) = self.pending.take_due(now) {
            self.unanswered(now, purpose);
        }
        while let Some((at, reason)) = self.state_deadline()
            && at <= now
        {
            match reason {
                ClientReason::RequestTimeout => self.unanswered(now, Purpose::Call),
                ClientReason::RingTimeout => self.rang_out(now),
                ClientReason::SignallingLost => self.drop_out(now),
                ClientReason::Closing => self.stop_waiting(now),
            }
        }
    }
}

impl Session {
    fn new(now: Instant, facts: CallFacts, role: Role) -> Self {
        let members = Members::of(&facts);
        Self { facts, role, members, media: Media::new(now), early: Vec::new(), lost_until: None }
    }
}

impl Machine for ClientCalls {
    type Input<'a> = ClientInput;
    type Output = ClientOutput;
    type Misuse = ClientMisuse;
    type Reason = ClientReason;

    fn handle_input(&mut self, now: Instant, input: ClientInput) -> Result<(), ClientMisuse> {
        self.expire(now);
        match input {
            ClientInput::Command { token, command } => self.command(now, token, command)?,
            ClientInput::Server(frame) => self.frame(now, frame),
            ClientInput::ServerClock { at } => self.clock = Some((now, at)),
            ClientInput::SignedIn => {
                // What still rings rings again.
                self.held = None;
                self.signed_in(now);
            }
            ClientInput::SessionResumed => {
                self.signed_in(now);
                self.ring_held(now);
            }
            ClientInput::SignallingLost => self.signalling_lost(now),
            ClientInput::SignedOut => self.signed_out(now),
            ClientInput::Reconnecting(connection) => {
                self.emit(ListenerEvent::Reconnecting { connection });
            }
            ClientInput::Media { call_id, state } => self.media(now, &call_id, state),
            ClientInput::Quality { local, remotes } => self.quality(local, remotes),
            ClientInput::Warning { code, message } => {
                self.emit(ListenerEvent::Warning { code, message });
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
    }

    fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Instant, ClientReason)> {
        let request = self.pending.next_deadline().map(|at| (at, ClientReason::RequestTimeout));
        [request, self.state_deadline()].into_iter().flatten().min()
    }
}

/// `from` plus `wait`; a year on if the clock cannot express the sum.
fn later(from: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(wait).unwrap_or_else(|| from + YEAR)
}

#[cfg(test)]
mod tests;
