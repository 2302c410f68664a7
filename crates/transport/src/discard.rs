use crate::ice::StunDiscard;
use crate::srtp::SrtpDiscard;

/// Why a datagram from the network was not used. Never an error: it is counted and forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// DTLS application data: nobody is to send any.
    ApplicationData,
    /// The session or connection is closed.
    Closed,
    /// DTLS that is malformed, comes too early or is no part of the conversation.
    Dtls,
    /// SRTP or SRTCP before the handshake is complete.
    NotConnected,
    /// SRTP or SRTCP that does not open.
    Srtp(SrtpDiscard),
    /// STUN that is not acted upon.
    Stun(StunDiscard),
    /// Neither STUN, DTLS, RTP nor RTCP (RFC 7983).
    UnknownKind,
    /// DTLS, SRTP or SRTCP from an address no authenticated check has validated.
    UnknownSource,
}

impl Discard {
    /// A short stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ApplicationData => "application_data",
            Self::Closed => "closed",
            Self::Dtls => "dtls",
            Self::NotConnected => "not_connected",
            Self::Srtp(discard) => discard.reason(),
            Self::Stun(discard) => discard.reason(),
            Self::UnknownKind => "unknown_kind",
            Self::UnknownSource => "unknown_source",
        }
    }
}
