//! What strangers, and clients that misbehave, do to a server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use calling_model::ConnectionId;
use calling_testkit::Impairment;
use calling_transport::{
    CloseReason, DtlsRole, DtlsVersions, IceCredentials, OpenError, RemoteParams, SealError,
    SecureSession, SessionConfig, SessionOutput,
};
use common::check::{decode, response_code};
use common::world::{World, client_address, server_config};
use common::{certificate, rtp};
use stun::attributes::{ATTR_UNKNOWN_ATTRIBUTES, ATTR_USE_CANDIDATE, AttrType};
use stun::message::{BINDING_ERROR, BINDING_SUCCESS, Message, Setter};
use stun::xoraddr::XorMappedAddress;

fn clean() -> Impairment {
    Impairment { delay: Duration::from_millis(5), ..Default::default() }
}

fn stranger() -> SocketAddr {
    "203.0.113.66:6666".parse().unwrap()
}

/// A world whose one client has not begun.
fn waiting(number: u64) -> World {
    let mut world = World::new(number);
    world.join(&clean());
    world.clients[0].check_at = None;
    world
}

/// The ClientHello of somebody whose certificate nobody announced.
fn foreign_hello(world: &World) -> Vec<u8> {
    let config =
        SessionConfig::new(certificate(), DtlsRole::Active, world.clients[0].remote.fingerprint);
    let mut session = SecureSession::new(config, world.now);
    match session.poll_output() {
        Some(SessionOutput::Transmit(hello)) => hello,
        other => panic!("{other:?}"),
    }
}

// STUN

#[test]
fn nothing_unauthenticated_is_answered() {
    let mut world = waiting(1);
    let good = world.clients[0].check();
    let mut wrong_password = good.clone();
    wrong_password.password = Some("x".repeat(24));
    let mut no_password = good.clone();
    no_password.password = None;
    let mut no_username = good.clone();
    no_username.username = None;
    let mut no_fingerprint = good.clone();
    no_fingerprint.fingerprint = false;
    let mut wrong_ufrag = good.clone();
    wrong_ufrag.username = Some("AAAAAAAA:BBBBBBBB".into());
    let mut wrong_remote = good.clone();
    wrong_remote.username =
        Some(format!("{}:BBBBBBBB", world.clients[0].remote.credentials.ufrag()));
    let mut no_colon = good.clone();
    no_colon.username = Some(world.clients[0].remote.credentials.ufrag().to_owned());
    let mut unknown_and_forged = wrong_password.clone();
    unknown_and_forged.attributes.push((AttrType(0x1234), vec![0; 4]));
    for (check, reason) in [
        (wrong_password.clone(), "stun_integrity"),
        (no_password, "stun_integrity"),
        (no_username, "stun_unknown_user"),
        (no_fingerprint, "stun_fingerprint"),
        (wrong_ufrag, "stun_unknown_user"),
        (wrong_remote, "stun_unknown_user"),
        (no_colon, "stun_unknown_user"),
        (unknown_and_forged, "stun_integrity"),
        (wrong_password.controlled(), "stun_integrity"),
    ] {
        let before = world.discards(reason);
        let answers = world.answers(client_address(0), &check.encode());
        let bytes: usize = answers.iter().map(|(_, datagram)| datagram.len()).sum();
        assert_eq!(bytes, 0, "{reason}");
        assert_eq!(world.discards(reason), before + 1, "{reason}");
    }
    assert_eq!(world.server.stats().addresses, 0, "nothing was learned");
    assert_eq!(world.server.path(world.clients[0].id), None);
    assert_eq!(world.answers(client_address(0), &good.encode()).len(), 1, "the true one is");
}

#[test]
fn responses_indications_and_other_methods_are_not_answered() {
    let mut world = waiting(2);
    for kind in [0x0101_u16, 0x0111, 0x0011, 0x0003, 0x0103] {
        let mut check = world.clients[0].check();
        check.kind.read_value(kind);
        assert!(world.answers(client_address(0), &check.encode()).is_empty(), "{kind:04x}");
    }
    assert_eq!(world.server.stats().addresses, 0);
}

#[test]
fn a_success_response_is_complete_and_no_longer_than_the_check() {
    for source in ["198.51.0.9:4000", "[2001:db8::9]:4000"] {
        let source: SocketAddr = source.parse().unwrap();
        let mut world = waiting(3);
        let check = world.clients[0].check();
        let answers = world.answers(source, &check.encode());
        let [(to, datagram)] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(*to, source);
        assert!(datagram.len() <= check.encode().len());
        let message = decode(datagram).unwrap();
        assert_eq!(message.typ, BINDING_SUCCESS);
        assert_eq!(message.transaction_id, decode(&check.encode()).unwrap().transaction_id);
        let mut mapped = XorMappedAddress::default();
        stun::message::Getter::get_from(&mut mapped, &message).unwrap();
        assert_eq!((mapped.ip, mapped.port), (source.ip(), source.port()));
        let password = world.clients[0].remote.credentials.pwd().to_owned();
        let integrity = stun::integrity::MessageIntegrity::new_short_term_integrity(password);
        integrity.check(&mut message.clone()).unwrap();
        stun::fingerprint::FINGERPRINT.check(&message).unwrap();
    }
}

#[test]
fn unknown_attributes_are_refused_with_420_to_the_authenticated() {
    let mut world = waiting(4);
    let check = world.clients[0].check().with(AttrType(0x1234), &[1, 2, 3]);
    let answers = world.answers(client_address(0), &check.encode());
    let [(_, datagram)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(response_code(datagram), Some(420));
    let unknown = decode(datagram).unwrap().get(ATTR_UNKNOWN_ATTRIBUTES).unwrap();
    assert_eq!(unknown, [0x12, 0x34]);
    assert!(datagram.len() <= check.encode().len());
    assert_eq!(world.server.stats().addresses, 0, "a refused check validates nothing");
    // What need not be understood is passed over.
    let check = world.clients[0].check().with(AttrType(0xc057), &[0, 1, 0, 50]);
    let answers = world.answers(client_address(0), &check.encode());
    assert_eq!(response_code(&answers[0].1), Some(0));
}

#[test]
fn a_storm_of_role_conflicts_is_answered_with_487_and_teaches_nothing() {
    let mut world = waiting(5);
    for _ in 0..1_000 {
        let check = world.clients[0].check().controlled().nominate();
        let answers = world.answers(client_address(0), &check.encode());
        let [(_, datagram)] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(decode(datagram).unwrap().typ, BINDING_ERROR);
        assert_eq!(response_code(datagram), Some(487));
        assert!(datagram.len() <= check.encode().len());
    }
    assert_eq!(world.server.stats().addresses, 0);
    assert_eq!(world.server.path(world.clients[0].id), None);
    // Once it took the controlling role it is served.
    let check = world.clients[0].check();
    assert_eq!(response_code(&world.answers(client_address(0), &check.encode())[0].1), Some(0));
}

#[test]
fn a_nomination_added_on_the_way_does_not_count() {
    let mut world = World::connected(6);
    let id = world.clients[0].id;
    let mut check = world.clients[0].check();
    check.after_integrity = vec![(ATTR_USE_CANDIDATE, vec![])];
    let answers = world.answers(stranger(), &check.encode());
    // Answered, since the check itself is authentic; but nobody is asked to become the path.
    assert_eq!(answers.len(), 1);
    assert_eq!(world.server.path(id), Some(client_address(0)));
}

// Addresses

#[test]
fn a_stranger_with_srtp_or_dtls_is_discarded_and_never_latched_on() {
    let mut world = World::connected(7);
    let id = world.clients[0].id;
    let mut genuine = rtp(7, 1, b"speech");
    world.clients[0].session.as_mut().unwrap().seal_rtp(&mut genuine).unwrap();
    let hello = foreign_hello(&world);
    for datagram in [genuine.clone(), rtp(7, 2, b"in plain"), vec![0x80; 40], hello] {
        assert!(world.answers(stranger(), &datagram).is_empty());
        assert_eq!(world.server.path(id), Some(client_address(0)));
    }
    assert_eq!(world.discards("unknown_source"), 4);
    assert!(world.received_rtp.is_empty());
    // The genuine packet is still good from where it belongs.
    assert_eq!(world.deliver(client_address(0), &mut genuine), None);
    assert_eq!(world.received_rtp.len(), 1);
}

#[test]
fn media_does_not_move_the_path_but_a_proven_nomination_does() {
    let mut world = World::connected(8);
    let id = world.clients[0].id;
    let elsewhere: SocketAddr = "198.51.7.7:7".parse().unwrap();
    // A second address, checked but not nominated: media may come from it, none goes to it.
    let check = world.clients[0].check();
    assert_eq!(world.answers(elsewhere, &check.encode()).len(), 1);
    let mut packet = rtp(7, 1, b"speech");
    world.clients[0].session.as_mut().unwrap().seal_rtp(&mut packet).unwrap();
    assert_eq!(world.deliver(elsewhere, &mut packet), None);
    assert_eq!(world.server.path(id), Some(client_address(0)));
    // Nominated: it is asked, and moved to when it answers.
    let check = world.clients[0].check().nominate();
    let answers = world.answers(elsewhere, &check.encode());
    let [(_, response), (to, challenge)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(response_code(response), Some(0));
    assert_eq!(*to, elsewhere);
    assert_eq!(world.server.path(id), Some(client_address(0)), "not before it proved itself");
    let proof = prove(challenge, world.clients[0].credentials.pwd());
    assert!(world.answers(elsewhere, &proof).is_empty());
    assert_eq!(world.server.path(id), Some(elsewhere));
    let mut packet = rtp(8, 1, b"speech");
    assert_eq!(world.server.seal_rtp(id, &mut packet), Ok(elsewhere));
}

/// A full agent's answer to a check of the server.
fn prove(challenge: &[u8], password: &str) -> Vec<u8> {
    let mut message = Message { typ: BINDING_SUCCESS, ..Message::default() };
    message.transaction_id = decode(challenge).unwrap().transaction_id;
    message.write_header();
    XorMappedAddress { ip: "192.0.2.1".parse().unwrap(), port: 3478 }.add_to(&mut message).unwrap();
    let integrity =
        stun::integrity::MessageIntegrity::new_short_term_integrity(password.to_owned());
    integrity.add_to(&mut message).unwrap();
    stun::fingerprint::FINGERPRINT.add_to(&mut message).unwrap();
    message.raw
}

#[test]
fn a_victims_address_on_a_check_of_a_client_draws_no_media() {
    let mut world = World::connected(9);
    let id = world.clients[0].id;
    let victim: SocketAddr = "192.0.2.200:53".parse().unwrap();
    for round in 0..20 {
        // The attacker knows its own password but cannot read what the victim is sent.
        let check = world.clients[0].check().nominate();
        let sent = check.encode().len();
        let answers = world.answers(victim, &check.encode());
        let drawn: usize = answers.iter().map(|(_, datagram)| datagram.len()).sum();
        assert!(drawn <= 2 * sent, "drew {drawn} bytes for {sent}");
        let forged = prove(&check.encode(), world.clients[0].credentials.pwd());
        assert!(world.answers(victim, &forged).is_empty());
        assert_ne!(world.server.path(id), Some(victim), "round {round}");
        world.run_for(300);
    }
    // Nor when it gives up its own address.
    world.clients[0].check_at = None;
    world.clients[0].sent.clear();
    for _ in 0..12 {
        let check = world.clients[0].check();
        world.answers(victim, &check.encode());
        world.run_for(500);
        assert_ne!(world.server.path(id), Some(victim));
    }
    assert_eq!(world.server.path(id), None, "its own address was not heard from");
    assert_eq!(world.server.seal_rtp(id, &mut rtp(8, 1, b"speech")), Err(SealError::NoPath));
}

#[test]
fn a_client_cannot_take_another_ones_address() {
    let mut world = World::new(10);
    world.join(&clean());
    world.join(&clean());
    world.run_for(500);
    let victims = world.clients[0].address;
    let check = world.clients[1].check().nominate();
    assert!(world.answers(victims, &check.encode()).is_empty());
    assert_eq!(world.discards("stun_address_taken"), 1);
    let now = world.now;
    world.clients[0].send_rtp(now, rtp(7, 1, b"speech"));
    world.run_for(50);
    assert_eq!(world.received_rtp, [(world.clients[0].id, rtp(7, 1, b"speech"))]);
}

#[test]
fn an_address_is_free_again_once_its_owner_is_gone() {
    let mut world = World::new(11);
    world.join(&clean());
    world.join(&clean());
    world.run_for(500);
    world.server.close(world.now, world.clients[0].id);
    let check = world.clients[1].check();
    assert_eq!(world.answers(client_address(0), &check.encode()).len(), 1);
    assert_eq!(world.server.stats().addresses, 2);
}

#[test]
fn addresses_of_one_client_are_bounded_and_its_path_stays() {
    let mut world = World::connected(12);
    for port in 1..2_000 {
        let source = SocketAddr::new("198.51.9.9".parse().unwrap(), port);
        let check = world.clients[0].check();
        assert_eq!(world.answers(source, &check.encode()).len(), 1);
    }
    assert_eq!(world.server.stats().addresses, 8);
    assert_eq!(world.server.path(world.clients[0].id), Some(client_address(0)));
}

#[test]
fn a_lost_address_is_replaced_by_one_that_is_alive() {
    let mut world = World::connected(13);
    let id = world.clients[0].id;
    // The client's NAT gave it another port: what it sends comes from elsewhere from now on, and
    // what is sent to the old port is lost.
    let moved: SocketAddr = "198.51.0.0:50000".parse().unwrap();
    world.by_address = [(moved, 0)].into();
    world.clients[0].address = moved;
    // The test client answers no challenge, so do it for it.
    let mut recovered_after = None;
    for tenth in 0..60 {
        world.run_for(100);
        let challenges: Vec<_> = std::mem::take(&mut world.clients[0].challenges);
        for challenge in challenges {
            let proof = prove(&challenge, world.clients[0].credentials.pwd());
            world.answers(moved, &proof);
        }
        if world.server.path(id) == Some(moved) {
            recovered_after = Some(tenth);
            break;
        }
    }
    assert!(recovered_after.is_some_and(|tenths| tenths <= 40), "{recovered_after:?}");
    assert_eq!(world.closed(id), None);
}

// DTLS

#[test]
fn a_client_hello_from_elsewhere_does_not_disturb_the_handshake() {
    // CVE-2023-49786 and its kin: an attacker who is faster than the client.
    let mut world = World::new(14);
    world.join(&clean());
    let hello = foreign_hello(&world);
    for _ in 0..40 {
        assert!(world.answers(stranger(), &hello).is_empty());
        world.run_for(5);
    }
    world.run_for(300);
    assert_eq!(world.discards("unknown_source"), 40);
    assert!(world.clients[0].is_connected());
    assert_eq!(world.closed(world.clients[0].id), None);
}

#[test]
fn a_client_hello_before_the_first_check_is_discarded() {
    let mut world = waiting(15);
    let hello = foreign_hello(&world);
    assert!(world.answers(client_address(0), &hello).is_empty());
    assert_eq!(world.discards("unknown_source"), 1);
}

#[test]
fn the_wrong_certificate_of_a_client_ends_the_connection_unserved() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut world = World::new(16);
        let announced = certificate().fingerprint();
        world.join_as(&clean(), certificate(), Some(announced));
        world.clients[0].session_config.versions = versions;
        world.run_for(1_000);
        let id = world.clients[0].id;
        let (_, reason) = world.closed(id).unwrap();
        assert_eq!(reason, CloseReason::FingerprintMismatch, "{versions:?}");
        assert!(!world.is_connected(id));
        assert_eq!(
            world.server.seal_rtp(id, &mut rtp(8, 1, b"speech")),
            Err(SealError::UnknownConnection)
        );
    }
}

#[test]
fn the_wrong_certificate_of_the_server_ends_the_session_of_the_client() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut world = World::new(17);
        world.join(&clean());
        world.clients[0].session_config.versions = versions;
        world.clients[0].session_config.remote_fingerprint = certificate().fingerprint();
        world.run_for(1_000);
        let reason = CloseReason::FingerprintMismatch;
        assert_eq!(world.clients[0].events, [SessionOutput::Closed { reason }], "{versions:?}");
        assert!(!world.is_connected(world.clients[0].id), "the client never finished");
    }
}

#[test]
fn repeated_client_hellos_draw_a_bounded_answer() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut world = waiting(18);
        let check = world.clients[0].check().nominate();
        world.answers(client_address(0), &check.encode());
        let mut config = world.clients[0].session_config.clone();
        config.versions = versions;
        let mut session = SecureSession::new(config, world.now);
        let Some(SessionOutput::Transmit(hello)) = session.poll_output() else { panic!() };
        let mut drawn = 0;
        for _ in 0..1_000 {
            let answers = world.answers(client_address(0), &hello);
            drawn += answers.iter().map(|(_, datagram)| datagram.len()).sum::<usize>();
        }
        assert!(drawn < 20_000, "{versions:?}: {drawn} bytes");
    }
}

#[test]
fn garbage_from_the_clients_own_address_does_not_keep_it_from_connecting() {
    for (number, versions) in [(19, DtlsVersions::Only12), (20, DtlsVersions::Only13)] {
        let mut world = waiting(number);
        world.clients[0].session_config.versions = versions;
        let check = world.clients[0].check();
        world.answers(client_address(0), &check.encode());
        for (kind, fill) in [(20_u8, 0), (21, 2), (22, 1), (22, 0xff), (23, 7), (25, 9), (47, 0)] {
            let mut datagram = vec![kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 40];
            datagram.resize(53, fill);
            world.deliver(client_address(0), &mut datagram);
        }
        world.clients[0].check_at = Some(world.now);
        world.run_for(1_000);
        assert!(world.clients[0].is_connected(), "{versions:?}");
    }
}

#[test]
fn garbage_of_all_kinds_leaves_a_connected_session_alone() {
    let mut world = World::connected(21);
    for kind in 0..=255_u8 {
        for len in [1, 2, 12, 13, 25, 60, 200] {
            let mut datagram = vec![kind; len];
            if let Some(length) = datagram.get_mut(11..13) {
                let body = len.saturating_sub(13) as u16;
                length.copy_from_slice(&body.to_be_bytes());
            }
            world.deliver(client_address(0), &mut datagram);
        }
    }
    let now = world.now;
    world.clients[0].send_rtp(now, rtp(7, 1, b"speech"));
    world.run_for(50);
    assert_eq!(world.received_rtp.len(), 1);
    assert_eq!(world.closed(world.clients[0].id), None);
}

#[test]
fn an_unprotected_alert_does_not_end_a_session() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut world = World::new(22);
        world.join(&clean());
        world.clients[0].session_config.versions = versions;
        world.run_for(500);
        for (level, description) in [(1, 0), (2, 40), (2, 0)] {
            let mut alert = vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, level, description];
            world.deliver(client_address(0), &mut alert);
        }
        world.run_for(100);
        assert_eq!(world.closed(world.clients[0].id), None, "{versions:?}");
    }
}

#[test]
fn a_goodbye_of_the_client_ends_the_connection() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut world = World::new(23);
        world.join(&clean());
        world.clients[0].session_config.versions = versions;
        world.run_for(500);
        let now = world.now;
        world.clients[0].session.as_mut().unwrap().close(now);
        world.run_for(50);
        let (_, reason) = world.closed(world.clients[0].id).unwrap();
        assert_eq!(reason, CloseReason::PeerClosed, "{versions:?}");
    }
}

#[test]
fn closing_a_connection_says_goodbye_to_the_client() {
    let mut world = World::connected(24);
    let id = world.clients[0].id;
    world.server.close(world.now, id);
    world.run_for(50);
    let reason = CloseReason::PeerClosed;
    assert!(world.clients[0].events.contains(&SessionOutput::Closed { reason }));
    assert_eq!(world.closed(id), None, "its owner knows already");
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn a_client_that_never_shakes_hands_is_dropped_in_time() {
    let mut world = waiting(25);
    let id = world.clients[0].id;
    let opened = world.now;
    for _ in 0..400 {
        let check = world.clients[0].check();
        world.answers(client_address(0), &check.encode());
        world.run_for(100);
    }
    let (at, reason) = world.closed(id).unwrap();
    assert_eq!(reason, CloseReason::HandshakeTimeout);
    assert_eq!(at, opened + Duration::from_secs(30));
}

// SRTP

#[test]
fn a_thousand_bad_tags_only_count() {
    let mut world = World::connected(26);
    for number in 0..1_000 {
        let mut forged = rtp(7, number, b"not the client's speech, and no tag");
        let reason = world.deliver(client_address(0), &mut forged);
        assert_eq!(reason, Some("srtp_authentication"));
    }
    assert_eq!(world.discards("srtp_authentication"), 1_000);
    let now = world.now;
    world.clients[0].send_rtp(now, rtp(7, 1, b"speech"));
    world.run_for(50);
    assert_eq!(world.received_rtp.len(), 1);
}

#[test]
fn bad_tags_do_not_refresh_consent() {
    let mut world = World::connected(27);
    let id = world.clients[0].id;
    world.clients[0].check_at = None;
    world.clients[0].sent.clear();
    for number in 0..60 {
        world.run_for(100);
        world.deliver(client_address(0), &mut rtp(7, number, b"forged, forged, forged"));
    }
    assert_eq!(world.closed(id).map(|(_, reason)| reason), Some(CloseReason::ConsentLost));
}

#[test]
fn media_alone_refreshes_consent() {
    let mut world = World::connected(28);
    world.clients[0].check_at = None;
    for number in 0..500 {
        let now = world.now;
        world.clients[0].send_rtp(now, rtp(7, number, b"speech"));
        world.run_for(20);
    }
    assert_eq!(world.closed(world.clients[0].id), None);
    assert_eq!(world.received_rtp.len(), 500);
}

#[test]
fn nothing_is_sent_to_a_path_whose_consent_expired_even_if_timeouts_come_late() {
    let mut world = World::connected(29);
    let id = world.clients[0].id;
    let check = world.clients[0].check();
    let mut late = rtp(7, 1, b"speech");
    world.clients[0].session.as_mut().unwrap().seal_rtp(&mut late).unwrap();
    world.now += Duration::from_secs(6);
    // The first the server hears of the time is an unrelated datagram.
    world.deliver(stranger(), &mut [0x80, 0, 0, 0]);
    assert_eq!(
        world.server.seal_rtp(id, &mut rtp(8, 1, b"speech")),
        Err(SealError::UnknownConnection)
    );
    // Nor does what comes later revive it.
    assert_eq!(world.deliver(client_address(0), &mut late), Some("unknown_source"));
    assert!(world.answers(client_address(0), &check.encode()).is_empty());
    assert_eq!(world.closed(id).map(|(_, reason)| reason), Some(CloseReason::ConsentLost));
}

// Limits and misuse

#[test]
fn connections_are_limited_and_ids_are_unique() {
    let mut config = server_config(&certificate());
    config.max_connections = 2;
    let mut world = World::with_config(config, 30);
    world.join(&clean());
    world.join(&clean());
    let remote = RemoteParams {
        credentials: IceCredentials::new("abcd", "p".repeat(22)).unwrap(),
        fingerprint: certificate().fingerprint(),
        feedback_id: None,
    };
    let now = world.now;
    let taken = world.clients[0].id;
    assert_eq!(world.server.open(now, taken, remote.clone()), Err(OpenError::AlreadyOpen(taken)));
    assert_eq!(
        world.server.open(now, ConnectionId(9), remote.clone()),
        Err(OpenError::TooManyConnections(2))
    );
    world.server.close(now, taken);
    assert!(world.server.open(now, ConnectionId(9), remote).is_ok());
    world.server.close(now, ConnectionId(404));
}

#[test]
fn an_owner_that_does_not_poll_costs_bounded_memory() {
    let mut world = waiting(31);
    for _ in 0..10_000 {
        let check = world.clients[0].check().encode();
        world.deliver(client_address(0), &mut check.clone());
    }
    assert!(world.server.stats().outputs_dropped > 5_000);
    let mut outputs = 0;
    while world.server.poll_output().is_some() {
        outputs += 1;
    }
    assert!(outputs <= 4_100, "{outputs}");
}

#[test]
fn time_that_goes_back_is_harmless() {
    let mut world = World::connected(32);
    let id = world.clients[0].id;
    let past = world.now.checked_sub(Duration::from_millis(400)).unwrap();
    let mut packet = rtp(7, 1, b"speech");
    world.clients[0].session.as_mut().unwrap().seal_rtp(&mut packet).unwrap();
    world.server.handle_datagram(past, client_address(0), &mut packet);
    world.server.handle_timeout(past);
    assert_eq!(world.server.path(id), Some(client_address(0)));
    assert_eq!(world.closed(id), None);
}

#[test]
fn the_same_seed_gives_the_same_credentials() {
    let certificate = certificate();
    let credentials = |number| {
        let mut world = World::with_config(server_config(&certificate), number);
        world.join(&clean());
        world.clients[0].remote.credentials.clone()
    };
    assert_eq!(credentials(33), credentials(33));
    assert_ne!(credentials(33), credentials(34));
}
