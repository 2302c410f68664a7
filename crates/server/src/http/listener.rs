use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

use super::tls::{TlsError, TlsFiles};
use crate::config::{Config, Limits};
use crate::net::{BindError, bind_http};

/// A bound listener, not yet served.
pub struct Listener {
    pub(super) tcp: TcpListener,
    pub(super) tls: Option<TlsFiles>,
    pub(super) limits: Limits,
    pub(super) trusted_proxies: Vec<IpAddr>,
    pub(super) pace: Pace,
}

/// How long the listener waits, and how often it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A client has this long for the head of a request, and for the TLS handshake. It is also how
    /// long a connection without a request is kept.
    pub head: Duration,
    /// How long requests may go on after the server was asked to stop.
    pub last_requests: Duration,
    /// How often renewed certificates are looked for.
    pub renewal: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            last_requests: Duration::from_secs(5),
            renewal: Duration::from_secs(60),
        }
    }
}

/// Why the listener could not be set up, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken or not ours.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Listener {
    /// Reads the TLS files, if any are configured, and binds `config.http`.
    ///
    /// # Errors
    /// The address or a file cannot be used.
    pub async fn bind(config: &Config) -> Result<Self, ListenError> {
        let tls = config.tls.as_ref().map(TlsFiles::open).transpose()?;
        let tcp = bind_http(config.http).await?;
        let trusted_proxies = config.trusted_proxies.clone();
        let (limits, pace) = (config.limits.clone(), Pace::default());
        Ok(Self { tcp, tls, limits, trusted_proxies, pace })
    }

    /// The same listener with other patience.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The address bound; its port is a real one also if 0 was asked for.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
