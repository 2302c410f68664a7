//! Fuzz bodies: each takes any bytes and never panics.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use calling_media::video::{EncodedPicture, VideoCodec};
use calling_media::{AudioSink, AudioSource, ToneSource};
use calling_model::{Machine, UnixMillis, UserId, VideoTrack};
use calling_signaling::protocol::VideoStream;
use calling_transport::{Certificate, DtlsRole, SecureSession, SessionConfig, SessionOutput};

use crate::config::VoiceConfig;
use crate::pipeline::{Pipeline, PipelineInput, PipelineOutput, PipelineSettings, VideoSettings};
pub use crate::view::fuzz::view;

/// Operations on a [`Pipeline`] that is connected to a peer: anything the network, the server and
/// the clock can do, in any order.
///
/// Holds for every input: no media leaves before the gate is open, and the machine never asks for
/// a time that has passed.
pub fn pipeline(data: &[u8]) {
    let Some(mut world) = World::connected() else { return };
    let mut data = data;
    for _ in 0..MOST_OPERATIONS {
        let Some((operation, rest)) = data.split_first() else { break };
        let Some((argument, rest)) = rest.split_first() else { break };
        let (chunk, rest) = rest.split_at(usize::from(*argument).min(rest.len()));
        data = if matches!(operation % 10, 0..=2) { rest } else { &data[2..] };
        world.perform(operation % 10, *argument, chunk);
    }
}

const MOST_OPERATIONS: usize = 256;
const MOST_STEPS: usize = 64;

struct World {
    now: Instant,
    pipeline: Pipeline,
    peer: SecureSession,
    gate_open: bool,
    sequence_number: u16,
}

struct Nowhere;

impl AudioSink for Nowhere {
    fn write(&mut self, _: &[f32]) {}
}

/// One certificate for both ends: making one is most of the work otherwise.
fn certificate() -> Option<Arc<Certificate>> {
    static CERTIFICATE: OnceLock<Option<Arc<Certificate>>> = OnceLock::new();
    CERTIFICATE.get_or_init(|| Certificate::generate().ok().map(Arc::new)).clone()
}

fn session(role: DtlsRole, now: Instant) -> Option<SecureSession> {
    let certificate = certificate()?;
    let fingerprint = certificate.fingerprint();
    Some(SecureSession::new(SessionConfig::new(certificate, role, fingerprint), now))
}

fn user(argument: u8) -> Option<UserId> {
    UserId::new(format!("user{}", argument % 20)).ok()
}

impl World {
    fn connected() -> Option<Self> {
        let now = Instant::now();
        let voice = VoiceConfig::default();
        let settings = PipelineSettings {
            user: user(0)?,
            sender: voice.sender(1, 111, 1),
            receiver: voice.receiver(111, 1),
            cname: "fuzz".to_owned(),
            unix: UnixMillis(0),
            seed: [1; 32],
            camera: VideoSettings { ssrc: 100, rtx_ssrc: 101, bitrate_bps: 500_000 },
            screen: VideoSettings { ssrc: 102, rtx_ssrc: 103, bitrate_bps: 500_000 },
            #[cfg(feature = "processing")]
            processing: calling_media::AudioProcessing::default(),
            record_traces: true,
        };
        let mut world = Self {
            now,
            pipeline: Pipeline::new(settings, now).ok()?,
            peer: session(DtlsRole::Passive, now)?,
            gate_open: false,
            sequence_number: 0,
        };
        world.shake_hands();
        Some(world)
    }

    fn shake_hands(&mut self) {
        let Some(ours) = session(DtlsRole::Active, self.now) else { return };
        let Some(theirs) = session(DtlsRole::Passive, self.now) else { return };
        self.peer = theirs;
        self.input(PipelineInput::Secure(Box::new(ours)));
    }

    fn perform(&mut self, operation: u8, argument: u8, chunk: &[u8]) {
        match operation {
            0 => self.input(PipelineInput::Datagram(&mut chunk.to_vec())),
            1 => self.hear_rtp(argument, chunk),
            2 => self.hear_rtcp(chunk),
            3 => self.pass(Duration::from_millis(u64::from(argument))),
            4 => self.announce(argument),
            5 => {
                if let Some(user) = user(argument) {
                    self.input(PipelineInput::RemoteLeft { user });
                }
            }
            6 => self.input(PipelineInput::Mute(argument.is_multiple_of(2))),
            7 if argument.is_multiple_of(3) => self.show(argument),
            7 => {
                let interval = Duration::from_millis(u64::from(argument) * 10);
                self.input(PipelineInput::VolumeInterval(Some(interval)));
            }
            8 => self.open(),
            _ => self.shake_hands(),
        }
    }

    /// Sends a picture and wants one of somebody.
    fn show(&mut self, argument: u8) {
        let codec = VideoCodec::ALL[usize::from(argument % 2)];
        let is_key = argument.is_multiple_of(4);
        let data = vec![argument; usize::from(argument) * 40];
        let picture = EncodedPicture { data: data.into(), is_key };
        let track = VideoTrack::ALL[usize::from(argument / 2 % 2)];
        let captured = self.now;
        self.input(PipelineInput::Picture { track, codec, picture: &picture, captured });
        if let Some(user) = user(argument) {
            let (track, stumbled) = (VideoTrack::Camera, is_key);
            self.input(PipelineInput::WantKeyFrame { user, track, stumbled });
        }
    }

    fn announce(&mut self, argument: u8) {
        if let Some(user) = user(argument) {
            let ssrc = u32::from(argument);
            let stream = |track, ssrc| VideoStream { track, ssrc, rtx_ssrc: ssrc ^ 1 };
            let streams = vec![
                stream(VideoTrack::Camera, ssrc ^ 0x80),
                stream(VideoTrack::Screen, ssrc ^ 0x40),
            ];
            self.input(PipelineInput::RemoteVideo { user: user.clone(), streams });
            self.input(PipelineInput::RemoteAudio { user, ssrc });
        }
    }

    fn open(&mut self) {
        self.gate_open = true;
        let source: Box<dyn AudioSource> = Box::new(ToneSource::new(440.0, 0.5));
        self.input(PipelineInput::OpenGate { source, sink: Box::new(Nowhere) });
    }

    /// An authentic packet of `ssrc` with any payload, of a voice or of a picture.
    fn hear_rtp(&mut self, ssrc: u8, payload: &[u8]) {
        self.sequence_number = self.sequence_number.wrapping_add(1);
        let kind = payload.first().copied().unwrap_or_default();
        let payload_type = if kind & 1 == 0 { 111 } else { 96 + (kind >> 1) % 4 };
        let mut packet = vec![0x80, payload_type];
        packet.extend(self.sequence_number.to_be_bytes());
        packet.extend((u32::from(self.sequence_number) * 960).to_be_bytes());
        packet.extend(u32::from(ssrc).to_be_bytes());
        packet.extend(payload);
        if self.peer.seal_rtp(&mut packet).is_ok() {
            self.input(PipelineInput::Datagram(&mut packet));
        }
    }

    /// An authentic RTCP packet that begins well and goes on anyhow.
    fn hear_rtcp(&mut self, body: &[u8]) {
        let mut packet = vec![0x81, 200, 0, 6, 0, 0, 0, 2];
        packet.extend(body);
        if self.peer.seal_rtcp(&mut packet).is_ok() {
            self.input(PipelineInput::Datagram(&mut packet));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.pipeline.handle_timeout(self.now);
        self.drain();
        if let Some((due, reason)) = self.pipeline.poll_timeout() {
            assert!(due > self.now, "{reason:?} was handled and is still due");
        }
    }

    fn input(&mut self, input: PipelineInput<'_>) {
        let Ok(()) = self.pipeline.handle_input(self.now, input);
        self.drain();
    }

    /// Carries DTLS to and fro until both ends fall silent; drops media.
    fn drain(&mut self) {
        let mut to_us = VecDeque::new();
        for _ in 0..MOST_STEPS {
            while let Some(output) = self.pipeline.poll_output() {
                if let PipelineOutput::Transmit(mut datagram) = output {
                    let media = datagram.first().is_some_and(|first| (128..192).contains(first));
                    assert!(self.gate_open || !media, "media left a closed gate");
                    self.peer.receive(self.now, &mut datagram);
                }
            }
            while let Some(output) = self.peer.poll_output() {
                if let SessionOutput::Transmit(datagram) = output {
                    to_us.push_back(datagram);
                }
            }
            let Some(mut datagram) = to_us.pop_front() else { return };
            let Ok(()) =
                self.pipeline.handle_input(self.now, PipelineInput::Datagram(&mut datagram));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_world_of_the_fuzzer_connects_and_talks() {
        let mut world = World::connected().unwrap();
        world.perform(8, 0, &[]);
        assert_eq!(world.pipeline.stats().srtp_profile, Some("AEAD_AES_128_GCM"));
        world.perform(4, 7, &[]);
        for _ in 0..10 {
            world.perform(1, 7, &[0x08, 1, 2, 3]);
            world.perform(3, 20, &[]);
        }
        assert!(world.pipeline.stats().received[0].stats.packets_received > 5);
        assert!(world.pipeline.stats().sent.packets_sent > 5);
    }

    #[test]
    fn any_operations_in_any_order() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..60 {
            let length = rng.random_range(0..1_500);
            let mut data = vec![0; length];
            rng.fill(&mut data[..]);
            pipeline(&data);
        }
    }
}
