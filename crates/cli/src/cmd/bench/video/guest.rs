//! A guest's media: one socket, ICE as far as it has to be, DTLS-SRTP, and counting.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_transport::sdp::SessionDescription;
use calling_transport::{
    Certificate, DtlsRole, IceCredentials, Received, SecureSession, SessionConfig, SessionOutput,
};
use calling_wire::{Feedback, RtcpPackets, RtpView, SequenceExtender, packet_type};
use stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::Phase;
use super::film::{FPS, Film};
use crate::exit::Failure;

const CHECK_INTERVAL: Duration = Duration::from_millis(500);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The format of transport-wide feedback.
const TRANSPORT_WIDE_FEEDBACK: u8 = 15;

/// A guest's end of a media connection.
pub(super) struct Guest {
    socket: UdpSocket,
    session: SecureSession,
    check: Check,
    pub(super) film: Film,
    is_up: bool,
    received: BTreeMap<u32, Stream>,
    pub(super) counts: Counts,
}

/// What passed a guest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) received_bytes: u64,
    pub(super) lost: u64,
    pub(super) feedback: u64,
}

/// What comes under one SSRC.
#[derive(Debug, Default)]
struct Stream {
    extender: SequenceExtender,
    first: Option<u64>,
    received: u64,
}

/// A check that nominates, ready to send (RFC 8445 section 7.2.4).
struct Check {
    username: String,
    password: String,
    made: u64,
}

impl Guest {
    /// Connects as the answer says.
    pub(super) async fn connect(
        answer: &SessionDescription,
        own: &IceCredentials,
        certificate: Arc<Certificate>,
        film: Film,
    ) -> Result<Self, Failure> {
        let nothing = || Failure::server("the answer tells no address of the server");
        let first = answer.sections.first().ok_or_else(nothing)?;
        let transport = &first.transport;
        let ufrag = transport.ufrag.as_deref().ok_or_else(nothing)?;
        let password = transport.pwd.clone().ok_or_else(nothing)?;
        let fingerprint = transport.fingerprint.ok_or_else(nothing)?;
        let address = first.candidates.first().ok_or_else(nothing)?.address;
        let local = SocketAddr::from(([0, 0, 0, 0], 0));
        let socket = UdpSocket::bind(local).await.map_err(Failure::machine)?;
        socket.connect(address).await.map_err(Failure::machine)?;
        let username = format!("{ufrag}:{}", own.ufrag());
        let config = SessionConfig::new(certificate, DtlsRole::Active, fingerprint);
        let mut guest = Self {
            socket,
            session: SecureSession::new(config, Instant::now()),
            check: Check { username, password, made: 0 },
            film,
            is_up: false,
            received: BTreeMap::new(),
            counts: Counts::default(),
        };
        let up = tokio::time::timeout(CONNECT_WITHIN, guest.shake_hands()).await;
        up.map_err(|_| Failure::server("a media connection did not come up within ten seconds"))??;
        Ok(guest)
    }

    /// Sends and receives until the phase is over; what passed while it was measured.
    pub(super) async fn run(mut self, phase: watch::Receiver<Phase>) -> Result<Counts, Failure> {
        let mut pictures = every(Duration::from_secs(1) / FPS);
        let mut sounds = every(Duration::from_millis(20));
        let mut checks = every(CHECK_INTERVAL);
        let mut datagram = [0; 2_048];
        let mut before = None;
        loop {
            tokio::select! {
                _ = pictures.tick() => {
                    for packet in self.film.picture() {
                        self.send(packet).await?;
                    }
                }
                _ = sounds.tick() => {
                    let packet = self.film.sound();
                    self.send(packet).await?;
                }
                _ = checks.tick() => {
                    self.session.handle_timeout(Instant::now());
                    self.send_check().await?;
                }
                length = self.socket.recv(&mut datagram) => {
                    let length = length.map_err(Failure::machine)?;
                    self.take(&mut datagram[..length]);
                }
            }
            match *phase.borrow() {
                Phase::WarmingUp => {}
                Phase::Measuring => {
                    before.get_or_insert_with(|| self.counted());
                }
                Phase::Over => return Ok(self.counted().since(before.unwrap_or_default())),
            }
        }
    }

    async fn shake_hands(&mut self) -> Result<(), Failure> {
        let mut ticks = every(Duration::from_millis(20));
        let mut datagram = [0; 2_048];
        while !self.is_up {
            self.drain().await?;
            tokio::select! {
                _ = ticks.tick() => {
                    self.session.handle_timeout(Instant::now());
                    self.send_check().await?;
                }
                length = self.socket.recv(&mut datagram) => {
                    let length = length.map_err(Failure::machine)?;
                    self.take(&mut datagram[..length]);
                }
            }
        }
        self.drain().await
    }

    async fn drain(&mut self) -> Result<(), Failure> {
        while let Some(output) = self.session.poll_output() {
            match output {
                SessionOutput::Transmit(datagram) => {
                    self.socket.send(&datagram).await.map_err(Failure::machine)?;
                }
                SessionOutput::Connected { .. } => self.is_up = true,
                SessionOutput::Closed { reason } => {
                    let sentence = format!("a media connection closed: {}", reason.name());
                    return Err(Failure::server(sentence));
                }
            }
        }
        Ok(())
    }

    async fn send(&mut self, mut packet: Vec<u8>) -> Result<(), Failure> {
        self.session.seal_rtp(&mut packet).map_err(Failure::internal)?;
        self.counts.sent += 1;
        self.socket.send(&packet).await.map_err(Failure::machine)?;
        Ok(())
    }

    async fn send_check(&mut self) -> Result<(), Failure> {
        let check = self.check.next().map_err(Failure::internal)?;
        self.socket.send(&check).await.map_err(Failure::machine)?;
        Ok(())
    }

    fn take(&mut self, datagram: &mut [u8]) {
        // Answers to checks and checks of the server say nothing that is not known.
        if datagram.first().is_none_or(|first| *first < 4) {
            return;
        }
        let length = datagram.len() as u64;
        match self.session.receive(Instant::now(), datagram) {
            Received::Rtp(packet) => {
                self.counts.received_bytes += length;
                if let Ok(view) = RtpView::parse(packet) {
                    self.received.entry(view.ssrc()).or_default().take(view.sequence_number());
                }
            }
            Received::Rtcp(packet) => {
                for packet in RtcpPackets::new(packet).flatten() {
                    let is_feedback = packet.packet_type == packet_type::TRANSPORT_FEEDBACK;
                    if is_feedback && packet.count == TRANSPORT_WIDE_FEEDBACK {
                        self.counts.feedback += 1;
                    } else if let Some(Feedback::PictureLoss { ssrc }) = Feedback::parse(&packet) {
                        self.film.want_key_frame(ssrc);
                    }
                }
            }
            Received::Control | Received::Discarded(_) => {}
        }
    }

    fn counted(&self) -> Counts {
        let received = self.received.values().map(|stream| stream.received).sum();
        let lost = self.received.values().map(Stream::lost).sum();
        Counts { received, lost, ..self.counts }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

impl Stream {
    fn take(&mut self, sequence_number: u16) {
        let index = self.extender.extend(sequence_number);
        self.first.get_or_insert(index);
        self.received += 1;
    }

    fn lost(&self) -> u64 {
        let span = self.first.zip(self.extender.highest());
        span.map_or(0, |(first, newest)| (newest + 1 - first).saturating_sub(self.received))
    }
}

impl Counts {
    fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            received: self.received - before.received,
            received_bytes: self.received_bytes - before.received_bytes,
            lost: self.lost.saturating_sub(before.lost),
            feedback: self.feedback - before.feedback,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            received: self.received + other.received,
            received_bytes: self.received_bytes + other.received_bytes,
            lost: self.lost + other.lost,
            feedback: self.feedback + other.feedback,
        }
    }
}

impl Check {
    fn next(&mut self) -> Result<Vec<u8>, stun::Error> {
        self.made += 1;
        let mut message = Message { typ: BINDING_REQUEST, ..Message::default() };
        message.transaction_id.0[4..].copy_from_slice(&self.made.to_be_bytes());
        message.write_header();
        message.add(ATTR_USERNAME, self.username.as_bytes());
        message.add(ATTR_PRIORITY, &[0x6e, 0, 1, 0xff]);
        message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
        message.add(ATTR_USE_CANDIDATE, &[]);
        let integrity = MessageIntegrity::new_short_term_integrity(self.password.clone());
        integrity.add_to(&mut message)?;
        FINGERPRINT.add_to(&mut message)?;
        Ok(message.raw)
    }
}
