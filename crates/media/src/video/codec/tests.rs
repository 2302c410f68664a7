use super::*;
use crate::video::{TestPattern, VideoSource};

const TARGET: EncoderTarget =
    EncoderTarget { width: 320, height: 180, frame_rate: 30, bitrate_bps: 500_000 };

#[test]
fn at_least_one_codec_is_built_in_and_the_best_comes_first() {
    let available: Vec<_> = VideoCodec::available().collect();
    assert!(!available.is_empty());
    assert!(available.is_sorted());
    for codec in VideoCodec::ALL {
        let built = available.contains(&codec);
        assert_eq!(codec.encoder(TARGET).is_ok(), built, "{codec:?}");
        assert_eq!(codec.decoder().is_ok(), built, "{codec:?}");
    }
}

#[test]
fn pictures_come_out_as_they_went_in() {
    for codec in VideoCodec::available() {
        let mut source = TestPattern::new(320, 180, 30);
        let mut encoder = codec.encoder(TARGET).unwrap();
        let mut decoder = codec.decoder().unwrap();
        for number in 0..60 {
            let frame = source.read().unwrap();
            let picture = encoder.encode(&frame, number == 20).unwrap().unwrap();
            assert_eq!(picture.is_key, number == 0 || number == 20, "{codec:?} {number}");
            assert_eq!(codec.is_key(&picture.data), picture.is_key, "{codec:?} {number}");
            let shown = decoder.decode(&picture.data).unwrap().unwrap();
            assert_eq!(TestPattern::number_of(&shown), Some(number), "{codec:?}");
        }
    }
}

#[test]
fn fewer_bits_are_spent_when_told_so() {
    for codec in VideoCodec::available() {
        let mut source = TestPattern::new(320, 180, 30);
        let mut encoder = codec.encoder(TARGET).unwrap();
        let mut spend = |encoder: &mut Box<dyn VideoEncoder>| -> usize {
            let mut bytes = 0;
            for _ in 0..60 {
                let picture = encoder.encode(&source.read().unwrap(), false).unwrap();
                bytes += picture.map_or(0, |picture| picture.data.len());
            }
            bytes
        };
        encoder.set_bitrate(400_000).unwrap();
        let much = spend(&mut encoder);
        encoder.set_bitrate(50_000).unwrap();
        let little = spend(&mut encoder);
        assert!(little < much, "{codec:?}: {little} of {much}");
        assert!(little * 8 < 2 * 2 * 50_000, "{codec:?}: {little} bytes in two seconds");
    }
}

#[test]
fn impossible_and_foreign_sizes_are_refused() {
    for codec in VideoCodec::available() {
        for (width, height) in [(0, 2), (3, 2), (2, 3), (1 << 14, 1 << 14)] {
            let target = EncoderTarget { width, height, ..TARGET };
            assert!(matches!(codec.encoder(target), Err(VideoCodecError::Size { .. })));
        }
        let mut encoder = codec.encoder(TARGET).unwrap();
        let other = I420Frame::black(64, 64).unwrap();
        assert!(matches!(encoder.encode(&other, false), Err(VideoCodecError::Size { .. })));
    }
}

#[test]
fn garbage_is_refused_and_the_next_key_frame_decodes() {
    for codec in VideoCodec::available() {
        let mut source = TestPattern::new(320, 180, 30);
        let mut encoder = codec.encoder(TARGET).unwrap();
        let mut decoder = codec.decoder().unwrap();
        for length in [0, 1, 3, 9, 10, 100, 3_000] {
            let garbage: Vec<u8> = (0..length).map(|at: usize| (at * 37 + 11) as u8).collect();
            assert!(!matches!(decoder.decode(&garbage), Ok(Some(_))), "{codec:?} {length}");
        }
        let picture = encoder.encode(&source.read().unwrap(), true).unwrap().unwrap();
        let shown = decoder.decode(&picture.data).unwrap().unwrap();
        assert_eq!(TestPattern::number_of(&shown), Some(0), "{codec:?}");
    }
}

#[cfg(feature = "vp8")]
#[test]
fn a_picture_of_a_quarter_gigapixel_is_not_allocated() {
    let mut decoder = VideoCodec::Vp8.decoder().unwrap();
    // A key frame of 16383 by 16383 (RFC 6386 section 9.1).
    let data = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0, 0, 0];
    let refused = VideoCodecError::Size { width: 16_383, height: 16_383 };
    assert_eq!(decoder.decode(&data), Err(refused));
}
