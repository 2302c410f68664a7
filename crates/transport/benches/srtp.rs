//! SRTP alone: sealing and opening one RTP packet in place. Between two packets the buffer is
//! filled anew, which `copy` shows by itself.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use calling_transport::{SrtpContext, SrtpProfile};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::Aes128CmHmacSha1_80];
/// Bytes of payload: a voice packet and a full video packet.
const PAYLOADS: [usize; 2] = [160, 1_200];
/// Packets for which an opening context is made once.
const ROUND: u64 = 60_000;

fn context(profile: SrtpProfile) -> SrtpContext {
    let (key, salt) = (vec![7; profile.key_len()], vec![9; profile.salt_len()]);
    SrtpContext::new(profile, &key, &salt).expect("the lengths are right")
}

fn write(packet: &mut Vec<u8>, number: u64, payload: usize) {
    packet.clear();
    packet.extend_from_slice(&[0x80, 111]);
    packet.extend_from_slice(&(number as u16).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 7]);
    packet.resize(12 + payload, 0x5a);
}

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("srtp_seal");
    for payload in PAYLOADS {
        group.throughput(Throughput::Bytes(payload as u64));
        let mut packet = Vec::with_capacity(1_500);
        let mut number = 0;
        group.bench_function(BenchmarkId::new("copy", payload), |bencher| {
            bencher.iter(|| {
                number += 1;
                write(&mut packet, number, payload);
                black_box(&packet);
            });
        });
        for profile in PROFILES {
            let mut context = context(profile);
            let mut number = 0;
            group.bench_function(BenchmarkId::new(profile.name(), payload), |bencher| {
                bencher.iter(|| {
                    number += 1;
                    write(&mut packet, number, payload);
                    context.protect_rtp(&mut packet).expect("every number is new");
                    black_box(&packet);
                });
            });
        }
    }
}

fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("srtp_open");
    for payload in PAYLOADS {
        group.throughput(Throughput::Bytes(payload as u64));
        for profile in PROFILES {
            let mut sender = context(profile);
            let sealed: Vec<Vec<u8>> = (0..ROUND)
                .map(|number| {
                    let mut packet = Vec::with_capacity(payload + 32);
                    write(&mut packet, number, payload);
                    sender.protect_rtp(&mut packet).expect("every number is new");
                    packet
                })
                .collect();
            let mut packet = vec![0; sealed[0].len()];
            let mut receiver = context(profile);
            let mut next = 0;
            group.bench_function(BenchmarkId::new(profile.name(), payload), |bencher| {
                bencher.iter(|| {
                    if next == sealed.len() {
                        // Once in sixty thousand: too seldom to be seen.
                        receiver = context(profile);
                        next = 0;
                    }
                    packet.copy_from_slice(&sealed[next]);
                    next += 1;
                    receiver.unprotect_rtp(&mut packet).expect("it was just sealed")
                });
            });
        }
    }
}

fn keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("srtp_keys");
    for profile in PROFILES {
        group.bench_function(profile.name(), |bencher| {
            bencher.iter_batched(|| (), |()| context(profile), BatchSize::SmallInput);
        });
    }
}

criterion_group!(benches, seal, open, keys);
criterion_main!(benches);
