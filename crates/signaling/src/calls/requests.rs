use std::time::Instant;

use calling_model::{CallId, Endpoint};

use super::call::{Call, Standing};
use super::placing::Checked;
use super::steps::Leaving;
use super::{CallAction, Calls, CallsOutput, RequestToken, refusal};
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

    pub(super) const fn done() -> Self {
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
        let answer = if self.presence.contains(&from) {
            self.act(now, &from, action)
        } else {
            Err(refusal::not_signed_in())
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

    fn act(
        &mut self,
        now: Instant,
        from: &Endpoint,
        action: CallAction,
    ) -> Result<Answer, ProtocolError> {
        match action {
            CallAction::Call { params, unknown, outsiders, at } => {
                let checked = Checked { unknown: &unknown, outsiders: &outsiders };
                self.place(now, from, params, checked, at)
            }
            CallAction::Accept { call_id } => self.accept(now, from, &call_id),
            CallAction::Reject { call_id, busy } => self.reject(now, from, &call_id, busy),
            CallAction::Hangup { call_id } => self.hang_up(now, from, &call_id),
            CallAction::InviteUsers { params, unknown, outsiders } => {
                let checked = Checked { unknown: &unknown, outsiders: &outsiders };
                self.invite_users(now, from, &params, checked)
            }
            CallAction::Join { call_id, insider } => self.join(now, from, &call_id, insider),
            CallAction::SwitchMediaType { call_id, media_type } => {
                self.switch_media_type(now, from, &call_id, media_type)
            }
            CallAction::GetCall { call_id } => self.look_up(now, from, &call_id),
            CallAction::GroupCall { group_id, insider } => self.group_call(&group_id, insider),
        }
    }

    fn accept(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Answer, ProtocolError> {
        match self.find(now, from, call_id)? {
            Found::Over(call) => Err(refusal::over(&call)),
            Found::Live(call) => match call.standing(from) {
                Standing::Rung => self.connect(now, call_id, from),
                Standing::Here | Standing::Elsewhere if from.user == call.facts.caller => {
                    Err(refusal::caller_cannot_answer())
                }
                Standing::Here => Err(refusal::already_accepted()),
                Standing::Elsewhere => Err(refusal::answered_elsewhere()),
                Standing::Out | Standing::Stranger => Err(refusal::rings_no_more()),
            },
        }
    }

    fn reject(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
        busy: bool,
    ) -> Result<Answer, ProtocolError> {
        match self.find(now, from, call_id)? {
            Found::Over(call) => Err(refusal::over(&call)),
            Found::Live(call) => match call.standing(from) {
                Standing::Rung => {
                    self.decline(now, from, call_id, busy);
                    Ok(Answer::done())
                }
                Standing::Here | Standing::Elsewhere if from.user == call.facts.caller => {
                    Err(refusal::caller_cannot_answer())
                }
                Standing::Here => Err(refusal::cannot_reject_connected()),
                Standing::Elsewhere => Err(refusal::answered_elsewhere()),
                Standing::Out | Standing::Stranger => Err(refusal::rings_no_more()),
            },
        }
    }

    fn hang_up(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Answer, ProtocolError> {
        match self.find(now, from, call_id)? {
            Found::Over(_) => Err(refusal::already_over()),
            Found::Live(call) => match call.standing(from) {
                Standing::Here => {
                    self.leave(now, call_id, &from.user, Leaving::HungUp);
                    Ok(Answer::done())
                }
                // Hanging up what rings declines it.
                Standing::Rung if call.role_of(from).is_some() => {
                    self.decline(now, from, call_id, false);
                    Ok(Answer::done())
                }
                Standing::Out => Err(refusal::already_over()),
                Standing::Rung | Standing::Elsewhere | Standing::Stranger => {
                    Err(refusal::not_your_call())
                }
            },
        }
    }

    fn decline(&mut self, now: Instant, from: &Endpoint, call_id: &CallId, busy: bool) {
        let turn = self.live.update(call_id, |call| call.decline(now, from, busy));
        let outputs = self.conclude(now, call_id, turn.unwrap_or_default()).all();
        self.outputs.extend(outputs);
    }

    /// How a call stands. Who missed its end is told again what it missed.
    fn look_up(
        &mut self,
        now: Instant,
        from: &Endpoint,
        call_id: &CallId,
    ) -> Result<Answer, ProtocolError> {
        let (missed, error) = match self.find(now, from, call_id)? {
            Found::Live(call) => {
                if let Some(role) = call.role_of(from) {
                    return Ok(Answer::call(call.reply(from, role)));
                }
                let words = call.member(&from.user).map(|member| member.last_words.clone());
                let error = match call.standing(from) {
                    Standing::Elsewhere if from.user != call.facts.caller => {
                        refusal::answered_elsewhere()
                    }
                    Standing::Out => refusal::rings_no_more(),
                    Standing::Elsewhere | Standing::Here | Standing::Rung | Standing::Stranger => {
                        refusal::not_your_call()
                    }
                };
                (words.unwrap_or_default(), error)
            }
            Found::Over(call) => (call.last_words.clone(), refusal::over(&call)),
        };
        let mine = missed.into_iter().filter(|(to, _)| to == from);
        self.outputs.extend(mine.map(|(to, event)| CallsOutput::Notify { to, event }));
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
