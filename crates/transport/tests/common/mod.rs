#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part"
)]

pub mod check;
pub mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_testkit::{Impairment, Link};
use calling_transport::{
    Certificate, CloseReason, DtlsRole, DtlsVersions, Received, SecureSession, SessionConfig,
    SessionOutput, SrtpOffer, SrtpProfile,
};

pub fn certificate() -> Arc<Certificate> {
    Arc::new(Certificate::generate().unwrap())
}

pub fn at(ms: u64) -> Instant {
    calling_testkit::epoch() + Duration::from_millis(ms)
}

/// A plain RTP packet of Opus.
pub fn rtp(ssrc: u32, sequence_number: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 111];
    packet.extend_from_slice(&sequence_number.to_be_bytes());
    packet.extend_from_slice(&(u32::from(sequence_number) * 960).to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

/// A receiver report without blocks, followed by nothing.
pub fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet
}

/// Two sessions joined by a seeded link each way.
pub struct Pair {
    pub active: SecureSession,
    pub passive: SecureSession,
    pub to_active: Link<Vec<u8>>,
    pub to_passive: Link<Vec<u8>>,
    pub now: Instant,
    pub events: Vec<(DtlsRole, SessionOutput)>,
    pub bytes_to_active: usize,
    pub bytes_to_passive: usize,
}

pub struct PairConfig {
    pub impairment: Impairment,
    pub seed: u64,
    pub active_versions: DtlsVersions,
    pub passive_versions: DtlsVersions,
    pub offer: SrtpOffer,
}

impl Default for PairConfig {
    fn default() -> Self {
        Self {
            impairment: Impairment { delay: Duration::from_millis(10), ..Default::default() },
            seed: 1,
            active_versions: DtlsVersions::Any,
            passive_versions: DtlsVersions::Any,
            offer: SrtpOffer::AeadFirst,
        }
    }
}

impl Pair {
    pub fn new(config: &PairConfig) -> Self {
        let (ours, theirs) = (certificate(), certificate());
        let mut active =
            SessionConfig::new(Arc::clone(&ours), DtlsRole::Active, theirs.fingerprint());
        active.versions = config.active_versions;
        active.srtp_offer = config.offer;
        let mut passive = SessionConfig::new(theirs, DtlsRole::Passive, ours.fingerprint());
        passive.versions = config.passive_versions;
        Self::of(active, passive, config.impairment.clone(), config.seed)
    }

    pub fn of(
        active: SessionConfig,
        passive: SessionConfig,
        impairment: Impairment,
        seed: u64,
    ) -> Self {
        let now = at(0);
        Self {
            active: SecureSession::new(active, now),
            passive: SecureSession::new(passive, now),
            to_active: Link::new(impairment.clone(), seed),
            to_passive: Link::new(impairment, seed ^ 0xffff),
            now,
            events: Vec::new(),
            bytes_to_active: 0,
            bytes_to_passive: 0,
        }
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.active.poll_output() {
            if let SessionOutput::Transmit(datagram) = output {
                self.bytes_to_passive += datagram.len();
                self.to_passive.send(self.now, datagram);
            } else {
                self.events.push((DtlsRole::Active, output));
            }
        }
        while let Some(output) = self.passive.poll_output() {
            if let SessionOutput::Transmit(datagram) = output {
                self.bytes_to_active += datagram.len();
                self.to_active.send(self.now, datagram);
            } else {
                self.events.push((DtlsRole::Passive, output));
            }
        }
    }

    /// Runs until `end` or until nothing is left to happen.
    pub fn run_until(&mut self, end: Instant) {
        self.drain();
        while let Some(next) = self.next().filter(|next| *next <= end) {
            assert!(next >= self.now, "time went back");
            self.now = next;
            self.step();
            self.drain();
        }
        self.now = self.now.max(end);
    }

    fn next(&self) -> Option<Instant> {
        let timers = [self.active.poll_timeout(), self.passive.poll_timeout()];
        let timers = timers.into_iter().flatten().map(|(at, _)| at);
        timers.chain(self.to_active.next_arrival()).chain(self.to_passive.next_arrival()).min()
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some((_, mut datagram)) = self.to_passive.receive(now) {
            let received = self.passive.receive(now, &mut datagram);
            assert!(!matches!(received, Received::Rtp(_) | Received::Rtcp(_)));
        }
        while let Some((_, mut datagram)) = self.to_active.receive(now) {
            let received = self.active.receive(now, &mut datagram);
            assert!(!matches!(received, Received::Rtp(_) | Received::Rtcp(_)));
        }
        for session in [&mut self.active, &mut self.passive] {
            session.handle_timeout(now);
            if let Some((next, reason)) = session.poll_timeout() {
                assert!(next > now, "{reason:?} is still due after it was handled");
            }
        }
    }

    pub fn connected(&self) -> Option<SrtpProfile> {
        let profile = self.active.profile()?;
        (self.passive.profile()? == profile).then_some(profile)
    }

    pub fn closed(&self, role: DtlsRole) -> Option<CloseReason> {
        self.events.iter().find_map(|(of, output)| {
            let SessionOutput::Closed { reason } = output else { return None };
            (*of == role).then_some(*reason)
        })
    }

    /// One packet of each kind in each direction.
    pub fn exchange_media(&mut self, sequence_number: u16) {
        for from_active in [true, false] {
            let (from, to) = if from_active {
                (&mut self.active, &mut self.passive)
            } else {
                (&mut self.passive, &mut self.active)
            };
            let plain = rtp(7, sequence_number, b"speech");
            let mut packet = plain.clone();
            from.seal_rtp(&mut packet).unwrap();
            assert_ne!(packet[..plain.len()], plain);
            assert_eq!(to.receive(self.now, &mut packet), Received::Rtp(&mut plain.clone()));
            let plain = rtcp(7);
            let mut packet = plain.clone();
            from.seal_rtcp(&mut packet).unwrap();
            assert_eq!(to.receive(self.now, &mut packet), Received::Rtcp(&mut plain.clone()));
        }
    }
}
