//! Binding sockets, with errors that say who is in the way.

mod owner;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

use tokio::net::TcpListener;

use self::owner::Owner;

/// What a socket is for; decides which flag an error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The TCP port of `--http`.
    Http,
    /// The UDP port of `--media`.
    Media,
}

/// Why an address cannot be used, in one line that says what to do.
#[derive(Debug)]
pub struct BindError {
    purpose: Purpose,
    address: SocketAddr,
    source: io::Error,
    owner: Option<Owner>,
}

/// Binds the TCP listener of `--http`.
///
/// # Errors
/// The address is taken or is not ours; the error says who has it.
pub async fn bind_http(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| BindError::new(Purpose::Http, address, source))
}

/// Binds the UDP socket of `--media`. Blocking only in that it asks the system.
///
/// # Errors
/// The address is taken or is not ours; the error says who has it.
pub fn bind_media(address: SocketAddr) -> Result<UdpSocket, BindError> {
    UdpSocket::bind(address).map_err(|source| BindError::new(Purpose::Media, address, source))
}

impl Purpose {
    fn flag(self) -> &'static str {
        match self {
            Self::Http => "--http",
            Self::Media => "--media",
        }
    }

    fn transport(self) -> &'static str {
        match self {
            Self::Http => "TCP",
            Self::Media => "UDP",
        }
    }
}

impl BindError {
    /// The error of binding `address`; if it is taken, its owner is looked up.
    pub fn new(purpose: Purpose, address: SocketAddr, source: io::Error) -> Self {
        let taken = source.kind() == ErrorKind::AddrInUse;
        let owner = if taken { owner::find(purpose, address) } else { None };
        Self { purpose, address, source, owner }
    }

    /// Another address of the same kind, to be tried instead.
    fn other(&self) -> SocketAddr {
        let port = self.address.port();
        SocketAddr::new(self.address.ip(), port.checked_add(10).unwrap_or(port - 10))
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { purpose, address, source, owner } = self;
        let (flag, transport, port) = (purpose.flag(), purpose.transport(), address.port());
        let kind = source.kind();
        if kind == ErrorKind::AddrInUse {
            write!(f, "{transport} port {port} is in use by ")?;
            match owner {
                Some(owner) => write!(f, "{owner}")?,
                None => f.write_str("another process")?,
            }
            write!(f, "; stop that or choose another port, as {flag} {}", self.other())
        } else if kind == ErrorKind::PermissionDenied {
            write!(
                f,
                "{transport} port {port} needs privileges; choose one above 1023, as {flag} {}, \
                 or give the program CAP_NET_BIND_SERVICE",
                SocketAddr::new(address.ip(), 8080)
            )
        } else if kind == ErrorKind::AddrNotAvailable {
            write!(
                f,
                "{} is no address of this machine; choose one that is, or {flag} 0.0.0.0:{port} \
                 for all",
                address.ip()
            )
        } else {
            write!(f, "cannot listen on {transport} {address} ({flag}): {source}")
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_tcp_port_names_this_process() {
        let taken = bind_http("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let text = bind_http(address).await.unwrap_err().to_string();
        let expected = format!("TCP port {} is in use by calling_server", address.port());
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
        assert!(
            text.contains("; stop that or choose another port, as --http 127.0.0.1:"),
            "{text}"
        );
    }

    #[test]
    fn a_taken_udp_port_names_this_process() {
        let taken = bind_media("127.0.0.1:0".parse().unwrap()).unwrap();
        let text = bind_media(taken.local_addr().unwrap()).unwrap_err().to_string();
        assert!(text.starts_with("UDP port "), "{text}");
        assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
        assert!(text.contains("--media"), "{text}");
    }

    #[test]
    fn a_foreign_address_and_a_low_port_are_explained() {
        let text = bind_media("192.0.2.1:8081".parse().unwrap()).unwrap_err().to_string();
        assert_eq!(
            text,
            "192.0.2.1 is no address of this machine; choose one that is, or --media 0.0.0.0:8081 \
             for all"
        );
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        let text = BindError::new(Purpose::Http, "0.0.0.0:80".parse().unwrap(), denied).to_string();
        assert!(text.starts_with("TCP port 80 needs privileges; choose one above 1023"), "{text}");
    }

    #[test]
    fn the_last_port_has_another() {
        let taken = io::Error::from(ErrorKind::AddrInUse);
        let address = "127.0.0.1:65535".parse().unwrap();
        assert_eq!(BindError::new(Purpose::Http, address, taken).other().port(), 65_525);
    }
}
