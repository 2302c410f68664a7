//! Two pipelines over a seeded link, in virtual time. One plays the server's part in DTLS.

mod pictures;
mod voice;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use calling_impair::{Impairment, Link};
use calling_media::{AudioSink, AudioSource, ReceiverConfig, SenderConfig, ToneSource};
use calling_model::{Machine, UnixMillis, UserId};
use calling_signaling::client::NetworkQuality;
use calling_testkit::{Drained, drain, epoch, seed};
use calling_transport::{Certificate, DtlsRole, SecureSession, SessionConfig};

use super::*;
use crate::config::VoiceConfig;

const LEFT: u32 = 0x1111_1111;
const RIGHT: u32 = 0x2222_2222;
const LEFT_HZ: f64 = 440.0;
const RIGHT_HZ: f64 = 1_000.0;

/// What a microphone and a loudspeaker saw.
#[derive(Clone, Default)]
struct Device {
    opened: Arc<Mutex<bool>>,
    samples_read: Arc<Mutex<usize>>,
    heard: Arc<Mutex<Vec<f32>>>,
}

struct Tone(ToneSource, Device);

impl AudioSource for Tone {
    fn read(&mut self, out: &mut [f32]) {
        *self.1.samples_read.lock().unwrap() += out.len();
        self.0.read(out);
    }
}

struct Loudspeaker(Device);

impl AudioSink for Loudspeaker {
    fn write(&mut self, pcm: &[f32]) {
        self.0.heard.lock().unwrap().extend_from_slice(pcm);
    }
}

impl Device {
    fn read(&self) -> usize {
        *self.samples_read.lock().unwrap()
    }

    /// Strength of a frequency in the last half second heard (Goertzel), 0.0..=1.0 for a sine of
    /// that amplitude.
    fn strength(&self, frequency_hz: f64) -> f64 {
        let heard = self.heard.lock().unwrap();
        let tail = &heard[heard.len().saturating_sub(24_000)..];
        let step = std::f64::consts::TAU * frequency_hz / 48_000.0;
        let (mut before, mut last) = (0.0, 0.0);
        for sample in tail {
            let next = f64::from(*sample) + 2.0 * step.cos() * last - before;
            (before, last) = (last, next);
        }
        let power = before * before + last * last - 2.0 * step.cos() * before * last;
        2.0 * power.max(0.0).sqrt() / tail.len().max(1) as f64
    }
}

/// One side.
struct Side {
    pipeline: Pipeline,
    device: Device,
    tone_hz: f64,
    incoming: Link<Vec<u8>>,
    /// Everything sent that is no DTLS.
    media_sent: usize,
    events: Vec<PipelineOutput>,
    due: Option<Instant>,
}

struct Pair {
    now: Instant,
    sides: [Side; 2],
    certificates: [Arc<Certificate>; 2],
}

fn user(index: usize) -> UserId {
    UserId::new(["left", "right"][index]).unwrap()
}

const fn video(ssrc: u32) -> VideoSettings {
    VideoSettings { ssrc, rtx_ssrc: ssrc + 1, bitrate_bps: 1_000_000 }
}

impl Pair {
    fn new(delay_ms: u64) -> Self {
        Self::with(
            delay_ms,
            None,
            #[cfg(feature = "processing")]
            calling_media::AudioProcessing::default(),
        )
    }

    /// Two who may have agreed on copies of earlier frames in packets of a payload type of their
    /// own.
    fn with(
        delay_ms: u64,
        red_payload_type: Option<u8>,
        #[cfg(feature = "processing")] processing: calling_media::AudioProcessing,
    ) -> Self {
        let impairment =
            Impairment { delay: Duration::from_millis(delay_ms), ..Default::default() };
        let side = |index: usize| {
            let voice = VoiceConfig::default();
            let settings = PipelineSettings {
                user: user(index),
                sender: SenderConfig {
                    red_payload_type,
                    ..voice.sender([LEFT, RIGHT][index], 111, 1)
                },
                receiver: ReceiverConfig { red_payload_type, ..voice.receiver(111, 1) },
                cname: "test".to_owned(),
                unix: UnixMillis(1_700_000_000_000),
                seed: seed(index as u64),
                camera: video([LEFT, RIGHT][index] + 1),
                screen: video([LEFT, RIGHT][index] + 3),
                #[cfg(feature = "processing")]
                processing,
                record_traces: true,
            };
            Side {
                pipeline: Pipeline::new(settings, epoch()).unwrap(),
                device: Device::default(),
                tone_hz: [LEFT_HZ, RIGHT_HZ][index],
                incoming: Link::new(impairment.clone(), index as u64),
                media_sent: 0,
                events: Vec::new(),
                due: None,
            }
        };
        let certificate = || Arc::new(Certificate::generate().unwrap());
        Self {
            now: epoch(),
            sides: [side(0), side(1)],
            certificates: [certificate(), certificate()],
        }
    }

    fn input(&mut self, index: usize, input: PipelineInput<'_>) {
        let Ok(()) = self.sides[index].pipeline.handle_input(self.now, input);
        self.drain(index);
    }

    fn drain(&mut self, index: usize) {
        let Drained { outputs, timeout } = drain(&mut self.sides[index].pipeline);
        self.sides[index].due = timeout.map(|(at, _)| at);
        for output in outputs {
            match output {
                PipelineOutput::Transmit(datagram) => {
                    // RFC 7983: 128..=191 is RTP or RTCP.
                    self.sides[index].media_sent += usize::from(datagram[0] >= 128);
                    self.sides[1 - index].incoming.send(self.now, datagram);
                }
                told @ (PipelineOutput::Connected { .. }
                | PipelineOutput::Closed { .. }
                | PipelineOutput::Volumes(_)
                | PipelineOutput::Quality { .. }
                | PipelineOutput::Show { .. }
                | PipelineOutput::KeyFrameWanted(_)
                | PipelineOutput::VideoBitrate { .. }) => self.sides[index].events.push(told),
            }
        }
    }

    fn secure(&mut self) {
        for (index, role) in [(1, DtlsRole::Passive), (0, DtlsRole::Active)] {
            let certificate = Arc::clone(&self.certificates[index]);
            let fingerprint = self.certificates[1 - index].fingerprint();
            let config = SessionConfig::new(certificate, role, fingerprint);
            let session = SecureSession::new(config, self.now);
            self.input(index, PipelineInput::Secure(Box::new(session)));
        }
    }

    fn open(&mut self, index: usize) {
        let device = self.sides[index].device.clone();
        *device.opened.lock().unwrap() = true;
        let source = Tone(ToneSource::new(self.sides[index].tone_hz, 0.5), device);
        self.open_with(index, Box::new(source));
    }

    fn open_with(&mut self, index: usize, source: Box<dyn AudioSource>) {
        let sink = Box::new(Loudspeaker(self.sides[index].device.clone()));
        self.input(index, PipelineInput::OpenGate { source, sink });
    }

    fn announce(&mut self, index: usize) {
        let (user, ssrc) = (user(1 - index), [LEFT, RIGHT][1 - index]);
        self.input(index, PipelineInput::RemoteAudio { user, ssrc });
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            assert!(next >= self.now, "time stands still");
            self.now = next;
            for index in [0, 1] {
                while let Some((_, mut datagram)) = self.sides[index].incoming.receive(next) {
                    self.input(index, PipelineInput::Datagram(&mut datagram));
                }
                if self.sides[index].due.is_some_and(|due| due <= next) {
                    self.sides[index].pipeline.handle_timeout(next);
                    self.drain(index);
                    assert!(self.sides[index].due.is_none_or(|due| due > next), "due again");
                }
            }
        }
        self.now = end;
    }

    fn run_ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    fn next_moment(&self) -> Option<Instant> {
        self.sides
            .iter()
            .flat_map(|side| [side.due, side.incoming.next_arrival()])
            .flatten()
            .min()
            .map(|at| at.max(self.now))
    }

    fn connected(delay_ms: u64) -> Self {
        let mut pair = Self::new(delay_ms);
        pair.secure();
        pair.run_ms(1_000);
        for side in &pair.sides {
            assert!(side.is_connected());
        }
        pair
    }

    fn talking(delay_ms: u64) -> Self {
        let mut pair = Self::connected(delay_ms);
        for index in [0, 1] {
            pair.open(index);
            pair.announce(index);
        }
        pair
    }
}

impl Side {
    fn is_connected(&self) -> bool {
        self.events.iter().any(|event| matches!(event, PipelineOutput::Connected { .. }))
    }

    fn discarded(&self, reason: &str) -> u64 {
        self.pipeline.stats().discarded.get(reason).copied().unwrap_or(0)
    }
}

#[test]
fn each_hears_the_other_and_not_itself() {
    let mut pair = Pair::talking(25);
    pair.run_ms(2_000);
    for (side, hears, not) in [(0, RIGHT_HZ, LEFT_HZ), (1, LEFT_HZ, RIGHT_HZ)] {
        let device = &pair.sides[side].device;
        assert!(device.strength(hears) > 0.15, "{}", device.strength(hears));
        assert!(device.strength(not) < 0.02, "{}", device.strength(not));
        let stats = pair.sides[side].pipeline.stats();
        assert_eq!(stats.received[0].stats.packets_lost, 0);
        assert_eq!(stats.srtp_profile, Some("AEAD_AES_128_GCM"));
    }
}

#[test]
fn what_a_fifth_of_loss_takes_comes_back_from_copies() {
    let delay = Duration::from_millis(25);
    let mut pair = Pair::with(
        25,
        Some(63),
        #[cfg(feature = "processing")]
        calling_media::AudioProcessing::default(),
    );
    pair.secure();
    pair.run_ms(1_000);
    for index in [0, 1] {
        pair.open(index);
        pair.announce(index);
        pair.sides[index].incoming.impair(Impairment { loss: 0.2, delay, ..Default::default() });
    }
    pair.run_ms(4_000);
    let before = [0, 1].map(|index| pair.sides[index].pipeline.stats().received[0].stats);
    pair.run_ms(12_000);
    for (side, before) in pair.sides.iter().zip(before) {
        let stats = side.pipeline.stats();
        assert!((2..=4).contains(&stats.sent.red_copies), "{:?}", stats.sent);
        assert_eq!(stats.packets_repeated, 0, "copies do what repetition would");
        let after = stats.received[0].stats;
        let lost = after.packets_lost - before.packets_lost;
        assert!((80..160).contains(&lost), "of 600: {lost}");
        let restored = (after.red_samples - before.red_samples) / 960;
        assert!(restored as i64 * 10 > lost * 9, "{restored} of {lost}");
        let made_up = after.concealed_samples - before.concealed_samples;
        assert!(made_up < 12 * 480, "1 % of twelve seconds: {made_up}");
    }
    for side in &mut pair.sides {
        side.incoming.impair(Impairment { delay, ..Default::default() });
    }
    pair.run_ms(18_000);
    for side in &pair.sides {
        let sent = side.pipeline.stats().sent;
        assert_eq!((sent.red_copies, sent.bitrate_bps), (0, 32_000), "the network healed");
    }
}

#[test]
fn a_closed_gate_reads_no_microphone_sends_no_media_and_plays_nothing() {
    let mut pair = Pair::connected(5);
    pair.open(0);
    pair.announce(1);
    pair.run_ms(1_000);
    assert!(pair.sides[0].media_sent > 40);
    let closed = &pair.sides[1];
    assert_eq!((closed.media_sent, closed.device.read()), (0, 0));
    assert!(closed.discarded("gate_closed") > 40);
    assert_eq!(closed.pipeline.stats().timings.first_packet_received, None);
    assert_eq!(closed.pipeline.stats().received[0].stats.packets_received, 0);
}

#[test]
fn nothing_of_before_the_gate_is_heard_after_it() {
    let mut pair = Pair::connected(5);
    pair.open(0);
    pair.announce(1);
    pair.run_ms(500);
    let before = pair.sides[1].discarded("gate_closed");
    pair.open(1);
    assert_eq!(pair.sides[1].device.heard.lock().unwrap().len(), 0);
    pair.run_ms(1_000);
    assert_eq!(pair.sides[1].discarded("gate_closed"), before);
    let strength = pair.sides[1].device.strength(LEFT_HZ);
    assert!(strength > 0.15, "{strength}");
}

#[test]
fn the_first_packet_leaves_at_once_when_the_gate_opens_after_dtls() {
    let mut pair = Pair::connected(5);
    assert_eq!(pair.sides[0].media_sent, 0);
    pair.open(0);
    assert_eq!(pair.sides[0].media_sent, 1);
    assert_eq!(pair.sides[0].pipeline.stats().timings.first_packet_sent, Some(pair.now));
}

#[test]
fn the_first_packet_leaves_at_once_when_dtls_is_done_after_the_gate_opened() {
    let mut pair = Pair::new(5);
    pair.open(0);
    pair.run_ms(300);
    assert_eq!((pair.sides[0].media_sent, pair.sides[0].device.read()), (0, 0));
    pair.secure();
    pair.run_ms(500);
    let timings = pair.sides[0].pipeline.stats().timings;
    assert!(timings.dtls_done.is_some());
    assert_eq!(timings.first_packet_sent, timings.dtls_done);
}

#[test]
fn the_first_packet_is_heard_in_the_instant_it_arrives() {
    for phase_us in [0, 1_700, 4_900, 9_999] {
        let mut pair = Pair::connected(25);
        pair.open(0);
        pair.announce(0);
        pair.run(Duration::from_micros(phase_us));
        pair.open(1);
        let sent = pair.now;
        pair.run_ms(60);
        let timings = pair.sides[0].pipeline.stats().timings;
        assert_eq!(timings.first_packet_received, Some(sent + Duration::from_millis(25)));
        assert_eq!(timings.first_audio, timings.first_packet_received, "phase {phase_us}");
    }
}

#[test]
fn media_that_overtakes_its_announcement_is_kept_and_heard() {
    let mut pair = Pair::connected(5);
    pair.open(0);
    pair.open(1);
    pair.run_ms(200);
    assert_eq!(pair.sides[0].device.strength(RIGHT_HZ), 0.0);
    pair.announce(0);
    let stats = pair.sides[0].pipeline.stats();
    assert!(stats.received[0].stats.packets_received >= 9);
    assert!(stats.timings.first_audio.is_some());
    // Not longer: voice coding mangles a tone that goes on.
    pair.run_ms(400);
    let strength = pair.sides[0].device.strength(RIGHT_HZ);
    assert!(strength > 0.15, "{strength}");
}

#[test]
fn voices_nobody_announces_cost_bounded_memory_and_are_counted() {
    let mut pair = Pair::connected(5);
    pair.open(0);
    pair.open(1);
    pair.run_ms(3_000);
    assert!(pair.sides[0].discarded("unknown_ssrc") > 100);
    assert_eq!(pair.sides[0].pipeline.stats().received, []);
}

#[test]
fn a_muted_microphone_sends_silence_and_keeps_sending() {
    let mut pair = Pair::talking(5);
    pair.run_ms(500);
    pair.input(0, PipelineInput::Mute(true));
    let sent = pair.sides[0].media_sent;
    pair.run_ms(1_500);
    assert!(pair.sides[0].media_sent > sent + 70);
    assert!(pair.sides[1].device.strength(LEFT_HZ) < 0.01);
    pair.input(0, PipelineInput::Mute(false));
    pair.run_ms(1_000);
    let strength = pair.sides[1].device.strength(LEFT_HZ);
    assert!(strength > 0.15, "{strength}");
}

#[test]
fn ten_seconds_are_ten_seconds_of_sound_on_both_sides() {
    let mut pair = Pair::talking(5);
    pair.run_ms(10_000);
    for side in &pair.sides {
        // One packet is read ahead.
        assert_eq!(side.device.read(), 480_000 + 2 * 480);
        let heard = side.device.heard.lock().unwrap().len();
        assert!((480_000..=480_000 + 2 * 480).contains(&heard), "{heard}");
        assert_eq!(side.pipeline.stats().ticks_skipped, 0);
    }
}

#[test]
fn a_machine_that_slept_does_not_storm() {
    let mut pair = Pair::talking(5);
    pair.run_ms(500);
    let sent = pair.sides[0].media_sent;
    pair.now += Duration::from_secs(3_600);
    let now = pair.now;
    pair.sides[0].pipeline.handle_timeout(now);
    pair.drain(0);
    assert!(pair.sides[0].media_sent <= sent + 3);
    assert!(pair.sides[0].pipeline.stats().ticks_skipped > 700_000);
}

#[test]
fn a_new_session_takes_over_and_the_voices_go_on() {
    let mut pair = Pair::talking(5);
    pair.run_ms(1_000);
    let received = pair.sides[1].pipeline.stats().received[0].stats.packets_received;
    pair.secure();
    pair.run_ms(2_000);
    for (side, hears) in [(0, RIGHT_HZ), (1, LEFT_HZ)] {
        assert!(pair.sides[side].device.strength(hears) > 0.15);
    }
    let stats = pair.sides[1].pipeline.stats();
    assert!(stats.received[0].stats.packets_received > received + 80);
    assert_eq!(stats.received.len(), 1);
}

#[test]
fn the_network_is_judged_and_the_round_trip_known() {
    let mut pair = Pair::talking(25);
    pair.run_ms(4_500);
    let judged: Vec<_> = pair.sides[0]
        .events
        .iter()
        .filter_map(|event| match event {
            PipelineOutput::Quality { local, remotes } => Some((*local, remotes.clone())),
            PipelineOutput::Transmit(_)
            | PipelineOutput::Connected { .. }
            | PipelineOutput::Closed { .. }
            | PipelineOutput::Volumes(_)
            | PipelineOutput::Show { .. }
            | PipelineOutput::KeyFrameWanted(_)
            | PipelineOutput::VideoBitrate { .. } => None,
        })
        .collect();
    assert_eq!(judged.len(), 2);
    let (local, remotes) = &judged[1];
    assert_eq!(*local, NetworkQuality::Excellent);
    assert_eq!((&remotes[0].user, remotes[0].quality), (&user(1), NetworkQuality::Excellent));
    let round_trip = pair.sides[0].pipeline.stats().round_trip_ms.unwrap();
    assert!((45.0..60.0).contains(&round_trip), "{round_trip}");
}

#[test]
fn a_network_that_is_gone_is_down() {
    let mut pair = Pair::talking(5);
    pair.run_ms(1_000);
    pair.sides[0].incoming.impair(Impairment { loss: 1.0, ..Default::default() });
    pair.run_ms(5_500);
    assert_eq!(pair.sides[0].pipeline.stats().quality, NetworkQuality::Down);
}

#[test]
fn volumes_come_at_their_interval_with_everybody_who_speaks() {
    let mut pair = Pair::talking(5);
    pair.input(0, PipelineInput::VolumeInterval(Some(Duration::from_millis(300))));
    pair.run_ms(1_000);
    let reports: Vec<_> = pair.sides[0]
        .events
        .iter()
        .filter_map(|event| match event {
            PipelineOutput::Volumes(report) => Some(report.clone()),
            PipelineOutput::Transmit(_)
            | PipelineOutput::Connected { .. }
            | PipelineOutput::Closed { .. }
            | PipelineOutput::Quality { .. }
            | PipelineOutput::Show { .. }
            | PipelineOutput::KeyFrameWanted(_)
            | PipelineOutput::VideoBitrate { .. } => None,
        })
        .collect();
    assert_eq!(reports.len(), 3);
    let last = &reports[2];
    let users: Vec<_> = last.volumes.iter().map(|told| told.user.as_str()).collect();
    assert_eq!(users, ["left", "right"]);
    assert!(last.total.percent() > 50 && last.volumes[0].volume.percent() > 50);
}

#[test]
fn who_left_is_heard_no_more_and_the_figures_stay() {
    let mut pair = Pair::talking(5);
    pair.run_ms(1_000);
    pair.input(0, PipelineInput::RemoteLeft { user: user(1) });
    let before = pair.sides[0].pipeline.stats().received[0].stats.packets_received;
    pair.run_ms(1_000);
    assert!(pair.sides[0].device.strength(RIGHT_HZ) < 0.01);
    let stats = pair.sides[0].pipeline.stats();
    assert_eq!(stats.received[0].stats.packets_received, before);
    assert!(before > 40);
}

#[test]
fn datagrams_before_a_session_are_counted() {
    let mut pair = Pair::new(5);
    pair.input(0, PipelineInput::Datagram(&mut [0x80; 40]));
    assert_eq!(pair.sides[0].discarded("no_session"), 1);
}
