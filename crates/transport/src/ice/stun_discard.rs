/// Why a STUN message was not acted upon. None of these is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StunDiscard {
    /// The source is in use by another live connection.
    AddressTaken,
    /// FINGERPRINT is missing, not last or wrong (RFC 8489 section 14.7).
    Fingerprint,
    /// MESSAGE-INTEGRITY is missing or wrong (RFC 8489 section 14.5).
    Integrity,
    /// Lengths, cookie or attributes that do not add up.
    Malformed,
    /// A response or an indication, or a method other than Binding.
    NotARequest,
    /// USERNAME names no connection, or not its peer.
    UnknownUser,
}

impl StunDiscard {
    /// A short stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AddressTaken => "stun_address_taken",
            Self::Fingerprint => "stun_fingerprint",
            Self::Integrity => "stun_integrity",
            Self::Malformed => "stun_malformed",
            Self::NotARequest => "stun_not_a_request",
            Self::UnknownUser => "stun_unknown_user",
        }
    }
}
