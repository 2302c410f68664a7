//! Two sessions in virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_testkit::Impairment;
use calling_transport::{
    Certificate, CloseReason, Discard, DtlsRole, DtlsVersions, Fingerprint, Received, SealError,
    SecureSession, SessionConfig, SessionOutput, SrtpOffer, SrtpProfile,
};
use common::{Pair, PairConfig, at, certificate, rtcp, rtp};

#[test]
fn every_version_and_profile_connects_and_carries_media() {
    for (active, passive) in [
        (DtlsVersions::Any, DtlsVersions::Any),
        (DtlsVersions::Only12, DtlsVersions::Any),
        (DtlsVersions::Any, DtlsVersions::Only12),
        (DtlsVersions::Only12, DtlsVersions::Only12),
        (DtlsVersions::Only13, DtlsVersions::Any),
        (DtlsVersions::Any, DtlsVersions::Only13),
        (DtlsVersions::Only13, DtlsVersions::Only13),
    ] {
        for (offer, expected) in [
            (SrtpOffer::AeadFirst, SrtpProfile::AeadAes128Gcm),
            (SrtpOffer::Only(SrtpProfile::AeadAes256Gcm), SrtpProfile::AeadAes256Gcm),
            (SrtpOffer::Only(SrtpProfile::Aes128CmHmacSha1_80), SrtpProfile::Aes128CmHmacSha1_80),
        ] {
            let mut pair = Pair::new(&PairConfig {
                active_versions: active,
                passive_versions: passive,
                offer,
                ..PairConfig::default()
            });
            pair.run_until(at(200));
            assert_eq!(pair.connected(), Some(expected), "{active:?} {passive:?} {offer:?}");
            pair.exchange_media(1);
        }
    }
}

#[test]
fn connects_over_a_bad_path_for_every_seed() {
    let impairment = Impairment {
        delay: Duration::from_millis(40),
        jitter: Duration::from_millis(60),
        loss: 0.15,
        duplicate: 0.05,
        ..Default::default()
    };
    for versions in [DtlsVersions::Any, DtlsVersions::Only12] {
        for seed in 0..40 {
            let mut pair = Pair::new(&PairConfig {
                impairment: impairment.clone(),
                seed,
                active_versions: versions,
                ..PairConfig::default()
            });
            pair.run_until(at(29_000));
            assert!(pair.connected().is_some(), "seed {seed} {versions:?}: {:?}", pair.events);
            pair.exchange_media(1);
        }
    }
}

fn config(role: DtlsRole, remote: Fingerprint) -> SessionConfig {
    SessionConfig::new(certificate(), role, remote)
}

#[test]
fn a_clean_path_takes_two_round_trips_at_most() {
    // One way is 10 ms.
    for (versions, active_by, passive_by) in
        [(DtlsVersions::Only13, 20, 30), (DtlsVersions::Only12, 40, 30)]
    {
        let mut pair =
            Pair::new(&PairConfig { active_versions: versions, ..PairConfig::default() });
        pair.run_until(at(active_by));
        assert!(pair.active.profile().is_some(), "{versions:?}");
        pair.run_until(at(active_by.max(passive_by)));
        assert!(pair.passive.profile().is_some(), "{versions:?}");
        pair.run_until(at(60_000));
        assert_eq!(pair.active.poll_timeout(), None, "{versions:?}: nothing is left to wait for");
        assert_eq!(pair.passive.poll_timeout(), None, "{versions:?}");
        assert_eq!(pair.events.len(), 2, "{:?}", pair.events);
    }
}

#[test]
fn each_side_refuses_a_certificate_that_was_not_announced() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        for deceived in [DtlsRole::Active, DtlsRole::Passive] {
            let (ours, theirs) = (certificate(), certificate());
            let announced = |role, true_one: &Certificate| {
                if role == deceived { certificate().fingerprint() } else { true_one.fingerprint() }
            };
            let mut active = SessionConfig::new(
                ours.clone(),
                DtlsRole::Active,
                announced(DtlsRole::Active, &theirs),
            );
            active.versions = versions;
            let passive =
                SessionConfig::new(theirs, DtlsRole::Passive, announced(DtlsRole::Passive, &ours));
            let mut pair = Pair::of(active, passive, PairConfig::default().impairment, 1);
            pair.run_until(at(29_000));
            let mismatch = Some(CloseReason::FingerprintMismatch);
            assert_eq!(pair.closed(deceived), mismatch, "{versions:?}");
            assert_eq!(pair.connected(), None);
            let session = match deceived {
                DtlsRole::Active => &mut pair.active,
                DtlsRole::Passive => &mut pair.passive,
            };
            assert_eq!(session.profile(), None);
            let mut packet = rtp(7, 1, b"speech");
            assert_eq!(session.seal_rtp(&mut packet), Err(SealError::NotConnected));
            assert_eq!(packet, rtp(7, 1, b"speech"));
            assert_eq!(session.poll_timeout(), None);
        }
    }
}

#[test]
fn the_deceived_client_sends_nothing_that_an_impostor_could_use() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let passive = config(DtlsRole::Passive, certificate().fingerprint());
        let mut active = config(DtlsRole::Active, certificate().fingerprint());
        active.versions = versions;
        let mut pair = Pair::of(active, passive, PairConfig::default().impairment, 1);
        pair.run_until(at(1));
        let hello = pair.bytes_to_passive;
        pair.run_until(at(10_000));
        assert_eq!(pair.bytes_to_passive, hello, "{versions:?}: nothing after the hello");
    }
}

#[test]
fn an_active_session_without_a_peer_gives_up_in_time() {
    let mut active = config(DtlsRole::Active, certificate().fingerprint());
    active.handshake_timeout = Duration::from_secs(7);
    let mut session = SecureSession::new(active, at(0));
    let mut sent = 0;
    let mut closed = None;
    while let Some((due, _)) = session.poll_timeout() {
        session.handle_timeout(due);
        while let Some(output) = session.poll_output() {
            match output {
                SessionOutput::Transmit(_) => sent += 1,
                SessionOutput::Connected { .. } => panic!("connected to nobody"),
                SessionOutput::Closed { reason } => closed = Some((due, reason)),
            }
        }
    }
    assert_eq!(closed, Some((at(7_000), CloseReason::HandshakeTimeout)));
    assert!((4..=8).contains(&sent), "{sent} hellos");
}

#[test]
fn a_passive_session_waits_without_a_deadline_until_somebody_speaks() {
    let mut session =
        SecureSession::new(config(DtlsRole::Passive, certificate().fingerprint()), at(0));
    assert_eq!((session.poll_output(), session.poll_timeout()), (None, None));
    session.handle_timeout(at(100_000_000));
    assert_eq!((session.poll_output(), session.poll_timeout()), (None, None));
}

#[test]
fn media_before_the_handshake_and_after_the_end_is_discarded() {
    let mut pair = Pair::new(&PairConfig::default());
    let mut early = rtp(7, 1, b"speech");
    assert_eq!(pair.passive.receive(at(0), &mut early), Received::Discarded(Discard::NotConnected));
    let mut early = rtcp(7);
    assert_eq!(pair.passive.receive(at(0), &mut early), Received::Discarded(Discard::NotConnected));
    pair.run_until(at(200));
    let mut late = rtp(7, 1, b"speech");
    pair.active.seal_rtp(&mut late).unwrap();
    pair.passive.close(at(200));
    assert_eq!(pair.passive.receive(at(200), &mut late), Received::Discarded(Discard::Closed));
    assert_eq!(pair.passive.stats().discards["not_connected"], 2);
    assert_eq!(pair.passive.stats().discards["closed"], 1);
}

#[test]
fn stun_turn_and_unknown_datagrams_are_not_for_a_session() {
    let mut pair = Pair::new(&PairConfig::default());
    pair.run_until(at(200));
    for first in [0, 1, 16, 70, 100, 200, 255] {
        let mut datagram = [first; 40];
        let received = pair.active.receive(at(200), &mut datagram);
        assert_eq!(received, Received::Discarded(Discard::UnknownKind), "{first}");
    }
    let received = pair.active.receive(at(200), &mut []);
    assert_eq!(received, Received::Discarded(Discard::UnknownKind));
    pair.exchange_media(1);
}

#[test]
fn closing_says_goodbye_once() {
    for versions in [DtlsVersions::Only12, DtlsVersions::Only13] {
        let mut pair =
            Pair::new(&PairConfig { active_versions: versions, ..PairConfig::default() });
        pair.run_until(at(200));
        pair.active.close(at(200));
        pair.active.close(at(200));
        pair.run_until(at(400));
        assert_eq!(pair.closed(DtlsRole::Passive), Some(CloseReason::PeerClosed), "{versions:?}");
        assert_eq!(pair.closed(DtlsRole::Active), None);
        assert_eq!(pair.passive.poll_timeout(), None);
    }
}

/// A peer that is another program: the DTLS library with its own defaults.
struct Foreign {
    dtls: dimpl::Dtls,
    profile: Option<dimpl::SrtpProfile>,
}

impl Foreign {
    fn client(certificate: dimpl::DtlsCertificate) -> Self {
        let mut dtls = dimpl::Dtls::new_auto(Default::default(), certificate, at(0));
        dtls.set_active(true);
        Self { dtls, profile: None }
    }

    /// Asks for a cookie first, as servers do that know nothing of ICE.
    fn server(certificate: dimpl::DtlsCertificate, versions: DtlsVersions) -> Self {
        let config = Default::default();
        let dtls = match versions {
            DtlsVersions::Any => dimpl::Dtls::new_auto(config, certificate, at(0)),
            DtlsVersions::Only12 => dimpl::Dtls::new_12(config, certificate, at(0)),
            DtlsVersions::Only13 => dimpl::Dtls::new_13(config, certificate, at(0)),
        };
        Self { dtls, profile: None }
    }

    fn poll(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        let mut buffer = vec![0; 4_096];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(packet) => sent.push(packet.to_vec()),
                dimpl::Output::KeyingMaterial(_, profile) => self.profile = Some(profile),
                dimpl::Output::Timeout(_) => return sent,
                dimpl::Output::BufferTooSmall { .. }
                | dimpl::Output::Connected
                | dimpl::Output::PeerCert(_)
                | dimpl::Output::ApplicationData(_)
                | dimpl::Output::CloseNotify
                | _ => {}
            }
        }
    }

    /// Shakes hands with `session` over a path without delay.
    fn talk(&mut self, session: &mut SecureSession) {
        for round in 0..8 {
            self.dtls.handle_timeout(at(round)).unwrap();
            for mut datagram in self.poll() {
                session.receive(at(round), &mut datagram);
            }
            while let Some(output) = session.poll_output() {
                if let SessionOutput::Transmit(datagram) = output {
                    self.dtls.handle_packet(&datagram).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_foreign_client_that_wants_aes_256_gets_it() {
    let theirs = dimpl::certificate::generate_self_signed_certificate().unwrap();
    let remote = Fingerprint::of(&theirs.certificate);
    let mut session = SecureSession::new(config(DtlsRole::Passive, remote), at(0));
    let mut foreign = Foreign::client(theirs);
    foreign.talk(&mut session);
    assert_eq!(session.profile(), Some(SrtpProfile::AeadAes256Gcm));
    assert_eq!(foreign.profile, Some(dimpl::SrtpProfile::AEAD_AES_256_GCM));
}

#[test]
fn application_data_is_counted_and_goes_nowhere() {
    let theirs = dimpl::certificate::generate_self_signed_certificate().unwrap();
    let remote = Fingerprint::of(&theirs.certificate);
    let mut session = SecureSession::new(config(DtlsRole::Passive, remote), at(0));
    // Unprotected, as an impostor would: epoch 0.
    let mut early = b"\x17\xfe\xfd\0\0\0\0\0\0\0\0\0\x05hello".to_vec();
    session.receive(at(0), &mut early.clone());
    let mut foreign = Foreign::client(theirs);
    foreign.talk(&mut session);
    assert!(session.profile().is_some());
    session.receive(at(9), &mut early);
    assert_eq!(session.stats().discards.get("application_data"), None);
    // Protected, from the true peer.
    foreign.dtls.send_application_data(b"hello").unwrap();
    foreign.talk(&mut session);
    assert_eq!(session.stats().discards.get("application_data"), Some(&1));
    assert!(session.profile().is_some());
}

#[test]
fn the_offer_survives_a_foreign_server_that_asks_for_a_cookie() {
    for ours in [DtlsVersions::Any, DtlsVersions::Only12, DtlsVersions::Only13] {
        for versions in [DtlsVersions::Any, DtlsVersions::Only12, DtlsVersions::Only13] {
            if ours != versions && ours != DtlsVersions::Any && versions != DtlsVersions::Any {
                continue;
            }
            let theirs = dimpl::certificate::generate_self_signed_certificate().unwrap();
            let mut active = config(DtlsRole::Active, Fingerprint::of(&theirs.certificate));
            active.versions = ours;
            let mut session = SecureSession::new(active, at(0));
            let mut foreign = Foreign::server(theirs, versions);
            foreign.talk(&mut session);
            assert_eq!(
                session.profile(),
                Some(SrtpProfile::AeadAes128Gcm),
                "{ours:?} {versions:?}"
            );
            assert_eq!(foreign.profile, Some(dimpl::SrtpProfile::AEAD_AES_128_GCM));
        }
    }
}

#[test]
fn machines_may_move_between_threads() {
    fn assert_send<T: Send>() {}
    assert_send::<SecureSession>();
    assert_send::<calling_transport::LiteServer>();
    assert_send::<calling_transport::SrtpContext>();
}
