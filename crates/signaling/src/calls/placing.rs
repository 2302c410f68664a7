use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use calling_model::{CallId, Endpoint, UnixMillis, UserId};

use super::call::Call;
use super::collision::Collision;
use super::config::later;
use super::ending::{Closing, End};
use super::member::{Member, Ringing, Seat, Stage};
use super::requests::Answer;
use super::steps::Turn;
use super::{Calls, CallsOutput, refusal};
use crate::call::{CallFacts, ParticipantOutcome, Role};
use crate::protocol::{CallParams, Event, ProtocolError, Reply};

/// What the gateway found out about the people a request names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked<'a> {
    /// Those who have no account.
    pub(super) unknown: &'a [UserId],
    /// Those who do not belong to the group.
    pub(super) outsiders: &'a [UserId],
}

impl Calls {
    pub(super) fn place(
        &mut self,
        now: Instant,
        from: &Endpoint,
        params: CallParams,
        checked: Checked<'_>,
        at: UnixMillis,
    ) -> Result<Answer, ProtocolError> {
        if self.stopping {
            return Err(refusal::stopping());
        }
        if !self.limiter.allow(now, &from.user) {
            return Err(refusal::too_fast());
        }
        refusal::check_params(from, &params, &self.config)?;
        refusal::check_age(&params, at, self.config.max_request_age)?;
        refusal::check_people(checked)?;
        match Collision::of(from, &params, self.live.of_user(&from.user)) {
            Collision::None => self.ring_all(now, from, params, at, None),
            Collision::Rung { call_id } => self.ring_all(now, from, params, at, Some(&call_id)),
            Collision::Glare { call_id } => self.connect(now, &call_id, from),
            Collision::Repeated => Err(refusal::already_calling()),
            Collision::CallerBusy => Err(refusal::in_another_call()),
        }
    }

    /// Places the call; it rings whoever can be rung. `rung_by` is what rings the caller.
    fn ring_all(
        &mut self,
        now: Instant,
        from: &Endpoint,
        params: CallParams,
        at: UnixMillis,
        rung_by: Option<&CallId>,
    ) -> Result<Answer, ProtocolError> {
        let busy = self.busy_among(now, &from.user, &params.callees);
        if params.callees.len() == 1
            && !self.redial.allows(now, &from.user, &params.callees[0])
            && !self.is_engaged(&params.callees[0])
        {
            return Err(refusal::rang_too_often());
        }
        let rings = params.callees.len() - busy.len();
        self.take_rings(now, &from.user, rings)?;
        if rings == 0 {
            let call = self.new_call(now, from, params, at, &busy);
            return Ok(self.line_busy(now, call));
        }
        if self.live.len() >= self.config.max_calls {
            return Err(refusal::too_many_calls());
        }
        if let Some(call_id) = rung_by {
            self.decline_for_another(now, call_id, from);
        }
        let call = self.new_call(now, from, params, at, &busy);
        Ok(self.ring(now, call))
    }

    /// Those of `users` who cannot be rung by `from`: in a call or rung already, or rung by `from`
    /// in vain too often.
    pub(super) fn busy_among(
        &mut self,
        now: Instant,
        from: &UserId,
        users: &[UserId],
    ) -> BTreeSet<UserId> {
        let (live, redial) = (&self.live, &mut self.redial);
        let busy = users.iter().filter(|user| {
            live.of_user(user).is_some() || (users.len() > 1 && !redial.allows(now, from, user))
        });
        busy.cloned().collect()
    }

    fn is_engaged(&self, user: &UserId) -> bool {
        self.live.of_user(user).is_some()
    }

    /// Counts what `from` is about to ring.
    pub(super) fn take_rings(
        &mut self,
        now: Instant,
        from: &UserId,
        rings: usize,
    ) -> Result<(), ProtocolError> {
        let rings = u32::try_from(rings).unwrap_or(u32::MAX);
        let granted = self.rings.allow_many(now, from, rings);
        granted.then_some(()).ok_or_else(refusal::too_fast)
    }

    /// What rings `from`'s account rings no more: `from` turns to another call.
    pub(super) fn decline_for_another(&mut self, now: Instant, call_id: &CallId, from: &Endpoint) {
        let turn = self.live.update(call_id, |call| call.decline(now, from, true));
        let outputs = self.conclude(now, call_id, turn.unwrap_or_default()).all();
        self.outputs.extend(outputs);
    }

    fn new_call(
        &mut self,
        now: Instant,
        from: &Endpoint,
        params: CallParams,
        started_at: UnixMillis,
        busy: &BTreeSet<UserId>,
    ) -> Call {
        let ring = self.config.ring(params.timeout_s);
        let facts = CallFacts {
            call_id: self.ids.call_id(started_at),
            invite_id: self.ids.invite_id(),
            room_id: self.ids.room_id(self.live.rooms()),
            caller: from.user.clone(),
            callees: Vec::new(),
            media_type: params.media_type,
            group_id: params.group_id,
            timeout_s: whole_seconds(ring),
            user_data: params.user_data,
            started_at,
        };
        let seat = Stage::In(Seat { device: from.clone(), link: super::member::Link::default() });
        let caller = Member::new(from.user.clone(), seat, ParticipantOutcome::Called);
        let mut call = Call {
            placed_as: facts.media_type,
            facts,
            caller: from.clone(),
            started: now,
            members: vec![caller],
            accepted: None,
        };
        for callee in &params.callees {
            call.call_in(callee, ringing(now, ring, &from.user), busy.contains(callee));
        }
        call
    }

    fn ring(&mut self, now: Instant, call: Call) -> Answer {
        let call_id = call.facts.call_id.clone();
        let reply = call.reply(&call.caller, Role::Caller);
        self.start(&call);
        let users = call.facts.callees.clone();
        self.live.insert(call);
        let then = self.tell_called_in(now, &call_id, &users);
        Answer { reply: Reply::Call(reply), then }
    }

    /// `users` were called in: those who can be rung are, of the others everybody hears.
    pub(super) fn tell_called_in(
        &mut self,
        now: Instant,
        call_id: &CallId,
        users: &[UserId],
    ) -> Vec<CallsOutput> {
        let mut told = Vec::new();
        for user in users {
            for device in self.presence.devices_of(user).to_vec() {
                let endpoint = Endpoint { user: user.clone(), device };
                told.extend(self.invite(now, call_id, endpoint));
            }
        }
        let Some(call) = self.live.get(call_id) else { return told };
        for user in users.iter().filter(|user| call.member(user).is_some_and(|m| !m.is_engaged())) {
            let event = Event::LineBusy { call_id: call_id.clone(), user: user.clone() };
            let notify = |to| CallsOutput::Notify { to, event: event.clone() };
            told.extend(call.concerned(user).into_iter().map(notify));
        }
        told
    }

    /// A call that is over before it rings.
    fn line_busy(&mut self, now: Instant, call: Call) -> Answer {
        let reply = call.reply(&call.caller, Role::Caller);
        self.start(&call);
        let line_busy = |user: &UserId| {
            let call_id = call.facts.call_id.clone();
            (call.caller.clone(), Event::LineBusy { call_id, user: user.clone() })
        };
        let notices = call.facts.callees.iter().map(line_busy).collect();
        let turn = Turn { end: Some(End::LineBusy), notices, ..Turn::default() };
        let then = self.close(now, Closing::of(call, now, turn));
        Answer { reply: Reply::Call(reply), then }
    }

    fn start(&mut self, call: &Call) {
        self.stats.started += 1;
        self.outputs.push_back(CallsOutput::Started { facts: call.facts.clone() });
    }

    /// Lets `endpoint` ring, and tells the inviter if it is the first device that does.
    pub(super) fn invite(
        &mut self,
        now: Instant,
        call_id: &CallId,
        endpoint: Endpoint,
    ) -> Vec<CallsOutput> {
        let most = self.config.max_devices_per_user.saturating_mul(4);
        let told = self.live.update(call_id, |call| {
            let invited = invited(call, now, &endpoint.user)?;
            let member = call.member_mut(&endpoint.user)?;
            let Stage::Ringing(ringing) = &mut member.stage else { return None };
            let first = ringing.rang.is_empty();
            if ringing.rang.len() >= most && !ringing.rang.contains(&endpoint) {
                return None;
            }
            ringing.rang.insert(endpoint.clone());
            let user = endpoint.user.clone();
            let mut told = vec![CallsOutput::Notify { to: endpoint, event: invited }];
            told.extend(first.then(|| ringing_notice(call, &user)).flatten());
            Some(told)
        });
        told.flatten().unwrap_or_default()
    }

    /// `from`, a device of somebody rung, answers: by accepting or by calling back.
    pub(super) fn connect(
        &mut self,
        now: Instant,
        call_id: &CallId,
        from: &Endpoint,
    ) -> Result<Answer, ProtocolError> {
        let until = self.longest(now);
        let answered = self.live.update(call_id, |call| {
            let inviter = call.member(&from.user)?.ringing()?.inviter.clone();
            let first = !call.is_connected();
            let turn = call.answer(now, from, until);
            Some((turn, inviter, first, call.role_of(from)?))
        });
        let Some(Some((turn, inviter, first, role))) = answered else {
            return Err(refusal::answered_elsewhere());
        };
        self.redial.forgive(&inviter, &from.user);
        self.stats.connected += u64::from(first);
        self.enter(now, call_id, from, turn, role)
    }

    /// What a device that has just entered a conversation is answered, and the others are told.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        call_id: &CallId,
        from: &Endpoint,
        turn: Turn,
        role: Role,
    ) -> Result<Answer, ProtocolError> {
        let concluded = self.conclude(now, call_id, turn);
        self.outputs.extend(concluded.first);
        let call = self.live.get(call_id).ok_or_else(refusal::no_such_call)?;
        let reply = Reply::Call(call.reply(from, role));
        Ok(Answer { reply, then: concluded.then })
    }
}

/// Tells the inviter of `user`, if still in the call, that it rings there.
pub(super) fn ringing_notice(call: &Call, user: &UserId) -> Option<CallsOutput> {
    let inviter = &call.member(user)?.ringing()?.inviter;
    let to = call.member(inviter)?.seat()?.device.clone();
    let (call_id, user) = (call.facts.call_id.clone(), user.clone());
    Some(CallsOutput::Notify { to, event: Event::Ringing { call_id, user } })
}

pub(super) fn ringing(now: Instant, ring: Duration, inviter: &UserId) -> Ringing {
    Ringing { until: later(now, ring), rang: BTreeSet::new(), inviter: inviter.clone(), attempt: 0 }
}

fn invited(call: &Call, now: Instant, user: &UserId) -> Option<Event> {
    let ringing = call.member(user)?.ringing()?;
    let by_other = ringing.inviter != call.facts.caller;
    let talking = if call.is_connected() { call.seats().collect() } else { Vec::new() };
    Some(Event::Invited {
        facts: call.facts.clone(),
        remaining_ms: ringing.remaining_ms(now),
        inviter: by_other.then(|| ringing.inviter.clone()),
        attempt: ringing.attempt,
        in_call: talking.into_iter().map(|device| device.user.clone()).collect(),
    })
}

/// The envelope carries whole seconds.
fn whole_seconds(ring: Duration) -> u32 {
    u32::try_from(ring.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}
