//! Tokens by which a device takes up its session after its connection was lost.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calling_model::{DeviceId, Endpoint, UnixMillis, UserId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::SessionId;

/// How long a token is good for. A session that lives longer signs in afresh once.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest token looked at, in bytes; ours are shorter.
const MAX_TOKEN_BYTES: usize = 512;

/// Makes and checks tokens: who, on which device, in which session, until when, under a key that
/// lives as long as the hub does, since so do the sessions.
pub(super) struct ResumeTokens {
    key: [u8; 32],
}

/// Why a token is no good; for logs, the client is told no more than that it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadToken {
    /// Not one of ours, or changed on the way.
    #[error("it is forged")]
    Forged,
    /// Too old.
    #[error("it has expired")]
    Expired,
    /// Given to another device.
    #[error("it is another device's")]
    OtherDevice,
}

impl fmt::Debug for ResumeTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeTokens").finish_non_exhaustive()
    }
}

impl ResumeTokens {
    pub(super) const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    pub(super) fn issue(&self, endpoint: &Endpoint, id: SessionId, now: UnixMillis) -> String {
        let until = now.saturating_add(LIFETIME).0;
        // No part can hold a space: ids are words.
        let (user, device) = (endpoint.user.as_str(), endpoint.device.as_str());
        let claims = format!("{user} {device} {} {until}", id.0);
        self.sign(claims.as_bytes())
    }

    fn sign(&self, claims: &[u8]) -> String {
        let mac = URL_SAFE_NO_PAD.encode(self.mac(claims).finalize().into_bytes());
        format!("{}.{mac}", URL_SAFE_NO_PAD.encode(claims))
    }

    /// Whose session the token takes up.
    pub(super) fn check(
        &self,
        token: &str,
        device: &DeviceId,
        now: UnixMillis,
    ) -> Result<(Endpoint, SessionId), BadToken> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(BadToken::Forged);
        }
        let claims = self.proven(token).ok_or(BadToken::Forged)?;
        let (endpoint, id, until) = read(&claims).ok_or(BadToken::Forged)?;
        if until <= now {
            return Err(BadToken::Expired);
        }
        if endpoint.device != *device {
            return Err(BadToken::OtherDevice);
        }
        Ok((endpoint, id))
    }

    /// The claims of a token that was made with this key.
    fn proven(&self, token: &str) -> Option<String> {
        let (claims, mac) = token.split_once('.')?;
        let (claims, mac) =
            (URL_SAFE_NO_PAD.decode(claims).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
        self.mac(&claims).verify_slice(&mac).ok()?;
        String::from_utf8(claims).ok()
    }

    fn mac(&self, claims: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key)
            .unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(claims);
        mac
    }
}

/// Fuzz body. As a token the bytes are no good, since nobody knows the key; signed, as claims that
/// this server might have made, they name one session of one device, and only until they expire.
pub(crate) fn fuzz(data: &[u8]) {
    let tokens = ResumeTokens::new(FUZZ_KEY);
    let nobody = DeviceId::new("nobody").unwrap_or_else(|_| unreachable!("a word"));
    if let Ok(token) = std::str::from_utf8(data) {
        assert_eq!(tokens.check(token, &nobody, UnixMillis(0)), Err(BadToken::Forged));
    }
    let token = tokens.sign(data);
    let claims = std::str::from_utf8(data).ok().and_then(read);
    let Some((endpoint, id, until)) = claims.filter(|_| token.len() <= MAX_TOKEN_BYTES) else {
        let checked = tokens.check(&token, &nobody, UnixMillis(0));
        return assert_eq!(checked, Err(BadToken::Forged), "not what is ever signed");
    };
    let device = &endpoint.device;
    assert_eq!(tokens.check(&token, device, until), Err(BadToken::Expired));
    let Some(last) = until.0.checked_sub(1).map(UnixMillis) else { return };
    assert_eq!(tokens.check(&token, device, last), Ok((endpoint.clone(), id)));
    let again = tokens.issue(&endpoint, id, last);
    assert_eq!(tokens.check(&again, device, last), Ok((endpoint.clone(), id)));
    if *device != nobody {
        assert_eq!(tokens.check(&token, &nobody, last), Err(BadToken::OtherDevice));
    }
    let other = ResumeTokens::new([0; 32]).check(&token, device, last);
    assert_eq!(other, Err(BadToken::Forged), "another server's");
}

/// Known to no fuzzer.
const FUZZ_KEY: [u8; 32] = *b"4e19c7d05ab36f82e1047bd93c68fa25";

fn read(claims: &str) -> Option<(Endpoint, SessionId, UnixMillis)> {
    let mut parts = claims.split(' ');
    let user = UserId::new(parts.next()?).ok()?;
    let device = DeviceId::new(parts.next()?).ok()?;
    let id = SessionId(parts.next()?.parse().ok()?);
    let until = UnixMillis(parts.next()?.parse().ok()?);
    parts.next().is_none().then_some((Endpoint { user, device }, id, until))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn endpoint() -> Endpoint {
        Endpoint { user: UserId::new("alice").unwrap(), device: DeviceId::new("phone").unwrap() }
    }

    fn token() -> String {
        ResumeTokens::new([7; 32]).issue(&endpoint(), SessionId(5), NOW)
    }

    fn check(
        token: &str,
        device: &str,
        now: UnixMillis,
    ) -> Result<(Endpoint, SessionId), BadToken> {
        ResumeTokens::new([7; 32]).check(token, &DeviceId::new(device).unwrap(), now)
    }

    #[test]
    fn a_token_names_its_session_until_it_expires() {
        assert_eq!(check(&token(), "phone", NOW), Ok((endpoint(), SessionId(5))));
        let last = UnixMillis(NOW.0 + 24 * 60 * 60 * 1_000 - 1);
        assert!(check(&token(), "phone", last).is_ok());
        assert_eq!(check(&token(), "phone", UnixMillis(last.0 + 1)), Err(BadToken::Expired));
    }

    #[test]
    fn another_device_or_another_server_gets_nowhere() {
        assert_eq!(check(&token(), "tablet", NOW), Err(BadToken::OtherDevice));
        let elsewhere = ResumeTokens::new([8; 32]).issue(&endpoint(), SessionId(5), NOW);
        assert_eq!(check(&elsewhere, "phone", NOW), Err(BadToken::Forged));
    }

    #[test]
    fn every_change_of_a_character_is_found() {
        let token = token();
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last character of base64 may hold bits that count for nothing.
            assert!(check(&forged, "phone", NOW).is_err(), "{index}");
            assert!(check(&token[..index], "phone", NOW).is_err());
        }
        assert_eq!(check(&"x".repeat(100_000), "phone", NOW), Err(BadToken::Forged));
    }

    proptest! {
        #[test]
        fn garbage_is_forged(garbage in any::<String>()) {
            prop_assert_eq!(check(&garbage, "phone", NOW), Err(BadToken::Forged));
        }
    }
}
