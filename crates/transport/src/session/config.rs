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
    /// The profiles offered by the active side, best first. At most three, without repetition.
    pub srtp_profiles: Vec<SrtpProfile>,
}

impl SessionConfig {
    /// The usual session: both versions, AEAD_AES_128_GCM before AES_CM_128_HMAC_SHA1_80.
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
            srtp_profiles: vec![SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmHmacSha1_80],
        }
    }
}
