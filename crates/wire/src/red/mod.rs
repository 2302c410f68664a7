//! Redundant audio: one packet carries its own frame and copies of frames before it (RFC 2198).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! |1|   block PT  |  timestamp offset         |   block length    |  one per copy, oldest first
//! |0|   block PT  |                                                  the frame of the packet itself
//! | copies and frame, in the same order …
//! ```

#[cfg(test)]
mod tests;

/// Copies that one packet may carry: more are malformed.
pub const MAX_COPIES: usize = 32;
/// A copy is at most so old, in samples: the offset has 14 bits.
pub const MAX_OFFSET: u32 = (1 << 14) - 1;
/// A copy is at most so long, in bytes: the length has 10 bits.
pub const MAX_COPY_BYTES: usize = (1 << 10) - 1;

/// A frame carried by a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedBlock<'a> {
    /// The payload type of the frame.
    pub payload_type: u8,
    /// How much older than the packet's timestamp it is, in samples at 48 kHz; 0 for the packet's
    /// own frame.
    pub offset: u32,
    /// The coded audio.
    pub payload: &'a [u8],
}

/// Bytes that are no RFC 2198 payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedParseError {
    /// The headers or the copies they announce end beyond the payload.
    #[error("the payload ends within its headers or copies")]
    Truncated,
    /// More than [`MAX_COPIES`].
    #[error("more than {MAX_COPIES} copies")]
    TooMany,
}

/// A payload that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedWriteError {
    /// The output is too short.
    #[error("the output is too short")]
    NoRoom,
    /// A copy is older than [`MAX_OFFSET`], longer than [`MAX_COPY_BYTES`] or one of more than
    /// [`MAX_COPIES`]; or a payload type is above 127.
    #[error("a copy is too old, too long or one too many")]
    Unfit,
}

/// Bytes of the header of a copy.
const COPY_HEADER: usize = 4;

/// What an RFC 2198 payload carries: the copies, oldest first, and the packet's own frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedPayload<'a> {
    copy_headers: &'a [u8],
    copies: &'a [u8],
    /// The packet's own frame.
    pub primary: RedBlock<'a>,
}

impl<'a> RedPayload<'a> {
    /// Reads the headers and checks that everything they announce is there.
    ///
    /// # Errors
    /// The bytes are no such payload.
    pub fn parse(payload: &'a [u8]) -> Result<Self, RedParseError> {
        let mut count = 0;
        let mut copied = 0;
        let last = loop {
            let header = payload.get(count * COPY_HEADER..).ok_or(RedParseError::Truncated)?;
            match *header {
                [first, ..] if first & 0x80 == 0 => break first,
                [_, _, high, low, ..] => copied += length(high, low),
                _ => return Err(RedParseError::Truncated),
            }
            count += 1;
            if count > MAX_COPIES {
                return Err(RedParseError::TooMany);
            }
        };
        let (copy_headers, rest) = payload.split_at(count * COPY_HEADER);
        let frames = &rest[1..];
        if frames.len() < copied {
            return Err(RedParseError::Truncated);
        }
        let (copies, own) = frames.split_at(copied);
        let primary = RedBlock { payload_type: last, offset: 0, payload: own };
        Ok(Self { copy_headers, copies, primary })
    }

    /// The copies, oldest first.
    pub fn copies(&self) -> impl ExactSizeIterator<Item = RedBlock<'a>> + Clone {
        let (headers, _) = self.copy_headers.as_chunks::<COPY_HEADER>();
        let mut rest = self.copies;
        headers.iter().map(move |&[first, high, middle, low]| {
            let payload;
            (payload, rest) = rest.split_at(length(middle, low));
            let offset = u32::from(high) << 6 | u32::from(middle) >> 2;
            RedBlock { payload_type: first & 0x7f, offset, payload }
        })
    }
}

/// Gives every block of a payload that [`RedPayload::parse`] reads another payload type, in place;
/// only the low seven bits of it exist. Of other bytes, the headers up to the end change.
pub fn rename_red(payload: &mut [u8], payload_type: u8) {
    let mut at = 0;
    while let Some(first) = payload.get_mut(at) {
        let is_copy = *first & 0x80 != 0;
        *first = *first & 0x80 | payload_type & 0x7f;
        if !is_copy {
            return;
        }
        at += COPY_HEADER;
    }
}

fn length(high: u8, low: u8) -> usize {
    usize::from(high & 0b11) << 8 | usize::from(low)
}

/// Writes `copies`, oldest first, and the packet's own frame to `out`. Returns the length.
///
/// # Errors
/// There is no room, or a copy does not fit into its header.
pub fn write_red<'a>(
    copies: impl ExactSizeIterator<Item = RedBlock<'a>> + Clone,
    primary: RedBlock<'_>,
    out: &mut [u8],
) -> Result<usize, RedWriteError> {
    if copies.len() > MAX_COPIES || primary.payload_type > 127 {
        return Err(RedWriteError::Unfit);
    }
    let mut at = 0;
    for copy in copies.clone() {
        let bytes = copy.payload.len();
        if copy.payload_type > 127 || copy.offset > MAX_OFFSET || bytes > MAX_COPY_BYTES {
            return Err(RedWriteError::Unfit);
        }
        // 14 and 10 bits, as just checked.
        let packed = copy.offset << 10 | bytes as u32;
        let [_, high, middle, low] = packed.to_be_bytes();
        put(out, &mut at, &[0x80 | copy.payload_type, high, middle, low])?;
    }
    put(out, &mut at, &[primary.payload_type])?;
    for copy in copies {
        put(out, &mut at, copy.payload)?;
    }
    put(out, &mut at, primary.payload)?;
    Ok(at)
}

fn put(out: &mut [u8], at: &mut usize, bytes: &[u8]) -> Result<(), RedWriteError> {
    let room = out.get_mut(*at..*at + bytes.len()).ok_or(RedWriteError::NoRoom)?;
    room.copy_from_slice(bytes);
    *at += bytes.len();
    Ok(())
}
