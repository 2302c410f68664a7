use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

/// A self-signed certificate (ECDSA P-256) with its private key, as DTLS-SRTP uses it: trusted by
/// its fingerprint, which travels over signalling (RFC 8827 section 5.6.1).
#[derive(Clone)]
pub struct Certificate {
    inner: dimpl::DtlsCertificate,
    fingerprint: Fingerprint,
}

/// No certificate could be made: the system's random source failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate could not be generated: {0}")]
pub struct CertificateError(String);

impl Certificate {
    /// Makes a new key and a certificate of it, valid for a year from now. Reads the system's
    /// clock and random source.
    ///
    /// # Errors
    /// The system's random source failed.
    pub fn generate() -> Result<Self, CertificateError> {
        let inner = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| CertificateError(error.to_string()))?;
        let fingerprint = Fingerprint::of(&inner.certificate);
        Ok(Self { inner, fingerprint })
    }

    /// The fingerprint to announce over signalling.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The certificate in DER form.
    pub fn der(&self) -> &[u8] {
        &self.inner.certificate
    }

    pub(crate) fn to_dtls(&self) -> dimpl::DtlsCertificate {
        self.inner.clone()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// The SHA-256 of a certificate in DER form, written `sha-256 AA:BB:…` (RFC 8122 section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// A text that is no `sha-256 AA:BB:…` fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFingerprint {
    /// Another hash function than SHA-256.
    #[error("the fingerprint must begin with \"sha-256 \"")]
    Algorithm,
    /// Not 32 hexadecimal bytes separated by colons.
    #[error("a sha-256 fingerprint is 32 hexadecimal bytes separated by ':'")]
    Bytes,
}

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate_der: &[u8]) -> Self {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest::digest(&digest::SHA256, certificate_der).as_ref());
        Self(sha256)
    }

    /// Whether this is the fingerprint of `certificate_der`.
    pub fn verify(&self, certificate_der: &[u8]) -> bool {
        *self == Self::of(certificate_der)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha-256")?;
        for (index, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if index == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    /// The first four bytes: enough to tell two apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "Fingerprint({a:02X}:{b:02X}:{c:02X}:{d:02X}:…)")
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    /// Reads `sha-256 AA:BB:…`; the name and the digits in either case.
    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let (name, bytes) = text.split_once(' ').ok_or(InvalidFingerprint::Algorithm)?;
        if !name.eq_ignore_ascii_case("sha-256") {
            return Err(InvalidFingerprint::Algorithm);
        }
        let mut sha256 = [0; 32];
        let mut parts = bytes.split(':');
        for slot in &mut sha256 {
            *slot = parts.next().and_then(hex_byte).ok_or(InvalidFingerprint::Bytes)?;
        }
        parts.next().map_or(Ok(Self(sha256)), |_| Err(InvalidFingerprint::Bytes))
    }
}

/// Exactly two hexadecimal digits; unlike `from_str_radix` no sign.
fn hex_byte(text: &str) -> Option<u8> {
    let &[high, low] = text.as_bytes() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_certificate_matches_its_own_fingerprint_alone() {
        let (ours, other) = (Certificate::generate().unwrap(), Certificate::generate().unwrap());
        assert!(ours.fingerprint().verify(ours.der()));
        assert!(!ours.fingerprint().verify(other.der()));
        assert!(!ours.fingerprint().verify(&[]));
    }

    #[test]
    fn text_has_the_form_of_rfc_8122() {
        let text = Fingerprint::of(b"abc").to_string();
        // SHA-256 of "abc", FIPS 180-2 appendix B.1.
        assert!(text.starts_with("sha-256 BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03"));
        assert_eq!(text.len(), 8 + 32 * 3 - 1);
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        let good = Fingerprint::of(b"abc").to_string();
        for bad in [
            "",
            "sha-256",
            "sha-256 ",
            "sha-1 4A:AD:B9",
            &good[..good.len() - 1],
            &good[..good.len() - 3],
            &format!("{good}:00"),
            &format!("{good} "),
            &good.replace(':', ""),
            &good.replace("BA:", "+A:"),
            &good.replace("BA:", "ÄA:"),
        ] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(bytes in any::<[u8; 32]>()) {
            let fingerprint = Fingerprint(bytes);
            let text = fingerprint.to_string();
            prop_assert_eq!(text.parse(), Ok(fingerprint));
            prop_assert_eq!(text.to_lowercase().parse(), Ok(fingerprint));
            prop_assert_eq!(text.to_uppercase().parse(), Ok(fingerprint));
        }

        #[test]
        fn any_text_parses_or_errs(text in any::<String>()) {
            let _ = text.parse::<Fingerprint>();
        }
    }
}
