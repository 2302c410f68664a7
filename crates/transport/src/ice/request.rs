use aws_lc_rs::hmac;
use stun::attributes as attr;
use stun::attributes::AttrType;
use stun::fingerprint::fingerprint_value;

use super::StunDiscard;

const HEADER_LEN: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
/// Class bits of a message type; zero is a request (RFC 8489 section 5).
const CLASS_AND_METHOD: u16 = 0x3fff;
const INTEGRITY_LEN: usize = 20;
const INTEGRITY_TLV_LEN: usize = 4 + INTEGRITY_LEN;
const FINGERPRINT_TLV_LEN: usize = 8;
/// Unknown attributes reported back; a request that has more is no honest one.
const MAX_UNKNOWN: usize = 8;

/// A Binding request that is well formed and whose FINGERPRINT is right. Nothing it says is true
/// before [`verify`](Self::verify).
#[derive(Debug)]
pub(crate) struct BindingRequest<'a> {
    message: &'a [u8],
    integrity_at: usize,
    username: &'a str,
    claims: Claims,
}

/// What an authenticated request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The sender holds itself for the controlled agent.
    pub(crate) controlled: bool,
    /// The sender nominates this pair.
    pub(crate) use_candidate: bool,
    /// Attributes it insists on and we have never heard of.
    pub(crate) unknown: Vec<AttrType>,
}

impl<'a> BindingRequest<'a> {
    /// Checks everything that can be checked without a password, cheapest first.
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, StunDiscard> {
        check_header(message)?;
        check_fingerprint(message)?;
        let mut username = None;
        let mut claims = Claims::default();
        let mut attributes = Attributes::of(message);
        let integrity_at = loop {
            let Attribute { at, kind, value } = attributes.next()?.ok_or(StunDiscard::Integrity)?;
            match kind {
                attr::ATTR_MESSAGE_INTEGRITY if value.len() == INTEGRITY_LEN => break at,
                attr::ATTR_MESSAGE_INTEGRITY => return Err(StunDiscard::Malformed),
                // Of two the first counts (RFC 8489 section 14).
                attr::ATTR_USERNAME => username = username.or(Some(value)),
                attr::ATTR_ICE_CONTROLLED => claims.controlled = true,
                attr::ATTR_USE_CANDIDATE => claims.use_candidate = true,
                _ if is_known(kind) || claims.unknown.len() == MAX_UNKNOWN => {}
                _ => claims.unknown.push(kind),
            }
        };
        // What follows MESSAGE-INTEGRITY is not protected by it and means nothing (RFC 8489
        // section 14.5), but it has to be well formed.
        while attributes.next()?.is_some() {}
        let username = username.ok_or(StunDiscard::UnknownUser)?;
        let username = str::from_utf8(username).map_err(|_| StunDiscard::UnknownUser)?;
        Ok(Self { message, integrity_at, username, claims })
    }

    /// Whom the request is for: the receiver's username fragment and, behind a colon, the sender's
    /// (RFC 8445 section 7.2.2).
    pub(crate) const fn username(&self) -> &'a str {
        self.username
    }

    /// Echoed in the response.
    pub(crate) fn transaction_id(&self) -> [u8; 12] {
        let mut id = [0; 12];
        id.copy_from_slice(&self.message[8..HEADER_LEN]);
        id
    }

    /// Checks MESSAGE-INTEGRITY in constant time; only then tells what the request says.
    pub(crate) fn verify(self, password: &str) -> Result<Claims, StunDiscard> {
        let tag = &self.message[self.integrity_at + 4..][..INTEGRITY_LEN];
        if verify_integrity(&self.message[..self.integrity_at], tag, password) {
            Ok(self.claims)
        } else {
            Err(StunDiscard::Integrity)
        }
    }
}

/// RFC 8489 section 14.5: the length counts up to and with MESSAGE-INTEGRITY, whatever follows.
fn verify_integrity(protected: &[u8], tag: &[u8], password: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let Ok(len) = u16::try_from(protected.len() + INTEGRITY_TLV_LEN - HEADER_LEN) else {
        return false;
    };
    let mut context = hmac::Context::with_key(&key);
    context.update(&protected[..2]);
    context.update(&len.to_be_bytes());
    context.update(&protected[4..]);
    aws_lc_rs::constant_time::verify_slices_are_equal(context.sign().as_ref(), tag).is_ok()
}

fn check_header(message: &[u8]) -> Result<(), StunDiscard> {
    let header: &[u8; HEADER_LEN] = message.first_chunk().ok_or(StunDiscard::Malformed)?;
    let [type_high, type_low, len_high, len_low, a, b, c, d, ..] = *header;
    let len = usize::from(u16::from_be_bytes([len_high, len_low]));
    if [a, b, c, d] != COOKIE || HEADER_LEN + len != message.len() || !len.is_multiple_of(4) {
        return Err(StunDiscard::Malformed);
    }
    match u16::from_be_bytes([type_high, type_low]) {
        BINDING_REQUEST => Ok(()),
        0..=CLASS_AND_METHOD => Err(StunDiscard::NotARequest),
        _ => Err(StunDiscard::Malformed),
    }
}

/// FINGERPRINT must be there (RFC 8445 section 7.2.2) and last (RFC 8489 section 14.7).
fn check_fingerprint(message: &[u8]) -> Result<(), StunDiscard> {
    let at = message.len() - FINGERPRINT_TLV_LEN.min(message.len());
    if at < HEADER_LEN {
        return Err(StunDiscard::Fingerprint);
    }
    let (covered, fingerprint) = message.split_at(at);
    let mut expected = [0x80, 0x28, 0, 4, 0, 0, 0, 0];
    expected[4..].copy_from_slice(&fingerprint_value(covered).to_be_bytes());
    if fingerprint == expected { Ok(()) } else { Err(StunDiscard::Fingerprint) }
}

/// Attributes below 0x8000 must be understood; those above may be passed over (RFC 8489 section
/// 14). "Known" here is what may stand in a request without harm.
const fn is_known(kind: AttrType) -> bool {
    kind.0 >= 0x8000
        || matches!(
            kind,
            attr::ATTR_PRIORITY
                | attr::ATTR_REALM
                | attr::ATTR_NONCE
                | attr::ATTR_MESSAGE_INTEGRITY_SHA256
                | attr::ATTR_USER_HASH
                | attr::ATTR_PASSWORD_ALGORITHM
        )
}

struct Attribute<'a> {
    at: usize,
    kind: AttrType,
    value: &'a [u8],
}

struct Attributes<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Attributes<'a> {
    const fn of(message: &'a [u8]) -> Self {
        Self { message, at: HEADER_LEN }
    }

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
        Ok(Some(Attribute { at, kind, value: &value[..len] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 sections 2.1 to 2.3.
    const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
    const SAMPLE_REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
        802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36\
        000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
    const SAMPLE_IPV4_RESPONSE: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220002000080001a147e112a643\
        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
    const SAMPLE_IPV6_RESPONSE: &str = "010100482112a442b7e7a701bc34d686fa87dfae\
        8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9\
        00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

    #[test]
    fn the_sample_request_of_rfc_5769_verifies() {
        let message = hex::decode(SAMPLE_REQUEST).unwrap();
        let request = BindingRequest::parse(&message).unwrap();
        assert_eq!(request.username(), "evtj:h6vY");
        assert_eq!(hex::encode(request.transaction_id()), "b7e7a701bc34d686fa87dfae");
        let claims = request.verify(PASSWORD).unwrap();
        assert_eq!(claims, Claims { controlled: true, ..Claims::default() });
        let request = BindingRequest::parse(&message).unwrap();
        assert_eq!(request.verify("VOkJxbRl1RmTxUk/WvJxBT"), Err(StunDiscard::Integrity));
    }

    #[test]
    fn the_sample_responses_of_rfc_5769_verify_but_are_no_requests() {
        for response in [SAMPLE_IPV4_RESPONSE, SAMPLE_IPV6_RESPONSE] {
            let message = hex::decode(response).unwrap();
            check_fingerprint(&message).unwrap();
            let integrity_at = message.len() - FINGERPRINT_TLV_LEN - INTEGRITY_TLV_LEN;
            let tag = &message[integrity_at + 4..][..INTEGRITY_LEN];
            assert!(verify_integrity(&message[..integrity_at], tag, PASSWORD));
            assert_eq!(BindingRequest::parse(&message).err(), Some(StunDiscard::NotARequest));
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let message = hex::decode(SAMPLE_REQUEST).unwrap();
        for len in 0..message.len() {
            assert!(BindingRequest::parse(&message[..len]).is_err(), "{len}");
            // With a length that pretends to be right.
            let mut shorter = message[..len].to_vec();
            if let Some(body) = len.checked_sub(HEADER_LEN) {
                shorter[2..4].copy_from_slice(&(body as u16).to_be_bytes());
                assert!(BindingRequest::parse(&shorter).is_err(), "{len}");
            }
        }
        for bit in 0..message.len() * 8 {
            let mut flipped = message.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let verified = BindingRequest::parse(&flipped).and_then(|it| it.verify(PASSWORD));
            assert!(verified.is_err(), "bit {bit}");
        }
    }

    /// Appends attributes and a right FINGERPRINT to the sample without its own.
    fn sample_followed_by(tail: &[u8]) -> Vec<u8> {
        let mut message = hex::decode(SAMPLE_REQUEST).unwrap();
        message.truncate(message.len() - FINGERPRINT_TLV_LEN);
        message.extend_from_slice(tail);
        finish(message)
    }

    fn finish(mut message: Vec<u8>) -> Vec<u8> {
        let len = (message.len() - HEADER_LEN + FINGERPRINT_TLV_LEN) as u16;
        message[2..4].copy_from_slice(&len.to_be_bytes());
        let value = fingerprint_value(&message);
        message.extend_from_slice(&[0x80, 0x28, 0, 4]);
        message.extend_from_slice(&value.to_be_bytes());
        message
    }

    #[test]
    fn what_follows_the_integrity_is_ignored() {
        // USE-CANDIDATE and an unknown attribute, added on the way by somebody without password.
        let message = sample_followed_by(&[0, 0x25, 0, 0, 0x12, 0x34, 0, 1, 9, 0, 0, 0]);
        let claims = BindingRequest::parse(&message).unwrap().verify(PASSWORD).unwrap();
        assert_eq!(claims, Claims { controlled: true, ..Claims::default() });
    }

    #[test]
    fn the_integrity_first_protects_nothing_behind_it() {
        let request = hex::decode(SAMPLE_REQUEST).unwrap();
        let mut message = request[..HEADER_LEN].to_vec();
        message.extend_from_slice(&[0, 8, 0, 20]);
        message.extend_from_slice(&[7; 20]);
        message.extend_from_slice(b"\0\x06\0\x09evtj:h6vY   ");
        let message = finish(message);
        assert_eq!(BindingRequest::parse(&message).err(), Some(StunDiscard::UnknownUser));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for (tail, expected) in [
            (&[0x80, 1, 0xff, 0xff][..], StunDiscard::Malformed),
            (&[0x80, 1, 0, 5, 1, 2, 3, 4], StunDiscard::Malformed),
            (&[0x80, 1], StunDiscard::Malformed),
        ] {
            let message = sample_followed_by(tail);
            assert_eq!(BindingRequest::parse(&message).err(), Some(expected));
        }
        // A 16-bit length that wraps: 65536 + 88 bytes claim to be 88.
        let mut long = hex::decode(SAMPLE_REQUEST).unwrap();
        long.resize(65_536 + long.len(), 0);
        assert_eq!(BindingRequest::parse(&long).err(), Some(StunDiscard::Malformed));
    }
}
