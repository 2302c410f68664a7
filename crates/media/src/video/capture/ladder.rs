/// Size and rate to encode at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Pixels a line; even.
    pub width: usize,
    /// Lines; even.
    pub height: usize,
    /// Pictures per second.
    pub frame_rate: u32,
}

/// What a camera of a size needs at least, in bits per second, at 30 pictures: by the pixels of
/// 160×90, 320×180, 480×270, 640×360, 960×540, 1280×720 and 1920×1080. Below it the next smaller
/// looks better.
const LEAST_BPS: [(usize, u32); 7] = [
    (160 * 90, 0),
    (320 * 180, 90_000),
    (480 * 270, 200_000),
    (640 * 360, 350_000),
    (960 * 540, 750_000),
    (1_280 * 720, 1_200_000),
    (1_920 * 1_080, 2_500_000),
];
/// Below this bitrate half the pictures are better than all.
const FULL_RATE_BPS: u32 = 120_000;
/// To climb, the bitrate must be this much above what the rung needs, in percent, so that one on the
/// edge does not go up and down.
const CLIMB_PERCENT: u64 = 125;

/// The largest size and rate that `bitrate_bps` carries well, no larger than the source's
/// `width`×`height` at `frame_rate`; `current` is the rung of now, which is left only with reason.
pub fn rung(
    [width, height]: [usize; 2],
    frame_rate: u32,
    bitrate_bps: u32,
    current: Option<Rung>,
) -> Rung {
    let pixels = current.map(|rung| rung.width * rung.height);
    let carried = |(size, least): &(usize, u32)| {
        // What is a little larger than the table's size is still the rung of now.
        let climbs = pixels.is_some_and(|pixels| *size > pixels + pixels / 8);
        let needed = u64::from(*least) * if climbs { CLIMB_PERCENT } else { 100 };
        u64::from(bitrate_bps) * 100 >= needed
    };
    let most = LEAST_BPS.iter().rev().find(|entry| carried(entry)).unwrap_or(&LEAST_BPS[0]).0;
    let [width, height] = within([width, height], most);
    let half = bitrate_bps < FULL_RATE_BPS && frame_rate > 15;
    let frame_rate = if half { frame_rate / 2 } else { frame_rate };
    Rung { width, height, frame_rate: frame_rate.max(1) }
}

/// The size with the same shape within `most` pixels, even.
fn within([width, height]: [usize; 2], most: usize) -> [usize; 2] {
    let pixels = width * height;
    // A shape that is not 16:9 is not made smaller for it.
    if pixels <= most + most / 3 {
        return [even(width), even(height)];
    }
    let scale = (most as f64 / pixels as f64).sqrt();
    [even((width as f64 * scale).round() as usize), even((height as f64 * scale).round() as usize)]
}

const fn even(side: usize) -> usize {
    if side < 2 { 2 } else { side & !1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(bps: u32, current: Option<Rung>) -> (usize, usize, u32) {
        let rung = rung([1_280, 720], 30, bps, current);
        (rung.width, rung.height, rung.frame_rate)
    }

    #[test]
    fn less_bitrate_is_a_smaller_picture_and_then_a_slower_one() {
        assert_eq!(size(5_000_000, None), (1_280, 720, 30));
        assert_eq!(size(1_200_000, None), (1_280, 720, 30));
        assert_eq!(size(1_199_000, None), (960, 540, 30));
        assert_eq!(size(400_000, None), (640, 360, 30));
        assert_eq!(size(130_000, None), (320, 180, 30));
        assert_eq!(size(100_000, None), (320, 180, 15));
        assert_eq!(size(1_000, None), (160, 90, 15));
        let other = |size| {
            let rung = rung(size, 25, 400_000, None);
            (rung.width, rung.height, rung.frame_rate)
        };
        assert_eq!(other([640, 480]), (640, 480, 25));
        assert_eq!(other([641, 361]), (640, 360, 25));
        assert_eq!(other([1_440, 1_080]), (554, 416, 25));
    }

    #[test]
    fn climbing_needs_more_than_staying() {
        let small = Some(rung([1_280, 720], 30, 1_100_000, None));
        assert_eq!(size(1_300_000, small), (960, 540, 30));
        assert_eq!(size(1_500_000, small), (1_280, 720, 30));
        let large = Some(rung([1_280, 720], 30, 1_500_000, None));
        assert_eq!(size(1_250_000, large), (1_280, 720, 30));
    }

    proptest! {
        #[test]
        fn a_rung_can_always_be_encoded(
            width in 1_usize..5_000, height in 1_usize..2_500,
            rate in 1_u32..121, bps in any::<u32>(),
        ) {
            prop_assume!(width * height <= crate::video::MAX_PIXELS);
            let first = rung([width, height], rate, bps, None);
            prop_assert!(first.width.is_multiple_of(2) && first.height.is_multiple_of(2));
            prop_assert!((2..=width.max(2)).contains(&first.width));
            prop_assert!((2..=height.max(2)).contains(&first.height));
            prop_assert!((1..=rate).contains(&first.frame_rate));
            prop_assert_eq!(rung([width, height], rate, bps, Some(first)), first, "it stays");
        }
    }
}
