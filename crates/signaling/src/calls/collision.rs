use calling_model::{CallId, Endpoint};

use super::call::{Call, Standing};
use crate::protocol::CallParams;

/// How a request to call meets the call the asker's account is in already, if any.
///
/// Being rung is not being in a call: nobody can keep another from calling by ringing them. What
/// becomes of the other people asked for is another matter: who of them is in a call or rung is
/// busy, and a call whose callees are all busy is over before it rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collision {
    /// The asker is in no call. The new call rings.
    None,
    /// The one person asked for is calling the asker alone, in the same group or in none, and it
    /// rings: both want to talk. The request is answered as an accept of that call, whichever of
    /// the two came first, and connects with that call's facts (its media type, its id). No second
    /// call comes to be.
    Glare {
        /// The call that rings.
        call_id: CallId,
    },
    /// The asker is rung by somebody else, or by a group. If the new call comes to ring, what
    /// rings is declined as busy first.
    Rung {
        /// The call that rings.
        call_id: CallId,
    },
    /// The asker is in a call with the one person asked for. Asking again changes nothing.
    Repeated,
    /// The asker is in a call, be it ringing or connected, on any device. The request is refused
    /// and no call comes to be.
    CallerBusy,
}

impl Collision {
    /// Judges a request of `from`, given the call its account is in or rung by.
    pub(super) fn of(from: &Endpoint, params: &CallParams, own: Option<&Call>) -> Self {
        let Some(call) = own else { return Self::None };
        match call.standing(from) {
            Standing::Rung if is_call_back(from, params, call) => {
                Self::Glare { call_id: call.facts.call_id.clone() }
            }
            Standing::Rung => Self::Rung { call_id: call.facts.call_id.clone() },
            Standing::Stranger | Standing::Out => Self::None,
            Standing::Here | Standing::Elsewhere => {
                let with_each_other = params.callees.iter().all(|callee| {
                    call.member(callee).is_some_and(super::member::Member::is_engaged)
                });
                if with_each_other { Self::Repeated } else { Self::CallerBusy }
            }
        }
    }
}

/// Whether the request asks for just those who ask for the asker.
fn is_call_back(from: &Endpoint, params: &CallParams, call: &Call) -> bool {
    !call.is_connected()
        && call.facts.callees == [from.user.clone()]
        && params.callees == [call.facts.caller.clone()]
        && params.group_id == call.facts.group_id
}
