//! Server-reflexive and relayed ways, through a STUN and TURN server started here.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use calling::{CandidateKind, Config, IceServer};
use calling_signaling::protocol::{Event, IceServersReply, Reply, Request};
use common::fake::{Fake, facts};
use common::{Person, World, soon};
use tokio::net::UdpSocket;
use turn::auth::{AuthHandler, generate_auth_key};
use turn::relay::relay_static::RelayAddressGeneratorStatic;
use turn::server::Server;
use turn::server::config::{ConnConfig, ServerConfig};
use webrtc_util::vnet::net::Net;

const REALM: &str = "test";

struct Keys(BTreeMap<&'static str, Vec<u8>>);

impl AuthHandler for Keys {
    fn auth_handle(&self, name: &str, _: &str, _: SocketAddr) -> Result<Vec<u8>, turn::Error> {
        self.0.get(name).cloned().ok_or(turn::Error::ErrFakeErr)
    }
}

/// A STUN and TURN server on loopback.
async fn turn_server() -> (Server, SocketAddr) {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = socket.local_addr().unwrap();
    let server = Server::new(ServerConfig {
        conn_configs: vec![ConnConfig {
            conn: socket,
            relay_addr_generator: Box::new(RelayAddressGeneratorStatic {
                relay_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                address: "127.0.0.1".to_owned(),
                net: Arc::new(Net::new(None)),
            }),
        }],
        realm: REALM.to_owned(),
        auth_handler: Arc::new(Keys(BTreeMap::from([(
            "caller",
            generate_auth_key("caller", REALM, "secret"),
        )]))),
        channel_bind_timeout: Duration::ZERO,
        alloc_close_notify: None,
    })
    .await
    .unwrap();
    (server, address)
}

fn through(mut config: Config, server: SocketAddr, kind: CandidateKind) -> Config {
    config.ice.host = false;
    config.ice.server_reflexive = kind == CandidateKind::ServerReflexive;
    config.ice.relay = kind == CandidateKind::Relayed;
    config.ice.servers = vec![IceServer {
        urls: vec![format!("stun:{server}"), format!("turn:{server}?transport=udp")],
        username: "caller".to_owned(),
        credential: "secret".to_owned(),
    }];
    config
}

async fn talks_through(kind: CandidateKind) {
    let world = World::new().await;
    let (server, address) = turn_server().await;
    let mut alice = Person::new(through(world.config("alice"), address, kind)).await;
    let mut bob = world.person("bob").await;
    alice.talk_with(&mut bob).await;
    assert_eq!(alice.engine.stats().await.unwrap().candidate, Some(kind));
    assert_eq!(bob.engine.stats().await.unwrap().candidate, Some(CandidateKind::Host));
    drop((alice, bob));
    server.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_through_a_reflexive_address() {
    talks_through(CandidateKind::ServerReflexive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_through_a_relay() {
    talks_through(CandidateKind::Relayed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_come_from_the_calling_server_and_useless_ones_do_no_harm() {
    let (server, address) = turn_server().await;
    let world = World::with(|config| {
        config.ice_servers = vec![IceServer {
            urls: vec![format!("turn:{address}?transport=udp")],
            username: "caller".to_owned(),
            credential: "secret".to_owned(),
        }];
    })
    .await;
    let mut config = through(world.config("alice"), address, CandidateKind::Relayed);
    config.ice.servers = vec![
        IceServer { urls: vec!["nonsense".into()], username: "".into(), credential: "".into() },
        IceServer {
            urls: vec!["turn:127.0.0.1:9".into()],
            username: "".into(),
            credential: "".into(),
        },
    ];
    let mut alice = Person::new(config).await;
    let mut bob = world.person("bob").await;
    alice.talk_with(&mut bob).await;
    let candidate = alice.engine.stats().await.unwrap().candidate;
    assert_eq!(candidate, Some(CandidateKind::Relayed));
    drop((alice, bob));
    server.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_expire_are_asked_for_anew_and_used() {
    let turn = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut fake = Fake::start().await;
    // By the time it is told, no time is left.
    fake.ice_expire_s = Some(0);
    let (mut script, mut bob) = tokio::join!(fake.sign_in(), Person::new(fake.config("bob")));
    let asked = script.request(|request| matches!(request, Request::GetIceServers {})).await;
    let named = IceServer {
        urls: vec![format!("turn:{}?transport=udp", turn.local_addr().unwrap())],
        username: "fresh".to_owned(),
        credential: "secret".to_owned(),
    };
    let told = IceServersReply { ice_servers: vec![named], ice_expire_s: None };
    script.reply(asked.id, Reply::IceServers(told)).await;
    script.event(Event::invited(facts(), 30_000)).await;
    bob.invited().await;
    // Media is prepared while it rings: with a place at the server that was named last.
    soon("a request to allocate", async {
        let mut datagram = [0; 1_500];
        loop {
            let (length, _) = turn.recv_from(&mut datagram).await.unwrap();
            // Allocate (RFC 8656 section 18.1); what asks for one's address comes as well.
            if length >= 20 && datagram[..2] == [0x00, 0x03] {
                break;
            }
        }
    })
    .await;
}
