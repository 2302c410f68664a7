//! Pictures.

/// The largest picture taken in, in pixels: level 5.2 of H.264 (36,864 macroblocks), which 4096 by
/// 2304 fills. What decoders allocate is bounded by it.
pub const MAX_PIXELS: usize = 36_864 * 256;

/// A picture cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A side is 0, or there are too many pixels.
    #[error("a picture of {width}x{height} cannot be: 1 to {MAX_PIXELS} pixels")]
    Size {
        /// Pixels a line.
        width: usize,
        /// Lines.
        height: usize,
    },
    /// The bytes are not those of such a picture.
    #[error("an I420 picture of that size has {expected} bytes, not {given}")]
    Bytes {
        /// How many there must be.
        expected: usize,
        /// How many there were.
        given: usize,
    },
}

/// A picture of 8-bit I420: a plane of luma, then two of chroma (blue, red) at half the width and
/// half the height, rounded up, without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct I420Frame {
    width: usize,
    height: usize,
    data: Vec<u8>,
}

impl std::fmt::Debug for I420Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "I420Frame({}x{})", self.width, self.height)
    }
}

/// Luma and chroma of black.
const BLACK: [u8; 2] = [16, 128];

impl I420Frame {
    /// A black picture.
    ///
    /// # Errors
    /// A side is 0, or there are more than [`MAX_PIXELS`].
    pub fn black(width: usize, height: usize) -> Result<Self, FrameError> {
        check(width, height)?;
        let mut data = vec![BLACK[1]; bytes_of(width, height)];
        data[..width * height].fill(BLACK[0]);
        Ok(Self { width, height, data })
    }

    /// A picture of the bytes of its planes, one after the other.
    ///
    /// # Errors
    /// The size cannot be, or the bytes are not of that size.
    pub fn from_bytes(width: usize, height: usize, data: Vec<u8>) -> Result<Self, FrameError> {
        check(width, height)?;
        let expected = bytes_of(width, height);
        if data.len() != expected {
            return Err(FrameError::Bytes { expected, given: data.len() });
        }
        Ok(Self { width, height, data })
    }

    /// A picture of the lines of its three planes, each at least as long as the plane is wide.
    ///
    /// # Errors
    /// The size cannot be, or lines are missing.
    pub fn from_lines<'a>(
        width: usize,
        height: usize,
        planes: [impl Iterator<Item = &'a [u8]>; 3],
    ) -> Result<Self, FrameError> {
        check(width, height)?;
        let mut data = Vec::with_capacity(bytes_of(width, height));
        for (index, lines) in planes.into_iter().enumerate() {
            let (columns, count) = plane_size(width, height, index);
            for line in lines.take(count) {
                data.extend_from_slice(&line[..columns.min(line.len())]);
            }
        }
        Self::from_bytes(width, height, data)
    }

    /// Pixels a line.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Lines.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// All planes, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// Luma, blue and red chroma.
    pub fn planes(&self) -> [&[u8]; 3] {
        let luma = self.width * self.height;
        let chroma = (self.data.len() - luma) / 2;
        let (y, rest) = self.data.split_at(luma);
        let (u, v) = rest.split_at(chroma);
        [y, u, v]
    }

    /// The same, to write to.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        let luma = self.width * self.height;
        let chroma = (self.data.len() - luma) / 2;
        let (y, rest) = self.data.split_at_mut(luma);
        let (u, v) = rest.split_at_mut(chroma);
        [y, u, v]
    }

    /// Luma, blue and red of a pixel; those of the nearest if it lies outside.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        let [luma, blue, red] = self.planes();
        let chroma = x / 2 + y / 2 * self.width.div_ceil(2);
        [luma[x + y * self.width], blue[chroma], red[chroma]]
    }

    /// Paints a rectangle, as far as it lies inside, in one colour. Odd edges share their chroma with
    /// their neighbours.
    pub fn fill(&mut self, [x, y, width, height]: [usize; 4], colour: [u8; 3]) {
        let (picture_width, picture_height) = (self.width, self.height);
        for (index, plane) in self.planes_mut().into_iter().enumerate() {
            let half = |value: usize| if index == 0 { value } else { value.div_ceil(2) };
            let (columns, _) = plane_size(picture_width, picture_height, index);
            let left = half(x).min(columns);
            let right = half(x + width).min(columns);
            for line in plane.chunks_mut(columns).take(half(y + height)).skip(half(y)) {
                line[left..right.max(left)].fill(colour[index]);
            }
        }
    }
}

/// Columns and lines of a plane.
pub(super) const fn plane_size(width: usize, height: usize, plane: usize) -> (usize, usize) {
    if plane == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) }
}

/// Whether a picture of that size can be.
pub(super) fn check(width: usize, height: usize) -> Result<(), FrameError> {
    let possible =
        width.checked_mul(height).is_some_and(|pixels| (1..=MAX_PIXELS).contains(&pixels));
    if possible { Ok(()) } else { Err(FrameError::Size { width, height }) }
}

/// Bytes of a picture whose size was checked.
pub(super) const fn bytes_of(width: usize, height: usize) -> usize {
    width * height + 2 * width.div_ceil(2) * height.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_have_their_sizes_odd_ones_too() {
        let frame = I420Frame::black(5, 3).unwrap();
        assert_eq!(frame.planes().map(<[u8]>::len), [15, 6, 6]);
        assert_eq!(frame.pixel(4, 2), [16, 128, 128]);
        assert_eq!(frame.pixel(400, 200), [16, 128, 128]);
        assert_eq!(I420Frame::from_bytes(5, 3, frame.bytes().to_vec()), Ok(frame));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (width, height) in [(0, 1), (1, 0), (usize::MAX, 2), (MAX_PIXELS, 2)] {
            assert_eq!(I420Frame::black(width, height), Err(FrameError::Size { width, height }));
        }
        let bytes = I420Frame::from_bytes(2, 2, vec![0; 5]);
        assert_eq!(bytes, Err(FrameError::Bytes { expected: 6, given: 5 }));
        let none = || std::iter::empty::<&[u8]>();
        assert!(I420Frame::from_lines(2, 2, [none(), none(), none()]).is_err());
    }

    #[test]
    fn a_rectangle_is_painted_inside_only() {
        let mut frame = I420Frame::black(8, 8).unwrap();
        frame.fill([2, 4, 100, 2], [200, 10, 20]);
        assert_eq!(frame.pixel(2, 4), [200, 10, 20]);
        assert_eq!(frame.pixel(7, 5), [200, 10, 20]);
        for (x, y) in [(1, 4), (2, 3), (2, 6)] {
            assert_eq!(frame.pixel(x, y), [16, 128, 128], "{x},{y}");
        }
        frame.fill([80, 80, 1, 1], [0; 3]);
    }
}
