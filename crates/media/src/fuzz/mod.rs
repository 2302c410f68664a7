//! Bodies of fuzz targets: any input, no panic, invariants kept.

mod model;

use std::time::{Duration, Instant};

use calling_wire::{RtpHeader, RtpView, write_header};

use crate::codec::PayloadInfo;
use crate::fake::{FakeDecoder, fake_payload};
pub use model::receiver_model;

use crate::{AudioDecoder, Channels, OpusDecoder, Receiver, ReceiverConfig, SAMPLES_PER_TICK};
use calling_wire::{RedPayload, write_red};

/// A receiver under any sequence of packets and pulls: two bytes of operation each, most of them
/// meant to be near what real streams do.
pub fn receiver_operations(data: &[u8]) {
    let config = ReceiverConfig { capacity_packets: 64, max_delay_ms: 500, ..Default::default() };
    let mut receiver = Receiver::with_decoder(config, FakeDecoder::new(Channels::Mono));
    let mut stream = FuzzStream { now: start(), sequence_number: 65_500, timestamp: 4_294_900_000 };
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    for operation in data.chunks_exact(2) {
        let [kind, value] = [operation[0], operation[1]];
        match kind % 8 {
            0..=2 => stream.send(&mut receiver, value),
            3 => stream.skip(u16::from(value)),
            4 => stream.jump(value),
            5 => stream.sequence_number = stream.sequence_number.wrapping_sub(u16::from(value)),
            6 => stream.now += Duration::from_millis(u64::from(value)),
            _ => {
                for _ in 0..=value % 8 {
                    receiver.pull(&mut pcm);
                    assert!(pcm.iter().all(|sample| (-1.0..=66.0).contains(sample)));
                }
            }
        }
    }
    let stats = receiver.stats();
    assert!(stats.packets_played + stats.packets_discarded.total() <= 2 * data.len() as u64);
    // 500 ms, a packet of 120 ms and the decoded rest.
    assert!(stats.buffered_ms <= 1_000, "{stats:?}");
}

/// One payload, decoded, restored from and concealed after, in mono and stereo.
pub fn opus_payload(data: &[u8]) {
    for channels in [Channels::Mono, Channels::Stereo] {
        // Without memory there is nothing to test.
        let Ok(mut decoder) = OpusDecoder::new(channels) else { return };
        let mut pcm = vec![0.0; 5_760 * channels.count()];
        let Some(info) = decoder.inspect(data) else { return };
        let fec = decoder.decode_fec(data, info.fec_samples.max(960), &mut pcm);
        let decoded = decoder.decode(data, &mut pcm);
        let made = decoder.conceal(480, &mut pcm);
        for samples in [fec, decoded, made].into_iter().flatten() {
            assert!(samples <= 5_760);
        }
        assert!(pcm.iter().all(|sample| (-1.0..=1.0).contains(sample)));
    }
}

/// Bytes as redundant audio: what is read is written as the same bytes, and whatever they are, a
/// receiver survives them as a packet.
pub fn red_payload(data: &[u8]) {
    if let Ok(red) = RedPayload::parse(data) {
        let mut out = vec![0; data.len()];
        assert_eq!(write_red(red.copies(), red.primary, &mut out), Ok(data.len()));
        assert_eq!(out, data);
    }
    let config = ReceiverConfig { red_payload_type: Some(63), ..Default::default() };
    let mut receiver = Receiver::with_decoder(config, FakeDecoder::new(Channels::Mono));
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    let now = start();
    for round in 0..4_u16 {
        let header = RtpHeader {
            payload_type: 63,
            marker: false,
            sequence_number: round * 9,
            timestamp: u32::from(round) * 8_640,
            ssrc: 1,
        };
        let mut packet = vec![0; 12];
        if write_header(&header, &[], &mut packet).is_err() {
            return;
        }
        packet.extend_from_slice(data);
        if let Ok(view) = RtpView::parse(&packet) {
            let _ = receiver.insert(now, &view);
        }
        for _ in 0..6 {
            receiver.pull(&mut pcm);
            assert!(pcm.iter().all(|sample| (-1.0..=66.0).contains(sample)));
        }
    }
}

struct FuzzStream {
    now: Instant,
    sequence_number: u16,
    timestamp: u32,
}

impl FuzzStream {
    fn send(&mut self, receiver: &mut Receiver<FakeDecoder>, value: u8) {
        let samples = 120 * usize::from(value % 49);
        let fec_samples = if value & 0x40 != 0 { samples } else { 0 };
        let info = PayloadInfo { samples, fec_samples, silence_follows: value & 0x80 != 0 };
        let header = RtpHeader {
            payload_type: 111,
            marker: false,
            sequence_number: self.sequence_number,
            timestamp: self.timestamp,
            ssrc: 1,
        };
        let mut packet = [0; 17];
        let Ok(length) = write_header(&header, &[], &mut packet) else { return };
        packet[length..].copy_from_slice(&fake_payload(info, self.sequence_number));
        if let Ok(view) = RtpView::parse(&packet) {
            let _ = receiver.insert(self.now, &view);
        }
        self.sequence_number = self.sequence_number.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
    }

    fn skip(&mut self, packets: u16) {
        self.sequence_number = self.sequence_number.wrapping_add(packets);
        self.timestamp = self.timestamp.wrapping_add(u32::from(packets) * 960);
    }

    fn jump(&mut self, value: u8) {
        self.timestamp = self.timestamp.wrapping_add(u32::from(value) << 24 | 77);
    }
}

/// Any instant does; the receiver only measures differences.
#[expect(clippy::disallowed_methods, reason = "there is no other way to make an Instant")]
fn start() -> Instant {
    Instant::now()
}
