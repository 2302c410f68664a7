/// More packets than any honest sender puts into one datagram; the rest is not looked at.
pub const MAX_COMPOUND_PACKETS: usize = 64;

const HEADER_LEN: usize = 4;
const VERSION: u8 = 2;

/// Why a datagram is no RTCP compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RtcpError {
    /// The version is not 2.
    #[error("the RTCP version is not 2")]
    Version,
    /// A packet is longer than what is left of the datagram.
    #[error("an RTCP packet ends beyond its datagram")]
    Truncated,
    /// Padding in a packet that is not the last, or a count that is 0, no multiple of 4 or more
    /// than the packet (RFC 3550 section 6.4.1).
    #[error("RTCP padding is malformed")]
    Padding,
    /// More than [`MAX_COMPOUND_PACKETS`].
    #[error("more than {MAX_COMPOUND_PACKETS} RTCP packets in one datagram")]
    TooManyPackets,
}

impl RtcpError {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Version => "rtcp_version",
            Self::Truncated => "rtcp_truncated",
            Self::Padding => "rtcp_padding",
            Self::TooManyPackets => "rtcp_too_many_packets",
        }
    }
}

/// One packet of a compound (RFC 3550 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtcpView<'a> {
    /// See [`packet_type`](crate::packet_type).
    pub packet_type: u8,
    /// The five bits after the padding bit: a count of blocks, a subtype or a feedback format.
    pub count: u8,
    /// What follows the four bytes of header, without padding.
    pub body: &'a [u8],
    /// The whole packet, header and padding included.
    pub bytes: &'a [u8],
}

/// The packets of a compound RTCP datagram, in order.
///
/// Reduced-size RTCP (RFC 5506) is accepted: the first packet need not be a report. After an error
/// the iterator ends; what came before it was well formed.
#[derive(Clone, Debug)]
pub struct RtcpPackets<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> RtcpPackets<'a> {
    /// Reads a datagram that is in the clear; an empty one has no packets.
    pub const fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, left: MAX_COMPOUND_PACKETS }
    }

    fn take_packet(&mut self) -> Result<RtcpView<'a>, RtcpError> {
        self.left = self.left.checked_sub(1).ok_or(RtcpError::TooManyPackets)?;
        let head = self.rest.first_chunk::<HEADER_LEN>().ok_or(RtcpError::Truncated)?;
        if head[0] >> 6 != VERSION {
            return Err(RtcpError::Version);
        }
        let len = HEADER_LEN + usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(RtcpError::Truncated)?;
        let padding = padding_len(bytes, rest.is_empty())?;
        self.rest = rest;
        Ok(RtcpView {
            packet_type: head[1],
            count: head[0] & 0x1f,
            body: &bytes[HEADER_LEN..len - padding],
            bytes,
        })
    }
}

impl<'a> Iterator for RtcpPackets<'a> {
    type Item = Result<RtcpView<'a>, RtcpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let packet = self.take_packet();
        if packet.is_err() {
            self.rest = &[];
        }
        Some(packet)
    }
}

fn padding_len(packet: &[u8], is_last: bool) -> Result<usize, RtcpError> {
    if packet[0] & 0x20 == 0 {
        return Ok(0);
    }
    let count = usize::from(packet[packet.len() - 1]);
    let fits = count != 0 && count.is_multiple_of(4) && count <= packet.len() - HEADER_LEN;
    if !is_last || !fits {
        return Err(RtcpError::Padding);
    }
    Ok(count)
}
