use std::time::Instant;

use super::pending::Purpose;
use super::state::{Close, Closing, Requested, State};
use super::{ClientCalls, ClientMisuse, ClientOutput, Command, CommandToken};
use crate::call::Outcome;
use crate::protocol::{CallParams, Request};

impl ClientCalls {
    pub(super) fn command(
        &mut self,
        now: Instant,
        token: CommandToken,
        command: Command,
    ) -> Result<(), ClientMisuse> {
        match command {
            Command::Call(params) => self.call_somebody(now, token, params),
            Command::Accept => self.accept(now, token),
            Command::Reject => self.decline(now, token, false),
            Command::Ignore => self.decline(now, token, true),
            Command::Hangup => self.hang_up(now, token),
            Command::SetMicMute(muted) => {
                self.set_mic_mute(token, muted);
                Ok(())
            }
        }
    }

    fn call_somebody(
        &mut self,
        now: Instant,
        token: CommandToken,
        params: CallParams,
    ) -> Result<(), ClientMisuse> {
        self.check_call(&params)?;
        // The last call is over for this user; the server hears of that first.
        self.stop_waiting(now);
        if !matches!(self.state, State::Idle) {
            return Err(ClientMisuse::AlreadyInCall);
        }
        let until = self.request(now, Purpose::Call, Request::Call(params.clone()));
        let early = Vec::new();
        self.state = State::Requested(Requested { token, params, until, withdrawn: None, early });
        Ok(())
    }

    fn check_call(&self, params: &CallParams) -> Result<(), ClientMisuse> {
        let limit = self.config.max_user_data_bytes;
        match &self.state {
            _ if params.callees.is_empty() => Err(ClientMisuse::NobodyNamed),
            _ if params.callees.contains(&self.user) => Err(ClientMisuse::CallYourself),
            _ if params.user_data.len() > limit => Err(ClientMisuse::UserDataTooLong { limit }),
            _ if !self.is_signed_in() => Err(ClientMisuse::NotSignedIn),
            State::Idle | State::Closing(_) => Ok(()),
            State::Requested(_) | State::Outgoing(_) | State::Incoming(_) | State::Connected(_) => {
                Err(ClientMisuse::AlreadyInCall)
            }
        }
    }

    fn accept(&mut self, now: Instant, token: CommandToken) -> Result<(), ClientMisuse> {
        let signed_in = self.is_signed_in();
        let State::Incoming(incoming) = &mut self.state else {
            return Err(ClientMisuse::NoIncomingCall);
        };
        if incoming.accepting.is_some() {
            return Err(ClientMisuse::AlreadyAnswered);
        }
        if !signed_in {
            return Err(ClientMisuse::NotSignedIn);
        }
        incoming.accepting = Some(token);
        self.send_accept(now);
        Ok(())
    }

    /// Sends the accept the user wished for, unless one is under way.
    pub(super) fn send_accept(&mut self, now: Instant) {
        let State::Incoming(incoming) = &self.state else { return };
        let call_id = incoming.session.facts.call_id.clone();
        let purpose = Purpose::Accept(call_id.clone());
        if incoming.accepting.is_some() && !self.pending.contains(&purpose) {
            self.request(now, purpose, Request::Accept { call_id });
        }
    }

    fn decline(
        &mut self,
        now: Instant,
        token: CommandToken,
        busy: bool,
    ) -> Result<(), ClientMisuse> {
        let State::Incoming(incoming) = &self.state else {
            return Err(ClientMisuse::NoIncomingCall);
        };
        if incoming.accepting.is_some() {
            return Err(ClientMisuse::AlreadyAnswered);
        }
        let outcome = if busy { Outcome::Busy } else { Outcome::Rejected };
        self.close(now, Some(token), Close::Reject { busy }, outcome);
        Ok(())
    }

    fn hang_up(&mut self, now: Instant, token: CommandToken) -> Result<(), ClientMisuse> {
        match &mut self.state {
            State::Idle | State::Closing(_) => return Err(ClientMisuse::NotInCall),
            State::Requested(requested) if requested.withdrawn.is_some() => {
                return Err(ClientMisuse::NotInCall);
            }
            State::Requested(requested) => requested.withdrawn = Some(token),
            State::Outgoing(_) => {
                self.close(now, Some(token), Close::Hangup, Outcome::Cancelled);
            }
            // Once accepted it may be connected on the server already.
            State::Incoming(incoming) if incoming.accepting.is_some() => {
                self.close(now, Some(token), Close::Hangup, Outcome::Completed);
            }
            State::Incoming(_) => {
                self.close(now, Some(token), Close::Reject { busy: false }, Outcome::Rejected);
            }
            State::Connected(_) => {
                self.close(now, Some(token), Close::Hangup, Outcome::Completed);
            }
        }
        Ok(())
    }

    fn set_mic_mute(&mut self, token: CommandToken, muted: bool) {
        self.muted = muted;
        self.tell_mute();
        let call_id = self.call().map(|facts| facts.call_id.clone());
        self.outputs.push_back(ClientOutput::Finished { token, result: Ok(call_id) });
    }

    /// Tells the server whether this device's microphone is muted, if it is in a conversation.
    pub(super) fn tell_mute(&mut self) {
        let State::Connected(talk) = &self.state else { return };
        let call_id = talk.session.facts.call_id.clone();
        if self.is_signed_in() {
            self.send(Request::SetMicMute { call_id, muted: self.muted });
        }
    }

    /// Leaves the call: no media from here on, the server is told, its last word awaited.
    pub(super) fn close(
        &mut self,
        now: Instant,
        token: Option<CommandToken>,
        close: Close,
        outcome: Outcome,
    ) {
        let guess = self.state.guess(now, outcome, Some(self.user.clone()));
        self.give_up_accept();
        self.stop_media();
        let Some(facts) = self.state.facts().cloned() else { return };
        let told = matches!(&self.state, State::Outgoing(outgoing) if outgoing.told);
        let until = super::later(now, self.config.closing_timeout);
        let close = Some(close);
        self.state = State::Closing(Closing { facts, token, close, guess, until, told });
        if self.is_signed_in() {
            self.send_close(now);
        } else {
            self.stop_waiting(now);
        }
    }

    /// Tells the server that this device leaves the call it is closing, unless that is under way.
    pub(super) fn send_close(&mut self, now: Instant) {
        let State::Closing(Closing { facts, close: Some(close), .. }) = &self.state else {
            return;
        };
        let (call_id, close) = (facts.call_id.clone(), *close);
        let purpose = Purpose::Close(call_id.clone());
        if !self.pending.contains(&purpose) {
            self.request(now, purpose, close.request(call_id));
        }
    }
}
