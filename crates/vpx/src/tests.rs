use super::*;

fn settings(width: u32, height: u32) -> EncoderSettings {
    EncoderSettings { width, height, bitrate_bps: 300_000, threads: 1, speed: 8 }
}

/// A picture with a gradient that moves with `number`.
fn planes(width: usize, height: usize, number: usize) -> [Vec<u8>; 3] {
    let luma = (0..width * height).map(|at| (at % width + at / width + 4 * number) as u8 / 2 + 40);
    let chroma = width.div_ceil(2) * height.div_ceil(2);
    [luma.collect(), vec![90; chroma], vec![170; chroma]]
}

fn borrow([y, u, v]: &[Vec<u8>; 3]) -> [&[u8]; 3] {
    [y, u, v]
}

#[test]
fn pictures_survive_odd_sizes_included() {
    for (width, height) in [(64, 48), (65, 47), (1, 1), (320, 180)] {
        let mut encoder = Encoder::new(settings(width, height)).unwrap();
        let mut decoder = Decoder::new().unwrap();
        let mut bytes = Vec::new();
        for number in 0..10 {
            let sent = planes(width as usize, height as usize, number);
            let picture = Planes::new(width, height, borrow(&sent)).unwrap();
            let key = encoder.encode(&picture, 3_000, false, &mut bytes).unwrap();
            assert_eq!(key, Some(number == 0), "the first is a key frame, and no other");
            let got = decoder.decode(&bytes).unwrap().unwrap();
            assert_eq!((got.width, got.height), (width as usize, height as usize));
            for (index, plane) in sent.iter().enumerate() {
                let got: Vec<u8> = got.lines(index).flatten().copied().collect();
                assert_eq!(got.len(), plane.len());
                let error: u64 =
                    got.iter().zip(plane).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
                assert!(
                    error <= 12 * plane.len() as u64,
                    "{width}x{height} plane {index}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_key_frame_comes_when_asked_for_and_the_bitrate_follows() {
    let mut encoder = Encoder::new(settings(320, 180)).unwrap();
    let mut bytes = Vec::new();
    let mut spend = |encoder: &mut Encoder, force: usize| {
        let (mut sum, mut keys) = (0, Vec::new());
        for number in 0..60 {
            let noise: Vec<u8> = (0..320 * 180)
                .map(|at: usize| ((at * (number + 7) * 2_654_435_761) >> 13) as u8)
                .collect();
            let chroma = vec![128; 160 * 90];
            let picture = Planes::new(320, 180, [&noise, &chroma, &chroma]).unwrap();
            let key = encoder.encode(&picture, 3_000, number == force, &mut bytes).unwrap();
            sum += bytes.len();
            if key == Some(true) {
                keys.push(number);
            }
        }
        (sum, keys)
    };
    let (much, keys) = spend(&mut encoder, 30);
    assert_eq!(keys, [0, 30]);
    encoder.set_bitrate(60_000).unwrap();
    let (little, _) = spend(&mut encoder, 61);
    assert!(little * 2 < much, "{little} of {much}");
}

#[test]
fn what_cannot_be_is_an_error() {
    assert!(Encoder::new(settings(0, 10)).is_err());
    assert!(Encoder::new(settings(10, MAX_DIMENSION + 1)).is_err());
    assert!(Planes::new(2, 2, [&[0; 4], &[0], &[]]).is_err());
    let mut encoder = Encoder::new(settings(4, 4)).unwrap();
    let other = Planes::new(2, 2, [&[0; 4], &[0], &[0]]).unwrap();
    assert!(encoder.encode(&other, 3_000, false, &mut Vec::new()).is_err());
    let mut decoder = Decoder::new().unwrap();
    assert!(decoder.decode(&[]).is_err());
    assert!(decoder.decode(&[0x55; 40]).is_err());
}
