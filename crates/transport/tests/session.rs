//! Two sessions in virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use calling_testkit::Impairment;
use calling_transport::{DtlsVersions, SrtpOffer, SrtpProfile};
use common::{Pair, PairConfig, at};

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
