use calling_testkit::{Drained, drain, epoch};
use calling_wire::RtcpPackets;
use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn estimator() -> Estimator {
    let mut estimator = Estimator::new(epoch(), EstimatorConfig::default());
    drain(&mut estimator);
    estimator
}

fn send(estimator: &mut Estimator, ms: u32, sequence_number: u16) -> Drained<Estimator> {
    let sent = EstimatorInput::Sent { sequence_number, bytes: 1_200, probe: None };
    estimator.handle_input(epoch() + MS * ms, sent).unwrap();
    drain(estimator)
}

/// Feedback of `told` packets of which none but the last came, 40 ms after the reference.
fn feedback(first: u16, told: u16) -> Vec<u8> {
    let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9];
    packet.extend(first.to_be_bytes());
    packet.extend(told.to_be_bytes());
    packet.extend([0, 0, 5, 0]);
    let mut missing = told - 1;
    while missing > 0 {
        let run = missing.min(0x1fff);
        packet.extend(run.to_be_bytes());
        missing -= run;
    }
    packet.extend([0x20, 1, 160]);
    packet.resize(packet.len().next_multiple_of(4), 0);
    packet[3] = (packet.len() / 4 - 1) as u8;
    packet
}

fn tell(estimator: &mut Estimator, ms: u32, packet: &[u8]) -> Drained<Estimator> {
    let packet = RtcpPackets::new(packet).next().unwrap().unwrap();
    let arrivals = TransportArrivals::parse(&packet).unwrap();
    estimator.handle_input(epoch() + MS * ms, EstimatorInput::Feedback(arrivals)).unwrap();
    drain(estimator)
}

#[test]
fn the_first_estimate_is_what_is_begun_with() {
    let mut estimator = Estimator::new(epoch(), EstimatorConfig::default());
    let (bitrate, pacing) = (Bitrate::from_kbps(300), Bitrate::from_kbps(375));
    let drained = drain(&mut estimator);
    assert_eq!(drained.outputs, [EstimatorOutput::Estimate { bitrate, pacing }]);
    assert_eq!(drained.timeout, None, "nothing is sent or wanted");
}

#[test]
fn numbers_go_up_by_one() {
    let mut estimator = estimator();
    send(&mut estimator, 0, 65_535);
    let sent = EstimatorInput::Sent { sequence_number: 1, bytes: 1_200, probe: None };
    let misuse = estimator.handle_input(epoch(), sent);
    assert_eq!(misuse, Err(EstimatorMisuse::Number { expected: 0 }));
    send(&mut estimator, 0, 0);
}

#[test]
fn what_is_wanted_is_probed_for() {
    let mut estimator = estimator();
    let wanted = EstimatorInput::Wanted(Bitrate::from_kbps(200));
    estimator.handle_input(epoch(), wanted).unwrap();
    assert!(drain(&mut estimator).outputs.is_empty(), "it passes already");
    let wanted = EstimatorInput::Wanted(Bitrate::from_kbps(2_000));
    estimator.handle_input(epoch(), wanted).unwrap();
    let drained = drain(&mut estimator);
    let [EstimatorOutput::Probe(probe)] = drained.outputs[..] else { panic!("no probe") };
    assert_eq!(probe.bitrate, Bitrate::from_kbps(900));
    assert_eq!(drained.timeout.map(|(_, reason)| reason), Some(EstimatorTimeout::Probe));
    let later = drained.run_until(&mut estimator, epoch() + MS * 10_000).outputs;
    assert!((2..=6).contains(&later.len()), "unanswered, it is tried now and then: {later:?}");
}

#[test]
fn without_feedback_half_is_sent_and_half_of_that() {
    let mut estimator = estimator();
    let mut estimates = vec![estimator.estimate()];
    for packet in 0..350_u16 {
        let now = epoch() + MS * u32::from(packet) * 10;
        send(&mut estimator, u32::from(packet) * 10, packet).run_until(&mut estimator, now);
        if estimates.last() != Some(&estimator.estimate()) {
            estimates.push(estimator.estimate());
        }
    }
    assert_eq!(estimates, [300_000, 150_000, 75_000, 37_500].map(Bitrate::from_bps));
}

#[test]
fn a_pause_is_no_missing_feedback() {
    let mut estimator = estimator();
    let mut drained = send(&mut estimator, 0, 0);
    drained = drained.run_until(&mut estimator, epoch() + MS * 20_000);
    assert_eq!(drained.timeout, None);
    assert_eq!(estimator.estimate(), Bitrate::from_kbps(300), "one packet that was lost");
}

#[test]
fn discards_are_counted() {
    let mut estimator = estimator();
    for packet in 0..10 {
        send(&mut estimator, u32::from(packet) * 10, packet);
    }
    tell(&mut estimator, 150, &feedback(5, 5));
    assert_eq!(estimator.stats().discards, EstimatorDiscards::default());
    assert_eq!(estimator.stats().round_trip, Duration::from_millis(60));
    tell(&mut estimator, 150, &feedback(5, 5));
    assert_eq!(estimator.stats().discards.repeated, 5);
    tell(&mut estimator, 150, &feedback(300, 7));
    assert_eq!(estimator.stats().discards.unknown, 7);
    tell(&mut estimator, 150, &feedback(0, 65_535));
    let discards = EstimatorDiscards { oversized: 1, repeated: 5, unknown: 7 };
    assert_eq!(estimator.stats().discards, discards);
}

proptest! {
    /// The body asserts what holds whatever a receiver says: bounds, deadlines, silence.
    #[test]
    fn whatever_a_receiver_says(data in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        crate::fuzz::operations(epoch(), &data);
    }

    #[test]
    fn an_estimate_stays_within_its_bounds(
        min in 10_u64..500,
        max in 10_u64..5_000,
        times in proptest::collection::vec(0_u8..255, 10..100),
    ) {
        let config = EstimatorConfig {
            min: Bitrate::from_kbps(min),
            start: Bitrate::from_kbps(300),
            max: Bitrate::from_kbps(max),
        };
        let mut estimator = Estimator::new(epoch(), config);
        for (number, time) in (0_u16..).zip(times) {
            let now = u32::from(number) * 60;
            send(&mut estimator, now, number);
            let mut packet = feedback(number, 1);
            *packet.last_mut().unwrap() = 0;
            packet[18] = 5 + number as u8;
            packet[22] = time;
            tell(&mut estimator, now + 50, &packet);
            let most = config.max.max(config.min);
            prop_assert!((config.min..=most).contains(&estimator.estimate()));
        }
    }
}
