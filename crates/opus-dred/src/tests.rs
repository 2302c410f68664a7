use crate::{Channels, Decoder, Dred, DredParser, Encoder, MAX_DRED_MS, Span, fuzz};

const FRAME: usize = 960;

/// A buzz of 120 Hz whose loudness and colour vary, so that frames differ.
fn voice(frames: usize) -> Vec<f32> {
    let sample = |n: usize| {
        let t = n as f32 / 48_000.0;
        let envelope = 0.6 + 0.4 * (t * 18.0).sin();
        let colour = 3.0 + 2.0 * (t * 7.0).sin();
        let harmonic =
            |k: f32| (t * 120.0 * k * std::f32::consts::TAU).sin() / (k - colour).hypot(1.0);
        0.1 * envelope * (1..=20).map(|k| harmonic(k as f32)).sum::<f32>()
    };
    (0..frames * FRAME).map(sample).collect()
}

fn encoder(dred_ms: u32) -> Encoder {
    let mut encoder = Encoder::new(Channels::Mono).unwrap();
    encoder.set_bitrate(56_000).unwrap();
    encoder.set_vbr(false).unwrap();
    encoder.set_dtx(false).unwrap();
    encoder.set_complexity(9).unwrap();
    encoder.set_in_band_fec(true).unwrap();
    encoder.set_expected_loss(30).unwrap();
    encoder.set_dred_duration(dred_ms).unwrap();
    encoder
}

fn packets(encoder: &mut Encoder, pcm: &[f32]) -> Vec<Vec<u8>> {
    let mut packet = vec![0; 1_500];
    let encode = |frame: &[f32]| {
        let length = encoder.encode(frame, &mut packet).unwrap();
        packet[..length].to_vec()
    };
    pcm.chunks_exact(FRAME).map(encode).collect()
}

fn parsed(packet: &[u8]) -> (DredParser, Dred, Option<Span>) {
    let (mut parser, mut dred) = (DredParser::new().unwrap(), Dred::new().unwrap());
    let span = parser.parse(packet, 48_000, &mut dred).unwrap();
    (parser, dred, span)
}

/// Loudness of each 10 ms, in dB.
fn envelope(pcm: &[f32]) -> Vec<f32> {
    let power = |tick: &[f32]| tick.iter().map(|s| s * s).sum::<f32>() / tick.len() as f32;
    pcm.chunks_exact(480).map(|tick| 10.0 * (power(tick) + 1e-8).log10()).collect()
}

#[test]
fn half_a_second_comes_back_from_one_packet() {
    let pcm = voice(100);
    let packets = packets(&mut encoder(500), &pcm);
    let mut decoder = Decoder::new(Channels::Mono).unwrap();
    decoder.set_complexity(5).unwrap();
    let mut out = vec![0.0; FRAME];
    for packet in &packets[..60] {
        decoder.decode(packet, &mut out).unwrap();
    }
    // Frames 60 to 79 are lost.
    let (mut parser, mut dred, span) = parsed(&packets[80]);
    let span = span.unwrap();
    assert!(span.reach >= 20 * FRAME && span.end < FRAME, "{span:?}");
    parser.prepare(&mut dred).unwrap();
    let mut restored = Vec::new();
    for back in (1..=20).rev() {
        assert_eq!(decoder.decode_dred(&dred, back * FRAME, &mut out), Ok(FRAME));
        restored.extend_from_slice(&out);
    }
    // 6.5 ms of lookahead, less than a tick.
    let (said, heard) = (envelope(&pcm[60 * FRAME..80 * FRAME]), envelope(&restored));
    let apart: f32 = said.iter().zip(&heard).map(|(a, b)| (a - b).abs()).sum();
    assert!(apart / 40.0 < 4.0, "{} dB apart", apart / 40.0);
    // What is made up without it has faded away by then.
    let mut made_up = Decoder::new(Channels::Mono).unwrap();
    packets[..60].iter().for_each(|packet| assert!(made_up.decode(packet, &mut out).is_ok()));
    (0..20).for_each(|_| assert_eq!(made_up.conceal(&mut out), Ok(FRAME)));
    assert!(envelope(&out)[1] < heard[39] - 10.0);
}

#[test]
fn packets_of_a_constant_bitrate_are_of_one_size_with_and_without() {
    let mut encoder = encoder(0);
    let pcm = voice(40);
    let mut all = packets(&mut encoder, &pcm);
    assert!(all.iter().all(|packet| parsed(packet).2.is_none()), "it is off");
    encoder.set_dred_duration(MAX_DRED_MS).unwrap();
    let with = packets(&mut encoder, &pcm);
    assert!(with[30..].iter().all(|packet| parsed(packet).2.is_some()));
    all.extend(with);
    assert!(all.iter().all(|packet| packet.len() == all[0].len()));
}

#[test]
fn it_reaches_as_far_as_it_is_told() {
    let reach = |ms| {
        let packets = packets(&mut encoder(ms), &voice(80));
        parsed(&packets[79]).2.map_or(0, |span| span.reach / 48)
    };
    let reaches = [reach(0), reach(100), reach(500), reach(1_000)];
    assert_eq!(reaches[0], 0);
    assert!((80..=200).contains(&reaches[1]), "{reaches:?}");
    assert!((450..=600).contains(&reaches[2]), "{reaches:?}");
    assert!((900..=1_040).contains(&reaches[3]), "{reaches:?}");
}

#[test]
fn without_expected_loss_it_gets_no_bits() {
    let mut encoder = encoder(500);
    encoder.set_vbr(true).unwrap();
    encoder.set_expected_loss(0).unwrap();
    let packets = packets(&mut encoder, &voice(40));
    assert!(packets.iter().all(|packet| parsed(packet).2.is_none()));
}

#[test]
fn misuse_is_refused() {
    let mut encoder = encoder(500);
    assert!(encoder.set_dred_duration(MAX_DRED_MS + 10).is_err());
    assert!(encoder.set_complexity(11).is_err());
    assert!(encoder.set_expected_loss(101).is_err());
    assert!(encoder.set_bitrate(-1_000).is_err() && encoder.set_bitrate(0).is_err());
    let mut packet = [0; 1_500];
    assert!(encoder.encode(&[0.0; 961], &mut packet).is_err(), "no frame");
    assert!(encoder.encode(&[], &mut packet).is_err(), "none at all");
    assert!(encoder.encode(&[f32::NAN; 960], &mut packet).is_err());
    assert!(encoder.encode(&[0.0; 960], &mut []).is_err(), "no room");
    let mut stereo = Encoder::new(Channels::Stereo).unwrap();
    assert!(stereo.encode(&[0.0; 961], &mut packet).is_err(), "half a sample");

    let packets = packets(&mut encoder, &voice(40));
    let mut decoder = Decoder::new(Channels::Stereo).unwrap();
    assert!(decoder.set_complexity(11).is_err());
    let mut out = [0.0; 2 * FRAME];
    assert!(decoder.decode(&[], &mut out).is_err(), "nothing is no packet");
    assert!(decoder.decode(&packets[0], &mut out[..FRAME]).is_err(), "no room");
    for odd in [0, 1, 121, 238, 242] {
        assert!(decoder.conceal(&mut out[..odd]).is_err(), "{odd}");
        assert!(decoder.decode_fec(&packets[9], &mut out[..odd]).is_err() || odd == 0, "{odd}");
    }
    let (mut parser, mut dred, span) = parsed(&packets[39]);
    assert!(span.is_some());
    assert!(decoder.decode_dred(&dred, FRAME, &mut out).is_err(), "not prepared");
    parser.prepare(&mut dred).unwrap();
    parser.prepare(&mut dred).unwrap();
    assert!(decoder.decode_dred(&dred, FRAME, &mut out[..242]).is_err(), "no multiple");
    assert!(decoder.decode_dred(&dred, usize::MAX, &mut out).is_err());
    assert_eq!(decoder.decode_dred(&dred, 100 * FRAME, &mut out), Ok(FRAME), "is made up");
    assert_eq!(decoder.decode_dred(&dred, FRAME, &mut out), Ok(FRAME), "in stereo, too");
    assert!(out.iter().all(|sample| sample.is_finite()));
}

#[test]
fn a_description_is_of_the_packet_parsed_last() {
    let packets = packets(&mut encoder(500), &voice(40));
    let (mut parser, mut dred, _) = parsed(&packets[39]);
    parser.prepare(&mut dred).unwrap();
    // A failed parse leaves nothing of the one before to be decoded.
    assert!(parser.parse(&[], 48_000, &mut dred).is_err());
    assert!(parser.prepare(&mut dred).is_err());
    let mut decoder = Decoder::new(Channels::Mono).unwrap();
    assert!(decoder.decode_dred(&dred, FRAME, &mut [0.0; FRAME]).is_err());
    assert!(decoder.decode_dred(&Dred::new().unwrap(), FRAME, &mut [0.0; FRAME]).is_err());
}

#[test]
fn coders_move_between_threads() {
    let pcm = voice(30);
    let mut encoder = encoder(500);
    let packets =
        std::thread::scope(|scope| scope.spawn(|| packets(&mut encoder, &pcm)).join().unwrap());
    let (mut parser, mut dred, span) = parsed(&packets[29]);
    assert!(span.is_some());
    let prepared =
        std::thread::scope(|scope| scope.spawn(|| parser.prepare(&mut dred)).join().unwrap());
    assert_eq!(prepared, Ok(()));
}

#[test]
fn damaged_packets_do_no_harm() {
    let packets = packets(&mut encoder(1_000), &voice(60));
    let packet = &packets[59];
    for length in 0..packet.len() {
        fuzz::parse(&packet[..length]);
    }
    // Each byte of the description replaced; the pattern reaches every symbol.
    for at in 0..packet.len() {
        let mut damaged = packet.clone();
        damaged[at] ^= 0x55 + (at % 7) as u8;
        fuzz::parse(&damaged);
    }
}
