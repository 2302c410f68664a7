//! Full clients against a server, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_model::ConnectionId;
use calling_testkit::Impairment;
use calling_transport::{CloseReason, DtlsVersions, IceCredentials, SrtpOffer, SrtpProfile};
use common::world::World;
use common::{certificate, rtcp, rtp};

fn clean() -> Impairment {
    Impairment { delay: Duration::from_millis(5), ..Default::default() }
}

#[test]
fn a_client_connects_and_media_flows_both_ways() {
    let mut world = World::connected(1);
    let id = world.clients[0].id;
    assert!(world.is_connected(id));
    let now = world.now;
    world.clients[0].send_rtp(now, rtp(7, 1, b"from the client"));
    world.run_for(50);
    assert_eq!(world.received_rtp, [(id, rtp(7, 1, b"from the client"))]);
    let mut packet = rtp(8, 1, b"from the server");
    let to = world.server.seal_rtp(id, &mut packet).unwrap();
    assert_eq!(to, world.clients[0].address);
    let now = world.now;
    world.clients[0].coming.send(now, packet);
    let mut packet = rtcp(8);
    assert_eq!(world.server.seal_rtcp(id, &mut packet), Ok(to));
    world.run_for(50);
    assert_eq!(world.clients[0].received_rtp, [rtp(8, 1, b"from the server")]);
    assert!(world.astray.is_empty());
}

#[test]
fn ice_restarts_while_media_flows() {
    let mut world = World::connected(3);
    let id = world.clients[0].id;
    let (now, before) = (world.now, world.server.local_params(id).unwrap());
    let stale = world.clients[0].check();
    let fresh = IceCredentials::new("afterwards", "n".repeat(24)).unwrap();
    let after = world.server.restart(now, id, fresh.clone()).unwrap();
    assert_ne!(before.credentials, after.credentials);
    assert_eq!(before.fingerprint, after.fingerprint);
    assert_eq!(world.server.local_params(id), Some(after.clone()));

    // The old path still carries media, both ways.
    world.clients[0].send_rtp(now, rtp(7, 1, b"meanwhile"));
    world.run_for(50);
    assert_eq!(world.received_rtp, [(id, rtp(7, 1, b"meanwhile"))]);
    assert!(world.server.seal_rtp(id, &mut rtp(8, 1, b"meanwhile")).is_ok());

    // What was known before the restart opens nothing any more.
    let answered = world.server.stats().checks_answered;
    world.clients[0].sent.send(world.now, stale.encode());
    world.run_for(50);
    assert_eq!(world.server.stats().checks_answered, answered);

    let client = &mut world.clients[0];
    (client.credentials, client.remote) = (fresh, after);
    world.run_for(6_000);
    assert!(world.is_connected(id), "consent is kept under the new credentials");
    assert!(world.server.stats().checks_answered > answered);
    assert!(world.server.restart(now, ConnectionId(9), before.credentials).is_none());
}

#[test]
fn clients_connect_over_bad_paths_for_many_seeds() {
    let storm = Impairment {
        delay: Duration::from_millis(40),
        jitter: Duration::from_millis(50),
        loss: 0.1,
        duplicate: 0.05,
        ..Default::default()
    };
    let mut world = World::new(2);
    for number in 0..60 {
        let index = world.join(&storm);
        let client = &mut world.clients[index];
        client.session_config.versions =
            [DtlsVersions::Any, DtlsVersions::Only12, DtlsVersions::Only13][number % 3];
        client.session_config.srtp_offer =
            [SrtpOffer::AeadFirst, SrtpOffer::Only(SrtpProfile::Aes128CmHmacSha1_80)]
                [number / 3 % 2];
    }
    world.run_for(28_000);
    for client in &world.clients {
        assert!(client.is_connected(), "{:?}: {:?}", client.address, client.session_config);
        assert!(world.is_connected(client.id));
        let expected = match client.session_config.srtp_offer {
            SrtpOffer::AeadFirst => SrtpProfile::AeadAes128Gcm,
            SrtpOffer::Only(profile) => profile,
        };
        assert_eq!(client.session.as_ref().unwrap().profile(), Some(expected));
    }
}

#[test]
fn a_thousand_connections() {
    let mut world = World::new(3);
    // One key pair for all clients: what is tried here is the server.
    let certificate = certificate();
    for _ in 0..1_000 {
        world.join_as(&clean(), certificate.clone(), None);
    }
    for _ in 0..4 {
        world.run_for(100);
    }
    assert!(world.clients.iter().all(|client| client.is_connected()));
    assert_eq!(world.server.stats().connections, 1_000);
    assert_eq!(world.server.stats().addresses, 1_000);
}

#[test]
fn a_client_that_falls_silent_is_gone_within_five_seconds() {
    let mut world = World::connected(4);
    let id = world.clients[0].id;
    world.run_for(20_000);
    assert_eq!(world.closed(id), None, "checks alone keep it alive");
    let silent_from = world.now;
    world.clients[0].check_at = None;
    world.clients[0].sent.clear();
    world.run_for(10_000);
    let (at, reason) = world.closed(id).unwrap();
    assert_eq!(reason, CloseReason::ConsentLost);
    assert!(at <= silent_from + Duration::from_secs(5), "{:?}", at - silent_from);
    assert_eq!(world.server.stats().connections, 0);
    assert_eq!(world.server.stats().addresses, 0);
    assert_eq!(world.server.poll_timeout(), None);
}
