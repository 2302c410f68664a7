use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use calling_model::{ConnectionId, Machine, ParticipantId, RoomId, VideoTrack};
use calling_room::{
    AudioTerms, Forwards, LeaveReason, RoomConfig, RoomOutput, RtcpDiscard, RtpDiscard, VideoTerms,
    VideoViews,
};
use calling_transport::{
    IceCredentials, LiteConfig, LiteServer, LocalParams, OpenError, RemoteParams,
};
use calling_transport::{ServerOutput, ServerReceived};

use super::rooms::Rooms;
use super::socket::DATAGRAM_BYTES;
use super::{Closed, Outgoing, Seat, ShardCommand, ShardEvent};

/// What the plane did with media; see [`ShardCounters`](super::counters::ShardCounters).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MediaCounts {
    pub(super) forwarded: u64,
    pub(super) gated: u64,
    pub(super) discarded: u64,
    pub(super) unsealed: u64,
}

/// Everything a shard knows, without its socket and its clock.
#[derive(Debug)]
pub(super) struct Plane {
    server: LiteServer,
    seats: HashMap<ConnectionId, Seated>,
    rooms: Rooms,
    forwards: Forwards,
    /// One outgoing packet, used again for each receiver.
    packet: Vec<u8>,
    events: Vec<ShardEvent>,
    pub(super) counts: MediaCounts,
}

#[derive(Debug)]
struct Seated {
    seat: Seat,
    muted: bool,
    /// Its handshake is done.
    is_up: bool,
    in_room: bool,
    path_at: Option<Instant>,
}

impl Plane {
    pub(super) fn new(lite: LiteConfig, rooms: RoomConfig, seeds: [[u8; 32]; 2]) -> Self {
        let [lite_seed, room_seed] = seeds;
        Self {
            server: LiteServer::new(lite, lite_seed),
            seats: HashMap::new(),
            rooms: Rooms::new(rooms, room_seed),
            forwards: Forwards::new(),
            packet: Vec::with_capacity(DATAGRAM_BYTES),
            events: Vec::new(),
            counts: MediaCounts::default(),
        }
    }

    /// Does what the hub wants. `false` if the shard is to end.
    pub(super) fn command(
        &mut self,
        now: Instant,
        command: ShardCommand,
        out: &mut impl Outgoing,
    ) -> bool {
        match command {
            ShardCommand::Connect { seat, remote, reply } => {
                // The hub may have given up meanwhile; then the connection times out.
                let _ = reply.send(self.connect(now, seat, remote));
            }
            ShardCommand::Renegotiate {
                connection,
                credentials,
                feedback_id,
                terms,
                video,
                views,
                reply,
            } => {
                self.server.set_feedback(connection, feedback_id);
                self.set_video(now, connection, video, views, out);
                let _ = reply.send(self.renegotiate(now, connection, credentials, terms));
            }
            ShardCommand::Reserve { room, user, streams } => {
                if let Err(error) = self.rooms.entry(room).reserve(user, streams) {
                    tracing::debug!(%error, "no streams are reserved");
                }
            }
            ShardCommand::OpenGate { room, admit, done } => {
                self.open_gate(now, room, &admit, out);
                let _ = done.send(());
            }
            ShardCommand::SetMuted { connection, muted, done } => {
                self.set_muted(now, connection, muted, out);
                let _ = done.send(());
            }
            ShardCommand::SetVideoMuted { connection, track, muted, done } => {
                self.set_video_muted(connection, track, muted, out);
                let _ = done.send(());
            }
            ShardCommand::SetViews { connection, views, done } => {
                self.set_views(now, connection, views, out);
                let _ = done.send(());
            }
            ShardCommand::Disconnect { connection, reason } => {
                self.leave(now, connection, reason, out);
                self.server.close(now, connection);
            }
            ShardCommand::CloseRoom { room, heard } => {
                let known = self.rooms.get_mut(room).map(|room| room.heard().collect());
                let _ = heard.send(known.unwrap_or_default());
                self.close_room(now, room, out);
            }
            ShardCommand::Stop => {
                self.stop(now, out);
                return false;
            }
            #[cfg(test)]
            ShardCommand::Panic => panic!("asked to"),
        }
        self.drain_server(now, out);
        true
    }

    /// Takes one datagram from the port. `datagram` is opened in place.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &mut [u8],
        out: &mut impl Outgoing,
    ) {
        match self.server.handle_datagram(now, source, datagram) {
            ServerReceived::Rtp { connection, packet } => {
                self.forward(now, connection, packet, out);
            }
            ServerReceived::Rtcp { connection, packet } => {
                self.report(now, connection, packet, out);
            }
            ServerReceived::Control => {}
            // Counted by the transport.
            ServerReceived::Discarded(_) => {}
        }
        // Whatever came, time has passed with it.
        self.drain_server(now, out);
    }

    /// Applies the passing of time.
    pub(super) fn handle_timeout(&mut self, now: Instant, out: &mut impl Outgoing) {
        if self.server.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.server.handle_timeout(now);
            self.drain_server(now, out);
        }
        while let Some(id) = self.rooms.due(now) {
            if let Some(room) = self.rooms.get_mut(id) {
                room.handle_timeout(now);
            }
            self.drain_room(id, out);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let server = self.server.poll_timeout().map(|(at, _)| at);
        server.into_iter().chain(self.rooms.deadline()).min()
    }

    /// What there is to tell, oldest first.
    pub(super) fn events(&mut self) -> std::vec::Drain<'_, ShardEvent> {
        self.events.drain(..)
    }

    pub(super) fn transport_stats(&self) -> calling_transport::ServerStats {
        self.server.stats()
    }

    fn connect(
        &mut self,
        now: Instant,
        seat: Seat,
        remote: RemoteParams,
    ) -> Result<LocalParams, OpenError> {
        let local = self.server.open(now, seat.connection, remote)?;
        self.rooms.entry(seat.room);
        let seated = Seated { seat, muted: false, is_up: false, in_room: false, path_at: None };
        self.seats.insert(seated.seat.connection, seated);
        Ok(local)
    }

    fn renegotiate(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        credentials: Option<IceCredentials>,
        terms: AudioTerms,
    ) -> Option<LocalParams> {
        let seated = self.seats.get_mut(&connection)?;
        seated.seat.terms = terms.clone();
        if let Some(room) = self.rooms.get_mut(seated.seat.room).filter(|_| seated.in_room)
            && let Err(error) = room.negotiate(participant(connection), terms)
        {
            tracing::error!(%error, "a seated participant is not in its room");
        }
        match credentials {
            Some(credentials) => self.server.restart(now, connection, credentials),
            None => self.server.local_params(connection),
        }
    }

    fn set_video(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        terms: VideoTerms,
        views: VideoViews,
        out: &mut impl Outgoing,
    ) {
        let Some(seated) = self.seats.get_mut(&connection) else { return };
        (seated.seat.video, seated.seat.views) = (terms, views);
        if seated.in_room {
            let id = seated.seat.room;
            self.video_in_room(now, id, connection);
            self.drain_room(id, out);
        }
    }

    fn set_views(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        views: VideoViews,
        out: &mut impl Outgoing,
    ) {
        let Some(seated) = self.seats.get_mut(&connection) else { return };
        let terms = seated.seat.video.clone();
        self.set_video(now, connection, terms, views, out);
    }

    fn set_video_muted(
        &mut self,
        connection: ConnectionId,
        track: VideoTrack,
        muted: bool,
        out: &mut impl Outgoing,
    ) {
        let Some(seated) = self.seats.get_mut(&connection) else { return };
        if muted {
            seated.seat.video_muted.insert(track);
        } else {
            seated.seat.video_muted.remove(&track);
        }
        let id = seated.seat.room;
        let Some(room) = self.rooms.get_mut(id).filter(|_| seated.in_room) else { return };
        if let Err(error) = room.set_video_muted(participant(connection), track, muted) {
            tracing::error!(%error, "a seated participant is not in its room");
        }
        self.drain_room(id, out);
    }

    /// Has the room know what the seat says of pictures.
    fn video_in_room(&mut self, now: Instant, id: RoomId, connection: ConnectionId) {
        let Some(seat) = self.seats.get(&connection).map(|seated| &seated.seat) else { return };
        let Some(room) = self.rooms.get_mut(id) else { return };
        let who = participant(connection);
        let set = room
            .negotiate_video(now, who, seat.video.clone())
            .and_then(|()| room.set_views(now, who, seat.views.clone()));
        if let Err(error) = set {
            tracing::error!(%error, "a seated participant is not in its room");
        }
    }

    fn open_gate(
        &mut self,
        now: Instant,
        id: RoomId,
        admit: &[ConnectionId],
        out: &mut impl Outgoing,
    ) {
        self.rooms.entry(id).open(now);
        for connection in admit {
            let Some(seated) = self.seats.get_mut(connection) else { continue };
            seated.seat.admitted = true;
            self.enter(now, *connection, out);
        }
        self.drain_room(id, out);
    }

    fn set_muted(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        muted: bool,
        out: &mut impl Outgoing,
    ) {
        let Some(seated) = self.seats.get_mut(&connection) else { return };
        seated.muted = muted;
        if seated.in_room {
            let id = seated.seat.room;
            self.mute_in_room(now, id, connection, muted);
            self.drain_room(id, out);
        }
    }

    fn mute_in_room(&mut self, now: Instant, id: RoomId, connection: ConnectionId, muted: bool) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        if let Err(error) = room.set_muted(now, participant(connection), muted) {
            tracing::error!(%error, "a seated participant is not in its room");
        }
    }

    fn close_room(&mut self, now: Instant, id: RoomId, out: &mut impl Outgoing) {
        let mut connections: Vec<ConnectionId> = Vec::new();
        self.seats.retain(|connection, seated| {
            let stays = seated.seat.room != id;
            if !stays {
                connections.push(*connection);
            }
            stays
        });
        connections.sort_unstable();
        for connection in connections {
            self.server.close(now, connection);
        }
        self.rooms.remove(id);
        self.drain_server(now, out);
    }

    fn stop(&mut self, now: Instant, out: &mut impl Outgoing) {
        let mut connections: Vec<ConnectionId> = self.seats.drain().map(|(id, _)| id).collect();
        connections.sort_unstable();
        for connection in connections {
            self.server.close(now, connection);
        }
        self.drain_server(now, out);
    }

    fn forward(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        packet: &[u8],
        out: &mut impl Outgoing,
    ) {
        let Some(id) = self.room_of(connection) else { return };
        let Some(room) = self.rooms.get_mut(id) else { return };
        match room.handle_rtp(now, participant(connection), packet, &mut self.forwards) {
            Ok(()) => self.send_forwards(packet, out),
            Err(RtpDiscard::GateClosed) => self.counts.gated += 1,
            Err(discard) => {
                tracing::trace!(reason = discard.reason(), "an RTP packet is discarded");
                self.counts.discarded += 1;
            }
        }
        self.drain_room(id, out);
    }

    /// The room a packet of the connection goes to; counts the packet if it is to go nowhere yet.
    fn room_of(&mut self, connection: ConnectionId) -> Option<RoomId> {
        let seated = self.seats.get(&connection)?;
        if !seated.seat.admitted {
            self.counts.gated += 1;
            return None;
        }
        Some(seated.seat.room)
    }

    fn send_forwards(&mut self, packet: &[u8], out: &mut impl Outgoing) {
        let packet = self.forwards.packet(packet);
        for forward in &self.forwards {
            self.packet.clear();
            self.packet.extend_from_slice(packet);
            let to = ConnectionId(forward.to.0);
            let sealed = forward
                .apply(&mut self.packet)
                .ok()
                .and_then(|()| self.server.seal_rtp(to, &mut self.packet).ok());
            match sealed {
                Some(address) => {
                    self.counts.forwarded += 1;
                    out.send(address, &self.packet);
                }
                None => self.counts.unsealed += 1,
            }
        }
    }

    fn report(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        packet: &[u8],
        out: &mut impl Outgoing,
    ) {
        let Some(id) = self.room_of(connection) else { return };
        let Some(room) = self.rooms.get_mut(id) else { return };
        match room.handle_rtcp(now, participant(connection), packet) {
            Ok(()) => {}
            Err(RtcpDiscard::GateClosed) => self.counts.gated += 1,
            Err(discard) => {
                tracing::trace!(reason = discard.reason(), "an RTCP packet is discarded");
                self.counts.discarded += 1;
            }
        }
        self.drain_room(id, out);
    }

    fn drain_server(&mut self, now: Instant, out: &mut impl Outgoing) {
        while let Some(output) = self.server.poll_output() {
            match output {
                ServerOutput::Transmit { to, datagram } => out.send(to, &datagram),
                ServerOutput::PathValidated { connection } => {
                    tracing::debug!(connection = connection.0, "path validated");
                    if let Some(seated) = self.seats.get_mut(&connection) {
                        seated.path_at = Some(now);
                    }
                }
                ServerOutput::Connected { connection, profile } => {
                    tracing::debug!(connection = connection.0, %profile, "handshake done");
                    let path_at = self.seats.get(&connection).and_then(|seated| seated.path_at);
                    let handshake = path_at.map_or(Duration::ZERO, |at| now - at);
                    self.events.push(ShardEvent::Connected { connection, handshake });
                    if let Some(seated) = self.seats.get_mut(&connection) {
                        seated.is_up = true;
                    }
                    self.enter(now, connection, out);
                }
                ServerOutput::Closed { connection, reason } => {
                    let why = Closed::Transport(reason);
                    self.events.push(ShardEvent::Closed { connection, why });
                    self.leave(now, connection, why.leave_reason(), out);
                }
            }
        }
    }

    /// Lets a connection into its room, once it may and can.
    fn enter(&mut self, now: Instant, connection: ConnectionId, out: &mut impl Outgoing) {
        let Some(seated) = self.seats.get_mut(&connection) else { return };
        if !seated.seat.admitted || !seated.is_up || seated.in_room {
            return;
        }
        let Seat { room: id, user, terms, .. } = seated.seat.clone();
        let muted = seated.muted;
        let room = self.rooms.entry(id);
        if let Err(error) = room.join_with(now, participant(connection), user, terms) {
            tracing::warn!(%error, "a connected participant cannot enter its room");
            self.seats.remove(&connection);
            self.server.close(now, connection);
            let why = Closed::RoomRefused;
            self.events.push(ShardEvent::Closed { connection, why });
            return;
        }
        seated.in_room = true;
        let video_muted = seated.seat.video_muted.clone();
        if muted {
            self.mute_in_room(now, id, connection, true);
        }
        self.video_in_room(now, id, connection);
        for track in video_muted {
            self.set_video_muted(connection, track, true, out);
        }
        self.drain_room(id, out);
    }

    fn leave(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        reason: LeaveReason,
        out: &mut impl Outgoing,
    ) {
        let Some(seated) = self.seats.remove(&connection) else { return };
        let id = seated.seat.room;
        let Some(room) = self.rooms.get_mut(id).filter(|_| seated.in_room) else { return };
        if let Err(error) = room.leave(now, participant(connection), reason) {
            tracing::error!(%error, "a seated participant is not in its room");
        }
        self.drain_room(id, out);
    }

    fn drain_room(&mut self, id: RoomId, out: &mut impl Outgoing) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        while let Some(output) = room.poll_output() {
            match output {
                RoomOutput::Rtcp { to, mut packet } => {
                    match self.server.seal_rtcp(ConnectionId(to.0), &mut packet) {
                        Ok(address) => out.send(address, &packet),
                        Err(_) => self.counts.unsealed += 1,
                    }
                }
                RoomOutput::Rtp { to, mut packet } => {
                    match self.server.seal_rtp(ConnectionId(to.0), &mut packet) {
                        Ok(address) => {
                            self.counts.forwarded += 1;
                            out.send(address, &packet);
                        }
                        Err(_) => self.counts.unsealed += 1,
                    }
                }
                RoomOutput::UserEntered { participant, audio_ssrc, video, user: _ } => {
                    let connection = ConnectionId(participant.0);
                    self.events.push(ShardEvent::Entered { connection, audio_ssrc, video });
                }
                RoomOutput::VideoAvailable { participant, track, available, user: _ } => {
                    let connection = ConnectionId(participant.0);
                    self.events.push(ShardEvent::VideoAvailable { connection, track, available });
                }
                // Who asked for it knows; who was lost is told of as closed.
                RoomOutput::UserLeft { .. } => {}
                RoomOutput::AudioAvailable { participant, available, user: _ } => {
                    let connection = ConnectionId(participant.0);
                    self.events.push(ShardEvent::AudioAvailable { connection, available });
                }
                RoomOutput::Volumes { volumes, total } => {
                    self.events.push(ShardEvent::Volumes { room: id, volumes, total });
                }
            }
        }
        self.rooms.rearm(id);
    }
}

/// One number names the connection and the participant, so that a packet needs no second table.
const fn participant(connection: ConnectionId) -> ParticipantId {
    ParticipantId(connection.0)
}
