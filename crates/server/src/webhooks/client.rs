//! Posts to one address, over connections that are kept open between requests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// Connections kept open.
const MAX_IDLE: usize = 16;

/// What is read of an answer; only its status counts.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

const AGENT: &str = concat!("calling/", env!("CARGO_PKG_VERSION"));

/// A web server that is posted to.
pub(super) struct Client {
    target: Target,
    tls: Option<TlsConnector>,
    timeout: Duration,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

#[derive(Clone)]
struct Target {
    host: String,
    port: u16,
    /// As it stands in the `Host` header.
    authority: String,
    path: String,
    query: Option<String>,
}

/// Why an address cannot be posted to.
#[derive(Debug, thiserror::Error)]
#[error("{address} is no web address that can be posted to: {reason}")]
pub struct AddressError {
    address: String,
    reason: String,
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    #[error("no connection: {0}")]
    Connect(std::io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error("no answer in time")]
    Timeout,
    #[error("it was answered with {0}")]
    Refused(u16),
    #[error("the request cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
}

impl PostError {
    /// For the metric.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Connect(_) => "no_connection",
            Self::Broken(_) => "broken",
            Self::Timeout => "timeout",
            Self::Refused(_) => "refused",
            Self::Request(_) => "unmade",
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a secret.
        f.debug_struct("Client").field("host", &self.target.host).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(address: &str, timeout: Duration) -> Result<Self, AddressError> {
        let wrong =
            |reason: &str| AddressError { address: address.to_owned(), reason: reason.to_owned() };
        let uri: Uri = address.parse().map_err(|_| wrong("it is malformed"))?;
        let is_tls = uri.scheme_str() == Some("https");
        let authority = uri.authority().ok_or_else(|| wrong("it names no server"))?;
        let target = Target {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            authority: authority.as_str().rsplit('@').next().unwrap_or_default().to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        };
        let tls = match is_tls {
            true => Some(connector().map_err(|error| wrong(&error.to_string()))?),
            false => None,
        };
        Ok(Self { target, tls, timeout, idle: Mutex::default() })
    }

    /// Posts `body`; `Ok` if it was answered with a status from 200 to 299. Redirects are not
    /// followed: what is signed goes to the address configured and nowhere else.
    pub(super) async fn post(
        &self,
        query: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<(), PostError> {
        tokio::time::timeout(self.timeout, self.try_post(query, headers, body))
            .await
            .unwrap_or(Err(PostError::Timeout))
    }

    async fn try_post(
        &self,
        query: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<(), PostError> {
        let request = || self.request(query, headers, body);
        if let Some(mut kept) = self.kept() {
            // It may have been closed a moment ago, which says nothing about the server.
            match kept.try_send_request(request()?).await {
                Ok(response) => return self.finish(kept, response).await,
                Err(mut error) => {
                    if error.take_message().is_none() {
                        return Err(error.into_error().into());
                    }
                }
            }
        }
        let mut fresh = self.connect().await?;
        let response = fresh.send_request(request()?).await?;
        self.finish(fresh, response).await
    }

    fn request(
        &self,
        query: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let Target { path, query: own, authority, .. } = &self.target;
        let uri = match own {
            Some(own) => format!("{path}?{own}&{query}"),
            None => format!("{path}?{query}"),
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(HOST, authority.as_str())
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in headers {
            request = request.header(*name, value.as_str());
        }
        request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
    }

    /// Reads the answer to its end, so that the connection can be used again.
    async fn finish(
        &self,
        connection: SendRequest<Full<Bytes>>,
        response: hyper::Response<hyper::body::Incoming>,
    ) -> Result<(), PostError> {
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        let mut idle = self.idle();
        if body.is_ok() && !connection.is_closed() && idle.len() < MAX_IDLE {
            idle.push(connection);
        }
        if status.is_success() { Ok(()) } else { Err(PostError::Refused(status.as_u16())) }
    }

    fn kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle();
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SendRequest<Full<Bytes>>>> {
        // A list of connections is whole whatever happened to the thread that held it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, PostError> {
        let stream = self.open().await.map_err(PostError::Connect)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Whoever waits for an answer is told; an idle connection that ends is just gone.
            let _ = connection.await;
        });
        Ok(sender)
    }

    async fn open(&self) -> std::io::Result<Stream> {
        let tcp = TcpStream::connect((self.target.host.as_str(), self.target.port)).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let name = ServerName::try_from(self.target.host.clone()).map_err(std::io::Error::other)?;
        Ok(Stream::Tls(Box::new(tls.connect(name, tcp).await?)))
    }
}

/// Trusts the certificate authorities that browsers trust.
fn connector() -> Result<TlsConnector, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A connection, encrypted or not.
#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
