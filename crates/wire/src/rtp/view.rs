use super::extension::{Extensions, Form};
use super::{FIXED_HEADER_LEN, RtpError, VERSION};

/// A validated RTP packet in the clear (RFC 3550 section 5.1), borrowed from the datagram.
#[derive(Clone, Copy, Debug)]
pub struct RtpView<'a> {
    fixed: &'a [u8; FIXED_HEADER_LEN],
    csrcs: &'a [[u8; 4]],
    extensions: Extensions<'a>,
    payload: &'a [u8],
    header_len: usize,
    padding_len: usize,
}

impl<'a> RtpView<'a> {
    /// Validates a whole packet: version, lengths, header extension elements and padding.
    ///
    /// The packet must be in the clear: the padding count of a protected packet is encrypted.
    ///
    /// # Errors
    /// See [`RtpError`].
    #[inline]
    pub fn parse(packet: &'a [u8]) -> Result<Self, RtpError> {
        let (fixed, rest) = split_fixed(packet)?;
        let (csrcs, rest) = split_csrcs(fixed, rest)?;
        let (extensions, rest) = split_extensions(fixed, rest)?;
        let padding_len = padding_len(fixed, rest)?;
        Ok(Self {
            fixed,
            csrcs,
            extensions,
            payload: &rest[..rest.len() - padding_len],
            header_len: packet.len() - rest.len(),
            padding_len,
        })
    }

    /// Always 2.
    pub const fn version(&self) -> u8 {
        self.fixed[0] >> 6
    }

    /// The marker bit; for audio the first packet of a talk spurt (RFC 3551 section 4.1).
    pub const fn marker(&self) -> bool {
        self.fixed[1] & 0x80 != 0
    }

    /// The payload type, 0..=127.
    pub const fn payload_type(&self) -> u8 {
        self.fixed[1] & 0x7f
    }

    /// The sequence number, which wraps at 65535.
    pub const fn sequence_number(&self) -> u16 {
        u16::from_be_bytes([self.fixed[2], self.fixed[3]])
    }

    /// The media time in ticks of the payload's clock.
    pub const fn timestamp(&self) -> u32 {
        u32::from_be_bytes([self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]])
    }

    /// The synchronisation source.
    pub const fn ssrc(&self) -> u32 {
        u32::from_be_bytes([self.fixed[8], self.fixed[9], self.fixed[10], self.fixed[11]])
    }

    /// The contributing sources, at most 15.
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.csrcs.iter().map(|csrc| u32::from_be_bytes(*csrc))
    }

    /// Bytes before the payload.
    pub const fn header_len(&self) -> usize {
        self.header_len
    }

    /// What the packet carries, without padding.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Bytes after the payload, their count included; 0 without padding.
    pub const fn padding_len(&self) -> usize {
        self.padding_len
    }

    /// The data of the first header extension element with this id (RFC 8285).
    #[inline]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.extensions.clone().find(|(found, _)| *found == id).map(|(_, data)| data)
    }

    /// All header extension elements of the one-byte or two-byte form (RFC 8285), in order.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.extensions
    }
}

/// What SRTP needs of a packet that is still protected (RFC 3711 section 3.1): its header is in
/// the clear, its payload and padding are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectedHeader {
    /// Bytes in the clear, before the encrypted payload.
    pub header_len: usize,
    /// The sequence number.
    pub sequence_number: u16,
    /// The synchronisation source.
    pub ssrc: u32,
}

impl ProtectedHeader {
    /// Validates the header alone.
    ///
    /// # Errors
    /// [`RtpError::Version`] and [`RtpError::Truncated`].
    pub fn parse(packet: &[u8]) -> Result<Self, RtpError> {
        let (fixed, rest) = split_fixed(packet)?;
        let (_, rest) = split_csrcs(fixed, rest)?;
        let (_, rest) = split_extension_block(fixed, rest)?;
        Ok(Self {
            header_len: packet.len() - rest.len(),
            sequence_number: u16::from_be_bytes([fixed[2], fixed[3]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        })
    }
}

type Split<'a, T> = Result<(T, &'a [u8]), RtpError>;

#[inline]
fn split_fixed(packet: &[u8]) -> Split<'_, &[u8; FIXED_HEADER_LEN]> {
    let (fixed, rest) = packet.split_first_chunk().ok_or(RtpError::Truncated)?;
    if fixed[0] >> 6 != VERSION {
        return Err(RtpError::Version);
    }
    Ok((fixed, rest))
}

#[inline]
fn split_csrcs<'a>(fixed: &[u8; FIXED_HEADER_LEN], rest: &'a [u8]) -> Split<'a, &'a [[u8; 4]]> {
    let len = usize::from(fixed[0] & 0x0f) * 4;
    let (csrcs, rest) = rest.split_at_checked(len).ok_or(RtpError::Truncated)?;
    Ok((csrcs.as_chunks().0, rest))
}

#[inline]
fn split_extensions<'a>(
    fixed: &[u8; FIXED_HEADER_LEN],
    rest: &'a [u8],
) -> Split<'a, Extensions<'a>> {
    let (block, rest) = split_extension_block(fixed, rest)?;
    let (profile, elements) = block;
    Ok((Extensions::validate(Form::of(profile), elements)?, rest))
}

/// Takes the header extension as its profile and data (RFC 3550 section 5.3.1).
#[inline]
fn split_extension_block<'a>(
    fixed: &[u8; FIXED_HEADER_LEN],
    rest: &'a [u8],
) -> Split<'a, (u16, &'a [u8])> {
    if fixed[0] & 0x10 == 0 {
        return Ok(((0, &[]), rest));
    }
    let (head, rest) = rest.split_first_chunk::<4>().ok_or(RtpError::Truncated)?;
    let profile = u16::from_be_bytes([head[0], head[1]]);
    let len = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
    let (data, rest) = rest.split_at_checked(len).ok_or(RtpError::Truncated)?;
    Ok(((profile, data), rest))
}

#[inline]
fn padding_len(fixed: &[u8; FIXED_HEADER_LEN], rest: &[u8]) -> Result<usize, RtpError> {
    if fixed[0] & 0x20 == 0 {
        return Ok(0);
    }
    let count = usize::from(*rest.last().ok_or(RtpError::Padding)?);
    if count == 0 || count > rest.len() {
        return Err(RtpError::Padding);
    }
    Ok(count)
}
