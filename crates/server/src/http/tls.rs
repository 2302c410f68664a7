use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::Tls;

/// Files that must not be larger than this are not read.
const MAX_PEM_BYTES: u64 = 1024 * 1024;

/// Why TLS cannot be offered: which file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no certificate in it.
    #[error("{} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no private key in it.
    #[error(
        "{} holds no unencrypted private key in PEM form (-----BEGIN PRIVATE KEY-----)",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// They do not belong together, or are of a kind that cannot be used.
    #[error(
        "the certificate {} and the key {} cannot be used together: {source}",
        cert.display(),
        key.display()
    )]
    Unusable {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsError {
    /// Whether it is the key file rather than the certificate's.
    pub(crate) fn is_about_key(&self, tls: &Tls) -> bool {
        match self {
            Self::Read { path, .. } => *path == tls.key,
            Self::NoKey { .. } | Self::Unusable { .. } => true,
            Self::NoCertificate { .. } => false,
        }
    }
}

/// Reads both files and proves that they belong together. Blocking.
pub(crate) fn load(tls: &Tls) -> Result<TlsAcceptor, TlsError> {
    let chain = chain(&tls.cert)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&tls.key)?)
        .map_err(|_| TlsError::NoKey { path: tls.key.clone() })?;
    let unusable =
        |source| TlsError::Unusable { cert: tls.cert.clone(), key: tls.key.clone(), source };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(TlsError::NoCertificate { path: path.to_owned() }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    // A pipe or a device could be read for ever.
    if !metadata.is_file() || metadata.len() > MAX_PEM_BYTES {
        return Err(failed(std::io::Error::other("not a file of at most 1 MiB")));
    }
    std::fs::read(path).map_err(failed)
}

/// Certificate and key in use, and the files they are from.
pub(super) struct TlsFiles {
    files: Tls,
    acceptor: TlsAcceptor,
    written: [Option<SystemTime>; 2],
}

impl TlsFiles {
    /// Reads the files. Blocking.
    pub(super) fn open(files: &Tls) -> Result<Self, TlsError> {
        let written = written(files);
        Ok(Self { files: files.clone(), acceptor: load(files)?, written })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Takes over renewed files; keeps the old while the new cannot be used.
    pub(super) fn renew(&mut self) {
        let written = written(&self.files);
        if written == self.written {
            return;
        }
        self.written = written;
        match load(&self.files) {
            Ok(renewed) => {
                self.acceptor = renewed;
                tracing::info!("the TLS certificate was read again");
            }
            Err(error) => tracing::warn!(%error, "the new TLS certificate is not used"),
        }
    }
}

/// When the files were last written: a change means that the certificate was renewed.
fn written(files: &Tls) -> [Option<SystemTime>; 2] {
    [&files.cert, &files.key]
        .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}
