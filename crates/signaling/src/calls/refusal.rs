//! Why a request is refused: a stable code and a sentence that says what to do.

use calling_model::Endpoint;

use super::CallsConfig;
use super::memory::Remembered;
use crate::call::Outcome;
use crate::protocol::{CallParams, Code, ProtocolError};

/// Checks what can be judged of a request to call without knowing of other calls.
pub(super) fn check_params(
    from: &Endpoint,
    params: &CallParams,
    config: &CallsConfig,
) -> Result<(), ProtocolError> {
    let CallParams { callees, user_data, .. } = params;
    if callees.is_empty() {
        return Err(bad_parameter("The list of callees is empty; name somebody to call."));
    }
    if callees.contains(&from.user) {
        return Err(bad_parameter("One cannot call oneself; name somebody else."));
    }
    if (1..callees.len()).any(|index| callees[..index].contains(&callees[index])) {
        return Err(bad_parameter("A callee is named twice; name everybody once."));
    }
    if callees.len() > 1 {
        return Err(ProtocolError::new(
            Code::SceneUnsupported,
            "Calls to several people are not offered here; call one at a time.",
        ));
    }
    if user_data.len() > config.max_user_data_bytes {
        let limit = config.max_user_data_bytes;
        return Err(bad_parameter(&format!("user_data is at most {limit} bytes; send less.")));
    }
    Ok(())
}

fn bad_parameter(message: &str) -> ProtocolError {
    ProtocolError::new(Code::BadParameter, message)
}

pub(super) fn unknown_user() -> ProtocolError {
    ProtocolError::new(Code::UserNotFound, "There is no such account; check the user id.")
}

pub(super) fn not_signed_in() -> ProtocolError {
    ProtocolError::new(Code::NotInitialised, "This device is not signed in; sign in first.")
}

pub(super) fn stopping() -> ProtocolError {
    ProtocolError::new(Code::WrongState, "The server is stopping; call again in a while.")
}

pub(super) fn too_fast() -> ProtocolError {
    ProtocolError::new(Code::RateLimited, "Too many calls in a row; wait a moment.")
}

pub(super) fn too_many_calls() -> ProtocolError {
    ProtocolError::new(Code::RateLimited, "The server is at its limit of calls; try again later.")
}

pub(super) fn already_calling() -> ProtocolError {
    ProtocolError::new(Code::Repeated, "You are in a call with this person already.")
}

pub(super) fn in_another_call() -> ProtocolError {
    ProtocolError::new(
        Code::WrongState,
        "You are in a call already, perhaps on another device; end it first.",
    )
}

pub(super) fn no_such_call() -> ProtocolError {
    ProtocolError::new(Code::InviteNotFound, "There is no such call; it may be long over.")
}

pub(super) fn not_your_call() -> ProtocolError {
    ProtocolError::new(Code::NotYourCall, "This device is not in that call.")
}

pub(super) fn caller_cannot_answer() -> ProtocolError {
    ProtocolError::new(
        Code::WrongState,
        "You placed this call; hang up to withdraw it, only the person called can answer.",
    )
}

pub(super) fn already_accepted() -> ProtocolError {
    ProtocolError::new(Code::Repeated, "This device answered the call already.")
}

pub(super) fn cannot_reject_connected() -> ProtocolError {
    ProtocolError::new(Code::WrongState, "The call is connected; hang up to leave it.")
}

pub(super) fn answered_elsewhere() -> ProtocolError {
    ProtocolError::new(Code::InviteNotFound, "The call was answered on another device.")
}

/// To those who would answer, decline or look up a call that is over.
pub(super) fn over(call: &Remembered) -> ProtocolError {
    let message = match call.outcome {
        Outcome::Completed => "The call is over; it was hung up.",
        Outcome::Rejected => "The call is over; it was declined.",
        Outcome::NoAnswer | Outcome::Offline => "The call is over; it rang too long.",
        Outcome::Busy => "The call is over; the person called was busy.",
        Outcome::Cancelled => "The call is over; the caller withdrew it.",
        Outcome::PeerLost => "The call is over; one side lost its connection.",
        Outcome::Interrupted => "The call is over; the server ended it.",
    };
    ProtocolError::new(Code::InviteNotFound, message)
}

pub(super) fn already_over() -> ProtocolError {
    ProtocolError::new(Code::Repeated, "The call is over already; there is nothing to hang up.")
}
