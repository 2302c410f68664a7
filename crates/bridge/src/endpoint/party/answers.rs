//! What the others of a call of several say in messages of their own.

use std::time::Instant;

use calling_model::{CallId, MediaType, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::calls::{CallAction, CallsInput};
use calling_signaling::invite::Signal;
use calling_signaling::protocol::MemberState;

use super::super::BridgeEndpoint;
use super::super::hearing::Heard;
use crate::BridgeDiscard;

impl BridgeEndpoint {
    pub(in super::super) fn hear_party(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        signal: &Signal,
    ) -> Result<(), BridgeDiscard> {
        let by_inviter = heard.envelope.inviter.as_ref() == Some(heard.from);
        match signal {
            Signal::Invite { media_type } => self.party_invited(now, heard, *media_type),
            Signal::Accept | Signal::Reject | Signal::Busy => {
                self.party_answered(now, heard, signal)
            }
            Signal::Timeout if !by_inviter => self.party_answered(now, heard, signal),
            Signal::Cancel => self.party_withdrawn(now, heard, false),
            Signal::Timeout => self.party_withdrawn(now, heard, true),
            Signal::Hangup { .. } => self.party_left(now, heard),
            Signal::SyncInfo(event) => self.relayed(now, heard.from, event),
            Signal::SwitchToAudio => self.party_asked_to_switch(now, heard, MediaType::Audio),
            Signal::SwitchToVideo => self.party_asked_to_switch(now, heard, MediaType::Video),
            Signal::SwitchAccepted { .. }
            | Signal::SwitchRejected { .. }
            | Signal::SwitchUnanswered { .. }
            | Signal::Modified => Err(BridgeDiscard::Unsupported),
        }
    }

    fn party_answered(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        signal: &Signal,
    ) -> Result<(), BridgeDiscard> {
        let user = heard.from;
        let call_id = match self.find_party(now, user, &heard.envelope) {
            Err(BridgeDiscard::Over) if *signal == Signal::Accept => {
                self.withdraw_again(now, heard);
                return Err(BridgeDiscard::Over);
            }
            Err(BridgeDiscard::Unknown) if *signal == Signal::Accept => {
                self.overhear(heard, true);
                return Err(BridgeDiscard::Unknown);
            }
            found => found?,
        };
        self.check_may_answer(&call_id, heard, signal)?;
        let party = self.parties.get_mut(&call_id).ok_or(BridgeDiscard::Unknown)?;
        party.note_newest(user, heard.sent_at)?;
        self.hear_program(&call_id, heard);
        let unasked = heard.envelope.payload.mid_call().is_some()
            && self.state(&call_id, user) != Some(MemberState::Pending);
        if *signal == Signal::Accept && unasked {
            return self.party_joined(now, heard, &call_id);
        }
        if *signal == Signal::Accept {
            return self.let_in(now, &call_id, heard.envelope.inviter.as_ref(), user);
        }
        self.decline_as(now, &call_id, user, signal)
    }

    /// Whether `heard` can be an answer: of somebody who rings; or an accept that comes too late
    /// for this end but not for theirs, or before the invite that it answers.
    fn check_may_answer(
        &self,
        call_id: &CallId,
        heard: &Heard<'_>,
        signal: &Signal,
    ) -> Result<(), BridgeDiscard> {
        let accepts = *signal == Signal::Accept;
        let invite_id = heard.envelope.invite_id.as_ref();
        let to_come = || invite_id.is_some_and(|id| !self.knows(call_id, id));
        let may = match self.state(call_id, heard.from) {
            Some(MemberState::Pending) => true,
            Some(MemberState::NoAnswer | MemberState::Removed) => accepts,
            None if accepts => true,
            None => return Err(BridgeDiscard::Unknown),
            Some(MemberState::Rejected | MemberState::Busy | MemberState::Left) => {
                accepts && to_come()
            }
            Some(MemberState::Connected) => false,
        };
        if may { Ok(()) } else { Err(BridgeDiscard::AlreadyAnswered) }
    }

    /// Something in a group about a call that is not known, or not yet.
    fn overhear(&mut self, heard: &Heard<'_>, enters: bool) {
        let room = heard.envelope.payload.room().filter(|_| heard.envelope.group_id.is_some());
        if let Some(room) = room {
            let (user, at) = (heard.from.clone(), heard.sent_at);
            self.overheard.note(super::Step { user, room, at, enters });
        }
    }

    /// `user` is in the call from now on, even if it was not known to be rung.
    pub(super) fn let_in(
        &mut self,
        now: Instant,
        call_id: &CallId,
        inviter: Option<&UserId>,
        user: &UserId,
    ) -> Result<(), BridgeDiscard> {
        if self.state(call_id, user) != Some(MemberState::Pending) {
            let in_it = |who: &&UserId| self.state(call_id, who) == Some(MemberState::Connected);
            let known = self.parties.get(call_id).and_then(|party| party.inviters.get(user));
            // Whoever invited them may have left by now.
            let may_have = [inviter, known, Some(&self.me)];
            let inviter = may_have.into_iter().flatten().find(in_it);
            let inviter = inviter.ok_or(BridgeDiscard::Unknown)?.clone();
            let ring_s = self.config.patience_s(None);
            if let Some(party) = self.parties.get_mut(call_id) {
                party.note_invited(&inviter, std::slice::from_ref(user));
            }
            self.quietly(call_id, |this| {
                this.ring_members(now, call_id, &inviter, std::slice::from_ref(user), ring_s)
            })?;
        }
        self.ask_as_member(now, user, CallAction::Accept { call_id: call_id.clone() })
    }

    /// `user` declined, was busy or did not answer.
    pub(super) fn decline_as(
        &mut self,
        now: Instant,
        call_id: &CallId,
        user: &UserId,
        signal: &Signal,
    ) -> Result<(), BridgeDiscard> {
        if let Some(party) = self.parties.get_mut(call_id).filter(|_| *signal == Signal::Timeout) {
            // To the machine a device that gives up declines.
            party.unanswered.insert(user.clone());
            party.naming = Some(user.clone());
        }
        let busy = *signal == Signal::Busy;
        let action = CallAction::Reject { call_id: call_id.clone(), busy };
        let declined = self.ask_as_member(now, user, action);
        if let Some(party) = self.parties.get_mut(call_id) {
            party.naming = None;
        }
        declined
    }

    /// Whoever invited withdraws that, or gave up waiting.
    fn party_withdrawn(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        timed_out: bool,
    ) -> Result<(), BridgeDiscard> {
        let id = heard.envelope.invite_id.clone().ok_or(BridgeDiscard::NoInviteId)?;
        let found = self.find_party(now, heard.from, &heard.envelope);
        let invite = found.as_ref().ok().and_then(|call_id| {
            self.parties.get(call_id).and_then(|party| party.invite(&id)).cloned()
        });
        let (Ok(call_id), Some(invite)) = (&found, invite) else {
            if !matches!(found, Err(BridgeDiscard::Over)) {
                self.remember_withdrawn(now, heard);
            }
            return Err(found.err().unwrap_or(BridgeDiscard::Unknown));
        };
        if invite.inviter != *heard.from {
            return Err(BridgeDiscard::Spoofed);
        }
        let told = &heard.envelope.invitees;
        let named: Vec<UserId> = invite
            .invitees
            .into_iter()
            .filter(|user| told.is_empty() || told.contains(user))
            .collect();
        // The local user first: what becomes of the others is no news then.
        let (mine, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|user| *user == self.me);
        for user in mine.iter().chain(&others) {
            self.withdraw_one(now, call_id, heard, user, timed_out);
        }
        Ok(())
    }

    fn withdraw_one(
        &mut self,
        now: Instant,
        call_id: &CallId,
        heard: &Heard<'_>,
        user: &UserId,
        timed_out: bool,
    ) {
        let is_me = *user == self.me;
        match self.state(call_id, user) {
            Some(MemberState::Pending) if timed_out && !is_me => {
                let _ = self.decline_as(now, call_id, user, &Signal::Timeout);
            }
            Some(MemberState::Pending) => {
                if let Some(party) = self.parties.get_mut(call_id) {
                    party.naming = (timed_out && is_me).then(|| user.clone());
                    // It was told by whoever invited.
                    party.said |= is_me;
                }
                let (call_id, user) = (call_id.clone(), user.clone());
                self.feed(now, CallsInput::RemoveMember { call_id, user });
            }
            // Answered here, which never came there: whoever withdraws is out of the call.
            Some(MemberState::Connected) if is_me && !timed_out => {
                let action = CallAction::Hangup { call_id: call_id.clone() };
                let _ = self.ask_as_member(now, heard.from, action);
                self.give_up_on_invitees(now, call_id, heard.from);
            }
            Some(
                MemberState::Connected
                | MemberState::Rejected
                | MemberState::Busy
                | MemberState::NoAnswer
                | MemberState::Left
                | MemberState::Removed,
            )
            | None => {}
        }
    }

    /// Those whom `inviter` rang ring no more.
    fn give_up_on_invitees(&mut self, now: Instant, call_id: &CallId, inviter: &UserId) {
        let invited = |party: &super::Party| -> Vec<UserId> {
            let by = party.inviters.iter().filter(|(_, by)| *by == inviter);
            by.map(|(user, _)| user.clone()).collect()
        };
        for user in self.parties.get(call_id).map(invited).unwrap_or_default() {
            if self.state(call_id, &user) == Some(MemberState::Pending) {
                let call_id = call_id.clone();
                self.feed(now, CallsInput::RemoveMember { call_id, user });
            }
        }
    }

    /// A peer tells that it left the call, or that nobody is left in it but itself.
    fn party_left(&mut self, now: Instant, heard: &Heard<'_>) -> Result<(), BridgeDiscard> {
        let (user, group) = (heard.from, heard.envelope.group_id.as_ref());
        let told = heard.envelope.payload.room();
        let fits = |(call_id, party): &(&CallId, &super::Party)| {
            party.group() == group
                && (told.is_none() || party.is_in(told))
                && self.state(call_id, user).is_some()
        };
        let Some(call_id) = self.parties.iter().find(fits).map(|(call_id, _)| call_id.clone())
        else {
            self.overhear(heard, false);
            return Err(BridgeDiscard::Over);
        };
        let state = self.state(&call_id, user);
        let answered = matches!(state, Some(MemberState::Connected));
        // The answer is what comes later; then the room is this call's.
        let answer_to_come = matches!(state, Some(MemberState::Pending)) && told.is_some();
        if !answered && !answer_to_come {
            return Err(BridgeDiscard::Over);
        }
        let party = self.parties.get_mut(&call_id).ok_or(BridgeDiscard::Unknown)?;
        party.note_newest(user, heard.sent_at)?;
        if answer_to_come {
            self.ask_as_member(now, user, CallAction::Accept { call_id: call_id.clone() })?;
        }
        self.ask_as_member(now, user, CallAction::Hangup { call_id })
    }

    /// What is kept of an own invite to `user` that was never taken.
    pub(super) fn withdrawn_facts(facts: &CallFacts, me: &UserId, user: &UserId) -> CallFacts {
        CallFacts { caller: me.clone(), callees: vec![user.clone()], ..facts.clone() }
    }
}
