//! UserSig: proof of an account, signed with the application's secret key (format "2.0").
//!
//! A UserSig is a JSON object with an HMAC-SHA256 over its fields, compressed with zlib (RFC 1950)
//! and written in base64 with `*`, `-` and `_` for `+`, `/` and `=`. It proves an account until it
//! expires; it is a bearer token, so keep it out of logs.

mod claims;
mod error;
mod private_map_key;
mod sign;
mod verify;
mod wrapping;

pub use claims::Claims;
pub use error::UserSigError;
pub use private_map_key::{PrivateMapKey, PrivateMapKeyError, PrivateMapRoom, Privileges};
pub use sign::{Params, sign};
pub use verify::{VerifyParams, decode, verify};

#[cfg(test)]
mod tests;
