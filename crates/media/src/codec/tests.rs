use calling_testkit::seed;
use calling_wire::RtpView;
use proptest::prelude::*;

use super::*;
use crate::units::Channels;
use crate::{AudioSource, Sender, SenderConfig, VoiceSource};

fn decoder(channels: Channels) -> OpusDecoder {
    OpusDecoder::new(channels).unwrap()
}

/// Payloads of `seconds` of voice at the default settings, and the voice itself.
fn voice(number: u64, seconds: usize) -> (Vec<Vec<u8>>, Vec<f32>) {
    let mut sender = Sender::new(SenderConfig::voice(1), seed(number)).unwrap();
    let mut source = VoiceSource::new(number);
    let mut all = vec![0.0; seconds * 48_000];
    source.read(&mut all);
    let mut payloads = Vec::new();
    for tick in all.chunks(480) {
        if let Some(packet) = sender.push(tick).unwrap() {
            payloads.push(RtpView::parse(packet).unwrap().payload().to_vec());
        }
    }
    (payloads, all)
}

/// Packets of one mode each: SILK narrow to wide, hybrid, CELT, all frame sizes.
fn packets_of_every_mode() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for (application, bits, samples) in [
        (opus::Application::Voip, 8_000, 960),
        (opus::Application::Voip, 12_000, 2_880),
        (opus::Application::Voip, 32_000, 480),
        (opus::Application::LowDelay, 64_000, 120),
        (opus::Application::Audio, 128_000, 1_920),
        (opus::Application::LowDelay, 24_000, 240),
    ] {
        for channels in [Channels::Mono, Channels::Stereo] {
            let layout = if channels == Channels::Mono {
                opus::Channels::Mono
            } else {
                opus::Channels::Stereo
            };
            let mut encoder = opus::Encoder::new(48_000, layout, application).unwrap();
            encoder.set_bitrate(opus::Bitrate::Bits(bits)).unwrap();
            let mut pcm = vec![0.0; samples * channels.count()];
            VoiceSource::new(3).read(&mut pcm);
            packets.push(encoder.encode_vec_float(&pcm, 4_000).unwrap());
        }
    }
    packets
}

fn is_sound(pcm: &[f32]) -> bool {
    pcm.iter().all(|sample| (-1.0..=1.0).contains(sample))
}

/// Energy of the difference over the energy of the original.
fn relative_error(original: &[f32], restored: &[f32]) -> f32 {
    let difference: f32 = original.iter().zip(restored).map(|(a, b)| (a - b).powi(2)).sum();
    difference / original.iter().map(|a| a.powi(2)).sum::<f32>()
}

#[test]
fn fec_restores_what_concealment_cannot() {
    let (payloads, _) = voice(4, 20);
    let (mut whole, mut pcm) = (decoder(Channels::Mono), vec![0.0; 5_760]);
    let mut decoded = Vec::new();
    for payload in &payloads {
        let made = whole.decode(payload, &mut pcm).unwrap();
        decoded.push(pcm[..made].to_vec());
    }
    let (mut restored_better, mut tried) = (0, 0);
    // Every tenth packet is lost.
    let (mut by_fec, mut by_guess) = (decoder(Channels::Mono), decoder(Channels::Mono));
    for (number, payload) in payloads.iter().enumerate() {
        if number % 10 == 9 {
            continue;
        }
        let original = number.checked_sub(1).map(|before| &decoded[before]);
        if let Some(original) = original.filter(|_| number % 10 == 0) {
            let fec = by_fec.inspect(payload).unwrap().fec_samples;
            by_guess.conceal(960, &mut pcm).unwrap();
            let guess = relative_error(original, &pcm[..960]);
            by_fec.decode_fec(payload, 960, &mut pcm).unwrap();
            if fec > 0 {
                assert_eq!(fec, 960);
                tried += 1;
                restored_better += usize::from(relative_error(original, &pcm[..960]) < guess);
            }
        }
        by_fec.decode(payload, &mut pcm).unwrap();
        by_guess.decode(payload, &mut pcm).unwrap();
    }
    assert!(tried > 60, "{tried} of 100");
    assert!(restored_better * 10 > tried * 9, "{restored_better} of {tried}");
}

#[test]
fn the_shortest_and_longest_packets() {
    let mut pcm = vec![0.0; 5_760];
    let mut decoder = decoder(Channels::Mono);
    assert_eq!(decoder.inspect(&[]), None, "no byte");
    assert!(decoder.decode(&[], &mut pcm).is_err());

    let toc_only = [15 << 3];
    let info = decoder.inspect(&toc_only).unwrap();
    assert_eq!((info.samples, info.fec_samples, info.silence_follows), (960, 0, true));
    assert_eq!(decoder.decode(&toc_only, &mut pcm), Ok(960));

    // Code 3: 48 frames of 2.5 ms and of one byte each.
    let many: Vec<u8> = [16 << 3 | 3, 48].into_iter().chain([0x55; 48]).collect();
    assert_eq!(decoder.inspect(&many).unwrap().samples, 5_760);
    assert_eq!(decoder.decode(&many, &mut pcm), Ok(5_760));
    // One more would be 122.5 ms.
    assert_eq!(decoder.inspect(&[16 << 3 | 3, 49, 1, 1]), None);
    // Two frames of 60 ms.
    let long: Vec<u8> = [3 << 3 | 1].into_iter().chain([0x55; 40]).collect();
    assert_eq!(decoder.inspect(&long).unwrap().samples, 5_760);
    assert!(decoder.decode(&long, &mut pcm).is_ok());
    assert!(is_sound(&pcm));
}

#[test]
fn empty_first_frames_hold_no_redundancy() {
    let decoder = decoder(Channels::Mono);
    let silk = 1 << 3;
    for packet in [
        &[silk][..],
        // Two frames of differing size, the first empty.
        &[silk | 2, 0, 0xff],
        // Variable sizes, the first empty.
        &[silk | 3, 0x80 | 2, 0, 0xff],
        // Padding longer than the packet.
        &[silk | 3, 0x40 | 1, 255, 255],
    ] {
        assert!(decoder.inspect(packet).is_none_or(|info| info.fec_samples == 0), "{packet:?}");
    }
    // One frame with the redundancy bit, of 20 ms and of 60 ms.
    assert_eq!(decoder.inspect(&[silk, 0x40]).unwrap().fec_samples, 960);
    assert_eq!(decoder.inspect(&[3 << 3, 0x10]).unwrap().fec_samples, 2_880);
    // CELT has none.
    assert_eq!(decoder.inspect(&[31 << 3, 0xff]).unwrap().fec_samples, 0);
}

#[test]
fn the_mode_may_switch_with_every_packet() {
    let packets = packets_of_every_mode();
    for channels in [Channels::Mono, Channels::Stereo] {
        let mut decoder = decoder(channels);
        let mut pcm = vec![0.0; 5_760 * channels.count()];
        for round in 0..300 {
            let packet = &packets[round * 5 % packets.len()];
            let samples = decoder.inspect(packet).unwrap().samples;
            assert_eq!(decoder.decode(packet, &mut pcm), Ok(samples));
            assert!(is_sound(&pcm));
            if round % 7 == 0 {
                decoder.conceal(480, &mut pcm).unwrap();
                decoder.decode_fec(packet, 960, &mut pcm).unwrap();
            }
        }
    }
}

#[test]
fn another_speakers_stream_is_survived() {
    let streams = [voice(1, 2).0, voice(2, 2).0];
    let mut decoder = decoder(Channels::Mono);
    let mut pcm = vec![0.0; 5_760];
    for number in 0..100 {
        decoder.decode(&streams[number % 2][number], &mut pcm).unwrap();
        assert!(is_sound(&pcm));
    }
}

#[test]
fn a_short_output_is_refused_not_overrun() {
    let mut decoder = decoder(Channels::Stereo);
    assert!(decoder.decode(&packets_of_every_mode()[0], &mut [0.0; 960]).is_err());
    assert!(decoder.conceal(480, &mut [0.0; 900]).is_err());
    assert!(decoder.conceal(7, &mut [0.0; 960]).is_err(), "no multiple of 2.5 ms");
}

#[test]
fn loud_audio_is_not_clipped_hard() {
    let mut encoder =
        opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Voip).unwrap();
    let mut decoder = decoder(Channels::Mono);
    let mut pcm = vec![0.0; 960];
    let mut tone = crate::ToneSource::new(300.0, 1.0);
    for _ in 0..50 {
        tone.read(&mut pcm);
        let packet = encoder.encode_vec_float(&pcm, 4_000).unwrap();
        decoder.decode(&packet, &mut pcm).unwrap();
        assert!(is_sound(&pcm));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_payload_is_survived(payload in prop::collection::vec(any::<u8>(), 0..400)) {
        crate::fuzz::opus_payload(&payload);
    }

    #[test]
    fn damaged_payloads_are_survived(
        number in 0_usize..12,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut packet = packets_of_every_mode().swap_remove(number);
        for (at, value) in damage {
            let at = at.index(packet.len());
            packet[at] = value;
        }
        crate::fuzz::opus_payload(&packet);
        crate::fuzz::opus_payload(&packet[..cut.index(packet.len())]);
    }
}
