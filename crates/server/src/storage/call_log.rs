//! What a user sees of the calls they were in, and may take out of their sight.

use calling_callrecord::{CallLogEntry, CallLogFilter};
use calling_model::{CallId, UnixMillis, UserId};
use sqlx::{Row, SqliteConnection};

use super::values::{millis, parse};
use super::{Storage, StorageError, timed};

/// Records read for one page at most: a filter that few calls meet does not read them all at once.
const MAX_READ: i64 = 1_000;

/// Records read at a time.
const READ_AT_A_TIME: i64 = 100;

/// Part of a user's call log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallLogPage {
    /// The calls, latest first.
    pub entries: Vec<CallLogEntry>,
    /// What continues after them; `None` at the end of the log.
    pub next: Option<CallId>,
}

/// Where a log is read on: before this call.
type Cursor = (i64, String);

impl Storage {
    /// The calls of `user`'s log that `filter` shows, at most `limit`, placed before the call
    /// `before`; `None` if that one was never in their log. A page may hold fewer and still have a
    /// `next`.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn call_log(
        &self,
        user: &UserId,
        filter: &CallLogFilter,
        limit: usize,
        before: Option<&CallId>,
    ) -> Result<Option<CallLogPage>, StorageError> {
        timed("call_log", async {
            let mut db = self.inner.readers.acquire().await?;
            let Some(mut cursor) = cursor(&mut db, user, before).await? else {
                return Ok(None);
            };
            let mut page = CallLogPage::default();
            for _ in 0..MAX_READ / READ_AT_A_TIME {
                let rows = read(&mut db, user, filter, &cursor).await?;
                let is_end = rows.len() < usize::try_from(READ_AT_A_TIME).unwrap_or(usize::MAX);
                for Found { at, entry } in rows {
                    if page.entries.len() == limit {
                        page.next = CallId::new(cursor.1).ok();
                        return Ok(Some(page));
                    }
                    cursor = at;
                    page.entries.extend(entry.filter(|entry| filter.shows(entry)));
                }
                if is_end {
                    return Ok(Some(page));
                }
            }
            page.next = CallId::new(cursor.1).ok();
            Ok(Some(page))
        })
        .await
    }

    /// Takes calls out of `user`'s log; the records stay, and the logs of others. Gives those that
    /// were in it.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn hide_calls(
        &self,
        user: &UserId,
        calls: &[CallId],
    ) -> Result<Vec<CallId>, StorageError> {
        timed("hide_calls", async {
            let mut tx = self.begin().await?;
            let mut hidden = Vec::new();
            for call in calls {
                let sql = "UPDATE record_users SET hidden = 1 \
                           WHERE user_id = $1 AND call_id = $2 AND hidden = 0";
                let done = sqlx::query(sql)
                    .bind(user.as_str())
                    .bind(call.as_str())
                    .execute(tx.connection()?)
                    .await?;
                hidden.extend((done.rows_affected() > 0).then(|| call.clone()));
            }
            tx.commit().await?;
            Ok(hidden)
        })
        .await
    }
}

struct Found {
    at: Cursor,
    /// `None` if the record says that the call was not theirs.
    entry: Option<CallLogEntry>,
}

/// Hidden calls are cursors too: what was deleted between two pages does not end the log.
async fn cursor(
    db: &mut SqliteConnection,
    user: &UserId,
    before: Option<&CallId>,
) -> Result<Option<Cursor>, StorageError> {
    let Some(before) = before else { return Ok(Some((i64::MAX, String::new()))) };
    let sql = "SELECT started_at FROM record_users WHERE user_id = $1 AND call_id = $2";
    let row = sqlx::query(sql).bind(user.as_str()).bind(before.as_str()).fetch_optional(db).await?;
    row.map(|row| Ok((row.try_get("started_at")?, before.as_str().to_owned()))).transpose()
}

async fn read(
    db: &mut SqliteConnection,
    user: &UserId,
    filter: &CallLogFilter,
    cursor: &Cursor,
) -> Result<Vec<Found>, StorageError> {
    let sql = "SELECT u.started_at, u.call_id, r.record FROM record_users u \
               JOIN records r ON r.call_id = u.call_id \
               WHERE u.user_id = $1 AND u.hidden = 0 \
               AND (u.started_at, u.call_id) < ($2, $3) \
               AND u.started_at >= $4 AND u.started_at < $5 \
               ORDER BY u.started_at DESC, u.call_id DESC LIMIT $6";
    let rows = sqlx::query(sql)
        .bind(user.as_str())
        .bind(cursor.0)
        .bind(&cursor.1)
        .bind(millis(filter.begin.unwrap_or(UnixMillis(0))))
        .bind(filter.end.map_or(i64::MAX, millis))
        .bind(READ_AT_A_TIME)
        .fetch_all(db)
        .await?;
    rows.iter()
        .map(|row| {
            let record = parse("record", row.try_get::<&str, _>("record")?)?;
            let at = (row.try_get("started_at")?, row.try_get("call_id")?);
            Ok(Found { at, entry: CallLogEntry::for_user(&record, user) })
        })
        .collect()
}
