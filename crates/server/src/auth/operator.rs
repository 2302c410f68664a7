use std::net::IpAddr;
use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use calling_model::UnixMillis;
use calling_signaling::protocol::{Code, ProtocolError};

use super::Authenticator;
use crate::storage::{Refusal, Scope, StorageError, StoredToken};

/// The name of the token in the file.
pub const ROOT: &str = "admin";

/// The longest name of a token, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// An operator, proven by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name of the token, as it stands in the audit log.
    pub name: String,
    /// What the token opens.
    pub scope: Scope,
    /// Whether it is the token in the file, which alone makes and withdraws others.
    pub is_root: bool,
}

impl Authenticator {
    /// Whose token this is; `None` if it is nobody's, which counts as a failure of `source`.
    ///
    /// # Errors
    /// `source` has failed too often and has to wait, or the database cannot be read.
    pub async fn operator(
        &self,
        source: IpAddr,
        token: &str,
        now: Instant,
    ) -> Result<Option<Operator>, ProtocolError> {
        if self.admin_token.matches(token) {
            let name = ROOT.to_owned();
            return Ok(Some(Operator { name, scope: Scope::Write, is_root: true }));
        }
        // A digest of 256 random bits tells nothing of them, and looking it up tells nothing by
        // how long it takes.
        if let Some(stored) = self.storage.token(&hash(token)).await.map_err(unreachable)? {
            let StoredToken { name, scope, .. } = stored;
            return Ok(Some(Operator { name, scope, is_root: false }));
        }
        self.refuse(source, now)?;
        Ok(None)
    }

    /// Makes a token of this name; it is told this once and stored as a digest.
    ///
    /// # Errors
    /// The name is taken or no name, or the database cannot be written.
    pub async fn make_token(
        &self,
        name: &str,
        scope: Scope,
        at: UnixMillis,
    ) -> Result<String, ProtocolError> {
        let is_name = !name.is_empty()
            && name.len() <= MAX_NAME_BYTES
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !is_name || name == ROOT {
            let sentence = format!(
                "the name of a token is 1 to {MAX_NAME_BYTES} of A-Z, a-z, 0-9, '_', '-' and '.', \
                 and not `{ROOT}`"
            );
            return Err(ProtocolError::new(Code::BadParameter, sentence));
        }
        let token = random_token()?;
        let stored = StoredToken { name: name.to_owned(), scope, created_at: at };
        match self.storage.create_token(&stored, &hash(&token)).await.map_err(unreachable)? {
            Ok(()) => Ok(token),
            Err(Refusal::Taken) => {
                let sentence = "there is a token of that name, or there are too many tokens";
                Err(ProtocolError::new(Code::Repeated, sentence))
            }
            Err(other) => Err(ProtocolError::new(Code::Internal, other.to_string())),
        }
    }
}

fn random_token() -> Result<String, ProtocolError> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| ProtocolError::new(Code::Internal, "the system gives no random numbers"))?;
    Ok(hex(&bytes))
}

fn hash(token: &str) -> String {
    hex(digest(&SHA256, token.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unreachable(error: StorageError) -> ProtocolError {
    tracing::warn!(%error, "a token could not be looked up");
    let sentence = "the server cannot reach its database; try again in a moment";
    ProtocolError::new(Code::Internal, sentence)
}
