use calling_model::UserId;
use calling_signaling::call::EndedCall;

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

/// The message for `call`: one per call; `None` for a call without a callee.
pub fn message_for(call: &EndedCall) -> Option<CallMessage> {
    let _ = call;
    None
}
