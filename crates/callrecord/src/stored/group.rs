//! The one message of a call in a chat group.

use calling_model::{GroupId, UserId};
use calling_signaling::call::{CallFacts, Outcome, ParticipantOutcome};
use calling_signaling::invite::{Signal, compose};

use super::direct::invite_id;
use super::{Conversation, StoredMessage, text};
use crate::Record;
use crate::people::last_in;

/// A conversation that took place ends with a hangup without a duration, as everywhere in groups,
/// from whoever was there last. A call in vain ends with why, and names whom that is true of.
pub(super) fn message(facts: &CallFacts, record: &Record, group_id: &GroupId) -> StoredMessage {
    let Said { signal, sender, about } = said(record);
    let facts = CallFacts { callees: record.callees.clone(), ..facts.clone() };
    let mut envelope = compose(&facts, invite_id(&facts, &signal, None), &sender, &signal);
    if let Some(about) = about {
        envelope.invitees = about;
    }
    StoredMessage {
        conversation: Conversation::Group(group_id.clone()),
        sender,
        text: text(envelope, &record.callees),
    }
}

struct Said {
    signal: Signal,
    sender: UserId,
    /// Whom it is about, if not everybody.
    about: Option<Vec<UserId>>,
}

fn said(record: &Record) -> Said {
    use ParticipantOutcome as Part;

    let caller = || record.caller.clone();
    if record.accepted_at.is_some() {
        let last = last_in(&record.participants, record.ended_by.as_ref());
        let sender = last.map_or_else(caller, |part| part.user.clone());
        return Said { signal: Signal::Hangup { seconds: 0 }, sender, about: None };
    }
    match record.outcome {
        Outcome::Rejected => answered(record, Signal::Reject, Part::Rejected),
        Outcome::Busy => answered(record, Signal::Busy, Part::Busy),
        Outcome::NoAnswer | Outcome::Offline => {
            let about = those(record, &[Part::NoAnswer, Part::Offline, Part::Pending]);
            Said { signal: Signal::Timeout, sender: caller(), about: Some(about) }
        }
        Outcome::Cancelled | Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => {
            Said { signal: Signal::Cancel, sender: caller(), about: None }
        }
    }
}

/// What callees answered, from the first of them.
fn answered(record: &Record, signal: Signal, outcome: ParticipantOutcome) -> Said {
    let about = those(record, &[outcome]);
    let sender = about.first().unwrap_or(&record.caller).clone();
    Said { signal, sender, about: Some(about) }
}

/// The callees of whom one of `outcomes` is true; all if it is known of none.
fn those(record: &Record, outcomes: &[ParticipantOutcome]) -> Vec<UserId> {
    let parts = record.participants.iter();
    let those: Vec<UserId> = parts
        .filter(|part| outcomes.contains(&part.outcome) && part.user != record.caller)
        .map(|part| part.user.clone())
        .collect();
    if those.is_empty() { record.callees.clone() } else { those }
}
