//! The events that wait for webhooks, as those see them who send them and who look after them.

use calling_model::UnixMillis;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::messages::number;
use super::values::{count, millis, unix};
use super::{Storage, StorageError, timed};
use crate::webhooks::event::Hook;

/// A stored event that is to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueEvent {
    pub(crate) event_id: String,
    pub(crate) command: String,
    pub(crate) lane: String,
    pub(crate) body: String,
    pub(crate) attempts: u32,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub event_id: String,
    /// Its place in the list.
    pub seq: u64,
    /// `events` or `push`.
    pub hook: String,
    /// What was to be sent.
    pub body: String,
    /// When it happened.
    pub created_at: UnixMillis,
    /// When it was given up.
    pub dead_at: UnixMillis,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong the last time.
    pub last_error: String,
}

/// How many events wait, and how many were given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxFigures {
    /// Waiting to be sent.
    pub pending: u64,
    /// Given up.
    pub dead: u64,
}

impl Storage {
    /// The first event of each lane that is due at `at`, in their order. One that is due only
    /// beyond `horizon` was put off by a clock that has stepped back since: it is due as well.
    pub(crate) async fn due_events(
        &self,
        hook: Hook,
        at: UnixMillis,
        horizon: UnixMillis,
        limit: u32,
    ) -> Result<Vec<DueEvent>, StorageError> {
        timed("due_events", async {
            let sql = "SELECT e.* FROM webhook_events e \
                       WHERE e.hook = $1 AND e.dead_at IS NULL \
                       AND (e.due_at <= $2 OR e.due_at > $3) \
                       AND NOT EXISTS (SELECT 1 FROM webhook_events f \
                                       WHERE f.lane = e.lane AND f.dead_at IS NULL \
                                       AND f.seq < e.seq) \
                       ORDER BY e.due_at, e.seq LIMIT $4";
            let rows = sqlx::query(sql)
                .bind(hook.text())
                .bind(millis(at))
                .bind(millis(horizon))
                .bind(i64::from(limit))
                .fetch_all(&self.inner.readers)
                .await?;
            let due = |row: SqliteRow| {
                Ok(DueEvent {
                    event_id: row.try_get("event_id")?,
                    command: row.try_get("command")?,
                    lane: row.try_get("lane")?,
                    body: row.try_get("body")?,
                    attempts: attempts(&row)?,
                })
            };
            rows.into_iter().map(due).collect()
        })
        .await
    }

    /// When the next event is due, if any waits.
    pub(crate) async fn next_due(&self, hook: Hook) -> Result<Option<UnixMillis>, StorageError> {
        timed("next_due", async {
            let sql = "SELECT MIN(due_at) AS due_at FROM webhook_events \
                       WHERE hook = $1 AND dead_at IS NULL";
            let row = sqlx::query(sql).bind(hook.text()).fetch_one(&self.inner.readers).await?;
            Ok(row.try_get::<Option<i64>, _>("due_at")?.map(unix))
        })
        .await
    }

    /// Forgets events that were taken.
    pub(crate) async fn events_delivered(&self, ids: &[String]) -> Result<(), StorageError> {
        timed("events_delivered", async {
            let mut tx = self.begin().await?;
            for id in ids {
                sqlx::query("DELETE FROM webhook_events WHERE event_id = $1")
                    .bind(id.as_str())
                    .execute(tx.connection()?)
                    .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Puts an event off, with all that stand behind it.
    pub(crate) async fn event_failed(
        &self,
        event: &DueEvent,
        due_at: UnixMillis,
        error: &str,
    ) -> Result<(), StorageError> {
        timed("event_failed", async {
            let mut tx = self.begin().await?;
            let sql = "UPDATE webhook_events SET attempts = attempts + 1, last_error = $2 \
                       WHERE event_id = $1";
            sqlx::query(sql)
                .bind(event.event_id.as_str())
                .bind(error)
                .execute(tx.connection()?)
                .await?;
            let sql = "UPDATE webhook_events SET due_at = $2 \
                       WHERE lane = $1 AND dead_at IS NULL";
            sqlx::query(sql)
                .bind(event.lane.as_str())
                .bind(millis(due_at))
                .execute(tx.connection()?)
                .await?;
            tx.commit().await
        })
        .await
    }

    /// Gives an event up; what stands behind it is due now.
    pub(crate) async fn event_dead(
        &self,
        event: &DueEvent,
        at: UnixMillis,
        error: &str,
    ) -> Result<(), StorageError> {
        timed("event_dead", async {
            let mut tx = self.begin().await?;
            let sql = "UPDATE webhook_events \
                       SET attempts = attempts + 1, last_error = $2, dead_at = $3 \
                       WHERE event_id = $1";
            sqlx::query(sql)
                .bind(event.event_id.as_str())
                .bind(error)
                .bind(millis(at))
                .execute(tx.connection()?)
                .await?;
            let sql = "UPDATE webhook_events SET due_at = $2 \
                       WHERE lane = $1 AND dead_at IS NULL";
            sqlx::query(sql)
                .bind(event.lane.as_str())
                .bind(millis(at))
                .execute(tx.connection()?)
                .await?;
            tx.commit().await
        })
        .await
    }

    /// How many events wait and how many were given up.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn outbox_figures(&self) -> Result<OutboxFigures, StorageError> {
        timed("outbox_figures", async {
            let sql = "SELECT COUNT(*) AS total, COUNT(dead_at) AS dead FROM webhook_events";
            let row = sqlx::query(sql).fetch_one(&self.inner.readers).await?;
            let (total, dead): (i64, i64) = (row.try_get("total")?, row.try_get("dead")?);
            Ok(OutboxFigures { pending: count(total - dead), dead: count(dead) })
        })
        .await
    }

    /// Events that were given up, oldest first: at most `limit`, those after `after`.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn dead_letters(
        &self,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StorageError> {
        timed("dead_letters", async {
            let sql = "SELECT * FROM webhook_events WHERE dead_at IS NOT NULL AND seq > $1 \
                       ORDER BY seq LIMIT $2";
            let rows = sqlx::query(sql)
                .bind(after.map_or(0, number))
                .bind(i64::from(limit))
                .fetch_all(&self.inner.readers)
                .await?;
            rows.iter().map(dead_letter).collect()
        })
        .await
    }

    /// Has an event that was given up, or all of them, sent again; gives how many.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn resend_dead(
        &self,
        event_id: Option<&str>,
        at: UnixMillis,
    ) -> Result<u64, StorageError> {
        timed("resend_dead", async {
            let sql = "UPDATE webhook_events SET dead_at = NULL, attempts = 0, due_at = $2 \
                       WHERE dead_at IS NOT NULL AND ($1 = '' OR event_id = $1)";
            let done = sqlx::query(sql)
                .bind(event_id.unwrap_or_default())
                .bind(millis(at))
                .execute(&self.inner.writer)
                .await?;
            self.inner.outbox.wake();
            Ok(done.rows_affected())
        })
        .await
    }

    /// Deletes an event that was given up; `false` if there is none.
    ///
    /// # Errors
    /// It could not be deleted.
    pub async fn delete_dead(&self, event_id: &str) -> Result<bool, StorageError> {
        timed("delete_dead", async {
            let sql = "DELETE FROM webhook_events WHERE dead_at IS NOT NULL AND event_id = $1";
            let done = sqlx::query(sql).bind(event_id).execute(&self.inner.writer).await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }
}

fn attempts(row: &SqliteRow) -> Result<u32, StorageError> {
    Ok(u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX))
}

fn dead_letter(row: &SqliteRow) -> Result<DeadLetter, StorageError> {
    let last_error: Option<String> = row.try_get("last_error")?;
    Ok(DeadLetter {
        event_id: row.try_get("event_id")?,
        seq: count(row.try_get("seq")?),
        hook: row.try_get("hook")?,
        body: row.try_get("body")?,
        created_at: unix(row.try_get("created_at")?),
        dead_at: unix(row.try_get("dead_at")?),
        attempts: attempts(row)?,
        last_error: last_error.unwrap_or_default(),
    })
}
