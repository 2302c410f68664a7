use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::config::{Config, SecretKey};

/// Files that must not be larger than this are not read further.
const MAX_BYTES: u64 = 4096;

/// Allows everything that REST offers. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(Box<str>);

/// What the server keeps to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Signs and verifies UserSigs.
    pub secret_key: SecretKey,
    /// Opens REST.
    pub admin_token: AdminToken,
}

/// Why a secret could not be read or made, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or made.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its content is no secret.
    #[error(
        "{} {reason}; put the right one there, or delete the file and a new one is made at start",
        path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The system has no randomness.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Secrets {
    /// Reads the secrets of the data directory and makes those that are absent. Blocking.
    ///
    /// # Errors
    /// One line that says what to do.
    pub fn load(config: &Config) -> Result<Self, SecretsError> {
        let secret_key = match &config.secret_key {
            Some(key) => key.clone(),
            None => key_file(&config.data, "secret.key")?,
        };
        let path = config.data.join("admin.token");
        let text = read_or_make(&path)?;
        SecretKey::new(&text)
            .map_err(|reason| SecretsError::Unusable { path, reason })
            .map(|_| Self { secret_key, admin_token: AdminToken(text.into()) })
    }
}

/// The key that signs webhooks: the one configured, or the one in the data directory, made if
/// absent. Blocking.
pub(crate) fn webhook_key(config: &Config) -> Result<SecretKey, SecretsError> {
    match &config.webhooks.secret {
        Some(key) => Ok(key.clone()),
        None => key_file(&config.data, "webhook.key"),
    }
}

/// The key in a file of `dir`, made if absent.
fn key_file(dir: &Path, name: &str) -> Result<SecretKey, SecretsError> {
    let path = dir.join(name);
    let text = read_or_make(&path)?;
    SecretKey::new(&text).map_err(|reason| SecretsError::Unusable { path, reason })
}

impl AdminToken {
    /// The token itself, for those who may have it. Do not log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `token` is this one, in time that does not tell how much of it is right.
    pub fn matches(&self, token: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), token.as_bytes());
        let lengths = ours.len() ^ theirs.len();
        let difference = ours
            .iter()
            .zip(theirs)
            .fold(0_u8, |difference, (ours, theirs)| difference | (ours ^ theirs));
        lengths == 0 && std::hint::black_box(difference) == 0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(***)")
    }
}

fn read_or_make(path: &Path) -> Result<String, SecretsError> {
    let failed = |source| SecretsError::File { path: path.to_owned(), source };
    match std::fs::File::open(path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
            warn_if_shared(path);
            Ok(text.trim().to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(failed(error)),
    }
}

/// Writes 256 random bits as hexadecimal digits, for the owner's eyes only from the first moment.
fn make(path: &Path) -> Result<String, SecretsError> {
    let failed = |source| SecretsError::File { path: path.to_owned(), source };
    let text = random_hex()?;
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(text)
}

fn random_hex() -> Result<String, SecretsError> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SecretsError::NoRandomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn warn_if_shared(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            let path = path.display();
            tracing::warn!("others can read {path}; chmod 600 {path}");
        }
    }
}
