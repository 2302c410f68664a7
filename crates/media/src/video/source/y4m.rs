use std::io::{BufRead, BufReader, Read};

use super::{VideoSource, sane_rate};
use crate::video::frame::{self, I420Frame};

/// The longest line of text in a file.
const LONGEST_LINE: u64 = 1_024;
const MAGIC: &str = "YUV4MPEG2";
const FRAME: &str = "FRAME";

/// A file is no Y4M, or none that can be read.
#[derive(Debug, thiserror::Error)]
pub enum Y4mError {
    /// It does not begin as one.
    #[error("no Y4M file: it begins with no line `{MAGIC} …`")]
    Magic,
    /// A part of the header is missing or cannot be.
    #[error("the Y4M header cannot be used: {0}")]
    Header(&'static str),
    /// Not 8-bit 4:2:0. Convert with `ffmpeg -pix_fmt yuv420p`.
    #[error("colours {0} are not read; convert with `ffmpeg -pix_fmt yuv420p`")]
    Colours(String),
    /// It cannot be read.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
}

/// Reads pictures from a Y4M file (uncompressed, `ffmpeg` and `mjpegtools` write it).
#[derive(Debug)]
pub struct Y4mSource<R> {
    reader: BufReader<R>,
    width: usize,
    height: usize,
    frame_rate: u32,
    finished: bool,
}

impl<R: Read> Y4mSource<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// No Y4M, or none of 8-bit 4:2:0.
    pub fn new(reader: R) -> Result<Self, Y4mError> {
        let mut reader = BufReader::new(reader);
        let line = read_line(&mut reader)?.ok_or(Y4mError::Magic)?;
        let mut words = line.split(' ');
        if words.next() != Some(MAGIC) {
            return Err(Y4mError::Magic);
        }
        let (mut width, mut height, mut frame_rate) = (None, None, None);
        for word in words.filter(|word| word.is_char_boundary(1)) {
            match word.split_at(word.len().min(1)) {
                ("W", value) => width = value.parse().ok(),
                ("H", value) => height = value.parse().ok(),
                ("F", value) => frame_rate = rate(value),
                ("C", value) if !value.starts_with("420") || value.contains("p1") => {
                    return Err(Y4mError::Colours(value.to_owned()));
                }
                _ => {}
            }
        }
        let width = width.ok_or(Y4mError::Header("no width"))?;
        let height = height.ok_or(Y4mError::Header("no height"))?;
        let frame_rate = frame_rate.ok_or(Y4mError::Header("no frame rate"))?;
        frame::check(width, height).map_err(|_| Y4mError::Header("no picture has that size"))?;
        Ok(Self { reader, width, height, frame_rate, finished: false })
    }

    /// Pixels a line and lines.
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn next_picture(&mut self) -> Option<I420Frame> {
        let line = read_line(&mut self.reader).ok()??;
        if line.split(' ').next() != Some(FRAME) {
            return None;
        }
        let mut data = vec![0; frame::bytes_of(self.width, self.height)];
        self.reader.read_exact(&mut data).ok()?;
        I420Frame::from_bytes(self.width, self.height, data).ok()
    }
}

impl<R: Read + Send> VideoSource for Y4mSource<R> {
    fn read(&mut self) -> Option<I420Frame> {
        if self.finished {
            return None;
        }
        let picture = self.next_picture();
        self.finished = picture.is_none();
        picture
    }

    fn frame_rate(&self) -> u32 {
        self.frame_rate
    }
}

fn rate(value: &str) -> Option<u32> {
    let (numerator, denominator) = value.split_once(':')?;
    sane_rate(numerator.parse().ok()?, denominator.parse().ok()?)
}

/// A line without its end; `None` at the end of the file, or if it is too long or no text.
fn read_line(reader: &mut impl BufRead) -> Result<Option<String>, std::io::Error> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    let ended = line.pop() == Some(b'\n');
    Ok(ended.then(|| String::from_utf8(line).ok()).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        [header.as_bytes(), body].concat()
    }

    #[test]
    fn pictures_are_read_in_order_odd_sizes_too() {
        let body =
            [b"FRAME\n".as_slice(), &[1; 9], &[2; 4], &[3; 4], b"FRAME Ix\n", &[9; 17]].concat();
        let bytes = file("YUV4MPEG2 W3 H3 F30000:1001 Ip A1:1 C420jpeg\n", &body);
        let mut source = Y4mSource::new(&bytes[..]).unwrap();
        assert_eq!((source.size(), source.frame_rate()), ((3, 3), 30));
        assert_eq!(source.read().unwrap().pixel(2, 2), [1, 2, 3]);
        assert_eq!(source.read().unwrap().pixel(0, 0), [9, 9, 9]);
        assert_eq!(source.read(), None);
        assert_eq!(source.read(), None);
    }

    #[test]
    fn what_is_not_read_is_refused() {
        for header in [
            "",
            "RIFF\n",
            "YUV4MPEG2 W2 F25:1\n",
            "YUV4MPEG2 W2 H2\n",
            "YUV4MPEG2 W2 H2 F0:1\n",
            "YUV4MPEG2 W2 H2 F1:0\n",
            "YUV4MPEG2 W0 H2 F25:1\n",
            "YUV4MPEG2 W99999999 H99999999 F25:1\n",
            "YUV4MPEG2 W2 H2 F25:1 C444\n",
            "YUV4MPEG2 W2 H2 F25:1 C420p10\n",
            "YUV4MPEG2 W2 H2 F25:1",
        ] {
            assert!(Y4mSource::new(header.as_bytes()).is_err(), "{header}");
        }
    }

    #[test]
    fn a_file_cut_short_ends() {
        let bytes = file("YUV4MPEG2 W2 H2 F25:1\n", b"FRAME\n123");
        assert_eq!(Y4mSource::new(&bytes[..]).unwrap().read(), None);
    }
}
