use super::{RtcpView, packet_type};

/// What a sender says of its stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock of the report: seconds since 1900 in the high half, 2^-32 s in the low half.
    pub ntp_time: u64,
    /// The same moment in media time.
    pub rtp_timestamp: u32,
    /// Packets sent since the stream began, wrapping.
    pub packet_count: u32,
    /// Payload bytes sent since the stream began, wrapping.
    pub octet_count: u32,
}

/// What a receiver says of one stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream reported on.
    pub ssrc: u32,
    /// Share lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the stream began, 24 bits signed; negative by duplicates.
    pub cumulative_lost: i32,
    /// The highest sequence number received, wraps in the high half.
    pub highest_sequence_number: u32,
    /// Interarrival jitter in ticks of the payload's clock.
    pub jitter: u32,
    /// The middle half of the NTP time of the last sender report; 0 if there was none.
    pub last_sender_report: u32,
    /// Since that report came, in 1/65536 s.
    pub delay_since_last_sender_report: u32,
}

impl ReportBlock {
    /// Bytes of a block on the wire.
    pub const LEN: usize = 24;

    fn parse(bytes: &[u8; Self::LEN]) -> Self {
        let lost = u32_at(bytes, 4);
        Self {
            ssrc: u32_at(bytes, 0),
            fraction_lost: bytes[4],
            // Sign-extends the low 24 bits.
            cumulative_lost: (lost << 8) as i32 >> 8,
            highest_sequence_number: u32_at(bytes, 8),
            jitter: u32_at(bytes, 12),
            last_sender_report: u32_at(bytes, 16),
            delay_since_last_sender_report: u32_at(bytes, 20),
        }
    }
}

/// The blocks of a report.
#[derive(Clone, Debug)]
pub struct ReportBlocks<'a>(core::slice::Iter<'a, [u8; ReportBlock::LEN]>);

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        self.0.next().map(ReportBlock::parse)
    }
}

/// A sender report.
#[derive(Clone, Debug)]
pub struct SenderReportView<'a> {
    /// Who reports.
    pub ssrc: u32,
    /// Of its own stream.
    pub info: SenderInfo,
    blocks: &'a [[u8; ReportBlock::LEN]],
}

impl<'a> SenderReportView<'a> {
    /// Reads a packet of the compound; `None` if it is another type or shorter than its count of
    /// blocks.
    pub fn parse(packet: &RtcpView<'a>) -> Option<Self> {
        if packet.packet_type != packet_type::SENDER_REPORT {
            return None;
        }
        let (head, rest) = packet.body.split_first_chunk::<24>()?;
        let info = SenderInfo {
            ntp_time: u64::from(u32_at(head, 4)) << 32 | u64::from(u32_at(head, 8)),
            rtp_timestamp: u32_at(head, 12),
            packet_count: u32_at(head, 16),
            octet_count: u32_at(head, 20),
        };
        Some(Self { ssrc: u32_at(head, 0), info, blocks: blocks(packet.count, rest)? })
    }

    /// What the sender received of others.
    pub fn blocks(&self) -> ReportBlocks<'a> {
        ReportBlocks(self.blocks.iter())
    }
}

/// A receiver report.
#[derive(Clone, Debug)]
pub struct ReceiverReportView<'a> {
    /// Who reports.
    pub ssrc: u32,
    blocks: &'a [[u8; ReportBlock::LEN]],
}

impl<'a> ReceiverReportView<'a> {
    /// Reads a packet of the compound; `None` if it is another type or shorter than its count of
    /// blocks.
    pub fn parse(packet: &RtcpView<'a>) -> Option<Self> {
        if packet.packet_type != packet_type::RECEIVER_REPORT {
            return None;
        }
        let (head, rest) = packet.body.split_first_chunk::<4>()?;
        Some(Self { ssrc: u32::from_be_bytes(*head), blocks: blocks(packet.count, rest)? })
    }

    /// What was received.
    pub fn blocks(&self) -> ReportBlocks<'a> {
        ReportBlocks(self.blocks.iter())
    }
}

/// A goodbye (RFC 3550 section 6.6): the sources that end.
#[derive(Clone, Debug)]
pub struct GoodbyeView<'a> {
    ssrcs: &'a [[u8; 4]],
}

impl<'a> GoodbyeView<'a> {
    /// Reads a packet of the compound; `None` if it is another type or shorter than its count.
    pub fn parse(packet: &RtcpView<'a>) -> Option<Self> {
        if packet.packet_type != packet_type::GOODBYE {
            return None;
        }
        let ssrcs = packet.body.get(..usize::from(packet.count) * 4)?;
        Some(Self { ssrcs: ssrcs.as_chunks().0 })
    }

    /// The sources that end.
    pub fn ssrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.ssrcs.iter().map(|ssrc| u32::from_be_bytes(*ssrc))
    }
}

fn blocks(count: u8, bytes: &[u8]) -> Option<&[[u8; ReportBlock::LEN]]> {
    // What follows the blocks is a profile's extension and ignored.
    Some(bytes.get(..usize::from(count) * ReportBlock::LEN)?.as_chunks().0)
}

/// The caller's array is long enough for `at + 4`.
const fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
