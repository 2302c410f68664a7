use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calling_model::UserId;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::UserSigError;

/// The only format version there is.
pub(super) const VERSION: &str = "2.0";

/// What a UserSig says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The application.
    pub sdk_app_id: u32,
    /// The account.
    pub user_id: UserId,
    /// When it was issued, in seconds since 1970-01-01 UTC by the issuer's clock.
    pub issued_at_s: u64,
    /// How long it is valid from then on, in seconds.
    pub expire_s: u64,
    /// What else it carries; a [`PrivateMapKey`](super::PrivateMapKey) if it opens a room.
    pub userbuf: Option<Vec<u8>>,
}

impl Claims {
    /// The first second at which it is no longer valid, since 1970-01-01 UTC.
    pub const fn expires_at_s(&self) -> u64 {
        self.issued_at_s.saturating_add(self.expire_s)
    }
}

/// The JSON inside.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Document<'a> {
    #[serde(borrow, rename = "TLS.ver")]
    pub(super) version: Cow<'a, str>,
    #[serde(borrow, rename = "TLS.identifier")]
    pub(super) identifier: Cow<'a, str>,
    #[serde(rename = "TLS.sdkappid")]
    pub(super) sdk_app_id: u32,
    #[serde(rename = "TLS.time")]
    pub(super) time: u64,
    #[serde(rename = "TLS.expire")]
    pub(super) expire: u64,
    #[serde(borrow, default, rename = "TLS.userbuf", skip_serializing_if = "Option::is_none")]
    pub(super) userbuf: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "TLS.sig")]
    pub(super) sig: Cow<'a, str>,
}

impl Document<'_> {
    /// The HMAC over the fields, ready to be finished or verified.
    pub(super) fn mac(&self, key: &str) -> Hmac<Sha256> {
        // HMAC takes keys of any length (RFC 2104 section 2), so this cannot fail.
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key length");
        mac.update(self.signed_text().as_bytes());
        mac
    }

    /// The text that is signed: one `name:value` line each, in this order.
    fn signed_text(&self) -> String {
        let mut text = format!(
            "TLS.identifier:{}\nTLS.sdkappid:{}\nTLS.time:{}\nTLS.expire:{}\n",
            self.identifier, self.sdk_app_id, self.time, self.expire
        );
        if let Some(userbuf) = &self.userbuf {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "TLS.userbuf:{userbuf}");
        }
        text
    }

    /// The fields as typed claims. Their alphabets hold no line break, so that no field can pose
    /// as another in the signed text.
    pub(super) fn claims(&self) -> Result<Claims, UserSigError> {
        if self.version != VERSION {
            return Err(UserSigError::Malformed("its version is not 2.0"));
        }
        let user_id = UserId::new(self.identifier.as_ref())
            .map_err(|_| UserSigError::Malformed("its account is not a user id"))?;
        let userbuf = self
            .userbuf
            .as_ref()
            .map(|text| STANDARD.decode(text.as_bytes()))
            .transpose()
            .map_err(|_| UserSigError::Malformed("its userbuf is not base64"))?;
        Ok(Claims {
            sdk_app_id: self.sdk_app_id,
            user_id,
            issued_at_s: self.time,
            expire_s: self.expire,
            userbuf,
        })
    }
}
