//! The messages a call leaves in conversations.

mod direct;
mod group;

use calling_model::{GroupId, UserId};
use calling_signaling::call::EndedCall;
use calling_signaling::invite::Envelope;

use crate::Record;

/// The most people listed in one message, so that it stays far below the longest one read.
const MAX_LISTED: usize = 100;

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

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Conversation {
    /// Between two people; see [`Conversation::direct`].
    Direct {
        /// The lesser id.
        a: UserId,
        /// The greater id.
        b: UserId,
    },
    /// In a chat group.
    Group(GroupId),
}

impl Conversation {
    /// The conversation of two people, the same in whatever order they are given.
    pub fn direct(one: UserId, other: UserId) -> Self {
        let (a, b) = if one <= other { (one, other) } else { (other, one) };
        Self::Direct { a, b }
    }
}

/// A message to store, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Where it stands.
    pub conversation: Conversation,
    /// Who sends it, as a messaging program would show it.
    pub sender: UserId,
    /// The custom element's text: a wire envelope as JSON.
    pub text: String,
}

/// Every message a call leaves, the same however often they are made: one in the group of a group
/// call; otherwise one in the conversation of the caller with each callee, in the callees' order.
///
/// Store them under the call's id, once: a second report of the same end then changes nothing.
pub fn messages_for(call: &EndedCall) -> Vec<StoredMessage> {
    let record = Record::from(call);
    if let Some(group_id) = &record.group_id {
        return vec![group::message(&call.facts, &record, group_id)];
    }
    let message = |callee| direct::message(&call.facts, &record, callee).into();
    record.callees.iter().map(message).collect()
}

/// The message for a call of two outside a group: always the same for the same call. `None` for
/// any other; see [`messages_for`].
///
/// A conversation that took place ends with a hangup, sent by whoever remained to whoever left (by
/// the caller if nobody is known to have left first). A call that nobody answered ends with what
/// happened to its invite.
pub fn message_for(call: &EndedCall) -> Option<CallMessage> {
    let record = Record::from(call);
    let ([callee], None) = (record.callees.as_slice(), &record.group_id) else {
        return None;
    };
    Some(direct::message(&call.facts, &record, callee))
}

impl From<CallMessage> for StoredMessage {
    fn from(message: CallMessage) -> Self {
        let CallMessage { sender, receiver, text } = message;
        Self { conversation: Conversation::direct(sender.clone(), receiver), sender, text }
    }
}

/// The text of an envelope that tells who was called.
fn text(mut envelope: Envelope, callees: &[UserId]) -> String {
    envelope.invitees.truncate(MAX_LISTED);
    if let Some(data) = &mut envelope.payload.data {
        data.users = callees.iter().take(MAX_LISTED).cloned().collect();
    }
    envelope.encode()
}
