use calling_model::UnixMillis;

use super::values::millis;
use super::{Storage, StorageError, timed};

/// How much was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Records, each with its call.
    pub records: u64,
    /// Messages.
    pub messages: u64,
}

/// What goes with the records of its time.
const OTHERS: [&str; 2] = [
    "DELETE FROM audit WHERE at < $1",
    "DELETE FROM webhook_events WHERE dead_at IS NOT NULL AND created_at < $1",
];

impl Storage {
    /// Deletes records of calls that ended before `before`, messages sent before it,
    /// and the audit log and dead letters of that time. Calls in progress and events that wait
    /// stay, however old.
    ///
    /// # Errors
    /// Nothing was deleted.
    pub async fn purge(&self, before: UnixMillis) -> Result<Purged, StorageError> {
        timed("purge", async {
            let before = millis(before);
            let mut tx = self.begin().await?;
            let users = "DELETE FROM record_users WHERE call_id IN \
                         (SELECT call_id FROM records WHERE ended_at < $1)";
            sqlx::query(users).bind(before).execute(tx.connection()?).await?;
            let records = sqlx::query("DELETE FROM records WHERE ended_at < $1")
                .bind(before)
                .execute(tx.connection()?)
                .await?
                .rows_affected();
            sqlx::query("DELETE FROM calls WHERE state = 'ended' AND ended_at < $1")
                .bind(before)
                .execute(tx.connection()?)
                .await?;
            let messages = sqlx::query("DELETE FROM messages WHERE sent_at < $1")
                .bind(before)
                .execute(tx.connection()?)
                .await?
                .rows_affected();
            for sql in OTHERS {
                sqlx::query(sql).bind(before).execute(tx.connection()?).await?;
            }
            tx.commit().await?;
            Ok(Purged { records, messages })
        })
        .await
    }
}
