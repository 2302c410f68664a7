use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use calling_wire::ProtectedHeader;

use super::kdf::{KeyDerivation, Label};
use super::rtcp::{ControlPacket, ENCRYPTED, RTCP_HEADER_LEN, WORD_LEN};
use super::{SrtpDiscard, SrtpProfile};

const TAG_LEN: usize = 16;

/// AES in Galois/counter mode (RFC 7714).
#[derive(Debug)]
pub(super) struct Gcm {
    rtp: Half,
    rtcp: Half,
}

#[derive(Debug)]
struct Half {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Half {
    fn new(keys: &KeyDerivation, profile: SrtpProfile, key: Label, salt: Label) -> Self {
        let unbound = match profile {
            SrtpProfile::AeadAes256Gcm => UnboundKey::new(&AES_256_GCM, &keys.derive::<32>(key)),
            SrtpProfile::AeadAes128Gcm | SrtpProfile::Aes128CmHmacSha1_80 => {
                UnboundKey::new(&AES_128_GCM, &keys.derive::<16>(key))
            }
        };
        let unbound = unbound.expect("the key has the length its algorithm asks for");
        Self { key: LessSafeKey::new(unbound), salt: keys.derive(salt) }
    }

    /// RFC 7714 sections 8.1 and 9.1: two zero bytes, the SSRC and the index, which for control
    /// packets is short enough to leave two more zero bytes.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = self.salt;
        let ssrc = ssrc.to_be_bytes();
        let index = index.to_be_bytes();
        for (byte, value) in nonce[2..].iter_mut().zip(ssrc.iter().chain(&index[2..])) {
            *byte ^= value;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

impl Gcm {
    pub(super) fn new(keys: &KeyDerivation, profile: SrtpProfile) -> Self {
        Self {
            rtp: Half::new(keys, profile, Label::RtpEncryption, Label::RtpSalt),
            rtcp: Half::new(keys, profile, Label::RtcpEncryption, Label::RtcpSalt),
        }
    }

    pub(super) fn seal_rtp(&self, packet: &mut Vec<u8>, header: &ProtectedHeader, index: u64) {
        let nonce = self.rtp.nonce(header.ssrc, index);
        let (clear, payload) = packet.split_at_mut(header.header_len);
        let tag = self
            .rtp
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(&*clear), payload)
            .expect("a packet is far below the limit of AES-GCM");
        packet.extend_from_slice(tag.as_ref());
    }

    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header: &ProtectedHeader,
        index: u64,
    ) -> Result<usize, SrtpDiscard> {
        let len = packet.len();
        let (clear, sealed) = packet.split_at_mut(header.header_len);
        if sealed.len() < TAG_LEN {
            return Err(SrtpDiscard::Malformed);
        }
        let nonce = self.rtp.nonce(header.ssrc, index);
        self.rtp
            .key
            .open_in_place(nonce, Aad::from(&*clear), sealed)
            .map_err(|_| SrtpDiscard::Authentication)?;
        Ok(len - TAG_LEN)
    }

    pub(super) fn seal_rtcp(&self, packet: &mut Vec<u8>, ssrc: u32, index: u32) {
        let word = (index | ENCRYPTED).to_be_bytes();
        let aad = associated_data(packet, word);
        let tag = self
            .rtcp
            .key
            .seal_in_place_separate_tag(
                self.rtcp.nonce(ssrc, u64::from(index)),
                Aad::from(aad),
                &mut packet[RTCP_HEADER_LEN..],
            )
            .expect("a packet is far below the limit of AES-GCM");
        packet.extend_from_slice(tag.as_ref());
        packet.extend_from_slice(&word);
    }

    /// `parsed` describes `packet`, which has at least header and trailer.
    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        parsed: &ControlPacket,
    ) -> Result<usize, SrtpDiscard> {
        let nonce = self.rtcp.nonce(parsed.ssrc, u64::from(parsed.index));
        let len = packet.len() - TAG_LEN - WORD_LEN;
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&packet[len..][..TAG_LEN]);
        let opened = if parsed.encrypted {
            let aad = associated_data(packet, parsed.word());
            let body = &mut packet[RTCP_HEADER_LEN..len];
            self.rtcp.key.open_in_place_separate_tag(nonce, Aad::from(aad), &tag, body).map(drop)
        } else {
            // All of it is associated data, followed by the index word (RFC 7714 section 9.3).
            packet[len..][..WORD_LEN].copy_from_slice(&parsed.word());
            let aad = &packet[..len + WORD_LEN];
            self.rtcp.key.open_in_place_separate_tag(nonce, Aad::from(aad), &tag, &mut []).map(drop)
        };
        opened.map_err(|_| SrtpDiscard::Authentication)?;
        Ok(len)
    }

    pub(super) const fn rtcp_trailer_len() -> usize {
        TAG_LEN + WORD_LEN
    }
}

/// The header and the word of E bit and index (RFC 7714 section 9.2).
fn associated_data(packet: &[u8], word: [u8; WORD_LEN]) -> [u8; RTCP_HEADER_LEN + WORD_LEN] {
    let mut aad = [0; RTCP_HEADER_LEN + WORD_LEN];
    aad[..RTCP_HEADER_LEN].copy_from_slice(&packet[..RTCP_HEADER_LEN]);
    aad[RTCP_HEADER_LEN..].copy_from_slice(&word);
    aad
}
