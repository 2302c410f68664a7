//! Connectivity checks: what is answered and what is learned (RFC 8445 section 7.3).

use std::net::SocketAddr;
use std::time::Instant;

use calling_model::ConnectionId;
use rand::Rng;

use super::lite::LiteServer;
use super::output::{ServerOutput, ServerReceived};
use crate::discard::Discard;
use crate::ice::{Answer, BindingRequest, BindingSuccess, Claims, StunDiscard, encode_challenge};

impl LiteServer {
    pub(super) fn handle_check(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &[u8],
    ) -> ServerReceived<'static> {
        let handled = match self.answer_check(now, source, datagram) {
            Err(StunDiscard::NotARequest) => self.accept_proof(now, source, datagram),
            handled => handled,
        };
        match handled {
            Ok(()) => ServerReceived::Control,
            Err(discard) => ServerReceived::Discarded(Discard::Stun(discard)),
        }
    }

    fn answer_check(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), StunDiscard> {
        let request = BindingRequest::parse(datagram)?;
        let transaction_id = request.transaction_id();
        let (ours, theirs) = request.username().split_once(':').ok_or(StunDiscard::UnknownUser)?;
        let slot = self.table.slot_of_ufrag(ours).ok_or(StunDiscard::UnknownUser)?;
        let connection = self.table.get(slot).ok_or(StunDiscard::UnknownUser)?;
        if connection.remote.ufrag() != theirs {
            return Err(StunDiscard::UnknownUser);
        }
        let password = connection.local.pwd().to_owned();
        let claims = request.verify(&password)?;
        let answer = self.judge(slot, source, &claims)?;
        let learns = matches!(answer, Answer::Success(_));
        self.transmit(source, answer.encode(transaction_id, &password));
        if learns {
            self.learn(now, slot, source, claims.use_candidate);
        }
        Ok(())
    }

    /// What to answer to an authenticated check.
    fn judge(
        &mut self,
        slot: usize,
        source: SocketAddr,
        claims: &Claims,
    ) -> Result<Answer, StunDiscard> {
        if !claims.unknown.is_empty() {
            self.stats.checks_refused += 1;
            return Ok(Answer::UnknownAttributes(claims.unknown.clone()));
        }
        // A lite agent is always the controlled one (RFC 8445 section 6.1.1).
        if claims.controlled {
            self.stats.checks_refused += 1;
            return Ok(Answer::RoleConflict);
        }
        if self.table.slot_at(source).is_some_and(|owner| owner != slot) {
            return Err(StunDiscard::AddressTaken);
        }
        self.stats.checks_answered += 1;
        Ok(Answer::Success(source))
    }

    fn learn(&mut self, now: Instant, slot: usize, source: SocketAddr, nominated: bool) {
        let consent_timeout = self.config.consent_timeout;
        let Some(connection) = self.table.get_mut(slot) else { return };
        let wanted = connection.wants(now, source, nominated, consent_timeout);
        let evicted = connection.validate(now, source);
        if wanted && connection.is_connected() {
            self.challenge(slot, source);
        } else if wanted {
            // The handshake will show whether somebody is there.
            let first = self.select(slot, source);
            self.outputs.extend(first.map(|connection| ServerOutput::PathValidated { connection }));
        }
        if let Some(evicted) = evicted {
            self.table.unbind(evicted);
        }
        self.table.bind(source, slot);
        self.reschedule(slot);
    }

    /// Media flows by now. A client that knows its password could write somebody else's address on
    /// a check and have its media sent there, so the address has to answer first.
    fn challenge(&mut self, slot: usize, address: SocketAddr) {
        let fresh = self.rng.random();
        let Some(connection) = self.table.get_mut(slot) else { return };
        let transaction_id = connection.challenge(address, fresh);
        let (local, remote) = (&connection.local, &connection.remote);
        let username = format!("{}:{}", remote.ufrag(), local.ufrag());
        let datagram = encode_challenge(transaction_id, &username, remote.pwd());
        self.transmit(address, datagram);
    }

    fn accept_proof(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), StunDiscard> {
        let success = BindingSuccess::parse(datagram)?;
        let slot = self.table.slot_at(source).ok_or(StunDiscard::NotARequest)?;
        let connection = self.table.get_mut(slot).ok_or(StunDiscard::NotARequest)?;
        let asked = connection.challenged(source).ok_or(StunDiscard::NotARequest)?;
        success.verify(asked, connection.remote.pwd())?;
        connection.hear(now, source);
        self.select(slot, source);
        Ok(())
    }

    /// Gives the connection if this is its first path.
    fn select(&mut self, slot: usize, path: SocketAddr) -> Option<ConnectionId> {
        let connection = self.table.get_mut(slot)?;
        let first = !connection.had_path;
        connection.select(path);
        first.then_some(connection.id)
    }
}
