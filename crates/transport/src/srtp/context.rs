use super::{InvalidKeys, SealError, SrtpDiscard, SrtpProfile};

/// Most SSRCs one context opens packets of.
pub(super) const MAX_INBOUND_SOURCES: usize = 64;
/// Most SSRCs one context seals packets of.
pub(super) const MAX_OUTBOUND_SOURCES: usize = 1024;

/// One direction of SRTP and SRTCP: the cryptographic contexts of all SSRCs under one master key
/// (RFC 3711 section 3.2). Use it either to protect or to unprotect.
#[derive(Debug)]
pub struct SrtpContext {
    profile: SrtpProfile,
}

impl SrtpContext {
    /// Derives the session keys (RFC 3711 section 4.3).
    ///
    /// # Errors
    /// Key or salt have the wrong length for `profile`.
    pub fn new(
        profile: SrtpProfile,
        master_key: &[u8],
        master_salt: &[u8],
    ) -> Result<Self, InvalidKeys> {
        let _ = (master_key, master_salt, MAX_INBOUND_SOURCES);
        Ok(Self { profile })
    }

    /// The profile.
    pub const fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// Turns an RTP packet into an SRTP packet, in place; it grows by
    /// [`SrtpProfile::rtp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let _ = packet;
        unimplemented!()
    }

    /// Turns an SRTP packet into an RTP packet, in place, and gives its length in bytes.
    ///
    /// # Errors
    /// See [`SrtpDiscard`]; the packet's content is then unspecified.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpDiscard> {
        let _ = packet;
        unimplemented!()
    }

    /// Turns a compound RTCP packet into an SRTCP packet, in place; it grows by
    /// [`SrtpProfile::rtcp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let _ = packet;
        unimplemented!()
    }

    /// Turns an SRTCP packet into a compound RTCP packet, in place, and gives its length in bytes.
    ///
    /// # Errors
    /// See [`SrtpDiscard`]; the packet's content is then unspecified.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpDiscard> {
        let _ = packet;
        unimplemented!()
    }
}
