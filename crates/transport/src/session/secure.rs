use std::time::Instant;

use super::{Received, SessionConfig, SessionOutput, SessionStats, TimeoutReason};
use crate::srtp::{SealError, SrtpProfile};

/// DTLS-SRTP with one peer over a path somebody else found and validated.
#[derive(Debug)]
pub struct SecureSession {
    config: SessionConfig,
}

impl SecureSession {
    /// A session that has not begun. The active role has a datagram to send at once.
    pub fn new(config: SessionConfig, now: Instant) -> Self {
        let _ = now;
        Self { config }
    }

    /// Takes one datagram from the peer; media is opened in place.
    pub fn receive<'a>(&mut self, now: Instant, datagram: &'a mut [u8]) -> Received<'a> {
        let _ = (now, datagram, &self.config);
        unimplemented!()
    }

    /// Protects an RTP packet in place; it grows by [`SrtpProfile::rtp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn seal_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let _ = packet;
        unimplemented!()
    }

    /// Protects a compound RTCP packet in place; it grows by [`SrtpProfile::rtcp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let _ = packet;
        unimplemented!()
    }

    /// Says goodbye to the peer; a last datagram may follow.
    pub fn close(&mut self, now: Instant) {
        let _ = now;
        unimplemented!()
    }

    /// Applies the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = now;
        unimplemented!()
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        unimplemented!()
    }

    /// The next deadline.
    pub fn poll_timeout(&self) -> Option<(Instant, TimeoutReason)> {
        unimplemented!()
    }

    /// How media is protected, once connected.
    pub fn profile(&self) -> Option<SrtpProfile> {
        unimplemented!()
    }

    /// Figures so far.
    pub fn stats(&self) -> SessionStats {
        unimplemented!()
    }
}
