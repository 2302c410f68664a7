//! Entering the running call of a chat group unasked.
//!
//! Older programs just enter the media room, and so does the local user; to those without a view of
//! the room it is told as an answer to an invite that nobody sent, which they pass over or take for
//! what it is.

use std::time::Instant;

use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::calls::{CallAction as Action, CallsInput, RequestToken};
use calling_signaling::invite::{GroupCallAttribute, MidCall};
use calling_signaling::protocol::{CallParams, Code, MemberState, ProtocolError, RunningCall};

use super::super::hearing::Heard;
use super::super::{BridgeEndpoint, peer_device};
use super::{KnownInvite, Party, PartyOrigin};
use crate::{BridgeDiscard, BridgeOutput};

impl BridgeEndpoint {
    /// The local user wants to be in the call that `call` tells of.
    pub(in super::super) fn join(
        &mut self,
        now: Instant,
        request: RequestToken,
        call: GroupCallAttribute,
        at: UnixMillis,
    ) {
        let entered = match self.ringing_in(&call) {
            Some(call_id) => Ok(call_id),
            None => self.enter(now, call, at),
        };
        match entered {
            Ok(call_id) => {
                let (from, action) = (self.here.clone(), Action::Accept { call_id });
                self.feed(now, CallsInput::Request { from, request, action });
            }
            Err(error) => self.refuse(request, error),
        }
    }

    /// The call, if it rings here.
    fn ringing_in(&self, call: &GroupCallAttribute) -> Option<CallId> {
        let rings = |(call_id, party): &(&CallId, &Party)| {
            party.group() == call.group_id.as_ref()
                && party.room == call.room
                && self.state(call_id, &self.me) == Some(MemberState::Pending)
        };
        self.parties.iter().find(rings).map(|(call_id, _)| call_id.clone())
    }

    /// Makes a copy of the call in which the local user rings, of which nobody is told.
    fn enter(
        &mut self,
        now: Instant,
        call: GroupCallAttribute,
        at: UnixMillis,
    ) -> Result<CallId, ProtocolError> {
        let refused = |code, message: &str| Err(ProtocolError::new(code, message));
        if call.group_id.is_none() {
            return refused(Code::BadParameter, "The call names no group; only those are joined.");
        }
        let mut talking: Vec<UserId> = Vec::new();
        for user in call.users {
            if user != self.me && !talking.contains(&user) {
                talking.push(user);
            }
        }
        let Some(by) = talking.first().cloned() else {
            return refused(Code::WrongState, "Nobody talks in the call; place one.");
        };
        if talking.len() >= self.config.max_members {
            return refused(Code::WrongState, "The call is full.");
        }
        self.make_free(now)?;
        self.leave_parties(now);
        let params = CallParams {
            callees: vec![self.me.clone()],
            media_type: call.media_type,
            group_id: call.group_id,
            timeout_s: None,
            user_data: String::new(),
            sent_at: None,
        };
        let invite = KnownInvite {
            id: self.new_invite_id(),
            inviter: by.clone(),
            invitees: vec![self.me.clone()],
        };
        let callees = talking.iter().skip(1).chain([&self.me]).cloned().collect();
        self.party_origin = Some(PartyOrigin {
            invite: Some(invite),
            room: Some(call.room),
            caller: Some(by.clone()),
            callees,
            in_call: talking.clone(),
            timeout_s: self.config.ring_s(None),
            sent_at: UnixMillis(0),
            joins: true,
            by_ours: true,
        });
        self.place_copy(now, &by, params, at)?;
        let own = self.calls.call_of(&self.here).map(|call| call.facts.call_id);
        let own = own.filter(|call_id| self.parties.contains_key(call_id));
        let Some(call_id) = own else {
            return refused(Code::Internal, "The call could not be entered.");
        };
        let others: Vec<UserId> = talking.into_iter().skip(1).collect();
        let ring_s = self.config.patience_s(None);
        if !others.is_empty() {
            let _ = self.ring_members(now, &call_id, &by, &others, ring_s);
        }
        for user in &others {
            let _ = self.ask_as_member(now, user, Action::Accept { call_id: call_id.clone() });
        }
        self.set_quiet(&call_id, false);
        Ok(call_id)
    }

    /// What rings is declined for the call that is entered.
    fn make_free(&mut self, now: Instant) -> Result<(), ProtocolError> {
        let here = self.here.clone();
        let Some(call) = self.calls.call_of(&here) else { return Ok(()) };
        let call_id = call.facts.call_id;
        if self.state(&call_id, &self.me) != Some(MemberState::Pending) {
            let message = "You are in a call already; end it first.";
            return Err(ProtocolError::new(Code::WrongState, message));
        }
        self.ask(now, &here, Action::Reject { call_id, busy: true }).map(drop)
    }

    fn place_copy(
        &mut self,
        now: Instant,
        by: &UserId,
        params: CallParams,
        at: UnixMillis,
    ) -> Result<(), ProtocolError> {
        let by = peer_device(by.clone());
        self.sign_in(now, &by);
        let (unknown, outsiders) = (Vec::new(), Vec::new());
        let placed = self.ask(now, &by, Action::Call { params, unknown, outsiders, at });
        self.party_origin = None;
        placed.map(drop)
    }

    /// Somebody of the group entered the call, whom nobody had asked.
    pub(super) fn party_joined(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        call_id: &CallId,
    ) -> Result<(), BridgeDiscard> {
        let user = heard.from;
        let action = Action::Join { call_id: call_id.clone(), insider: true };
        // Before anybody talked here, or once they were taken off the list, they are let in as if
        // they had been asked.
        if self.ask_as_member(now, user, action).is_err() {
            return self.let_in(now, call_id, heard.envelope.inviter.as_ref(), user);
        }
        if let Some(party) = self.parties.get_mut(call_id)
            && *user != party.facts.caller
            && !party.facts.callees.contains(user)
        {
            party.facts.callees.push(user.clone());
        }
        Ok(())
    }

    /// What the members of the call's group are to see of it, as long as the local user is in it.
    pub(in super::super) fn tell_group(&mut self, call_id: &CallId, running: Option<RunningCall>) {
        let Some(party) = self.parties.get(call_id) else { return };
        let (Some(group_id), Some(running)) = (party.group().cloned(), running) else { return };
        if !party.connected || self.state(call_id, &self.me) != Some(MemberState::Connected) {
            return;
        }
        let talks = running.members.into_iter().filter(|one| one.state == MemberState::Connected);
        let mut users: Vec<UserId> = talks.map(|one| one.user).collect();
        // The same whoever writes it; who placed it first, for whoever enters.
        users.sort_by_key(|user| (*user != party.facts.caller, user.clone()));
        let call = GroupCallAttribute {
            room: party.room.clone(),
            group_id: Some(group_id.clone()),
            media_type: party.facts.media_type,
            users,
            call_id: party.facts.call_id.as_str().to_owned(),
        };
        self.outputs.push_back(BridgeOutput::GroupCall { group_id, call: Some(call) });
    }
}

impl Party {
    /// What marks an answer to an invite that nobody sent.
    pub(super) fn joining_mark(&self, me: &UserId, talks: Vec<UserId>) -> Option<MidCall> {
        self.joins.then(|| MidCall {
            call_id: self.facts.call_id.as_str().to_owned(),
            in_call: talks.into_iter().filter(|user| user != me).collect(),
            invited_at: None,
            consumed: false,
        })
    }
}
