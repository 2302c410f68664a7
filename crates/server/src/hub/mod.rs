//! Control: one task that owns the call machine and does what it says, in order.
//!
//! * The [call machine](calling_signaling::calls::Calls) decides; this task performs. A call is
//!   stored before anybody is told of it, its room's gate is open before anybody is told that it
//!   was accepted, and its record is stored before anybody is told that it ended.
//! * What waits (for the database, for a shard) holds up its own call alone; see [`lanes`].
//! * Nothing here waits for a client: one that does not read is disconnected.

mod actor;
mod admin;
mod asked;
mod devices;
mod groups;
mod lanes;
mod media;
mod perform;
mod quality;
mod requests;
mod resume;
mod running;
mod sdp;
mod store;
#[cfg(test)]
mod tests;
mod video;
mod welcome;
mod writes;

use calling_model::{CallId, Endpoint, GroupId, MediaType, UserId, VideoTrack};
use calling_signaling::protocol::{
    CallParams, ClientOffer, InviteParams, ProtocolError, ResumeParams, VideoView,
};
use tokio::sync::{mpsc, oneshot};

pub(crate) use actor::{HubParts, HubSettings, spawn};
pub(crate) use admin::{AdminCommand, LiveCall, OperatorCall, Told};
pub(crate) use requests::wall_clock;
pub(crate) use resume::fuzz as fuzz_resume_token;
pub(crate) use store::CallStore;
pub(crate) use welcome::Welcome;

use crate::gateway::Outbox;

/// Commands that may wait for the hub; connections wait beyond that.
const COMMANDS: usize = 4_096;

/// One signalling connection, unique while the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionId(pub(crate) u64);

/// A proven account and device on a connection.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) endpoint: Endpoint,
    pub(crate) id: SessionId,
}

/// What connections want of the hub.
#[derive(Debug)]
pub(crate) enum HubCommand {
    /// A device proved its account.
    SignIn {
        session: Session,
        outbox: Outbox,
        /// The request that the welcome answers.
        request: u64,
        welcome: Welcome,
        reply: oneshot::Sender<Result<(), ProtocolError>>,
    },
    /// A device takes up its session on a new connection; the answer goes the same way.
    Resume {
        id: SessionId,
        outbox: Outbox,
        /// The request that the welcome answers.
        request: u64,
        params: ResumeParams,
        welcome: Welcome,
        reply: oneshot::Sender<Result<Endpoint, ProtocolError>>,
    },
    /// A device signed out on purpose; the request is answered by the connection.
    SignOut { session: Session },
    /// A connection is gone.
    Disconnected { session: Session },
    /// A device asks for something; the answer goes to its outbox.
    Request { session: Session, id: u64, request: HubRequest },
    /// An operator asks for something, or messages are to be told.
    Admin(AdminCommand),
    /// The group a live call belongs to, if any.
    GroupOf { call_id: CallId, reply: oneshot::Sender<Option<GroupId>> },
    /// End every call, store what is to be stored, close every connection.
    Stop { done: oneshot::Sender<()> },
}

/// A request that the hub answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum HubRequest {
    /// `unknown` are those of the callees who have no account, `outsiders` those who, like the
    /// asker, would have to belong to the group and do not.
    Call {
        params: CallParams,
        unknown: Vec<UserId>,
        outsiders: Vec<UserId>,
    },
    /// As for `Call`.
    InviteUsers {
        params: InviteParams,
        unknown: Vec<UserId>,
        outsiders: Vec<UserId>,
    },
    /// `insider`: the asker belongs to the call's group.
    Join {
        call_id: CallId,
        insider: bool,
    },
    SwitchMediaType {
        call_id: CallId,
        media_type: MediaType,
    },
    /// `insider`: the asker belongs to the group.
    GroupCall {
        group_id: GroupId,
        insider: bool,
    },
    Accept {
        call_id: CallId,
    },
    Reject {
        call_id: CallId,
        busy: bool,
    },
    Hangup {
        call_id: CallId,
    },
    GetCall {
        call_id: CallId,
    },
    ConnectMedia {
        call_id: CallId,
        offer: ClientOffer,
    },
    MediaReady {
        call_id: CallId,
    },
    SetMicMute {
        call_id: CallId,
        muted: bool,
    },
    SubscribeVideo {
        call_id: CallId,
        views: Vec<VideoView>,
    },
    SetVideoMute {
        call_id: CallId,
        track: VideoTrack,
        muted: bool,
    },
}

/// A connection's end of the hub.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    commands: mpsc::Sender<HubCommand>,
}

/// The server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server stops")]
pub(crate) struct HubGone;

impl Hub {
    pub(crate) async fn send(&self, command: HubCommand) -> Result<(), HubGone> {
        self.commands.send(command).await.map_err(|_| HubGone)
    }
}
