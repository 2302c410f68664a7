use std::time::Instant;

use calling_model::{CallId, MediaType, UserId};

use super::pending::Purpose;
use super::state::{Close, Closing, Requested, State, Wish};
use super::{ClientCalls, ClientMisuse, ClientOutput, Command, CommandToken};
use crate::call::Outcome;
use crate::protocol::{CallParams, InviteParams, MemberState, Request};

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
            Command::InviteUsers { users, timeout_s } => {
                self.invite_users(now, token, users, timeout_s)
            }
            Command::Join(call_id) => self.join(now, token, call_id),
            Command::SwitchMediaType(media_type) => self.switch(now, token, media_type),
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
        if self.is_call_back(&params) {
            return self.accept(now, token);
        }
        self.make_way(now)?;
        let params = CallParams { sent_at: self.server_clock(now), ..params };
        let until = self.request(now, Purpose::Call, Request::Call(params.clone()));
        self.wait_for(token, Wish::Call(params), until);
        Ok(())
    }

    fn wait_for(&mut self, token: CommandToken, wish: Wish, until: Instant) {
        let early = Vec::new();
        self.state = State::Requested(Requested { token, wish, until, withdrawn: None, early });
    }

    /// Whether the user calls just whom rings here for this user alone: that answers the call.
    fn is_call_back(&self, params: &CallParams) -> bool {
        let State::Incoming(incoming) = &self.state else { return false };
        let facts = &incoming.session.facts;
        facts.callees == [self.user.clone()]
            && params.callees == [facts.caller.clone()]
            && params.group_id == facts.group_id
    }

    /// Leaves what the user has left already or turns away from: a call that is closing, and one
    /// that rings, which its caller sees as busy. The server hears of that first.
    fn make_way(&mut self, now: Instant) -> Result<(), ClientMisuse> {
        if let State::Incoming(incoming) = &self.state {
            if incoming.accepting.is_some() {
                return Err(ClientMisuse::AlreadyInCall);
            }
            self.close(now, None, Close::Reject { busy: true }, Outcome::Busy);
        }
        self.stop_waiting(now);
        let free = matches!(self.state, State::Idle);
        free.then_some(()).ok_or(ClientMisuse::AlreadyInCall)
    }

    fn join(
        &mut self,
        now: Instant,
        token: CommandToken,
        call_id: CallId,
    ) -> Result<(), ClientMisuse> {
        if !self.is_signed_in() {
            return Err(ClientMisuse::NotSignedIn);
        }
        match &self.state {
            State::Incoming(_) if self.state.is_in(&call_id) => return self.accept(now, token),
            State::Idle | State::Closing(_) | State::Incoming(_) => {}
            State::Requested(_) | State::Outgoing(_) | State::Connected(_) => {
                return Err(ClientMisuse::AlreadyInCall);
            }
        }
        self.make_way(now)?;
        self.over.forget(&call_id);
        let request = Request::Join { call_id: call_id.clone() };
        let until = self.request(now, Purpose::Call, request);
        self.wait_for(token, Wish::Join(call_id), until);
        Ok(())
    }

    fn invite_users(
        &mut self,
        now: Instant,
        token: CommandToken,
        users: Vec<UserId>,
        timeout_s: Option<u32>,
    ) -> Result<(), ClientMisuse> {
        let call_id = self.own_call()?;
        if users.is_empty() {
            return Err(ClientMisuse::NobodyNamed);
        }
        if users.contains(&self.user) {
            return Err(ClientMisuse::CallYourself);
        }
        let purpose = Purpose::Invite(token, call_id.clone());
        self.request(
            now,
            purpose,
            Request::InviteUsers(InviteParams { call_id, users, timeout_s }),
        );
        Ok(())
    }

    fn switch(
        &mut self,
        now: Instant,
        token: CommandToken,
        media_type: MediaType,
    ) -> Result<(), ClientMisuse> {
        let call_id = self.own_call()?;
        let purpose = Purpose::Switch(token, call_id.clone(), media_type);
        self.request(now, purpose, Request::SwitchMediaType { call_id, media_type });
        Ok(())
    }

    /// The call this user placed or is talking in, and may decide about.
    fn own_call(&self) -> Result<CallId, ClientMisuse> {
        let session = match &self.state {
            State::Outgoing(outgoing) => &outgoing.session,
            State::Connected(talk) => &talk.session,
            State::Idle | State::Requested(_) | State::Incoming(_) | State::Closing(_) => {
                return Err(ClientMisuse::NotInCall);
            }
        };
        if !self.is_signed_in() {
            return Err(ClientMisuse::NotSignedIn);
        }
        Ok(session.facts.call_id.clone())
    }

    fn check_call(&self, params: &CallParams) -> Result<(), ClientMisuse> {
        let limit = self.config.max_user_data_bytes;
        match &self.state {
            _ if params.callees.is_empty() => Err(ClientMisuse::NobodyNamed),
            _ if params.callees.contains(&self.user) => Err(ClientMisuse::CallYourself),
            _ if params.user_data.len() > limit => Err(ClientMisuse::UserDataTooLong { limit }),
            _ if !self.is_signed_in() => Err(ClientMisuse::NotSignedIn),
            State::Idle | State::Closing(_) | State::Incoming(_) => Ok(()),
            State::Requested(_) | State::Outgoing(_) | State::Connected(_) => {
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
        let told = self.state.session().is_none_or(answered) || facts.is_group();
        let rang = matches!(self.state, State::Incoming(_));
        let attempt = self.state.attempt();
        let until = super::later(now, self.config.closing_timeout);
        let close = Some(close);
        let closing = Closing { facts, token, close, guess, until, told, rang, attempt };
        self.state = State::Closing(closing);
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

/// Whether the callee of a one-to-one call has answered in any way.
pub(super) fn answered(session: &super::state::Session) -> bool {
    let callee = session.facts.callees.first();
    callee.and_then(|callee| session.members.get(callee)) != Some(MemberState::Pending)
}
