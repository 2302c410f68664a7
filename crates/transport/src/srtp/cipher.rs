use calling_wire::ProtectedHeader;

use super::cm::CounterMode;
use super::gcm::Gcm;
use super::kdf::KeyDerivation;
use super::rtcp::{ControlPacket, WORD_LEN};
use super::{SrtpDiscard, SrtpProfile};

/// The session keys of one profile and what is done with them. Keeps no state of packets.
#[derive(Debug)]
pub(super) enum Cipher {
    CounterMode(Box<CounterMode>),
    Gcm(Gcm),
}

impl Cipher {
    pub(super) fn new(profile: SrtpProfile, keys: &KeyDerivation) -> Self {
        match profile {
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => {
                Self::Gcm(Gcm::new(keys, profile))
            }
            SrtpProfile::Aes128CmHmacSha1_80 => Self::CounterMode(Box::new(CounterMode::new(keys))),
        }
    }

    pub(super) fn seal_rtp(&self, packet: &mut Vec<u8>, header: &ProtectedHeader, index: u64) {
        match self {
            Self::CounterMode(cipher) => cipher.seal_rtp(packet, header, index),
            Self::Gcm(cipher) => cipher.seal_rtp(packet, header, index),
        }
    }

    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header: &ProtectedHeader,
        index: u64,
    ) -> Result<usize, SrtpDiscard> {
        match self {
            Self::CounterMode(cipher) => cipher.open_rtp(packet, header, index),
            Self::Gcm(cipher) => cipher.open_rtp(packet, header, index),
        }
    }

    pub(super) fn seal_rtcp(&self, packet: &mut Vec<u8>, ssrc: u32, index: u32) {
        match self {
            Self::CounterMode(cipher) => cipher.seal_rtcp(packet, ssrc, index),
            Self::Gcm(cipher) => cipher.seal_rtcp(packet, ssrc, index),
        }
    }

    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        parsed: &ControlPacket,
    ) -> Result<usize, SrtpDiscard> {
        match self {
            Self::CounterMode(cipher) => cipher.open_rtcp(packet, parsed),
            Self::Gcm(cipher) => cipher.open_rtcp(packet, parsed),
        }
    }

    /// Reads what stands in the clear. The index word comes last with AEAD (RFC 7714 section 9)
    /// and before the tag otherwise (RFC 3711 section 3.4).
    pub(super) fn parse_rtcp(&self, packet: &[u8]) -> Result<ControlPacket, SrtpDiscard> {
        match self {
            Self::CounterMode(_) => {
                let trailer = CounterMode::rtcp_trailer_len();
                ControlPacket::parse(packet, trailer, trailer)
            }
            Self::Gcm(_) => ControlPacket::parse(packet, Gcm::rtcp_trailer_len(), WORD_LEN),
        }
    }
}
