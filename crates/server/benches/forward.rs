//! How long a media thread takes for a packet: open SRTP, route, rewrite and protect for each
//! receiver. The socket is apart.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(dead_code, reason = "the world has more than is needed here")]

#[path = "../tests/plane/world.rs"]
mod world;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use self::world::{World, room};

/// Packets protected ahead and then handled in one go.
const BATCH: u64 = 1_000;

fn forward(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("forward");
    for participants in [2, 5, 10, 50] {
        let mut world = World::new(participants);
        world.plane.open_gate(world.now, room(1));
        world.connect_all();
        world.plane.keep_sent(false);
        let receivers = participants as u64 - 1;
        group.throughput(Throughput::Elements(receivers));
        group.bench_function(BenchmarkId::from_parameter(receivers), |bencher| {
            bencher.iter_custom(|packets| measure(&mut world, packets));
        });
    }
    group.finish();
}

/// The time the server takes for so many packets of the first client.
fn measure(world: &mut World, mut packets: u64) -> Duration {
    let mut total = Duration::ZERO;
    while packets > 0 {
        let batch = packets.min(BATCH);
        packets -= batch;
        let mut sealed: Vec<_> = (0..batch).map(|_| world.packet(0).unwrap()).collect();
        let began = Instant::now();
        for (source, packet) in &mut sealed {
            world.plane.receive(world.now, *source, packet);
        }
        total += began.elapsed();
    }
    total
}

criterion_group!(benches, forward);
criterion_main!(benches);
