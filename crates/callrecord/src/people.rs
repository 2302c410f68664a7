//! Who took part in a call, and when: in order, each once.

use calling_model::{UnixMillis, UserId};
use calling_signaling::call::{EndedCall, ParticipantOutcome, Participation};

/// Everybody who was called: in the caller's order, then whoever was invited or joined later. Each
/// once, the caller never.
pub(crate) fn callees(call: &EndedCall) -> Vec<UserId> {
    let later = call.participants.iter().map(|part| &part.user);
    let mut callees: Vec<UserId> = Vec::new();
    for user in call.facts.callees.iter().chain(later) {
        if *user != call.facts.caller && !callees.contains(user) {
            callees.push(user.clone());
        }
    }
    callees
}

/// The part of `user` in the call.
pub(crate) fn part<'a>(parts: &'a [Participation], user: &UserId) -> Option<&'a Participation> {
    parts.iter().find(|part| part.user == *user)
}

/// The parts with their times in order, whatever the wall clock did: nobody joins before the call
/// was placed, leaves before joining, or is there after its end.
pub(crate) fn in_order(
    parts: &[Participation],
    started_at: UnixMillis,
    ended_at: UnixMillis,
) -> Vec<Participation> {
    let within = |at: UnixMillis, from: UnixMillis| at.max(from).min(ended_at);
    let tidy = |part: &Participation| {
        let joined_at = part.joined_at.map(|at| within(at, started_at));
        let left_at = part.left_at.map(|at| within(at, joined_at.unwrap_or(started_at)));
        Participation { joined_at, left_at, ..part.clone() }
    };
    parts.iter().map(tidy).collect()
}

/// Who was in the conversation last, leaving aside `but`: whoever left latest or never, the
/// earlier in the list if several did.
pub(crate) fn last_in<'a>(
    parts: &'a [Participation],
    but: Option<&UserId>,
) -> Option<&'a Participation> {
    let talked = |part: &&Participation| match part.outcome {
        ParticipantOutcome::Called | ParticipantOutcome::Accepted | ParticipantOutcome::Joined => {
            Some(&part.user) != but
        }
        ParticipantOutcome::Pending
        | ParticipantOutcome::Rejected
        | ParticipantOutcome::NoAnswer
        | ParticipantOutcome::Offline
        | ParticipantOutcome::Busy
        | ParticipantOutcome::Cancelled => false,
    };
    let left = |part: &Participation| part.left_at.map_or(u64::MAX, |at| at.0);
    // Of equals `max_by_key` takes the last.
    parts.iter().rev().filter(talked).max_by_key(|part| left(part))
}
