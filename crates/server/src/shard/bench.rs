//! The media path without a socket and without a clock, for benches and for tests that count
//! allocations. Not part of the API: it changes without notice.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use calling_model::{ConnectionId, RoomId, UserId};
use calling_room::{AudioTerms, LeaveReason, RoomConfig, VideoTerms, VideoViews};
use calling_transport::{Certificate, LiteConfig, LocalParams, RemoteParams};
use tokio::sync::oneshot;

use super::plane::Plane;
use super::{Outgoing, Seat, ShardCommand, ShardEvent};

/// What a media thread does with each datagram, and nothing else.
#[derive(Debug)]
pub struct MediaPlane {
    plane: Plane,
    sent: Sent,
}

/// Datagrams that would have been sent.
#[derive(Debug, Default)]
struct Sent {
    keep: bool,
    kept: Vec<(SocketAddr, Vec<u8>)>,
    count: u64,
}

/// What became of media so far, in packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaFigures {
    /// Passed on, one for each receiver.
    pub forwarded: u64,
    /// Dropped because the gate was closed.
    pub gated: u64,
    /// Dropped for any other reason.
    pub discarded: u64,
    /// Datagrams sent, of any kind.
    pub sent: u64,
}

impl Outgoing for Sent {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.count += 1;
        if self.keep {
            self.kept.push((to, datagram.to_vec()));
        }
    }
}

impl MediaPlane {
    /// A plane behind the address `bound`.
    pub fn new(certificate: Arc<Certificate>, bound: SocketAddr, seed: [u8; 32]) -> Self {
        let lite = LiteConfig::new(certificate, vec![bound]);
        let plane = Plane::new(lite, RoomConfig::default(), [seed, seed]);
        Self { plane, sent: Sent { keep: true, ..Sent::default() } }
    }

    /// Opens a connection whose participant enters `room` once it is up; `None` if refused.
    pub fn connect(
        &mut self,
        now: Instant,
        number: u64,
        room: RoomId,
        user: UserId,
        audio_ssrc: u32,
        remote: RemoteParams,
    ) -> Option<LocalParams> {
        let (reply, mut answer) = oneshot::channel();
        let connection = ConnectionId(number);
        let terms = AudioTerms::native(&RoomConfig::default(), audio_ssrc);
        let (video, views) = (VideoTerms::none(), VideoViews::new());
        let video_muted = BTreeSet::new();
        let seat =
            Seat { connection, room, user, terms, video, views, video_muted, admitted: true };
        self.command(now, ShardCommand::Connect { seat, remote, reply });
        answer.try_recv().ok()?.ok()
    }

    /// Opens the gate of a room.
    pub fn open_gate(&mut self, now: Instant, room: RoomId) {
        let (done, _) = oneshot::channel();
        self.command(now, ShardCommand::OpenGate { room, admit: Vec::new(), done });
    }

    /// Mutes a connection or takes it back.
    pub fn set_muted(&mut self, now: Instant, number: u64, muted: bool) {
        let (connection, (done, _)) = (ConnectionId(number), oneshot::channel());
        self.command(now, ShardCommand::SetMuted { connection, muted, done });
    }

    /// Closes a connection.
    pub fn disconnect(&mut self, now: Instant, number: u64) {
        let (connection, reason) = (ConnectionId(number), LeaveReason::Left);
        self.command(now, ShardCommand::Disconnect { connection, reason });
    }

    /// Closes a room.
    pub fn close_room(&mut self, now: Instant, room: RoomId) {
        self.command(now, ShardCommand::CloseRoom { room, heard: oneshot::channel().0 });
    }

    /// Takes a datagram.
    pub fn receive(&mut self, now: Instant, source: SocketAddr, datagram: &mut [u8]) {
        self.plane.receive(now, source, datagram, &mut self.sent);
    }

    /// Applies the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.plane.handle_timeout(now, &mut self.sent);
    }

    /// The next deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.plane.poll_timeout()
    }

    /// From now on datagrams are kept for [`MediaPlane::take_sent`], or only counted.
    pub const fn keep_sent(&mut self, keep: bool) {
        self.sent.keep = keep;
    }

    /// The datagrams sent since the last time.
    pub fn take_sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut self.sent.kept)
    }

    /// What happened since the last time, in words for assertions.
    pub fn take_events(&mut self) -> Vec<String> {
        self.plane.events().map(|event| describe(&event)).collect()
    }

    /// Figures so far.
    pub const fn figures(&self) -> MediaFigures {
        let counts = self.plane.counts;
        MediaFigures {
            forwarded: counts.forwarded,
            gated: counts.gated,
            discarded: counts.discarded,
            sent: self.sent.count,
        }
    }

    fn command(&mut self, now: Instant, command: ShardCommand) {
        self.plane.command(now, command, &mut self.sent);
    }
}

fn describe(event: &ShardEvent) -> String {
    match event {
        ShardEvent::Connected { connection, .. } => format!("{} connected", connection.0),
        ShardEvent::Closed { connection, why } => format!("{} {}", connection.0, why.name()),
        ShardEvent::Entered { connection, .. } => format!("{} entered", connection.0),
        ShardEvent::VideoAvailable { connection, track, available } => {
            format!("{} {} {available}", connection.0, track.name())
        }
        ShardEvent::AudioAvailable { connection, available } => {
            format!("{} audio {available}", connection.0)
        }
        ShardEvent::Volumes { .. } => "volumes".to_owned(),
    }
}
