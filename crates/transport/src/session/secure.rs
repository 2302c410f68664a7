use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use calling_wire::{DatagramKind, classify};

use super::config::{DtlsRole, SessionConfig};
use super::handshake::{DtlsSettings, Event, Failed, Handshake, MediaKeys};
use super::output::{CloseReason, Received, SessionOutput, SessionStats, TimeoutReason};
use crate::discard::Discard;
use crate::srtp::{SealError, SrtpDiscard, SrtpProfile};

/// How often a passive handshake begins anew after something that cannot be part of one, before it
/// gives up. Anybody who can write the peer's address on a datagram can send such things.
const MAX_RESTARTS: u8 = 8;
/// Datagrams kept for an owner that does not poll.
const MAX_QUEUED: usize = 64;

/// DTLS-SRTP with one peer, over a path somebody else found and validated (RFC 5763, RFC 5764).
///
/// ```text
///  Handshaking ──certificate matches, keys agreed──▶ Connected
///       │                                               │
///       └──timeout, mismatch, failure──▶ Closed ◀──goodbye
/// ```
///
/// No key is used, and nothing more is sent, unless the peer's certificate has the announced
/// fingerprint. Once connected, nothing unauthenticated ends the session: bad packets are counted.
pub struct SecureSession {
    config: SessionConfig,
    settings: DtlsSettings,
    state: State,
    outputs: VecDeque<SessionOutput>,
    /// Time never goes back for the machine, whatever it is told.
    now: Instant,
    stats: SessionStats,
}

enum State {
    Handshaking {
        handshake: Box<Handshake>,
        /// Armed by the first datagram sent or received.
        give_up_at: Option<Instant>,
        restarts: u8,
        progress: Progress,
    },
    Connected {
        /// Kept to repeat the last flight and to hear a goodbye; gone once it failed.
        handshake: Option<Box<Handshake>>,
        keys: Box<MediaKeys>,
    },
    Closed,
}

#[derive(Default)]
struct Progress {
    /// The peer showed the announced certificate.
    verified: bool,
    /// The peer proved to own it.
    done: bool,
    keys: Option<Box<MediaKeys>>,
}

impl SecureSession {
    /// A session that has not begun. The active role has a datagram to send at once.
    pub fn new(config: SessionConfig, now: Instant) -> Self {
        let settings = DtlsSettings::of(&config);
        Self::with_settings(config, settings, now)
    }

    /// As [`new`](Self::new), with settings shared by many sessions.
    pub(crate) fn with_settings(
        config: SessionConfig,
        settings: DtlsSettings,
        now: Instant,
    ) -> Self {
        let handshake = Box::new(Handshake::new(&settings, config.role, &config.certificate, now));
        let give_up_at = match config.role {
            DtlsRole::Active => Some(now + config.handshake_timeout),
            DtlsRole::Passive => None,
        };
        let progress = Progress::default();
        let mut session = Self {
            config,
            settings,
            state: State::Handshaking { handshake, give_up_at, restarts: 0, progress },
            outputs: VecDeque::new(),
            now,
            stats: SessionStats::default(),
        };
        session.handle_timeout(now);
        session
    }

    /// Takes one datagram from the peer; media is opened in place.
    pub fn receive<'a>(&mut self, now: Instant, datagram: &'a mut [u8]) -> Received<'a> {
        self.now = self.now.max(now);
        let received = match classify(datagram) {
            Some(DatagramKind::Dtls) => self.receive_dtls(datagram),
            Some(DatagramKind::Rtp) => self.open_rtp(datagram),
            Some(DatagramKind::Rtcp) => self.open_rtcp(datagram),
            Some(DatagramKind::Stun | DatagramKind::TurnChannel) | None => {
                Received::Discarded(Discard::UnknownKind)
            }
        };
        if let Received::Discarded(discard) = received {
            self.count(discard);
        }
        received
    }

    /// Protects an RTP packet in place; it grows by [`SrtpProfile::rtp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn seal_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        self.keys()?.outbound.protect_rtp(packet)?;
        self.stats.rtp_sealed += 1;
        Ok(())
    }

    /// Protects a compound RTCP packet in place; it grows by [`SrtpProfile::rtcp_overhead`].
    ///
    /// # Errors
    /// See [`SealError`]; the packet is left as it was.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        self.keys()?.outbound.protect_rtcp(packet)?;
        self.stats.rtcp_sealed += 1;
        Ok(())
    }

    /// Says goodbye to the peer; a last datagram may follow. `Closed` does not, since you know.
    pub fn close(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if let State::Connected { handshake: Some(handshake), .. } = &mut self.state {
            handshake.close();
            for event in handshake.poll(self.now) {
                if let Event::Transmit(datagram) = event {
                    self.transmit(datagram);
                }
            }
        }
        self.state = State::Closed;
    }

    /// Applies the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        match &self.state {
            State::Handshaking { give_up_at: Some(at), .. } if *at <= self.now => {
                self.end(CloseReason::HandshakeTimeout);
            }
            State::Handshaking { .. } | State::Connected { .. } => {
                self.drive(Handshake::handle_timeout);
            }
            State::Closed => {}
        }
    }

    /// The next thing to do, oldest first.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// The next deadline.
    pub fn poll_timeout(&self) -> Option<(Instant, TimeoutReason)> {
        let (handshake, give_up_at) = match &self.state {
            State::Handshaking { handshake, give_up_at, .. } => (Some(handshake), *give_up_at),
            State::Connected { handshake, .. } => (handshake.as_ref(), None),
            State::Closed => (None, None),
        };
        let retransmit = handshake.and_then(|handshake| handshake.poll_timeout());
        let retransmit = retransmit.map(|at| (at, TimeoutReason::Retransmit));
        give_up_at.map(|at| (at, TimeoutReason::Connect)).into_iter().chain(retransmit).min()
    }

    /// How media is protected, once connected.
    pub fn profile(&self) -> Option<SrtpProfile> {
        match &self.state {
            State::Connected { keys, .. } => Some(keys.outbound.profile()),
            State::Handshaking { .. } | State::Closed => None,
        }
    }

    /// Figures so far.
    pub fn stats(&self) -> SessionStats {
        self.stats.clone()
    }

    fn open_rtp<'a>(&mut self, datagram: &'a mut [u8]) -> Received<'a> {
        match self.open(datagram, |keys, datagram| keys.inbound.unprotect_rtp(datagram)) {
            Ok(len) => {
                self.stats.rtp_opened += 1;
                Received::Rtp(&mut datagram[..len])
            }
            Err(discard) => Received::Discarded(discard),
        }
    }

    fn open_rtcp<'a>(&mut self, datagram: &'a mut [u8]) -> Received<'a> {
        match self.open(datagram, |keys, datagram| keys.inbound.unprotect_rtcp(datagram)) {
            Ok(len) => {
                self.stats.rtcp_opened += 1;
                Received::Rtcp(&mut datagram[..len])
            }
            Err(discard) => Received::Discarded(discard),
        }
    }

    fn open(
        &mut self,
        datagram: &mut [u8],
        open: impl FnOnce(&mut MediaKeys, &mut [u8]) -> Result<usize, SrtpDiscard>,
    ) -> Result<usize, Discard> {
        match &mut self.state {
            State::Connected { keys, .. } => open(keys, datagram).map_err(Discard::Srtp),
            State::Handshaking { .. } => Err(Discard::NotConnected),
            State::Closed => Err(Discard::Closed),
        }
    }

    fn receive_dtls<'a>(&mut self, datagram: &[u8]) -> Received<'a> {
        let deadline = self.now + self.config.handshake_timeout;
        match &mut self.state {
            State::Handshaking { give_up_at, .. } => {
                give_up_at.get_or_insert(deadline);
            }
            State::Connected { .. } => {}
            State::Closed => return Received::Discarded(Discard::Closed),
        }
        if self.drive(|handshake, now| handshake.receive(now, datagram)) {
            Received::Control
        } else {
            Received::Discarded(Discard::Dtls)
        }
    }

    /// Lets the handshake act and carries out what it wants. Gives whether it could go on.
    fn drive(&mut self, act: impl FnOnce(&mut Handshake, Instant) -> Result<(), Failed>) -> bool {
        let now = self.now;
        let handshake = match &mut self.state {
            State::Handshaking { handshake, .. } => handshake,
            State::Connected { handshake: Some(handshake), .. } => handshake,
            State::Connected { handshake: None, .. } | State::Closed => return false,
        };
        let acted = act(handshake, now);
        for event in handshake.poll(now) {
            self.carry_out(event);
        }
        self.settle();
        if acted.is_err() {
            self.recover();
        }
        acted.is_ok()
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::Transmit(datagram) => self.transmit(datagram),
            Event::Certificate(der) => self.verify(&der),
            Event::Done => {
                if let State::Handshaking { progress, .. } = &mut self.state {
                    progress.done = true;
                }
            }
            Event::Keys(keys) => {
                if let State::Handshaking { progress, .. } = &mut self.state {
                    progress.keys = Some(keys);
                }
            }
            Event::ApplicationData => self.count(Discard::ApplicationData),
            Event::Goodbye => self.end(CloseReason::PeerClosed),
        }
    }

    fn verify(&mut self, certificate_der: &[u8]) {
        if !self.config.remote_fingerprint.verify(certificate_der) {
            self.end(CloseReason::FingerprintMismatch);
        } else if let State::Handshaking { progress, .. } = &mut self.state {
            progress.verified = true;
        }
    }

    /// Becomes connected, or gives up, when all has been said.
    fn settle(&mut self) {
        let State::Handshaking { progress, .. } = &mut self.state else { return };
        if !progress.done {
            return;
        }
        let (verified, keys) = (progress.verified, progress.keys.take());
        match keys {
            _ if !verified => self.end(CloseReason::FingerprintMismatch),
            Some(keys) if self.may_use(keys.outbound.profile()) => self.connect(keys),
            Some(_) | None => self.end(CloseReason::NoSrtpProfile),
        }
    }

    /// Whether the peer chose from what was offered; the passive side chose itself.
    fn may_use(&self, profile: SrtpProfile) -> bool {
        match self.config.role {
            DtlsRole::Active => self.config.srtp_offer.includes(profile),
            DtlsRole::Passive => true,
        }
    }

    fn connect(&mut self, keys: Box<MediaKeys>) {
        let profile = keys.outbound.profile();
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Handshaking { handshake, .. } => {
                self.state = State::Connected { handshake: Some(handshake), keys };
                self.outputs.push_back(SessionOutput::Connected { profile });
            }
            other @ (State::Connected { .. } | State::Closed) => self.state = other,
        }
    }

    /// After something a handshake cannot survive. Media under keys agreed before can.
    fn recover(&mut self) {
        match &mut self.state {
            State::Handshaking { handshake, restarts, progress, .. }
                if self.config.role == DtlsRole::Passive && *restarts < MAX_RESTARTS =>
            {
                *restarts += 1;
                *progress = Progress::default();
                let certificate = &self.config.certificate;
                **handshake =
                    Handshake::new(&self.settings, self.config.role, certificate, self.now);
            }
            State::Handshaking { .. } => self.end(CloseReason::HandshakeFailed),
            State::Connected { handshake, .. } => *handshake = None,
            State::Closed => {}
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if !matches!(self.state, State::Closed) {
            self.state = State::Closed;
            self.outputs.push_back(SessionOutput::Closed { reason });
        }
    }

    /// Nothing is sent to a peer that turned out to be somebody else.
    fn transmit(&mut self, datagram: Vec<u8>) {
        match self.state {
            State::Handshaking { .. } | State::Connected { .. } => {}
            State::Closed => return,
        }
        if self.outputs.len() < MAX_QUEUED {
            self.outputs.push_back(SessionOutput::Transmit(datagram));
        }
    }

    fn keys(&mut self) -> Result<&mut MediaKeys, SealError> {
        match &mut self.state {
            State::Connected { keys, .. } => Ok(keys),
            State::Handshaking { .. } | State::Closed => Err(SealError::NotConnected),
        }
    }

    fn count(&mut self, discard: Discard) {
        *self.stats.discards.entry(discard.reason()).or_default() += 1;
    }
}

impl fmt::Debug for SecureSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Handshaking { .. } => "Handshaking",
            State::Connected { .. } => "Connected",
            State::Closed => "Closed",
        };
        let role = self.config.role;
        f.debug_struct("SecureSession").field("role", &role).field("state", &state).finish()
    }
}
