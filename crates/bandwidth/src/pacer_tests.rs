use calling_testkit::{drain, epoch};
use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn pacer(kbps: u64) -> Pacer<u32> {
    Pacer::new(epoch(), PacerConfig::default(), Bitrate::from_kbps(kbps))
}

fn push(pacer: &mut Pacer<u32>, priority: Priority, packet: u32) {
    pacer.handle_input(epoch(), PacerInput::Packet { priority, bytes: 1_000, packet }).unwrap();
}

/// What goes out up to `until`, with the ms at which it does.
fn run(pacer: &mut Pacer<u32>, until: u64) -> Vec<(u64, PacerOutput<u32>)> {
    let mut sent = Vec::new();
    let mut now = epoch();
    loop {
        let drained = drain(pacer);
        let ms = (now - epoch()).as_millis() as u64;
        sent.extend(drained.outputs.into_iter().map(|output| (ms, output)));
        match drained.timeout.filter(|(at, _)| *at <= epoch() + MS * until as u32) {
            Some((at, _)) => {
                assert!(at > now, "a deadline that was handled is still due");
                now = at;
                pacer.handle_timeout(now);
            }
            None => return sent,
        }
    }
}

fn packets(sent: &[(u64, PacerOutput<u32>)]) -> Vec<(u64, u32)> {
    let packet = |(at, output): &(u64, PacerOutput<u32>)| match output {
        PacerOutput::Send { packet, .. } => Some((*at, *packet)),
        PacerOutput::Pad { .. } => None,
    };
    sent.iter().filter_map(packet).collect()
}

#[test]
fn audio_goes_at_once_then_retransmissions_then_video() {
    let mut pacer = pacer(800);
    for (priority, packet) in [
        (Priority::Video, 30),
        (Priority::Video, 31),
        (Priority::Retransmission, 20),
        (Priority::Audio, 10),
        (Priority::Audio, 11),
    ] {
        push(&mut pacer, priority, packet);
    }
    // Two packets of audio take 20 ms.
    let sent = packets(&run(&mut pacer, 100));
    assert_eq!(sent, [(0, 10), (0, 11), (20, 20), (30, 30), (40, 31)]);
}

#[test]
fn what_waits_is_gone_within_the_longest_wait() {
    let mut pacer = pacer(100);
    for packet in 0..200 {
        push(&mut pacer, Priority::Video, packet);
    }
    let sent = packets(&run(&mut pacer, 3_000));
    assert_eq!(sent.len(), 200);
    let early = sent.iter().filter(|(at, _)| *at <= 450).count();
    assert!(early >= 130, "{early}: a queue of 200 kB is 16 s of the rate");
}

#[test]
fn queues_have_caps_and_count_what_they_refuse() {
    let mut pacer = pacer(100);
    for packet in 0..3_000 {
        push(&mut pacer, Priority::Video, packet);
        push(&mut pacer, Priority::Retransmission, packet);
        push(&mut pacer, Priority::Audio, packet);
    }
    assert_eq!(pacer.len(), 2_048 + 256 + 64);
    let refused = PacerDiscards { audio: 2_936, retransmissions: 2_744, video: 952 };
    assert_eq!(pacer.discards(), refused);
}

#[test]
fn a_probe_takes_what_waits_and_fills_up_with_padding() {
    let mut pacer = pacer(400);
    push(&mut pacer, Priority::Video, 1);
    let bitrate = Bitrate::from_kbps(1_600);
    let probe = Probe { id: ProbeId(7), bitrate, bytes: 6_000, packets: 5 };
    pacer.handle_input(epoch(), PacerInput::Probe(probe)).unwrap();
    let sent = run(&mut pacer, 1_000);
    let of_probe = |output: &PacerOutput<u32>| match output {
        PacerOutput::Send { bytes, probe: Some(ProbeId(7)), .. } => *bytes,
        PacerOutput::Pad { bytes, probe: ProbeId(7) } => *bytes,
        PacerOutput::Send { .. } | PacerOutput::Pad { .. } => panic!("no part of the probe"),
    };
    assert_eq!(sent.iter().map(|(_, output)| of_probe(output)).sum::<u32>(), 6_000);
    assert!(matches!(sent[0].1, PacerOutput::Send { packet: 1, .. }));
    let last = sent.last().unwrap().0;
    assert!((20..=30).contains(&last), "6,000 bytes at 1.6 Mbit/s in {last} ms");
    assert_eq!(pacer.poll_timeout(), None, "it is over");
}

#[test]
fn misuse_is_told() {
    let mut pacer = pacer(400);
    let empty = PacerInput::Packet { priority: Priority::Audio, bytes: 0, packet: 1 };
    assert_eq!(pacer.handle_input(epoch(), empty), Err(PacerMisuse::EmptyPacket));
    let bitrate = Bitrate::from_bps(0);
    let probe = Probe { id: ProbeId(7), bitrate, bytes: 6_000, packets: 5 };
    let misuse = pacer.handle_input(epoch(), PacerInput::Probe(probe));
    assert_eq!(misuse, Err(PacerMisuse::EmptyProbe));
}

proptest! {
    #[test]
    fn no_more_passes_than_the_rate_allows(
        kbps in 100_u64..5_000,
        packets in proptest::collection::vec((0_u32..200, 40_u32..1_400), 1..100),
    ) {
        let mut pacer = pacer(kbps);
        let longest_wait = Duration::from_secs(1_000);
        pacer.config.longest_wait = longest_wait;
        let mut now = epoch();
        let mut sent = 0_u64;
        for (after, bytes) in packets {
            now += MS * after;
            let packet = PacerInput::Packet { priority: Priority::Video, bytes, packet: 0 };
            pacer.handle_input(now, packet).unwrap();
            for output in drain(&mut pacer).outputs {
                let PacerOutput::Send { bytes, .. } = output else { panic!("nothing to pad") };
                sent += u64::from(bytes);
            }
            // The last one may just have begun.
            let most = kbps * ((now - epoch()).as_millis() as u64 + 5) / 8 + 1_400;
            prop_assert!(sent <= most, "{sent} bytes of {most}");
        }
    }
}
