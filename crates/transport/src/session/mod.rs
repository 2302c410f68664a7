mod config;
mod output;
mod secure;

pub use config::{DtlsRole, DtlsVersions, SessionConfig};
pub use output::{CloseReason, Received, SessionOutput, SessionStats, TimeoutReason};
pub use secure::SecureSession;
