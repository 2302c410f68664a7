use calling_wire::{RtcpError, RtpError};

/// Why an RTP packet was not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RtpDiscard {
    /// The call is not accepted yet.
    #[error("the gate of the room is closed")]
    GateClosed,
    /// Whoever sent it is not in the room.
    #[error("the sender is not in the room")]
    UnknownParticipant,
    /// It is no RTP packet.
    #[error("malformed: {0}")]
    Malformed(RtpError),
    /// Its SSRC is not the one the sender announced.
    #[error("the SSRC is not the sender's")]
    ForeignSsrc,
    /// Its payload type is not the room's.
    #[error("the payload type is not the room's")]
    PayloadType,
    /// It came before.
    #[error("a duplicate")]
    Duplicate,
    /// Its sequence number is too far from the newest, and no second packet has confirmed that the
    /// stream restarted there.
    #[error("the sequence number jumps")]
    SequenceJump,
    /// It is late, and its timestamp is nowhere near that of its neighbours.
    #[error("the timestamp of a late packet jumps")]
    TimestampJump,
    /// The sender is muted.
    #[error("the sender is muted")]
    Muted,
    /// It is to carry copies of the voice, but its headers are cut off, announce more than there is
    /// or name something else.
    #[error("copies of earlier frames that cannot be read")]
    Redundancy,
    /// A retransmission of nothing, sent to learn what the path carries.
    #[error("a retransmission without content")]
    Probe,
}

/// Why RTCP was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RtcpDiscard {
    /// The call is not accepted yet.
    #[error("the gate of the room is closed")]
    GateClosed,
    /// Whoever sent it is not in the room.
    #[error("the sender is not in the room")]
    UnknownParticipant,
    /// It is no compound of RTCP packets; what came before the fault was used.
    #[error("malformed: {0}")]
    Malformed(RtcpError),
    /// A report shorter than its count of blocks.
    #[error("a report is shorter than its count of blocks")]
    ShortReport,
    /// A sender report for a stream that is not the sender's.
    #[error("a sender report for a foreign SSRC")]
    ForeignSsrc,
    /// A sender report whose RTP time is nowhere near that of the stream.
    #[error("the RTP time of a sender report jumps")]
    TimeWarp,
    /// A report block on a stream that the sender does not receive.
    #[error("a report block on a stream that is not forwarded to the sender")]
    UnknownStream,
    /// A goodbye: who is in the room is decided by signalling and liveness.
    #[error("a goodbye, which changes nothing")]
    Goodbye,
    /// A NACK for something that is not kept, or for more than may be sent again.
    #[error("a NACK for what is not kept or for too much")]
    NotSentAgain,
    /// A type that has no effect here: source description, application-defined, extended and
    /// unknown reports and feedback.
    #[error("a packet type that has no effect")]
    Ignored,
}

const RTP_REASONS: [&str; 14] = [
    "gate_closed",
    "unknown_participant",
    "rtp_version",
    "rtp_truncated",
    "rtp_extension_overflow",
    "rtp_padding",
    "foreign_ssrc",
    "payload_type",
    "duplicate",
    "sequence_jump",
    "timestamp_jump",
    "muted",
    "probe",
    "redundancy",
];

const RTCP_REASONS: [&str; 13] = [
    "rtcp_gate_closed",
    "rtcp_unknown_participant",
    "rtcp_version",
    "rtcp_truncated",
    "rtcp_padding",
    "rtcp_too_many_packets",
    "rtcp_short_report",
    "rtcp_foreign_ssrc",
    "rtcp_time_warp",
    "rtcp_unknown_stream",
    "rtcp_goodbye",
    "rtcp_ignored",
    "rtcp_not_sent_again",
];

impl RtpDiscard {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        RTP_REASONS[self.index()]
    }

    const fn index(self) -> usize {
        match self {
            Self::GateClosed => 0,
            Self::UnknownParticipant => 1,
            Self::Malformed(RtpError::Version) => 2,
            Self::Malformed(RtpError::Truncated) => 3,
            Self::Malformed(RtpError::ExtensionOverflow) => 4,
            Self::Malformed(RtpError::Padding) => 5,
            Self::ForeignSsrc => 6,
            Self::PayloadType => 7,
            Self::Duplicate => 8,
            Self::SequenceJump => 9,
            Self::TimestampJump => 10,
            Self::Muted => 11,
            Self::Probe => 12,
            Self::Redundancy => 13,
        }
    }
}

impl RtcpDiscard {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        RTCP_REASONS[self.index()]
    }

    const fn index(self) -> usize {
        match self {
            Self::GateClosed => 0,
            Self::UnknownParticipant => 1,
            Self::Malformed(RtcpError::Version) => 2,
            Self::Malformed(RtcpError::Truncated) => 3,
            Self::Malformed(RtcpError::Padding) => 4,
            Self::Malformed(RtcpError::TooManyPackets) => 5,
            Self::ShortReport => 6,
            Self::ForeignSsrc => 7,
            Self::TimeWarp => 8,
            Self::UnknownStream => 9,
            Self::Goodbye => 10,
            Self::Ignored => 11,
            Self::NotSentAgain => 12,
        }
    }
}

/// How often each reason occurred. Counting allocates nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscardCounters {
    rtp: [u64; RTP_REASONS.len()],
    rtcp: [u64; RTCP_REASONS.len()],
}

impl DiscardCounters {
    pub(crate) const fn count_rtp(&mut self, discard: RtpDiscard) {
        self.rtp[discard.index()] += 1;
    }

    pub(crate) const fn count_rtcp(&mut self, discard: RtcpDiscard) {
        self.rtcp[discard.index()] += 1;
    }

    /// RTP packets discarded for one reason.
    pub const fn rtp(&self, discard: RtpDiscard) -> u64 {
        self.rtp[discard.index()]
    }

    /// RTCP datagrams, packets or report blocks discarded for one reason.
    pub const fn rtcp(&self, discard: RtcpDiscard) -> u64 {
        self.rtcp[discard.index()]
    }

    /// Every reason that occurred and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let rtp = RTP_REASONS.into_iter().zip(self.rtp);
        let rtcp = RTCP_REASONS.into_iter().zip(self.rtcp);
        rtp.chain(rtcp).filter(|(_, count)| *count > 0)
    }
}
