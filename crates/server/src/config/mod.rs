//! What the server is told before it starts: a TOML file, then the environment, then flags.
//!
//! Every setting is one row of [`KEYS`]; file, environment and flags go through the same row, so
//! that a mistake reads alike wherever it was made. [`check`] explains every mistake of a file at
//! once, with line and column.

mod file;
mod ice;
mod keys;
mod layers;
mod problem;
mod secret;
mod suggest;
mod value;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use calling_signaling::protocol::IceServer;

pub(crate) use self::file::check_text;
pub use self::file::{check, check_file};
pub use self::keys::{KEYS, Key};
pub use self::layers::{Overrides, Sources};
pub use self::problem::{ConfigError, Origin, Problem};
pub use self::secret::SecretKey;

/// The application id used when none is configured.
pub const DEFAULT_SDK_APP_ID: u32 = 1_400_000_000;

/// All settings of one server. `Default` is what `calling serve` runs without any.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the status page, REST and the signalling WebSocket listen (TCP).
    pub http: SocketAddr,
    /// The one UDP port of all media.
    pub media: SocketAddr,
    /// The address clients reach `media` at, if it differs from the one bound (NAT).
    pub public_ip: Option<IpAddr>,
    /// Directory of the database, the secret key and the admin token.
    pub data: PathBuf,
    /// Certificate and key; plain HTTP without.
    pub tls: Option<Tls>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// The application that UserSigs are issued for.
    pub sdk_app_id: u32,
    /// Signs and verifies UserSigs; `data/secret.key` if absent.
    pub secret_key: Option<SecretKey>,
    /// Whether an account comes to be with its first valid sign-in.
    pub auto_create_accounts: bool,
    /// Demo accounts and the echo bot.
    pub demo: bool,
    /// Rules of calls.
    pub call: CallConfig,
    /// The signalling connection.
    pub signaling: SignalingConfig,
    /// What one source, account or the server as a whole may use.
    pub limits: Limits,
    /// What is kept, and for how long.
    pub storage: StorageConfig,
    /// Rules of conversations and groups.
    pub chat: ChatConfig,
    /// Who is told of calls.
    pub webhooks: WebhookConfig,
    /// What is logged.
    pub log: LogConfig,
    /// STUN and TURN servers that clients are told.
    pub ice_servers: Vec<IceServer>,
    /// TURN servers for which each client gets credentials of its own.
    pub turn: TurnConfig,
}

/// TURN servers that know the same secret, as coturn with `use-auth-secret`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnConfig {
    /// Their addresses; none if there is no secret.
    pub urls: Vec<String>,
    /// What signs the credentials.
    pub secret: Option<SecretKey>,
    /// How long credentials are good, in seconds.
    pub ttl_s: u32,
}

/// PEM files of the TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// The private key (PKCS #8, PKCS #1 or SEC 1).
    pub key: PathBuf,
}

/// Rules of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallConfig {
    /// How long a call rings unless the caller says otherwise, in seconds.
    pub ring_timeout_s: u32,
    /// The longest ringing a caller may ask for, in seconds.
    pub max_ring_timeout_s: u32,
    /// The longest conversation, in seconds; 0 is without end.
    pub max_call_s: u32,
    /// How often volumes are reported, in milliseconds.
    pub volume_interval_ms: u32,
}

/// The signalling connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalingConfig {
    /// How often a client sends something, in milliseconds.
    pub ping_interval_ms: u32,
    /// How long a device whose connection is lost may take up its session, in seconds; 0: it signs
    /// in afresh.
    pub resume_s: u32,
    /// How long a connection may stay before it has signed in, in seconds.
    pub sign_in_timeout_s: u32,
}

/// What one source, account or the server as a whole may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open HTTP and WebSocket connections, all together.
    pub connections: u32,
    /// Open connections of one address (an IPv6 /64 is one); loopback is exempt, since a reverse
    /// proxy connects from there.
    pub connections_per_source: u32,
    /// Signed-in devices of one account.
    pub devices_per_account: u32,
    /// People in one call or rung by it, the caller among them.
    pub call_members: u32,
    /// Calls in a row that one account may place to another in vain before it has to wait: a
    /// minute first, then ever longer.
    pub unanswered_calls: u32,
    /// Calls in progress.
    pub calls: u32,
    /// Requests a second on one signalling connection, averaged.
    pub requests_per_second: u32,
    /// Calls an account may place a minute.
    pub calls_per_minute: u32,
    /// Failed sign-ins a minute from one address before it has to wait.
    pub failed_sign_ins_per_minute: u32,
    /// Messages and other changes of conversations and groups a minute by one account.
    pub messages_per_minute: u32,
    /// REST requests a second with one token or by one account.
    pub rest_requests_per_second: u32,
}

/// What is kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageConfig {
    /// Records and messages older than this many days are deleted; 0 keeps all.
    pub keep_days: u32,
}

/// Rules of conversations and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatConfig {
    /// How long after it was sent a text message can be taken back, in seconds; 0 is never.
    pub recall_window_s: u32,
    /// Members of a group, its owner included.
    pub max_group_members: u32,
}

/// Who is told of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Where events and records of calls are posted to; nowhere if absent.
    pub url: Option<String>,
    /// Where what a push service needs is posted to; nowhere if absent.
    pub push_url: Option<String>,
    /// Signs what is posted; `data/webhook.key` if absent.
    pub secret: Option<SecretKey>,
    /// Also signs the address, as `Sign = sha256(token + RequestTime)`.
    pub sign_token: Option<SecretKey>,
    /// How long an answer is waited for, in milliseconds.
    pub timeout_ms: u32,
    /// How long the first retry waits, in milliseconds; each later one twice as long.
    pub first_retry_ms: u32,
    /// How often an event is tried before it is given up.
    pub max_attempts: u32,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Filter directives, as `info` or `info,calling_server=debug`.
    pub filter: String,
    /// Layout of lines.
    pub format: LogFormat,
}

/// Layout of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            media: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8081)),
            public_ip: None,
            data: PathBuf::from("./data"),
            tls: None,
            trusted_proxies: Vec::new(),
            sdk_app_id: DEFAULT_SDK_APP_ID,
            secret_key: None,
            auto_create_accounts: true,
            demo: false,
            call: CallConfig::default(),
            signaling: SignalingConfig::default(),
            limits: Limits::default(),
            storage: StorageConfig { keep_days: 0 },
            chat: ChatConfig { recall_window_s: 120, max_group_members: 500 },
            webhooks: WebhookConfig::default(),
            log: LogConfig { filter: "info".to_owned(), format: LogFormat::Human },
            ice_servers: Vec::new(),
            turn: TurnConfig { urls: Vec::new(), secret: None, ttl_s: 86_400 },
        }
    }
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            ring_timeout_s: 30,
            max_ring_timeout_s: 120,
            max_call_s: 43_200,
            volume_interval_ms: 300,
        }
    }
}

impl Default for SignalingConfig {
    fn default() -> Self {
        Self { ping_interval_ms: 30_000, resume_s: 30, sign_in_timeout_s: 10 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_source: 500,
            devices_per_account: 8,
            call_members: 50,
            unanswered_calls: 5,
            calls: 2_000,
            requests_per_second: 50,
            calls_per_minute: 60,
            failed_sign_ins_per_minute: 10,
            messages_per_minute: 600,
            rest_requests_per_second: 100,
        }
    }
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            url: None,
            push_url: None,
            secret: None,
            sign_token: None,
            timeout_ms: 5_000,
            first_retry_ms: 1_000,
            max_attempts: 16,
        }
    }
}
