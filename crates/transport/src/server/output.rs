use std::collections::BTreeMap;
use std::net::SocketAddr;

use calling_model::ConnectionId;

use crate::discard::Discard;
use crate::feedback::Unreported;
use crate::session::CloseReason;
use crate::srtp::SrtpProfile;

/// What became of a datagram given to a [`LiteServer`](crate::LiteServer).
#[derive(Debug, PartialEq, Eq)]
pub enum ServerReceived<'a> {
    /// An authentic RTP packet in plain. Its header was validated, its padding was not.
    Rtp {
        /// Whose.
        connection: ConnectionId,
        /// The packet.
        packet: &'a mut [u8],
    },
    /// An authentic compound RTCP packet in plain, not validated beyond its first header.
    Rtcp {
        /// Whose.
        connection: ConnectionId,
        /// The packet.
        packet: &'a mut [u8],
    },
    /// A check or part of a handshake; poll the outputs.
    Control,
    /// Not used, and counted.
    Discarded(Discard),
}

/// What a [`LiteServer`](crate::LiteServer) wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Send this datagram from the one port.
    Transmit {
        /// Where to.
        to: SocketAddr,
        /// What.
        datagram: Vec<u8>,
    },
    /// The first authenticated check of this connection came.
    PathValidated {
        /// Whose.
        connection: ConnectionId,
    },
    /// The client proved to own the announced certificate; media may flow.
    Connected {
        /// Whose.
        connection: ConnectionId,
        /// How media is protected.
        profile: SrtpProfile,
    },
    /// The connection ended by itself and is forgotten.
    Closed {
        /// Whose.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
}

/// Figures of a [`LiteServer`](crate::LiteServer) since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerStats {
    /// Connections open now.
    pub connections: usize,
    /// Addresses validated now.
    pub addresses: usize,
    /// Binding requests answered with success.
    pub checks_answered: u64,
    /// Binding requests answered with an error (420 or 487).
    pub checks_refused: u64,
    /// RTP packets opened.
    pub rtp_opened: u64,
    /// RTCP packets opened.
    pub rtcp_opened: u64,
    /// RTP packets sealed.
    pub rtp_sealed: u64,
    /// RTCP packets sealed.
    pub rtcp_sealed: u64,
    /// Outputs dropped because nobody polled them.
    pub outputs_dropped: u64,
    /// Datagrams not used, by [`Discard::reason`].
    pub discards: BTreeMap<&'static str, u64>,
    /// RTP packets that clients who want feedback are not told of.
    pub unreported: Unreported,
}
