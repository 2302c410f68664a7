//! Waiting for an instant that may not be set.

use std::time::Instant;

/// Ends at `instant`; never, if there is none. Cancel-safe.
pub(crate) async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
