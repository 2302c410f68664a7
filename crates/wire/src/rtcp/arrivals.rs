use core::time::Duration;

use super::{RtcpView, packet_type};

/// The format of transport-wide feedback among transport layer feedback (section 3.1).
const TRANSPORT_WIDE: u8 = 15;
/// Both SSRCs, first number, count of packets, reference time, count of feedback packets.
const FIXED_LEN: usize = 16;
/// Packets of one bit each in a chunk.
const BITS_IN_CHUNK: u8 = 14;

/// Which packets of a transport came and how long after one another
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
///
/// It is read to its end when it is made, chunk by chunk; telling its packets cannot fail later.
#[derive(Clone, Copy, Debug)]
pub struct TransportArrivals<'a> {
    /// The number of the first packet told of.
    pub first: u16,
    /// How many packets are told of, whether they came or not. A few bytes may tell of 65,535.
    pub told: u16,
    /// When the first that came did so, in 64 ms by the receiver's clock, modulo 2^24.
    pub reference: u32,
    /// Feedback packets before this one, modulo 2^8.
    pub count: u8,
    chunks: &'a [[u8; 2]],
    deltas: &'a [u8],
}

/// Why transport layer feedback tells of no arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TransportArrivalsError {
    /// Another type or format of RTCP.
    #[error("this is no transport-wide feedback")]
    Other,
    /// Fewer statuses or times than packets told of.
    #[error("transport-wide feedback ends before the packets that it tells of")]
    Truncated,
    /// The fourth symbol, which has no meaning.
    #[error("transport-wide feedback has a reserved symbol")]
    Reserved,
}

impl TransportArrivalsError {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Other => "twcc_other",
            Self::Truncated => "twcc_truncated",
            Self::Reserved => "twcc_reserved",
        }
    }
}

/// One packet told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportArrival {
    /// Its transport-wide number.
    pub sequence_number: u16,
    /// When it came, after the reference time, in 250 µs; may be negative. `None` if it did not.
    pub ticks: Option<i32>,
}

impl TransportArrival {
    /// What [`ticks`](Self::ticks) count.
    pub const TICK: Duration = Duration::from_micros(250);
}

impl<'a> TransportArrivals<'a> {
    /// What [`reference`](Self::reference) counts.
    pub const REFERENCE: Duration = Duration::from_millis(64);

    /// Reads a packet of the compound.
    ///
    /// # Errors
    /// If it is something else, or tells less than it says.
    pub fn parse(packet: &RtcpView<'a>) -> Result<Self, TransportArrivalsError> {
        if (packet.packet_type, packet.count) != (packet_type::TRANSPORT_FEEDBACK, TRANSPORT_WIDE) {
            return Err(TransportArrivalsError::Other);
        }
        let (fixed, rest) = packet
            .body
            .split_first_chunk::<FIXED_LEN>()
            .ok_or(TransportArrivalsError::Truncated)?;
        let told = u16::from_be_bytes([fixed[10], fixed[11]]);
        let (chunks, deltas) = measure(rest, told)?;
        Ok(Self {
            first: u16::from_be_bytes([fixed[8], fixed[9]]),
            told,
            reference: u32::from_be_bytes([0, fixed[12], fixed[13], fixed[14]]),
            count: fixed[15],
            chunks: rest[..chunks].as_chunks().0,
            deltas: &rest[chunks..chunks + deltas],
        })
    }

    /// Each packet told of, in order of their numbers.
    pub fn packets(&self) -> impl Iterator<Item = TransportArrival> + use<'a> {
        let Self { first, told, chunks, mut deltas, .. } = *self;
        let symbols = chunks.iter().flat_map(|chunk| Chunk::read(*chunk));
        let mut ticks = 0_i32;
        symbols.take(usize::from(told)).zip(0_u16..).map(move |(symbol, offset)| TransportArrival {
            sequence_number: first.wrapping_add(offset),
            ticks: take_delta(symbol, &mut deltas).map(|delta| {
                // At most 65,535 times 2^15.
                ticks += delta;
                ticks
            }),
        })
    }
}

/// How many bytes hold the chunks of `told` packets, and how many their times.
fn measure(rest: &[u8], told: u16) -> Result<(usize, usize), TransportArrivalsError> {
    let (mut left, mut deltas, mut chunks) = (usize::from(told), 0, 0);
    while left > 0 {
        let bytes = rest.get(chunks..chunks + 2).ok_or(TransportArrivalsError::Truncated)?;
        let chunk = Chunk::read([bytes[0], bytes[1]]);
        let taken = chunk.len().min(left);
        deltas += chunk.delta_bytes(taken)?;
        left -= taken;
        chunks += 2;
    }
    if rest.len() - chunks < deltas {
        return Err(TransportArrivalsError::Truncated);
    }
    Ok((chunks, deltas))
}

/// The time of one packet: an unsigned byte or two signed ones.
fn take_delta(symbol: u8, deltas: &mut &[u8]) -> Option<i32> {
    let (delta, rest) = match (symbol, *deltas) {
        (1, [delta, rest @ ..]) => (i32::from(*delta), rest),
        (2, [high, low, rest @ ..]) => (i32::from(i16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    *deltas = rest;
    Some(delta)
}

/// The statuses of some packets (sections 3.1.3 and 3.1.4), told from the first on.
#[derive(Clone, Copy, Debug)]
enum Chunk {
    Run { symbol: u8, left: u16 },
    Vector { symbols: u16, bits: u8, left: u8 },
}

impl Chunk {
    const fn read(bytes: [u8; 2]) -> Self {
        let word = u16::from_be_bytes(bytes);
        match word >> 14 {
            0 | 1 => Self::Run { symbol: (word >> 13) as u8 & 3, left: word & 0x1fff },
            2 => Self::Vector { symbols: word, bits: 1, left: BITS_IN_CHUNK },
            _ => Self::Vector { symbols: word, bits: 2, left: BITS_IN_CHUNK / 2 },
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Run { left, .. } => usize::from(left),
            Self::Vector { left, .. } => usize::from(left),
        }
    }

    /// Bytes of time that its first `taken` packets have. A run is not told one by one, so that
    /// the cost is that of the bytes there are.
    fn delta_bytes(self, taken: usize) -> Result<usize, TransportArrivalsError> {
        let bytes = |symbol| match symbol {
            0..=2 => Ok(usize::from(symbol)),
            _ => Err(TransportArrivalsError::Reserved),
        };
        match self {
            Self::Run { symbol, .. } => Ok(bytes(symbol)? * taken),
            Self::Vector { .. } => self.take(taken).map(bytes).sum(),
        }
    }
}

impl Iterator for Chunk {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        match self {
            Self::Run { symbol, left } => {
                *left = left.checked_sub(1)?;
                Some(*symbol)
            }
            Self::Vector { symbols, bits, left } => {
                *left = left.checked_sub(1)?;
                Some((*symbols >> (*left * *bits)) as u8 & ((1 << *bits) - 1))
            }
        }
    }
}

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;
