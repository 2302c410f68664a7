use std::net::SocketAddr;
use std::time::Instant;

use calling_model::ConnectionId;

use super::{
    LiteConfig, LocalParams, OpenError, RemoteParams, ServerOutput, ServerReceived, ServerStats,
};
use crate::session::TimeoutReason;
use crate::srtp::SealError;

/// All connections of one UDP port. For each it is the ICE-lite, controlled agent (RFC 8445) and
/// the passive side of DTLS-SRTP.
#[derive(Debug)]
pub struct LiteServer {
    config: LiteConfig,
}

impl LiteServer {
    /// A server without connections. `seed` must be secret: credentials are drawn from it.
    pub fn new(config: LiteConfig, seed: [u8; 32]) -> Self {
        let _ = seed;
        Self { config }
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
        let _ = (now, connection, remote, &self.config);
        unimplemented!()
    }

    /// Forgets a connection, saying goodbye to its client. Without effect if there is none.
    pub fn close(&mut self, now: Instant, connection: ConnectionId) {
        let _ = (now, connection);
        unimplemented!()
    }

    /// Takes one datagram from the port; media is opened in place.
    pub fn handle_datagram<'a>(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &'a mut [u8],
    ) -> ServerReceived<'a> {
        let _ = (now, source, datagram);
        unimplemented!()
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
        let _ = (connection, packet);
        unimplemented!()
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
        let _ = (connection, packet);
        unimplemented!()
    }

    /// Where a connection's client is reached at present.
    pub fn path(&self, connection: ConnectionId) -> Option<SocketAddr> {
        let _ = connection;
        unimplemented!()
    }

    /// Applies the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
        unimplemented!()
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        unimplemented!()
    }

    /// The earliest deadline. It may be early by the time a connection was heard of since.
    pub fn poll_timeout(&self) -> Option<(Instant, TimeoutReason)> {
        unimplemented!()
    }

    /// Figures so far.
    pub fn stats(&self) -> ServerStats {
        unimplemented!()
    }
}
