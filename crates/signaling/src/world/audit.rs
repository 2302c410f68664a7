use std::collections::{BTreeMap, BTreeSet};

use calling_model::{CallId, Endpoint, UnixMillis, UserId};

use crate::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome, Participation};
use crate::calls::{CallAction, CallsOutput};
use crate::protocol::Event;

/// What the server said so far, and whether it may say it.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    calls: BTreeMap<CallId, Seen>,
    newest: Option<CallId>,
    /// Devices that asked to answer or to join a call.
    accepts: BTreeSet<(CallId, Endpoint)>,
    /// Devices that asked to call somebody: glare makes that an answer.
    wishes: BTreeSet<(Endpoint, UserId)>,
}

#[derive(Clone, Debug)]
struct Seen {
    facts: CallFacts,
    stage: Stage,
    /// The devices between which media passes.
    inside: BTreeSet<Endpoint>,
    /// All that ever were.
    ever: BTreeSet<Endpoint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ringing,
    Talking { accepted_at: UnixMillis },
    Ended,
}

impl Audit {
    /// Every call ever placed.
    pub fn calls(&self) -> impl Iterator<Item = &CallId> {
        self.calls.keys()
    }

    /// The call placed last.
    pub const fn newest(&self) -> Option<&CallId> {
        self.newest.as_ref()
    }

    /// Whether the server ever said that media may pass between `endpoint` and others of the call.
    pub fn was_connected(&self, call_id: &CallId, endpoint: &Endpoint) -> bool {
        self.calls.get(call_id).is_some_and(|seen| seen.ever.contains(endpoint))
    }

    pub(super) fn server_restarted(&mut self) {
        for seen in self.calls.values_mut() {
            seen.stage = Stage::Ended;
            seen.inside.clear();
        }
    }

    pub(super) fn wished(&mut self, from: &Endpoint, action: &CallAction) {
        match action {
            CallAction::Accept { call_id } | CallAction::Join { call_id, .. } => {
                self.accepts.insert((call_id.clone(), from.clone()));
            }
            CallAction::Call { params, .. } => {
                let callees = params.callees.iter();
                self.wishes.extend(callees.map(|callee| (from.clone(), callee.clone())));
            }
            CallAction::Reject { .. }
            | CallAction::Hangup { .. }
            | CallAction::GetCall { .. }
            | CallAction::InviteUsers { .. }
            | CallAction::SwitchMediaType { .. }
            | CallAction::GroupCall { .. } => {}
        }
    }

    pub(super) fn output(&mut self, output: &CallsOutput) {
        match output {
            CallsOutput::Started { facts } => self.started(facts),
            CallsOutput::Connected { call_id, caller, callee, accepted_at, .. } => {
                self.connected(call_id, caller, callee, *accepted_at);
            }
            CallsOutput::Joined { call_id, endpoint, .. } => self.joined(call_id, endpoint),
            CallsOutput::Ended { ended, notices } => {
                self.ended(ended);
                for (to, event) in notices {
                    assert_last_word(to, event);
                }
            }
            CallsOutput::Notify { to, event } => self.notified(to, event),
            CallsOutput::LeaveMedia { call_id, endpoint } => {
                let Some(seen) = self.calls.get_mut(call_id) else { panic!("never started") };
                seen.inside.remove(endpoint);
            }
            CallsOutput::GroupCall { call_id, .. } | CallsOutput::Invited { call_id, .. } => {
                assert!(self.calls.contains_key(call_id), "news of a call never started");
            }
            CallsOutput::Reply { .. } => {}
        }
    }

    pub(super) fn assert_complete(&self) {
        for seen in self.calls.values() {
            assert_eq!(seen.stage, Stage::Ended, "started, never ended");
        }
    }

    fn started(&mut self, facts: &CallFacts) {
        let alive = self.calls.values().filter(|seen| seen.stage != Stage::Ended);
        for other in alive {
            assert_ne!(other.facts.room_id, facts.room_id, "two calls in one room");
            let inside = other.inside.iter().any(|device| device.user == facts.caller);
            assert!(!inside, "a caller in two calls");
        }
        let (inside, ever) = (BTreeSet::new(), BTreeSet::new());
        let seen = Seen { facts: facts.clone(), stage: Stage::Ringing, inside, ever };
        self.newest = Some(facts.call_id.clone());
        let before = self.calls.insert(facts.call_id.clone(), seen);
        assert!(before.is_none(), "a call started twice");
    }

    fn connected(
        &mut self,
        call_id: &CallId,
        caller: &Endpoint,
        callee: &Endpoint,
        accepted_at: UnixMillis,
    ) {
        let wished = self.accepts.contains(&(call_id.clone(), callee.clone()))
            || self.wishes.contains(&(callee.clone(), caller.user.clone()));
        assert!(wished, "connected without the callee's wish");
        let Some(seen) = self.calls.get_mut(call_id) else { panic!("connected, never started") };
        assert_eq!(seen.stage, Stage::Ringing, "connected twice, or after its end");
        assert_eq!(seen.facts.caller, caller.user);
        assert_ne!(caller.user, callee.user);
        assert!(accepted_at >= seen.facts.started_at);
        seen.stage = Stage::Talking { accepted_at };
        self.enter(call_id, caller);
        self.enter(call_id, callee);
    }

    fn joined(&mut self, call_id: &CallId, endpoint: &Endpoint) {
        let wished = self.accepts.contains(&(call_id.clone(), endpoint.clone()));
        assert!(wished, "let in without a wish");
        assert!(matches!(self.stage(call_id), Stage::Talking { .. }), "let in out of time");
        self.enter(call_id, endpoint);
    }

    /// One device of an account is in one call at most.
    fn enter(&mut self, call_id: &CallId, endpoint: &Endpoint) {
        for seen in self.calls.values() {
            let twice = seen.inside.iter().any(|device| device.user == endpoint.user);
            assert!(!twice, "an account in two conversations, or twice in one");
        }
        if let Some(seen) = self.calls.get_mut(call_id) {
            seen.inside.insert(endpoint.clone());
            seen.ever.insert(endpoint.clone());
        }
    }

    fn ended(&mut self, ended: &EndedCall) {
        let call_id = &ended.facts.call_id;
        let Some(seen) = self.calls.get_mut(call_id) else { panic!("ended, never started") };
        let accepted = match seen.stage {
            Stage::Ringing => None,
            Stage::Talking { accepted_at } => Some(accepted_at),
            Stage::Ended => panic!("a call ended twice"),
        };
        seen.stage = Stage::Ended;
        assert!(seen.inside.is_empty(), "media passes after the end");
        let callees = ended.facts.callees.clone();
        assert!(callees.starts_with(&seen.facts.callees), "callees were forgotten");
        seen.facts.callees = callees;
        assert_eq!(seen.facts, ended.facts, "the facts of a call changed");
        assert!(ended.ended_at >= ended.facts.started_at);
        assert_eq!(ended.accepted_at, accepted);
        assert!(accepted.is_none_or(|accepted| ended.ended_at >= accepted));
        assert_outcome(ended);
        assert_participants(ended, &seen.ever);
    }

    /// What may be said while the call lives.
    fn notified(&self, to: &Endpoint, event: &Event) {
        match event {
            Event::Invited { facts, remaining_ms, .. } => {
                assert!(facts.callees.contains(&to.user) || facts.caller == to.user);
                assert!(*remaining_ms > 0);
                assert_ne!(self.stage(&facts.call_id), Stage::Ended);
                assert!(!self.is_inside(&facts.call_id, to), "rings in its own call");
            }
            Event::Ringing { call_id, user } => {
                assert_ne!(self.stage(call_id), Stage::Ended);
                assert_ne!(to.user, *user);
            }
            Event::Accepted { call_id, user } => {
                assert!(matches!(self.stage(call_id), Stage::Talking { .. }));
                assert_ne!(to.user, *user);
                let seen = &self.calls[call_id];
                assert!(seen.inside.iter().any(|device| device.user == *user));
            }
            Event::HandledElsewhere { call_id, accepted: true } => {
                assert_ne!(self.stage(call_id), Stage::Ringing);
                assert!(!self.is_inside(call_id, to));
            }
            Event::Resumed(call) => {
                assert_eq!(self.is_inside(&call.facts.call_id, to), call.connected);
            }
            Event::Joined { call_id, user } | Event::MemberLeft { call_id, user, .. } => {
                assert_ne!(self.stage(call_id), Stage::Ended);
                assert_ne!(to.user, *user);
            }
            Event::InviteesChanged { call_id, by, .. }
            | Event::MediaTypeChanged { call_id, by, .. } => {
                assert_ne!(self.stage(call_id), Stage::Ended);
                assert_ne!(to.user, *by);
            }
            Event::Rejected { call_id, user }
            | Event::LineBusy { call_id, user }
            | Event::NoResponse { call_id, user } => {
                assert!(self.calls.contains_key(call_id));
                assert_ne!(to.user, *user);
            }
            // Also said again to who asks after the end.
            Event::HandledElsewhere { call_id, accepted: false }
            | Event::Ended { call_id, .. }
            | Event::Cancelled { call_id, .. }
            | Event::TimedOut { call_id, .. } => {
                assert!(!self.is_inside(call_id, to), "{event:?} to somebody talking");
            }
            Event::KickedOffline {} => {}
            Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
            | Event::VideoAvailable { .. }
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::GroupCallChanged { .. }
            | Event::Message(_)
            | Event::Chat(_) => panic!("not for the call machine to say"),
        }
    }

    fn is_inside(&self, call_id: &CallId, endpoint: &Endpoint) -> bool {
        self.calls.get(call_id).is_some_and(|seen| seen.inside.contains(endpoint))
    }

    fn stage(&self, call_id: &CallId) -> Stage {
        let Some(seen) = self.calls.get(call_id) else { panic!("told of a call never started") };
        seen.stage
    }
}

fn assert_outcome(ended: &EndedCall) {
    let talked = match ended.outcome {
        Outcome::Completed | Outcome::PeerLost => true,
        // Also what an operator ends while it rings.
        Outcome::Interrupted => ended.accepted_at.is_some(),
        Outcome::Rejected
        | Outcome::NoAnswer
        | Outcome::Offline
        | Outcome::Busy
        | Outcome::Cancelled => false,
    };
    assert_eq!(talked, ended.accepted_at.is_some(), "{:?}", ended.outcome);
    let took = |part: &Participation| part.outcome == ParticipantOutcome::Accepted;
    assert_eq!(ended.participants.iter().any(took), talked);
}

/// Everybody stands in the record once, with times if and only if they talked.
fn assert_participants(ended: &EndedCall, ever: &BTreeSet<Endpoint>) {
    let mut users = vec![&ended.facts.caller];
    users.extend(&ended.facts.callees);
    let parts: Vec<_> = ended.participants.iter().map(|part| &part.user).collect();
    assert_eq!(parts, users, "participants and callees differ");
    assert_eq!(users.iter().collect::<BTreeSet<_>>().len(), users.len(), "somebody twice");
    for part in &ended.participants {
        let talked = ever.iter().any(|device| device.user == part.user);
        assert_eq!(part.joined_at.is_some(), talked);
        assert_eq!(part.left_at.is_some(), talked);
        assert!(part.outcome != ParticipantOutcome::Pending, "still pending in a record");
        if let (Some(joined), Some(left)) = (part.joined_at, part.left_at) {
            assert!(Some(joined) >= ended.accepted_at && joined <= left && left <= ended.ended_at);
        }
    }
}

/// What may be said once the call is stored.
fn assert_last_word(to: &Endpoint, event: &Event) {
    let fits = match event {
        Event::Rejected { user, .. }
        | Event::LineBusy { user, .. }
        | Event::NoResponse { user, .. } => to.user != *user,
        Event::Cancelled { .. }
        | Event::TimedOut { .. }
        | Event::HandledElsewhere { .. }
        | Event::Ended { .. } => true,
        Event::Invited { .. }
        | Event::Ringing { .. }
        | Event::Accepted { .. }
        | Event::Resumed(_)
        | Event::UserEntered { .. }
        | Event::UserLeft { .. }
        | Event::AudioAvailable { .. }
        | Event::VideoAvailable { .. }
        | Event::Volumes { .. }
        | Event::MediaFailed { .. }
        | Event::Joined { .. }
        | Event::MemberLeft { .. }
        | Event::InviteesChanged { .. }
        | Event::MediaTypeChanged { .. }
        | Event::GroupCallChanged { .. }
        | Event::Message(_)
        | Event::Chat(_)
        | Event::KickedOffline {} => false,
    };
    assert!(fits, "{event:?} is no last word");
}
