/// Why a packet was not taken. Each is counted; none is the caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum InsertDiscard {
    /// Not the payload type of the configuration.
    #[error("another payload type")]
    PayloadType,
    /// No packet of the codec: empty, or its framing is impossible.
    #[error("the payload is malformed")]
    Malformed,
    /// The sequence number is there already or was played.
    #[error("a duplicate")]
    Duplicate,
    /// Its time of playout has passed.
    #[error("too late")]
    Late,
    /// Stream, sequence number or timestamp jumped and no second packet confirms it yet
    /// (RFC 3550 appendix A.1).
    #[error("an unconfirmed jump")]
    Unconfirmed,
}

impl InsertDiscard {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::PayloadType => "payload_type",
            Self::Malformed => "malformed",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// Packets that came and were not played, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscardCounts {
    /// [`InsertDiscard::PayloadType`].
    pub payload_type: u64,
    /// [`InsertDiscard::Malformed`].
    pub malformed: u64,
    /// [`InsertDiscard::Duplicate`].
    pub duplicate: u64,
    /// [`InsertDiscard::Late`].
    pub late: u64,
    /// [`InsertDiscard::Unconfirmed`].
    pub unconfirmed: u64,
    /// Taken, then dropped: the buffer was full, held too much, or the stream began anew.
    pub flushed: u64,
    /// Taken, then refused by the decoder.
    pub undecodable: u64,
}

impl DiscardCounts {
    /// Every reason with its count, zeros included.
    pub const fn by_reason(&self) -> [(&'static str, u64); 7] {
        [
            ("payload_type", self.payload_type),
            ("malformed", self.malformed),
            ("duplicate", self.duplicate),
            ("late", self.late),
            ("unconfirmed", self.unconfirmed),
            ("flushed", self.flushed),
            ("undecodable", self.undecodable),
        ]
    }

    /// All reasons together.
    pub fn total(&self) -> u64 {
        self.by_reason().iter().map(|(_, count)| count).sum()
    }

    pub(crate) const fn count(&mut self, discard: InsertDiscard) {
        let counter = match discard {
            InsertDiscard::PayloadType => &mut self.payload_type,
            InsertDiscard::Malformed => &mut self.malformed,
            InsertDiscard::Duplicate => &mut self.duplicate,
            InsertDiscard::Late => &mut self.late,
            InsertDiscard::Unconfirmed => &mut self.unconfirmed,
        };
        *counter += 1;
    }
}
