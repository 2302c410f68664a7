//! Attacks on the forwarding path: each is a counted discard, and the stream goes on.

mod common;

use calling_room::{RoomOutput, RtpDiscard};
use calling_wire::RtpError;
use common::{Table, Voice, assert_unbroken, id, ssrc, user};

#[test]
fn a_forged_ssrc_cannot_become_speaker() {
    let mut table = Table::open(3);
    table.stream(1, 2, 0..20);
    table.take();
    // 3 shouts under the SSRC of 1, and under the SSRC that 1 is forwarded as.
    let forwarded = table.room.participants().next().unwrap().audio_ssrc;
    for number in 0..100 {
        for forged in [ssrc(1), forwarded, 0, u32::MAX] {
            let shout = Voice { ssrc: forged, level: Some(0), ..Voice::nth(3, number) };
            assert_eq!(table.send(3, shout), Err(RtpDiscard::ForeignSsrc));
        }
        table.pass(20);
    }
    for output in table.take() {
        if let RoomOutput::Volumes { volumes, .. } = output {
            assert!(volumes.iter().all(|(speaker, _)| *speaker != user(3)));
            assert!(volumes.iter().all(|(_, volume)| volume.percent() <= 50), "1 spoke at −30");
        }
    }
    assert_eq!(table.discarded(RtpDiscard::ForeignSsrc), 400);
    assert!(!table.room.participants().any(|info| info.user == user(3) && info.audio_available));
}

#[test]
fn two_who_announce_one_ssrc_do_not_mix() {
    let mut table = Table::closed(0);
    for number in 1..=3 {
        table.room.join(table.now, id(number), user(number), 42).unwrap();
    }
    table.room.open(table.now);
    let mut last = [None, None];
    for number in 0..20 {
        for (from, last) in [1, 2].into_iter().zip(&mut last) {
            let voice = Voice { ssrc: 42, ..Voice::nth(from, number * from) };
            let forwards = table.send(from, voice).unwrap();
            let to_third = *forwards.iter().find(|forward| forward.to == id(3)).unwrap();
            if let Some(before) = last.replace(to_third) {
                assert_eq!(to_third.ssrc, before.ssrc);
                let step = to_third.sequence_number.wrapping_sub(before.sequence_number);
                assert_eq!(u64::from(step), from);
            }
        }
        table.pass(20);
    }
    assert_ne!(last[0].unwrap().ssrc, last[1].unwrap().ssrc);
}

#[test]
fn a_forwarded_ssrc_is_nobodys_own() {
    let mut table = Table::open(30);
    table.join(31);
    let forwarded: Vec<u32> = table.room.participants().map(|info| info.audio_ssrc).collect();
    let unique = std::collections::BTreeSet::from_iter(forwarded.iter().copied());
    assert_eq!(unique.len(), 31);
    assert!((1..=31).all(|number| !unique.contains(&ssrc(number))));
}

#[test]
fn another_payload_type_is_discarded() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..5);
    for payload_type in (0..128).filter(|payload_type| *payload_type != 111) {
        let other = Voice { payload_type, level: Some(0), ..Voice::nth(1, 5) };
        assert_eq!(table.send(1, other), Err(RtpDiscard::PayloadType));
    }
    // It was not even marked as seen.
    assert_eq!(table.speak(1, 5).len(), 1);
}

#[test]
fn a_packet_duplicated_a_thousand_times_passes_once() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..100);
    let passed = (0..1_000).filter(|_| table.send(1, Voice::nth(1, 100)).is_ok()).count();
    assert_eq!(passed, 1);
    for old in 0..100 {
        assert_eq!(table.send(1, Voice::nth(1, old)), Err(RtpDiscard::Duplicate));
    }
    assert_eq!(table.discarded(RtpDiscard::Duplicate), 1_099);
    assert_eq!(table.room.participant_stats(id(1)).unwrap().packets_received, 101);
}

#[test]
fn a_packet_2_to_the_15_ahead_does_not_move_the_stream() {
    let mut table = Table::open(2);
    let mut received = table.stream(1, 2, 0..10);
    for number in 10..60 {
        for ahead in [0x7fff, 0x8001, 0x8000, 3_001] {
            let forged = Voice::nth(1, number + ahead);
            assert_eq!(table.send(1, forged), Err(RtpDiscard::SequenceJump));
        }
        received.extend(table.stream(1, 2, number..=number));
    }
    assert_unbroken(&received, 960);
    assert_eq!(table.room.participant_stats(id(1)).unwrap().packets_lost, 0);
}

#[test]
fn endless_restarts_cost_packets_and_never_jump() {
    let mut table = Table::open(2);
    let mut received = table.stream(1, 2, 0..2);
    let mut place = 2_u64;
    for _ in 0..200 {
        place += 20_000;
        let first =
            Voice { timestamp: (place as u32).wrapping_mul(77_777), ..Voice::nth(1, place) };
        assert_eq!(table.send(1, first), Err(RtpDiscard::SequenceJump));
        let second =
            Voice { timestamp: (place as u32).wrapping_mul(99_999), ..Voice::nth(1, place + 1) };
        received.extend(table.send(1, second).unwrap());
        table.pass(20);
    }
    for pair in received.windows(2) {
        assert_eq!(pair[1].sequence_number, pair[0].sequence_number.wrapping_add(1));
        let ahead = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((1..=11 * 48_000).contains(&ahead), "{ahead}");
    }
}

#[test]
fn reordered_by_2000_ms_is_forwarded_in_its_place() {
    let mut table = Table::open(2);
    let received = table.stream(1, 2, (0..10).chain(11..111));
    let late = table.speak(1, 10)[0];
    assert_eq!(late.sequence_number, received[9].sequence_number + 1);
    assert_eq!(late.timestamp, received[9].timestamp.wrapping_add(960));
}

#[test]
fn a_late_packet_with_an_absurd_timestamp_is_discarded() {
    let mut table = Table::open(2);
    table.stream(1, 2, (0..10).chain(11..20));
    for timestamp in [0x8000_0000, 25 * 960, u32::MAX - 500_000] {
        let late = Voice { timestamp, ..Voice::nth(1, 10) };
        let result = table.send(1, late);
        assert!(matches!(result, Err(RtpDiscard::TimestampJump | RtpDiscard::Duplicate)));
    }
    assert_eq!(table.discarded(RtpDiscard::TimestampJump), 1);
}

#[test]
fn malformed_rtp_is_counted_by_its_fault() {
    let mut table = Table::open(2);
    let good = Voice::nth(1, 0).bytes();
    let mut version = good.clone();
    version[0] = 0x10;
    let mut padding = good.clone();
    padding[0] |= 0x20;
    let mut csrcs = good[..30].to_vec();
    csrcs[0] |= 15;
    let mut extension = good.clone();
    extension[16] = 0x1f;
    for (packet, fault) in [
        (&version[..], RtpError::Version),
        (&padding[..], RtpError::Padding),
        (&csrcs[..], RtpError::Truncated),
        (&extension[..], RtpError::ExtensionOverflow),
        (&[][..], RtpError::Truncated),
    ] {
        let handled = table.room.handle_rtp(table.now, id(1), packet, &mut table.forwards);
        assert_eq!(handled, Err(RtpDiscard::Malformed(fault)));
        assert!(table.forwards.is_empty());
    }
    assert_eq!(table.discarded(RtpDiscard::Malformed(RtpError::Truncated)), 2);
    assert_eq!(table.speak(1, 0).len(), 1);
}

#[test]
fn every_reason_has_its_own_name() {
    let faults = [RtpError::Version, RtpError::Truncated, RtpError::ExtensionOverflow];
    let mut reasons: Vec<_> = faults.map(|fault| RtpDiscard::Malformed(fault).reason()).to_vec();
    reasons.extend([
        RtpDiscard::Malformed(RtpError::Padding).reason(),
        RtpDiscard::GateClosed.reason(),
        RtpDiscard::UnknownParticipant.reason(),
        RtpDiscard::ForeignSsrc.reason(),
        RtpDiscard::PayloadType.reason(),
        RtpDiscard::Duplicate.reason(),
        RtpDiscard::SequenceJump.reason(),
        RtpDiscard::TimestampJump.reason(),
        RtpDiscard::Muted.reason(),
    ]);
    assert_eq!(RtpDiscard::GateClosed.reason(), "gate_closed");
    assert_eq!(std::collections::BTreeSet::from_iter(&reasons).len(), reasons.len());
    // The room's names for malformed packets are those of the wire.
    assert!(faults.iter().all(|fault| RtpDiscard::Malformed(*fault).reason() == fault.reason()));
}
