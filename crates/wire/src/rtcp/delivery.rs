use super::{RtcpView, packet_type};

/// What becomes of a stream behind the server, as the server tells its sender: an
/// application-defined packet (RFC 3550 section 6.7) with the name `CLNG` and the subtype 1.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |V=2|0|    1    |    PT=204     |           length=4            |
/// |                      SSRC of the reporter                     |
/// |                             "CLNG"                            |
/// |                       SSRC of the stream                      |
/// | fraction lost |  mean burst   |C|          reserved           |
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Who reports.
    pub reporter: u32,
    /// The stream, as its sender numbers it.
    pub ssrc: u32,
    /// Share lost lately on the way from the server to the receiver that lost most, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in a row on the way to the server, on average, in quarters; 0 if not known.
    pub burst_quarters: u8,
    /// Somebody is sent the stream without the copies of earlier frames in it.
    pub copies_taken_out: bool,
}

const SUBTYPE: u8 = 1;
const NAME: [u8; 4] = *b"CLNG";
const COPIES_TAKEN_OUT: u8 = 0x80;

impl DeliveryReport {
    /// Bytes of the packet.
    pub const LEN: usize = 20;

    /// Reads a packet of the compound; `None` if it is another. What follows is left for later
    /// versions.
    pub fn parse(packet: &RtcpView<'_>) -> Option<Self> {
        let body = packet.body.first_chunk::<16>()?;
        let [a, b, c, d, name @ .., e, f, g, h, fraction_lost, burst_quarters, flags, _] = *body;
        let is_one = packet.packet_type == packet_type::APPLICATION && packet.count == SUBTYPE;
        (is_one && name == NAME).then_some(Self {
            reporter: u32::from_be_bytes([a, b, c, d]),
            ssrc: u32::from_be_bytes([e, f, g, h]),
            fraction_lost,
            burst_quarters,
            copies_taken_out: flags & COPIES_TAKEN_OUT != 0,
        })
    }

    /// The packet as it is appended to a compound.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&[0x80 | SUBTYPE, packet_type::APPLICATION, 0, 4]);
        bytes[4..8].copy_from_slice(&self.reporter.to_be_bytes());
        bytes[8..12].copy_from_slice(&NAME);
        bytes[12..16].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes[16] = self.fraction_lost;
        bytes[17] = self.burst_quarters;
        bytes[18] = if self.copies_taken_out { COPIES_TAKEN_OUT } else { 0 };
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RtcpPackets;

    const REPORT: DeliveryReport = DeliveryReport {
        reporter: 0x0102_0304,
        ssrc: 0xa0b0_c0d0,
        fraction_lost: 51,
        burst_quarters: 9,
        copies_taken_out: true,
    };

    fn read(bytes: &[u8]) -> Option<DeliveryReport> {
        let packet = RtcpPackets::new(bytes).next()?.ok()?;
        DeliveryReport::parse(&packet)
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&REPORT.to_bytes()), Some(REPORT));
        let other = DeliveryReport { copies_taken_out: false, ..REPORT };
        assert_eq!(read(&other.to_bytes()), Some(other));
    }

    #[test]
    fn others_and_shorter_ones_are_none() {
        let bytes = REPORT.to_bytes();
        for (at, value) in [(0, 0x82), (1, 203), (8, b'X')] {
            let mut changed = bytes;
            changed[at] = value;
            assert_eq!(read(&changed), None, "{at}");
        }
        for words in 0..4 {
            let mut short = bytes;
            short[3] = words;
            assert_eq!(read(&short[..usize::from(words + 1) * 4]), None);
        }
    }

    #[test]
    fn a_longer_one_of_later_is_read() {
        let mut bytes = [REPORT.to_bytes().as_slice(), &[7; 8]].concat();
        bytes[3] = 6;
        assert_eq!(read(&bytes), Some(REPORT));
    }
}
