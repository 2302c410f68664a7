//! Connectivity checks as a client makes them, and as it should not.

use calling_transport::IceCredentials;
use stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
    AttrType,
};
use stun::error_code::ErrorCodeAttribute;
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Getter, Message, MessageType, Setter};

#[derive(Clone)]
pub struct Check {
    pub kind: MessageType,
    pub username: Option<String>,
    pub password: Option<String>,
    pub transaction: u64,
    pub attributes: Vec<(AttrType, Vec<u8>)>,
    pub after_integrity: Vec<(AttrType, Vec<u8>)>,
    pub fingerprint: bool,
}

impl Check {
    pub fn new(server: &IceCredentials, client: &IceCredentials, transaction: u64) -> Self {
        Self {
            kind: BINDING_REQUEST,
            username: Some(format!("{}:{}", server.ufrag(), client.ufrag())),
            password: Some(server.pwd().to_owned()),
            transaction,
            attributes: vec![
                (ATTR_PRIORITY, vec![0x6e, 0, 1, 0xff]),
                (ATTR_ICE_CONTROLLING, vec![1; 8]),
            ],
            after_integrity: Vec::new(),
            fingerprint: true,
        }
    }

    pub fn nominate(self) -> Self {
        self.with(ATTR_USE_CANDIDATE, &[])
    }

    /// The client holds itself for the controlled agent.
    pub fn controlled(mut self) -> Self {
        self.attributes.retain(|(kind, _)| *kind != ATTR_ICE_CONTROLLING);
        self.with(ATTR_ICE_CONTROLLED, &[2; 8])
    }

    pub fn with(mut self, kind: AttrType, value: &[u8]) -> Self {
        self.attributes.push((kind, value.to_vec()));
        self
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut message = Message { typ: self.kind, ..Message::default() };
        message.transaction_id.0[..8].copy_from_slice(&self.transaction.to_be_bytes());
        message.write_header();
        if let Some(username) = &self.username {
            message.add(ATTR_USERNAME, username.as_bytes());
        }
        for (kind, value) in &self.attributes {
            message.add(*kind, value);
        }
        if let Some(password) = &self.password {
            let integrity = MessageIntegrity::new_short_term_integrity(password.clone());
            integrity.add_to(&mut message).unwrap();
        }
        for (kind, value) in &self.after_integrity {
            message.add(*kind, value);
        }
        if self.fingerprint {
            FINGERPRINT.add_to(&mut message).unwrap();
        }
        message.raw
    }
}

/// 0 for a success response, the code of an error response, `None` for anything else.
pub fn response_code(datagram: &[u8]) -> Option<u16> {
    let message = decode(datagram)?;
    if message.typ == BINDING_SUCCESS {
        return Some(0);
    }
    let mut error = ErrorCodeAttribute::default();
    error.get_from(&message).ok()?;
    Some(error.code.0)
}

pub fn decode(datagram: &[u8]) -> Option<Message> {
    let mut message = Message::new();
    message.unmarshal_binary(datagram).ok()?;
    Some(message)
}
