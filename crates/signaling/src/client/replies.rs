use std::time::Instant;

use calling_model::CallId;

use super::pending::Purpose;
use super::state::{Close, Closing, Requested, State};
use super::{ClientCalls, ClientOutput, CommandToken};
use crate::call::Outcome;
use crate::protocol::{Code, ProtocolError, Reply, Request};

impl ClientCalls {
    pub(super) fn reply(&mut self, now: Instant, id: u64, reply: Reply) {
        let purpose = self.pending.take(id);
        match (purpose, reply) {
            (Some(Purpose::Call), Reply::Call(call)) => self.placed(now, call),
            (Some(Purpose::Invite(token, call_id)), Reply::Call(call)) => {
                self.invited_users(now, &call);
                self.done(token, call_id);
            }
            (Some(Purpose::Switch(token, call_id, media_type)), Reply::Done {}) => {
                self.switched(&call_id, media_type);
                self.done(token, call_id);
            }
            // What was a call that failed for this user is one that nobody knows.
            (Some(Purpose::Switch(token, ..)), Reply::Call(_)) => {
                self.outputs.push_back(ClientOutput::Finished { token, result: Err(unexpected()) });
            }
            (_, Reply::Call(call)) => self.learn(now, call),
            (
                Some(Purpose::Call),
                Reply::Done {}
                | Reply::Hello(_)
                | Reply::IceServers(_)
                | Reply::SignedIn(_)
                | Reply::Media(_)
                | Reply::MediaSdp(_)
                | Reply::GroupCall(_)
                | Reply::History(_)
                | Reply::Chat(_),
            ) => self.call_failed(now, unexpected()),
            (
                Some(Purpose::Invite(token, _) | Purpose::Switch(token, ..)),
                Reply::Done {}
                | Reply::Hello(_)
                | Reply::IceServers(_)
                | Reply::SignedIn(_)
                | Reply::Media(_)
                | Reply::MediaSdp(_)
                | Reply::GroupCall(_)
                | Reply::History(_)
                | Reply::Chat(_),
            ) => {
                self.outputs.push_back(ClientOutput::Finished { token, result: Err(unexpected()) })
            }
            (
                Some(Purpose::Accept(_) | Purpose::Close(_) | Purpose::GetCall(_)) | None,
                Reply::Done {}
                | Reply::Hello(_)
                | Reply::IceServers(_)
                | Reply::SignedIn(_)
                | Reply::Media(_)
                | Reply::MediaSdp(_)
                | Reply::GroupCall(_)
                | Reply::History(_)
                | Reply::Chat(_),
            ) => {}
        }
    }

    pub(super) fn refused(&mut self, now: Instant, id: u64, error: ProtocolError) {
        match self.pending.take(id) {
            Some(Purpose::Call) => self.call_failed(now, error),
            Some(Purpose::Accept(call_id)) => self.accept_refused(now, &call_id, error),
            Some(Purpose::Close(call_id)) => self.close_refused(now, &call_id, error.code),
            Some(Purpose::GetCall(call_id)) => self.not_found(now, &call_id, error.code),
            Some(Purpose::Invite(token, _) | Purpose::Switch(token, ..)) => {
                self.outputs.push_back(ClientOutput::Finished { token, result: Err(error) });
            }
            None => {}
        }
    }

    fn done(&mut self, token: CommandToken, call_id: CallId) {
        self.outputs.push_back(ClientOutput::Finished { token, result: Ok(Some(call_id)) });
    }

    fn close_refused(&mut self, now: Instant, call_id: &CallId, code: Code) {
        if self.state.is_in(call_id) {
            self.ask(now, call_id.clone());
        } else if code == Code::WrongState {
            // Declined too late: it had connected.
            self.disown(call_id, true);
        }
    }

    /// The call this user asked for does not come to be.
    pub(super) fn call_failed(&mut self, now: Instant, error: ProtocolError) {
        if !matches!(self.state, State::Requested(_)) {
            return;
        }
        if let State::Requested(requested) = std::mem::replace(&mut self.state, State::Idle) {
            let Requested { token, withdrawn, .. } = requested;
            self.outputs.push_back(ClientOutput::Finished { token, result: Err(error) });
            self.outputs
                .extend(withdrawn.map(|token| ClientOutput::Finished { token, result: Ok(None) }));
        }
        self.ring_held(now);
    }

    fn accept_refused(&mut self, now: Instant, call_id: &CallId, error: ProtocolError) {
        let State::Incoming(incoming) = &mut self.state else { return };
        if incoming.session.facts.call_id != *call_id {
            return;
        }
        // This device won before a connection was lost; the call as it stands tells the rest.
        if error.code == Code::Repeated {
            self.ask(now, call_id.clone());
            return;
        }
        let over = is_gone(error.code) || error.code == Code::WrongState;
        if let Some(token) = incoming.accepting.take() {
            self.outputs.push_back(ClientOutput::Finished { token, result: Err(error) });
        }
        if over {
            self.await_last_word(now);
        }
    }

    /// The call is over for this device, but it does not know how: it asks.
    fn await_last_word(&mut self, now: Instant) {
        let Some(facts) = self.state.facts().cloned() else { return };
        let guess = self.state.guess(now, Outcome::Cancelled, None);
        self.stop_media();
        let until = super::later(now, self.config.closing_timeout);
        let call_id = facts.call_id.clone();
        let (token, close, told, rang) = (None, None, false, true);
        let attempt = self.state.attempt();
        let closing = Closing { facts, token, close, guess, until, told, rang, attempt };
        self.state = State::Closing(closing);
        self.ask(now, call_id);
    }

    /// The server knows no such call, or none of this device's.
    fn not_found(&mut self, now: Instant, call_id: &CallId, code: Code) {
        if !self.state.is_in(call_id) || !is_gone(code) {
            return;
        }
        let lost = match &self.state {
            State::Closing(closing) => closing.guess.clone(),
            // A server that was killed has closed the call as interrupted.
            State::Connected(_) => self.state.guess(now, Outcome::Interrupted, None),
            State::Idle | State::Requested(_) | State::Outgoing(_) | State::Incoming(_) => {
                self.state.guess(now, Outcome::Cancelled, None)
            }
        };
        self.leave_with(now, lost);
    }

    /// Asks the server how a call stands, unless it was asked already.
    pub(super) fn ask(&mut self, now: Instant, call_id: CallId) {
        let purpose = Purpose::GetCall(call_id.clone());
        if self.is_signed_in() && !self.pending.contains(&purpose) {
            self.request(now, purpose, Request::GetCall { call_id });
        }
    }

    /// A request has had no answer in time.
    pub(super) fn unanswered(&mut self, now: Instant, purpose: Purpose) {
        match purpose {
            Purpose::Call => self.call_failed(now, no_answer()),
            // It may have been granted: leaving covers both.
            Purpose::Accept(call_id) if self.state.is_in(&call_id) => {
                if let State::Incoming(incoming) = &mut self.state
                    && let Some(token) = incoming.accepting.take()
                {
                    let result = Err(no_answer());
                    self.outputs.push_back(ClientOutput::Finished { token, result });
                    self.close(now, None, Close::Hangup, Outcome::Cancelled);
                }
            }
            // The doubt remains.
            Purpose::GetCall(call_id) if self.state.is_in(&call_id) => self.ask(now, call_id),
            Purpose::Invite(token, _) | Purpose::Switch(token, ..) => self.fail(token),
            Purpose::Accept(_) | Purpose::Close(_) | Purpose::GetCall(_) => {}
        }
    }
}

/// Whether the code says that there is no such call for this device.
fn is_gone(code: Code) -> bool {
    code == Code::InviteNotFound || code == Code::NotYourCall
}

pub(super) fn no_answer() -> ProtocolError {
    ProtocolError::new(Code::SignallingFailed, "The server did not answer in time; try again.")
}

pub(super) fn unexpected() -> ProtocolError {
    ProtocolError::new(Code::Internal, "The server's answer does not fit the request.")
}
