//! Feedback on packets: what noting one costs, and telling of it with it.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use calling_transport::TransportFeedback;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const ID: u8 = 3;

/// Of video, as a browser sends it: three extensions before the number.
fn packet() -> Vec<u8> {
    let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0x11, 0x11, 0xbe, 0xde, 0, 3];
    packet.extend([0x20, 9, 0x40, b'0', 0xa0, b'f', ID << 4 | 1, 0, 0, 0, 0, 0]);
    packet.resize(1_200, 7);
    packet
}

#[expect(clippy::disallowed_methods, reason = "a bench begins at some instant")]
fn begin() -> Instant {
    Instant::now()
}

fn packets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("feedback");
    group.throughput(Throughput::Elements(1));
    for lost_of_100 in [0, 5] {
        let (mut feedback, mut packet) = (TransportFeedback::new(ID, 1), packet());
        let (mut now, mut number) = (begin(), 0_u16);
        let mut datagram = Vec::with_capacity(1_200);
        group.bench_function(BenchmarkId::new("packet_in_and_told", lost_of_100), |bencher| {
            bencher.iter(|| {
                now += Duration::from_millis(2);
                number = number.wrapping_add(1);
                packet[23..25].copy_from_slice(&number.to_be_bytes());
                if number % 100 >= lost_of_100 {
                    feedback.observe(now, &packet);
                }
                while feedback.write(now, &mut datagram) {
                    black_box(&datagram);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, packets);
criterion_main!(benches);
