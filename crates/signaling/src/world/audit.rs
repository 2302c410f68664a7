use std::collections::{BTreeMap, BTreeSet};

use calling_model::{CallId, Endpoint, UnixMillis, UserId};

use crate::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome};
use crate::calls::{CallAction, CallsOutput};
use crate::protocol::Event;

/// What the server said so far, and whether it may say it.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    calls: BTreeMap<CallId, Seen>,
    newest: Option<CallId>,
    /// Devices that asked to answer a call.
    accepts: BTreeSet<(CallId, Endpoint)>,
    /// Devices that asked to call somebody: glare makes that an answer.
    wishes: BTreeSet<(Endpoint, UserId)>,
}

#[derive(Clone, Debug)]
struct Seen {
    facts: CallFacts,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Ringing,
    Connected {
        caller: Endpoint,
        callee: Endpoint,
        accepted_at: UnixMillis,
    },
    /// With the devices it was connected between, if it was.
    Ended {
        between: Option<[Endpoint; 2]>,
    },
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

    /// Whether the server ever said that the call is accepted between `endpoint` and another.
    pub fn was_connected(&self, call_id: &CallId, endpoint: &Endpoint) -> bool {
        match self.calls.get(call_id).map(|seen| &seen.stage) {
            Some(Stage::Connected { caller, callee, .. }) => {
                caller == endpoint || callee == endpoint
            }
            Some(Stage::Ended { between: Some(between) }) => between.contains(endpoint),
            Some(Stage::Ended { between: None } | Stage::Ringing) | None => false,
        }
    }

    pub(super) fn server_restarted(&mut self) {
        for seen in self.calls.values_mut() {
            let between = match &seen.stage {
                Stage::Connected { caller, callee, .. } => Some([caller.clone(), callee.clone()]),
                Stage::Ended { between } => between.clone(),
                Stage::Ringing => None,
            };
            seen.stage = Stage::Ended { between };
        }
    }

    pub(super) fn wished(&mut self, from: &Endpoint, action: &CallAction) {
        match action {
            CallAction::Accept { call_id } => {
                self.accepts.insert((call_id.clone(), from.clone()));
            }
            CallAction::Call { params, .. } => {
                let callees = params.callees.iter();
                self.wishes.extend(callees.map(|callee| (from.clone(), callee.clone())));
            }
            CallAction::Reject { .. } | CallAction::Hangup { .. } | CallAction::GetCall { .. } => {}
        }
    }

    pub(super) fn output(&mut self, output: &CallsOutput) {
        match output {
            CallsOutput::Started { facts } => self.started(facts),
            CallsOutput::Connected { call_id, caller, callee, accepted_at, .. } => {
                self.connected(call_id, caller, callee, *accepted_at);
            }
            CallsOutput::Ended { ended, notices } => {
                self.ended(ended);
                for (to, event) in notices {
                    self.last_word(&ended.facts, to, event);
                }
            }
            CallsOutput::Notify { to, event } => self.notified(to, event),
            CallsOutput::LeaveMedia { call_id, .. } => {
                assert!(self.calls.contains_key(call_id));
            }
            CallsOutput::Reply { .. } => {}
        }
    }

    pub(super) fn assert_complete(&self) {
        for seen in self.calls.values() {
            assert!(matches!(seen.stage, Stage::Ended { .. }), "started, never ended");
        }
    }

    fn started(&mut self, facts: &CallFacts) {
        let alive = self.calls.values().filter(|seen| !matches!(seen.stage, Stage::Ended { .. }));
        for other in alive {
            assert_ne!(other.facts.room_id, facts.room_id, "two calls in one room");
            assert_ne!(other.facts.caller, facts.caller, "a caller in two calls");
            assert!(!other.facts.callees.contains(&facts.caller), "a caller in two calls");
        }
        let seen = Seen { facts: facts.clone(), stage: Stage::Ringing };
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
        assert!(matches!(seen.stage, Stage::Ringing), "connected twice, or after its end");
        assert_eq!(seen.facts.caller, caller.user);
        assert!(seen.facts.callees.contains(&callee.user), "connected to somebody not called");
        assert!(accepted_at >= seen.facts.started_at);
        let (caller, callee) = (caller.clone(), callee.clone());
        seen.stage = Stage::Connected { caller, callee, accepted_at };
    }

    fn ended(&mut self, ended: &EndedCall) {
        let call_id = &ended.facts.call_id;
        let Some(seen) = self.calls.get_mut(call_id) else { panic!("ended, never started") };
        assert_eq!(seen.facts, ended.facts, "the facts of a call changed");
        assert!(ended.ended_at >= ended.facts.started_at);
        let (accepted, between) = match &seen.stage {
            Stage::Ringing => (None, None),
            Stage::Connected { caller, callee, accepted_at } => {
                (Some(*accepted_at), Some([caller.clone(), callee.clone()]))
            }
            Stage::Ended { .. } => panic!("a call ended twice"),
        };
        seen.stage = Stage::Ended { between };
        assert_eq!(ended.accepted_at, accepted);
        assert!(accepted.is_none_or(|accepted| ended.ended_at >= accepted));
        let talked = match ended.outcome {
            Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => true,
            Outcome::Rejected
            | Outcome::NoAnswer
            | Outcome::Offline
            | Outcome::Busy
            | Outcome::Cancelled => false,
        };
        assert_eq!(talked, accepted.is_some(), "{:?}", ended.outcome);
        let took = |part: &crate::call::Participation| part.outcome == ParticipantOutcome::Accepted;
        assert_eq!(ended.participants.iter().any(took), talked);
    }

    /// What may be said while the call lives.
    fn notified(&self, to: &Endpoint, event: &Event) {
        match event {
            Event::Invited { facts, remaining_ms, .. } => {
                assert!(facts.callees.contains(&to.user) && *remaining_ms > 0);
                assert!(matches!(self.stage(&facts.call_id), Stage::Ringing));
            }
            Event::Ringing { call_id, user } => {
                assert!(matches!(self.stage(call_id), Stage::Ringing));
                self.assert_parties(call_id, to, user);
            }
            Event::Accepted { call_id, user } => {
                self.assert_parties(call_id, to, user);
                assert!(matches!(self.stage(call_id), Stage::Connected { caller, callee, .. }
                        if caller == to && callee.user == *user));
            }
            Event::HandledElsewhere { call_id, accepted: true } => {
                assert!(!matches!(self.stage(call_id), Stage::Ringing));
                assert!(!self.was_connected(call_id, to));
            }
            Event::Resumed(call) => {
                let connected = matches!(self.stage(&call.facts.call_id), Stage::Connected { .. });
                assert_eq!(connected, call.connected);
            }
            Event::KickedOffline {} => {}
            // Said again to who asks after the end.
            Event::HandledElsewhere { call_id, accepted: false }
            | Event::Ended { call_id, .. }
            | Event::Cancelled { call_id, .. }
            | Event::TimedOut { call_id, .. }
            | Event::Rejected { call_id, .. }
            | Event::LineBusy { call_id, .. }
            | Event::NoResponse { call_id, .. } => {
                assert!(matches!(self.stage(call_id), Stage::Ended { .. }));
            }
            Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::InviteesChanged { .. }
            | Event::MediaTypeChanged { .. }
            | Event::GroupCallChanged { .. }
            | Event::Message(_)
            | Event::Chat(_) => panic!("not for the call machine to say"),
        }
    }

    /// What may be said once the call is stored.
    fn last_word(&self, facts: &CallFacts, to: &Endpoint, event: &Event) {
        let to_caller = to.user == facts.caller;
        let fits = match event {
            Event::Rejected { .. } | Event::LineBusy { .. } | Event::NoResponse { .. } => to_caller,
            Event::Cancelled { .. } | Event::TimedOut { .. } | Event::HandledElsewhere { .. } => {
                !to_caller
            }
            Event::Ended { .. } => true,
            Event::Invited { .. }
            | Event::Ringing { .. }
            | Event::Accepted { .. }
            | Event::Resumed(_)
            | Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
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
        assert!(fits, "{event:?} is no last word for this side");
    }

    fn assert_parties(&self, call_id: &CallId, to: &Endpoint, user: &UserId) {
        let Some(seen) = self.calls.get(call_id) else { panic!("told of a call never started") };
        assert!(seen.facts.caller == to.user && seen.facts.callees.contains(user));
    }

    fn stage(&self, call_id: &CallId) -> &Stage {
        let Some(seen) = self.calls.get(call_id) else { panic!("told of a call never started") };
        &seen.stage
    }
}
