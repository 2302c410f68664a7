use std::net::SocketAddr;

use stun::attributes::{ATTR_ICE_CONTROLLED, ATTR_PRIORITY, ATTR_USERNAME, AttrType};
use stun::error_code::{CODE_ROLE_CONFLICT, CODE_UNKNOWN_ATTRIBUTE, ErrorCode, ErrorCodeAttribute};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{
    BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Message, MessageType, Setter,
};
use stun::uattrs::UnknownAttributes;
use stun::xoraddr::XorMappedAddress;

/// The answer to an authenticated check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The check came from this address.
    Success(SocketAddr),
    /// The sender has to become the controlling agent (RFC 8445 section 7.3.1.1).
    RoleConflict,
    /// The sender insists on attributes we do not know (RFC 8489 section 6.3.1).
    UnknownAttributes(Vec<AttrType>),
}

impl Answer {
    /// The datagram, protected with the password the request was protected with. Reasons are left
    /// out, so that no answer is longer than the shortest check a client sends.
    pub(crate) fn encode(self, transaction_id: [u8; 12], password: &str) -> Vec<u8> {
        let mut message = Message::default();
        message.transaction_id.0 = transaction_id;
        match self {
            Self::Success(source) => {
                begin(&mut message, BINDING_SUCCESS);
                add(&mut message, &XorMappedAddress { ip: source.ip(), port: source.port() });
            }
            Self::RoleConflict => begin_error(&mut message, CODE_ROLE_CONFLICT),
            Self::UnknownAttributes(unknown) => {
                begin_error(&mut message, CODE_UNKNOWN_ATTRIBUTE);
                add(&mut message, &UnknownAttributes(unknown));
            }
        }
        add(&mut message, &MessageIntegrity::new_short_term_integrity(password.to_owned()));
        add(&mut message, &FINGERPRINT);
        message.raw
    }
}

/// A request of ours that asks the client to prove that it is where its datagrams come from. Every
/// full agent answers it (RFC 8445 section 7.3).
pub(crate) fn encode_challenge(
    transaction_id: [u8; 12],
    username: &str,
    password: &str,
) -> Vec<u8> {
    let mut message = Message::default();
    message.transaction_id.0 = transaction_id;
    begin(&mut message, BINDING_REQUEST);
    message.add(ATTR_USERNAME, username.as_bytes());
    // The lowest priority: nothing is to be chosen by it.
    message.add(ATTR_PRIORITY, &1_u32.to_be_bytes());
    // The client is controlling, so no tie is to be broken.
    message.add(ATTR_ICE_CONTROLLED, &[0; 8]);
    add(&mut message, &MessageIntegrity::new_short_term_integrity(password.to_owned()));
    add(&mut message, &FINGERPRINT);
    message.raw
}

fn begin_error(message: &mut Message, code: ErrorCode) {
    begin(message, BINDING_ERROR);
    add(message, &ErrorCodeAttribute { code, reason: Vec::new() });
}

fn begin(message: &mut Message, kind: MessageType) {
    message.typ = kind;
    message.write_header();
}

fn add(message: &mut Message, attribute: &impl Setter) {
    attribute.add_to(message).expect("the attributes of an answer are short and in order");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_a_check_its_receiver_can_verify() {
        let message = encode_challenge([3; 12], "them:us", "password");
        let request = crate::ice::BindingRequest::parse(&message).unwrap();
        assert_eq!((request.username(), request.transaction_id()), ("them:us", [3; 12]));
        assert!(request.verify("password").is_ok());
    }

    #[test]
    fn answers_are_bounded() {
        let password = "p".repeat(24);
        let answers = [
            (Answer::Success("192.0.2.1:9".parse().unwrap()), 64),
            (Answer::Success("[2001:db8::1]:9".parse().unwrap()), 76),
            (Answer::RoleConflict, 60),
            (Answer::UnknownAttributes(vec![AttrType(1), AttrType(2)]), 68),
        ];
        for (answer, len) in answers {
            assert_eq!(answer.clone().encode([1; 12], &password).len(), len, "{answer:?}");
        }
    }
}
