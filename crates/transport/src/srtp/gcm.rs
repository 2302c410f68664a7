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
        let key: [u8; 32] = keys.derive(key);
        // The shorter key is the beginning of the longer: both begin the same key stream.
        Self::from_session_key(profile, &key[..profile.key_len()], keys.derive(salt))
    }

    fn from_session_key(profile: SrtpProfile, key: &[u8], salt: [u8; 12]) -> Self {
        let algorithm = match profile {
            SrtpProfile::AeadAes256Gcm => &AES_256_GCM,
            SrtpProfile::AeadAes128Gcm | SrtpProfile::Aes128CmHmacSha1_80 => &AES_128_GCM,
        };
        let key = UnboundKey::new(algorithm, key);
        let key = key.expect("the key has the length its algorithm asks for");
        Self { key: LessSafeKey::new(key), salt }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7714 sections 16 and 17: the vectors give session keys, so they are tried below the key
    /// derivation.
    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const SALT: [u8; 12] = *b"Quid pro quo";
    const RTP: &str = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e\
        207061727465732074726573";
    const SRTP_128: &str = "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f\
        42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce";
    const SRTP_256: &str = "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3\
        b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13";
    const RTCP: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdead\
        beefdeadbeefdeadbeefdeadbeef";
    const SRTCP_128: &str = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1\
        730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4";
    const SRTCP_256: &str = "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1\
        110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4";
    const SRTCP_128_TAGGED_ALONE: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c\
        756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4";
    const SRTCP_INDEX: u32 = 0x5d4;

    fn cipher(profile: SrtpProfile) -> Gcm {
        let key = &hex::decode(KEY).unwrap()[..profile.key_len()];
        let half = || Half::from_session_key(profile, key, SALT);
        Gcm { rtp: half(), rtcp: half() }
    }

    #[test]
    fn rtp_of_rfc_7714() {
        for (profile, expected) in
            [(SrtpProfile::AeadAes128Gcm, SRTP_128), (SrtpProfile::AeadAes256Gcm, SRTP_256)]
        {
            let plain = hex::decode(RTP).unwrap();
            let header = ProtectedHeader::parse(&plain).unwrap();
            let mut packet = plain.clone();
            cipher(profile).seal_rtp(&mut packet, &header, 0xf17b);
            assert_eq!(hex::encode(&packet), expected);
            let len = cipher(profile).open_rtp(&mut packet, &header, 0xf17b).unwrap();
            assert_eq!(packet[..len], plain);
        }
    }

    #[test]
    fn rtcp_of_rfc_7714() {
        for (profile, expected) in
            [(SrtpProfile::AeadAes128Gcm, SRTCP_128), (SrtpProfile::AeadAes256Gcm, SRTCP_256)]
        {
            let mut packet = hex::decode(RTCP).unwrap();
            cipher(profile).seal_rtcp(&mut packet, u32::from_be_bytes(*b"Mars"), SRTCP_INDEX);
            assert_eq!(hex::encode(&packet), expected);
            opens_to_sample(profile, packet, true);
        }
        let tagged = hex::decode(SRTCP_128_TAGGED_ALONE).unwrap();
        opens_to_sample(SrtpProfile::AeadAes128Gcm, tagged, false);
    }

    fn opens_to_sample(profile: SrtpProfile, mut packet: Vec<u8>, encrypted: bool) {
        let parsed = ControlPacket::parse(&packet, Gcm::rtcp_trailer_len(), WORD_LEN).unwrap();
        assert_eq!((parsed.index, parsed.encrypted), (SRTCP_INDEX, encrypted));
        let len = cipher(profile).open_rtcp(&mut packet, &parsed).unwrap();
        assert_eq!(hex::encode(&packet[..len]), RTCP);
    }
}
