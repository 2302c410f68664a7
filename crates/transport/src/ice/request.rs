use stun::attributes as attr;
use stun::attributes::AttrType;

use super::StunDiscard;
use super::message::{Framed, Sealed};

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
/// Unknown attributes reported back; a request that has more is no honest one.
const MAX_UNKNOWN: usize = 8;

/// A Binding request that is well formed. Nothing it says is true before
/// [`verify`](Self::verify).
#[derive(Debug)]
pub(crate) struct BindingRequest<'a> {
    transaction_id: [u8; 12],
    sealed: Sealed<'a>,
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
        let framed = Framed::parse(message, BINDING_REQUEST)?;
        let mut username = None;
        let mut claims = Claims::default();
        let sealed = framed.walk(|kind, value| match kind {
            // Of two the first counts (RFC 8489 section 14).
            attr::ATTR_USERNAME => username = username.or(Some(value)),
            attr::ATTR_ICE_CONTROLLED => claims.controlled = true,
            attr::ATTR_USE_CANDIDATE => claims.use_candidate = true,
            _ if is_known(kind) || claims.unknown.len() == MAX_UNKNOWN => {}
            _ => claims.unknown.push(kind),
        })?;
        let username = username.and_then(|username| str::from_utf8(username).ok());
        let username = username.ok_or(StunDiscard::UnknownUser)?;
        Ok(Self { transaction_id: framed.transaction_id(), sealed, username, claims })
    }

    /// Whom the request is for: the receiver's username fragment and, behind a colon, the sender's
    /// (RFC 8445 section 7.2.2).
    pub(crate) const fn username(&self) -> &'a str {
        self.username
    }

    /// Echoed in the response.
    pub(crate) const fn transaction_id(&self) -> [u8; 12] {
        self.transaction_id
    }

    /// Checks MESSAGE-INTEGRITY; only then tells what the request says.
    pub(crate) fn verify(self, password: &str) -> Result<Claims, StunDiscard> {
        self.sealed.verify(password)?;
        Ok(self.claims)
    }
}

/// A success response to a request of ours.
#[derive(Debug)]
pub(crate) struct BindingSuccess<'a> {
    transaction_id: [u8; 12],
    sealed: Sealed<'a>,
}

impl<'a> BindingSuccess<'a> {
    /// Checks everything that can be checked without a password.
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, StunDiscard> {
        let framed = Framed::parse(message, BINDING_SUCCESS)?;
        let sealed = framed.walk(|_, _| {})?;
        Ok(Self { transaction_id: framed.transaction_id(), sealed })
    }

    /// Whether it answers the request `transaction_id` and proves to know `password`.
    pub(crate) fn verify(
        &self,
        transaction_id: [u8; 12],
        password: &str,
    ) -> Result<(), StunDiscard> {
        if self.transaction_id != transaction_id {
            return Err(StunDiscard::NotARequest);
        }
        self.sealed.verify(password)
    }
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

#[cfg(test)]
mod tests {
    use super::super::message::tests::{PASSWORD, SAMPLE_REQUEST, finish, sample_followed_by};
    use super::*;

    #[test]
    fn the_sample_request_of_rfc_5769_is_understood() {
        let message = hex::decode(SAMPLE_REQUEST).unwrap();
        let request = BindingRequest::parse(&message).unwrap();
        assert_eq!(request.username(), "evtj:h6vY");
        assert_eq!(hex::encode(request.transaction_id()), "b7e7a701bc34d686fa87dfae");
        let claims = request.verify(PASSWORD).unwrap();
        assert_eq!(claims, Claims { controlled: true, ..Claims::default() });
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
        let mut message = hex::decode(SAMPLE_REQUEST).unwrap()[..20].to_vec();
        message.extend_from_slice(&[0, 8, 0, 20]);
        message.extend_from_slice(&[7; 20]);
        message.extend_from_slice(b"\0\x06\0\x09evtj:h6vY   ");
        let message = finish(message);
        assert_eq!(BindingRequest::parse(&message).err(), Some(StunDiscard::UnknownUser));
    }
}
