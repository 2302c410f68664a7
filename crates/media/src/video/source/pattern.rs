use super::VideoSource;
use crate::video::frame::I420Frame;

/// A moving picture that says which one it is: eight colours, a bar that travels over them, and its
/// number in black and white fields at the top, which survive coding and scaling.
#[derive(Clone, Debug)]
pub struct TestPattern {
    width: usize,
    height: usize,
    frame_rate: u32,
    number: u32,
}

/// Fields of the number: its bits, lowest first, then its check.
const NUMBER_BITS: usize = 24;
const CHECK_BITS: usize = 8;
const FIELDS: usize = NUMBER_BITS + CHECK_BITS;
/// The fields take the upper eighth.
const FIELD_SHARE: usize = 8;
const BLACK: u8 = 16;
const WHITE: u8 = 235;
/// Luma, blue and red of grey, yellow, cyan, green, magenta, red, blue and white (ITU-R BT.601 at
/// 75 %).
const COLOURS: [[u8; 3]; 8] = [
    [180, 128, 128],
    [162, 44, 142],
    [131, 156, 44],
    [112, 72, 58],
    [84, 184, 198],
    [65, 100, 212],
    [35, 212, 114],
    [235, 128, 128],
];
/// Pictures in which the bar crosses.
const CROSSING: usize = 60;

impl TestPattern {
    /// Pictures of at least 64 by 32 pixels, even, and at most 4,096 by 2,304, at `frame_rate`
    /// (1..=120) per second; what is outside is brought inside.
    pub fn new(width: usize, height: usize, frame_rate: u32) -> Self {
        Self {
            width: width.clamp(64, 4_096) & !1,
            height: height.clamp(32, 2_304) & !1,
            frame_rate: frame_rate.clamp(1, 120),
            number: 0,
        }
    }

    /// The colour behind the bar, by column in eighths: luma, blue, red.
    pub const fn colours() -> [[u8; 3]; 8] {
        COLOURS
    }

    /// The picture with that number (its lower 24 bits).
    pub fn picture(&self, number: u32) -> I420Frame {
        // The size was brought inside what can be.
        let Ok(mut frame) = I420Frame::black(self.width, self.height) else {
            unreachable!("the size is possible")
        };
        let (width, height) = (self.width, self.height);
        for (index, colour) in COLOURS.into_iter().enumerate() {
            let (left, right) = (index * width / 8, (index + 1) * width / 8);
            frame.fill([left, height / FIELD_SHARE, right - left, height], colour);
        }
        let bar = (number as usize % CROSSING) * width / CROSSING;
        frame.fill([bar, height / 2, width / 16, height / 4], [WHITE, 128, 128]);
        let bits = with_check(number);
        for field in 0..FIELDS {
            let (left, right) = (field * width / FIELDS, (field + 1) * width / FIELDS);
            let luma = if bits >> field & 1 == 1 { WHITE } else { BLACK };
            frame.fill([left, 0, right - left, height / FIELD_SHARE], [luma, 128, 128]);
        }
        frame
    }

    /// The number in a picture of this pattern, whatever its size; `None` if it is none or too
    /// damaged to read.
    pub fn number_of(frame: &I420Frame) -> Option<u32> {
        let y = frame.height() / FIELD_SHARE / 2;
        let field = |field: usize| {
            let x = (2 * field + 1) * frame.width() / (2 * FIELDS);
            let luma = frame.pixel(x, y)[0];
            // Between the two it is neither.
            (!(90..160).contains(&luma)).then_some(u32::from(luma >= 160))
        };
        let bits = (0..FIELDS).try_fold(0, |bits, at| Some(bits | field(at)? << at))?;
        let number = bits & ((1 << NUMBER_BITS) - 1);
        (with_check(number) == bits).then_some(number)
    }
}

/// The number below its check, which no picture of one colour fulfils.
const fn with_check(number: u32) -> u32 {
    let number = number & ((1 << NUMBER_BITS) - 1);
    let check = (number ^ (number >> 8) ^ (number >> 16) ^ 0xa5) & 0xff;
    number | check << NUMBER_BITS
}

impl VideoSource for TestPattern {
    fn read(&mut self) -> Option<I420Frame> {
        let picture = self.picture(self.number);
        self.number = self.number.wrapping_add(1);
        Some(picture)
    }

    fn frame_rate(&self) -> u32 {
        self.frame_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_number_is_read_at_any_size() {
        let pattern = TestPattern::new(640, 360, 30);
        for number in [0, 1, 4_711, 0x00ff_ffff] {
            let picture = pattern.picture(number);
            assert_eq!(TestPattern::number_of(&picture), Some(number));
            for (width, height) in [(320, 180), (160, 90), (1_280, 720)] {
                let scaled = picture.scaled(width, height).unwrap();
                assert_eq!(TestPattern::number_of(&scaled), Some(number), "{width}");
            }
        }
        assert_eq!(TestPattern::number_of(&I420Frame::black(640, 360).unwrap()), None);
        assert_eq!(TestPattern::number_of(&I420Frame::black(1, 1).unwrap()), None);
    }

    #[test]
    fn it_moves_and_shows_its_colours() {
        let mut pattern = TestPattern::new(640, 360, 30);
        let (first, second) = (pattern.read().unwrap(), pattern.read().unwrap());
        assert_ne!(first, second);
        for (index, colour) in TestPattern::colours().into_iter().enumerate() {
            assert_eq!(first.pixel(index * 80 + 40, 120), colour);
        }
        assert_eq!(first.pixel(10, 200), [235, 128, 128], "the bar begins at the left");
    }

    #[test]
    fn impossible_sizes_are_brought_inside() {
        let mut pattern = TestPattern::new(0, 99_999, 0);
        let picture = pattern.read().unwrap();
        assert_eq!((picture.width(), picture.height(), pattern.frame_rate()), (64, 2_304, 1));
    }
}
