//! A guest's media: one socket, ICE as far as it has to be, DTLS-SRTP, and counting.

use std::collections::BTreeMap;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_transport::sdp::SessionDescription;
use calling_transport::{
    Certificate, DtlsRole, IceCredentials, Received, SecureSession, SessionConfig, SessionOutput,
};
use calling_wire::{Feedback, RtcpPackets, RtpView, SequenceExtender, packet_type};
use quinn_udp::{RecvMeta, UdpSocketState};
use rand::Rng;
use stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{MissedTickBehavior, interval_at};

use super::film::{self, FPS, Film, Sends};
use super::{Common, Phase};
use crate::exit::Failure;

/// Far within the 30 s after which a peer is taken for gone (RFC 7675 section 5.1).
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// What the kernel may join of what came.
const JOINED_BYTES: usize = 65_536;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The format of transport-wide feedback.
const TRANSPORT_WIDE_FEEDBACK: u8 = 15;

/// A guest's end of a media connection.
pub(super) struct Guest {
    socket: UdpSocket,
    joined: UdpSocketState,
    inbox: Vec<u8>,
    session: SecureSession,
    check: Check,
    film: Film,
    common: Common,
    is_up: bool,
    received: BTreeMap<u32, Stream>,
    counts: Counts,
}

/// What passed a guest.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Counts {
    pub(in super::super) sent: u64,
    pub(in super::super) received: u64,
    pub(in super::super) received_bytes: u64,
    pub(in super::super) lost: u64,
    /// That came after one sent later.
    pub(in super::super) reordered: u64,
    pub(in super::super) feedback: u64,
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
        common: Common,
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
            joined: UdpSocketState::new((&socket).into()).map_err(Failure::machine)?,
            inbox: vec![0; JOINED_BYTES],
            socket,
            session: SecureSession::new(config, Instant::now()),
            check: Check { username, password, made: 0 },
            film,
            common,
            is_up: false,
            received: BTreeMap::new(),
            counts: Counts::default(),
        };
        let up = tokio::time::timeout(CONNECT_WITHIN, guest.shake_hands()).await;
        up.map_err(|_| Failure::server("a media connection did not come up within ten seconds"))??;
        Ok(guest)
    }

    /// Sends and receives until the phase is over; what passed while it was measured.
    pub(super) async fn run(mut self) -> Result<Counts, Failure> {
        let mut pictures = every(Duration::from_secs(1) / FPS);
        let mut sounds = every(Duration::from_millis(20));
        let mut checks = every(CHECK_INTERVAL);
        let (sends, phase) = (self.film.sends, self.common.phase.clone());
        let mut before = None;
        loop {
            tokio::select! {
                due = pictures.tick(), if sends.is_some_and(Sends::has_pictures) => {
                    self.behind(due.into());
                    for packet in self.film.picture(self.common.began.elapsed()) {
                        self.send(packet).await?;
                    }
                }
                due = sounds.tick(), if sends.is_some() => {
                    self.behind(due.into());
                    let packet = self.film.sound(self.common.began.elapsed());
                    self.send(packet).await?;
                }
                _ = checks.tick() => {
                    self.session.handle_timeout(Instant::now());
                    self.send_check().await?;
                }
                ready = self.socket.readable() => {
                    ready.map_err(Failure::machine)?;
                    self.read()?;
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

    /// Reads what came, as it came: several datagrams joined to one where the kernel can.
    fn read(&mut self) -> Result<(), Failure> {
        let mut inbox = std::mem::take(&mut self.inbox);
        let mut meta = [RecvMeta::default()];
        let read = self.socket.try_io(Interest::READABLE, || {
            let mut slices = [IoSliceMut::new(&mut inbox)];
            self.joined.recv((&self.socket).into(), &mut slices, &mut meta)
        });
        match read {
            Ok(_) => {
                for datagram in inbox[..meta[0].len].chunks_mut(meta[0].stride.max(1)) {
                    self.take(datagram);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(Failure::machine(error)),
        }
        self.inbox = inbox;
        Ok(())
    }

    fn is_measured(&self) -> bool {
        *self.common.phase.borrow() == Phase::Measuring
    }

    /// Counts how much later than it should it is that something is sent.
    fn behind(&self, due: Instant) {
        if self.is_measured() {
            self.common.behind.count(due.elapsed());
        }
    }

    async fn shake_hands(&mut self) -> Result<(), Failure> {
        let mut ticks = every(Duration::from_millis(20));
        while !self.is_up {
            self.drain().await?;
            tokio::select! {
                _ = ticks.tick() => {
                    self.session.handle_timeout(Instant::now());
                    self.send_check().await?;
                }
                ready = self.socket.readable() => {
                    ready.map_err(Failure::machine)?;
                    self.read()?;
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
                    let stream = self.received.entry(view.ssrc()).or_default();
                    self.counts.reordered += u64::from(stream.take(view.sequence_number()));
                    let made = film::made_at(view.payload_type(), view.payload());
                    let passed = made.and_then(|at| self.common.began.elapsed().checked_sub(at));
                    if let Some(passed) = passed
                        && self.is_measured()
                    {
                        self.common.late.count(passed);
                    }
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

/// Begins at a moment of the period that is nobody else's, as people do.
fn every(period: Duration) -> tokio::time::Interval {
    let start = tokio::time::Instant::now() + period.mul_f64(rand::rng().random());
    let mut ticks = interval_at(start, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

impl Stream {
    /// Whether one sent later came before.
    fn take(&mut self, sequence_number: u16) -> bool {
        let newest = self.extender.highest();
        let index = self.extender.extend(sequence_number);
        self.first.get_or_insert(index);
        self.received += 1;
        newest.is_some_and(|newest| index < newest)
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
            reordered: self.reordered - before.reordered,
            feedback: self.feedback - before.feedback,
        }
    }

    pub(in super::super) fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            received: self.received + other.received,
            received_bytes: self.received_bytes + other.received_bytes,
            lost: self.lost + other.lost,
            reordered: self.reordered + other.reordered,
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
