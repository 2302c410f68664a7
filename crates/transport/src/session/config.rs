use std::sync::Arc;
use std::time::Duration;

use crate::certificate::{Certificate, Fingerprint};
use crate::srtp::SrtpProfile;

/// Who begins the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtlsRole {
    /// The DTLS client: it speaks first. The clients of a [`LiteServer`](crate::LiteServer).
    Active,
    /// The DTLS server: it waits.
    Passive,
}

/// Which versions of DTLS to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtlsVersions {
    /// 1.3 if the peer can, else 1.2.
    #[default]
    Any,
    /// 1.2 alone (RFC 6347).
    Only12,
    /// 1.3 alone (RFC 9147).
    Only13,
}

/// What the active side offers to protect media with. The passive side takes what it is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SrtpOffer {
    /// `AEAD_AES_128_GCM`, else `AES_CM_128_HMAC_SHA1_80`.
    #[default]
    AeadFirst,
    /// One profile and no other.
    Only(SrtpProfile),
}

impl SrtpOffer {
    /// Whether the offer has `profile` in it.
    pub fn includes(self, profile: SrtpProfile) -> bool {
        match self {
            Self::AeadFirst => {
                matches!(profile, SrtpProfile::AeadAes128Gcm | SrtpProfile::Aes128CmHmacSha1_80)
            }
            Self::Only(only) => only == profile,
        }
    }
}

/// What a [`SecureSession`](crate::SecureSession) needs to know. Made by [`SessionConfig::new`];
/// the fields are open so that what differs can be changed.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Our certificate, whose fingerprint the peer was told.
    pub certificate: Arc<Certificate>,
    /// Who begins.
    pub role: DtlsRole,
    /// The fingerprint the peer announced. No other certificate is accepted.
    pub remote_fingerprint: Fingerprint,
    /// Time from the first handshake datagram to `Connected`; 30 s unless changed.
    pub handshake_timeout: Duration,
    /// The versions spoken.
    pub versions: DtlsVersions,
    /// What the active side offers.
    pub srtp_offer: SrtpOffer,
}

impl SessionConfig {
    /// The usual session: both versions of DTLS, AEAD first.
    pub fn new(
        certificate: Arc<Certificate>,
        role: DtlsRole,
        remote_fingerprint: Fingerprint,
    ) -> Self {
        Self {
            certificate,
            role,
            remote_fingerprint,
            handshake_timeout: Duration::from_secs(30),
            versions: DtlsVersions::default(),
            srtp_offer: SrtpOffer::default(),
        }
    }
}
