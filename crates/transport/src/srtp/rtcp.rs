use super::SrtpDiscard;

/// The part of a compound packet that stays in the clear (RFC 3711 section 3.4).
pub(super) const RTCP_HEADER_LEN: usize = 8;
/// E bit and index.
pub(super) const WORD_LEN: usize = 4;
/// The E bit: the packet is encrypted and not only authenticated.
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// What SRTCP needs to know of a packet before it is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct ControlPacket {
    pub(super) ssrc: u32,
    pub(super) index: u32,
    pub(super) encrypted: bool,
}

impl ControlPacket {
    /// Reads header and index; the index word is `word_from_end` bytes before the end.
    pub(super) fn parse(
        packet: &[u8],
        trailer_len: usize,
        word_from_end: usize,
    ) -> Result<Self, SrtpDiscard> {
        if packet.len() < RTCP_HEADER_LEN + trailer_len {
            return Err(SrtpDiscard::Malformed);
        }
        let ssrc = rtcp_ssrc(packet).ok_or(SrtpDiscard::Malformed)?;
        let word = packet[packet.len() - word_from_end..].first_chunk();
        let word = u32::from_be_bytes(*word.ok_or(SrtpDiscard::Malformed)?);
        Ok(Self { ssrc, index: word & !ENCRYPTED, encrypted: word & ENCRYPTED != 0 })
    }

    pub(super) const fn word(&self) -> [u8; WORD_LEN] {
        let flag = if self.encrypted { ENCRYPTED } else { 0 };
        (self.index | flag).to_be_bytes()
    }
}

/// The SSRC of the first packet of a compound, if it is RTCP of version 2.
pub(super) fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let header: &[u8; RTCP_HEADER_LEN] = packet.first_chunk()?;
    let [first, _, _, _, ssrc @ ..] = *header;
    (first >> 6 == 2).then_some(u32::from_be_bytes(ssrc))
}
