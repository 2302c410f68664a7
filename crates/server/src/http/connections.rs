use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::auth::network;
use crate::config::Limits;
use crate::telemetry::names;

/// Counts open connections, all together and by source.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    max: u32,
    max_per_source: u32,
    exempt: Vec<IpAddr>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: u32,
    by_source: BTreeMap<IpAddr, u32>,
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server has as many as it may.
    Full,
    /// The source has as many as it may.
    SourceFull,
}

/// One counted connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    connections: Connections,
    source: Option<IpAddr>,
}

impl Connections {
    /// Loopback and `exempt` (trusted proxies) are counted only in all.
    pub(super) fn new(limits: &Limits, exempt: &[IpAddr]) -> Self {
        let (max, max_per_source) = (limits.connections, limits.connections_per_source);
        let open = Mutex::default();
        Self { inner: Arc::new(Inner { max, max_per_source, exempt: exempt.to_vec(), open }) }
    }

    pub(super) fn admit(&self, peer: IpAddr) -> Result<Permit, Refusal> {
        let peer = peer.to_canonical();
        let exempt = peer.is_loopback() || self.inner.exempt.contains(&peer);
        let source = (!exempt).then(|| network(peer));
        let mut open = self.open();
        if open.all >= self.inner.max {
            return Err(Refusal::Full);
        }
        if let Some(source) = source {
            let of_source = open.by_source.entry(source).or_default();
            if *of_source >= self.inner.max_per_source {
                return Err(Refusal::SourceFull);
            }
            *of_source += 1;
        }
        open.all += 1;
        metrics::gauge!(names::HTTP_CONNECTIONS).set(f64::from(open.all));
        drop(open);
        Ok(Permit { connections: self.clone(), source })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusal {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::SourceFull => "source_full",
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.all = open.all.saturating_sub(1);
        metrics::gauge!(names::HTTP_CONNECTIONS).set(f64::from(open.all));
        let Some(source) = self.source else { return };
        if let Some(count) = open.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                open.by_source.remove(&source);
            }
        }
    }
}

/// A stream that is counted as long as it is open, also after it became a WebSocket.
#[derive(Debug)]
pub(super) struct Counted<S> {
    stream: S,
    _permit: Permit,
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, permit: Permit) -> Self {
        Self { stream, _permit: permit }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(max: u32, max_per_source: u32) -> Connections {
        let limits = Limits {
            connections: max,
            connections_per_source: max_per_source,
            ..Limits::default()
        };
        Connections::new(&limits, &["10.0.0.1".parse().unwrap()])
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_cannot_take_all() {
        let connections = connections(10, 2);
        let held: Vec<_> = (0..2).map(|_| connections.admit(ip("192.0.2.1")).unwrap()).collect();
        assert_eq!(connections.admit(ip("192.0.2.1")).unwrap_err(), Refusal::SourceFull);
        assert_eq!(connections.admit(ip("::ffff:192.0.2.1")).unwrap_err(), Refusal::SourceFull);
        assert!(connections.admit(ip("192.0.2.2")).is_ok());
        drop(held);
        assert!(connections.admit(ip("192.0.2.1")).is_ok());
        assert!(connections.open().by_source.is_empty(), "nothing is remembered of closed ones");
    }

    #[test]
    fn loopback_and_proxies_are_counted_in_all_alone() {
        let connections = connections(4, 1);
        let _held: Vec<_> = ["127.0.0.1", "127.0.0.1", "10.0.0.1", "10.0.0.1"]
            .map(|peer| connections.admit(ip(peer)).unwrap())
            .into();
        assert_eq!(connections.admit(ip("127.0.0.1")).unwrap_err(), Refusal::Full);
    }
}
