use std::collections::BTreeSet;
use std::time::Instant;

use calling_model::{Endpoint, UnixMillis, UserId};

use super::call::{Call, CallState, Connected, RingEnd, Ringing, TalkEnd};
use super::memory::Remembered;
use crate::call::{EndedCall, Outcome, ParticipantOutcome, Participation};
use crate::protocol::Event;

/// All that follows from the end of a call.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) ended: EndedCall,
    /// Whom to tell what once the record is stored, the caller first.
    pub(super) notices: Vec<(Endpoint, Event)>,
    /// Whose media connection closes.
    pub(super) leave: Vec<Endpoint>,
    /// For those who ask later.
    pub(super) remembered: Remembered,
}

impl Closing {
    /// The end of a call that rang.
    pub(super) fn of_ringing(call: &Call, ringing: &Ringing, now: Instant, end: &RingEnd) -> Self {
        let outcome = ring_outcome(ringing, end);
        let ended = EndedCall {
            facts: call.facts.clone(),
            outcome,
            accepted_at: None,
            ended_at: call.wall(now),
            ended_by: ring_ended_by(call, end),
            participants: participants(call, callee_outcome(outcome), None),
            switched_to: None,
        };
        let mut notices = caller_notices(call, outcome, &ended);
        notices.extend(callee_notices(call, ringing, end, &ended));
        let leave = std::iter::once(&call.caller).chain(&ringing.rang).cloned().collect();
        let remembered = remember(call, outcome, notices.clone());
        Self { ended, notices, leave, remembered }
    }

    /// The end of a conversation.
    pub(super) fn of_talk(call: &Call, talk: &Connected, now: Instant, end: &TalkEnd) -> Self {
        let (outcome, ended_by) = match end {
            TalkEnd::HungUp { by } => (Outcome::Completed, Some(by.user.clone())),
            TalkEnd::PeerLost => (Outcome::PeerLost, None),
            TalkEnd::TooLong | TalkEnd::Stopped => (Outcome::Interrupted, None),
        };
        let ended_at = call.wall(now);
        let joined = Some((talk.accepted_at, ended_at));
        let ended = EndedCall {
            facts: call.facts.clone(),
            outcome,
            accepted_at: Some(talk.accepted_at),
            ended_at,
            ended_by,
            participants: participants(call, ParticipantOutcome::Accepted, joined),
            switched_to: None,
        };
        let leave = vec![call.caller.clone(), talk.callee.clone()];
        let notices: Vec<_> =
            leave.iter().map(|device| (device.clone(), ended_event(&ended))).collect();
        let mut last_words = notices.clone();
        last_words.extend(handled_elsewhere(call, &talk.others, true));
        let remembered = remember(call, outcome, last_words);
        Self { ended, notices, leave, remembered }
    }
}

/// Tells `devices` that another one answered (`true`) or declined.
pub(super) fn handled_elsewhere(
    call: &Call,
    devices: &BTreeSet<Endpoint>,
    accepted: bool,
) -> impl Iterator<Item = (Endpoint, Event)> {
    let call_id = &call.facts.call_id;
    devices.iter().map(move |device| {
        let event = Event::HandledElsewhere { call_id: call_id.clone(), accepted };
        (device.clone(), event)
    })
}

fn ring_outcome(ringing: &Ringing, end: &RingEnd) -> Outcome {
    match end {
        RingEnd::Withdrawn | RingEnd::CallerLost | RingEnd::Stopped => Outcome::Cancelled,
        RingEnd::Declined { busy: true, .. } | RingEnd::LineBusy => Outcome::Busy,
        RingEnd::Declined { busy: false, .. } => Outcome::Rejected,
        RingEnd::RangOut if ringing.rang.is_empty() => Outcome::Offline,
        RingEnd::RangOut => Outcome::NoAnswer,
    }
}

fn ring_ended_by(call: &Call, end: &RingEnd) -> Option<UserId> {
    match end {
        RingEnd::Withdrawn => Some(call.facts.caller.clone()),
        RingEnd::Declined { by, .. } => Some(by.user.clone()),
        RingEnd::LineBusy | RingEnd::RangOut | RingEnd::CallerLost | RingEnd::Stopped => None,
    }
}

fn callee_outcome(outcome: Outcome) -> ParticipantOutcome {
    match outcome {
        Outcome::Rejected => ParticipantOutcome::Rejected,
        Outcome::NoAnswer => ParticipantOutcome::NoAnswer,
        Outcome::Offline => ParticipantOutcome::Offline,
        Outcome::Busy => ParticipantOutcome::Busy,
        Outcome::Cancelled => ParticipantOutcome::Cancelled,
        Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => {
            ParticipantOutcome::Accepted
        }
    }
}

fn participants(
    call: &Call,
    callee: ParticipantOutcome,
    joined: Option<(UnixMillis, UnixMillis)>,
) -> Vec<Participation> {
    let (joined_at, left_at) = joined.unzip();
    let part =
        |user: &UserId, outcome| Participation { user: user.clone(), outcome, joined_at, left_at };
    vec![part(&call.facts.caller, ParticipantOutcome::Called), part(&call.callee, callee)]
}

fn ended_event(ended: &EndedCall) -> Event {
    Event::Ended {
        call_id: ended.facts.call_id.clone(),
        outcome: ended.outcome,
        by: ended.ended_by.clone(),
        duration_ms: ended.duration_ms(),
    }
}

/// What the caller hears of a call nobody took: first what the callee did, then that it is over.
fn caller_notices(call: &Call, outcome: Outcome, ended: &EndedCall) -> Vec<(Endpoint, Event)> {
    let (call_id, user) = (call.facts.call_id.clone(), call.callee.clone());
    let answer = match outcome {
        Outcome::Rejected => Some(Event::Rejected { call_id, user }),
        Outcome::Busy => Some(Event::LineBusy { call_id, user }),
        Outcome::NoAnswer | Outcome::Offline => Some(Event::NoResponse { call_id, user }),
        Outcome::Cancelled | Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => None,
    };
    let events = answer.into_iter().chain([ended_event(ended)]);
    events.map(|event| (call.caller.clone(), event)).collect()
}

fn callee_notices(
    call: &Call,
    ringing: &Ringing,
    end: &RingEnd,
    ended: &EndedCall,
) -> Vec<(Endpoint, Event)> {
    let call_id = call.facts.call_id.clone();
    let to_all = |event: Event| -> Vec<_> {
        ringing.rang.iter().map(|device| (device.clone(), event.clone())).collect()
    };
    match end {
        RingEnd::Withdrawn | RingEnd::CallerLost | RingEnd::Stopped => {
            to_all(Event::Cancelled { call_id, user: call.facts.caller.clone() })
        }
        RingEnd::RangOut => to_all(Event::TimedOut { call_id, users: vec![call.callee.clone()] }),
        RingEnd::Declined { by, .. } => {
            let mut others = ringing.rang.clone();
            others.remove(by);
            let last = (by.clone(), ended_event(ended));
            std::iter::once(last).chain(handled_elsewhere(call, &others, false)).collect()
        }
        RingEnd::LineBusy => Vec::new(),
    }
}

fn remember(call: &Call, outcome: Outcome, last_words: Vec<(Endpoint, Event)>) -> Remembered {
    Remembered {
        caller: call.facts.caller.clone(),
        callees: vec![call.callee.clone()],
        outcome,
        last_words,
    }
}

impl Closing {
    /// The end of a call because the server stops.
    pub(super) fn of_shutdown(call: &Call, now: Instant) -> Self {
        match &call.state {
            CallState::Ringing(ringing) => Self::of_ringing(call, ringing, now, &RingEnd::Stopped),
            CallState::Connected(talk) => Self::of_talk(call, talk, now, &TalkEnd::Stopped),
        }
    }

    /// The end of a call whose deadline has come.
    pub(super) fn of_deadline(call: &Call, now: Instant) -> Self {
        use super::CallsReason::{MaxLength, PeerLost, RingTimeout};
        let (_, reason) = call.deadline();
        match (&call.state, reason) {
            (CallState::Ringing(ringing), PeerLost) => {
                Self::of_ringing(call, ringing, now, &RingEnd::CallerLost)
            }
            (CallState::Ringing(ringing), RingTimeout | MaxLength) => {
                Self::of_ringing(call, ringing, now, &RingEnd::RangOut)
            }
            (CallState::Connected(talk), PeerLost) => {
                Self::of_talk(call, talk, now, &TalkEnd::PeerLost)
            }
            (CallState::Connected(talk), MaxLength | RingTimeout) => {
                Self::of_talk(call, talk, now, &TalkEnd::TooLong)
            }
        }
    }
}
