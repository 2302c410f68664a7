//! STUN and TURN servers, as each client is told them.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calling_model::{UnixMillis, UserId};
use calling_signaling::protocol::{IceServer, IceServersReply};

use crate::config::{Config, SecretKey};

/// The servers of the configuration: some are told as they stand there, for the others each client
/// gets credentials of its own that expire.
#[derive(Clone, Debug)]
pub(crate) struct IceServers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    fixed: Vec<IceServer>,
    turn: Option<Turn>,
}

/// TURN servers that know the same secret and thus need to know no user: they see by the user name
/// until when a credential is good, and by the secret that it is ours
/// (draft-uberti-behave-turn-rest-00; coturn's `use-auth-secret`).
#[derive(Debug)]
struct Turn {
    urls: Vec<String>,
    secret: SecretKey,
    ttl: Duration,
}

impl IceServers {
    pub(crate) fn new(config: &Config) -> Self {
        let turn = config.turn.secret.as_ref().map(|secret| Turn {
            urls: config.turn.urls.clone(),
            secret: secret.clone(),
            ttl: Duration::from_secs(config.turn.ttl_s.into()),
        });
        Self(Arc::new(Inner { fixed: config.ice_servers.clone(), turn }))
    }

    /// What `user` is told at `now`. A user name of TURN servers with a secret is
    /// `<expiry>:<user>`, the expiry in seconds since 1970.
    pub(crate) fn told(&self, user: &UserId, now: UnixMillis) -> IceServersReply {
        let Inner { fixed, turn } = &*self.0;
        let timed = turn.iter().map(|turn| turn.told(user, now));
        IceServersReply {
            ice_servers: fixed.iter().cloned().chain(timed).collect(),
            ice_expire_s: turn.as_ref().map(|turn| turn.ttl.as_secs() as u32),
        }
    }
}

impl Turn {
    fn told(&self, user: &UserId, now: UnixMillis) -> IceServer {
        let expiry = (now.0 / 1_000).saturating_add(self.ttl.as_secs());
        let username = format!("{expiry}:{}", user.as_str());
        let credential = credential(&self.secret, &username);
        IceServer { urls: self.urls.clone(), username, credential }
    }
}

/// SHA-1 is what TURN servers compute; in an HMAC it is not known to be weak (RFC 6194 section 3.3).
fn credential(secret: &SecretKey, username: &str) -> String {
    let secret = secret.reveal().as_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    STANDARD.encode(hmac::sign(&key, username.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn servers(change: impl FnOnce(&mut Config)) -> IceServers {
        let mut config = Config::default();
        config.turn.urls = vec!["turn:turn.example.org:3478".to_owned()];
        config.turn.secret = Some(SecretKey::new(SECRET).unwrap());
        change(&mut config);
        IceServers::new(&config)
    }

    fn alice() -> UserId {
        UserId::new("alice").unwrap()
    }

    /// By OpenSSL 3: `printf 1760003600:alice |
    /// openssl dgst -sha1 -hmac 0123456789abcdef0123456789abcdef -binary | base64`.
    #[test]
    fn credentials_are_those_that_openssl_computes() {
        let told = servers(|config| config.turn.ttl_s = 3_600)
            .told(&alice(), UnixMillis(1_760_000_000_999));
        let [IceServer { urls, username, credential }] = &told.ice_servers[..] else {
            panic!("{told:?}")
        };
        assert_eq!(urls, &["turn:turn.example.org:3478"]);
        assert_eq!(username, "1760003600:alice");
        assert_eq!(credential, "8c6QqPm8qI2akQ+2jwQZ9Ri9uvM=");
        assert_eq!(told.ice_expire_s, Some(3_600));
    }

    #[test]
    fn each_moment_and_each_user_has_its_own() {
        let servers = servers(|config| config.turn.ttl_s = 60);
        let told = |user: &str, at| {
            let told = servers.told(&UserId::new(user).unwrap(), UnixMillis(at));
            (told.ice_servers[0].username.clone(), told.ice_servers[0].credential.clone())
        };
        assert_eq!(told("alice", 0).0, "60:alice");
        assert_eq!(told("alice", 999), told("alice", 0), "a second is one");
        assert_eq!(told("alice", 1_000).0, "61:alice");
        assert_ne!(told("alice", 1_000).1, told("alice", 0).1);
        assert_ne!(told("bob", 0).1, told("alice", 0).1);
    }

    #[test]
    fn servers_with_credentials_of_their_own_come_first_and_never_expire() {
        let stun = IceServer {
            urls: vec!["stun:stun.example.org".to_owned()],
            username: String::new(),
            credential: String::new(),
        };
        let both = servers(|config| config.ice_servers.push(stun.clone()));
        let told = both.told(&alice(), UnixMillis(0));
        assert_eq!((told.ice_servers.len(), &told.ice_servers[0]), (2, &stun));
        let alone = servers(|config| {
            config.ice_servers.push(stun.clone());
            config.turn.secret = None;
        });
        let told = alone.told(&alice(), UnixMillis(0));
        assert_eq!(told, IceServersReply { ice_servers: vec![stun], ice_expire_s: None });
    }

    #[test]
    fn the_secret_is_never_shown() {
        assert!(!format!("{:?}", servers(|_| ())).contains(SECRET));
    }
}
