//! What one call costs a client: a tick of speaking and hearing, and one packet received.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling::pipeline::{Pipeline, PipelineInput, PipelineOutput, PipelineSettings, VideoSettings};
use calling::{AudioSink, ToneSource, UserId, VoiceConfig};
use calling_model::{Machine, UnixMillis};
use calling_transport::{Certificate, DtlsRole, SecureSession, SessionConfig};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

struct Nowhere;

impl AudioSink for Nowhere {
    fn write(&mut self, pcm: &[f32]) {
        black_box(pcm);
    }
}

struct Pair {
    now: Instant,
    sides: [Pipeline; 2],
}

const fn video(ssrc: u32) -> VideoSettings {
    VideoSettings { ssrc, rtx_ssrc: ssrc + 10, bitrate_bps: 500_000 }
}

impl Pair {
    /// Two people in conversation.
    fn talking() -> Self {
        let now = Instant::now();
        let certificate = Arc::new(Certificate::generate().expect("a certificate"));
        let side = |index: u32| {
            let voice = VoiceConfig::default();
            let settings = PipelineSettings {
                user: UserId::new("me").expect("a user id"),
                sender: voice.sender(index, 111, 1),
                receiver: voice.receiver(111, 1),
                cname: "bench".to_owned(),
                unix: UnixMillis(0),
                seed: [1; 32],
                camera: video(index + 10),
                screen: video(index + 30),
                #[cfg(feature = "processing")]
                processing: calling_media::AudioProcessing::default(),
                record_traces: false,
            };
            Pipeline::new(settings, now).expect("default settings")
        };
        let mut pair = Self { now, sides: [side(0), side(1)] };
        for (index, role) in [(1, DtlsRole::Passive), (0, DtlsRole::Active)] {
            let fingerprint = certificate.fingerprint();
            let config = SessionConfig::new(Arc::clone(&certificate), role, fingerprint);
            let session = Box::new(SecureSession::new(config, now));
            pair.input(index, PipelineInput::Secure(session));
        }
        pair.exchange();
        for index in [0, 1] {
            let source = Box::new(ToneSource::new(440.0, 0.5));
            pair.input(index, PipelineInput::OpenGate { source, sink: Box::new(Nowhere) });
            let user = UserId::new("other").expect("a user id");
            let ssrc = 1 - index as u32;
            pair.input(index, PipelineInput::RemoteAudio { user, ssrc });
        }
        for _ in 0..100 {
            pair.tick();
        }
        pair
    }

    fn input(&mut self, index: usize, input: PipelineInput<'_>) {
        let Ok(()) = self.sides[index].handle_input(self.now, input);
    }

    /// Carries datagrams until both fall silent.
    fn exchange(&mut self) {
        while let Some((from, mut datagram)) = self.next_datagram() {
            self.input(1 - from, PipelineInput::Datagram(&mut datagram));
        }
    }

    fn next_datagram(&mut self) -> Option<(usize, Vec<u8>)> {
        for index in [0, 1] {
            while let Some(output) = self.sides[index].poll_output() {
                if let PipelineOutput::Transmit(datagram) = output {
                    return Some((index, datagram));
                }
            }
        }
        None
    }

    /// 10 ms of conversation on both sides.
    fn tick(&mut self) {
        self.now += Duration::from_millis(10);
        for side in &mut self.sides {
            side.handle_timeout(self.now);
        }
        self.exchange();
    }
}

fn conversation(criterion: &mut Criterion) {
    let mut pair = Pair::talking();
    criterion.bench_function("ten milliseconds of conversation, both sides", |bencher| {
        bencher.iter(|| pair.tick());
    });
    let mut pair = Pair::talking();
    criterion.bench_function("a forged datagram", |bencher| {
        bencher.iter_batched(
            || vec![0x80; 120],
            |mut datagram| pair.input(0, PipelineInput::Datagram(&mut datagram)),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, conversation);
criterion_main!(benches);
