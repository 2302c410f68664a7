use std::io::{Result, Write};

use super::{VideoFrame, VideoSink};
use crate::video::frame::I420Frame;

/// Writes pictures to a Y4M file at a constant rate. Its size is that of the first picture, to which
/// others are scaled.
#[derive(Debug)]
pub struct Y4mSink<W: Write> {
    writer: W,
    frame_rate: u32,
    size: Option<(usize, usize)>,
    /// The RTP timestamp of the first picture, and pictures written since.
    clock: Option<(u32, u64)>,
    last: Option<std::sync::Arc<I420Frame>>,
    failed: bool,
}

/// A gap is filled with the picture before it, up to so many seconds; longer ones are cut.
const LONGEST_GAP_S: u64 = 10;

impl<W: Write> Y4mSink<W> {
    /// A file of so many pictures per second, at least 1. Give a buffered writer.
    pub fn new(writer: W, frame_rate: u32) -> Self {
        let frame_rate = frame_rate.max(1);
        Self { writer, frame_rate, size: None, clock: None, last: None, failed: false }
    }

    /// Writes one picture.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, picture: &I420Frame) -> Result<()> {
        let size = match self.size {
            Some(size) => size,
            None => {
                let (width, height) = (picture.width(), picture.height());
                let rate = self.frame_rate;
                writeln!(self.writer, "YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg")?;
                self.size = Some((width, height));
                (width, height)
            }
        };
        self.writer.write_all(b"FRAME\n")?;
        match picture.scaled(size.0, size.1) {
            Ok(scaled) => self.writer.write_all(scaled.bytes()),
            // The size is that of a picture.
            Err(error) => Err(std::io::Error::other(error)),
        }
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(&mut self) -> Result<()> {
        self.writer.flush()
    }

    /// Writes a picture at its time: what is missing before it repeats the one before, and what is
    /// too much is left out.
    fn write_at(&mut self, frame: &VideoFrame) -> Result<()> {
        let (first, written) = *self.clock.get_or_insert((frame.rtp_timestamp, 0));
        let ticks = u64::from(frame.rtp_timestamp.wrapping_sub(first));
        let rate = u64::from(self.frame_rate);
        let place = (ticks * rate + 45_000) / 90_000;
        if place > written + LONGEST_GAP_S * rate || place + LONGEST_GAP_S * rate < written {
            // Another clock: go on from here.
            let back = (written * 90_000 / rate) as u32;
            self.clock = Some((frame.rtp_timestamp.wrapping_sub(back), written + 1));
            self.last = Some(frame.picture.clone());
            return self.write(&frame.picture);
        }
        if let Some(last) = self.last.clone() {
            for _ in written..place {
                self.write(&last)?;
            }
        }
        self.last = Some(frame.picture.clone());
        if place >= written {
            self.write(&frame.picture)?;
            self.clock = Some((first, place + 1));
        }
        Ok(())
    }
}

impl<W: Write + Send> VideoSink for Y4mSink<W> {
    fn show(&mut self, frame: &VideoFrame) {
        if !self.failed {
            self.failed = self.write_at(frame).is_err();
        }
    }
}

impl<W: Write> Drop for Y4mSink<W> {
    fn drop(&mut self) {
        // Whoever wants to know calls `finish`.
        let _ = self.finish();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use calling_testkit::epoch;

    use super::*;
    use crate::video::{TestPattern, VideoSource, Y4mSource};

    fn numbers(file: &[u8]) -> Vec<u32> {
        let mut source = Y4mSource::new(file).unwrap();
        std::iter::from_fn(|| source.read())
            .map(|frame| TestPattern::number_of(&frame).unwrap())
            .collect()
    }

    #[test]
    fn pictures_are_written_at_their_time() {
        let pattern = TestPattern::new(128, 64, 25);
        let mut file = Vec::new();
        let mut sink = Y4mSink::new(&mut file, 25);
        // In twenty-fifths of a second; number 3 came too soon after 2, 5 is another clock.
        for (number, place) in [(0, 0_u32), (1, 1), (2, 4), (4, 5), (5, 900_000), (6, 900_001)] {
            sink.show(&VideoFrame {
                picture: Arc::new(pattern.picture(number)),
                rtp_timestamp: 4_294_967_000_u32.wrapping_add(place * 3_600),
                due: epoch(),
            });
        }
        drop(sink);
        assert_eq!(numbers(&file), [0, 1, 1, 1, 2, 4, 5, 6]);
    }

    #[test]
    fn other_sizes_are_scaled_to_the_first() {
        let mut file = Vec::new();
        let mut sink = Y4mSink::new(&mut file, 25);
        sink.write(&TestPattern::new(128, 64, 25).picture(1)).unwrap();
        sink.write(&TestPattern::new(256, 128, 25).picture(2)).unwrap();
        sink.finish().unwrap();
        drop(sink);
        assert_eq!(numbers(&file), [1, 2]);
    }
}
