//! SRTP against another implementation, and against what a network and a stranger do to it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_transport::{SealError, SrtpContext, SrtpDiscard, SrtpProfile};
use common::{rtcp, rtp};
use proptest::prelude::*;
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::Aes128CmHmacSha1_80];

fn key(profile: SrtpProfile) -> (Vec<u8>, Vec<u8>) {
    ((1..=profile.key_len() as u8).collect(), (101..=100 + profile.salt_len() as u8).collect())
}

fn ours(profile: SrtpProfile) -> SrtpContext {
    let (key, salt) = key(profile);
    SrtpContext::new(profile, &key, &salt).unwrap()
}

fn theirs(profile: SrtpProfile) -> Context {
    let (key, salt) = key(profile);
    let profile = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::Aes128CmHmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    Context::new(
        &key,
        &salt,
        profile,
        Some(srtp_replay_protection(1024)),
        Some(srtcp_replay_protection(1024)),
    )
    .unwrap()
}

/// An RTP packet with CSRCs and a header extension.
fn rich_rtp(sequence_number: u16, csrcs: u8, extension_words: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = rtp(0xcafe_f00d, sequence_number, &[]);
    packet[0] |= csrcs;
    for csrc in 0..csrcs {
        packet.extend_from_slice(&[csrc; 4]);
    }
    if extension_words > 0 {
        packet[0] |= 0x10;
        packet.extend_from_slice(&[0xbe, 0xde]);
        packet.extend_from_slice(&extension_words.to_be_bytes());
        packet.extend((0..extension_words).flat_map(|_| [0x10, 0x30, 0, 0]));
    }
    packet.extend_from_slice(payload);
    packet
}

#[test]
fn rtp_agrees_with_another_implementation_both_ways_across_wraps() {
    for profile in PROFILES {
        let (mut our_sender, mut our_receiver) = (ours(profile), ours(profile));
        let (mut their_sender, mut their_receiver) = (theirs(profile), theirs(profile));
        // Steps of 3000 so that the sequence number wraps several times.
        for step in 0..80_u32 {
            let sequence_number = (step * 3_000) as u16;
            let csrcs = (step % 16) as u8;
            let plain = rich_rtp(sequence_number, csrcs, (step % 4) as u16, &[step as u8; 160]);
            let mut sealed = plain.clone();
            our_sender.protect_rtp(&mut sealed).unwrap();
            assert_eq!(sealed.len(), plain.len() + profile.rtp_overhead());
            assert_eq!(sealed, their_sender.encrypt_rtp(&plain).unwrap(), "{profile} {step}");
            assert_eq!(their_receiver.decrypt_rtp(&sealed).unwrap(), plain, "{profile} {step}");
            let len = our_receiver.unprotect_rtp(&mut sealed).unwrap();
            assert_eq!(sealed[..len], plain, "{profile} {step}");
        }
    }
}

#[test]
fn rtcp_agrees_with_another_implementation_both_ways() {
    for profile in PROFILES {
        let (mut our_sender, mut our_receiver) = (ours(profile), ours(profile));
        let (mut their_sender, mut their_receiver) = (theirs(profile), theirs(profile));
        for step in 0..50_u8 {
            let mut plain = rtcp(0xcafe_f00d);
            plain[3] += step;
            plain.extend(std::iter::repeat_n(step, usize::from(step) * 4));
            let mut sealed = plain.clone();
            our_sender.protect_rtcp(&mut sealed).unwrap();
            assert_eq!(sealed.len(), plain.len() + profile.rtcp_overhead());
            assert_eq!(their_receiver.decrypt_rtcp(&sealed).unwrap(), plain, "{profile} {step}");
            let mut sealed = their_sender.encrypt_rtcp(&plain).unwrap().to_vec();
            let len = our_receiver.unprotect_rtcp(&mut sealed).unwrap();
            assert_eq!(sealed[..len], plain, "{profile} {step}");
        }
    }
}

#[test]
fn a_stream_survives_reordering_and_loss_around_the_wrap() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (ours(profile), ours(profile));
        let mut sealed: Vec<_> = (65_500..65_600_u32)
            .map(|number| {
                let mut packet = rtp(7, number as u16, b"speech");
                sender.protect_rtp(&mut packet).unwrap();
                packet
            })
            .collect();
        // The first must come first, since there is no telling the round of a stream that is new.
        let mut order: Vec<usize> = (1..sealed.len()).filter(|index| index % 7 != 0).collect();
        order.reverse();
        order.insert(0, 0);
        for index in order {
            assert!(receiver.unprotect_rtp(&mut sealed[index]).is_ok(), "{profile} {index}");
        }
    }
}

#[test]
fn a_packet_opens_once() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (ours(profile), ours(profile));
        let mut packet = rtp(7, 1, b"speech");
        sender.protect_rtp(&mut packet).unwrap();
        let mut control = rtcp(7);
        sender.protect_rtcp(&mut control).unwrap();
        assert!(receiver.unprotect_rtp(&mut packet.clone()).is_ok());
        assert!(receiver.unprotect_rtcp(&mut control.clone()).is_ok());
        for _ in 0..1_000 {
            assert_eq!(receiver.unprotect_rtp(&mut packet.clone()), Err(SrtpDiscard::Replayed));
            assert_eq!(receiver.unprotect_rtcp(&mut control.clone()), Err(SrtpDiscard::Replayed));
        }
    }
}

#[test]
fn what_lies_behind_the_window_is_too_old() {
    let profile = SrtpProfile::AeadAes128Gcm;
    let (mut sender, mut receiver) = (ours(profile), ours(profile));
    let mut seal = |number| {
        let mut packet = rtp(7, number, b"speech");
        sender.protect_rtp(&mut packet).map(|()| packet)
    };
    let mut late = seal(1_000).unwrap();
    let mut latest = seal(2_500).unwrap();
    assert_eq!(receiver.unprotect_rtp(&mut latest), Ok(18));
    assert_eq!(receiver.unprotect_rtp(&mut late), Err(SrtpDiscard::TooOld));
}

#[test]
fn every_flipped_bit_and_every_truncation_is_refused_and_forgotten() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (ours(profile), ours(profile));
        let plain = rich_rtp(9, 2, 1, b"speech");
        let mut packet = plain.clone();
        sender.protect_rtp(&mut packet).unwrap();
        let mut control = rtcp(7);
        control.extend_from_slice(b"body");
        let plain_control = control.clone();
        sender.protect_rtcp(&mut control).unwrap();
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(receiver.unprotect_rtp(&mut flipped).is_err(), "{profile} bit {bit}");
        }
        for bit in 0..control.len() * 8 {
            let mut flipped = control.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(receiver.unprotect_rtcp(&mut flipped).is_err(), "{profile} bit {bit}");
        }
        for len in 0..packet.len() {
            assert!(receiver.unprotect_rtp(&mut packet[..len].to_vec()).is_err(), "{len}");
        }
        for len in 0..control.len() {
            assert!(receiver.unprotect_rtcp(&mut control[..len].to_vec()).is_err(), "{len}");
        }
        let len = receiver.unprotect_rtp(&mut packet).unwrap();
        assert_eq!(packet[..len], plain, "{profile}: nothing above left a trace");
        let len = receiver.unprotect_rtcp(&mut control).unwrap();
        assert_eq!(control[..len], plain_control);
    }
}

#[test]
fn forged_packets_leave_no_state() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (ours(profile), ours(profile));
        let mut first = rtp(7, 1, b"speech");
        sender.protect_rtp(&mut first).unwrap();
        let replayed = first.clone();
        assert!(receiver.unprotect_rtp(&mut first).is_ok());
        for ssrc in 0..10_000 {
            let mut forged = rtp(ssrc, 1, b"nobody knows the key of this");
            let opened = receiver.unprotect_rtp(&mut forged);
            assert!(opened.is_err(), "{profile} {ssrc}: {opened:?}");
        }
        let opened = receiver.unprotect_rtp(&mut replayed.clone());
        assert_eq!(opened, Err(SrtpDiscard::Replayed), "{profile}: still known");
    }
}

/// A receiver hears each return of a peer under a new SSRC, for as long as the call lasts.
#[test]
fn a_peer_that_comes_back_for_the_hundredth_time_is_heard() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = (ours(profile), ours(profile));
        let mut steady = 0;
        for ssrc in 0..1_000 {
            let mut packet = rtp(ssrc, 1, b"speech");
            sender.protect_rtp(&mut packet).unwrap();
            assert_eq!(receiver.unprotect_rtp(&mut packet), Ok(18), "{profile} {ssrc}");
            let mut control = rtcp(ssrc);
            sender.protect_rtcp(&mut control).unwrap();
            assert!(receiver.unprotect_rtcp(&mut control).is_ok(), "{profile} {ssrc}");

            steady += 1;
            let mut other = rtp(5_000, steady, b"speech");
            sender.protect_rtp(&mut other).unwrap();
            let again = other.clone();
            assert_eq!(receiver.unprotect_rtp(&mut other), Ok(18));
            let replayed = receiver.unprotect_rtp(&mut again.clone());
            assert_eq!(replayed, Err(SrtpDiscard::Replayed), "who goes on talking stays known");
        }
    }
}

#[test]
fn sealing_twice_is_refused_and_leaves_the_packet_alone() {
    let mut sender = ours(SrtpProfile::AeadAes128Gcm);
    sender.protect_rtp(&mut rtp(7, 5, b"first")).unwrap();
    let mut again = rtp(7, 5, b"other");
    assert_eq!(sender.protect_rtp(&mut again), Err(SealError::IndexReused));
    assert_eq!(again, rtp(7, 5, b"other"));
    assert_eq!(sender.protect_rtp(&mut rtp(7, 4, b"late")), Ok(()));
    assert_eq!(sender.protect_rtp(&mut rtp(8, 5, b"another source")), Ok(()));
}

#[test]
fn what_is_no_packet_is_not_sealed() {
    let mut sender = ours(SrtpProfile::AeadAes128Gcm);
    for bad in [&[][..], &[0x80; 11], &[0x40; 12], &[0x8f; 20], &[0x90; 14]] {
        let mut packet = bad.to_vec();
        assert_eq!(sender.protect_rtp(&mut packet), Err(SealError::Malformed), "{bad:?}");
        assert_eq!(packet, bad);
    }
    for bad in [&[][..], &[0x80; 7], &[0x40; 12]] {
        assert_eq!(sender.protect_rtcp(&mut bad.to_vec()), Err(SealError::Malformed));
    }
}

#[test]
fn outbound_sources_are_bounded() {
    let mut sender = ours(SrtpProfile::AeadAes128Gcm);
    for ssrc in 0..1_024 {
        sender.protect_rtp(&mut rtp(ssrc, 1, b"speech")).unwrap();
        sender.protect_rtcp(&mut rtcp(ssrc)).unwrap();
    }
    let refused = Err(SealError::TooManySources);
    assert_eq!(sender.protect_rtp(&mut rtp(5_000, 1, b"speech")), refused);
    assert_eq!(sender.protect_rtcp(&mut rtcp(5_000)), refused);
    assert_eq!(sender.protect_rtp(&mut rtp(5, 2, b"speech")), Ok(()));
}

#[test]
fn a_wrong_key_length_is_told() {
    for profile in PROFILES {
        let (key, salt) = key(profile);
        assert!(SrtpContext::new(profile, &key[1..], &salt).is_err());
        assert!(SrtpContext::new(profile, &key, &salt[1..]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_packet_round_trips(
        profile in 0..3_usize,
        sequence_number: u16,
        csrcs in 0..16_u8,
        extension_words in 0..5_u16,
        payload in prop::collection::vec(any::<u8>(), 0..1_200),
    ) {
        let profile = PROFILES[profile];
        let plain = rich_rtp(sequence_number, csrcs, extension_words, &payload);
        let mut packet = plain.clone();
        ours(profile).protect_rtp(&mut packet).unwrap();
        let len = ours(profile).unprotect_rtp(&mut packet).unwrap();
        prop_assert_eq!(&packet[..len], &plain[..]);
    }

    #[test]
    fn any_bytes_are_refused(
        profile in 0..3_usize,
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(ours(PROFILES[profile]).unprotect_rtp(&mut bytes.clone()).is_err());
        prop_assert!(ours(PROFILES[profile]).unprotect_rtcp(&mut bytes).is_err());
    }
}
