use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::tls::{self, TlsError};
use crate::config::{Config, Limits, Tls};
use crate::net::{BindError, bind_http};

/// A bound listener, not yet served.
pub struct Listener {
    pub(super) tcp: TcpListener,
    pub(super) tls: Option<(Tls, TlsAcceptor)>,
    pub(super) limits: Limits,
    pub(super) trusted_proxies: Vec<IpAddr>,
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
        let tls = match &config.tls {
            Some(files) => Some((files.clone(), tls::load(files)?)),
            None => None,
        };
        let tcp = bind_http(config.http).await?;
        let trusted_proxies = config.trusted_proxies.clone();
        Ok(Self { tcp, tls, limits: config.limits.clone(), trusted_proxies })
    }

    /// The address bound; its port is a real one also if 0 was asked for.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
