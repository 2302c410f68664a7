//! A server and clients in virtual time, joined by seeded links.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::ConnectionId;
use calling_testkit::{Impairment, Link, seed};
use calling_transport::{
    Certificate, CloseReason, DtlsRole, Fingerprint, IceCredentials, LiteConfig, LiteServer,
    LocalParams, Received, RemoteParams, SecureSession, ServerOutput, ServerReceived,
    SessionConfig, SessionOutput,
};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::at;
use super::check::{Check, response_code};

pub fn client_address(number: u64) -> SocketAddr {
    let [.., a, b] = number.to_be_bytes();
    format!("198.51.{a}.{b}:40000").parse().unwrap()
}

pub fn server_config(certificate: &Arc<Certificate>) -> LiteConfig {
    LiteConfig::new(Arc::clone(certificate), vec!["192.0.2.1:3478".parse().unwrap()])
}

/// A full agent with one candidate, and the session on top.
pub struct Client {
    pub id: ConnectionId,
    pub address: SocketAddr,
    pub certificate: Arc<Certificate>,
    pub credentials: IceCredentials,
    pub remote: LocalParams,
    pub session: Option<SecureSession>,
    pub session_config: SessionConfig,
    pub nominated: bool,
    /// The next check; `None` once it fell silent.
    pub check_at: Option<Instant>,
    pub transaction: u64,
    pub events: Vec<SessionOutput>,
    pub sent: Link<Vec<u8>>,
    pub coming: Link<Vec<u8>>,
    pub received_rtp: Vec<Vec<u8>>,
    pub received_rtcp: Vec<Vec<u8>>,
    /// Requests of the server, unanswered.
    pub challenges: Vec<Vec<u8>>,
}

impl Client {
    pub fn check(&mut self) -> Check {
        self.transaction += 1;
        Check::new(&self.remote.credentials, &self.credentials, self.transaction)
    }

    fn handle(&mut self, now: Instant, datagram: &mut [u8]) {
        if datagram[..2] == [0, 1] {
            self.challenges.push(datagram.to_vec());
            return;
        }
        if datagram[0] < 4 {
            if response_code(datagram) == Some(0) && !self.nominated {
                self.nominated = true;
                self.session = Some(SecureSession::new(self.session_config.clone(), now));
                self.check_at = Some(now);
            }
            return;
        }
        let Some(session) = &mut self.session else { return };
        match session.receive(now, datagram) {
            Received::Rtp(packet) => self.received_rtp.push(packet.to_vec()),
            Received::Rtcp(packet) => self.received_rtcp.push(packet.to_vec()),
            Received::Control | Received::Discarded(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.check_at.is_some_and(|at| at <= now) {
            let check = self.check();
            let check = if self.nominated { check.nominate() } else { check };
            self.sent.send(now, check.encode());
            let pause = if self.nominated { 1_000 } else { 50 };
            self.check_at = Some(now + Duration::from_millis(pause));
        }
        if let Some(session) = &mut self.session {
            session.handle_timeout(now);
        }
    }

    fn drain(&mut self, now: Instant) {
        let Some(session) = &mut self.session else { return };
        while let Some(output) = session.poll_output() {
            match output {
                SessionOutput::Transmit(datagram) => self.sent.send(now, datagram),
                SessionOutput::Connected { .. } | SessionOutput::Closed { .. } => {
                    self.events.push(output);
                }
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let session = self.session.as_ref().and_then(SecureSession::poll_timeout);
        let links = [self.sent.next_arrival(), self.coming.next_arrival(), self.check_at];
        links.into_iter().flatten().chain(session.map(|(at, _)| at)).min()
    }

    pub fn is_connected(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.profile().is_some())
    }

    pub fn send_rtp(&mut self, now: Instant, mut packet: Vec<u8>) {
        self.session.as_mut().unwrap().seal_rtp(&mut packet).unwrap();
        self.sent.send(now, packet);
    }
}

pub struct World {
    pub now: Instant,
    pub server: LiteServer,
    pub clients: Vec<Client>,
    pub events: Vec<(Instant, ServerOutput)>,
    pub received_rtp: Vec<(ConnectionId, Vec<u8>)>,
    pub by_address: BTreeMap<SocketAddr, usize>,
    /// What the server sent to addresses nobody has.
    pub astray: Vec<(SocketAddr, Vec<u8>)>,
}

impl World {
    pub fn new(number: u64) -> Self {
        Self::with_config(server_config(&super::certificate()), number)
    }

    pub fn with_config(config: LiteConfig, number: u64) -> Self {
        Self {
            now: at(0),
            server: LiteServer::new(config, seed(number)),
            clients: Vec::new(),
            events: Vec::new(),
            received_rtp: Vec::new(),
            by_address: BTreeMap::new(),
            astray: Vec::new(),
        }
    }

    pub fn join(&mut self, impairment: &Impairment) -> usize {
        self.join_as(impairment, super::certificate(), None)
    }

    /// `announced` is what the server is told instead of the true fingerprint.
    pub fn join_as(
        &mut self,
        impairment: &Impairment,
        certificate: Arc<Certificate>,
        announced: Option<Fingerprint>,
    ) -> usize {
        let number = self.clients.len() as u64;
        let id = ConnectionId(1_000 + number);
        let mut rng = ChaCha12Rng::from_seed(seed(77_000 + number));
        let credentials = IceCredentials::generate(&mut rng);
        let fingerprint = announced.unwrap_or(certificate.fingerprint());
        let remote =
            RemoteParams { credentials: credentials.clone(), fingerprint, feedback_id: None };
        let remote = self.server.open(self.now, id, remote).unwrap();
        let address = client_address(number);
        let session_config =
            SessionConfig::new(Arc::clone(&certificate), DtlsRole::Active, remote.fingerprint);
        self.by_address.insert(address, self.clients.len());
        self.clients.push(Client {
            id,
            address,
            certificate,
            credentials,
            remote,
            session: None,
            session_config,
            nominated: false,
            check_at: Some(self.now),
            transaction: number << 32,
            events: Vec::new(),
            sent: Link::new(impairment.clone(), number * 2 + 1),
            coming: Link::new(impairment.clone(), number * 2 + 2),
            received_rtp: Vec::new(),
            received_rtcp: Vec::new(),
            challenges: Vec::new(),
        });
        self.clients.len() - 1
    }

    /// One client, connected over a clean path.
    pub fn connected(number: u64) -> Self {
        let mut world = Self::new(number);
        world.join(&Impairment { delay: Duration::from_millis(5), ..Default::default() });
        world.run_for(500);
        assert!(world.clients[0].is_connected());
        assert!(world.server.path(world.clients[0].id).is_some());
        world
    }

    pub fn run_for(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        self.drain();
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
            self.drain();
        }
        self.now = end;
    }

    fn next(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter_map(Client::next);
        clients.chain(self.server.poll_timeout().map(|(at, _)| at)).min()
    }

    fn step(&mut self) {
        let now = self.now;
        for index in 0..self.clients.len() {
            while let Some((_, mut datagram)) = self.clients[index].sent.receive(now) {
                let source = self.clients[index].address;
                self.deliver(source, &mut datagram);
            }
            while let Some((_, mut datagram)) = self.clients[index].coming.receive(now) {
                self.clients[index].handle(now, &mut datagram);
            }
            self.clients[index].handle_timeout(now);
        }
        self.server.handle_timeout(now);
        if let Some((next, reason)) = self.server.poll_timeout() {
            assert!(next > now, "{reason:?} is still due after it was handled");
        }
    }

    /// Gives a datagram to the server at once; tells what was counted if it was discarded.
    pub fn deliver(&mut self, source: SocketAddr, datagram: &mut [u8]) -> Option<&'static str> {
        match self.server.handle_datagram(self.now, source, datagram) {
            ServerReceived::Rtp { connection, packet } => {
                self.received_rtp.push((connection, packet.to_vec()));
                None
            }
            ServerReceived::Rtcp { .. } | ServerReceived::Control => None,
            ServerReceived::Discarded(discard) => Some(discard.reason()),
        }
    }

    /// Gives a datagram to the server and takes every datagram it sends in answer.
    pub fn answers(&mut self, source: SocketAddr, datagram: &[u8]) -> Vec<(SocketAddr, Vec<u8>)> {
        self.drain();
        self.deliver(source, &mut datagram.to_vec());
        let mut answers = Vec::new();
        while let Some(output) = self.server.poll_output() {
            if let ServerOutput::Transmit { to, datagram } = output {
                answers.push((to, datagram));
            } else {
                self.events.push((self.now, output));
            }
        }
        answers
    }

    pub fn drain(&mut self) {
        let now = self.now;
        for client in &mut self.clients {
            client.drain(now);
        }
        while let Some(output) = self.server.poll_output() {
            match output {
                ServerOutput::Transmit { to, datagram } => match self.by_address.get(&to) {
                    Some(index) => self.clients[*index].coming.send(now, datagram),
                    None => self.astray.push((to, datagram)),
                },
                ServerOutput::PathValidated { .. }
                | ServerOutput::Connected { .. }
                | ServerOutput::Closed { .. } => self.events.push((now, output)),
            }
        }
    }

    pub fn closed(&self, id: ConnectionId) -> Option<(Instant, CloseReason)> {
        self.events.iter().find_map(|(at, output)| {
            let ServerOutput::Closed { connection, reason } = output else { return None };
            (*connection == id).then_some((*at, *reason))
        })
    }

    pub fn is_connected(&self, id: ConnectionId) -> bool {
        self.events.iter().any(|(_, output)| {
            matches!(output, ServerOutput::Connected { connection, .. } if *connection == id)
        })
    }

    pub fn discards(&self, reason: &str) -> u64 {
        self.server.stats().discards.get(reason).copied().unwrap_or_default()
    }
}
