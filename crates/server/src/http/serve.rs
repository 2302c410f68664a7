use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::access::Client;
use super::connections::{Connections, Counted, Permit};
use super::listener::{Listener, Pace};
use super::tls::TlsFiles;
use crate::telemetry::{Exporter, names};

/// The largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// How often metric samples are folded into buckets.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// A pause after accepting failed for want of file descriptors, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener at work.
#[derive(Debug)]
pub struct Serving {
    stop: CancellationToken,
    task: JoinHandle<()>,
    address: SocketAddr,
}

impl Serving {
    /// The address served.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, lets requests under way finish for a few seconds and returns. Connections
    /// that became WebSockets are the gateway's to close.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the listener failed");
        }
    }
}

/// Serves `router` on `listener` until [`Serving::stop`]. Also keeps the metrics in order.
///
/// # Errors
/// The system does not tell the address bound.
pub fn serve(listener: Listener, router: Router, exporter: Exporter) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    let tls = listener.tls.is_some();
    tracing::info!(port = address.port(), tls, "listening for HTTP and signalling");
    let stop = CancellationToken::new();
    let task = tokio::spawn(accept_all(listener, router, exporter, stop.clone()));
    Ok(Serving { stop, task, address })
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    router: Router,
    trusted_proxies: Arc<[IpAddr]>,
    stop: CancellationToken,
    pace: Pace,
}

async fn accept_all(
    listener: Listener,
    router: Router,
    exporter: Exporter,
    stop: CancellationToken,
) {
    let Listener { tcp, mut tls, limits, trusted_proxies, pace } = listener;
    let connections = Connections::new(&limits, &trusted_proxies);
    let shared =
        Shared { router, trusted_proxies: trusted_proxies.into(), stop: stop.clone(), pace };
    let tasks = TaskTracker::new();
    let mut renewal = calm_interval(pace.renewal);
    let mut upkeep = calm_interval(UPKEEP_INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = tcp.accept() => match accepted {
                Ok((stream, peer)) => {
                    let acceptor = tls.as_ref().map(TlsFiles::acceptor);
                    admit(&connections, &tasks, &shared, stream, peer, acceptor);
                }
                Err(error) => cannot_accept(&error).await,
            },
            _ = upkeep.tick() => exporter.upkeep(),
            _ = renewal.tick() => if let Some(files) = &mut tls {
                files.renew();
            },
        }
    }
    drop(tcp);
    tasks.close();
    tasks.wait().await;
}

/// An interval that, after a pause of the whole process, does not catch up on what it missed.
fn calm_interval(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn admit(
    connections: &Connections,
    tasks: &TaskTracker,
    shared: &Shared,
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
) {
    let permit = match connections.admit(peer.ip()) {
        Ok(permit) => permit,
        Err(refusal) => return refused(refusal.label()),
    };
    // Frames of signalling are small and wait for nobody.
    let _ = stream.set_nodelay(true);
    tasks.spawn(connection(shared.clone(), stream, peer, acceptor, permit));
}

async fn connection(
    shared: Shared,
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    permit: Permit,
) {
    let Some(acceptor) = acceptor else {
        return requests(shared, Counted::new(stream, permit), peer).await;
    };
    let handshake = timeout(shared.pace.head, acceptor.accept(stream));
    let shaken = tokio::select! {
        shaken = handshake => shaken,
        () = shared.stop.cancelled() => return,
    };
    match shaken {
        Ok(Ok(stream)) => requests(shared, Counted::new(stream, permit), peer).await,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            refused("tls_failed");
        }
        Err(_) => refused("tls_timeout"),
    }
}

/// Serves the requests of one connection.
async fn requests<S>(shared: Shared, stream: S, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared { router, trusted_proxies, stop, pace } = shared;
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        respond(router.clone(), request, peer, &trusted_proxies)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(pace.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            timeout(pace.last_requests, served).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn respond(
    mut router: Router,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    trusted_proxies: &[IpAddr],
) -> impl Future<Output = Result<axum::response::Response, Infallible>> + use<> {
    let mut request: Request = request.map(Body::new);
    let client = Client::of(peer, request.headers(), trusted_proxies);
    request.extensions_mut().insert(client);
    // A router is always ready.
    router.call(request)
}

fn refused(reason: &'static str) {
    metrics::counter!(names::HTTP_REFUSED, "reason" => reason).increment(1);
}

async fn cannot_accept(error: &io::Error) {
    // A peer that left while it waited is no trouble of ours; the rest is (no file descriptors).
    let gone =
        matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset);
    if !gone {
        tracing::warn!(%error, "a connection could not be accepted; `ulimit -n` may be too low");
        refused("accept_failed");
        sleep(ACCEPT_PAUSE).await;
    }
}
