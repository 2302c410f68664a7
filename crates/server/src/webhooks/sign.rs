//! How a receiver tells that a request is ours.

use aws_lc_rs::{digest, hmac};

use crate::config::SecretKey;

/// `sha256=` and the HMAC-SHA256 (RFC 2104) over the time in seconds, a dot and the body, as
/// hexadecimal digits. The time is part of what is signed, so that an old request cannot be sent
/// again as a new one.
pub(super) fn signature(key: &SecretKey, timestamp_s: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp_s.to_string().as_bytes());
    context.update(b".");
    context.update(body.as_bytes());
    format!("sha256={}", hex(context.sign().as_ref()))
}

/// The `Sign` of an address: SHA-256 over the token and the time in seconds, as hexadecimal digits.
pub(super) fn query_sign(token: &SecretKey, timestamp_s: u64) -> String {
    let text = format!("{}{timestamp_s}", token.reveal());
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `printf %s '1700000000.{}' | openssl dgst -sha256 -hmac KEY` and
    /// `printf %s KEY1700000000 | sha256sum`.
    #[test]
    fn signatures_are_those_of_other_tools() {
        let key = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(signature(&key, 1_700_000_000, "{}"), SIGNATURE);
        assert_eq!(query_sign(&key, 1_700_000_000), SIGN);
    }

    const SIGNATURE: &str =
        "sha256=417adf36b901772f658597a76d329694e335e65fc0849d7715c3ca33406309b5";
    const SIGN: &str = "ba210a0d369eedbe73307fe3b9c96b81f8e04c678e33b69f1de62d267ac473cb";
}
