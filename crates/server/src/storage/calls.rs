use calling_callrecord::{QualitySummary, Record};
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use sqlx::{Row, SqliteConnection};

use super::batch::{Write, Written};
use super::messages::{Delivery, insert_call_messages};
use super::outbox::Outbox;
use super::records::outcome_text;
use super::values::{json, millis, parse};
use super::{Storage, StorageError, timed};

impl Storage {
    /// Stores that a call was placed. Done before anybody is told; a second time changes nothing.
    ///
    /// # Errors
    /// It could not be stored; then nobody may be told.
    pub async fn call_started(&self, facts: &CallFacts) -> Result<(), StorageError> {
        self.store("call_started", Write::Started(facts.clone())).await.map(drop)
    }

    /// Forgets a call that was refused since its start could not be stored in time: a write that
    /// was given up may have been done after all. Of a call that has ended nothing changes.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn call_refused(&self, call_id: &CallId) -> Result<(), StorageError> {
        self.store("call_refused", Write::Refused(call_id.clone())).await.map(drop)
    }

    /// Stores who accepted a call first, and when. Of a call that is over or accepted nothing
    /// changes.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn call_accepted(
        &self,
        call_id: &CallId,
        by: &UserId,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        let write = Write::Accepted { call_id: call_id.clone(), by: by.clone(), at };
        self.store("call_accepted", write).await.map(drop)
    }

    /// Ends a call: its end, its record and its message in one transaction.
    ///
    /// Returns the messages that came to be, for delivery. Of a call that has ended before nothing
    /// changes and there are none: there is exactly one record, however often this is called. A
    /// call whose start was never stored is stored whole.
    ///
    /// # Errors
    /// Nothing of it was stored; see [`StorageError::is_retryable`].
    pub async fn end_call(
        &self,
        ended: &EndedCall,
        quality: Option<&QualitySummary>,
    ) -> Result<Vec<Delivery>, StorageError> {
        let (ended, quality) = (Box::new(ended.clone()), quality.copied());
        self.store("end_call", Write::Ended { ended, quality }).await
    }

    async fn store(&self, operation: &'static str, write: Write) -> Written {
        timed(operation, async {
            let batches = self.inner.batches.as_ref().ok_or(StorageError::ReadOnly)?;
            batches.store(write).await
        })
        .await
    }
}

pub(super) async fn start_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    facts: &CallFacts,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO calls (call_id, state, facts, started_at) \
               VALUES ($1, 'started', $2, $3) ON CONFLICT (call_id) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(facts.call_id.as_str())
        .bind(json("call", facts)?)
        .bind(millis(facts.started_at))
        .execute(&mut *tx)
        .await?;
    if done.rows_affected() == 1 && outbox.is_used() {
        outbox.started_in(tx, facts).await?;
    }
    Ok(())
}

pub(super) async fn refuse_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    call_id: &CallId,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM calls WHERE call_id = $1 AND state = 'started' RETURNING facts";
    let row = sqlx::query(sql).bind(call_id.as_str()).fetch_optional(&mut *tx).await?;
    match row {
        Some(row) if outbox.is_used() => {
            let facts = parse("call", row.try_get("facts")?)?;
            outbox.refused_in(tx, &facts).await
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) async fn accept_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    call_id: &CallId,
    by: &UserId,
    at: UnixMillis,
) -> Result<(), StorageError> {
    let sql = "UPDATE calls SET accepted_at = $2, accepted_by = $3 \
               WHERE call_id = $1 AND state = 'started' AND accepted_at IS NULL";
    let done = sqlx::query(sql)
        .bind(call_id.as_str())
        .bind(millis(at))
        .bind(by.as_str())
        .execute(&mut *tx)
        .await?;
    if !outbox.is_used() {
        return Ok(());
    }
    let sql = "SELECT facts FROM calls WHERE call_id = $1 AND state = 'started'";
    let row = sqlx::query(sql).bind(call_id.as_str()).fetch_optional(&mut *tx).await?;
    let Some(row) = row else { return Ok(()) };
    let facts = parse("call", row.try_get("facts")?)?;
    outbox.accepted_in(tx, &facts, by, at, done.rows_affected() == 1).await
}

/// What the end of a call left behind.
pub(super) struct EndStored {
    pub(super) record: Record,
    pub(super) messages: Vec<Delivery>,
}

/// Ends a call within a transaction; `None` if it had ended before.
pub(super) async fn end_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    ended: &EndedCall,
    quality: Option<&QualitySummary>,
) -> Result<Option<EndStored>, StorageError> {
    let mut record = Record::from(ended);
    if let Some(quality) = quality {
        record = record.with_quality(*quality);
    }
    let told = outbox.is_used() && acceptance_is_stored(tx, &record).await?;
    if !mark_ended(tx, &ended.facts, &record).await? {
        return Ok(None);
    }
    insert_record(tx, &record).await?;
    let messages = insert_call_messages(tx, &record, ended).await?;
    if outbox.is_used() {
        outbox.ended_in(tx, ended, &record, told).await?;
    }
    Ok(Some(EndStored { record, messages }))
}

async fn acceptance_is_stored(
    db: &mut SqliteConnection,
    record: &Record,
) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM calls WHERE call_id = $1 AND accepted_at IS NOT NULL";
    let row = sqlx::query(sql).bind(record.call_id.as_str()).fetch_optional(&mut *db).await?;
    Ok(row.is_some())
}

/// Whether this was the first end of the call.
async fn mark_ended(
    tx: &mut SqliteConnection,
    facts: &CallFacts,
    record: &Record,
) -> Result<bool, StorageError> {
    let update = "UPDATE calls SET state = 'ended', accepted_at = $2, ended_at = $3 \
                  WHERE call_id = $1 AND state = 'started'";
    let updated = sqlx::query(update)
        .bind(record.call_id.as_str())
        .bind(record.accepted_at.map(millis))
        .bind(millis(record.ended_at))
        .execute(&mut *tx)
        .await?;
    if updated.rows_affected() == 1 {
        return Ok(true);
    }
    let insert = "INSERT INTO calls (call_id, state, facts, started_at, accepted_at, ended_at) \
                  VALUES ($1, 'ended', $2, $3, $4, $5) ON CONFLICT (call_id) DO NOTHING";
    let inserted = sqlx::query(insert)
        .bind(record.call_id.as_str())
        .bind(json("call", facts)?)
        .bind(millis(record.started_at))
        .bind(record.accepted_at.map(millis))
        .bind(millis(record.ended_at))
        .execute(&mut *tx)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert_record(tx: &mut SqliteConnection, record: &Record) -> Result<(), StorageError> {
    let sql = "INSERT INTO records (call_id, outcome, started_at, ended_at, record) \
               VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(sql)
        .bind(record.call_id.as_str())
        .bind(outcome_text(record.outcome)?)
        .bind(millis(record.started_at))
        .bind(millis(record.ended_at))
        .bind(json("record", record)?)
        .execute(&mut *tx)
        .await?;
    for user in std::iter::once(&record.caller).chain(&record.callees) {
        let sql = "INSERT INTO record_users (user_id, started_at, call_id) VALUES ($1, $2, $3) \
                   ON CONFLICT (user_id, started_at, call_id) DO NOTHING";
        sqlx::query(sql)
            .bind(user.as_str())
            .bind(millis(record.started_at))
            .bind(record.call_id.as_str())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
