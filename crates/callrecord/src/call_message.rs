use calling_model::{InviteId, UserId};
use calling_signaling::call::{EndedCall, Outcome};
use calling_signaling::invite::{Signal, compose};

use crate::Record;

/// The message a call leaves in the conversation of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMessage {
    /// Who sends it, as a messaging program would show it.
    pub sender: UserId,
    /// Whom it is to.
    pub receiver: UserId,
    /// The custom element's text: a wire envelope as JSON.
    pub text: String,
}

/// The message for a call of two: always the same for the same call. `None` for a call of more.
///
/// A conversation that took place ends with a hangup, sent by whoever remained to whoever left (by
/// the caller if nobody is known to have left first). A call that nobody answered ends with what
/// happened to its invite.
pub fn message_for(call: &EndedCall) -> Option<CallMessage> {
    let [callee] = call.facts.callees.as_slice() else {
        return None;
    };
    let caller = &call.facts.caller;
    let (signal, by_callee) = signal(call);
    let sender = if by_callee { callee } else { caller };
    let receiver = if sender == caller { callee } else { caller };
    let text = compose(&call.facts, invite_id(call, &signal), sender, &signal).encode();
    Some(CallMessage { sender: sender.clone(), receiver: receiver.clone(), text })
}

/// What the message says, and whether it comes from the callee. What the callee missed comes from
/// the caller, so that it is a message *to* the one who missed it.
fn signal(call: &EndedCall) -> (Signal, bool) {
    if call.accepted_at.is_some() {
        let caller_left = call.ended_by.as_ref() == Some(&call.facts.caller);
        return (hangup(call), caller_left);
    }
    match call.outcome {
        Outcome::Rejected => (Signal::Reject, true),
        Outcome::Busy => (Signal::Busy, true),
        Outcome::NoAnswer | Outcome::Offline => (Signal::Timeout, false),
        // Nobody answered, and it did not ring to the end: withdrawn, whatever withdrew it.
        Outcome::Cancelled | Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => {
            (Signal::Cancel, false)
        }
    }
}

/// Whole seconds, and at least one: older readers take 0 for an invite, not for an end.
fn hangup(call: &EndedCall) -> Signal {
    let seconds = Record::from(call).duration_ms / 1_000;
    Signal::Hangup { seconds: seconds.max(1) }
}

/// A hangup is an invite of its own and needs its own id. The call's id is one, and the same
/// however often the message is made.
fn invite_id(call: &EndedCall, signal: &Signal) -> InviteId {
    let facts = &call.facts;
    if !matches!(signal, Signal::Hangup { .. }) {
        return facts.invite_id.clone();
    }
    // The alphabet and length of call ids lie within those of invite ids.
    InviteId::new(facts.call_id.as_str()).expect("a call id is an invite id")
}
