//! What a packet costs the receiver, without the decoder.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use calling_media::fake::{FakeDecoder, fake_payload};
use calling_media::{Channels, Operation, PayloadInfo, Receiver, ReceiverConfig, SAMPLES_PER_TICK};
use calling_testkit::epoch;
use calling_wire::{RtpHeader, RtpView, write_header};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// One RTP packet of a voice call, header extension and 80 bytes of payload, which the fake
/// decoder only looks at the beginning of.
struct Stream {
    packet: [u8; 105],
    next: u32,
}

impl Stream {
    fn new() -> Self {
        Self { packet: [0; 105], next: 0 }
    }

    /// The next packet of 20 ms.
    fn next(&mut self) -> RtpView<'_> {
        let header = RtpHeader {
            payload_type: 111,
            marker: false,
            // Both wrap in a long run.
            sequence_number: self.next as u16,
            timestamp: self.next.wrapping_mul(960),
            ssrc: 1,
        };
        self.next = self.next.wrapping_add(1);
        let length = write_header(&header, &[(1, &[0x80 | 25])], &mut self.packet);
        let length = length.expect("the buffer holds any header");
        let info = PayloadInfo { samples: 960, fec_samples: 960, silence_follows: false };
        self.packet[length..length + 5].copy_from_slice(&fake_payload(info, 100));
        RtpView::parse(&self.packet).expect("it was just written")
    }
}

/// Inserts a packet and pulls the two ticks that it fills; `lost` of 10 packets never come.
fn step(receiver: &mut Receiver<FakeDecoder>, stream: &mut Stream, now: Instant, lost: u32) {
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    let number = stream.next;
    let view = stream.next();
    if number % 10 >= lost {
        let _ = receiver.insert(now, &view);
    }
    receiver.pull(&mut pcm);
    receiver.pull(&mut pcm);
    black_box(&pcm);
}

fn receiver(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receiver");
    group.throughput(Throughput::Elements(1));
    for (name, lost) in [("insert and pull twice", 0), ("the same with 10 % lost", 1)] {
        let decoder = FakeDecoder::new(Channels::Mono);
        let mut receiver = Receiver::with_decoder(ReceiverConfig::default(), decoder);
        let (mut stream, mut now) = (Stream::new(), epoch());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now += Duration::from_millis(20);
                step(&mut receiver, &mut stream, now, lost);
            });
        });
    }
    insert_alone(&mut group);
    pull_alone(&mut group);
    for channels in [Channels::Mono, Channels::Stereo] {
        stretch(&mut group, channels);
    }
    group.finish();
}

/// The cost of an insert: without pulls the buffer stays full, so that each one also flushes.
fn insert_alone(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>) {
    let decoder = FakeDecoder::new(Channels::Mono);
    let mut receiver = Receiver::with_decoder(ReceiverConfig::default(), decoder);
    let mut stream = Stream::new();
    group.bench_function("insert into a full buffer", |bencher| {
        bencher.iter(|| receiver.insert(epoch(), &stream.next()));
    });
}

/// The cost of a pull in normal operation, without the packet that every other one takes.
fn pull_alone(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>) {
    let decoder = FakeDecoder::new(Channels::Mono);
    let receiver = Receiver::with_decoder(ReceiverConfig::default(), decoder);
    let state = RefCell::new((receiver, Stream::new(), 0_u32));
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    let insert = || {
        let (receiver, stream, ticks) = &mut *state.borrow_mut();
        *ticks += 1;
        if *ticks % 2 == 1 {
            let _ = receiver.insert(epoch(), &stream.next());
        }
    };
    group.bench_function("pull", |bencher| {
        bencher.iter_batched(
            insert,
            |()| state.borrow_mut().0.pull(&mut pcm),
            BatchSize::PerIteration,
        );
    });
    assert_eq!(state.borrow().0.stats().concealed_samples, 0);
}

/// The cost of a pull that leaves out a period: more waits than should, always.
fn stretch(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    channels: Channels,
) {
    let config = ReceiverConfig { channels, ..Default::default() };
    let receiver = Receiver::with_decoder(config, FakeDecoder::new(channels));
    let state = RefCell::new((receiver, Stream::new(), 0_u64));
    let mut pcm = vec![0.0; SAMPLES_PER_TICK * channels.count()];
    let insert = || {
        let (receiver, stream, _) = &mut *state.borrow_mut();
        while receiver.stats().buffered_ms < 700 {
            let _ = receiver.insert(epoch(), &stream.next());
        }
    };
    let mut pull = |()| {
        let (receiver, _, stretched) = &mut *state.borrow_mut();
        *stretched += u64::from(receiver.pull(&mut pcm).operation == Operation::FastAccelerate);
    };
    group.bench_function(format!("pull while stretching, {channels:?}"), |bencher| {
        bencher.iter_batched(insert, &mut pull, BatchSize::PerIteration);
    });
    let (receiver, _, stretched) = &*state.borrow();
    let ticks = receiver.stats().webrtc.total_samples_received / SAMPLES_PER_TICK as u64;
    assert!(stretched * 10 > ticks * 9, "{stretched} of {ticks} pulls stretched");
}

criterion_group!(benches, receiver);
criterion_main!(benches);
