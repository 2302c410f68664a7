use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use calling_model::ConnectionId;

use crate::certificate::{Certificate, Fingerprint};
use crate::ice::IceCredentials;

/// How a [`LiteServer`](crate::LiteServer) behaves.
#[derive(Clone, Debug)]
pub struct LiteConfig {
    /// Shown to every client.
    pub certificate: Arc<Certificate>,
    /// Where clients reach the one port, preferred first.
    pub candidates: Vec<SocketAddr>,
    /// A connection without an authenticated datagram for so long is closed; 4 s unless changed.
    pub consent_timeout: Duration,
    /// Time from `open` to `Connected`; 30 s unless changed.
    pub handshake_timeout: Duration,
    /// Most connections at once.
    pub max_connections: usize,
}

impl LiteConfig {
    /// The usual server.
    pub const fn new(certificate: Arc<Certificate>, candidates: Vec<SocketAddr>) -> Self {
        Self {
            certificate,
            candidates,
            consent_timeout: Duration::from_secs(4),
            handshake_timeout: Duration::from_secs(30),
            max_connections: 10_000,
        }
    }
}

/// What a client told about itself over signalling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteParams {
    /// Its ICE credentials.
    pub credentials: IceCredentials,
    /// The fingerprint of its certificate.
    pub fingerprint: Fingerprint,
    /// The id of the header extension with transport-wide sequence numbers, by which it wants to
    /// be told which of its packets came; `None` if it does not.
    pub feedback_id: Option<u8>,
}

/// What to tell a client over signalling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalParams {
    /// ICE credentials of this connection.
    pub credentials: IceCredentials,
    /// The fingerprint of the server's certificate.
    pub fingerprint: Fingerprint,
    /// The server's candidates in SDP form, preferred first.
    pub candidates: Vec<String>,
}

/// Why a connection could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The id is in use; close that connection first.
    #[error("connection {} is open already", .0.0)]
    AlreadyOpen(ConnectionId),
    /// [`LiteConfig::max_connections`] are open.
    #[error("{0} connections are open, which is the limit")]
    TooManyConnections(usize),
}
