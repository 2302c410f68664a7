use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calling_model::UserId;
use hmac::Mac as _;

use super::claims::Document;
use super::wrapping::unwrap;
use super::{Claims, UserSigError};
use crate::json::Fields;

/// Whom a UserSig has to prove, and when.
#[derive(Clone, Copy)]
pub struct VerifyParams<'a> {
    /// The application.
    pub sdk_app_id: u32,
    /// The account that signs in.
    pub user_id: &'a UserId,
    /// The application's secret key, as text.
    pub key: &'a str,
    /// The verifier's time, in seconds since 1970-01-01 UTC.
    pub now_s: u64,
}

impl fmt::Debug for VerifyParams<'_> {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyParams")
            .field("sdk_app_id", &self.sdk_app_id)
            .field("user_id", &self.user_id)
            .field("now_s", &self.now_s)
            .finish_non_exhaustive()
    }
}

/// Checks that `sig` proves the account.
///
/// It does while `now < issued + expire`. A time of issue in the future is accepted: the issuer's
/// clock may be ahead, and only a holder of the key could have written it.
///
/// # Errors
/// The first of these that is so: it is empty, malformed, of another application, of another
/// account, made with another key (compared in constant time), expired.
pub fn verify(sig: &str, params: &VerifyParams<'_>) -> Result<Claims, UserSigError> {
    let json = unwrap(sig)?;
    let document = parse(&json)?;
    let claims = document.claims()?;
    if claims.sdk_app_id != params.sdk_app_id {
        return Err(UserSigError::WrongApp);
    }
    if claims.user_id != *params.user_id {
        return Err(UserSigError::WrongUser);
    }
    verify_code(&document, params.key)?;
    if params.now_s >= claims.expires_at_s() {
        return Err(UserSigError::Expired { ago_s: params.now_s - claims.expires_at_s() });
    }
    Ok(claims)
}

/// Reads what `sig` claims, **without any proof**: to look at a UserSig, not to trust it.
///
/// # Errors
/// It is empty or malformed.
pub fn decode(sig: &str) -> Result<Claims, UserSigError> {
    parse(&unwrap(sig)?)?.claims()
}

/// Reads the JSON inside; a key that stands there twice could mean two things.
pub(super) fn parse(json: &str) -> Result<Document<'_>, UserSigError> {
    Fields::default()
        .read(json)
        .map_err(|_| UserSigError::Malformed("its content is not a plain JSON object"))?;
    serde_json::from_str(json)
        .map_err(|_| UserSigError::Malformed("a field is missing or of the wrong type"))
}

fn verify_code(document: &Document<'_>, key: &str) -> Result<(), UserSigError> {
    let code = STANDARD
        .decode(document.sig.as_bytes())
        .map_err(|_| UserSigError::Malformed("its signature is not base64"))?;
    document.mac(key).verify_slice(&code).map_err(|_| UserSigError::WrongKey)
}
