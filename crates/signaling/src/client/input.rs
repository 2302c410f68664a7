use calling_model::{CallId, MediaType, UnixMillis, UserId};

use super::{Connection, NetworkQuality, UserQuality};
use crate::protocol::{CallParams, ProtocolError, ServerFrame};

/// What the driver calls one command, so that it can tell the application how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandToken(pub u64);

/// What happens to [`ClientCalls`](super::ClientCalls).
#[derive(Clone, Debug, PartialEq)]
pub enum ClientInput {
    /// The application wants something. Unless refused as misuse it gets exactly one
    /// [`ClientOutput::Finished`](super::ClientOutput).
    Command {
        /// What `Finished` is to carry.
        token: CommandToken,
        /// What it wants.
        command: Command,
    },
    /// A frame of the server. Replies to requests the mirror did not send are passed over.
    Server(ServerFrame),
    /// The server's wall clock, as its answer to the sign-in tells it. Requests to call carry
    /// their age from then on.
    ServerClock {
        /// What it shows now.
        at: UnixMillis,
    },
    /// The client is signed in, on a first connection or a new one.
    SignedIn,
    /// The client took up its session on a new connection: what it was told meanwhile comes now.
    SessionResumed,
    /// The signalling connection is gone.
    SignallingLost,
    /// This client signs out on purpose: it leaves its call at once. What `Send`s come of it go
    /// out before the sign-out itself. An incoming call goes on ringing elsewhere.
    SignedOut,
    /// The driver tries to get the connection back.
    Reconnecting(Connection),
    /// The media connection asked for by `StartMedia` did something.
    Media {
        /// The call it is for.
        call_id: CallId,
        /// What it did.
        state: MediaState,
    },
    /// The network was measured.
    Quality {
        /// This device's own connection.
        local: NetworkQuality,
        /// The others'.
        remotes: Vec<UserQuality>,
    },
    /// Something non-fatal happened that the application should hear of.
    Warning {
        /// A number of the component's table (for example 1201, no microphone).
        code: i32,
        /// A plain sentence.
        message: String,
    },
}

/// What an application asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Places a call. What rings here is declined as busy, unless its caller is called back: that
    /// answers it.
    Call(CallParams),
    /// Answers the incoming call.
    Accept,
    /// Declines the incoming call.
    Reject,
    /// Declines the incoming call; the caller sees "line busy".
    Ignore,
    /// Rings more people into the call this user placed or is talking in.
    InviteUsers {
        /// Whom.
        users: Vec<UserId>,
        /// How long to ring, in seconds; as the call itself if `None`.
        timeout_s: Option<u32>,
    },
    /// Enters a running call of one of this user's groups, or one that was left or declined.
    Join(CallId),
    /// Makes the call a video call, or a voice call, for everybody in it.
    SwitchMediaType(MediaType),
    /// Leaves the call, withdraws it while it rings, declines it if it is incoming.
    Hangup,
    /// Mutes or unmutes the microphone, now and in calls to come.
    SetMicMute(bool),
}

/// The life of a media connection, as its driver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaState {
    /// ICE and DTLS are done: packets can flow.
    Up,
    /// It went silent and may come back.
    Lost,
    /// It failed for good; the mirror starts it again or ends the call.
    Failed(ProtocolError),
}
