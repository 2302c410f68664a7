use aws_lc_rs::cipher::EncryptingKey;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use calling_wire::ProtectedHeader;

use super::SrtpDiscard;
use super::kdf::{KeyDerivation, Label, apply_keystream, counter_mode};
use super::rtcp::{ControlPacket, ENCRYPTED, RTCP_HEADER_LEN, WORD_LEN};

/// HMAC-SHA1 cut to 80 bits.
const TAG_LEN: usize = 10;
const SHA1_LEN: usize = 20;

/// AES in counter mode with HMAC-SHA1 (RFC 3711 section 4).
#[derive(Debug)]
pub(super) struct CounterMode {
    rtp: Half,
    rtcp: Half,
}

#[derive(Debug)]
struct Half {
    encryption: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
}

impl Half {
    fn new(keys: &KeyDerivation, [encryption, authentication, salt]: [Label; 3]) -> Self {
        Self {
            encryption: counter_mode(&keys.derive::<16>(encryption)),
            authentication: hmac::Key::new(
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                &keys.derive::<20>(authentication),
            ),
            salt: keys.derive(salt),
        }
    }

    /// RFC 3711 section 4.1.1: salt, SSRC and index, each at its place.
    fn apply(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        let ssrc = ssrc.to_be_bytes();
        let index = index.to_be_bytes();
        for (byte, value) in iv[4..].iter_mut().zip(ssrc.iter().chain(&index[2..])) {
            *byte ^= value;
        }
        apply_keystream(&self.encryption, iv, data);
    }

    fn tag(&self, authenticated: &[u8]) -> [u8; TAG_LEN] {
        let mut buffer = [0; SHA1_LEN];
        let digest = hmac::sign_to_buffer(&self.authentication, authenticated, &mut buffer)
            .expect("the buffer holds a SHA-1");
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&digest[..TAG_LEN]);
        tag
    }
}

impl CounterMode {
    pub(super) fn new(keys: &KeyDerivation) -> Self {
        use Label::{
            RtcpAuthentication, RtcpEncryption, RtcpSalt, RtpAuthentication, RtpEncryption, RtpSalt,
        };
        Self {
            rtp: Half::new(keys, [RtpEncryption, RtpAuthentication, RtpSalt]),
            rtcp: Half::new(keys, [RtcpEncryption, RtcpAuthentication, RtcpSalt]),
        }
    }

    pub(super) fn seal_rtp(&self, packet: &mut Vec<u8>, header: &ProtectedHeader, index: u64) {
        self.rtp.apply(header.ssrc, index, &mut packet[header.header_len..]);
        let len = packet.len();
        // The rollover counter is authenticated as if it followed the packet (section 4.2).
        packet.extend_from_slice(&rollovers(index));
        let tag = self.rtp.tag(packet);
        packet.truncate(len);
        packet.extend_from_slice(&tag);
    }

    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header: &ProtectedHeader,
        index: u64,
    ) -> Result<usize, SrtpDiscard> {
        let len = packet.len().checked_sub(TAG_LEN).filter(|len| *len >= header.header_len);
        let len = len.ok_or(SrtpDiscard::Malformed)?;
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&packet[len..]);
        // The counter takes the tag's place: what is authenticated is then in one piece.
        packet[len..][..4].copy_from_slice(&rollovers(index));
        let expected = self.rtp.tag(&packet[..len + 4]);
        verify_slices_are_equal(&expected, &tag).map_err(|_| SrtpDiscard::Authentication)?;
        self.rtp.apply(header.ssrc, index, &mut packet[header.header_len..len]);
        Ok(len)
    }

    pub(super) fn seal_rtcp(&self, packet: &mut Vec<u8>, ssrc: u32, index: u32) {
        self.rtcp.apply(ssrc, u64::from(index), &mut packet[RTCP_HEADER_LEN..]);
        packet.extend_from_slice(&(index | ENCRYPTED).to_be_bytes());
        let tag = self.rtcp.tag(packet);
        packet.extend_from_slice(&tag);
    }

    /// `parsed` describes `packet`, which has at least header and trailer.
    pub(super) fn open_rtcp(
        &self,
        packet: &mut [u8],
        parsed: &ControlPacket,
    ) -> Result<usize, SrtpDiscard> {
        let (authenticated, tag) = packet.split_at_mut(packet.len() - TAG_LEN);
        let expected = self.rtcp.tag(authenticated);
        verify_slices_are_equal(&expected, tag).map_err(|_| SrtpDiscard::Authentication)?;
        let len = authenticated.len() - WORD_LEN;
        if parsed.encrypted {
            let body = &mut authenticated[RTCP_HEADER_LEN..len];
            self.rtcp.apply(parsed.ssrc, u64::from(parsed.index), body);
        }
        Ok(len)
    }

    pub(super) const fn rtcp_trailer_len() -> usize {
        TAG_LEN + WORD_LEN
    }
}

/// The upper 32 of the 48 bits of an index.
fn rollovers(index: u64) -> [u8; 4] {
    let [_, _, rollovers @ .., _, _] = index.to_be_bytes();
    rollovers
}
