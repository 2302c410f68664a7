use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use calling_model::{CallId, Endpoint, Machine};

use super::Audit;
use crate::calls::Calls;
use crate::client::{
    ClientCalls, ClientConfig, ClientInput, ClientOutput, ClientPhase, Command, CommandToken,
    ListenerEvent, MediaState,
};
use crate::protocol::{ClientFrame, Event, EventFrame, ServerFrame};

/// One client, its connection, and what it did so far.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Who.
    pub endpoint: Endpoint,
    /// The machine.
    pub mirror: ClientCalls,
    /// Frames on their way to the server.
    pub up: VecDeque<ClientFrame>,
    /// Frames on their way here.
    pub down: VecDeque<ServerFrame>,
    /// What the application heard, oldest first.
    pub heard: Vec<ListenerEvent>,
    pub(super) alive: bool,
    pub(super) client_up: bool,
    pub(super) server_up: bool,
    pub(super) connection: u32,
    tokens: u64,
    unfinished: BTreeSet<CommandToken>,
    calling: BTreeSet<CommandToken>,
    media: Option<Media>,
    stopped: BTreeSet<CallId>,
    /// Calls that were left and may come to be again, by the user's wish or a new invite.
    wanted_again: BTreeSet<CallId>,
    /// Calls to which the server invited this device more than once.
    reinvited: BTreeSet<CallId>,
    /// Calls whose end the application must still hear.
    owed: BTreeSet<CallId>,
    rings: Option<CallId>,
    talks: Option<CallId>,
}

#[derive(Clone, Debug)]
struct Media {
    call_id: CallId,
    open: bool,
}

impl Phone {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            mirror: ClientCalls::new(ClientConfig::default(), endpoint.user.clone()),
            endpoint,
            up: VecDeque::new(),
            down: VecDeque::new(),
            heard: Vec::new(),
            alive: false,
            client_up: false,
            server_up: false,
            connection: 0,
            tokens: 0,
            unfinished: BTreeSet::new(),
            calling: BTreeSet::new(),
            media: None,
            stopped: BTreeSet::new(),
            wanted_again: BTreeSet::new(),
            reinvited: BTreeSet::new(),
            owed: BTreeSet::new(),
            rings: None,
            talks: None,
        }
    }

    /// Whether microphone and playout run.
    pub fn gate_is_open(&self) -> bool {
        self.media.as_ref().is_some_and(|media| media.open)
    }

    /// All that decides what happens next; for telling states apart.
    #[cfg(test)]
    pub(super) fn digest(&self, out: &mut String) {
        use std::fmt::Write;
        self.mirror.digest(out);
        let Self { up, down, alive, client_up, server_up, unfinished, calling, .. } = self;
        let Self { media, stopped, owed, rings, talks, .. } = self;
        let _ = write!(out, "{up:?}{down:?}{alive}{client_up}{server_up}{unfinished:?}{calling:?}");
        let Self { wanted_again, reinvited, .. } = self;
        let _ = write!(out, "{media:?}{stopped:?}{owed:?}{rings:?}{talks:?}");
        let _ = write!(out, "{wanted_again:?}{reinvited:?}");
    }

    pub(super) fn command(&mut self, now: Instant, command: Command) -> bool {
        self.tokens += 1;
        let token = CommandToken(self.tokens);
        let calls = matches!(command, Command::Call(_) | Command::Join(_));
        let joins =
            if let Command::Join(call_id) = &command { Some(call_id.clone()) } else { None };
        let input = ClientInput::Command { token, command };
        let accepted = self.mirror.handle_input(now, input).is_ok();
        if accepted {
            self.unfinished.insert(token);
            // What the user wants again may have media again.
            self.wanted_again.extend(joins);
            if calls {
                self.calling.insert(token);
            }
        }
        accepted
    }

    pub(super) fn media(&mut self, now: Instant, state: MediaState) {
        let call_id = self.media.as_ref().map(|media| media.call_id.clone());
        if let Some(call_id) = call_id {
            self.input(now, ClientInput::Media { call_id, state });
        }
    }

    pub(super) fn receive(&mut self, now: Instant, frame: ServerFrame) {
        if let ServerFrame::Event(EventFrame {
            event: Event::Invited { facts, attempt, .. }, ..
        }) = &frame
            && *attempt > 0
        {
            self.reinvited.insert(facts.call_id.clone());
        }
        self.input(now, ClientInput::Server(frame));
    }

    pub(super) fn sign_in(&mut self, now: Instant) {
        self.input(now, ClientInput::SignedIn);
    }

    pub(super) fn lose(&mut self, now: Instant) {
        self.client_up = false;
        self.input(now, ClientInput::SignallingLost);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.mirror.poll_timeout().map(|(at, _)| at)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.mirror.handle_timeout(now);
    }

    fn input(&mut self, now: Instant, input: ClientInput) {
        if let Err(misuse) = self.mirror.handle_input(now, input) {
            panic!("only commands are refused: {misuse}");
        }
    }

    pub(super) fn drain(&mut self, now: Instant, audit: &Audit) {
        while let Some(output) = self.mirror.poll_output() {
            self.perform(output, audit);
        }
        assert!(self.deadline().is_none_or(|at| at > now), "a deadline is still due");
    }

    fn perform(&mut self, output: ClientOutput, audit: &Audit) {
        match output {
            ClientOutput::Send { id, request } => {
                assert!(self.client_up, "a request without a connection");
                if self.alive {
                    self.up.push_back(ClientFrame { id, request });
                }
            }
            ClientOutput::Finished { token, result } => {
                assert!(self.unfinished.remove(&token), "a command finished twice");
                if self.calling.remove(&token)
                    && let Ok(Some(call_id)) = result
                {
                    self.owed.insert(call_id);
                }
            }
            ClientOutput::StartMedia { call_id, .. } => self.start_media(call_id),
            ClientOutput::OpenGate { call_id } => self.open_gate(&call_id, audit),
            ClientOutput::RemoteMedia { call_id, .. } => {
                let open = self.media.as_ref().is_some_and(|media| media.open);
                assert!(open && self.talks == Some(call_id), "remote audio before the gate");
            }
            ClientOutput::StopMedia { call_id } => {
                let media = self.media.take();
                assert_eq!(media.map(|media| media.call_id), Some(call_id.clone()));
                self.stopped.insert(call_id);
            }
            ClientOutput::Emit(event) => {
                self.hear(&event);
                self.heard.push(event);
            }
        }
    }

    fn start_media(&mut self, call_id: CallId) {
        let again = self.wanted_again.contains(&call_id) || self.rings_again(&call_id);
        assert!(again || !self.stopped.contains(&call_id), "media of a call that is over");
        match &self.media {
            Some(media) => assert_eq!(media.call_id, call_id, "media of two calls"),
            None => self.media = Some(Media { call_id, open: false }),
        }
    }

    /// Whether the server rings this device in a call it was in before.
    fn rings_again(&self, call_id: &CallId) -> bool {
        self.reinvited.contains(call_id)
    }

    fn open_gate(&mut self, call_id: &CallId, audit: &Audit) {
        assert!(audit.was_connected(call_id, &self.endpoint), "the gate opens before the accept");
        let Some(media) = &mut self.media else { panic!("a gate without media") };
        assert!(media.call_id == *call_id && !media.open, "the gate opens twice");
        media.open = true;
    }

    fn hear(&mut self, event: &ListenerEvent) {
        match event {
            ListenerEvent::Invited { call_id, .. } => {
                assert!(self.rings.is_none() && self.talks.is_none(), "rings during a call");
                self.rings = Some(call_id.clone());
                assert!(self.owed.insert(call_id.clone()), "the same call rings twice");
            }
            ListenerEvent::CallBegin { call_id, .. } => {
                assert!(self.talks.is_none(), "talks in two calls");
                if self.rings.as_ref() == Some(call_id) {
                    self.rings = None;
                }
                assert!(self.owed.contains(call_id), "a call begins out of nowhere");
                self.talks = Some(call_id.clone());
            }
            ListenerEvent::CallEnd { call_id, .. } => {
                assert!(self.owed.remove(call_id), "a call ends twice");
                self.rings.take_if(|rings| rings == call_id);
                self.talks.take_if(|talks| talks == call_id);
            }
            ListenerEvent::CallingCancel { .. }
            | ListenerEvent::CallingTimeout { .. }
            | ListenerEvent::HandledElsewhere { .. } => {
                let Some(call_id) = self.rings.take() else { panic!("{event:?}, nothing rings") };
                assert!(self.owed.remove(&call_id));
            }
            ListenerEvent::UserEnter { .. }
            | ListenerEvent::UserLeave { .. }
            | ListenerEvent::UserAudioAvailable { .. }
            | ListenerEvent::UserVideoAvailable { .. }
            | ListenerEvent::FirstVideoFrame { .. }
            | ListenerEvent::UserVoiceVolume { .. }
            | ListenerEvent::EnterRoom { .. }
            | ListenerEvent::NetworkQuality { .. } => {
                assert!(self.talks.is_some(), "{event:?} outside a conversation");
            }
            ListenerEvent::Ringing { .. } | ListenerEvent::Accept { .. } => {
                assert!(self.rings.is_none(), "{event:?} to somebody rung");
            }
            ListenerEvent::Reject { .. }
            | ListenerEvent::NoResp { .. }
            | ListenerEvent::LineBusy { .. } => {
                assert!(!self.owed.is_empty(), "{event:?} outside a call");
            }
            ListenerEvent::InviteesChanged { .. } | ListenerEvent::MediaTypeChanged { .. } => {
                assert!(self.rings.is_some() || self.talks.is_some() || !self.owed.is_empty());
            }
            ListenerEvent::GroupCallChanged { .. }
            | ListenerEvent::Error { .. }
            | ListenerEvent::Warning { .. }
            | ListenerEvent::KickedOffline {}
            | ListenerEvent::ConnectionLost { .. }
            | ListenerEvent::Reconnecting { .. }
            | ListenerEvent::Recovered { .. }
            | ListenerEvent::Message(_)
            | ListenerEvent::MessageRecalled { .. }
            | ListenerEvent::Read { .. }
            | ListenerEvent::GroupChanged { .. } => {}
        }
    }

    /// With nothing under way, the two say the same.
    pub(super) fn assert_agrees_with(&self, server: &Calls) {
        let truth = server.call_of(&self.endpoint);
        let view = self.mirror.call().map(|facts| &facts.call_id);
        match self.mirror.phase() {
            ClientPhase::Connected => {
                assert!(
                    truth.is_some_and(|call| call.connected && Some(&call.facts.call_id) == view),
                    "the client talks, the server does not know"
                );
            }
            ClientPhase::Outgoing | ClientPhase::Incoming => {
                assert!(
                    truth.is_some_and(|call| !call.connected && Some(&call.facts.call_id) == view),
                    "the client rings, the server does not know"
                );
            }
            // A request lost on the way fails by its deadline.
            ClientPhase::Requested | ClientPhase::Closing => {}
            ClientPhase::Idle => {
                assert!(!truth.is_some_and(|call| call.connected), "a ghost in a call");
            }
        }
    }

    pub(super) fn assert_at_rest(&self) {
        assert_eq!(self.mirror.phase(), ClientPhase::Idle, "a client is in a call for ever");
        assert!(self.media.is_none(), "media runs for ever");
        assert!(self.unfinished.is_empty(), "a command never finished");
        assert!(self.owed.is_empty(), "a call whose end nobody heard");
        assert!(self.rings.is_none() && self.talks.is_none());
    }
}
