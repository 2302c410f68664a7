//! The delay is changed by time, not by holes.

use super::*;
use crate::audio::{AudioSource, ToneSource};

/// Arrivals of 20 ms packets, of which each is so many ticks late.
fn late_by(packets: u16, lateness: impl Fn(u64) -> u64) -> Vec<(u64, Made)> {
    let arrival = |number: u16| (u64::from(number) * 2 + lateness(number.into()), made(number));
    let mut arrivals: Vec<(u64, Made)> = (0..packets).map(arrival).collect();
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals
}

fn count(operations: &[Operation], wanted: Operation) -> usize {
    operations.iter().filter(|operation| **operation == wanted).count()
}

#[test]
fn a_delay_that_is_too_short_grows_without_concealment() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 200, ..calm() });
    let operations = rig.play_arrivals(&late_by(150, |_| 0), 300);
    let stats = rig.stats();
    assert_eq!(count(&operations, Operation::Expand), 0);
    let expanded = count(&operations, Operation::PreemptiveExpand);
    assert!((14..60).contains(&expanded), "{expanded}");
    assert!((200 * 48..210 * 48).contains(&stats.inserted_samples), "{stats:?}");
    let last = operations.iter().rposition(|op| *op == Operation::PreemptiveExpand);
    assert!(last.is_some_and(|tick| tick < 100), "within a second: {last:?}");
}

#[test]
fn eight_hundred_milliseconds_at_once_are_played_faster_not_thrown_away() {
    let mut rig = Rig::with(calm());
    let outage = |number| match number {
        300..340 => 80 - 2 * (number - 300),
        _ => 0,
    };
    let operations = rig.play_arrivals(&late_by(900, outage), 1_790);
    let stats = rig.stats();
    assert_eq!(stats.packets_discarded.total(), 0, "{stats:?}");
    assert!(count(&operations, Operation::FastAccelerate) > 20, "{stats:?}");
    // All but what was made up meanwhile was left out again.
    assert!(stats.dropped_samples > 700 * 48, "{stats:?}");
    assert!(stats.playout_delay_ms <= 45.0, "{stats:?}");
    assert_eq!(stats.target_delay_ms, 30);
    let back = operations.iter().rposition(|operation| *operation == Operation::FastAccelerate);
    // The packets come at tick 680; five seconds later nothing is in haste any more.
    assert!(back.is_some_and(|tick| tick < 680 + 500), "{back:?}");
}

#[test]
fn what_was_made_up_is_joined_to_what_follows() {
    let mut rig = Rig::new();
    rig.play((1..50).map(made));
    let from = rig.heard.len();
    assert_eq!(rig.pulls(2), [Operation::Expand; 2]);
    rig.insert(made(51)).unwrap();
    assert_eq!(rig.pulls(2), [Operation::Merge, Operation::Normal]);
    let joint = &rig.heard[from + 960..from + 960 + 240];
    assert!(joint.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.02), "faded over 5 ms");
    assert!((joint[0] - CONCEALED).abs() < 0.01);
}

#[test]
fn a_stream_that_begins_with_the_last_sequence_number_is_played() {
    let mut rig = Rig::new();
    for number in 0..50_u16 {
        let sequence_number = 65_535_u16.wrapping_add(number);
        let timestamp = u32::MAX.wrapping_add(u32::from(number) * 960);
        rig.insert(Made { sequence_number, timestamp, ..made(number) }).unwrap();
        for _ in 0..2 {
            assert_eq!(rig.pull(), (Operation::Normal, sound_of(number)));
        }
    }
    assert_eq!(rig.stats().packets_lost, 0);
}

#[test]
fn silence_by_agreement_is_entered_and_left_without_concealment() {
    let mut rig = Rig::with(calm());
    let mut operations = Vec::new();
    for round in 0..20_u16 {
        // A second of speech, the last packet of which announces two of silence.
        for number in round * 50..(round + 1) * 50 {
            let timestamp = made(number).timestamp.wrapping_add(u32::from(round) * 2 * 48_000);
            let silence_follows = number % 50 == 49;
            rig.insert(Made { timestamp, silence_follows, ..made(number) }).unwrap();
            operations.extend(rig.pulls(2));
        }
        operations.extend(rig.pulls(200));
    }
    assert!(count(&operations, Operation::ComfortNoise) > 20 * 190);
    assert_eq!(count(&operations, Operation::Expand), 0);
    let webrtc = rig.stats().webrtc;
    assert_eq!((webrtc.concealed_samples, webrtc.packets_discarded), (0, 0));
    assert_eq!(rig.stats().packets_played, 1_000);
}

#[test]
fn figures_are_those_of_webrtc_stats() {
    let mut rig = Rig::with(calm());
    rig.play((0..100).map(made));
    let before = rig.stats().webrtc;
    assert_eq!(before.total_samples_received, 200 * 480);
    assert_eq!((before.concealed_samples, before.concealment_events), (0, 0));
    assert!(before.inserted_samples_for_deceleration >= 30 * 48, "{before:?}");
    let mean = before.mean_jitter_buffer_delay_ms();
    assert!((25.0..35.0).contains(&mean), "{mean}");
    assert!((before.mean_jitter_buffer_target_delay_ms() - 30.0).abs() < 1e-9);
    assert_eq!(before.jitter_buffer_minimum_delay_seconds, 0.0, "the network asked for nothing");
    rig.play_lossy((100..200).map(made), |number| number % 20 == 10);
    let interval = rig.stats().webrtc.since(&before);
    assert_eq!((interval.packets_received, interval.packets_lost), (95, 5));
    assert_eq!((interval.concealed_samples, interval.concealment_events), (5 * 960, 5));
    assert_eq!(interval.silent_concealed_samples, 0);
    assert_eq!(interval.total_samples_received, 200 * 480);
    assert!((interval.total_samples_duration_seconds - 2.0).abs() < 1e-9);
    // DC of 0.1 to 0.2, and what is made up between.
    assert!((0.02..0.2).contains(&interval.total_audio_energy), "{interval:?}");
    // The stream ends: made up at first, silent at last.
    rig.pulls(100);
    let end = rig.stats().webrtc.since(&before).since(&interval);
    assert_eq!(end.concealment_events, 1);
    assert!(end.silent_concealed_samples >= 75 * 480, "{end:?}");
    assert!(end.concealed_samples >= end.silent_concealed_samples + 15 * 480, "{end:?}");
}

/// A voice of 20 ms packets whose payload is its place in a tone.
#[derive(Debug)]
struct ToneDecoder;

const TONE_HZ: f64 = 210.0;

impl AudioDecoder for ToneDecoder {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        (payload.len() == 5).then_some(PayloadInfo { samples: 960, ..Default::default() })
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let number = u16::from_be_bytes([payload[3], payload[4]]);
        let turns = |at: usize| (f64::from(number) * 960.0 + at as f64) * TONE_HZ / 48_000.0;
        for (at, sample) in out[..960].iter_mut().enumerate() {
            *sample = (turns(at) * std::f64::consts::TAU).sin() as f32 * 0.5;
        }
        Ok(960)
    }

    fn decode_fec(&mut self, _: &[u8], _: usize, _: &mut [f32]) -> Result<usize, CodecError> {
        Err(CodecError::new("no redundancy"))
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        out[..samples].fill(0.0);
        Ok(samples)
    }

    fn reset(&mut self) {}
}

#[test]
fn a_tone_through_a_storm_of_stretching_is_that_tone() {
    let config = ReceiverConfig { min_delay_ms: 200, ..calm() };
    let mut receiver = Receiver::with_decoder(config, ToneDecoder);
    let mut heard = Vec::new();
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    let (mut arrivals, mut sent) = (late_by(1_500, |_| 0), 0);
    // The sender is 5 % fast for 15 s, then 5 % slow.
    for (at, made) in &mut arrivals {
        let number = u64::from(made.number);
        *at = if number < 750 { number * 190 / 100 } else { 1_425 + (number - 750) * 210 / 100 };
    }
    for tick in 0..2_990 {
        while arrivals.get(sent).is_some_and(|(at, _)| *at <= tick) {
            let made = arrivals[sent].1;
            let header = RtpHeader {
                payload_type: 111,
                marker: false,
                sequence_number: made.sequence_number,
                timestamp: made.timestamp,
                ssrc: SSRC,
            };
            let mut bytes = [0; 17];
            write_header(&header, &[], &mut bytes).unwrap();
            bytes[12..].copy_from_slice(&fake_payload(PayloadInfo::default(), made.number));
            receiver.insert(epoch(), &RtpView::parse(&bytes).unwrap()).unwrap();
            sent += 1;
        }
        receiver.pull(&mut pcm);
        heard.extend_from_slice(&pcm);
    }
    let stats = receiver.stats();
    assert!(stats.dropped_samples > 20_000 && stats.inserted_samples > 20_000, "{stats:?}");
    assert_eq!(stats.webrtc.concealed_samples, 0, "{stats:?}");
    let mut tone = [0.0; SAMPLES_PER_TICK];
    ToneSource::new(TONE_HZ, 0.5).read(&mut tone);
    let steepest =
        |pcm: &[f32]| pcm.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(steepest(&heard) < steepest(&tone) * 1.1, "{}", steepest(&heard));
    let crossings = heard.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    let heard_hz = crossings as f64 * 48_000.0 / heard.len() as f64;
    assert!((heard_hz / TONE_HZ - 1.0).abs() < 0.003, "{heard_hz}");
}

#[test]
fn a_delay_far_too_short_grows_while_playing_goes_on() {
    let mut rig = Rig::with(ReceiverConfig { min_delay_ms: 1_500, ..calm() });
    rig.play((0..100).map(made));
    let stats = rig.stats();
    assert!(stats.packets_played >= 40, "{stats:?}");
    let webrtc = &stats.webrtc;
    let made = webrtc.jitter_buffer_emitted_samples + webrtc.inserted_samples_for_deceleration;
    let waiting = made - webrtc.total_samples_received;
    assert!(waiting < 2 * 960, "nothing piles up behind the decoder: {stats:?}");
}

/// Frames of noise, none like the one before.
#[derive(Debug)]
struct NoiseDecoder(u32);

impl AudioDecoder for NoiseDecoder {
    fn inspect(&self, _: &[u8]) -> Option<PayloadInfo> {
        Some(PayloadInfo { samples: 960, ..Default::default() })
    }

    fn decode(&mut self, _: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        for sample in &mut out[..960] {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = (self.0 >> 8) as f32 / (1 << 24) as f32 - 0.5;
        }
        Ok(960)
    }

    fn decode_fec(&mut self, _: &[u8], _: usize, _: &mut [f32]) -> Result<usize, CodecError> {
        Err(CodecError::new("no redundancy"))
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        out[..samples].fill(0.0);
        Ok(samples)
    }

    fn reset(&mut self) {}
}

#[test]
fn a_second_packet_that_hesitates_finds_no_hole_whatever_the_first_sounds_like() {
    // The second packet is a tick or two late, and so are all after it.
    for late in [1, 2] {
        let mut receiver = Receiver::with_decoder(calm(), NoiseDecoder(late));
        let mut pcm = [0.0; SAMPLES_PER_TICK];
        for tick in 0..200_u32 {
            if tick == 0 || tick > late && (tick - late) % 2 == 0 {
                let number = tick.saturating_sub(late) / 2;
                let header = RtpHeader {
                    payload_type: 111,
                    marker: false,
                    sequence_number: number as u16,
                    timestamp: number * 960,
                    ssrc: SSRC,
                };
                let mut bytes = [0; 16];
                write_header(&header, &[], &mut bytes).unwrap();
                receiver.insert(epoch(), &RtpView::parse(&bytes).unwrap()).unwrap();
            }
            receiver.pull(&mut pcm);
        }
        let webrtc = receiver.stats().webrtc;
        assert_eq!((webrtc.concealed_samples, webrtc.concealment_events), (0, 0), "{late}");
    }
}

#[test]
fn concealment_that_was_not_heard_yet_gives_way_to_the_packet_it_stands_for() {
    let mut rig = Rig::new();
    // Packets of 2.5 ms less than four ticks leave a rest of 7.5 ms, so that of 10 ms made up
    // 7.5 ms wait.
    let short =
        |number: u16| Made { samples: 1_800, timestamp: u32::from(number) * 1_800, ..made(number) };
    rig.insert(short(1)).unwrap();
    rig.pulls(3);
    assert_eq!(rig.pull().0, Operation::Expand);
    let before = rig.stats().webrtc;
    assert_eq!(before.concealed_samples, 120, "only what was heard counts");
    rig.insert(short(2)).unwrap();
    rig.insert(short(3)).unwrap();
    rig.pull();
    let after = rig.stats().webrtc;
    assert_eq!((after.concealed_samples, after.concealment_events), (120, 1), "{after:?}");
    assert!(rig.heard[4 * 480 + 240..5 * 480].iter().all(|sample| *sample == sound_of(2)));
}
