use calling_model::{CallId, UserId};

use super::{CommandToken, ListenerEvent};
use crate::call::CallFacts;
use crate::protocol::{ProtocolError, Request, VideoStream};

/// What [`ClientCalls`](super::ClientCalls) wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientOutput {
    /// A request goes to the server.
    Send {
        /// Its id.
        id: u64,
        /// What it asks.
        request: Request,
    },
    /// The application is told.
    Emit(ListenerEvent),
    /// A command is done. One per command that was not refused as misuse.
    Finished {
        /// The command.
        token: CommandToken,
        /// The call it concerned, if it came to one; or why it failed.
        result: Result<Option<CallId>, ProtocolError>,
    },
    /// The media connection of the call opens (or, after `Failed`, opens anew): ICE and DTLS run
    /// while it rings. The microphone stays closed and nothing is played.
    StartMedia {
        /// The call.
        call_id: CallId,
        /// Its facts.
        facts: CallFacts,
    },
    /// The call is accepted by the server's word and this user's wish: microphone and playout
    /// start. Comes at most once per call, after its `StartMedia`.
    OpenGate {
        /// The call.
        call_id: CallId,
    },
    /// Media of a remote user arrives under these SSRCs from now on. Only after `OpenGate`.
    RemoteMedia {
        /// The call.
        call_id: CallId,
        /// Who.
        user: UserId,
        /// SSRC under which the server forwards it.
        audio_ssrc: u32,
        /// SSRCs under which it forwards their pictures to who asks for them.
        video: Vec<VideoStream>,
    },
    /// The media connection of the call closes, microphone and playout with it.
    StopMedia {
        /// The call.
        call_id: CallId,
    },
}
