//! Invites to calls of several.

use std::time::Instant;

use calling_model::{CallId, GroupId, InviteId, MediaType, UserId};
use calling_signaling::calls::CallAction;
use calling_signaling::invite::Envelope;
use calling_signaling::protocol::{CallParams, InviteParams, MemberState};

use super::super::hearing::Heard;
use super::super::invited::{is_ours, room};
use super::super::{BridgeEndpoint, peer_device};
use super::{KnownInvite, PartyOrigin};
use crate::BridgeDiscard;

impl BridgeEndpoint {
    /// The local user calls several people, or a group.
    pub(in super::super) fn party_origin_here(
        &self,
        callees: &[UserId],
        timeout_s: u32,
    ) -> PartyOrigin {
        PartyOrigin {
            invite: None,
            room: None,
            caller: Some(self.me.clone()),
            callees: callees.to_vec(),
            in_call: Vec::new(),
            timeout_s,
            sent_at: calling_model::UnixMillis(0),
            joins: false,
            by_ours: true,
        }
    }

    /// The local user rings more people.
    pub(in super::super) fn invite_action(
        &mut self,
        now: Instant,
        call_id: CallId,
        users: Vec<UserId>,
        timeout_s: Option<u32>,
    ) -> CallAction {
        self.sign_in_peers(now, &users);
        let told = timeout_s.or(self.parties.get(&call_id).map(|party| party.facts.timeout_s));
        let timeout_s = Some(self.config.patience_s(told));
        let params = InviteParams { call_id, users, timeout_s };
        CallAction::InviteUsers { params, unknown: Vec::new(), outsiders: Vec::new() }
    }

    /// A peer invites to a call of several: the local user, or others to the call there is.
    pub(super) fn party_invited(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        media_type: MediaType,
    ) -> Result<(), BridgeDiscard> {
        let envelope = &heard.envelope;
        let invite_id = envelope.invite_id.clone().ok_or(BridgeDiscard::NoInviteId)?;
        match self.find_party(now, heard.from, envelope) {
            Ok(call_id) if self.knows(&call_id, &invite_id) => {
                return Err(BridgeDiscard::Duplicate);
            }
            Ok(call_id) => return self.more_invited(now, heard, &call_id, invite_id),
            Err(BridgeDiscard::Unknown) => {}
            Err(discard) => return Err(discard),
        }
        if !envelope.invitees.contains(&self.me) {
            return Err(BridgeDiscard::NotForMe);
        }
        if envelope.payload.mid_call().is_some_and(|running| running.consumed) {
            return Err(BridgeDiscard::Over);
        }
        let ring_s = self.ring_left(heard)?;
        if self.overheard.is_elsewhere(heard.from, envelope.payload.room(), heard.sent_at) {
            return Err(BridgeDiscard::Stale);
        }
        if let Some(settled) = self.settle(now, heard, &invite_id, media_type) {
            return settled;
        }
        self.leave_older(now, heard)?;
        self.ring_party(now, heard, invite_id, media_type, ring_s)
    }

    pub(super) fn knows(&self, call_id: &CallId, invite_id: &InviteId) -> bool {
        self.parties.get(call_id).is_some_and(|party| party.invite(invite_id).is_some())
    }

    /// Whoever invites to another call is not in the one with the local user any more.
    fn leave_older(&mut self, now: Instant, heard: &Heard<'_>) -> Result<(), BridgeDiscard> {
        if let Some(call_id) = self.call_with(heard.from).cloned()
            && let Some(call) = self.live.get_mut(&call_id)
        {
            if heard.sent_at <= call.newest {
                return Err(BridgeDiscard::Stale);
            }
            if call.connected || call.own.is_none() {
                call.heard_end = true;
                return self.ask_as_member(now, heard.from, CallAction::Hangup { call_id });
            }
        }
        let in_it =
            |call_id: &&CallId| self.state(call_id, heard.from) == Some(MemberState::Connected);
        if let Some(call_id) = self.parties.keys().find(in_it).cloned()
            && let Some(party) = self.parties.get_mut(&call_id)
        {
            party.note_newest(heard.from, heard.sent_at)?;
            return self.ask_as_member(now, heard.from, CallAction::Hangup { call_id });
        }
        Ok(())
    }

    fn ring_party(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        id: InviteId,
        media_type: MediaType,
        ring_s: u32,
    ) -> Result<(), BridgeDiscard> {
        self.leave_parties(now);
        let (from, envelope) = (heard.from.clone(), &heard.envelope);
        self.sign_in(now, &peer_device(from.clone()));
        let origin = self.party_origin(heard, id);
        let (others, in_call) = (origin.others(&self.me, &from), origin.in_call.clone());
        let invite_id = heard.envelope.invite_id.clone();
        self.party_origin = Some(origin);
        let params = CallParams {
            callees: vec![self.me.clone()],
            media_type,
            group_id: envelope.group_id.clone(),
            timeout_s: Some(ring_s),
            user_data: envelope.payload.user_data.clone(),
            sent_at: None,
        };
        let (unknown, outsiders) = (Vec::new(), Vec::new());
        let call = CallAction::Call { params, unknown, outsiders, at: heard.sent_at };
        let placed = self.ask(now, &peer_device(from.clone()), call);
        self.party_origin = None;
        placed.map_err(|_| BridgeDiscard::Refused)?;
        // A busy line has no call by now.
        let own = self.calls.call_of(&self.here).map(|call| call.facts.call_id);
        let Some(call_id) = own.filter(|call_id| self.parties.contains_key(call_id)) else {
            return Ok(());
        };
        self.hear_program(&call_id, heard);
        if let Some(party) = self.parties.get_mut(&call_id) {
            party.catch_up_with(&self.overheard, heard.envelope.payload.room());
        }
        let patience = self.config.patience_s(Some(ring_s));
        self.quietly(&call_id, |this| {
            if !others.is_empty() {
                let _ = this.ring_members(now, &call_id, &from, &others, patience);
            }
            for user in in_call.iter().filter(|user| others.contains(user)) {
                let accept = CallAction::Accept { call_id: call_id.clone() };
                let _ = this.ask_as_member(now, user, accept);
            }
        });
        if let Some(invite_id) = invite_id {
            self.catch_up(now, &from, &invite_id);
        }
        Ok(())
    }

    /// What an invite says of its call.
    pub(super) fn party_origin(&self, heard: &Heard<'_>, id: InviteId) -> PartyOrigin {
        let (from, payload) = (heard.from, &heard.envelope.payload);
        let data = payload.data.as_ref();
        let left = |user: &UserId| self.overheard.has_left(user, payload.room());
        let mut in_call = payload.mid_call().map(|running| running.in_call).unwrap_or_default();
        let overheard = self.overheard.is_in(payload.room()).filter(|user| *user != from);
        let overheard: Vec<UserId> =
            overheard.filter(|user| !in_call.contains(user)).cloned().collect();
        in_call.extend(overheard);
        in_call.retain(|user| *user != self.me && !left(user));
        // Without a group the invitee is but one of the members.
        let mut callees = Vec::new();
        let members = data.map(|data| data.users.as_slice()).unwrap_or_default();
        for user in members.iter().chain(&heard.envelope.invitees).chain(&in_call) {
            if !callees.contains(user) && !left(user) {
                callees.push(user.clone());
            }
        }
        let caller = data.and_then(|data| data.inviter.clone()).filter(|caller| {
            caller == from || payload.mid_call().is_some_and(|run| run.in_call.contains(caller))
        });
        let caller = caller.unwrap_or_else(|| from.clone());
        callees.retain(|user| *user != caller);
        callees.truncate(self.config.max_members.saturating_sub(1));
        let invitees = heard.envelope.invitees.clone();
        PartyOrigin {
            invite: Some(KnownInvite { id, inviter: from.clone(), invitees }),
            room: room(payload),
            caller: Some(caller),
            callees,
            in_call,
            timeout_s: heard.envelope.timeout_s,
            sent_at: heard.sent_at,
            joins: false,
            by_ours: is_ours(payload),
        }
    }

    /// A peer in the call invites others to it.
    fn more_invited(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        call_id: &CallId,
        id: InviteId,
    ) -> Result<(), BridgeDiscard> {
        let ring_s = self.config.patience_s(Some(self.ring_left(heard)?));
        if self.state(call_id, heard.from) == Some(MemberState::Pending) {
            // Who invites is in the call: the answer is what comes late.
            let accept = CallAction::Accept { call_id: call_id.clone() };
            self.ask_as_member(now, heard.from, accept)?;
        }
        if self.state(call_id, heard.from) != Some(MemberState::Connected) {
            return Err(BridgeDiscard::Stale);
        }
        self.hear_program(call_id, heard);
        let party = self.parties.get_mut(call_id).ok_or(BridgeDiscard::Unknown)?;
        let invitees = heard.envelope.invitees.clone();
        party.know(KnownInvite { id, inviter: heard.from.clone(), invitees });
        let me = &self.me;
        let users: Vec<UserId> =
            heard.envelope.invitees.iter().filter(|user| *user != me).cloned().collect();
        self.ring_members(now, call_id, heard.from, &users, ring_s)
    }

    /// Notes whether a program of this project wrote it.
    pub(super) fn hear_program(&mut self, call_id: &CallId, heard: &Heard<'_>) {
        if is_ours(&heard.envelope.payload)
            && let Some(party) = self.parties.get_mut(call_id)
        {
            party.ours.insert(heard.from.clone());
            let newest = party.newest.entry(heard.from.clone()).or_insert(heard.sent_at);
            *newest = (*newest).max(heard.sent_at);
        }
    }
}

impl PartyOrigin {
    /// Those besides the local user and whoever invites.
    fn others(&self, me: &UserId, from: &UserId) -> Vec<UserId> {
        let everybody = self.caller.iter().chain(&self.callees);
        let mut others: Vec<UserId> =
            everybody.filter(|user| *user != me && *user != from).cloned().collect();
        // Who placed the call and is in it no more is not rung again.
        others.retain(|user| Some(user) != self.caller.as_ref() || self.in_call.contains(user));
        others
    }
}

/// Whether an invite that is to no group is one of several people.
pub(in super::super) fn invites_several(envelope: &Envelope, me: &UserId, from: &UserId) -> bool {
    let payload = &envelope.payload;
    let others = |users: &[UserId]| users.iter().any(|user| user != me && user != from);
    payload.mid_call().is_some()
        || payload.data.as_ref().is_some_and(|data| others(&data.users))
        || others(&envelope.invitees)
}

/// The group a message is about; `Err` if it claims one that it was not sent to.
pub(in super::super) fn group_of(
    sent_to: Option<&GroupId>,
    envelope: &mut Envelope,
) -> Result<bool, BridgeDiscard> {
    match (sent_to, &envelope.group_id) {
        (None, None) => Ok(false),
        (Some(group), None) => {
            envelope.group_id = Some(group.clone());
            Ok(true)
        }
        (Some(group), Some(claimed)) if group == claimed => Ok(true),
        (_, Some(_)) => Err(BridgeDiscard::Spoofed),
    }
}
