//! What outlives the process: accounts, groups, calls, records, messages, what webhooks are still
//! to be told and the audit log, in one SQLite database.
//!
//! A call is stored before anybody is told of it ([`Storage::call_started`]), and its end, its
//! record, its messages and their webhook events are one transaction ([`Storage::end_call`]). Whatever moment the process
//! dies at, [`Storage::recover`] finds each call either ended with a record or still started, and
//! ends the latter, so that every call has exactly one record.
//!
//! All writes go through one connection; reads have their own. Queries keep to SQL that other
//! databases share.

mod accounts;
mod audit;
mod batch;
mod call_log;
mod calls;
mod conversation;
mod conversations;
mod error;
mod groups;
mod invited;
mod known;
mod letters;
mod maintain;
mod members;
mod message_rows;
mod messages;
mod open;
mod outbox;
mod profiles;
mod purge;
mod records;
mod recover;
mod refusal;
mod tokens;
mod values;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use sqlx::sqlite::SqlitePool;

use self::batch::Batches;

pub use self::accounts::Account;
pub use self::audit::AuditEntry;
pub use self::call_log::CallLogPage;
pub use self::conversation::Conversation;
pub use self::conversations::{ListCursor, Listed};
pub use self::error::{OpenError, StorageError};
pub use self::groups::{Group, NewGroup};
pub(crate) use self::letters::DueEvent;
pub use self::letters::{DeadLetter, OutboxFigures};
pub use self::maintain::maintain;
pub use self::members::{GroupMember, MemberChange, Role};
pub use self::messages::{Body, Delivery, Message, NewMessage};
pub use self::profiles::Profile;
pub use self::purge::Purged;
pub use self::records::RecordFilter;
pub use self::refusal::Refusal;
pub use self::tokens::{Scope, StoredToken};

/// The database file within the data directory.
pub const DATABASE_FILE: &str = "calling.db";

/// A handle to the database; clones share it.
#[derive(Clone, Debug)]
pub struct Storage {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The only connection that writes, so that writers queue here and not in SQLite.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Where calls are written; `None` when it was opened for reading.
    batches: Option<Batches>,
    dir: PathBuf,
    /// Held as long as the database is open; `None` when it was opened for reading.
    lock: Option<std::fs::File>,
    /// What webhooks are to be told.
    outbox: Arc<outbox::Outbox>,
    known: known::Known,
}

impl Storage {
    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Whether the database answers and can be written, for health checks.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StorageError> {
        timed("ping", async {
            let mut tx = self.begin().await?;
            sqlx::query("UPDATE meta SET value = value WHERE name = 'alive_at'")
                .execute(tx.connection()?)
                .await?;
            tx.rollback().await?;
            Ok(())
        })
        .await
    }

    /// Waits for what is being written, writes the log back into the database file and closes it.
    /// A storage opened for reading is merely closed: the log belongs to the server that writes.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        if self.inner.lock.is_none() {
            return;
        }
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = checkpoint.execute(&self.inner.writer).await {
            // Nothing is lost: the next start reads the log.
            tracing::warn!(%error, "the database log could not be written back");
        }
        self.inner.writer.close().await;
        tracing::info!("the database is closed");
        if let Some(lock) = &self.inner.lock {
            // Goes with the last handle at the latest.
            let _ = lock.unlock();
        }
    }
}

/// Runs one operation and records how long it took.
async fn timed<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let started = Instant::now();
    let result = work.await;
    crate::telemetry::database(operation, started.elapsed(), result.is_ok());
    result
}

#[cfg(test)]
mod tests;
