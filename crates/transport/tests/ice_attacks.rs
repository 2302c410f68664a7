//! What is done to a server by the words of ICE alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::SocketAddr;

use calling_transport::{CloseReason, sdp::Offer};
use common::check::response_code;
use common::rtp;
use common::world::{World, client_address};

/// A description that names a victim as the place to send to, in every way there is.
fn offer_of_a_victim(victim: SocketAddr) -> String {
    let (ip, port) = (victim.ip(), victim.port());
    let candidates: String = (0..50)
        .map(|number| {
            let kind = ["host", "srflx raddr 0.0.0.0 rport 9", "relay raddr 0.0.0.0 rport 9"];
            let kind = kind[number % 3];
            format!("a=candidate:{number} 1 udp 2122260223 {ip} {port} typ {kind}\r\n")
        })
        .collect();
    format!(
        "v=0\r\no=- 7 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=audio {port} UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 {ip}\r\na=rtcp:{port} IN IP4 {ip}\r\n\
         a=mid:0\r\na=sendrecv\r\na=ice-ufrag:evil\r\na=ice-pwd:evil+password+of+24+chars\r\n\
         a=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=rtcp-mux\r\n\
         a=rtpmap:111 opus/48000/2\r\n{candidates}a=end-of-candidates\r\n",
        ["AB"; 32].join(":")
    )
}

/// The server is told of no address, so it has none to send to: it answers where checks come from.
#[test]
fn a_victims_address_in_a_description_draws_nothing() {
    let mut world = World::connected(1);
    let victim: SocketAddr = "192.0.2.200:53".parse().unwrap();
    let offer = Offer::parse(&offer_of_a_victim(victim)).expect("it is well formed");
    let before = world.astray.len();
    for number in 0..20 {
        let remote = calling_transport::RemoteParams {
            credentials: offer.credentials().clone(),
            fingerprint: offer.fingerprint(),
            feedback_id: None,
        };
        let id = calling_model::ConnectionId(10 + number);
        world.server.open(world.now, id, remote).unwrap();
        assert_eq!(world.server.path(id), None);
    }
    world.run_for(60_000);
    assert_eq!(world.astray.len(), before, "nothing went anywhere");
    for number in 0..20 {
        let reason = world.closed(calling_model::ConnectionId(10 + number)).map(|it| it.1);
        assert_eq!(reason, Some(CloseReason::HandshakeTimeout));
    }
}

#[test]
fn a_storm_of_role_conflicts_neither_moves_nor_ends_nor_keeps_a_session() {
    let mut world = World::connected(2);
    let id = world.clients[0].id;
    let elsewhere: SocketAddr = "198.51.7.7:7".parse().unwrap();
    for source in [client_address(0), elsewhere].into_iter().cycle().take(1_000) {
        let check = world.clients[0].check().controlled().nominate();
        let answers = world.answers(source, &check.encode());
        let [(to, datagram)] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!((*to, response_code(datagram)), (source, Some(487)));
        assert!(datagram.len() <= check.encode().len(), "no amplification");
    }
    assert_eq!(world.server.path(id), Some(client_address(0)));
    assert_eq!(world.server.stats().addresses, 1, "nothing was learned");
    let now = world.now;
    world.clients[0].send_rtp(now, rtp(7, 1, b"speech"));
    world.run_for(50);
    assert_eq!(world.received_rtp.len(), 1);
    // Who does nothing but claim the wrong role agreed to nothing (RFC 7675 section 5.1).
    world.clients[0].check_at = None;
    world.clients[0].sent.clear();
    for _ in 0..60 {
        let check = world.clients[0].check().controlled();
        world.answers(client_address(0), &check.encode());
        world.run_for(100);
    }
    assert_eq!(world.closed(id).map(|(_, reason)| reason), Some(CloseReason::ConsentLost));
}

#[test]
fn guessed_credentials_of_a_live_session_are_counted_and_change_nothing() {
    let mut world = World::connected(3);
    let id = world.clients[0].id;
    let stranger: SocketAddr = "192.0.2.66:6".parse().unwrap();
    let good = world.clients[0].check().nominate();
    let (own, theirs) = good.username.as_ref().unwrap().split_once(':').unwrap();
    for number in 0..1_000 {
        let mut check = good.clone();
        // The user name is known to whoever sees one check; then the password is guessed. Or not
        // even that.
        let (username, reason) = match number % 4 {
            0 => (good.username.clone().unwrap(), "stun_integrity"),
            1 => (format!("{theirs}:{own}"), "stun_unknown_user"),
            2 => (format!("{own}:{number}"), "stun_unknown_user"),
            _ => (format!("{}{own}:{theirs}", number % 7), "stun_unknown_user"),
        };
        check.username = Some(username);
        check.password = Some(format!("{number:024}"));
        let before = world.discards(reason);
        assert!(world.answers(stranger, &check.encode()).is_empty());
        assert_eq!(world.discards(reason), before + 1);
    }
    assert_eq!(world.server.path(id), Some(client_address(0)));
    assert_eq!(world.server.stats().addresses, 1);
}
