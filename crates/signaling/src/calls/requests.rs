use std::collections::BTreeSet;
use std::time::Instant;

use calling_model::{CallId, Endpoint};

use super::call::{Call, CallState, RingEnd, TalkEnd};
use super::ending::handled_elsewhere;
use super::{CallAction, Calls, CallsOutput, RequestToken, refusal};
use crate::call::Role;
use crate::protocol::{CallReply, ProtocolError, Reply};

/// What a granted request is answered, and what happens once the answer is under way.
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) then: Vec<CallsOutput>,
}

impl Answer {
    pub(super) const fn call(reply: CallReply) -> Self {
        Self { reply: Reply::Call(reply), then: Vec::new() }
    }

    const fn done() -> Self {
        Self { reply: Reply::Done {}, then: Vec::new() }
    }
}

/// Where a call that somebody asks about is found.
enum Found<'a> {
    Live(&'a Call),
    Over(super::memory::Remembered),
}

impl Calls {
    /// Gives exactly one reply, whatever is asked.
    pub(super) fn request(
        &mut self,
        now: Instant,
        from: Endpoint,
        request: RequestToken,
        action: CallAction,
    ) {
        let answer = match action {
            _ if !self.presence.contains(&from) => Err(refusal::not_signed_in()),
            CallAction::Call { params, unknown, at } => {
                self.place(now, &from, params, &unknown, at)
            }
            CallAction::Accept { call_id } => self.accept(now, &from, &call_id),
            CallAction::Reject { call_id, busy } => self.reject(now, &from, &call_id, busy),
            CallAction::Hangup { call_id } => self.hang_up(now, &from, &call_id),
            CallAction::GetCall { call_id } => self.look_up(now, &from, &call_id),
        };
        let (result, then) = match answer {
            Ok(Answer { reply, then }) => (Ok(reply), then),
            Err(error) => {
                *self.stats.refused.entry(error.code.into()).or_default() += 1;
                (Err(error), Vec::new())
            }
        };
        self.outputs.push_back(CallsOutput::Reply { to: from, request, result });
        self.outputs.extend(then);
    }

    fn accept(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Answer, ProtocolError> {
        let call = match self.find(now, from, call_id)? {
            Found::Live(call) => call,
            Found::Over(call) => return Err(refusal::over(&call)),
        };
        match &call.state {
            _ if call.facts.caller == from.user => Err(refusal::caller_cannot_answer()),
            CallState::Connected(talk) if talk.callee == *from => Err(refusal::already_accepted()),
            CallState::Connected(_) => Err(refusal::answered_elsewhere()),
            CallState::Ringing(_) => self.connect(now, call_id, from),
        }
    }

    fn reject(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
        busy: bool,
    ) -> Result<Answer, ProtocolError> {
        let call = match self.find(now, from, call_id)? {
            Found::Live(call) => call,
            Found::Over(call) => return Err(refusal::over(&call)),
        };
        match &call.state {
            _ if call.facts.caller == from.user => Err(refusal::caller_cannot_answer()),
            CallState::Connected(talk) if talk.callee == *from => {
                Err(refusal::cannot_reject_connected())
            }
            CallState::Connected(_) => Err(refusal::answered_elsewhere()),
            CallState::Ringing(_) => {
                self.end_ringing(now, call_id, &RingEnd::Declined { by: from.clone(), busy });
                Ok(Answer::done())
            }
        }
    }

    fn hang_up(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Answer, ProtocolError> {
        let call = match self.find(now, from, call_id)? {
            Found::Live(call) => call,
            Found::Over(_) => return Err(refusal::already_over()),
        };
        let role = call.role_of(from).ok_or_else(refusal::not_your_call)?;
        match (&call.state, role) {
            (CallState::Ringing(_), Role::Caller) => {
                self.end_ringing(now, call_id, &RingEnd::Withdrawn);
            }
            // Hanging up what rings declines it.
            (CallState::Ringing(_), Role::Callee) => {
                let end = RingEnd::Declined { by: from.clone(), busy: false };
                self.end_ringing(now, call_id, &end);
            }
            (CallState::Connected(_), Role::Caller | Role::Callee) => {
                self.end_talk(now, call_id, &TalkEnd::HungUp { by: from.clone() });
            }
        }
        Ok(Answer::done())
    }

    /// How a call stands. Who missed its end is told again what it missed.
    fn look_up(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Answer, ProtocolError> {
        let (missed, error) = match self.find(now, from, call_id)? {
            Found::Live(call) => match call.role_of(from) {
                Some(role) => return Ok(Answer::call(call.reply(role))),
                None if call.facts.caller == from.user => return Err(refusal::not_your_call()),
                None => {
                    let this = BTreeSet::from([from.clone()]);
                    let missed = handled_elsewhere(call, &this, true).map(|(_, event)| event);
                    (missed.collect::<Vec<_>>(), refusal::answered_elsewhere())
                }
            },
            Found::Over(call) => {
                let missed = call.last_words.iter().filter(|(to, _)| to == from);
                (missed.map(|(_, event)| event.clone()).collect(), refusal::over(&call))
            }
        };
        let told = missed.into_iter().map(|event| CallsOutput::Notify { to: from.clone(), event });
        self.outputs.extend(told);
        Err(error)
    }

    /// The call, if the asker's account is in it or was.
    fn find(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Found<'_>, ProtocolError> {
        if let Some(call) = self.live.get(call_id) {
            let entitled = call.involves(&from.user).then_some(Found::Live(call));
            return entitled.ok_or_else(refusal::not_your_call);
        }
        match self.memory.get(now, call_id) {
            Some(call) if call.involves(&from.user) => Ok(Found::Over(call.clone())),
            Some(_) => Err(refusal::not_your_call()),
            None => Err(refusal::no_such_call()),
        }
    }
}
