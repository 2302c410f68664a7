use super::ice::{ice_servers, turn_urls};
use super::layers::Draft;
use super::suggest::nearest;
use super::value::{Faults, Value};
use super::{LogFormat, SecretKey};

/// One setting: its name in the file, and what it takes.
///
/// In the environment it is `CALLING_` and the name in capitals with `_` for `.`.
#[derive(Debug)]
pub struct Key {
    /// As in the file, sections joined by dots.
    pub name: &'static str,
    /// The flag of `calling serve`, if there is one.
    pub flag: Option<&'static str>,
    /// The default, in words where it is no value.
    pub default: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    pub(super) apply: Apply,
}

type Apply = fn(&mut Draft, Value<'_>) -> Result<(), Faults>;

impl Key {
    /// The environment variable of this setting.
    pub fn env(&self) -> String {
        format!("CALLING_{}", self.name.replace('.', "_").to_uppercase())
    }
}

const fn key(
    name: &'static str,
    flag: Option<&'static str>,
    default: &'static str,
    help: &'static str,
    apply: Apply,
) -> Key {
    Key { name, flag, default, help, apply }
}

macro_rules! number {
    ($name:literal, $section:ident . $field:ident, $range:expr, $unit:literal, $default:literal,
     $help:literal) => {
        key($name, None, $default, $help, |draft, value| {
            draft.config.$section.$field = value.number($range, $unit)?;
            Ok(())
        })
    };
}

/// Every setting there is.
pub static KEYS: &[Key] = &[
    key(
        "http",
        Some("--http"),
        "127.0.0.1:8080",
        "Address and TCP port of the status page, REST and signalling",
        |draft, value| {
            draft.config.http = value.address("127.0.0.1:8080")?;
            Ok(())
        },
    ),
    key(
        "media",
        Some("--media"),
        "0.0.0.0:8081",
        "Address and UDP port of all media",
        |draft, value| {
            draft.config.media = value.address("0.0.0.0:8081")?;
            Ok(())
        },
    ),
    key(
        "public_ip",
        Some("--public-ip"),
        "the addresses of this machine",
        "Address at which clients reach the media port, when a NAT stands in between",
        |draft, value| {
            draft.config.public_ip = Some(value.ip("203.0.113.7")?);
            Ok(())
        },
    ),
    key(
        "data",
        Some("--data"),
        "./data",
        "Directory of the database, the secret key and the admin token",
        |draft, value| {
            draft.config.data = value.path("./data")?;
            Ok(())
        },
    ),
    key(
        "tls.cert",
        Some("--tls-cert"),
        "none: plain HTTP",
        "PEM file with the certificate chain, leaf first",
        |draft, value| {
            draft.tls_cert = Some(value.path("/etc/calling/fullchain.pem")?);
            Ok(())
        },
    ),
    key(
        "tls.key",
        Some("--tls-key"),
        "none: plain HTTP",
        "PEM file with the private key of the certificate",
        |draft, value| {
            draft.tls_key = Some(value.path("/etc/calling/privkey.pem")?);
            Ok(())
        },
    ),
    key(
        "trusted_proxies",
        None,
        "none",
        "Addresses of reverse proxies whose X-Forwarded-For is believed",
        |draft, value| {
            draft.config.trusted_proxies = value.ips("127.0.0.1")?;
            Ok(())
        },
    ),
    key(
        "sdk_app_id",
        None,
        "1400000000",
        "The application that UserSigs are issued for",
        |draft, value| {
            draft.config.sdk_app_id = value.number(1..=u32::MAX, "")?;
            Ok(())
        },
    ),
    key(
        "secret_key",
        None,
        "DATA/secret.key, made at the first start",
        "The key that signs and verifies UserSigs; at least 32 characters",
        |draft, value| {
            draft.config.secret_key = Some(SecretKey::new(secret_text(value)?)?);
            Ok(())
        },
    ),
    key(
        "auto_create_accounts",
        None,
        "true",
        "Whether an account comes to be with its first valid sign-in",
        |draft, value| {
            draft.config.auto_create_accounts = value.boolean()?;
            Ok(())
        },
    ),
    key("demo", Some("--demo"), "false", "Demo accounts and the echo bot", |draft, value| {
        draft.config.demo = value.boolean()?;
        Ok(())
    }),
    number!(
        "call.ring_timeout_s",
        call.ring_timeout_s,
        1..=300,
        "seconds",
        "30",
        "How long a call rings unless the caller says otherwise"
    ),
    number!(
        "call.max_ring_timeout_s",
        call.max_ring_timeout_s,
        1..=300,
        "seconds",
        "120",
        "The longest ringing a caller may ask for"
    ),
    number!(
        "call.max_call_s",
        call.max_call_s,
        0..=2_592_000,
        "seconds",
        "43200",
        "The longest conversation; 0 is without end"
    ),
    number!(
        "call.volume_interval_ms",
        call.volume_interval_ms,
        100..=10_000,
        "milliseconds",
        "300",
        "How often volumes are reported"
    ),
    number!(
        "signaling.ping_interval_ms",
        signaling.ping_interval_ms,
        1_000..=60_000,
        "milliseconds",
        "30000",
        "How often a client sends something; three such intervals of silence end its connection"
    ),
    number!(
        "signaling.resume_s",
        signaling.resume_s,
        0..=600,
        "seconds",
        "30",
        "How long a device whose connection is lost may take up its session; 0: it signs in afresh"
    ),
    number!(
        "signaling.sign_in_timeout_s",
        signaling.sign_in_timeout_s,
        1..=300,
        "seconds",
        "10",
        "How long a signalling connection may stay before it signs in"
    ),
    number!(
        "limits.connections",
        limits.connections,
        1..=1_000_000,
        "",
        "10000",
        "Open HTTP and signalling connections, all together"
    ),
    number!(
        "limits.connections_per_source",
        limits.connections_per_source,
        1..=1_000_000,
        "",
        "500",
        "Open connections of one address (an IPv6 /64 is one); loopback is exempt"
    ),
    number!(
        "limits.devices_per_account",
        limits.devices_per_account,
        1..=1_000,
        "",
        "8",
        "Signed-in devices of one account; with 1 the newest takes over from the other"
    ),
    number!(
        "limits.call_members",
        limits.call_members,
        2..=5_000,
        "",
        "50",
        "People in one call or rung by it, the caller among them"
    ),
    number!(
        "limits.unanswered_calls",
        limits.unanswered_calls,
        1..=1_000_000,
        "",
        "5",
        "Calls in a row that one account may place to another in vain before it has to wait"
    ),
    number!("limits.calls", limits.calls, 1..=1_000_000, "", "2000", "Calls in progress"),
    number!(
        "limits.requests_per_second",
        limits.requests_per_second,
        1..=10_000,
        "a second",
        "50",
        "Requests on one signalling connection, averaged"
    ),
    number!(
        "limits.calls_per_minute",
        limits.calls_per_minute,
        1..=10_000,
        "a minute",
        "60",
        "Calls one account may place"
    ),
    number!(
        "limits.failed_sign_ins_per_minute",
        limits.failed_sign_ins_per_minute,
        1..=10_000,
        "a minute",
        "10",
        "Failed sign-ins from one address before it has to wait"
    ),
    number!(
        "limits.messages_per_minute",
        limits.messages_per_minute,
        1..=100_000,
        "a minute",
        "600",
        "Messages and other changes of conversations and groups by one account"
    ),
    number!(
        "limits.rest_requests_per_second",
        limits.rest_requests_per_second,
        1..=10_000,
        "a second",
        "100",
        "REST requests with one token or by one account, averaged"
    ),
    number!(
        "storage.keep_days",
        storage.keep_days,
        0..=36_500,
        "days",
        "0",
        "Records and messages older than this are deleted; 0 keeps all"
    ),
    number!(
        "chat.recall_window_s",
        chat.recall_window_s,
        0..=2_592_000,
        "seconds",
        "120",
        "How long after it was sent a text message can be taken back; 0 is never"
    ),
    number!(
        "chat.max_group_members",
        chat.max_group_members,
        1..=10_000,
        "",
        "500",
        "Members of a group, its owner included"
    ),
    key(
        "webhooks.url",
        None,
        "none",
        "Where events and records of calls are posted to",
        |draft, value| {
            draft.config.webhooks.url = Some(web_address(value)?);
            Ok(())
        },
    ),
    key(
        "webhooks.push_url",
        None,
        "none",
        "Where what a push service needs is posted to",
        |draft, value| {
            draft.config.webhooks.push_url = Some(web_address(value)?);
            Ok(())
        },
    ),
    key(
        "webhooks.secret",
        None,
        "DATA/webhook.key, made at the first start with webhooks",
        "The key that signs what is posted; at least 32 characters",
        |draft, value| {
            draft.config.webhooks.secret = Some(SecretKey::new(secret_text(value)?)?);
            Ok(())
        },
    ),
    key(
        "webhooks.sign_token",
        None,
        "none",
        "Also signs the address, as Sign = sha256(token + RequestTime); at least 32 characters",
        |draft, value| {
            draft.config.webhooks.sign_token = Some(SecretKey::new(secret_text(value)?)?);
            Ok(())
        },
    ),
    number!(
        "webhooks.timeout_ms",
        webhooks.timeout_ms,
        10..=60_000,
        "milliseconds",
        "5000",
        "How long the answer to a webhook is waited for"
    ),
    number!(
        "webhooks.first_retry_ms",
        webhooks.first_retry_ms,
        1..=60_000,
        "milliseconds",
        "1000",
        "How long the first retry of a webhook waits; each later one twice as long, at most 10 minutes"
    ),
    number!(
        "webhooks.max_attempts",
        webhooks.max_attempts,
        1..=100,
        "",
        "16",
        "How often a webhook is tried before its event goes to the dead letters"
    ),
    key("log.filter", None, "info", "Which log lines are written", |draft, value| {
        draft.config.log.filter = log_filter(value.text("info,calling_server=debug")?)?;
        Ok(())
    }),
    key("log.format", None, "human", "human or json", |draft, value| {
        draft.config.log.format = match value.text("human")? {
            "human" => LogFormat::Human,
            "json" => LogFormat::Json,
            other => {
                return Err(format!("expected \"human\" or \"json\", found \"{other}\"").into());
            }
        };
        Ok(())
    }),
    key(
        "ice_servers",
        None,
        "none",
        "STUN and TURN servers that clients are told",
        |draft, value| {
            draft.config.ice_servers = ice_servers(value)?;
            Ok(())
        },
    ),
    key(
        "turn.urls",
        None,
        "none",
        "TURN servers for which each client is told credentials of its own that expire",
        |draft, value| {
            draft.config.turn.urls = turn_urls(value)?;
            Ok(())
        },
    ),
    key(
        "turn.secret",
        None,
        "none",
        "The key shared with the servers of turn.urls (coturn: static-auth-secret); at least 32 characters",
        |draft, value| {
            draft.config.turn.secret = Some(SecretKey::new(secret_text(value)?)?);
            Ok(())
        },
    ),
    number!(
        "turn.ttl_s",
        turn.ttl_s,
        60..=604_800,
        "seconds",
        "86400",
        "How long such credentials are good; clients get fresh ones in time"
    ),
];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Checks directives, as `info` or `info,calling_server=debug`. A lone word may be a target as
/// well as a level; one that nearly is a level is a slip of the pen.
fn log_filter(text: &str) -> Result<String, String> {
    let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let (level, must_be_level) = match directive.rsplit_once('=') {
            Some((_, level)) => (level, true),
            None => (directive, false),
        };
        if is_level(level) {
            continue;
        }
        match nearest(level, LEVELS) {
            Some(meant) => {
                return Err(format!("\"{level}\" is no level; did you mean \"{meant}\"?"));
            }
            None if must_be_level => {
                return Err(format!("\"{level}\" is no level; levels are {}", LEVELS.join(", ")));
            }
            None => {}
        }
    }
    Ok(text.to_owned())
}

/// A mistyped secret must not be echoed, so its type error shows no value.
pub(super) fn secret_text<'a>(value: Value<'a>) -> Result<&'a str, String> {
    value.text("").map_err(|_| "expected text in quotes".to_owned())
}

/// The address of a web server.
fn web_address(value: Value<'_>) -> Result<String, String> {
    const EXAMPLE: &str = "https://example.org/calls";
    let text = value.text(EXAMPLE)?;
    let is_web = text.parse::<axum::http::Uri>().is_ok_and(|uri| {
        uri.authority().is_some() && matches!(uri.scheme_str(), Some("http" | "https"))
    });
    if !is_web {
        return Err(format!("\"{text}\" is no web address; write it as \"{EXAMPLE}\""));
    }
    Ok(text.to_owned())
}
