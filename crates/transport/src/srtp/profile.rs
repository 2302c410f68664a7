use std::fmt;

/// A way to protect RTP and RTCP, as negotiated by DTLS (RFC 5764 section 4.1.2, RFC 7714 section
/// 14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SrtpProfile {
    /// AES-128 in Galois/counter mode: the fastest, offered first.
    AeadAes128Gcm,
    /// AES-256 in Galois/counter mode: never offered, accepted from clients that insist.
    AeadAes256Gcm,
    /// AES-128 counter mode with an 80-bit HMAC-SHA1 tag: every implementation has it.
    Aes128CmHmacSha1_80,
}

impl SrtpProfile {
    /// The registered name without its `SRTP_` prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::Aes128CmHmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
        }
    }

    /// Length of the master key in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::Aes128CmHmacSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Length of the master salt in bytes.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::Aes128CmHmacSha1_80 => 14,
        }
    }

    /// What protection adds to an RTP packet, in bytes.
    pub const fn rtp_overhead(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::Aes128CmHmacSha1_80 => 10,
        }
    }

    /// What protection adds to a compound RTCP packet, in bytes.
    pub const fn rtcp_overhead(self) -> usize {
        self.rtp_overhead() + 4
    }
}

impl fmt::Display for SrtpProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
