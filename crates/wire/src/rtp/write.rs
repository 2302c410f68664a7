use super::extension::{ONE_BYTE_PROFILE, TWO_BYTE_PROFILE};
use super::{FIXED_HEADER_LEN, VERSION};

/// The fixed header of a packet to be written, without CSRCs and padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    /// 0..=127.
    pub payload_type: u8,
    /// For audio the first packet of a talk spurt.
    pub marker: bool,
    /// The sequence number.
    pub sequence_number: u16,
    /// The media time in ticks of the payload's clock.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

/// Why a header could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteHeaderError {
    /// The buffer is shorter than the header.
    #[error("the header takes {needed} bytes; give a longer buffer")]
    BufferTooSmall {
        /// Bytes the header takes.
        needed: usize,
    },
    /// The payload type is above 127.
    #[error("payload type {0} is above 127")]
    PayloadType(u8),
    /// 0 is padding and no id (RFC 8285 section 4.2).
    #[error("0 is no header extension id; use 1 to 255")]
    ExtensionId,
    /// An element is longer than 255 bytes, or all together longer than 262,140.
    #[error("a header extension element holds at most 255 bytes, all together 262140")]
    ExtensionTooLong,
}

/// Writes a header at the start of `out` and returns its length in bytes.
///
/// `extensions` are `(id, data)`, written in the one-byte form if all fit it (ids 1..=14, 1..=16
/// bytes each), else in the two-byte form (RFC 8285 section 4).
///
/// # Errors
/// See [`WriteHeaderError`]; `out` is then unchanged.
pub fn write_header(
    header: &RtpHeader,
    extensions: &[(u8, &[u8])],
    out: &mut [u8],
) -> Result<usize, WriteHeaderError> {
    let layout = Layout::of(header, extensions)?;
    let needed = layout.header_len();
    let out = out.get_mut(..needed).ok_or(WriteHeaderError::BufferTooSmall { needed })?;
    let (fixed, rest) = out.split_at_mut(FIXED_HEADER_LEN);
    write_fixed(header, layout.extension_len.is_some(), fixed);
    if layout.extension_len.is_some() {
        layout.write_extensions(extensions, rest);
    }
    Ok(needed)
}

fn write_fixed(header: &RtpHeader, extension: bool, out: &mut [u8]) {
    out[0] = VERSION << 6 | u8::from(extension) << 4;
    out[1] = u8::from(header.marker) << 7 | header.payload_type;
    out[2..4].copy_from_slice(&header.sequence_number.to_be_bytes());
    out[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&header.ssrc.to_be_bytes());
}

/// How the header will be laid out; once made, writing cannot fail but for the buffer.
struct Layout {
    one_byte: bool,
    /// Bytes of elements without padding; `None` without extension.
    extension_len: Option<usize>,
}

impl Layout {
    fn of(header: &RtpHeader, extensions: &[(u8, &[u8])]) -> Result<Self, WriteHeaderError> {
        if header.payload_type > 127 {
            return Err(WriteHeaderError::PayloadType(header.payload_type));
        }
        if extensions.iter().any(|(id, _)| *id == 0) {
            return Err(WriteHeaderError::ExtensionId);
        }
        let one_byte =
            extensions.iter().all(|(id, data)| *id < 15 && (1..=16).contains(&data.len()));
        let element_head = if one_byte { 1 } else { 2 };
        let len: usize = extensions.iter().map(|(_, data)| element_head + data.len()).sum();
        let too_long = extensions.iter().any(|(_, data)| data.len() > 255);
        if too_long || len > usize::from(u16::MAX) * 4 {
            return Err(WriteHeaderError::ExtensionTooLong);
        }
        Ok(Self { one_byte, extension_len: (!extensions.is_empty()).then_some(len) })
    }

    fn header_len(&self) -> usize {
        let extension = self.extension_len.map_or(0, |len| 4 + len.next_multiple_of(4));
        FIXED_HEADER_LEN + extension
    }

    fn write_extensions(&self, extensions: &[(u8, &[u8])], out: &mut [u8]) {
        let (head, mut rest) = out.split_at_mut(4);
        let profile = if self.one_byte { ONE_BYTE_PROFILE } else { TWO_BYTE_PROFILE };
        head[..2].copy_from_slice(&profile.to_be_bytes());
        // At most 65535 words by the check in `of`.
        head[2..].copy_from_slice(&((rest.len() / 4) as u16).to_be_bytes());
        for (id, data) in extensions {
            rest = self.write_element(*id, data, rest);
        }
        rest.fill(0);
    }

    fn write_element<'a>(&self, id: u8, data: &[u8], out: &'a mut [u8]) -> &'a mut [u8] {
        // At most 255 by the check in `of`.
        let len = data.len() as u8;
        let head_len = if self.one_byte {
            out[0] = id << 4 | (len - 1);
            1
        } else {
            out[..2].copy_from_slice(&[id, len]);
            2
        };
        let (element, rest) = out.split_at_mut(head_len + data.len());
        element[head_len..].copy_from_slice(data);
        rest
    }
}
