use std::io::Read;

use bytes::Bytes;

use super::{VideoSource, sane_rate};
use crate::video::frame::I420Frame;
use crate::video::payload::MAX_PICTURE_BYTES;
use crate::video::{EncodedPicture, VideoCodec, VideoCodecError, VideoDecoder};

/// Bytes of the header of a file, which it states itself, and of a picture.
pub(in crate::video) const FILE_HEADER_BYTES: u16 = 32;
const PICTURE_HEADER_BYTES: usize = 12;
pub(in crate::video) const MAGIC: [u8; 4] = *b"DKIF";
/// Pictures that show nothing in a row, before a file counts as broken.
const MOST_SILENT: usize = 64;

/// A file is no IVF, or none that can be read.
#[derive(Debug, thiserror::Error)]
pub enum IvfError {
    /// It does not begin as one.
    #[error("no IVF file: it does not begin with `DKIF`")]
    Magic,
    /// A codec that is not read.
    #[error("codec {0} is not read; VP80 and H264 are")]
    Codec(String),
    /// No rate of pictures can be told.
    #[error("the IVF header has no frame rate")]
    FrameRate,
    /// There is no decoder.
    #[error(transparent)]
    Decoder(#[from] VideoCodecError),
    /// It cannot be read.
    #[error("cannot read: {0}")]
    Io(#[from] std::io::Error),
}

/// Reads encoded pictures from an IVF file (the container of libvpx).
#[derive(Debug)]
pub struct IvfReader<R> {
    reader: R,
    codec: VideoCodec,
    frame_rate: u32,
}

/// The four letters of a codec.
pub(in crate::video) const fn letters(codec: VideoCodec) -> [u8; 4] {
    match codec {
        VideoCodec::Vp8 => *b"VP80",
        VideoCodec::H264 => *b"H264",
    }
}

impl<R: Read> IvfReader<R> {
    /// Reads the header. Give a buffered reader.
    ///
    /// # Errors
    /// No IVF, or none of a known codec.
    pub fn new(mut reader: R) -> Result<Self, IvfError> {
        let mut header = [0; FILE_HEADER_BYTES as usize];
        reader.read_exact(&mut header).map_err(|_| IvfError::Magic)?;
        if header[..4] != MAGIC {
            return Err(IvfError::Magic);
        }
        let four = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
        let codec = VideoCodec::ALL.into_iter().find(|codec| letters(*codec) == four(8));
        let codec =
            codec.ok_or_else(|| IvfError::Codec(String::from_utf8_lossy(&four(8)).into_owned()))?;
        let number = |at: usize| u64::from(u32::from_le_bytes(four(at)));
        let frame_rate = sane_rate(number(16), number(20)).ok_or(IvfError::FrameRate)?;
        Ok(Self { reader, codec, frame_rate })
    }

    /// The codec of its pictures.
    pub const fn codec(&self) -> VideoCodec {
        self.codec
    }

    /// The next encoded picture; `None` at the end or where the file is cut.
    pub fn read(&mut self) -> Option<EncodedPicture> {
        let mut header = [0; PICTURE_HEADER_BYTES];
        self.reader.read_exact(&mut header).ok()?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_PICTURE_BYTES)?;
        let mut data = Vec::new();
        let read = (&mut self.reader).take(length as u64).read_to_end(&mut data).ok()?;
        let is_key = self.codec.is_key(&data);
        (read == length).then(|| EncodedPicture { data: Bytes::from(data), is_key })
    }
}

/// Reads pictures from an IVF file, decoded.
#[derive(Debug)]
pub struct IvfSource<R> {
    reader: IvfReader<R>,
    decoder: Box<dyn VideoDecoder>,
}

impl<R: Read> IvfSource<R> {
    /// Reads the header and opens a decoder. Give a buffered reader.
    ///
    /// # Errors
    /// No IVF, or none of a codec that this program was built with.
    pub fn new(reader: R) -> Result<Self, IvfError> {
        let reader = IvfReader::new(reader)?;
        let decoder = reader.codec.decoder()?;
        Ok(Self { reader, decoder })
    }
}

impl<R: Read + Send> VideoSource for IvfSource<R> {
    fn read(&mut self) -> Option<I420Frame> {
        for _ in 0..MOST_SILENT {
            let picture = self.reader.read()?;
            if let Ok(Some(frame)) = self.decoder.decode(&picture.data) {
                return Some(frame);
            }
        }
        None
    }

    fn frame_rate(&self) -> u32 {
        self.reader.frame_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::{EncoderTarget, IvfSink, TestPattern};

    #[test]
    fn what_was_written_is_read_and_shown() {
        for codec in VideoCodec::available() {
            let target =
                EncoderTarget { width: 320, height: 180, frame_rate: 25, bitrate_bps: 400_000 };
            let mut encoder = codec.encoder(target).unwrap();
            let mut file = std::io::Cursor::new(Vec::new());
            let mut sink = IvfSink::new(&mut file, codec, 320, 180, 25).unwrap();
            let pattern = TestPattern::new(320, 180, 25);
            for number in 0..5 {
                let picture = encoder.encode(&pattern.picture(number), false).unwrap().unwrap();
                sink.write(&picture).unwrap();
            }
            sink.finish().unwrap();
            let file = file.into_inner();
            assert_eq!(file[24..28], [5, 0, 0, 0], "the number of pictures");
            let mut source = IvfSource::new(&file[..]).unwrap();
            assert_eq!(source.frame_rate(), 25);
            for number in 0..5 {
                let frame = VideoSource::read(&mut source).unwrap();
                assert_eq!(TestPattern::number_of(&frame), Some(number), "{codec:?}");
            }
            assert_eq!(VideoSource::read(&mut source), None);
        }
    }

    #[test]
    fn what_is_not_read_is_refused() {
        let mut header = [0; 32];
        assert!(matches!(IvfReader::new(&header[..]), Err(IvfError::Magic)));
        header[..4].copy_from_slice(b"DKIF");
        header[8..12].copy_from_slice(b"AV01");
        assert!(
            matches!(IvfReader::new(&header[..]), Err(IvfError::Codec(codec)) if codec == "AV01")
        );
        header[8..12].copy_from_slice(b"VP80");
        assert!(matches!(IvfReader::new(&header[..]), Err(IvfError::FrameRate)));
        assert!(matches!(IvfReader::new(&header[..20]), Err(IvfError::Magic)));
        (header[16], header[20]) = (30, 1);
        // A picture of four gigabytes that is not there.
        let file = [&header[..], &[0xff; 12], b"abc"].concat();
        assert_eq!(IvfReader::new(&file[..]).unwrap().read(), None);
        let file = [&header[..], &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], b"abc"].concat();
        assert_eq!(IvfReader::new(&file[..]).unwrap().read(), None);
    }
}
