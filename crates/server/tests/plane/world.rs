//! Clients around a media path, in virtual time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{RoomId, UserId};
use calling_server::media_plane::MediaPlane;
use calling_transport::{
    Certificate, DtlsRole, IceCredentials, LocalParams, Received, RemoteParams, SecureSession,
    SessionConfig, SessionOutput,
};
use stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter};

const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Bytes of sound in a packet: 20 ms of Opus at 32 kbit/s.
const PAYLOAD: [u8; 80] = [7; 80];

pub(crate) struct World {
    pub(crate) plane: MediaPlane,
    pub(crate) now: Instant,
    clients: Vec<Client>,
    next_check: Instant,
}

struct Client {
    room: RoomId,
    address: SocketAddr,
    certificate: Arc<Certificate>,
    credentials: IceCredentials,
    joined: Option<Joined>,
    silent: bool,
    sequence_number: u16,
    heard: usize,
}

struct Joined {
    local: LocalParams,
    session: SecureSession,
    connected: bool,
}

pub(crate) fn room(number: u32) -> RoomId {
    RoomId::new(number).unwrap()
}

fn ssrc(index: usize) -> u32 {
    0x1000 + u32::try_from(index).unwrap()
}

impl World {
    /// So many clients of one room, not connected yet.
    pub(crate) fn new(clients: usize) -> Self {
        Self::in_rooms(&vec![1; clients])
    }

    /// A client for each room named.
    pub(crate) fn in_rooms(rooms: &[u32]) -> Self {
        let certificate = Arc::new(Certificate::generate().unwrap());
        let bound = SocketAddr::from(([192, 0, 2, 1], 8081));
        let now = calling_testkit::epoch();
        let plane = MediaPlane::new(certificate, bound, calling_testkit::seed(1));
        let clients = rooms.iter().enumerate().map(|(index, id)| Client::new(index, room(*id)));
        Self { plane, now, clients: clients.collect(), next_check: now }
    }

    /// Has the server wait for a client.
    pub(crate) fn open(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let remote = RemoteParams {
            credentials: client.credentials.clone(),
            fingerprint: client.certificate.fingerprint(),
            feedback_id: None,
        };
        let user = UserId::new(format!("u{index}")).unwrap();
        let number = index as u64 + 1;
        let plane = &mut self.plane;
        let local = plane.connect(self.now, number, client.room, user, ssrc(index), remote);
        let local = local.unwrap();
        let certificate = Arc::clone(&client.certificate);
        let config = SessionConfig::new(certificate, DtlsRole::Active, local.fingerprint);
        let session = SecureSession::new(config, self.now);
        client.joined = Some(Joined { local, session, connected: false });
    }

    /// Brings every client up.
    pub(crate) fn connect_all(&mut self) {
        for index in 0..self.clients.len() {
            if self.clients[index].joined.is_none() {
                self.open(index);
            }
        }
        let up = |client: &Client| client.joined.as_ref().is_some_and(|joined| joined.connected);
        for _ in 0..200 {
            if self.clients.iter().all(up) {
                return;
            }
            self.pass(Duration::from_millis(10));
        }
        panic!("a client does not come up");
    }

    /// From now on a client sends nothing by itself.
    pub(crate) fn silence(&mut self, index: usize) {
        self.clients[index].silent = true;
    }

    /// One packet of sound from a client, protected; `None` if its session is over.
    pub(crate) fn packet(&mut self, index: usize) -> Option<(SocketAddr, Vec<u8>)> {
        let client = &mut self.clients[index];
        client.sequence_number = client.sequence_number.wrapping_add(1);
        let number = client.sequence_number;
        // With the audio level of RFC 6464 in a one-byte header extension (RFC 8285).
        let mut packet = vec![0x90, 111];
        packet.extend_from_slice(&number.to_be_bytes());
        packet.extend_from_slice(&(u32::from(number) * 960).to_be_bytes());
        packet.extend_from_slice(&ssrc(index).to_be_bytes());
        packet.extend_from_slice(&[0xbe, 0xde, 0, 1, 0x10, 30, 0, 0]);
        packet.extend_from_slice(&PAYLOAD);
        client.joined.as_mut()?.session.seal_rtp(&mut packet).ok()?;
        Some((client.address, packet))
    }

    pub(crate) fn say(&mut self, index: usize) {
        if let Some((source, mut packet)) = self.packet(index) {
            self.plane.receive(self.now, source, &mut packet);
        }
    }

    /// RTP packets a client has heard.
    pub(crate) fn heard(&self, index: usize) -> usize {
        self.clients[index].heard
    }

    /// Lets time pass, 10 ms at a time.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.exchange();
            self.now = (self.now + Duration::from_millis(10)).min(end);
            self.plane.handle_timeout(self.now);
            if let Some(due) = self.plane.poll_timeout() {
                assert!(due > self.now, "a deadline was handled but is still due");
            }
            for client in &mut self.clients {
                if let Some(joined) = &mut client.joined {
                    joined.session.handle_timeout(self.now);
                }
            }
        }
        self.exchange();
    }

    /// Carries what was sent, both ways, until nobody has anything to say.
    fn exchange(&mut self) {
        if self.now >= self.next_check {
            self.next_check = self.now + CHECK_INTERVAL;
            for client in self.clients.iter().filter(|client| !client.silent) {
                if let Some(mut check) = client.check(self.now) {
                    self.plane.receive(self.now, client.address, &mut check);
                }
            }
        }
        loop {
            let mut moved = false;
            for (to, mut datagram) in self.plane.take_sent() {
                moved = true;
                if let Some(client) = self.clients.iter_mut().find(|it| it.address == to) {
                    client.receive(self.now, &mut datagram);
                }
            }
            for client in &mut self.clients {
                for mut datagram in client.outgoing() {
                    moved = true;
                    self.plane.receive(self.now, client.address, &mut datagram);
                }
            }
            if !moved {
                return;
            }
        }
    }
}

impl Client {
    fn new(index: usize, room: RoomId) -> Self {
        let port = 4_000 + u16::try_from(index).unwrap();
        Self {
            room,
            address: SocketAddr::from(([198, 51, 100, 1], port)),
            certificate: Arc::new(Certificate::generate().unwrap()),
            credentials: IceCredentials::new(format!("client{index}"), "p".repeat(24)).unwrap(),
            joined: None,
            silent: false,
            sequence_number: 0,
            heard: 0,
        }
    }

    fn receive(&mut self, now: Instant, datagram: &mut [u8]) {
        let Some(joined) = self.joined.as_mut().filter(|_| datagram[0] >= 4) else { return };
        if let Received::Rtp(_) = joined.session.receive(now, datagram) {
            self.heard += 1;
        }
    }

    fn outgoing(&mut self) -> Vec<Vec<u8>> {
        let mut datagrams = Vec::new();
        let Some(joined) = &mut self.joined else { return datagrams };
        while let Some(output) = joined.session.poll_output() {
            match output {
                SessionOutput::Transmit(datagram) => datagrams.push(datagram),
                SessionOutput::Connected { .. } => joined.connected = true,
                SessionOutput::Closed { .. } => {}
            }
        }
        if self.silent { Vec::new() } else { datagrams }
    }

    /// A connectivity check that nominates (RFC 8445 section 7.2.4).
    fn check(&self, now: Instant) -> Option<Vec<u8>> {
        let joined = self.joined.as_ref()?;
        let mut message = Message { typ: BINDING_REQUEST, ..Message::default() };
        let transaction = (now - calling_testkit::epoch()).as_nanos().to_be_bytes();
        message.transaction_id.0.copy_from_slice(&transaction[4..]);
        message.write_header();
        let server = &joined.local.credentials;
        let username = format!("{}:{}", server.ufrag(), self.credentials.ufrag());
        message.add(ATTR_USERNAME, username.as_bytes());
        message.add(ATTR_PRIORITY, &[0x6e, 0, 1, 0xff]);
        message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
        message.add(ATTR_USE_CANDIDATE, &[]);
        let integrity = MessageIntegrity::new_short_term_integrity(server.pwd().to_owned());
        integrity.add_to(&mut message).unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        Some(message.raw)
    }
}
