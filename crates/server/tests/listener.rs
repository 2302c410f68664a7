//! The listener on real sockets: slow, many and garbled clients, TLS, and stopping.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::routing::{any, get};
use calling_server::config::{Config, Tls, check};
use calling_server::http::{Client, ListenError, Listener, Pace, Serving, serve};
use calling_server::telemetry;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Message;

const SOON: Duration = Duration::from_secs(5);

fn routes() -> Router {
    let echo = |upgrade: WebSocketUpgrade| async {
        upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
            }
        })
    };
    Router::new()
        .route("/", get(async || "hello"))
        .route("/source", get(async |client: Client| client.source.to_string()))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_millis(300)).await))
        .route("/never", get(async || std::future::pending::<()>().await))
        .route("/ws", any(echo))
}

fn hasty() -> Pace {
    let ms = Duration::from_millis;
    Pace { head: ms(200), last_requests: ms(600), renewal: ms(20) }
}

async fn start(change: impl FnOnce(&mut Config)) -> (Serving, SocketAddr) {
    let mut config = Config { http: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::default() };
    change(&mut config);
    let listener = Listener::bind(&config).await.unwrap().with_pace(hasty());
    let serving = serve(listener, routes(), telemetry::install()).unwrap();
    let address = serving.local_addr();
    (serving, address)
}

/// What the server says to `bytes` until it closes.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, bytes: &[u8]) -> String {
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    // A reset is an end like any other.
    let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the server never closes");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(address: SocketAddr, request: &str) -> String {
    exchange(TcpStream::connect(address).await.unwrap(), request.as_bytes()).await
}

fn get_request(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn requests_are_answered() {
    let (_serving, address) = start(|_| {}).await;
    let answer = ask(address, &get_request("/", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn slow_loris_is_shown_the_door() {
    let (_serving, address) = start(|_| {}).await;
    for head in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        assert!(!ask(address, head).await.contains("200 OK"), "{head:?}");
    }
    // One byte at a time does not win time.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let dripping = async {
        loop {
            if stream.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, dripping).await.expect("the server never closes");
    // Nor does a connection that has had an answer.
    let idle = ask(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(idle.ends_with("hello"), "{idle}");
}

#[tokio::test]
async fn garbage_is_refused_and_others_are_served() {
    let (_serving, address) = start(|_| {}).await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    let many: String = (0..2_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let binary = "\0\u{1}\u{2}\u{3}".repeat(1_000);
    for bytes in [
        "\r\n\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        long.as_str(),
        get_request("/", &many).as_str(),
        binary.as_str(),
    ] {
        let answer = ask(address, bytes).await;
        assert!(!answer.contains("200 OK"), "{bytes:.40}: {answer}");
    }
    assert!(ask(address, &get_request("/", "")).await.ends_with("hello"));
}

#[tokio::test]
async fn the_cap_holds_for_websockets_too_and_is_given_back() {
    let (_serving, address) = start(|config| config.limits.connections = 1).await;
    let url = format!("ws://{address}/ws");
    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    socket.send(Message::text("hi")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("hi"));
    assert_eq!(ask(address, &get_request("/", "")).await, "", "there is no room");
    drop(socket);
    let again = async {
        while ask(address, &get_request("/", "")).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, again).await.expect("the place is never free again");
}

#[tokio::test]
async fn only_trusted_proxies_tell_who_asks() {
    let told = async |trusted: &[&str], header: &str| -> String {
        let trusted = trusted.iter().map(|address| address.parse().unwrap()).collect();
        let (_serving, address) = start(|config| config.trusted_proxies = trusted).await;
        let answer = ask(address, &get_request("/source", header)).await;
        answer.rsplit("\r\n").next().unwrap().to_owned()
    };
    let forged = "x-forwarded-for: 192.0.2.7\r\n";
    assert_eq!(told(&[], forged).await, "127.0.0.1");
    assert_eq!(told(&["127.0.0.1"], forged).await, "192.0.2.7");
    assert_eq!(told(&["127.0.0.1"], "").await, "127.0.0.1");
    let chain = "x-forwarded-for: 6.6.6.6, 192.0.2.7\r\nx-forwarded-for: 10.0.0.1\r\n";
    assert_eq!(told(&["127.0.0.1", "10.0.0.1"], chain).await, "192.0.2.7");
    let garbled = "x-forwarded-for: 6.6.6.6, ;DROP\r\n";
    assert_eq!(told(&["127.0.0.1"], garbled).await, "127.0.0.1");
    let mapped = "x-forwarded-for: ::ffff:192.0.2.7\r\n";
    assert_eq!(told(&["127.0.0.1"], mapped).await, "192.0.2.7");
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_cuts_those_that_do_not() {
    let (serving, address) = start(|_| {}).await;
    let slow = tokio::spawn(async move { ask(address, &get_request("/slow", "")).await });
    let never = tokio::spawn(async move { ask(address, &get_request("/never", "")).await });
    let idle = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    timeout(SOON, serving.stop()).await.expect("it never stops");
    assert!(slow.await.unwrap().starts_with("HTTP/1.1 200 OK"));
    assert_eq!(never.await.unwrap(), "");
    assert_eq!(exchange(idle, b"").await, "");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

struct Identity {
    files: Tls,
    certificate: CertificateDer<'static>,
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Writes a self-signed certificate and its key into `dir`.
fn identity(dir: &Path) -> Identity {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = Tls { cert: dir.join("cert.pem"), key: dir.join("key.pem") };
    std::fs::write(&files.cert, pem("CERTIFICATE", made.cert.der())).unwrap();
    std::fs::write(&files.key, pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
    Identity { files, certificate: made.cert.der().clone() }
}

async fn ask_tls(address: SocketAddr, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(
        tokio_rustls::rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.ok()?;
    Some(exchange(stream, get_request("/", "").as_bytes()).await)
}

#[tokio::test]
async fn tls_serves_and_takes_over_renewed_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let first = identity(dir.path());
    let (_serving, address) = start(|config| config.tls = Some(first.files.clone())).await;
    assert!(ask_tls(address, &first.certificate).await.unwrap().ends_with("hello"));
    // Those who speak no TLS, or say nothing, do not keep others out.
    let _silent = TcpStream::connect(address).await.unwrap();
    assert!(!ask(address, &get_request("/", "")).await.contains("200 OK"));
    assert_eq!(ask(address, "").await, "");

    // A broken renewal changes nothing, a good one everything.
    std::fs::write(&first.files.cert, "not yet written").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ask_tls(address, &first.certificate).await.unwrap().ends_with("hello"));
    let second = identity(dir.path());
    let renewed = async {
        while ask_tls(address, &second.certificate).await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, renewed).await.expect("the renewed certificate is never used");
    assert!(ask_tls(address, &first.certificate).await.is_none());
}

#[tokio::test]
async fn tls_files_that_cannot_be_used_are_named() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (identity(one.path()).files, identity(two.path()).files);
    let error = async |cert: &Path, key: &Path| -> String {
        let tls = Some(Tls { cert: cert.into(), key: key.into() });
        let http = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { http, tls, ..Config::default() };
        match Listener::bind(&config).await {
            Err(error @ ListenError::Tls(_)) => error.to_string(),
            Err(error @ ListenError::Bind(_)) => panic!("{error}"),
            Ok(_) => panic!("it was taken"),
        }
    };
    let mixed = error(&first.cert, &second.key).await;
    assert!(mixed.contains("cannot be used together"), "{mixed}");
    let swapped = error(&first.key, &first.cert).await;
    assert!(swapped.contains("key.pem holds no certificate in PEM form"), "{swapped}");
    let no_key = error(&first.cert, &first.cert).await;
    assert!(no_key.contains("cert.pem holds no unencrypted private key"), "{no_key}");
    let missing = error(Path::new("/nowhere"), &first.key).await;
    assert!(missing.starts_with("cannot read /nowhere: "), "{missing}");

    let text = format!("[tls]\ncert = {:?}\nkey = {:?}\n", first.cert, first.key);
    assert_eq!(check(Path::new("calling.toml"), &text), []);
    let text = format!("[tls]\ncert = {:?}\nkey = {:?}\n", first.cert, second.key);
    let problems = check(Path::new("calling.toml"), &text);
    assert_eq!((problems[0].line(), problems[0].key.as_str()), (Some(3), "tls.key"));
}

#[tokio::test]
async fn a_taken_port_names_its_owner() {
    let (_serving, address) = start(|_| {}).await;
    let config = Config { http: address, ..Config::default() };
    let error = Listener::bind(&config).await.err().expect("the port is taken").to_string();
    let expected = format!("TCP port {} is in use by ", address.port());
    assert!(error.starts_with(&expected), "{error}");
    assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
}
