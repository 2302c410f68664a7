use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_tungstenite::Connector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::error::InitError;

/// Where the server is, checked once.
#[derive(Clone)]
pub(crate) struct ServerUrl {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

impl ServerUrl {
    /// Reads `ws://host:port/path` or `wss://…`; without a path `/v1/ws` is meant.
    pub(crate) fn parse(text: &str, extra_roots_pem: Option<&[u8]>) -> Result<Self, InitError> {
        let uri: Uri = text.parse().map_err(|_| bad(text))?;
        let secure = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(bad(text)),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| bad(text))?.to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let roots = trusted(extra_roots_pem)?;
        let tls = if secure { Some(tls_config(roots)?) } else { None };
        Ok(Self { uri: with_path(uri)?, host, port, tls })
    }

    /// `host:port`, as it is resolved.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The WebSocket request.
    pub(crate) fn request(&self) -> Request {
        // Scheme and host were checked on the way in.
        self.uri.clone().into_client_request().expect("a checked address makes a request")
    }

    /// TLS or none.
    pub(crate) fn connector(&self) -> Option<Connector> {
        Some(self.tls.clone().map_or(Connector::Plain, Connector::Rustls))
    }
}

const NO_CERTIFICATE: &str = "there is no certificate in it; give PEM text with at least one \
                              `-----BEGIN CERTIFICATE-----`, or None to trust the public ones only";

fn bad(text: &str) -> InitError {
    let shown: String = text.chars().take(80).collect();
    let reason = format!("\"{shown}\" is no address such as ws://127.0.0.1:8080 or wss://host");
    InitError::Config { field: "server", reason }
}

fn with_path(uri: Uri) -> Result<Uri, InitError> {
    if uri.path().len() > 1 {
        return Ok(uri);
    }
    let text = uri.to_string();
    let mut parts = uri.into_parts();
    parts.path_and_query = Some("/v1/ws".parse().map_err(|_| bad(&text))?);
    Uri::from_parts(parts).map_err(|_| bad(&text))
}

/// The public certificates and those of the application. Checked even where none is used, so that
/// a mistake is not found on the day the server moves to `wss://`.
fn trusted(extra_roots_pem: Option<&[u8]>) -> Result<RootCertStore, InitError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let Some(pem) = extra_roots_pem else { return Ok(roots) };
    let public = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| bad_roots(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad_roots(error.to_string()))?;
    }
    if roots.len() == public {
        return Err(bad_roots(NO_CERTIFICATE.to_owned()));
    }
    Ok(roots)
}

fn tls_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, InitError> {
    // Named here, since no process-wide default may be relied upon.
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad_roots(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

const fn bad_roots(reason: String) -> InitError {
    InitError::Config { field: "extra_roots_pem", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_port_and_path() {
        for (text, authority, path) in [
            ("ws://127.0.0.1:8080", "127.0.0.1:8080", "/v1/ws"),
            ("ws://127.0.0.1:8080/", "127.0.0.1:8080", "/v1/ws"),
            ("ws://example.invalid/other", "example.invalid:80", "/other"),
            ("wss://example.invalid", "example.invalid:443", "/v1/ws"),
            ("ws://[::1]:9", "[::1]:9", "/v1/ws"),
        ] {
            let url = ServerUrl::parse(text, None).unwrap();
            assert_eq!((url.authority().as_str(), url.uri.path()), (authority, path));
            assert_eq!(url.request().uri().path(), path);
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in ["", "127.0.0.1:8080", "http://example.invalid", "ws://", "ws:///v1/ws"] {
            let error = ServerUrl::parse(text, None).err().unwrap();
            assert!(error.to_string().starts_with("server: "), "{error}");
        }
        let error = ServerUrl::parse("wss://h", Some(b"-----BEGIN CERTIFICATE-----\nno")).err();
        assert!(matches!(error, Some(InitError::Config { field: "extra_roots_pem", .. })));
    }

    #[test]
    fn roots_without_a_certificate_are_a_mistake_that_is_named() {
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".as_slice();
        for pem in [b"".as_slice(), b"no PEM at all", key] {
            for server in ["ws://h", "wss://h"] {
                let error = ServerUrl::parse(server, Some(pem)).err().unwrap();
                let expected = format!("extra_roots_pem: {NO_CERTIFICATE}");
                assert_eq!(error.to_string(), expected);
            }
        }
        assert!(ServerUrl::parse("wss://h", None).is_ok());
    }
}
