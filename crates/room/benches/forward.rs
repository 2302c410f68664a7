//! What forwarding costs per packet, from two to 500 in the room, and what idling costs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use calling_model::{Machine, ParticipantId, UserId, VideoSize, VideoTrack};
use calling_room::{Forwards, Room, RoomConfig, VideoSourceSsrcs, VideoTerms, VideoViews};
use calling_testkit::{epoch, seed};
use calling_wire::{RtpHeader, RtpViewMut, write_header};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const PARTICIPANTS: [u64; 5] = [2, 5, 10, 50, 500];

fn open_room(participants: u64) -> Room {
    let mut room = Room::new(RoomConfig::default(), seed(1));
    for number in 0..participants {
        let user = UserId::new(format!("user{number}")).expect("it follows the rule");
        let joined = room.join(epoch(), ParticipantId(number), user, number as u32);
        joined.expect("there is room");
    }
    room.open(epoch());
    while room.poll_output().is_some() {}
    room
}

fn voice() -> Vec<u8> {
    let header =
        RtpHeader { payload_type: 111, marker: false, sequence_number: 0, timestamp: 0, ssrc: 0 };
    let mut packet = vec![0; 100];
    write_header(&header, &[(1, &[0x80 | 30])], &mut packet).expect("it fits");
    packet
}

/// A stream that never ends: each packet is the next one.
struct Stream {
    packet: Vec<u8>,
    number: u32,
    now: Instant,
}

impl Stream {
    fn new() -> Self {
        Self { packet: voice(), number: 0, now: epoch() }
    }

    fn next(&mut self) -> (Instant, &[u8]) {
        self.number = self.number.wrapping_add(1);
        self.now += Duration::from_millis(20);
        let mut header = RtpViewMut::parse(&mut self.packet).expect("it is RTP");
        header.set_sequence_number(self.number as u16);
        header.set_timestamp(self.number.wrapping_mul(960));
        (self.now, &self.packet)
    }
}

fn forward(c: &mut Criterion) {
    let mut group = c.benchmark_group("forward");
    for participants in PARTICIPANTS {
        let mut room = open_room(participants);
        let (mut stream, mut forwards) = (Stream::new(), Forwards::new());
        group.throughput(Throughput::Elements(participants - 1));
        group.bench_function(BenchmarkId::from_parameter(participants), |b| {
            b.iter(|| {
                let (now, packet) = stream.next();
                let handled = room.handle_rtp(now, ParticipantId(0), packet, &mut forwards);
                handled.expect("it is forwarded");
                black_box(forwards.len())
            });
        });
    }
    group.finish();
}

/// Forwarding with the copy and the rewritten header of each receiver.
fn forward_and_rewrite(c: &mut Criterion) {
    let mut group = c.benchmark_group("forward_and_rewrite");
    for participants in PARTICIPANTS {
        let mut room = open_room(participants);
        let (mut stream, mut forwards) = (Stream::new(), Forwards::new());
        let mut copy = Vec::with_capacity(100);
        group.throughput(Throughput::Elements(participants - 1));
        group.bench_function(BenchmarkId::from_parameter(participants), |b| {
            b.iter(|| {
                let (now, packet) = stream.next();
                let handled = room.handle_rtp(now, ParticipantId(0), packet, &mut forwards);
                handled.expect("it is forwarded");
                for forward in &forwards {
                    copy.clear();
                    copy.extend_from_slice(packet);
                    forward.apply(&mut copy).expect("it is the packet");
                    black_box(&copy);
                }
            });
        });
    }
    group.finish();
}

const SOURCE: VideoSourceSsrcs = VideoSourceSsrcs { media: 1_000, rtx: Some(1_001) };

/// A room in which everybody watches the camera of the first.
fn watched_room(participants: u64) -> Room {
    let mut room = open_room(participants);
    let user = UserId::new("user0").expect("it follows the rule");
    let views = VideoViews::from([((user, VideoTrack::Camera), VideoSize::Large)]);
    for number in 0..participants {
        let sends = (number == 0).then_some((VideoTrack::Camera, SOURCE));
        let terms = VideoTerms::native(sends);
        let set = room
            .negotiate_video(epoch(), ParticipantId(number), terms)
            .and_then(|()| room.set_views(epoch(), ParticipantId(number), views.clone()));
        set.expect("it is in the room");
    }
    room
}

/// A picture of VP8 in packets of 1,200 bytes, copied and rewritten for each receiver.
fn forward_video(c: &mut Criterion) {
    let mut group = c.benchmark_group("forward_video");
    for participants in [2, 5, 10, 50] {
        let mut room = watched_room(participants);
        let mut forwards = Forwards::new();
        let header = RtpHeader {
            payload_type: 96,
            marker: false,
            sequence_number: 0,
            timestamp: 0,
            ssrc: SOURCE.media,
        };
        let mut packet = vec![0; 1_200];
        write_header(&header, &[], &mut packet).expect("it fits");
        // The start of a key frame with a picture id.
        packet[12..17].copy_from_slice(&[0x90, 0x80, 0x80, 1, 0]);
        let (mut number, mut now, mut copy) = (0_u32, epoch(), Vec::with_capacity(1_200));
        group.throughput(Throughput::Elements(participants - 1));
        group.bench_function(BenchmarkId::from_parameter(participants), |b| {
            b.iter(|| {
                number = number.wrapping_add(1);
                now += Duration::from_millis(4);
                let mut header = RtpViewMut::parse(&mut packet).expect("it is RTP");
                header.set_sequence_number(number as u16);
                header.set_timestamp(number.wrapping_mul(360));
                let handled = room.handle_rtp(now, ParticipantId(0), &packet, &mut forwards);
                handled.expect("it is forwarded");
                for forward in &forwards {
                    copy.clear();
                    copy.extend_from_slice(&packet);
                    forward.apply(&mut copy).expect("it is the packet");
                    black_box(&copy);
                }
                while room.poll_output().is_some() {}
            });
        });
    }
    group.finish();
}

fn idle(c: &mut Criterion) {
    let mut group = c.benchmark_group("idle_poll");
    for participants in PARTICIPANTS {
        let mut room = open_room(participants);
        group.bench_function(BenchmarkId::from_parameter(participants), |b| {
            b.iter(|| (black_box(&mut room).poll_output().is_none(), room.poll_timeout()));
        });
    }
    group.finish();
}

criterion_group!(benches, forward, forward_and_rewrite, forward_video, idle);
criterion_main!(benches);
