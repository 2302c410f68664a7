use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn wav(spec: WavSpec, frames: usize) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    let step = std::f64::consts::TAU * 500.0 / f64::from(spec.sample_rate);
    for frame in 0..frames {
        let sample = (frame as f64 * step).sin() * 0.5;
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(sample as f32).unwrap(),
                SampleFormat::Int => {
                    let full = (1_u64 << (spec.bits_per_sample - 1)) as f64;
                    writer.write_sample((sample * full) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
}

fn read(bytes: &[u8]) -> Result<WavSource, WavSourceError> {
    WavSource::read_from(Cursor::new(bytes.to_vec()), Path::new("x.wav"))
}

#[test]
fn every_depth_rate_and_layout_sounds_the_same() {
    let float = WavSpec { sample_format: SampleFormat::Float, ..spec(1, 44_100, 32) };
    let stereo_float = WavSpec { channels: 2, ..float };
    let specs = [8, 16, 24, 32]
        .into_iter()
        .flat_map(|bits| [spec(1, 8_000, bits), spec(2, 96_000, bits), spec(1, 48_000, bits)])
        .chain([float, stereo_float]);
    for spec in specs {
        let bytes = wav(spec, spec.sample_rate as usize / 10);
        let mut source = read(&bytes).unwrap();
        assert!(source.duration_ms().abs_diff(100) <= 1, "{spec:?}");
        let mut pcm = vec![0.0; 4_800];
        source.read(&mut pcm);
        for (at, sample) in pcm.iter().enumerate().take(4_000).skip(600) {
            let expected = (at as f64 * std::f64::consts::TAU * 500.0 / 48_000.0).sin() * 0.5;
            assert!((f64::from(*sample) - expected).abs() < 0.02, "{spec:?} at {at}");
        }
    }
}

#[test]
fn it_ends_in_silence_or_begins_again() {
    let bytes = wav(spec(1, 48_000, 16), 1_000);
    let mut source = read(&bytes).unwrap();
    let mut pcm = [9.0; 1_500];
    source.read(&mut pcm);
    assert!(source.is_finished());
    assert_eq!(pcm[1_000..], [0.0; 500]);
    let mut source = read(&bytes).unwrap().looping();
    let mut again = [9.0; 1_500];
    source.read(&mut again);
    assert!(!source.is_finished());
    assert_eq!(again[1_000..], pcm[..500]);
}

#[test]
fn a_looping_empty_file_is_silence() {
    let mut source = read(&wav(spec(1, 48_000, 16), 0)).unwrap().looping();
    let mut pcm = [9.0; 10];
    source.read(&mut pcm);
    assert_eq!(pcm, [0.0; 10]);
}

#[test]
fn errors_say_what_to_do_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("not.wav");
    std::fs::write(&text, "I am no WAV file at all").unwrap();
    let missing = WavSource::open(directory.path().join("no.wav")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read ") && missing.contains("check the path"), "{missing}");
    let not = WavSource::open(&text).unwrap_err().to_string();
    assert!(not.contains("is not a WAV file") && not.contains("ffmpeg"), "{not}");
    let folder = WavSource::open(directory.path()).unwrap_err().to_string();
    assert!(folder.starts_with("cannot read "), "{folder}");
    let surround = read(&wav(spec(6, 48_000, 16), 10)).unwrap_err().to_string();
    assert!(surround.contains("x.wav has 6 channels; convert it"), "{surround}");
    let slow = read(&wav(spec(1, 4_000, 16), 10)).unwrap_err().to_string();
    assert!(slow.contains("4000 Hz"), "{slow}");
    for message in [missing, not, folder, surround, slow] {
        assert_eq!(message.lines().count(), 1);
    }
}

#[test]
fn every_truncation_errs_or_plays() {
    let bytes = wav(spec(1, 48_000, 16), 50);
    for length in 0..bytes.len() {
        let _ = read(&bytes[..length]);
    }
    assert!(matches!(read(&[]), Err(WavSourceError::NotWav { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn damaged_headers_are_survived(at in 0_usize..60, value: u8) {
        let mut bytes = wav(spec(1, 48_000, 16), 20);
        bytes[at] = value;
        let _ = read(&bytes);
    }
}
