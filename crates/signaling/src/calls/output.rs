use calling_model::{CallId, Endpoint, RoomId, UnixMillis};

use super::RequestToken;
use crate::call::{CallFacts, EndedCall};
use crate::protocol::{Event, ProtocolError, Reply};

/// What [`Calls`](super::Calls) wants done. The shell does it in order.
#[derive(Clone, Debug, PartialEq)]
pub enum CallsOutput {
    /// A call begins. Comes before anybody is told of it, so that it can be stored first: a
    /// server that is killed finds every started call on disk.
    Started {
        /// The facts of the call.
        facts: CallFacts,
    },
    /// The one reply to a request.
    Reply {
        /// Who asked.
        to: Endpoint,
        /// The request.
        request: RequestToken,
        /// What to tell.
        result: Result<Reply, ProtocolError>,
    },
    /// Something a device is to be told. One that is not connected misses it; what matters is
    /// told again when it signs in or asks.
    Notify {
        /// Whom.
        to: Endpoint,
        /// What.
        event: Event,
    },
    /// The call is accepted: media may pass between these two devices and nobody else. Comes
    /// before anybody is told of the accept.
    Connected {
        /// The call.
        call_id: CallId,
        /// Its room, whose gate opens.
        room_id: RoomId,
        /// The caller's device.
        caller: Endpoint,
        /// The callee's device that answered.
        callee: Endpoint,
        /// When.
        accepted_at: UnixMillis,
    },
    /// This device belongs to the call no longer: its media connection closes, at once.
    LeaveMedia {
        /// The call.
        call_id: CallId,
        /// The device.
        endpoint: Endpoint,
    },
    /// The call is over. First its record and message are stored in one transaction, then the
    /// notices go out, in order. Comes exactly once for each `Started`.
    Ended {
        /// What to store.
        ended: EndedCall,
        /// Whom to tell what, once it is stored.
        notices: Vec<(Endpoint, Event)>,
    },
}
