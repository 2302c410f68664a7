//! From what devices give to I420 of ITU-R BT.601 in the range of video (luma 16..=235).
//!
//! All functions are pure. Chroma of I420 is the mean of the pixels it stands for.

use calling_media::video::I420Frame;

use super::ConvertError;

/// Lines of a picture in memory, each `stride` bytes apart.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    data: &'a [u8],
    stride: usize,
}

impl<'a> Lines<'a> {
    /// `count` lines of `used` bytes, `stride` apart; a stride below that is taken for it.
    pub(super) fn new(
        data: &'a [u8],
        stride: usize,
        used: usize,
        count: usize,
    ) -> Result<Self, ConvertError> {
        let stride = stride.max(used);
        // The last line need not be filled up.
        let expected = count.saturating_sub(1).saturating_mul(stride).saturating_add(used);
        if data.len() < expected {
            return Err(ConvertError::Short { expected, given: data.len() });
        }
        Ok(Self { data, stride })
    }

    fn at(&self, line: usize, from: usize) -> &'a [u8] {
        &self.data[line * self.stride + from..]
    }
}

/// Fills a picture: `luma` gives each pixel's, `chroma` the mean colour (blue, red) of the two by
/// two pixels that begin at an even column and line, those outside left out.
fn fill(
    width: usize,
    height: usize,
    luma: impl Fn(usize, usize) -> u8,
    chroma: impl Fn(usize, usize) -> [u8; 2],
) -> Result<I420Frame, ConvertError> {
    let mut frame = I420Frame::black(width, height)?;
    let [y, u, v] = frame.planes_mut();
    for (line, row) in y.chunks_exact_mut(width).enumerate() {
        for (column, value) in row.iter_mut().enumerate() {
            *value = luma(column, line);
        }
    }
    let columns = width.div_ceil(2);
    let rows = u.chunks_exact_mut(columns).zip(v.chunks_exact_mut(columns));
    for (line, (blue, red)) in rows.enumerate() {
        for column in 0..columns {
            [blue[column], red[column]] = chroma(2 * column, 2 * line);
        }
    }
    Ok(frame)
}

/// YUYV (YUY2): of two pixels, luma, blue, luma, red.
#[cfg(any(feature = "camera", test))]
pub(super) fn yuyv(
    width: usize,
    height: usize,
    stride: usize,
    data: &[u8],
) -> Result<I420Frame, ConvertError> {
    let lines = Lines::new(data, stride, width.div_ceil(2) * 4, height)?;
    fill(
        width,
        height,
        |x, y| lines.at(y, 2 * x)[0],
        |x, y| {
            let below = if y + 1 < height { y + 1 } else { y };
            let (upper, lower) = (lines.at(y, 2 * x), lines.at(below, 2 * x));
            [1, 3].map(|at| mean([upper[at], lower[at]]))
        },
    )
}

/// NV12: a plane of luma, then one of blue and red in turn, both with the same stride.
#[cfg(any(feature = "camera", test))]
pub(super) fn nv12(
    width: usize,
    height: usize,
    stride: usize,
    data: &[u8],
) -> Result<I420Frame, ConvertError> {
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
    let stride = stride.max(2 * columns);
    let luma = Lines::new(data, stride, width, height)?;
    let rest = data.get(stride.saturating_mul(height)..).unwrap_or_default();
    let chroma = Lines::new(rest, stride, 2 * columns, rows)?;
    fill(
        width,
        height,
        |x, y| luma.at(y, x)[0],
        |x, y| {
            let pair = chroma.at(y / 2, x);
            [pair[0], pair[1]]
        },
    )
}

/// What a JPEG decodes to: of each pixel luma, blue and red, all of the full range (JFIF).
#[cfg(any(feature = "camera", test))]
pub(super) fn jfif(width: usize, height: usize, data: &[u8]) -> Result<I420Frame, ConvertError> {
    let lines = Lines::new(data, 3 * width, 3 * width, height)?;
    let video_luma = |full: u8| (16 + (u32::from(full) * 219 + 127) / 255) as u8;
    // 224/255 of the distance from the middle.
    let video_chroma = |full: u8| (16 + (u32::from(full) * 224 + 127) / 255) as u8;
    fill(
        width,
        height,
        |x, y| video_luma(lines.at(y, 3 * x)[0]),
        |x, y| {
            [1, 2].map(|channel| {
                let square = square(x, y, width, height);
                video_chroma(mean(square.map(|(x, y)| lines.at(y, 3 * x)[channel])))
            })
        },
    )
}

/// BGRX, as X servers give it: of each pixel blue, green, red and a byte that means nothing.
#[cfg(any(feature = "screen", test))]
pub(super) fn bgrx(
    width: usize,
    height: usize,
    stride: usize,
    data: &[u8],
) -> Result<I420Frame, ConvertError> {
    let lines = Lines::new(data, stride, 4 * width, height)?;
    let rgb = |x: usize, y: usize| {
        let pixel = lines.at(y, 4 * x);
        [2, 1, 0].map(|channel| i32::from(pixel[channel]))
    };
    fill(
        width,
        height,
        |x, y| {
            let [red, green, blue] = rgb(x, y);
            (((66 * red + 129 * green + 25 * blue + 128) >> 8) + 16) as u8
        },
        |x, y| {
            let square = square(x, y, width, height);
            let sum = |channel: usize| square.iter().map(|&(x, y)| rgb(x, y)[channel]).sum::<i32>();
            let [red, green, blue] = [0, 1, 2].map(|channel| (sum(channel) + 2) / 4);
            let u = ((-38 * red - 74 * green + 112 * blue + 128) >> 8) + 128;
            let v = ((112 * red - 94 * green - 18 * blue + 128) >> 8) + 128;
            [u as u8, v as u8]
        },
    )
}

/// The two by two pixels from an even place on; at the edge those before stand for what is outside.
fn square(x: usize, y: usize, width: usize, height: usize) -> [(usize, usize); 4] {
    let (right, below) = ((x + 1).min(width - 1), (y + 1).min(height - 1));
    [(x, y), (right, y), (x, below), (right, below)]
}

#[cfg(any(feature = "camera", test))]
fn mean<const N: usize>(values: [u8; N]) -> u8 {
    let sum: usize = values.iter().map(|value| usize::from(*value)).sum();
    ((sum + N / 2) / N) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Red, green, blue, white, black in RGB and in BT.601 (luma, blue, red).
    const COLOURS: [([u8; 3], [u8; 3]); 5] = [
        ([255, 0, 0], [82, 90, 240]),
        ([0, 255, 0], [145, 54, 34]),
        ([0, 0, 255], [41, 240, 110]),
        ([255, 255, 255], [235, 128, 128]),
        ([0, 0, 0], [16, 128, 128]),
    ];

    fn pixels(frame: &I420Frame) -> Vec<[u8; 3]> {
        let places = (0..frame.height()).flat_map(|y| (0..frame.width()).map(move |x| (x, y)));
        places.map(|(x, y)| frame.pixel(x, y)).collect()
    }

    #[test]
    fn colours_of_a_screen_are_those_of_bt_601() {
        for ([red, green, blue], meant) in COLOURS {
            let frame = bgrx(3, 3, 12, &[blue, green, red, 9].repeat(9)).unwrap();
            for seen in pixels(&frame) {
                let off = seen.iter().zip(meant).map(|(seen, meant)| seen.abs_diff(meant)).max();
                assert!(off <= Some(1), "{seen:?} is not {meant:?}");
            }
        }
    }

    #[test]
    fn yuyv_has_a_colour_for_two_pixels_and_the_mean_of_two_lines() {
        // Four by two, lines of ten bytes.
        let upper = [10, 100, 20, 200, 30, 50, 40, 60, 0, 0];
        let lower = [50, 110, 60, 190, 70, 52, 80, 64];
        let frame = yuyv(4, 2, 10, &[&upper[..], &lower].concat()).unwrap();
        let [y, u, v] = frame.planes();
        assert_eq!(y, [10, 20, 30, 40, 50, 60, 70, 80]);
        assert_eq!((u, v), (&[105, 51][..], &[195, 62][..]));
    }

    #[test]
    fn nv12_is_i420_with_its_colours_in_turn() {
        let luma = [1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0];
        let frame = nv12(4, 2, 6, &[&luma[..], &[90, 200, 91, 201]].concat()).unwrap();
        let [y, u, v] = frame.planes();
        assert_eq!(y, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((u, v), (&[90, 91][..], &[200, 201][..]));
    }

    #[test]
    fn the_full_range_of_jpeg_becomes_that_of_video() {
        let of = |pixel: [u8; 3]| jfif(2, 2, &pixel.repeat(4)).unwrap().pixel(0, 0);
        assert_eq!(of([0, 128, 128]), [16, 128, 128]);
        assert_eq!(of([255, 128, 128]), [235, 128, 128]);
        assert_eq!(of([128, 255, 0]), [126, 240, 16]);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        assert!(matches!(yuyv(4, 2, 8, &[0; 15]), Err(ConvertError::Short { expected: 16, .. })));
        assert!(matches!(nv12(4, 2, 4, &[0; 11]), Err(ConvertError::Short { .. })));
        assert!(matches!(nv12(4, 2, 4, &[]), Err(ConvertError::Short { .. })));
        assert!(matches!(jfif(2, 2, &[0; 11]), Err(ConvertError::Short { .. })));
        assert!(matches!(bgrx(2, 2, 8, &[0; 15]), Err(ConvertError::Short { .. })));
        assert!(matches!(bgrx(0, 2, 8, &[0; 16]), Err(ConvertError::Frame(_))));
    }

    proptest! {
        /// Whatever the size, the stride and the bytes: a picture of that size, or an error.
        #[test]
        fn nothing_panics(
            width in 0_usize..9,
            height in 0_usize..9,
            stride in 0_usize..40,
            data in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let all = [
                yuyv(width, height, stride, &data),
                nv12(width, height, stride, &data),
                jfif(width, height, &data),
                bgrx(width, height, stride, &data),
            ];
            for frame in all.into_iter().flatten() {
                prop_assert_eq!((frame.width(), frame.height()), (width, height));
            }
        }
    }
}
