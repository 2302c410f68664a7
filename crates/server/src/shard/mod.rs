//! Media: one thread that owns a UDP socket, its connections and its rooms.
//!
//! A room lives on one shard, so nothing on the media path is locked or shared. Control reaches a
//! shard through a bounded queue ([`ShardCommand`]) and is woken for it; what the shard has to tell
//! ([`ShardEvent`]) goes to the hub through another. There is one shard for now, since there is
//! one UDP port.

pub mod bench;
mod candidates;
mod clock;
mod counters;
mod gather;
mod plane;
mod rooms;
mod socket;
#[cfg(test)]
mod tests;
mod thread;
mod worker;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use calling_model::{ConnectionId, RoomId, UserId, VideoTrack, Volume};
use calling_room::{AudioTerms, Heard, LeaveReason, Streams, VideoStream, VideoTerms, VideoViews};
use calling_transport::{CloseReason, IceCredentials, LocalParams, OpenError, RemoteParams};
use tokio::sync::oneshot;

pub(crate) use candidates::announced;
pub(crate) use socket::{BoundSocket, bind};
pub(crate) use thread::{Shard, ShardExit, ShardSettings, spawn};

/// What the hub wants of a shard. Done in the order given.
#[derive(Debug)]
pub(crate) enum ShardCommand {
    /// Begin to wait for a client, which enters its room once its handshake is done and it is
    /// admitted.
    Connect {
        seat: Seat,
        remote: RemoteParams,
        reply: oneshot::Sender<Result<LocalParams, OpenError>>,
    },
    /// Have other terms hold for a connection and, with `credentials`, restart ICE. Answered with
    /// nothing if there is no such connection any more.
    Renegotiate {
        connection: ConnectionId,
        credentials: Option<IceCredentials>,
        /// See [`RemoteParams`].
        feedback_id: Option<u8>,
        terms: AudioTerms,
        video: VideoTerms,
        views: VideoViews,
        reply: oneshot::Sender<Option<LocalParams>>,
    },
    /// Forward the first device of `user` that enters `room` under these SSRCs. If they are taken
    /// it gets others, as everybody is told when it enters.
    Reserve { room: RoomId, user: UserId, streams: Streams },
    /// Let media pass in `room`, from this instant on, and let these connections into it.
    OpenGate { room: RoomId, admit: Vec<ConnectionId>, done: oneshot::Sender<()> },
    /// Forward nothing of this connection, or again.
    SetMuted { connection: ConnectionId, muted: bool, done: oneshot::Sender<()> },
    /// Forward nothing of a picture of this connection, or again.
    SetVideoMuted {
        connection: ConnectionId,
        track: VideoTrack,
        muted: bool,
        done: oneshot::Sender<()>,
    },
    /// Have this connection see these pictures and no others.
    SetViews { connection: ConnectionId, views: VideoViews, done: oneshot::Sender<()> },
    /// Close a connection.
    Disconnect { connection: ConnectionId, reason: LeaveReason },
    /// Close a room and every connection in it, and tell how everybody in it heard the others.
    CloseRoom { room: RoomId, heard: oneshot::Sender<Vec<(UserId, Heard)>> },
    /// Close everything and end the thread.
    Stop,
    /// Panic, so that tests see what becomes of the server.
    #[cfg(test)]
    Panic,
}

/// Who a media connection is for. Its number serves as the participant's in the room, too.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) connection: ConnectionId,
    pub(crate) room: RoomId,
    pub(crate) user: UserId,
    /// What was agreed with the client on its audio.
    pub(crate) terms: AudioTerms,
    /// And on pictures.
    pub(crate) video: VideoTerms,
    /// What it wants to see.
    pub(crate) views: VideoViews,
    /// Which of its pictures are off.
    pub(crate) video_muted: BTreeSet<VideoTrack>,
    /// Its device is in the conversation. Until it is, nothing of this connection reaches the room
    /// and nothing of the room reaches it, whether the room's gate is open or not.
    pub(crate) admitted: bool,
}

/// What a shard has to tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ShardEvent {
    /// ICE and DTLS are done, the latter in `handshake`.
    Connected { connection: ConnectionId, handshake: Duration },
    /// The connection ended by itself, and its participant left the room.
    Closed { connection: ConnectionId, why: Closed },
    /// A participant is in its room; the others find its audio under `audio_ssrc`, its pictures
    /// under `video`.
    Entered { connection: ConnectionId, audio_ssrc: u32, video: [VideoStream; 2] },
    /// Audio of a participant begins or stops to flow.
    AudioAvailable { connection: ConnectionId, available: bool },
    /// A picture of a participant begins or stops to flow.
    VideoAvailable { connection: ConnectionId, track: VideoTrack, available: bool },
    /// How loud everybody is.
    Volumes { room: RoomId, volumes: Vec<(UserId, Volume)>, total: Volume },
}

/// Why a media connection ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// As the transport says.
    Transport(CloseReason),
    /// Its room did not take it.
    RoomRefused,
}

impl Closed {
    /// A short stable name for logs and counters.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Transport(reason) => reason.name(),
            Self::RoomRefused => "room_refused",
        }
    }

    /// What the others are told.
    pub(crate) const fn leave_reason(self) -> LeaveReason {
        match self {
            Self::Transport(CloseReason::PeerClosed) => LeaveReason::Left,
            Self::Transport(
                CloseReason::ConsentLost
                | CloseReason::FingerprintMismatch
                | CloseReason::HandshakeFailed
                | CloseReason::HandshakeTimeout
                | CloseReason::NoSrtpProfile,
            ) => LeaveReason::TimedOut,
            Self::RoomRefused => LeaveReason::Removed,
        }
    }
}

/// Where datagrams go. Never waits.
pub(crate) trait Outgoing {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]);
}
