//! Why a request is refused: a stable code and a sentence that says what to do.

use std::time::Duration;

use calling_model::{Endpoint, UnixMillis, UserId};

use super::CallsConfig;
use super::memory::Remembered;
use super::placing::Checked;
use crate::call::Outcome;
use crate::protocol::{CallParams, Code, ProtocolError};

/// Checks what can be judged of a request to call without knowing of other calls.
pub(super) fn check_params(
    from: &Endpoint,
    params: &CallParams,
    config: &CallsConfig,
) -> Result<(), ProtocolError> {
    let CallParams { callees, user_data, .. } = params;
    check_list(from, callees, config)?;
    if user_data.len() > config.max_user_data_bytes {
        let limit = config.max_user_data_bytes;
        return Err(bad_parameter(&format!("user_data is at most {limit} bytes; send less.")));
    }
    Ok(())
}

/// Checks a list of people to be rung into a call, as far as it can be judged alone.
pub(super) fn check_invitees(
    from: &Endpoint,
    users: &[UserId],
    config: &CallsConfig,
) -> Result<(), ProtocolError> {
    check_list(from, users, config)
}

fn check_list(
    from: &Endpoint,
    users: &[UserId],
    config: &CallsConfig,
) -> Result<(), ProtocolError> {
    if users.is_empty() {
        return Err(bad_parameter("The list is empty; name somebody to call."));
    }
    // Before anything that takes longer the longer the list is.
    if users.len() >= config.max_members {
        let limit = config.max_members;
        return Err(bad_parameter(&format!("A call has at most {limit} members; name fewer.")));
    }
    if users.contains(&from.user) {
        return Err(bad_parameter("One cannot call oneself; name somebody else."));
    }
    if (1..users.len()).any(|index| users[..index].contains(&users[index])) {
        return Err(bad_parameter("Somebody is named twice; name everybody once."));
    }
    Ok(())
}

/// Refuses what was asked too long ago: who waits for an answer has long given up.
pub(super) fn check_age(
    params: &CallParams,
    at: UnixMillis,
    most: Duration,
) -> Result<(), ProtocolError> {
    let age = params.sent_at.map(|sent| at.saturating_since(sent));
    if age.is_some_and(|age| age > most) {
        let sentence = "The request was under way for too long; call again.";
        return Err(ProtocolError::new(Code::WrongState, sentence));
    }
    Ok(())
}

/// Refuses people who do not exist or do not belong there.
pub(super) fn check_people(checked: Checked<'_>) -> Result<(), ProtocolError> {
    if !checked.unknown.is_empty() {
        return Err(unknown_user());
    }
    if !checked.outsiders.is_empty() {
        return Err(not_in_group());
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

pub(super) fn rang_too_often() -> ProtocolError {
    ProtocolError::new(
        Code::RateLimited,
        "You rang this person several times in vain; wait a while before you call again.",
    )
}

pub(super) fn not_in_group() -> ProtocolError {
    ProtocolError::new(Code::PermissionDenied, "Only members of the group can be in its calls.")
}

pub(super) fn all_invited() -> ProtocolError {
    ProtocolError::new(Code::Repeated, "Everybody named is in the call or rung already.")
}

pub(super) fn call_is_full(limit: usize) -> ProtocolError {
    let sentence = format!("The call is full: it has at most {limit} members.");
    ProtocolError::new(Code::WrongState, sentence)
}

pub(super) fn in_it_already() -> ProtocolError {
    ProtocolError::new(Code::Repeated, "This device is in the call already.")
}

pub(super) fn removed() -> ProtocolError {
    ProtocolError::new(Code::PermissionDenied, "You were taken out of this call.")
}

pub(super) fn nobody_talks() -> ProtocolError {
    ProtocolError::new(Code::WrongState, "Nobody has answered the call yet; it cannot be joined.")
}

pub(super) fn answer_first() -> ProtocolError {
    ProtocolError::new(Code::WrongState, "The call rings here; accept it first.")
}

pub(super) fn left_it() -> ProtocolError {
    ProtocolError::new(Code::WrongState, "You are not in the call any more; join it first.")
}

pub(super) fn rings_no_more() -> ProtocolError {
    ProtocolError::new(Code::InviteNotFound, "The call does not ring for you any more.")
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
