//! Deadlines of connections and the outputs of their sessions.

use std::time::Instant;

use calling_model::ConnectionId;

use super::lite::LiteServer;
use super::output::ServerOutput;
use crate::session::{CloseReason, SessionOutput};

impl LiteServer {
    pub(super) fn handle_due(&mut self, now: Instant, slot: usize) {
        let consent_timeout = self.config.consent_timeout;
        let Some(connection) = self.table.get_mut(slot) else { return };
        if connection.connect_by.is_some_and(|at| at <= now) {
            return self.end(slot, CloseReason::HandshakeTimeout);
        }
        let expired = connection.expire(now, consent_timeout);
        if !expired.is_empty() && connection.addresses().next().is_none() {
            for address in expired {
                self.table.unbind(address);
            }
            return self.end(slot, CloseReason::ConsentLost);
        }
        if connection.session.poll_timeout().is_some_and(|(at, _)| at <= now) {
            connection.session.handle_timeout(now);
        }
        for address in expired {
            self.table.unbind(address);
        }
        self.send_feedback(now, slot);
        self.settle(slot);
    }

    /// Tells a client which of its packets came, as far as that is due.
    fn send_feedback(&mut self, now: Instant, slot: usize) {
        let consent_timeout = self.config.consent_timeout;
        loop {
            let Some(connection) = self.table.get_mut(slot) else { return };
            let path = connection.path(now, consent_timeout);
            let Some(feedback) = &mut connection.feedback else { return };
            let mut datagram = Vec::new();
            if !feedback.write(now, &mut datagram) {
                return;
            }
            let Some(to) = path else {
                feedback.forget();
                self.stats.unreported += connection.take_unreported();
                return;
            };
            if connection.session.seal_rtcp(&mut datagram).is_ok() {
                self.stats.rtcp_sealed += 1;
                self.transmit(to, datagram);
            }
        }
    }

    /// Passes on what a session wants and notes its next deadline.
    pub(super) fn settle(&mut self, slot: usize) {
        match self.drain_session(slot) {
            Some(reason) => self.end(slot, reason),
            None => self.reschedule(slot),
        }
    }

    /// Gives the reason if the session closed.
    pub(super) fn drain_session(&mut self, slot: usize) -> Option<CloseReason> {
        loop {
            let connection = self.table.get_mut(slot)?;
            let id = connection.id;
            match connection.session.poll_output()? {
                SessionOutput::Transmit(datagram) => {
                    if let Some(to) = self.path(id) {
                        self.transmit(to, datagram);
                    }
                }
                SessionOutput::Connected { profile } => {
                    connection.connect_by = None;
                    self.outputs.push_back(ServerOutput::Connected { connection: id, profile });
                }
                SessionOutput::Closed { reason } => return Some(reason),
            }
        }
    }

    pub(super) fn end(&mut self, slot: usize, reason: CloseReason) {
        if let Some(connection) = self.forget(slot) {
            self.outputs.push_back(ServerOutput::Closed { connection, reason });
        }
    }

    pub(super) fn forget(&mut self, slot: usize) -> Option<ConnectionId> {
        let connection = self.table.remove(slot)?;
        self.deadlines.replace(slot, connection.scheduled, None);
        Some(connection.id)
    }

    pub(super) fn reschedule(&mut self, slot: usize) {
        let (Some(now), Some(connection)) = (self.now, self.table.get_mut(slot)) else { return };
        let next = connection.next_deadline(now, self.config.consent_timeout);
        self.deadlines.replace(slot, connection.scheduled, next);
        connection.scheduled = next;
    }
}
