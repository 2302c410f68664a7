use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use calling_model::ConnectionId;
use calling_wire::{DatagramKind, classify};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::config::{LiteConfig, LocalParams, OpenError, RemoteParams};
use super::connection::Connection;
use super::deadlines::Deadlines;
use super::output::{ServerOutput, ServerReceived, ServerStats};
use super::table::Table;
use crate::discard::Discard;
use crate::feedback::TransportFeedback;
use crate::ice::{Candidate, IceCredentials};
use crate::session::{
    DtlsRole, DtlsSettings, DtlsVersions, Received, SecureSession, SessionConfig, SrtpOffer,
    TimeoutReason,
};
use crate::srtp::SealError;

/// Datagrams kept for an owner that does not poll.
const MAX_QUEUED: usize = 4096;

/// All connections of one UDP port. For each it is the ICE-lite, controlled agent (RFC 8445) and
/// the passive side of DTLS-SRTP.
///
/// An address is learned from an authenticated check and from nothing else. What comes from other
/// addresses is discarded unanswered, so the port reflects nothing and reveals nothing.
#[derive(Debug)]
pub struct LiteServer {
    pub(super) config: LiteConfig,
    candidates: Vec<String>,
    settings: DtlsSettings,
    pub(super) rng: ChaCha12Rng,
    pub(super) table: Table,
    pub(super) deadlines: Deadlines,
    pub(super) outputs: VecDeque<ServerOutput>,
    /// Time never goes back for the machine, whatever it is told.
    pub(super) now: Option<Instant>,
    pub(super) stats: ServerStats,
}

impl LiteServer {
    /// A server without connections. `seed` must be secret: credentials are drawn from it.
    pub fn new(config: LiteConfig, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        let candidates = config.candidates.iter().zip(0_u16..);
        let candidates = candidates.map(|(at, order)| Candidate::host(*at, order).to_string());
        Self {
            candidates: candidates.collect(),
            settings: DtlsSettings::new(DtlsRole::Passive, DtlsVersions::Any, SrtpOffer::AeadFirst),
            table: Table::new(&mut rng),
            rng,
            deadlines: Deadlines::default(),
            outputs: VecDeque::new(),
            now: None,
            stats: ServerStats::default(),
            config,
        }
    }

    /// Begins to wait for a client.
    ///
    /// # Errors
    /// The id is in use, or the limit is reached.
    pub fn open(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        remote: RemoteParams,
    ) -> Result<LocalParams, OpenError> {
        let now = self.advance(now);
        if self.table.slot_of(connection).is_some() {
            return Err(OpenError::AlreadyOpen(connection));
        }
        if self.table.len() >= self.config.max_connections {
            return Err(OpenError::TooManyConnections(self.config.max_connections));
        }
        let local = self.fresh_credentials();
        let session = self.session(now, &remote);
        let connect_by = now + self.config.handshake_timeout;
        let opened =
            Connection::new(connection, local.clone(), remote.credentials, session, connect_by);
        let slot = self.table.insert(opened);
        self.set_feedback(connection, remote.feedback_id);
        self.reschedule(slot);
        Ok(self.params(local))
    }

    /// Restarts ICE (RFC 8445 section 9): other credentials on both sides, the same DTLS session.
    /// Media goes on over the old path until the client has nominated one anew. `None` if there is
    /// no such connection.
    pub fn restart(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        remote: IceCredentials,
    ) -> Option<LocalParams> {
        self.advance(now);
        let slot = self.table.slot_of(connection)?;
        let local = self.fresh_credentials();
        self.table.restart(slot, local.clone(), remote);
        Some(self.params(local))
    }

    /// Has the client of a connection told which of its packets came, by the transport-wide numbers
    /// in the header extension with this id; `None`: no more. Without effect if there is no such
    /// connection.
    pub fn set_feedback(&mut self, connection: ConnectionId, extension_id: Option<u8>) {
        let Some(slot) = self.table.slot_of(connection) else { return };
        let Some(connection) = self.table.get_mut(slot) else { return };
        match (&mut connection.feedback, extension_id) {
            (feedback, None) => *feedback = None,
            (Some(feedback), Some(id)) => feedback.set_extension_id(id),
            (none @ None, Some(id)) => {
                let ssrc = self.rng.random_range(1..=u32::MAX);
                *none = Some(Box::new(TransportFeedback::new(id, ssrc)));
            }
        }
        self.reschedule(slot);
    }

    /// What the client of a connection was told last; `None` if there is no such connection.
    pub fn local_params(&self, connection: ConnectionId) -> Option<LocalParams> {
        let connection = self.table.get(self.table.slot_of(connection)?)?;
        Some(self.params(connection.local.clone()))
    }

    /// Forgets a connection, saying goodbye to its client. Without effect if there is none.
    pub fn close(&mut self, now: Instant, connection: ConnectionId) {
        let now = self.advance(now);
        let Some(slot) = self.table.slot_of(connection) else { return };
        if let Some(connection) = self.table.get_mut(slot) {
            connection.session.close(now);
        }
        self.drain_session(slot);
        self.forget(slot);
    }

    /// Takes one datagram from the port; media is opened in place.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &'a mut [u8],
    ) -> ServerReceived<'a> {
        let now = self.advance(now);
        // What expired before the datagram came is not revived by it.
        if self.deadlines.due(now).is_some() {
            self.handle_timeout(now);
        }
        let received = match classify(datagram) {
            Some(DatagramKind::Stun) => self.handle_check(now, source, datagram),
            Some(DatagramKind::Dtls | DatagramKind::Rtp | DatagramKind::Rtcp) => {
                self.handle_secured(now, source, datagram)
            }
            Some(DatagramKind::TurnChannel) | None => {
                ServerReceived::Discarded(Discard::UnknownKind)
            }
        };
        if let ServerReceived::Discarded(discard) = received {
            *self.stats.discards.entry(discard.reason()).or_default() += 1;
        }
        received
    }

    /// Protects an RTP packet for a connection in place and tells where to send it.
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn seal_rtp(
        &mut self,
        connection: ConnectionId,
        packet: &mut Vec<u8>,
    ) -> Result<SocketAddr, SealError> {
        let (session, path) = self.sealing(connection)?;
        session.seal_rtp(packet)?;
        self.stats.rtp_sealed += 1;
        Ok(path)
    }

    /// Protects a compound RTCP packet for a connection in place and tells where to send it.
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn seal_rtcp(
        &mut self,
        connection: ConnectionId,
        packet: &mut Vec<u8>,
    ) -> Result<SocketAddr, SealError> {
        let (session, path) = self.sealing(connection)?;
        session.seal_rtcp(packet)?;
        self.stats.rtcp_sealed += 1;
        Ok(path)
    }

    /// Applies the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        while let Some(slot) = self.deadlines.due(now) {
            self.handle_due(now, slot);
        }
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// The earliest deadline. It may come early for a connection that was heard of since; to
    /// handle it is then without effect.
    pub fn poll_timeout(&self) -> Option<(Instant, TimeoutReason)> {
        self.deadlines.first()
    }

    /// Where a connection's client is reached at present.
    pub fn path(&self, connection: ConnectionId) -> Option<SocketAddr> {
        let connection = self.table.get(self.table.slot_of(connection)?)?;
        connection.path(self.now?, self.config.consent_timeout)
    }

    /// Figures so far.
    pub fn stats(&self) -> ServerStats {
        ServerStats {
            connections: self.table.len(),
            addresses: self.table.addresses(),
            ..self.stats.clone()
        }
    }

    fn handle_secured<'a>(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &'a mut [u8],
    ) -> ServerReceived<'a> {
        let found = self.table.slot_at(source);
        let found = found.and_then(|slot| Some((slot, self.table.get_mut(slot)?)));
        let Some((slot, connection)) = found else {
            return ServerReceived::Discarded(Discard::UnknownSource);
        };
        let id = connection.id;
        match connection.session.receive(now, datagram) {
            Received::Rtp(packet) => {
                connection.hear(now, source);
                self.stats.rtp_opened += 1;
                let changes_due = connection.observe(now, packet);
                self.stats.unreported += connection.take_unreported();
                if changes_due {
                    self.reschedule(slot);
                }
                ServerReceived::Rtp { connection: id, packet }
            }
            Received::Rtcp(packet) => {
                connection.hear(now, source);
                self.stats.rtcp_opened += 1;
                ServerReceived::Rtcp { connection: id, packet }
            }
            Received::Control => {
                self.settle(slot);
                ServerReceived::Control
            }
            Received::Discarded(discard) => {
                if discard == Discard::Dtls {
                    self.settle(slot);
                }
                ServerReceived::Discarded(discard)
            }
        }
    }

    pub(super) fn transmit(&mut self, to: SocketAddr, datagram: Vec<u8>) {
        if self.outputs.len() < MAX_QUEUED {
            self.outputs.push_back(ServerOutput::Transmit { to, datagram });
        } else {
            self.stats.outputs_dropped += 1;
        }
    }

    fn sealing(
        &mut self,
        connection: ConnectionId,
    ) -> Result<(&mut SecureSession, SocketAddr), SealError> {
        let (Some(now), Some(slot)) = (self.now, self.table.slot_of(connection)) else {
            return Err(SealError::UnknownConnection);
        };
        let connection = self.table.get_mut(slot).ok_or(SealError::UnknownConnection)?;
        let path = connection.path(now, self.config.consent_timeout).ok_or(SealError::NoPath)?;
        Ok((&mut connection.session, path))
    }

    fn session(&self, now: Instant, remote: &RemoteParams) -> SecureSession {
        let certificate = Arc::clone(&self.config.certificate);
        let mut config = SessionConfig::new(certificate, DtlsRole::Passive, remote.fingerprint);
        config.handshake_timeout = self.config.handshake_timeout;
        SecureSession::with_settings(config, self.settings.clone(), now)
    }

    fn params(&self, credentials: IceCredentials) -> LocalParams {
        LocalParams {
            credentials,
            fingerprint: self.config.certificate.fingerprint(),
            candidates: self.candidates.clone(),
        }
    }

    fn fresh_credentials(&mut self) -> IceCredentials {
        loop {
            let credentials = IceCredentials::generate(&mut self.rng);
            if self.table.slot_of_ufrag(credentials.ufrag()).is_none() {
                return credentials;
            }
        }
    }

    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.now.map_or(now, |last| last.max(now));
        self.now = Some(now);
        now
    }
}
