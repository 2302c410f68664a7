//! Metrics: their names, and the recorder that `/metrics` renders.

pub mod names;
mod recorder;

use std::time::Duration;

pub use self::recorder::{Exporter, install};

/// Records how long a database operation took and whether it failed.
pub(crate) fn database(operation: &'static str, took: Duration, succeeded: bool) {
    metrics::histogram!(names::DB_SECONDS, "operation" => operation).record(took);
    if !succeeded {
        metrics::counter!(names::DB_ERRORS, "operation" => operation).increment(1);
    }
}
