//! The message in the conversation of the caller and one callee.

use std::cmp::Ordering;

use calling_model::{InviteId, UserId};
use calling_signaling::call::{CallFacts, Outcome, ParticipantOutcome, Participation};
use calling_signaling::invite::{Signal, compose};

use super::{CallMessage, text};
use crate::Record;

/// What became of the call between the caller and `callee`.
pub(super) fn message(facts: &CallFacts, record: &Record, callee: &UserId) -> CallMessage {
    let is_of_two = record.callees.len() == 1;
    let (signal, by_callee) = match record.participation(callee) {
        Some(part) if !is_of_two => between(record, part),
        Some(_) | None => of_two(record),
    };
    let invite_id = invite_id(facts, &signal, (!is_of_two).then_some(callee));
    let caller = &record.caller;
    let (sender, receiver) = if by_callee { (callee, caller) } else { (caller, callee) };
    let facts = CallFacts { callees: vec![callee.clone()], ..facts.clone() };
    let text = text(compose(&facts, invite_id, sender, &signal), &record.callees);
    CallMessage { sender: sender.clone(), receiver: receiver.clone(), text }
}

/// What the message of a call of two says, and whether it comes from the callee.
fn of_two(record: &Record) -> (Signal, bool) {
    if record.accepted_at.is_some() {
        let caller_left = record.ended_by.as_ref() == Some(&record.caller);
        return (hangup(record.duration_ms), caller_left);
    }
    in_vain(record.outcome)
}

/// What the message to one of several says, and whether it comes from the callee.
fn between(record: &Record, callee: &Participation) -> (Signal, bool) {
    match callee.outcome {
        ParticipantOutcome::Accepted | ParticipantOutcome::Joined => {
            (hangup(record.talked_ms(&callee.user)), has_caller_left_first(record, callee))
        }
        ParticipantOutcome::Rejected => in_vain(Outcome::Rejected),
        ParticipantOutcome::Busy => in_vain(Outcome::Busy),
        ParticipantOutcome::NoAnswer => in_vain(Outcome::NoAnswer),
        ParticipantOutcome::Offline => in_vain(Outcome::Offline),
        ParticipantOutcome::Cancelled
        | ParticipantOutcome::Pending
        | ParticipantOutcome::Called => in_vain(Outcome::Cancelled),
    }
}

/// What the callee missed comes from the caller, so that it is a message *to* the one who missed
/// it.
const fn in_vain(outcome: Outcome) -> (Signal, bool) {
    match outcome {
        Outcome::Rejected => (Signal::Reject, true),
        Outcome::Busy => (Signal::Busy, true),
        Outcome::NoAnswer | Outcome::Offline => (Signal::Timeout, false),
        // Nobody answered, and it did not ring to the end: withdrawn, whatever withdrew it.
        Outcome::Cancelled | Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => {
            (Signal::Cancel, false)
        }
    }
}

/// By when they left, or stayed to the end; of two who left together by who ended the call.
fn has_caller_left_first(record: &Record, callee: &Participation) -> bool {
    let left = |part: Option<&Participation>| {
        part.and_then(|part| part.left_at).unwrap_or(record.ended_at)
    };
    match left(record.participation(&record.caller)).cmp(&left(Some(callee))) {
        Ordering::Less => true,
        Ordering::Equal => record.ended_by.as_ref() == Some(&record.caller),
        Ordering::Greater => false,
    }
}

/// Whole seconds, and at least one: older readers take 0 for an invite, not for an end.
fn hangup(talked_ms: u64) -> Signal {
    Signal::Hangup { seconds: (talked_ms / 1_000).max(1) }
}

/// A hangup is an invite of its own and needs its own id. The call's id is one, and the same
/// however often the message is made; with the callee's it is one for each of several.
pub(super) fn invite_id(facts: &CallFacts, signal: &Signal, callee: Option<&UserId>) -> InviteId {
    if !matches!(signal, Signal::Hangup { .. }) {
        return facts.invite_id.clone();
    }
    let call = facts.call_id.as_str();
    let id = callee.map_or_else(|| call.to_owned(), |user| format!("{call}-{}", user.as_str()));
    // The alphabet and length of call ids and user ids together lie within those of invite ids.
    InviteId::new(id).expect("a call id and a user id make an invite id")
}
