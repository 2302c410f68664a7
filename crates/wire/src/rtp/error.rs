/// Why bytes are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RtpError {
    /// The version is not 2.
    #[error("the RTP version is not 2")]
    Version,
    /// It ends before the fixed header, the CSRC list or the extension does.
    #[error("the packet ends within its header")]
    Truncated,
    /// An element of the header extension reaches beyond the extension (RFC 8285 section 4).
    #[error("a header extension element is longer than the extension")]
    ExtensionOverflow,
    /// The padding count is 0, or more than what follows the header (RFC 3550 section 5.1).
    #[error("the padding count is 0 or more than the payload")]
    Padding,
}

impl RtpError {
    /// A stable name for counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Version => "rtp_version",
            Self::Truncated => "rtp_truncated",
            Self::ExtensionOverflow => "rtp_extension_overflow",
            Self::Padding => "rtp_padding",
        }
    }
}
