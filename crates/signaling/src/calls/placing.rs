use std::collections::BTreeSet;
use std::time::Instant;

use calling_model::{CallId, Endpoint, UnixMillis, UserId};

use super::call::{Call, CallState, RingEnd, Ringing};
use super::collision::Collision;
use super::config::later;
use super::ending::{Closing, handled_elsewhere};
use super::requests::Answer;
use super::{Calls, CallsOutput, refusal};
use crate::call::{CallFacts, Role};
use crate::protocol::{CallParams, Event, ProtocolError, Reply};

impl Calls {
    pub(super) fn place(
        &mut self,
        now: Instant,
        from: &Endpoint,
        params: CallParams,
        unknown: &[UserId],
        at: UnixMillis,
    ) -> Result<Answer, ProtocolError> {
        if self.stopping {
            return Err(refusal::stopping());
        }
        if !self.limiter.allow(now, &from.user) {
            return Err(refusal::too_fast());
        }
        refusal::check_params(from, &params, &self.config)?;
        let [callee] = params.callees.as_slice() else { return Err(refusal::unknown_user()) };
        if unknown.contains(callee) {
            return Err(refusal::unknown_user());
        }
        let callee = callee.clone();
        let (caller_in, callee_in) = (self.live.of_user(&from.user), self.live.of_user(&callee));
        match Collision::of(&from.user, &callee, caller_in, callee_in) {
            Collision::None => {
                let call = self.new_call(now, from, callee, params, at);
                self.ring(now, call)
            }
            Collision::Glare { call_id } => self.connect(now, &call_id, from),
            Collision::Repeated => Err(refusal::already_calling()),
            Collision::CallerBusy => Err(refusal::in_another_call()),
            Collision::CalleeBusy => {
                let call = self.new_call(now, from, callee, params, at);
                Ok(self.line_busy(now, &call))
            }
        }
    }

    fn new_call(
        &mut self,
        now: Instant,
        from: &Endpoint,
        callee: UserId,
        params: CallParams,
        started_at: UnixMillis,
    ) -> Call {
        let ring = self.config.ring(params.timeout_s);
        let facts = CallFacts {
            call_id: self.ids.call_id(),
            invite_id: self.ids.invite_id(),
            room_id: self.ids.room_id(self.live.rooms()),
            caller: from.user.clone(),
            callees: params.callees,
            media_type: params.media_type,
            group_id: params.group_id,
            // The envelope carries whole seconds.
            timeout_s: u32::try_from(ring.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX),
            user_data: params.user_data,
            started_at,
        };
        let ringing = Ringing {
            until: later(now, ring),
            rang: BTreeSet::new(),
            caller_away: None,
            media_lost: BTreeSet::new(),
        };
        let state = CallState::Ringing(ringing);
        Call { facts, caller: from.clone(), callee, started: now, state }
    }

    fn ring(&mut self, now: Instant, call: Call) -> Result<Answer, ProtocolError> {
        if self.live.len() >= self.config.max_calls {
            return Err(refusal::too_many_calls());
        }
        let (call_id, callee) = (call.facts.call_id.clone(), call.callee.clone());
        let reply = call.reply(Role::Caller);
        self.start(&call);
        self.live.insert(call);
        let devices = self.presence.devices_of(&callee).to_vec();
        let then = devices
            .into_iter()
            .flat_map(|device| {
                let endpoint = Endpoint { user: callee.clone(), device };
                self.invite(now, &call_id, endpoint)
            })
            .collect();
        Ok(Answer { reply: Reply::Call(reply), then })
    }

    /// A call that is over before it rings.
    fn line_busy(&mut self, now: Instant, call: &Call) -> Answer {
        let reply = call.reply(Role::Caller);
        self.start(call);
        let CallState::Ringing(ringing) = &call.state else { return Answer::call(reply) };
        let closing = Closing::of_ringing(call, ringing, now, &RingEnd::LineBusy);
        let then = self.close(now, closing);
        Answer { reply: Reply::Call(reply), then }
    }

    fn start(&mut self, call: &Call) {
        self.stats.started += 1;
        self.outputs.push_back(CallsOutput::Started { facts: call.facts.clone() });
    }

    /// Lets `endpoint` ring, and tells the caller if it is the first device that does.
    pub(super) fn invite(
        &mut self,
        now: Instant,
        call_id: &CallId,
        endpoint: Endpoint,
    ) -> Vec<CallsOutput> {
        let most = self.config.max_devices_per_user.saturating_mul(4);
        let told = self.live.update(call_id, |call| {
            let CallState::Ringing(ringing) = &mut call.state else { return Vec::new() };
            let first = ringing.rang.is_empty();
            if ringing.rang.len() >= most && !ringing.rang.contains(&endpoint) {
                return Vec::new();
            }
            ringing.rang.insert(endpoint.clone());
            let remaining_ms = ringing.remaining_ms(now);
            let invited = Event::invited(call.facts.clone(), remaining_ms);
            let mut told = vec![CallsOutput::Notify { to: endpoint, event: invited }];
            told.extend(first.then(|| ringing_notice(call)));
            told
        });
        told.unwrap_or_default()
    }

    /// `from`, a device of the callee, answers the ringing call: by accepting it or by calling
    /// back. The only way into `Connected`.
    pub(super) fn connect(
        &mut self,
        now: Instant,
        call_id: &CallId,
        from: &Endpoint,
    ) -> Result<Answer, ProtocolError> {
        let Some(mut call) = self.live.remove(call_id) else { return Err(refusal::no_such_call()) };
        let CallState::Ringing(ringing) = call.state else {
            self.live.insert(call);
            return Err(refusal::answered_elsewhere());
        };
        let accepted_at =
            call.facts.started_at.saturating_add(now.saturating_duration_since(call.started));
        let talk = ringing.answered(now, &call.caller, from.clone(), accepted_at, &self.config);
        let others = talk.others.clone();
        call.state = CallState::Connected(talk);
        self.stats.connected += 1;
        self.leave_media(call_id, others.iter().cloned());
        self.outputs.push_back(CallsOutput::Connected {
            call_id: call_id.clone(),
            room_id: call.facts.room_id,
            caller: call.caller.clone(),
            callee: from.clone(),
            accepted_at,
        });
        let accepted = Event::Accepted { call_id: call_id.clone(), user: from.user.clone() };
        let then = std::iter::once((call.caller.clone(), accepted))
            .chain(handled_elsewhere(&call, &others, true))
            .map(|(to, event)| CallsOutput::Notify { to, event })
            .collect();
        let reply = Reply::Call(call.reply(Role::Callee));
        self.live.insert(call);
        Ok(Answer { reply, then })
    }
}

pub(super) fn ringing_notice(call: &Call) -> CallsOutput {
    let (call_id, user) = (call.facts.call_id.clone(), call.callee.clone());
    CallsOutput::Notify { to: call.caller.clone(), event: Event::Ringing { call_id, user } }
}
