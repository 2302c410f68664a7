//! UserSigs signed with the key in a server's data folder.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use calling_model::UserId;
use calling_server::config::{DEFAULT_SDK_APP_ID, SecretKey};
use calling_signaling::usersig::{Params, sign};

use crate::args::KeyArgs;
use crate::exit::Failure;

/// The signing half of a server: application id and secret.
pub(crate) struct Signer {
    pub(crate) sdk_app_id: u32,
    key: SecretKey,
}

impl Signer {
    /// The signer that belongs to a data folder on this machine.
    pub(crate) fn from_args(args: &KeyArgs) -> Result<Self, Failure> {
        let key = read_key(&args.data)?;
        Ok(Self { sdk_app_id: args.sdk_app_id.unwrap_or(DEFAULT_SDK_APP_ID), key })
    }

    /// A UserSig for `user`, valid from now for `expire_s` seconds.
    pub(crate) fn sign(&self, user: &UserId, expire_s: u32, userbuf: Option<&[u8]>) -> String {
        sign(&Params {
            sdk_app_id: self.sdk_app_id,
            user_id: user,
            key: self.key.reveal(),
            now_s: now_s(),
            expire_s: u64::from(expire_s),
            userbuf,
        })
    }
}

fn read_key(data: &Path) -> Result<SecretKey, Failure> {
    let path = data.join("secret.key");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::usage(format!(
            "cannot read the signing key {} ({error}); name the server's data folder with --data, \
             or pass --user-sig",
            path.display()
        ))
    })?;
    SecretKey::new(text.trim())
        .map_err(|reason| Failure::usage(format!("{} holds no key: {reason}", path.display())))
}

/// Seconds since 1970-01-01 UTC.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// A user id from the command line.
pub(crate) fn user_id(text: &str) -> Result<UserId, Failure> {
    UserId::new(text).map_err(|error| Failure::usage(format!("{text:?} is no account: {error}")))
}
