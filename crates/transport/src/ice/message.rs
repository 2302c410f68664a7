//! What can be checked of a STUN message before any of it is believed (RFC 8489 section 14).

use aws_lc_rs::hmac;
use stun::attributes::{ATTR_MESSAGE_INTEGRITY, AttrType};
use stun::fingerprint::fingerprint_value;

use super::StunDiscard;

pub(super) const HEADER_LEN: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// The two bits above are zero in every STUN message (RFC 8489 section 5).
const LARGEST_TYPE: u16 = 0x3fff;
const INTEGRITY_LEN: usize = 20;
const INTEGRITY_TLV_LEN: usize = 4 + INTEGRITY_LEN;
const FINGERPRINT_TLV_LEN: usize = 8;

/// A message whose lengths add up and whose FINGERPRINT is right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framed<'a> {
    message: &'a [u8],
}

impl<'a> Framed<'a> {
    /// Checks all but the attributes. `kind` is class and method.
    pub(super) fn parse(message: &'a [u8], kind: u16) -> Result<Self, StunDiscard> {
        let header: &[u8; HEADER_LEN] = message.first_chunk().ok_or(StunDiscard::Malformed)?;
        let [kind_high, kind_low, len_high, len_low, a, b, c, d, ..] = *header;
        let len = usize::from(u16::from_be_bytes([len_high, len_low]));
        let adds_up = HEADER_LEN + len == message.len() && len.is_multiple_of(4);
        let found = u16::from_be_bytes([kind_high, kind_low]);
        if [a, b, c, d] != COOKIE || !adds_up || found > LARGEST_TYPE {
            return Err(StunDiscard::Malformed);
        }
        if found != kind {
            return Err(StunDiscard::NotARequest);
        }
        check_fingerprint(message)?;
        Ok(Self { message })
    }

    pub(super) fn transaction_id(&self) -> [u8; 12] {
        let mut id = [0; 12];
        id.copy_from_slice(&self.message[8..HEADER_LEN]);
        id
    }

    /// Shows `visit` the attributes that MESSAGE-INTEGRITY protects, in order. What follows it
    /// means nothing (RFC 8489 section 14.5), but has to be well formed.
    pub(super) fn walk(
        self,
        mut visit: impl FnMut(AttrType, &'a [u8]),
    ) -> Result<Sealed<'a>, StunDiscard> {
        let mut attributes = Attributes { message: self.message, at: HEADER_LEN };
        let sealed = loop {
            let (at, kind, value) = attributes.next()?.ok_or(StunDiscard::Integrity)?;
            if kind == ATTR_MESSAGE_INTEGRITY {
                let tag = value.try_into().map_err(|_| StunDiscard::Malformed)?;
                break Sealed { protected: &self.message[..at], tag };
            }
            visit(kind, value);
        };
        while attributes.next()?.is_some() {}
        Ok(sealed)
    }
}

/// The protected part of a message and its MESSAGE-INTEGRITY.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sealed<'a> {
    protected: &'a [u8],
    tag: &'a [u8; INTEGRITY_LEN],
}

impl Sealed<'_> {
    /// Compares in constant time. The length in the header counts up to and with
    /// MESSAGE-INTEGRITY, whatever follows (RFC 8489 section 14.5).
    pub(super) fn verify(&self, password: &str) -> Result<(), StunDiscard> {
        let len = self.protected.len() + INTEGRITY_TLV_LEN - HEADER_LEN;
        let len = u16::try_from(len).map_err(|_| StunDiscard::Malformed)?;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(&self.protected[..2]);
        context.update(&len.to_be_bytes());
        context.update(&self.protected[4..]);
        let expected = context.sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), self.tag)
            .map_err(|_| StunDiscard::Integrity)
    }
}

/// FINGERPRINT must be there (RFC 8445 section 7.1.2) and last (RFC 8489 section 14.7).
fn check_fingerprint(message: &[u8]) -> Result<(), StunDiscard> {
    let at = message.len().saturating_sub(FINGERPRINT_TLV_LEN);
    if at < HEADER_LEN {
        return Err(StunDiscard::Fingerprint);
    }
    let (covered, fingerprint) = message.split_at(at);
    let mut expected = [0x80, 0x28, 0, 4, 0, 0, 0, 0];
    expected[4..].copy_from_slice(&fingerprint_value(covered).to_be_bytes());
    if fingerprint == expected { Ok(()) } else { Err(StunDiscard::Fingerprint) }
}

/// Where an attribute begins, its type and its value.
type Attribute<'a> = (usize, AttrType, &'a [u8]);

struct Attributes<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Attributes<'a> {
    fn next(&mut self) -> Result<Option<Attribute<'a>>, StunDiscard> {
        let at = self.at;
        let rest = &self.message[at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let [kind_high, kind_low, len_high, len_low, value @ ..] = rest else {
            return Err(StunDiscard::Malformed);
        };
        let kind = AttrType(u16::from_be_bytes([*kind_high, *kind_low]));
        let len = usize::from(u16::from_be_bytes([*len_high, *len_low]));
        // Values are padded to four bytes.
        let padded = len.next_multiple_of(4);
        if padded > value.len() {
            return Err(StunDiscard::Malformed);
        }
        self.at = at + 4 + padded;
        Ok(Some((at, kind, &value[..len])))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// RFC 5769 sections 2.1 to 2.3.
    pub(in crate::ice) const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
    pub(in crate::ice) const SAMPLE_REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
        802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36\
        000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
    const SAMPLE_IPV4_RESPONSE: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220002000080001a147e112a643\
        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
    const SAMPLE_IPV6_RESPONSE: &str = "010100482112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
        00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

    fn verify(message: &[u8], kind: u16, password: &str) -> Result<(), StunDiscard> {
        Framed::parse(message, kind)?.walk(|_, _| {})?.verify(password)
    }

    #[test]
    fn the_samples_of_rfc_5769_verify() {
        for (text, kind) in [
            (SAMPLE_REQUEST, 0x0001),
            (SAMPLE_IPV4_RESPONSE, 0x0101),
            (SAMPLE_IPV6_RESPONSE, 0x0101),
        ] {
            let message = hex::decode(text).unwrap();
            assert_eq!(verify(&message, kind, PASSWORD), Ok(()));
            let wrong = "VOkJxbRl1RmTxUk/WvJxBT";
            assert_eq!(verify(&message, kind, wrong), Err(StunDiscard::Integrity));
            assert_eq!(verify(&message, 0x0011, PASSWORD), Err(StunDiscard::NotARequest));
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let message = hex::decode(SAMPLE_REQUEST).unwrap();
        for len in 0..message.len() {
            let mut shorter = message[..len].to_vec();
            assert!(verify(&shorter, 1, PASSWORD).is_err(), "{len}");
            // With a length that pretends to be right.
            if let Some(body) = len.checked_sub(HEADER_LEN) {
                shorter[2..4].copy_from_slice(&(body as u16).to_be_bytes());
                assert!(verify(&shorter, 1, PASSWORD).is_err(), "{len}");
            }
        }
        for bit in 0..message.len() * 8 {
            let mut flipped = message.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&flipped, 1, PASSWORD).is_err(), "bit {bit}");
        }
    }

    /// Appends attributes and a right FINGERPRINT to the sample request without its own.
    pub(in crate::ice) fn sample_followed_by(tail: &[u8]) -> Vec<u8> {
        let mut message = hex::decode(SAMPLE_REQUEST).unwrap();
        message.truncate(message.len() - FINGERPRINT_TLV_LEN);
        message.extend_from_slice(tail);
        finish(message)
    }

    pub(in crate::ice) fn finish(mut message: Vec<u8>) -> Vec<u8> {
        let len = (message.len() - HEADER_LEN + FINGERPRINT_TLV_LEN) as u16;
        message[2..4].copy_from_slice(&len.to_be_bytes());
        let value = fingerprint_value(&message);
        message.extend_from_slice(&[0x80, 0x28, 0, 4]);
        message.extend_from_slice(&value.to_be_bytes());
        message
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for tail in
            [&[0x80, 1, 0xff, 0xff][..], &[0x80, 1, 0, 5, 1, 2, 3, 4], &[0x80, 1], &[0, 8, 0, 20]]
        {
            let message = sample_followed_by(tail);
            assert_eq!(verify(&message, 1, PASSWORD), Err(StunDiscard::Malformed), "{tail:?}");
        }
        // A 16-bit length that wraps: 65536 + 88 bytes claim to be 88.
        let mut long = hex::decode(SAMPLE_REQUEST).unwrap();
        long.resize(65_536 + long.len(), 0);
        assert_eq!(verify(&long, 1, PASSWORD), Err(StunDiscard::Malformed));
        // An integrity that is none.
        let mut short = hex::decode(SAMPLE_REQUEST).unwrap()[..HEADER_LEN].to_vec();
        short.extend_from_slice(&[0, 8, 0, 4, 1, 2, 3, 4]);
        assert_eq!(verify(&finish(short), 1, PASSWORD), Err(StunDiscard::Malformed));
    }
}
