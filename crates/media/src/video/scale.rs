use super::frame::{FrameError, I420Frame, plane_size};

impl I420Frame {
    /// The picture at another size: each new pixel is the mean of the area that it covers, and of
    /// one pixel at least.
    ///
    /// # Errors
    /// The new size cannot be.
    pub fn scaled(&self, width: usize, height: usize) -> Result<Self, FrameError> {
        if (width, height) == (self.width(), self.height()) {
            return Ok(self.clone());
        }
        let mut scaled = Self::black(width, height)?;
        let from = self.planes();
        for (index, to) in scaled.planes_mut().into_iter().enumerate() {
            let before = plane_size(self.width(), self.height(), index);
            scale_plane(from[index], before, to, plane_size(width, height, index));
        }
        Ok(scaled)
    }
}

fn scale_plane(from: &[u8], before: (usize, usize), to: &mut [u8], after: (usize, usize)) {
    let columns: Vec<(usize, usize)> =
        (0..after.0).map(|x| covered(x, before.0, after.0)).collect();
    for (y, line) in to.chunks_exact_mut(after.0).enumerate() {
        let (top, bottom) = covered(y, before.1, after.1);
        for (pixel, (left, right)) in line.iter_mut().zip(&columns) {
            let area = ((right - left) * (bottom - top)) as u32;
            let lines = from.chunks_exact(before.0).take(bottom).skip(top);
            let sum: u32 = lines.flat_map(|line| &line[*left..*right]).map(|p| u32::from(*p)).sum();
            // The mean of bytes is a byte.
            *pixel = ((sum + area / 2) / area) as u8;
        }
    }
}

/// What pixel `at` of `after` covers of `before`: from, to (exclusive), at least one.
const fn covered(at: usize, before: usize, after: usize) -> (usize, usize) {
    let from = at * before / after;
    let to = (at + 1) * before / after;
    (from, if to > from { to } else { from + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_the_mean_of_four_and_colours_stay() {
        let mut frame = I420Frame::black(64, 32).unwrap();
        frame.fill([0, 0, 32, 32], [100, 60, 200]);
        frame.planes_mut()[0][0] = 200;
        let half = frame.scaled(32, 16).unwrap();
        assert_eq!(half.pixel(0, 0), [125, 60, 200]);
        assert_eq!(half.pixel(15, 8), [100, 60, 200]);
        assert_eq!(half.pixel(17, 8), [16, 128, 128]);
        let back = half.scaled(64, 32).unwrap();
        assert_eq!(back.pixel(20, 20), [100, 60, 200]);
        assert_eq!(frame.scaled(64, 32).unwrap(), frame);
        assert!(frame.scaled(0, 4).is_err());
        assert_eq!(frame.scaled(1, 1).unwrap().planes().map(<[u8]>::len), [1, 1, 1]);
    }
}
