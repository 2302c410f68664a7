//! People who come to a call that runs.

use std::time::Instant;

use calling_model::{CallId, Endpoint, GroupId, MediaType, UserId};

use super::call::{Call, Standing};
use super::config::later;
use super::member::{Gone, Member, Stage};
use super::placing::{Checked, ringing};
use super::requests::Answer;
use super::steps::Turn;
use super::{Calls, CallsOutput, refusal};
use crate::call::Role;
use crate::protocol::{Event, GroupCallReply, InviteParams, ProtocolError, Reply};

impl Calls {
    pub(super) fn invite_users(
        &mut self,
        now: Instant,
        from: &Endpoint,
        params: &InviteParams,
        checked: Checked<'_>,
    ) -> Result<Answer, ProtocolError> {
        let InviteParams { call_id, users, timeout_s } = params;
        self.check_own(now, from, call_id)?;
        refusal::check_invitees(from, users, &self.config)?;
        refusal::check_people(checked)?;
        let call = self.live.get(call_id).ok_or_else(refusal::no_such_call)?;
        let engaged = |user: &&UserId| !call.member(user).is_some_and(Member::is_engaged);
        let new: Vec<UserId> = users.iter().filter(engaged).cloned().collect();
        if new.is_empty() {
            return Err(refusal::all_invited());
        }
        self.check_room(call, &new)?;
        let ring = match timeout_s {
            Some(_) => self.config.ring(*timeout_s),
            None => self.config.ring(Some(call.facts.timeout_s)),
        };
        let mut busy = self.busy_among(now, &from.user, &new);
        busy.extend(new.iter().filter(|user| !self.redial.allows(now, &from.user, user)).cloned());
        self.take_rings(now, &from.user, new.len() - busy.len())?;
        self.outputs.push_back(CallsOutput::Invited {
            call_id: call_id.clone(),
            by: from.user.clone(),
            users: new.clone(),
        });
        let turn = self.live.update(call_id, |call| {
            for user in &new {
                call.call_in(user, ringing(now, ring, &from.user), busy.contains(user));
            }
            call.invitees_changed(&from.user, &new)
        });
        let mut then = self.conclude(now, call_id, turn.unwrap_or_default()).all();
        then.extend(self.tell_called_in(now, call_id, &new));
        self.reply_with(call_id, from, then)
    }

    pub(super) fn join(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
        insider: bool,
    ) -> Result<Answer, ProtocolError> {
        if self.stopping {
            return Err(refusal::stopping());
        }
        if self.live.get(call_id).is_none() {
            return Err(self.why_gone(now, from, call_id));
        }
        let call = self.live.get(call_id).ok_or_else(refusal::no_such_call)?;
        match call.standing(from) {
            Standing::Stranger if !insider || call.facts.group_id.is_none() => {
                return Err(refusal::not_your_call());
            }
            Standing::Rung => return self.connect(now, call_id, from),
            Standing::Here => return Err(refusal::in_it_already()),
            Standing::Elsewhere => return Err(refusal::in_another_call()),
            Standing::Out if call.was_removed(&from.user) => {
                return Err(refusal::removed());
            }
            Standing::Stranger | Standing::Out => {}
        }
        if !call.is_connected() {
            return Err(refusal::nobody_talks());
        }
        self.check_room(call, std::slice::from_ref(&from.user))?;
        let role = if call.facts.caller == from.user { Role::Caller } else { Role::Callee };
        let rung_by = match self.live.of_user(&from.user) {
            Some(other) if other.standing(from) == Standing::Rung => {
                Some(other.facts.call_id.clone())
            }
            Some(_) => return Err(refusal::in_another_call()),
            None => None,
        };
        if !self.limiter.allow(now, &from.user) {
            return Err(refusal::too_fast());
        }
        if let Some(other) = rung_by {
            self.decline_for_another(now, &other, from);
        }
        let turn = self.live.update(call_id, |call| call.join(now, from));
        self.enter(now, call_id, from, turn.unwrap_or_default(), role)
    }

    pub(super) fn switch_media_type(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
        media_type: MediaType,
    ) -> Result<Answer, ProtocolError> {
        self.check_own(now, from, call_id)?;
        let call = self.live.get(call_id).ok_or_else(refusal::no_such_call)?;
        if call.facts.media_type == media_type {
            return Ok(Answer::done());
        }
        if !self.limiter.allow(now, &from.user) {
            return Err(refusal::too_fast());
        }
        let turn = self.live.update(call_id, |call| call.switch(&from.user, media_type));
        let then = self.conclude(now, call_id, turn.unwrap_or_default()).all();
        Ok(Answer { reply: Reply::Done {}, then })
    }

    pub(super) fn group_call(
        &self,
        group_id: &GroupId,
        insider: bool,
    ) -> Result<Answer, ProtocolError> {
        if !insider {
            return Err(refusal::not_in_group());
        }
        let call = self.live.of_group(group_id).and_then(Call::running);
        Ok(Answer { reply: Reply::GroupCall(GroupCallReply { call }), then: Vec::new() })
    }

    /// Whether `from` is in the call itself, so that it may decide about it.
    fn check_own(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<(), ProtocolError> {
        if self.stopping {
            return Err(refusal::stopping());
        }
        let Some(call) = self.live.get(call_id) else {
            return Err(self.why_gone(now, from, call_id));
        };
        match call.standing(from) {
            Standing::Here => Ok(()),
            Standing::Rung => Err(refusal::answer_first()),
            Standing::Out => Err(refusal::left_it()),
            Standing::Stranger | Standing::Elsewhere => Err(refusal::not_your_call()),
        }
    }

    /// What to say of a call that does not live.
    fn why_gone(&mut self, now: Instant, from: &Endpoint, call_id: &CallId) -> ProtocolError {
        match self.memory.get(now, call_id) {
            Some(call) if call.involves(&from.user) => refusal::over(call),
            Some(_) => refusal::not_your_call(),
            None => refusal::no_such_call(),
        }
    }

    /// Whether so many more people fit into the call.
    fn check_room(&self, call: &Call, new: &[UserId]) -> Result<(), ProtocolError> {
        let unseen = new.iter().filter(|user| !call.involves(user)).count();
        let crowded = call.engaged().count() + new.len() > self.config.max_members;
        if crowded || call.members.len() + unseen > self.config.max_seen() {
            return Err(refusal::call_is_full(self.config.max_members));
        }
        Ok(())
    }

    fn reply_with(
        &self,
        call_id: &CallId,
        from: &Endpoint,
        then: Vec<CallsOutput>,
    ) -> Result<Answer, ProtocolError> {
        let call = self.live.get(call_id).ok_or_else(refusal::no_such_call)?;
        let role = call.role_of(from).ok_or_else(refusal::not_your_call)?;
        Ok(Answer { reply: Reply::Call(call.reply(from, role)), then })
    }

    /// Takes somebody out of a call by the operator's wish.
    pub(super) fn remove_member(&mut self, now: Instant, call_id: &CallId, user: &UserId) {
        let turn = self.live.update(call_id, |call| call.remove(now, user)).flatten();
        let Some(turn) = turn else {
            self.stats.stale += 1;
            return;
        };
        let outputs = self.conclude(now, call_id, turn).all();
        self.outputs.extend(outputs);
    }

    /// When the longest call that begins now ends.
    pub(super) fn longest(&self, now: Instant) -> Instant {
        later(now, self.config.max_call_length)
    }
}

impl Call {
    fn was_removed(&self, user: &UserId) -> bool {
        self.member(user).is_some_and(|member| match member.stage {
            Stage::Out(gone) => gone == Gone::Removed,
            Stage::Ringing(_) | Stage::In(_) => false,
        })
    }

    /// Those in the call and rung by it before hear who is invited now.
    fn invitees_changed(&self, by: &UserId, new: &[UserId]) -> Turn {
        let (call_id, users) = (self.facts.call_id.clone(), self.facts.callees.clone());
        let event =
            Event::InviteesChanged { call_id, by: by.clone(), users, invited: new.to_vec() };
        let before = self.audience(by).into_iter().filter(|device| !new.contains(&device.user));
        let notices = before.map(|device| (device, event.clone())).collect();
        Turn { notices, visible: true, ..Turn::default() }
    }
}
