use std::time::Duration;

use calling_callrecord::{QualitySummary, Record};
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{Outcome, Participation};
use sqlx::{Row, SqliteConnection};

use super::values::{json, millis, parse};
use super::{Storage, StorageError, timed};

/// How long after its end a call's quality may be reported.
const REPORT_WINDOW: Duration = Duration::from_secs(60);

/// Which records to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// Only calls this user placed or was invited to.
    pub user: Option<UserId>,
    /// Only calls placed at this time or later.
    pub from: Option<UnixMillis>,
    /// Only calls placed before this time.
    pub until: Option<UnixMillis>,
    /// Only calls that ended so.
    pub outcome: Option<Outcome>,
    /// At most this many.
    pub limit: u32,
    /// Only calls placed before this one: the last of the previous page.
    pub before: Option<CallId>,
}

impl Default for RecordFilter {
    fn default() -> Self {
        Self { user: None, from: None, until: None, outcome: None, limit: 50, before: None }
    }
}

impl Storage {
    /// Records, latest call first. None if `before` is unknown.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn records(&self, filter: &RecordFilter) -> Result<Vec<Record>, StorageError> {
        timed("records", async {
            let (before_at, before_id) = match self.cursor(filter).await? {
                Some(cursor) => cursor,
                None => return Ok(Vec::new()),
            };
            let of_user = "SELECT r.record FROM record_users u \
                           JOIN records r ON r.call_id = u.call_id \
                           WHERE u.user_id = $7 \
                           AND (u.started_at, u.call_id) < ($1, $2) \
                           AND u.started_at >= $4 AND u.started_at < $5 \
                           AND ($6 = '' OR r.outcome = $6) \
                           ORDER BY u.started_at DESC, u.call_id DESC LIMIT $3";
            let of_outcome = "SELECT r.record FROM records r \
                              WHERE r.outcome = $6 AND (r.started_at, r.call_id) < ($1, $2) \
                              AND r.started_at >= $4 AND r.started_at < $5 \
                              ORDER BY r.started_at DESC, r.call_id DESC LIMIT $3";
            let of_all = "SELECT r.record FROM records r \
                          WHERE (r.started_at, r.call_id) < ($1, $2) \
                          AND r.started_at >= $4 AND r.started_at < $5 AND $6 = '' \
                          ORDER BY r.started_at DESC, r.call_id DESC LIMIT $3";
            let sql = match (&filter.user, filter.outcome) {
                (Some(_), _) => of_user,
                (None, Some(_)) => of_outcome,
                (None, None) => of_all,
            };
            let query = sqlx::query(sql)
                .bind(before_at)
                .bind(before_id)
                .bind(i64::from(filter.limit))
                .bind(filter.from.map_or(0, millis))
                .bind(filter.until.map_or(i64::MAX, millis))
                .bind(filter.outcome.map_or(Ok(String::new()), outcome_text)?);
            let query = match &filter.user {
                Some(user) => query.bind(user.as_str()),
                None => query,
            };
            let rows = query.fetch_all(&self.inner.readers).await?;
            rows.iter().map(|row| parse("record", row.try_get::<&str, _>("record")?)).collect()
        })
        .await
    }

    /// The record of one call.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn record(&self, call_id: &CallId) -> Result<Option<Record>, StorageError> {
        timed("record", async {
            let row = sqlx::query("SELECT record FROM records WHERE call_id = $1")
                .bind(call_id.as_str())
                .fetch_optional(&self.inner.readers)
                .await?;
            row.map(|row| parse("record", row.try_get::<&str, _>("record")?)).transpose()
        })
        .await
    }

    /// How many records there are.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn count_records(&self) -> Result<u64, StorageError> {
        timed("count_records", async {
            let row = sqlx::query("SELECT COUNT(*) AS records FROM records")
                .fetch_one(&self.inner.readers)
                .await?;
            let records: i64 = row.try_get("records")?;
            Ok(u64::try_from(records).unwrap_or(0))
        })
        .await
    }

    /// Deletes the records that `filter` is about, with their calls; its page (`limit`, `before`)
    /// does not count. Gives how many.
    ///
    /// # Errors
    /// Nothing was deleted.
    pub async fn delete_records(&self, filter: &RecordFilter) -> Result<u64, StorageError> {
        timed("delete_records", async {
            let mut tx = self.begin().await?;
            let sql = "SELECT r.call_id FROM records r \
                       WHERE r.started_at >= $1 AND r.started_at < $2 \
                       AND ($3 = '' OR r.outcome = $3) \
                       AND ($4 = '' OR EXISTS (SELECT 1 FROM record_users u \
                                               WHERE u.call_id = r.call_id AND u.user_id = $4))";
            let rows = sqlx::query(sql)
                .bind(filter.from.map_or(0, millis))
                .bind(filter.until.map_or(i64::MAX, millis))
                .bind(filter.outcome.map_or(Ok(String::new()), outcome_text)?)
                .bind(filter.user.as_ref().map_or("", UserId::as_str))
                .fetch_all(tx.connection()?)
                .await?;
            for row in &rows {
                delete(tx.connection()?, row.try_get("call_id")?).await?;
            }
            tx.commit().await?;
            Ok(rows.len() as u64)
        })
        .await
    }

    /// Deletes one record with its call; `false` if there is none.
    ///
    /// # Errors
    /// Nothing was deleted.
    pub async fn delete_record(&self, call_id: &CallId) -> Result<bool, StorageError> {
        timed("delete_record", async {
            let mut tx = self.begin().await?;
            let deleted = delete(tx.connection()?, call_id.as_str()).await?;
            tx.commit().await?;
            Ok(deleted)
        })
        .await
    }

    /// Adds to a record how the call went; `false` if there is no such record.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn update_quality(
        &self,
        call_id: &CallId,
        quality: &QualitySummary,
    ) -> Result<bool, StorageError> {
        self.amend(call_id, |record| Some(record.with_quality(*quality))).await
    }

    /// Takes what `user` measured of a call that has ended; see [`QualitySummary::refined_by`].
    /// `false` if there is no record of a conversation of theirs that ended
    /// less than a minute before `at`.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn report_quality(
        &self,
        call_id: &CallId,
        user: &UserId,
        heard: &QualitySummary,
        at: UnixMillis,
    ) -> Result<bool, StorageError> {
        // Most reports change nothing, and the one writer is for those that do.
        let Some(record) = self.record(call_id).await? else { return Ok(false) };
        if !talked_lately(&record, user, at) {
            return Ok(false);
        }
        if with_report(&record, heard).is_none() {
            return Ok(true);
        }
        self.amend(call_id, |record| with_report(&record, heard)).await?;
        Ok(true)
    }

    /// Replaces a record by what `change` makes of it; `false` if there is none, or no change.
    async fn amend(
        &self,
        call_id: &CallId,
        change: impl FnOnce(Record) -> Option<Record>,
    ) -> Result<bool, StorageError> {
        timed("update_quality", async {
            let mut tx = self.begin().await?;
            let row = sqlx::query("SELECT record FROM records WHERE call_id = $1")
                .bind(call_id.as_str())
                .fetch_optional(tx.connection()?)
                .await?;
            let known: Option<Record> =
                row.map(|row| parse("record", row.try_get::<&str, _>("record")?)).transpose()?;
            let Some(record) = known.and_then(change) else {
                tx.rollback().await?;
                return Ok(false);
            };
            sqlx::query("UPDATE records SET record = $2 WHERE call_id = $1")
                .bind(call_id.as_str())
                .bind(json("record", &record)?)
                .execute(tx.connection()?)
                .await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Where reading begins, exclusive; `None` if it begins at a call nobody knows.
    async fn cursor(&self, filter: &RecordFilter) -> Result<Option<(i64, String)>, StorageError> {
        let Some(before) = &filter.before else { return Ok(Some((i64::MAX, String::new()))) };
        let row = sqlx::query("SELECT started_at FROM records WHERE call_id = $1")
            .bind(before.as_str())
            .fetch_optional(&self.inner.readers)
            .await?;
        row.map(|row| Ok((row.try_get("started_at")?, before.as_str().to_owned()))).transpose()
    }
}

fn talked_lately(record: &Record, user: &UserId, at: UnixMillis) -> bool {
    let talked = |part: &Participation| part.user == *user && part.joined_at.is_some();
    at.saturating_since(record.ended_at) < REPORT_WINDOW && record.participants.iter().any(talked)
}

/// The record with what was heard; `None` if that tells nothing new.
fn with_report(record: &Record, heard: &QualitySummary) -> Option<Record> {
    let quality = record.quality.map_or(*heard, |known| known.refined_by(*heard));
    (record.quality != Some(quality)).then(|| record.clone().with_quality(quality))
}

/// Whether there was a record to delete.
async fn delete(db: &mut SqliteConnection, call_id: &str) -> Result<bool, StorageError> {
    let sql = "DELETE FROM record_users WHERE call_id = $1";
    sqlx::query(sql).bind(call_id).execute(&mut *db).await?;
    let sql = "DELETE FROM records WHERE call_id = $1";
    let deleted = sqlx::query(sql).bind(call_id).execute(&mut *db).await?.rows_affected() == 1;
    let sql = "DELETE FROM calls WHERE call_id = $1 AND state = 'ended'";
    sqlx::query(sql).bind(call_id).execute(&mut *db).await?;
    Ok(deleted)
}

/// An outcome as it is stored: as in JSON.
pub(super) fn outcome_text(outcome: Outcome) -> Result<String, StorageError> {
    Ok(json("outcome", &outcome)?.trim_matches('"').to_owned())
}
