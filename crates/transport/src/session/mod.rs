mod config;
mod handshake;
mod offer;
mod output;
mod secure;

pub use config::{DtlsRole, DtlsVersions, SessionConfig, SrtpOffer};
pub(crate) use handshake::DtlsSettings;
pub use output::{CloseReason, Received, SessionOutput, SessionStats, TimeoutReason};
pub use secure::SecureSession;
