use super::SrtpProfile;

/// Keys that do not fit the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{profile} takes a master key of {} and a salt of {} bytes", profile.key_len(), profile.salt_len())]
pub struct InvalidKeys {
    /// The profile asked for.
    pub profile: SrtpProfile,
}

/// Why a packet was not opened. A peer or a stranger can cause each of these at will, so none ends
/// a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpDiscard {
    /// The tag is wrong.
    Authentication,
    /// No RTP or RTCP header of version 2, or one that exceeds the packet.
    Malformed,
    /// Received before (RFC 3711 section 3.3.2).
    Replayed,
    /// Too old for the replay window.
    TooOld,
}

impl SrtpDiscard {
    /// A short stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Authentication => "srtp_authentication",
            Self::Malformed => "srtp_malformed",
            Self::Replayed => "srtp_replayed",
            Self::TooOld => "srtp_too_old",
        }
    }
}

/// Why a packet could not be protected or has nowhere to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// This SSRC and sequence number were sealed before, or lie behind the window of 1024. Sealing
    /// twice would reveal plaintext; keep the sealed packet to send it again.
    #[error("this sequence number was sealed before; send the sealed packet again instead")]
    IndexReused,
    /// 2^48 RTP or 2^31 RTCP packets were sealed with this key; a new session is due.
    #[error("the key is used up; start a new session")]
    KeyExhausted,
    /// Not an RTP or RTCP packet of version 2.
    #[error("the packet has no valid RTP or RTCP header")]
    Malformed,
    /// The handshake is not complete, or the session is closed.
    #[error("the session is not connected")]
    NotConnected,
    /// The connection has no path whose consent is fresh (RFC 7675).
    #[error("the connection has no path to send on")]
    NoPath,
    /// More SSRCs than a session tracks.
    #[error("the session tracks no more than {} SSRCs", super::context::MAX_OUTBOUND_SOURCES)]
    TooManySources,
    /// No such connection.
    #[error("there is no such connection")]
    UnknownConnection,
}
