//! What it costs to read, write and rewrite headers.

use std::hint::black_box;

use calling_wire::{
    AudioLevelExtension, RtcpPackets, RtpHeader, RtpView, RtpViewMut, SequenceExtender, classify,
    write_header,
};
use criterion::{Criterion, criterion_group, criterion_main};

const HEADER: RtpHeader =
    RtpHeader { payload_type: 111, marker: false, sequence_number: 1, timestamp: 960, ssrc: 7 };
const FOUR: [(u8, &[u8]); 4] = [(1, &[0x85]), (2, &[1, 2, 3]), (3, &[1, 2]), (4, b"0")];

fn packet(extensions: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; 172];
    write_header(&HEADER, extensions, &mut bytes).expect("the buffer is long enough");
    bytes
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("header_parse");
    for (name, packet) in [("no_extension", packet(&[])), ("four_extensions", packet(&FOUR))] {
        group.bench_function(name, |b| b.iter(|| RtpView::parse(black_box(&packet)).is_ok()));
    }
    let packet = packet(&FOUR);
    group.bench_function("four_extensions_and_level", |b| {
        b.iter(|| {
            let view = RtpView::parse(black_box(&packet)).expect("valid");
            let level = view.extension(1).and_then(AudioLevelExtension::parse);
            (view.ssrc(), view.sequence_number(), view.timestamp(), level)
        });
    });
    group.finish();
}

fn write(c: &mut Criterion) {
    let mut group = c.benchmark_group("header_write");
    let mut out = [0; 64];
    group.bench_function("audio_level", |b| {
        b.iter(|| write_header(black_box(&HEADER), &FOUR[..1], &mut out));
    });
    let mut packet = packet(&FOUR);
    group.bench_function("rewrite", |b| {
        b.iter(|| {
            let mut header = RtpViewMut::parse(black_box(&mut packet)).expect("valid");
            header.set_ssrc(9);
            header.set_sequence_number(8);
            header.set_timestamp(7);
        });
    });
    group.finish();
}

fn rest(c: &mut Criterion) {
    let packet = packet(&FOUR);
    c.bench_function("classify", |b| b.iter(|| classify(black_box(&packet))));
    let mut extender = SequenceExtender::new();
    let mut sequence_number = 0_u16;
    c.bench_function("extend", |b| {
        b.iter(|| {
            sequence_number = sequence_number.wrapping_add(1);
            extender.extend(black_box(sequence_number))
        });
    });
    let rtcp = [0x80, 203, 0, 0].repeat(3);
    c.bench_function("rtcp_compound_of_three", |b| {
        b.iter(|| RtcpPackets::new(black_box(&rtcp)).filter(Result::is_ok).count());
    });
}

criterion_group!(benches, parse, write, rest);
criterion_main!(benches);
