use std::io::{Result, Seek, SeekFrom, Write};

use crate::video::source::ivf::{FILE_HEADER_BYTES, MAGIC, letters};
use crate::video::{EncodedPicture, VideoCodec};

/// Writes encoded pictures to an IVF file (the container of libvpx; `ffmpeg` reads it).
#[derive(Debug)]
pub struct IvfSink<W: Write + Seek> {
    writer: W,
    pictures: u32,
}

/// Where the header counts pictures.
const COUNT_AT: u64 = 24;

impl<W: Write + Seek> IvfSink<W> {
    /// Begins a file. Give a buffered writer.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(
        mut writer: W,
        codec: VideoCodec,
        width: u16,
        height: u16,
        frame_rate: u32,
    ) -> Result<Self> {
        writer.write_all(&MAGIC)?;
        // The version, then how long this header is.
        writer.write_all(&0_u16.to_le_bytes())?;
        writer.write_all(&FILE_HEADER_BYTES.to_le_bytes())?;
        writer.write_all(&letters(codec))?;
        writer.write_all(&width.to_le_bytes())?;
        writer.write_all(&height.to_le_bytes())?;
        for number in [frame_rate, 1, 0, 0] {
            writer.write_all(&number.to_le_bytes())?;
        }
        Ok(Self { writer, pictures: 0 })
    }

    /// Writes one picture.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, picture: &EncodedPicture) -> Result<()> {
        let length = u32::try_from(picture.data.len()).map_err(std::io::Error::other)?;
        self.writer.write_all(&length.to_le_bytes())?;
        self.writer.write_all(&u64::from(self.pictures).to_le_bytes())?;
        self.pictures += 1;
        self.writer.write_all(&picture.data)
    }

    /// Completes the header.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.writer.seek(SeekFrom::Start(COUNT_AT))?;
        self.writer.write_all(&self.pictures.to_le_bytes())?;
        self.writer.seek(SeekFrom::End(0))?;
        self.writer.flush()
    }
}
