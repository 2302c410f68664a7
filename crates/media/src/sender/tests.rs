use calling_model::{AudioLevel, Bitrate};
use calling_testkit::seed;
use calling_wire::{AudioLevelExtension, RedPayload, RtpView};

use super::*;
use crate::codec::{AudioDecoder, OpusDecoder};
use crate::units::Channels;
use crate::{AudioSource, FrameDuration, SilenceSource, ToneSource, VoiceSource};

/// Owned copies of what a sender sends for `ticks` of `source`.
fn send(sender: &mut Sender, source: &mut dyn AudioSource, ticks: usize) -> Vec<Vec<u8>> {
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    let mut packets = Vec::new();
    for _ in 0..ticks {
        source.read(&mut pcm);
        packets.extend(sender.push(&pcm).unwrap().map(<[u8]>::to_vec));
    }
    packets
}

fn sender(config: SenderConfig) -> Sender {
    Sender::new(config, seed(1)).unwrap()
}

fn views(packets: &[Vec<u8>]) -> Vec<RtpView<'_>> {
    packets.iter().map(|packet| RtpView::parse(packet).unwrap()).collect()
}

fn share_with_fec(packets: &[Vec<u8>]) -> f64 {
    let decoder = OpusDecoder::new(Channels::Mono).unwrap();
    let has_fec = |view: &RtpView<'_>| decoder.inspect(view.payload()).unwrap().fec_samples == 960;
    let with_fec = views(packets).iter().filter(|view| has_fec(view)).count();
    with_fec as f64 / packets.len() as f64
}

fn voice_bits(packets: &[Vec<u8>]) -> usize {
    let level =
        |view: &RtpView<'_>| AudioLevelExtension::parse(view.extension(1).unwrap()).unwrap();
    views(packets).iter().filter(|view| level(view).voice).count()
}

#[test]
fn voice_carries_fec_by_default() {
    let mut sender = sender(SenderConfig::voice(7));
    let packets = send(&mut sender, &mut VoiceSource::new(1), 1_000);
    let share = share_with_fec(&packets);
    assert!(share > 0.7, "{share}");
    assert!(voice_bits(&packets) > 350);
}

#[test]
fn fec_can_be_switched_off() {
    let config = SenderConfig { in_band_fec: false, ..SenderConfig::voice(7) };
    let packets = send(&mut sender(config), &mut VoiceSource::new(1), 300);
    assert_eq!(share_with_fec(&packets), 0.0);
}

#[test]
fn packets_are_continuous_and_of_one_size() {
    let mut sender = sender(SenderConfig::voice(7));
    let packets = send(&mut sender, &mut VoiceSource::new(2), 400);
    let views = views(&packets);
    assert_eq!(views.len(), 200);
    for pair in views.windows(2) {
        let step = pair[1].sequence_number().wrapping_sub(pair[0].sequence_number());
        assert_eq!((step, pair[1].timestamp().wrapping_sub(pair[0].timestamp())), (1, 960));
        assert_eq!(pair[1].payload().len(), 80, "32 kbit/s for 20 ms");
        assert!(!pair[1].marker());
    }
    assert!(views[0].marker());
    assert_eq!((views[0].payload_type(), views[0].ssrc()), (111, 7));
    assert_eq!(sender.stats().packets_sent, 200);
    assert_eq!(sender.stats().payload_bytes_sent, 200 * 80);
}

#[test]
fn every_frame_duration_is_sent() {
    for (frame_duration, packets) in [
        (FrameDuration::Ms10, 60),
        (FrameDuration::Ms20, 30),
        (FrameDuration::Ms40, 15),
        (FrameDuration::Ms60, 10),
    ] {
        let config = SenderConfig { frame_duration, ..SenderConfig::voice(1) };
        let sent = send(&mut sender(config), &mut ToneSource::new(300.0, 0.5), 60);
        assert_eq!(sent.len(), packets);
        let decoder = OpusDecoder::new(Channels::Mono).unwrap();
        let info = decoder.inspect(views(&sent)[0].payload()).unwrap();
        assert_eq!(info.samples, frame_duration.samples());
    }
}

#[test]
fn muting_keeps_the_rhythm_and_says_silence() {
    let mut sender = sender(SenderConfig::voice(7));
    send(&mut sender, &mut VoiceSource::new(2), 100);
    sender.set_muted(true);
    let muted = send(&mut sender, &mut ToneSource::new(300.0, 0.5), 100);
    assert_eq!(muted.len(), 50);
    for view in views(&muted) {
        let level = AudioLevelExtension::parse(view.extension(1).unwrap()).unwrap();
        assert_eq!(level.level, AudioLevel::SILENCE);
        assert_eq!(view.payload().len(), 80);
    }
    assert!(voice_bits(&muted[15..]) == 0);
    sender.set_muted(false);
    let loud = send(&mut sender, &mut ToneSource::new(300.0, 0.5), 10);
    assert!(voice_bits(&loud) > 0);
}

#[test]
fn dtx_sends_little_in_silence_and_marks_the_next_spurt() {
    let config = SenderConfig { dtx: true, constant_bitrate: false, ..SenderConfig::voice(7) };
    let mut sender = sender(config);
    let spoken = send(&mut sender, &mut VoiceSource::new(2), 100).len();
    sender.set_muted(true);
    let silent = send(&mut sender, &mut SilenceSource, 400);
    assert!(silent.len() < 60, "{}", silent.len());
    let SenderStats { frames_suppressed, .. } = sender.stats();
    assert_eq!(frames_suppressed + (spoken + silent.len()) as u64, 250);
    sender.set_muted(false);
    let spurt = send(&mut sender, &mut VoiceSource::new(3), 4);
    let (first, last) = (views(&spurt)[0], *views(&silent).last().unwrap());
    assert_eq!(first.sequence_number(), last.sequence_number().wrapping_add(1));
    assert!(first.timestamp().wrapping_sub(last.timestamp()) >= 960);
}

#[test]
fn a_plan_is_followed_from_the_next_frame_on() {
    let red = SenderConfig { red_payload_type: Some(63), ..SenderConfig::voice(7) };
    let mut sender = sender(red);
    let base = sender.stats();
    assert_eq!((base.bitrate_bps, base.frame_ms, base.in_band_fec), (32_000, 20, true));
    send(&mut sender, &mut VoiceSource::new(2), 21);
    let plan = RedundancyPlan {
        in_band_fec: false,
        expected_loss_percent: 40,
        red_copies: 2,
        dred_ms: 0,
        bitrate: Bitrate::from_kbps(16),
        frame_duration: FrameDuration::Ms40,
    };
    sender.apply(&plan);
    let packets = send(&mut sender, &mut VoiceSource::new(3), 1 + 12);
    let views = views(&packets);
    let timestamps: Vec<u32> = views
        .windows(2)
        .map(|pair| pair[1].timestamp().wrapping_sub(pair[0].timestamp()))
        .collect();
    assert_eq!(timestamps, [960, 1_920, 1_920], "the frame under way is not torn");
    let red = RedPayload::parse(views[3].payload()).unwrap();
    let copies: Vec<_> = red.copies().map(|copy| (copy.offset, copy.payload.len())).collect();
    assert_eq!((copies, red.primary.payload.len()), (vec![(3_840, 80), (1_920, 80)], 80));
    let stats = sender.stats();
    let told = (stats.bitrate_bps, stats.frame_ms, stats.in_band_fec, stats.red_copies);
    assert_eq!((told, stats.expected_loss_percent), ((16_000, 40, false, 2), 40));
}

#[test]
fn copies_that_were_not_agreed_on_are_not_sent() {
    let mut sender = sender(SenderConfig::voice(7));
    let plan = PlannerConfig::of(&SenderConfig::voice(7)).base;
    sender.apply(&RedundancyPlan { red_copies: 3, ..plan });
    let packets = send(&mut sender, &mut VoiceSource::new(2), 20);
    assert!(views(&packets).iter().all(|view| view.payload_type() == 111));
    assert_eq!(sender.stats().red_copies, 0);
}

#[cfg(feature = "dred")]
#[test]
fn speech_is_described_as_planned_in_packets_of_one_size() {
    use crate::{AudioDecoder, Channels, OpusDecoder};
    let mut sender = sender(SenderConfig { most_dred_ms: 500, ..SenderConfig::voice(7) });
    let plan = PlannerConfig::of(&sender.config).base;
    let more = RedundancyPlan { dred_ms: 500, bitrate: Bitrate::from_kbps(50), ..plan };
    sender.apply(&RedundancyPlan { expected_loss_percent: 30, ..more });
    assert_eq!(sender.stats().dred_ms, 500);
    let mut decoder = OpusDecoder::new(Channels::Mono).unwrap();
    let described = send(&mut sender, &mut VoiceSource::new(2), 120);
    let views = views(&described);
    assert!(views.iter().all(|view| view.payload().len() == 125));
    let span = decoder.deep_span(views[59].payload()).unwrap();
    assert!((20_000..30_000).contains(&span.reach), "{span:?}");
    sender.apply(&plan);
    assert_eq!(sender.stats().dred_ms, 0);
    let plain = send(&mut sender, &mut VoiceSource::new(2), 20);
    assert_eq!(decoder.deep_span(RtpView::parse(&plain[5]).unwrap().payload()), None);
}

#[test]
fn sent_packets_can_be_sent_again() {
    let mut sender = sender(SenderConfig::voice(7));
    let packets = send(&mut sender, &mut VoiceSource::new(2), 20);
    let last = packets.last().unwrap();
    let sequence_number = RtpView::parse(last).unwrap().sequence_number();
    assert_eq!(sender.store().get(sequence_number), Some(last.as_slice()));
}

#[test]
fn the_start_is_the_seeds() {
    let start = |number| {
        let mut sender = Sender::new(SenderConfig::voice(1), seed(number)).unwrap();
        let packets = send(&mut sender, &mut SilenceSource, 2);
        let view = RtpView::parse(&packets[0]).unwrap();
        assert!(view.sequence_number() < 1 << 15, "too near the wrap");
        (view.sequence_number(), view.timestamp())
    };
    (3..40).for_each(|number| _ = start(number));
    assert_eq!(start(1), start(1));
    assert_ne!(start(1), start(2));
}

#[test]
fn what_a_broken_device_gives_is_silence() {
    let mut sender = sender(SenderConfig::voice(7));
    for sample in [f32::NAN, f32::INFINITY, 1e30] {
        sender.push(&[sample; SAMPLES_PER_TICK]).unwrap();
    }
}

#[test]
fn misuse_says_what_to_do() {
    let mut good = sender(SenderConfig::voice(7));
    assert_eq!(
        good.push(&[0.0; 960]).unwrap_err().to_string(),
        "push 480 samples at a time (10 ms at 48 kHz mono), not 960",
    );
    let config = SenderConfig { bitrate: Bitrate::from_bps(1), ..SenderConfig::voice(1) };
    assert_eq!(
        Sender::new(config, seed(1)).unwrap_err().to_string(),
        "bitrate 1 bit/s is outside 6000 to 510000",
    );
    for bad in [
        SenderConfig { payload_type: 128, ..SenderConfig::voice(1) },
        SenderConfig { audio_level_id: 15, ..SenderConfig::voice(1) },
        SenderConfig { dred_ms: 1_050, ..SenderConfig::voice(1) },
    ] {
        assert!(Sender::new(bad, seed(1)).is_err());
    }
}
