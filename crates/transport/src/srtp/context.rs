use calling_wire::ProtectedHeader;

use super::cipher::Cipher;
use super::index::{RTCP_INDEX_LIMIT, RTP_INDEX_LIMIT, estimate};
use super::kdf::KeyDerivation;
use super::rtcp::rtcp_ssrc;
use super::table::{Place, SsrcTable};
use super::window::{ReplayWindow, Stale};
use super::{InvalidKeys, SealError, SrtpDiscard, SrtpProfile};

/// Most SSRCs one context opens packets of; one more takes the place of the longest silent.
pub(super) const MAX_INBOUND_SOURCES: usize = 64;
/// Most SSRCs one context seals packets of.
pub(super) const MAX_OUTBOUND_SOURCES: usize = 1024;

/// One direction of SRTP and SRTCP: the cryptographic contexts of all SSRCs under one master key
/// (RFC 3711 section 3.2). Use it either to protect or to unprotect.
///
/// State is kept of SSRCs whose packets were authentic; nothing a stranger sends changes anything.
/// Of inbound SSRCs the 64 heard last are known: whose state was given up is new when it comes
/// back, and its old packets with it. So hand on only the SSRCs that were announced.
#[derive(Debug)]
pub struct SrtpContext {
    profile: SrtpProfile,
    cipher: Cipher,
    rtp: SsrcTable<ReplayWindow>,
    rtcp_opened: SsrcTable<ReplayWindow>,
    /// The next index to seal with.
    rtcp_sealed: SsrcTable<u32>,
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
        if master_key.len() != profile.key_len() || master_salt.len() != profile.salt_len() {
            return Err(InvalidKeys { profile });
        }
        let keys = KeyDerivation::new(master_key, master_salt);
        Ok(Self {
            profile,
            cipher: Cipher::new(profile, &keys),
            rtp: SsrcTable::default(),
            rtcp_opened: SsrcTable::default(),
            rtcp_sealed: SsrcTable::default(),
        })
    }

    /// Turns an RTP packet into an SRTP packet, in place; it grows by
    /// [`SrtpProfile::rtp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let header = ProtectedHeader::parse(packet).map_err(|_| SealError::Malformed)?;
        let place = limited(&self.rtp, header.ssrc, MAX_OUTBOUND_SOURCES)
            .ok_or(SealError::TooManySources)?;
        let window = self.rtp.get(place);
        let index = estimate(window, header.sequence_number);
        if index >= RTP_INDEX_LIMIT {
            return Err(SealError::KeyExhausted);
        }
        window.map_or(Ok(()), |window| window.check(index)).map_err(|_| SealError::IndexReused)?;
        self.cipher.seal_rtp(packet, &header, index);
        self.rtp.enter(header.ssrc, place).record(index);
        Ok(())
    }

    /// Turns an SRTP packet into an RTP packet, in place, and gives its length in bytes.
    ///
    /// # Errors
    /// See [`SrtpDiscard`]; the packet's content is then unspecified.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpDiscard> {
        let header = ProtectedHeader::parse(packet).map_err(|_| SrtpDiscard::Malformed)?;
        let place = self.rtp.place(header.ssrc);
        let window = self.rtp.get(place);
        let index = estimate(window, header.sequence_number);
        if index >= RTP_INDEX_LIMIT {
            return Err(SrtpDiscard::TooOld);
        }
        window.map_or(Ok(()), |window| window.check(index))?;
        let len = self.cipher.open_rtp(packet, &header, index)?;
        self.rtp.enter_recycling(header.ssrc, place, MAX_INBOUND_SOURCES).record(index);
        Ok(len)
    }

    /// Turns a compound RTCP packet into an SRTCP packet, in place; it grows by
    /// [`SrtpProfile::rtcp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let ssrc = rtcp_ssrc(packet).ok_or(SealError::Malformed)?;
        let place = limited(&self.rtcp_sealed, ssrc, MAX_OUTBOUND_SOURCES)
            .ok_or(SealError::TooManySources)?;
        let next = self.rtcp_sealed.enter(ssrc, place);
        let index = *next;
        if index >= RTCP_INDEX_LIMIT {
            return Err(SealError::KeyExhausted);
        }
        *next += 1;
        self.cipher.seal_rtcp(packet, ssrc, index);
        Ok(())
    }

    /// Turns an SRTCP packet into a compound RTCP packet, in place, and gives its length in bytes.
    ///
    /// # Errors
    /// See [`SrtpDiscard`]; the packet's content is then unspecified.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpDiscard> {
        let parsed = self.cipher.parse_rtcp(packet)?;
        let place = self.rtcp_opened.place(parsed.ssrc);
        let index = u64::from(parsed.index);
        self.rtcp_opened.get(place).map_or(Ok(()), |window| window.check(index))?;
        let len = self.cipher.open_rtcp(packet, &parsed)?;
        self.rtcp_opened.enter_recycling(parsed.ssrc, place, MAX_INBOUND_SOURCES).record(index);
        Ok(len)
    }

    /// The profile.
    pub const fn profile(&self) -> SrtpProfile {
        self.profile
    }
}

/// The place of an SSRC unless it is new and the table is full.
fn limited<T>(table: &SsrcTable<T>, ssrc: u32, most: usize) -> Option<Place> {
    let place = table.place(ssrc);
    (!place.is_new() || table.len() < most).then_some(place)
}

impl From<Stale> for SrtpDiscard {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::Repeated => Self::Replayed,
            Stale::TooOld => Self::TooOld,
        }
    }
}
