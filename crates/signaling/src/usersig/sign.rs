use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calling_model::UserId;
use hmac::Mac as _;

use super::claims::{Document, VERSION};
use super::wrapping::wrap;

/// What to sign.
#[derive(Clone, Copy)]
pub struct Params<'a> {
    /// The application.
    pub sdk_app_id: u32,
    /// The account.
    pub user_id: &'a UserId,
    /// The application's secret key, as text.
    pub key: &'a str,
    /// The time of issue, in seconds since 1970-01-01 UTC.
    pub now_s: u64,
    /// How long it is valid, in seconds.
    pub expire_s: u64,
    /// What else it carries: an encoded [`PrivateMapKey`](super::PrivateMapKey), or nothing.
    pub userbuf: Option<&'a [u8]>,
}

impl fmt::Debug for Params<'_> {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Params")
            .field("sdk_app_id", &self.sdk_app_id)
            .field("user_id", &self.user_id)
            .field("now_s", &self.now_s)
            .field("expire_s", &self.expire_s)
            .field("userbuf", &self.userbuf.map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

/// Makes a UserSig.
///
/// With `userbuf` the result is what is called a privateMapKey: a UserSig that also opens a room.
pub fn sign(params: &Params<'_>) -> String {
    // Serialising a struct of strings and numbers cannot fail.
    wrap(&serde_json::to_string(&document(params)).expect("strings and numbers are JSON"))
}

pub(super) fn document<'a>(params: &Params<'a>) -> Document<'a> {
    let mut document = Document {
        version: Cow::Borrowed(VERSION),
        identifier: Cow::Borrowed(params.user_id.as_str()),
        sdk_app_id: params.sdk_app_id,
        time: params.now_s,
        expire: params.expire_s,
        userbuf: params.userbuf.map(|bytes| Cow::Owned(STANDARD.encode(bytes))),
        sig: Cow::Borrowed(""),
    };
    let code = document.mac(params.key).finalize().into_bytes();
    document.sig = Cow::Owned(STANDARD.encode(code));
    document
}
