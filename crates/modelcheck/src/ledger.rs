//! What the server has said and stored so far, and whether it may.

use std::collections::{BTreeMap, BTreeSet};

use calling_model::{CallId, Endpoint, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome};
use calling_signaling::calls::{CallAction, Calls, CallsOutput, RequestToken};
use calling_signaling::protocol::{Event, MemberState};

use crate::rules::Rule;

/// The calls of a history, as the world outside the server sees them.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Ledger {
    /// In the order in which they were placed.
    order: Vec<CallId>,
    calls: BTreeMap<CallId, Seen>,
    /// The first rule broken.
    broken: Option<Rule>,
}

#[derive(Clone, Debug, Hash)]
struct Seen {
    caller: Endpoint,
    callees: Vec<UserId>,
    stage: Stage,
    /// The devices between which media passes. Empty once over.
    inside: BTreeSet<Endpoint>,
    /// The devices that rang. Empty once over.
    rang: BTreeSet<Endpoint>,
    /// How many records are in the store.
    records: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Ringing,
    Talking,
    Over(End),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// The machine said so.
    Said(Outcome),
    /// The store closed it after a restart.
    Recovered,
}

/// What made the server act.
pub(crate) struct Cause<'a> {
    /// The request, if it was one.
    pub(crate) request: Option<(&'a Endpoint, RequestToken, &'a CallAction)>,
}

impl Ledger {
    pub(crate) const fn count(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn ids(&self) -> &[CallId] {
        &self.order
    }

    pub(crate) const fn broken(&self) -> Option<Rule> {
        self.broken
    }

    pub(crate) fn someone_talks(&self) -> bool {
        self.calls.values().any(|seen| seen.stage == Stage::Talking)
    }

    pub(crate) fn ended(&self, end: End) -> bool {
        self.calls.values().any(|seen| seen.stage == Stage::Over(end))
    }

    /// Whether every call has ended, each with one record.
    pub(crate) fn is_complete(&self) -> bool {
        let closed = |seen: &Seen| matches!(seen.stage, Stage::Over(_)) && seen.records == 1;
        self.calls.values().all(closed)
    }

    pub(crate) fn caller_of(&self, call_id: &CallId) -> Option<Endpoint> {
        self.calls.get(call_id).map(|seen| seen.caller.clone())
    }

    pub(crate) fn another_that_rang(&self, call_id: &CallId, but: &Endpoint) -> Option<Endpoint> {
        self.calls.get(call_id)?.rang.iter().find(|device| *device != but).cloned()
    }

    pub(crate) fn breaks(&mut self, rule: Rule) {
        self.broken.get_or_insert(rule);
    }

    fn demand(&mut self, holds: bool, rule: Rule) {
        if !holds {
            self.breaks(rule);
        }
    }

    /// The server was killed and closes what its store says is open. `all`: a faulty one that
    /// closes what has a record, too.
    pub(crate) fn recover(&mut self, all: bool) {
        for seen in self.calls.values_mut() {
            if !matches!(seen.stage, Stage::Over(_)) {
                seen.close(End::Recovered);
            } else if all {
                seen.records += 1;
            }
        }
        self.count_records();
    }

    /// Notes what the server does, in order.
    pub(crate) fn hear(&mut self, cause: &Cause<'_>, outputs: &[CallsOutput]) {
        let mut replies = 0;
        for output in outputs {
            replies += usize::from(matches!(output, CallsOutput::Reply { .. }));
            self.output(cause, output);
        }
        self.demand(replies <= usize::from(cause.request.is_some()), Rule::OneReply);
        self.count_records();
    }

    /// Every request has its reply once the step is done.
    pub(crate) fn hear_end(&mut self, cause: &Cause<'_>, outputs: &[CallsOutput]) {
        let replied = outputs.iter().any(|output| matches!(output, CallsOutput::Reply { .. }));
        self.demand(replied == cause.request.is_some(), Rule::OneReply);
    }

    fn output(&mut self, cause: &Cause<'_>, output: &CallsOutput) {
        match output {
            CallsOutput::Started { facts } => self.started(cause, facts),
            CallsOutput::Reply { to, request, .. } => {
                let asked =
                    cause.request.is_some_and(|(from, token, _)| from == to && token == *request);
                self.demand(asked, Rule::OneReply);
            }
            CallsOutput::Notify { to, event } => self.told(cause, to, event),
            CallsOutput::Connected { call_id, caller, callee, .. } => {
                self.connected(cause, call_id, caller, callee);
            }
            CallsOutput::Joined { call_id, endpoint, rung, .. } => {
                self.joined(cause, call_id, endpoint, *rung);
            }
            CallsOutput::Invited { call_id, .. } | CallsOutput::GroupCall { call_id, .. } => {
                self.demand(self.calls.contains_key(call_id), Rule::OnlyTheConcerned);
            }
            CallsOutput::LeaveMedia { call_id, endpoint } => {
                if let Some(seen) = self.calls.get_mut(call_id) {
                    seen.inside.remove(endpoint);
                }
            }
            CallsOutput::Ended { ended, notices } => self.over(cause, ended, notices),
        }
    }

    fn started(&mut self, cause: &Cause<'_>, facts: &CallFacts) {
        let Some((from, _, CallAction::Call { .. })) = cause.request else {
            return self.breaks(Rule::OnlyTheConcerned);
        };
        let calls = self.calls.values();
        let mut inside = calls.flat_map(|seen| &seen.inside);
        let free = facts.caller == from.user && !inside.any(|device| device.user == from.user);
        self.demand(free, Rule::OneCallEach);
        // States are told apart by what `Debug` shows of ids, 16 bits: enough if no two are alike.
        let mark = format!("{:?}", facts.call_id);
        let told_apart = self.order.iter().all(|other| format!("{other:?}") != mark);
        self.demand(told_apart, Rule::SoundCheck);
        self.order.push(facts.call_id.clone());
        let seen = Seen {
            caller: from.clone(),
            callees: facts.callees.clone(),
            stage: Stage::Ringing,
            inside: BTreeSet::new(),
            rang: BTreeSet::new(),
            records: 0,
        };
        let before = self.calls.insert(facts.call_id.clone(), seen);
        self.demand(before.is_none(), Rule::OneRecord);
    }

    /// Media may pass between two: only by the wish, here and now, of the callee's device.
    fn connected(
        &mut self,
        cause: &Cause<'_>,
        call_id: &CallId,
        caller: &Endpoint,
        callee: &Endpoint,
    ) {
        let wished = cause.wishes(call_id, callee, Some(&caller.user));
        self.demand(wished, Rule::NoMediaBeforeAccept);
        let Some(seen) = self.calls.get_mut(call_id) else {
            return self.breaks(Rule::NoMediaBeforeAccept);
        };
        let (rang, placed) = (seen.rang.contains(callee), seen.caller == *caller);
        let first = seen.stage == Stage::Ringing;
        seen.stage = Stage::Talking;
        self.demand(rang && placed, Rule::NoMediaBeforeAccept);
        self.demand(first && caller.user != callee.user, Rule::OneWinner);
        self.enter(call_id, caller);
        self.enter(call_id, callee);
    }

    fn joined(&mut self, cause: &Cause<'_>, call_id: &CallId, endpoint: &Endpoint, rung: bool) {
        // More than one device of an account is judged first: it is the graver fault.
        self.enter(call_id, endpoint);
        let Some(seen) = self.calls.get(call_id) else {
            return self.breaks(Rule::NoMediaBeforeAccept);
        };
        let may = seen.stage == Stage::Talking && (!rung || seen.rang.contains(endpoint));
        let wished = may && cause.wishes(call_id, endpoint, None);
        self.demand(wished, Rule::NoMediaBeforeAccept);
    }

    fn enter(&mut self, call_id: &CallId, endpoint: &Endpoint) {
        let mut here = false;
        let mut elsewhere = false;
        for (other, seen) in &self.calls {
            if seen.inside.iter().any(|device| device.user == endpoint.user) {
                here |= other == call_id;
                elsewhere |= other != call_id;
            }
        }
        self.demand(!here, Rule::OneWinner);
        self.demand(!elsewhere, Rule::OneCallEach);
        if let Some(seen) = self.calls.get_mut(call_id) {
            seen.inside.insert(endpoint.clone());
        }
    }

    fn over(&mut self, cause: &Cause<'_>, ended: &EndedCall, notices: &[(Endpoint, Event)]) {
        for (to, event) in notices {
            self.told(cause, to, event);
        }
        let Some(seen) = self.calls.get_mut(&ended.facts.call_id) else {
            return self.breaks(Rule::OneRecord);
        };
        let talked = match seen.stage {
            Stage::Ringing => Some(false),
            Stage::Talking => Some(true),
            Stage::Over(_) => None,
        };
        let silent = seen.inside.is_empty();
        seen.close(End::Said(ended.outcome));
        self.demand(
            talked.is_none_or(|talked| talked == ended.accepted_at.is_some()),
            Rule::TrueRecord,
        );
        self.demand(talked.is_some(), Rule::OneRecord);
        self.demand(silent, Rule::NoMediaBeforeAccept);
    }

    fn count_records(&mut self) {
        let fits = |seen: &Seen| match seen.stage {
            Stage::Ringing | Stage::Talking => seen.records == 0,
            Stage::Over(_) => seen.records == 1,
        };
        self.demand(self.calls.values().all(fits), Rule::OneRecord);
    }

    fn told(&mut self, cause: &Cause<'_>, to: &Endpoint, event: &Event) {
        let Some(call_id) = event.call_id() else {
            return self.demand(matches!(event, Event::KickedOffline {}), Rule::OnlyTheConcerned);
        };
        let Some(seen) = self.calls.get_mut(call_id) else {
            return self.breaks(Rule::OnlyTheConcerned);
        };
        let concerned = seen.caller == *to || seen.rang.contains(to) || seen.inside.contains(to);
        let asked = cause.request.is_some_and(|(from, ..)| from == to);
        let alive = !matches!(seen.stage, Stage::Over(_));
        let fits = match event {
            Event::Invited { .. } => {
                seen.rang.insert(to.clone());
                let invited = seen.callees.contains(&to.user) || seen.caller.user == to.user;
                invited && alive && !seen.inside.contains(to)
            }
            Event::Accepted { .. } => (concerned || asked) && seen.stage == Stage::Talking,
            Event::Resumed(call) => call.connected == seen.inside.contains(to),
            Event::Ringing { .. }
            | Event::Rejected { .. }
            | Event::LineBusy { .. }
            | Event::NoResponse { .. }
            | Event::Cancelled { .. }
            | Event::TimedOut { .. }
            | Event::HandledElsewhere { .. }
            | Event::Ended { .. }
            | Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::InviteesChanged { .. }
            | Event::MediaTypeChanged { .. } => concerned || asked,
            // The room tells these, not the machine; the last are about no call and were refused.
            Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
            | Event::VideoAvailable { .. }
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::GroupCallChanged { .. }
            | Event::Message(_)
            | Event::KickedOffline {}
            | Event::Chat(_) => false,
        };
        self.demand(fits, Rule::OnlyTheConcerned);
    }

    /// Whether the server stands as it said.
    pub(crate) fn compare(&mut self, server: &Calls, endpoints: &[Endpoint]) {
        self.demand(server.is_consistent(), Rule::OneCallEach);
        let live = self.calls.values().filter(|seen| !matches!(seen.stage, Stage::Over(_))).count();
        self.demand(live == server.live_calls(), Rule::OneRecord);
        let mut gates = true;
        for (call_id, seen) in &self.calls {
            for device in endpoints {
                let inside = seen.inside.contains(device);
                let near = inside || seen.rang.contains(device) || seen.caller == *device;
                gates &= server.is_talking(call_id, device) == inside;
                gates &= near || !server.may_connect_media(call_id, device);
            }
        }
        self.demand(gates, Rule::NoMediaBeforeAccept);
        let mut engaged = BTreeSet::new();
        let mut once = true;
        for call in server.calls() {
            let busy = |state| matches!(state, MemberState::Pending | MemberState::Connected);
            for member in call.members.into_iter().filter(|member| busy(member.state)) {
                once &= engaged.insert(member.user);
            }
        }
        self.demand(once, Rule::OneCallEach);
    }
}

impl Seen {
    fn close(&mut self, end: End) {
        self.stage = Stage::Over(end);
        self.inside.clear();
        self.rang.clear();
        self.records += 1;
    }
}

impl Cause<'_> {
    /// Whether this is `device` asking to answer or enter the call, or calling `caller` back.
    fn wishes(&self, call_id: &CallId, device: &Endpoint, caller: Option<&UserId>) -> bool {
        self.request.is_some_and(|(from, _, action)| {
            let asked = match action {
                CallAction::Accept { call_id: asked } | CallAction::Join { call_id: asked, .. } => {
                    asked == call_id
                }
                CallAction::Call { params, .. } => {
                    caller.is_some_and(|caller| params.callees == [caller.clone()])
                }
                CallAction::Reject { .. }
                | CallAction::Hangup { .. }
                | CallAction::InviteUsers { .. }
                | CallAction::SwitchMediaType { .. }
                | CallAction::GetCall { .. }
                | CallAction::GroupCall { .. } => false,
            };
            asked && from == device
        })
    }
}
