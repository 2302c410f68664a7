use std::collections::BTreeMap;
use std::fmt;

use crate::discard::Discard;
use crate::srtp::SrtpProfile;

/// What became of a datagram given to a [`SecureSession`](crate::SecureSession).
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// An authentic RTP packet in plain. Its header was validated, its padding was not.
    Rtp(&'a mut [u8]),
    /// An authentic compound RTCP packet in plain, not validated beyond its first header.
    Rtcp(&'a mut [u8]),
    /// Part of the handshake; poll the outputs.
    Control,
    /// Not used, and counted.
    Discarded(Discard),
}

/// What a [`SecureSession`](crate::SecureSession) wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOutput {
    /// Send this datagram to the peer.
    Transmit(Vec<u8>),
    /// The peer proved to own the announced certificate; media may flow.
    Connected {
        /// How media is protected.
        profile: SrtpProfile,
    },
    /// The session is over; nothing follows.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a session or connection ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// No authenticated datagram came for the consent timeout (RFC 7675).
    ConsentLost,
    /// The peer's certificate is not the announced one.
    FingerprintMismatch,
    /// The handshake cannot succeed.
    HandshakeFailed,
    /// ICE and DTLS did not complete in time.
    HandshakeTimeout,
    /// No SRTP profile in common.
    NoSrtpProfile,
    /// The peer said goodbye (DTLS close_notify).
    PeerClosed,
}

impl CloseReason {
    /// A short stable name for counters and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConsentLost => "consent_lost",
            Self::FingerprintMismatch => "fingerprint_mismatch",
            Self::HandshakeFailed => "handshake_failed",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::NoSrtpProfile => "no_srtp_profile",
            Self::PeerClosed => "peer_closed",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a deadline exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeoutReason {
    /// ICE and DTLS have to be complete.
    Connect,
    /// Consent has to be refreshed.
    Consent,
    /// A handshake flight is due again.
    Retransmit,
    /// The sender is to be told which of its packets came.
    Feedback,
}

/// Figures of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// RTP packets opened.
    pub rtp_opened: u64,
    /// RTCP packets opened.
    pub rtcp_opened: u64,
    /// RTP packets sealed.
    pub rtp_sealed: u64,
    /// RTCP packets sealed.
    pub rtcp_sealed: u64,
    /// Datagrams not used, by [`Discard::reason`].
    pub discards: BTreeMap<&'static str, u64>,
}
