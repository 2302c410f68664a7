/// Bytes before the statuses (section 3.1): RTCP header, two SSRCs, first number, count, reference
/// time, count of feedback packets.
const HEAD_LEN: usize = 20;
/// Of the header: version 2, format 15 of transport layer feedback.
const FIRST: u8 = 0x80 | 15;
const TRANSPORT_FEEDBACK: u8 = 205;
/// Packets that one chunk tells of at least, unless it is the last.
const LEAST_IN_CHUNK: usize = 7;
/// Packets of one bit each in a chunk.
const BITS_IN_CHUNK: usize = 14;
/// Packets that a run tells of at most: 13 bits.
const LONGEST_RUN: usize = (1 << 13) - 1;

/// One feedback packet as it grows: which packets came and how long after one another.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    symbols: Vec<Symbol>,
    deltas: Vec<u8>,
    /// When the first came, in 64 ms.
    reference: u32,
    /// When the last came, in 250 µs.
    last: u32,
}

/// What is said of a packet (section 3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Missing = 0,
    /// It came, a byte tells when.
    Small = 1,
    /// It came, two bytes tell when.
    Large = 2,
}

/// The fixed part of a feedback packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) sender_ssrc: u32,
    pub(super) media_ssrc: u32,
    /// Of the first packet.
    pub(super) sequence_number: u16,
    /// Feedback packets before this one.
    pub(super) count: u8,
}

impl Statuses {
    /// With room for as much as fits a datagram of `len` bytes, so that it never grows.
    pub(super) fn with_capacity(packets: usize, len: usize) -> Self {
        Self {
            symbols: Vec::with_capacity(packets),
            deltas: Vec::with_capacity(len),
            ..Self::default()
        }
    }

    pub(super) fn clear(&mut self) {
        self.symbols.clear();
        self.deltas.clear();
    }

    /// Packets told of.
    pub(super) const fn len(&self) -> usize {
        self.symbols.len()
    }

    /// One more packet that came, after so many that did not. `false` if it does not fit: the
    /// packet would be longer than `limit` bytes, or too much time passed.
    pub(super) fn push(&mut self, missing: usize, ticks: u32, limit: usize) -> bool {
        let is_first = self.symbols.is_empty();
        // Both wrap together: 24 bits of 64 ms are 32 bits of 250 µs.
        let (reference, last) = if is_first { (ticks >> 8, ticks & !0xff) } else { (0, self.last) };
        // Truncated to a difference: the nearer way round.
        let delta = ticks.wrapping_sub(last) as i32;
        let symbols = self.symbols.len() + missing + 1;
        if padded(HEAD_LEN + 2 * symbols.div_ceil(LEAST_IN_CHUNK) + self.deltas.len() + 2) > limit {
            return false;
        }
        let symbol = match (u8::try_from(delta), i16::try_from(delta)) {
            (Ok(small), _) => {
                self.deltas.push(small);
                Symbol::Small
            }
            (Err(_), Ok(large)) => {
                self.deltas.extend_from_slice(&large.to_be_bytes());
                Symbol::Large
            }
            (Err(_), Err(_)) => return false,
        };
        if is_first {
            self.reference = reference;
        }
        self.last = ticks;
        self.symbols.extend(std::iter::repeat_n(Symbol::Missing, missing));
        self.symbols.push(symbol);
        true
    }

    /// Adds the packet to `out`.
    pub(super) fn write(&self, head: &Head, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&[FIRST, TRANSPORT_FEEDBACK, 0, 0]);
        out.extend_from_slice(&head.sender_ssrc.to_be_bytes());
        out.extend_from_slice(&head.media_ssrc.to_be_bytes());
        out.extend_from_slice(&head.sequence_number.to_be_bytes());
        // The limits keep it far below 2^16.
        out.extend_from_slice(&(self.symbols.len() as u16).to_be_bytes());
        out.extend_from_slice(&self.reference.to_be_bytes()[1..]);
        out.push(head.count);
        write_chunks(&self.symbols, out);
        out.extend_from_slice(&self.deltas);
        finish(begin, out);
    }
}

/// Fills the packet that begins at `begin` up with zeros, and writes its length. That is not the
/// padding of RTCP, which comes in fours and at the end of a compound alone.
fn finish(begin: usize, out: &mut Vec<u8>) {
    let len = padded(out.len() - begin);
    out.resize(begin + len, 0);
    let words = (len / 4 - 1) as u16;
    out[begin + 2..begin + 4].copy_from_slice(&words.to_be_bytes());
}

const fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}

/// Each chunk tells of as many packets as it can, and of seven at least.
fn write_chunks(mut symbols: &[Symbol], out: &mut Vec<u8>) {
    while let Some(first) = symbols.first() {
        let run = symbols.iter().take(LONGEST_RUN).take_while(|symbol| *symbol == first).count();
        let bits = symbols.iter().take(BITS_IN_CHUNK);
        let bits = bits.take_while(|symbol| **symbol != Symbol::Large).count();
        let is_rest = |told| told == symbols.len();
        let (chunk, told) = if run >= BITS_IN_CHUNK || is_rest(run) {
            (run_of(*first, run), run)
        } else if bits == BITS_IN_CHUNK || is_rest(bits) {
            (vector(&symbols[..bits], 0x8000, 1), bits)
        } else {
            let told = symbols.len().min(LEAST_IN_CHUNK);
            if run >= told {
                (run_of(*first, run), run)
            } else {
                (vector(&symbols[..told], 0xc000, 2), told)
            }
        };
        out.extend_from_slice(&chunk.to_be_bytes());
        symbols = &symbols[told..];
    }
}

/// Section 3.1.3: so many packets with the same status.
const fn run_of(symbol: Symbol, run: usize) -> u16 {
    (symbol as u16) << 13 | run as u16
}

/// Section 3.1.4: each packet's status, in one bit or two.
fn vector(symbols: &[Symbol], kind: u16, bits: usize) -> u16 {
    let place = |index: usize| BITS_IN_CHUNK - bits * (index + 1);
    let placed = symbols.iter().enumerate();
    placed.fold(kind, |chunk, (index, symbol)| chunk | (*symbol as u16) << place(index))
}
