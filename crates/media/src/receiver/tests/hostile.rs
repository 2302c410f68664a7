//! Input that no honest sender makes.

use proptest::prelude::*;

use super::*;

#[test]
fn malformed_payloads_are_counted_and_harmless() {
    let mut rig = Rig::new();
    rig.play((1..10).map(made));
    for payload in [&[][..], &[0], &[0, 0, 0, 0, 0], &[49, 0, 0, 0, 0]] {
        assert_eq!(rig.insert_payload(made(10), payload), Err(InsertDiscard::Malformed));
    }
    rig.insert(made(10)).unwrap();
    assert_eq!(rig.pull(), (Operation::Normal, sound_of(10)));
    assert_eq!(rig.stats().packets_discarded.malformed, 4);
}

#[test]
fn time_going_backwards_is_survived() {
    let mut rig = Rig::new();
    rig.now += Duration::from_secs(3_600);
    rig.play((1..10).map(made));
    rig.now = epoch();
    rig.play((10..20).map(made));
    assert_eq!(rig.concealed_ticks(), 0);
    assert!(rig.stats().jitter_ms.is_finite());
}

#[test]
fn a_packet_from_far_ahead_neither_stalls_nor_silences() {
    let mut rig = Rig::new();
    rig.play((1..50).map(made));
    for ahead in [2_999_u16, 3_001, 16_000, 32_767, 32_768] {
        let _ = rig.insert(Made {
            sequence_number: made(50).sequence_number.wrapping_add(ahead),
            ..made(50)
        });
    }
    let from = rig.heard.len();
    rig.play((50..150).map(made));
    let heard = rig.heard[from..].iter().filter(|sample| **sample == sound_of(149)).count();
    assert!(heard > 0, "{:?}", rig.stats());
}

#[test]
fn all_packets_with_one_timestamp_are_bounded() {
    let mut rig = Rig::new();
    for number in 0..5_000 {
        let _ = rig.insert(Made { timestamp: 5, ..made(number) });
        rig.pull();
    }
    assert!(rig.receiver.buffer.len() <= 512);
}

#[test]
fn redundancy_longer_than_the_gap_is_not_used() {
    let mut rig = Rig::new();
    let short =
        |number: u16| Made { samples: 480, timestamp: u32::from(number) * 480, ..made(number) };
    for number in 0..50 {
        let info = PayloadInfo { samples: 480, fec_samples: 2_880, silence_follows: false };
        if number % 7 != 3 {
            let _ = rig.insert_payload(short(number), &fake_payload(info, number));
        }
        rig.pull();
    }
    assert_eq!(rig.stats().fec_samples, 0);
    assert!(rig.concealed_ticks() >= 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_operations_are_survived(data in prop::collection::vec(any::<u8>(), 0..600)) {
        crate::fuzz::receiver_operations(&data);
    }

    #[test]
    fn any_operations_agree_with_the_model(data in prop::collection::vec(any::<u8>(), 0..900)) {
        crate::fuzz::receiver_model(&data);
    }

    #[test]
    fn any_network_is_survived_and_left_behind(
        lateness in prop::collection::vec((0_u64..60, 0_u8..100), 300),
    ) {
        // Any lateness up to 600 ms, a third lost, everything twice now and then.
        let mut arrivals = Vec::new();
        for (number, (late, fate)) in (0_u16..).zip(&lateness) {
            let copies = match fate { 0..33 => 0, 33..90 => 1, _ => 2 };
            let arrival = (u64::from(number) * 2 + late, with_fec(number));
            arrivals.extend(std::iter::repeat_n(arrival, copies));
        }
        // Then ten seconds of peace.
        arrivals.extend((300..800).map(|number| (u64::from(number) * 2, with_fec(number))));
        arrivals.sort_by_key(|(at, _)| *at);
        let mut rig = Rig::with(ReceiverConfig::default());
        let operations = rig.play_arrivals(&arrivals, 1_600);
        prop_assert!(operations[1_500..].iter().all(|operation| *operation == Operation::Normal
            || *operation == Operation::Accelerate));
        prop_assert!(rig.stats().playout_delay_ms < 80.0, "{:?}", rig.stats());
    }
}
