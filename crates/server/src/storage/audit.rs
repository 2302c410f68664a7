use calling_model::UnixMillis;
use sqlx::{Row, SqliteConnection};

use super::messages::number;
use super::values::{count, millis, unix};
use super::{Storage, StorageError, timed};

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Grows with every entry.
    pub seq: u64,
    /// When.
    pub at: UnixMillis,
    /// The name of the token.
    pub who: String,
    /// The address it came from.
    pub source: String,
    /// What was asked.
    pub action: String,
    /// Of whom or what.
    pub target: String,
    /// The HTTP status it was answered with; `None` if the server was killed before.
    pub status: Option<u16>,
}

impl Storage {
    /// Notes what an operator is about to do; gives the number of the entry.
    ///
    /// # Errors
    /// It could not be stored; then it must not be done.
    pub async fn audit(
        &self,
        who: &str,
        source: &str,
        action: &str,
        target: &str,
        at: UnixMillis,
    ) -> Result<u64, StorageError> {
        timed("audit", async {
            let mut tx = self.begin().await?;
            let seq = next(tx.connection()?, "audit").await?;
            let sql = "INSERT INTO audit (seq, at, who, source, action, target) \
                       VALUES ($1, $2, $3, $4, $5, $6)";
            sqlx::query(sql)
                .bind(seq)
                .bind(millis(at))
                .bind(who)
                .bind(source)
                .bind(action)
                .bind(target)
                .execute(tx.connection()?)
                .await?;
            tx.commit().await?;
            Ok(count(seq))
        })
        .await
    }

    /// Notes how it was answered.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn audit_answered(&self, seq: u64, status: u16) -> Result<(), StorageError> {
        timed("audit", async {
            sqlx::query("UPDATE audit SET status = $2 WHERE seq = $1")
                .bind(number(seq))
                .bind(i64::from(status))
                .execute(&self.inner.writer)
                .await?;
            Ok(())
        })
        .await
    }

    /// The audit log, latest first: at most `limit`, and only entries before `before`.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn audit_log(
        &self,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        timed("audit_log", async {
            let sql = "SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
            let rows = sqlx::query(sql)
                .bind(before.map_or(i64::MAX, number))
                .bind(i64::from(limit))
                .fetch_all(&self.inner.readers)
                .await?;
            let entry = |row: sqlx::sqlite::SqliteRow| {
                let status: Option<i64> = row.try_get("status")?;
                Ok(AuditEntry {
                    seq: count(row.try_get("seq")?),
                    at: unix(row.try_get("at")?),
                    who: row.try_get("who")?,
                    source: row.try_get("source")?,
                    action: row.try_get("action")?,
                    target: row.try_get("target")?,
                    status: status.and_then(|status| u16::try_from(status).ok()),
                })
            };
            rows.into_iter().map(entry).collect()
        })
        .await
    }
}

/// The next number of a counter, never given twice.
pub(super) async fn next(
    db: &mut SqliteConnection,
    name: &'static str,
) -> Result<i64, StorageError> {
    let sql = "INSERT INTO counters (name, value) VALUES ($1, 1) \
               ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
    let row = sqlx::query(sql).bind(name).fetch_one(&mut *db).await?;
    Ok(row.try_get("value")?)
}
