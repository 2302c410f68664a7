//! How calls end in the mirror.

use std::collections::VecDeque;
use std::time::Instant;

use calling_model::CallId;

use super::replies::no_answer;
use super::state::{Close, Guess, State};
use super::{ClientCalls, ClientOutput, ListenerEvent};
use crate::call::Outcome;
use crate::protocol::{Code, ProtocolError, Request};

/// The calls that ended lately on this device: whatever is still heard of them is stale.
#[derive(Clone, Debug, Default)]
pub(super) struct Over {
    calls: VecDeque<Ended>,
}

#[derive(Clone, Debug)]
struct Ended {
    call_id: CallId,
    close: Option<Close>,
    attempt: u32,
}

/// How many ended calls a client remembers.
const REMEMBERED: usize = 16;

impl Over {
    pub(super) fn push(&mut self, call_id: CallId, close: Option<Close>, attempt: u32) {
        self.forget(&call_id);
        if self.calls.len() >= REMEMBERED {
            self.calls.pop_front();
        }
        self.calls.push_back(Ended { call_id, close, attempt });
    }

    /// The user wants the call again.
    pub(super) fn forget(&mut self, call_id: &CallId) {
        self.calls.retain(|over| over.call_id != *call_id);
    }

    /// Whether an invite is for a call that is over, and no later one to the same call.
    pub(super) fn covers(&self, call_id: &CallId, attempt: u32) -> bool {
        self.calls.iter().any(|over| over.call_id == *call_id && over.attempt >= attempt)
    }

    pub(super) fn contains(&self, call_id: &CallId) -> bool {
        self.calls.iter().any(|over| over.call_id == *call_id)
    }

    /// How this user left the call, if it was this user.
    pub(super) fn how(&self, call_id: &CallId) -> Option<Close> {
        self.calls.iter().find(|over| over.call_id == *call_id).and_then(|over| over.close)
    }
}

impl Close {
    pub(super) const fn request(self, call_id: CallId) -> Request {
        match self {
            Self::Hangup => Request::Hangup { call_id },
            Self::Reject { busy } => Request::Reject { call_id, busy },
        }
    }
}

impl ClientCalls {
    /// The call is over: media stops, the application hears `last`, and an invite that waited
    /// rings.
    pub(super) fn leave(&mut self, now: Instant, last: ListenerEvent) {
        self.give_up_accept();
        self.stop_media();
        let close = match &self.state {
            State::Closing(closing) => closing.close,
            State::Idle
            | State::Requested(_)
            | State::Outgoing(_)
            | State::Incoming(_)
            | State::Connected(_) => None,
        };
        let Some(facts) = self.state.facts() else { return };
        let call_id = facts.call_id.clone();
        self.over.push(call_id.clone(), close, self.state.attempt());
        if let State::Closing(closing) = std::mem::replace(&mut self.state, State::Idle)
            && let Some(token) = closing.token
        {
            self.outputs.push_back(ClientOutput::Finished { token, result: Ok(Some(call_id)) });
        }
        self.emit(last);
        self.ring_held(now);
    }

    /// The call is over, as far as this device knows by itself.
    pub(super) fn leave_with(&mut self, now: Instant, guess: Guess) {
        let Some(facts) = self.state.facts() else { return };
        let Guess { outcome, by, duration_ms } = guess;
        let call_id = facts.call_id.clone();
        self.leave(now, ListenerEvent::CallEnd { call_id, outcome, duration_ms, by });
    }

    /// Waits no longer for the server's last word on a call this device is closing.
    pub(super) fn stop_waiting(&mut self, now: Instant) {
        if let State::Closing(closing) = &self.state {
            let guess = closing.guess.clone();
            self.leave_with(now, guess);
        }
    }

    /// The user accepted a call that cannot be had any more.
    pub(super) fn give_up_accept(&mut self) {
        if let State::Incoming(incoming) = &mut self.state
            && let Some(token) = incoming.accepting.take()
        {
            let error = ProtocolError::new(Code::InviteNotFound, "The call is over.");
            self.outputs.push_back(ClientOutput::Finished { token, result: Err(error) });
        }
    }

    pub(super) fn stop_media(&mut self) {
        if let Some(session) = self.state.session()
            && session.media.was_started()
        {
            let call_id = session.facts.call_id.clone();
            self.outputs.push_back(ClientOutput::StopMedia { call_id });
        }
    }

    /// The server says a call lives that this device does not know or has left: it leaves it
    /// (again).
    pub(super) fn disown(&mut self, call_id: &CallId, connected: bool) {
        // What is connected can no longer be declined.
        let declined = self.over.how(call_id).filter(|_| !connected);
        let close = declined.unwrap_or(Close::Hangup);
        if !self.over.contains(call_id) {
            self.over.push(call_id.clone(), Some(close), 0);
        }
        self.stats.orphans += 1;
        if self.is_signed_in() {
            self.send(close.request(call_id.clone()));
        }
    }

    /// Signalling did not come back in time, or this account was taken over.
    pub(super) fn drop_out(&mut self, now: Instant) {
        match &self.state {
            State::Idle => {}
            State::Requested(_) => self.call_failed(now, no_answer()),
            State::Closing(_) => self.stop_waiting(now),
            State::Outgoing(_) | State::Incoming(_) => {
                self.leave_with(now, self.state.guess(now, Outcome::Cancelled, None));
            }
            State::Connected(_) => {
                self.leave_with(now, self.state.guess(now, Outcome::PeerLost, None));
            }
        }
    }

    /// A call rang longer than the server should have let it.
    pub(super) fn rang_out(&mut self, now: Instant) {
        match &self.state {
            State::Incoming(incoming) if incoming.accepting.is_none() => {
                self.leave(now, ListenerEvent::CallingTimeout { user_ids: Vec::new() });
            }
            State::Incoming(_) | State::Outgoing(_) => {
                self.close(now, None, Close::Hangup, Outcome::NoAnswer);
            }
            State::Idle | State::Requested(_) | State::Connected(_) | State::Closing(_) => {}
        }
    }
}
