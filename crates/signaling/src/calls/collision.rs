use calling_model::{CallId, UserId};

use super::call::{Call, CallState};

/// How a new request to call meets the calls already alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collision {
    /// Neither side is in a call. The new call rings.
    None,
    /// The callee is calling the caller, and it rings: both want to talk. The request is answered
    /// as an accept of that call, whichever of the two came first, and connects with that call's
    /// facts (its media type, its group). No second call comes to be.
    Glare {
        /// The call that rings.
        call_id: CallId,
    },
    /// The two are in a call with each other that the caller placed, or that is connected. Asking
    /// again changes nothing.
    Repeated,
    /// The caller is in a call with somebody else, be it ringing or connected, on any device. The
    /// request is refused and no call comes to be.
    CallerBusy,
    /// The callee is in a call with somebody else. The new call starts and ends at once as busy:
    /// the caller hears so, the callee sees nothing but the record.
    CalleeBusy,
}

impl Collision {
    /// Judges a request of `caller` to call `callee`, given the call each of them is in.
    pub(super) fn of(
        caller: &UserId,
        callee: &UserId,
        caller_in: Option<&Call>,
        callee_in: Option<&Call>,
    ) -> Self {
        match (caller_in, callee_in) {
            (Some(call), _) if call.involves(callee) => Self::with_each_other(caller, call),
            (Some(_), _) => Self::CallerBusy,
            (None, Some(_)) => Self::CalleeBusy,
            (None, None) => Self::None,
        }
    }

    fn with_each_other(caller: &UserId, call: &Call) -> Self {
        match &call.state {
            CallState::Ringing(_) if call.callee == *caller => {
                Self::Glare { call_id: call.facts.call_id.clone() }
            }
            CallState::Ringing(_) | CallState::Connected(_) => Self::Repeated,
        }
    }
}
