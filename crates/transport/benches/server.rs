//! The server with 2, 50 and 500 connections: a packet in, a packet out, a check, a handshake.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::ConnectionId;
use calling_transport::{
    Certificate, DtlsRole, IceCredentials, LiteConfig, LiteServer, LocalParams, RemoteParams,
    SecureSession, ServerOutput, ServerReceived, SessionConfig, SessionOutput,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use stun::attributes::{ATTR_PRIORITY, ATTR_USERNAME};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter};

struct World {
    now: Instant,
    server: LiteServer,
    clients: Vec<Client>,
}

struct Client {
    id: ConnectionId,
    address: SocketAddr,
    check: Vec<u8>,
    session: SecureSession,
    number: u16,
}

impl World {
    fn new(connections: u64) -> Self {
        let ours = Arc::new(Certificate::generate().expect("the system gives randomness"));
        let theirs = Arc::new(Certificate::generate().expect("the system gives randomness"));
        let mut config = LiteConfig::new(ours, Vec::new());
        config.consent_timeout = Duration::from_secs(1 << 40);
        #[expect(clippy::disallowed_methods, reason = "a bench begins at some instant")]
        let now = Instant::now();
        let mut world = Self { now, server: LiteServer::new(config, [1; 32]), clients: Vec::new() };
        for number in 0..connections {
            world.join(&theirs, number);
        }
        world
    }

    fn join(&mut self, certificate: &Arc<Certificate>, number: u64) {
        let id = ConnectionId(number);
        let credentials =
            IceCredentials::new("abcd", "p".repeat(22)).expect("the lengths are right");
        let fingerprint = certificate.fingerprint();
        let remote = RemoteParams { credentials, fingerprint, feedback_id: None };
        let local = self.server.open(self.now, id, remote).expect("the id is new");
        let address = SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 4_000));
        let config =
            SessionConfig::new(Arc::clone(certificate), DtlsRole::Active, local.fingerprint);
        let session = SecureSession::new(config, self.now);
        let mut client = Client { id, address, check: check(&local), session, number: 0 };
        let mut datagram = client.check.clone();
        self.server.handle_datagram(self.now, address, &mut datagram);
        while client.session.profile().is_none() {
            self.exchange(&mut client);
        }
        self.exchange(&mut client);
        self.clients.push(client);
    }

    fn exchange(&mut self, client: &mut Client) {
        while let Some(output) = client.session.poll_output() {
            if let SessionOutput::Transmit(mut datagram) = output {
                self.server.handle_datagram(self.now, client.address, &mut datagram);
            }
        }
        while let Some(output) = self.server.poll_output() {
            if let ServerOutput::Transmit { mut datagram, .. } = output {
                client.session.receive(self.now, &mut datagram);
            }
        }
    }
}

fn check(local: &LocalParams) -> Vec<u8> {
    let mut message = Message { typ: BINDING_REQUEST, ..Message::default() };
    message.write_header();
    message.add(ATTR_USERNAME, format!("{}:abcd", local.credentials.ufrag()).as_bytes());
    message.add(ATTR_PRIORITY, &[0, 0, 0, 1]);
    let password = local.credentials.pwd().to_owned();
    let integrity = MessageIntegrity::new_short_term_integrity(password);
    integrity.add_to(&mut message).expect("the order is right");
    FINGERPRINT.add_to(&mut message).expect("the order is right");
    message.raw
}

fn write(packet: &mut Vec<u8>, number: u16) {
    packet.clear();
    packet.extend_from_slice(&[0x80, 111]);
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 7]);
    packet.resize(172, 0x5a);
}

fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lite_server");
    for connections in [2, 50, 500] {
        let mut world = World::new(connections);
        let mut packet = Vec::with_capacity(256);
        let mut turn = 0;
        // The client's sealing is in this figure too.
        group.bench_function(BenchmarkId::new("client_seal_and_rtp_in", connections), |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % world.clients.len();
                let client = &mut world.clients[turn];
                client.number = client.number.wrapping_add(1);
                write(&mut packet, client.number);
                client.session.seal_rtp(&mut packet).expect("every number is new");
                let received = world.server.handle_datagram(world.now, client.address, &mut packet);
                assert!(matches!(received, ServerReceived::Rtp { .. }));
            });
        });
        let mut turn = 0;
        let mut number = 0_u64;
        group.bench_function(BenchmarkId::new("rtp_out", connections), |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % world.clients.len();
                if turn == 0 {
                    number += 1;
                }
                write(&mut packet, number as u16);
                black_box(world.server.seal_rtp(world.clients[turn].id, &mut packet))
            });
        });
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("check", connections), |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % world.clients.len();
                let client = &mut world.clients[turn];
                let mut datagram = client.check.clone();
                world.server.handle_datagram(world.now, client.address, &mut datagram);
                black_box(world.server.poll_output())
            });
        });
        let stranger = SocketAddr::from(([203, 0, 113, 1], 1));
        group.bench_function(BenchmarkId::new("rtp_of_a_stranger", connections), |bencher| {
            bencher.iter(|| {
                let received = world.server.handle_datagram(world.now, stranger, &mut packet);
                assert!(matches!(received, ServerReceived::Discarded(_)));
            });
        });
    }
    group.finish();
    criterion.bench_function("lite_server/both_sides_of_a_connection_set_up", |bencher| {
        let theirs = Arc::new(Certificate::generate().expect("the system gives randomness"));
        let mut world = World::new(0);
        let mut number = 0;
        bencher.iter(|| {
            number += 1;
            world.join(&theirs, number);
            let client = world.clients.pop().expect("it just joined");
            world.server.close(world.now, client.id);
            while world.server.poll_output().is_some() {}
        });
    });
}

criterion_group!(benches, scaling);
criterion_main!(benches);
