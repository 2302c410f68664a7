use calling_callrecord::{CallMessage, Record};
use calling_model::{CallId, UserId};
use calling_signaling::protocol::MessageEvent;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::values::{conversation, millis, unix, user};
use super::{Storage, StorageError, timed};

impl Storage {
    /// Messages of the conversation of `a` and `b`, newest first: at most `limit`, and only those
    /// with a sequence number below `before`.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn history(
        &self,
        a: &UserId,
        b: &UserId,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<MessageEvent>, StorageError> {
        timed("history", async {
            let (low, high) = conversation(a, b);
            let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
            let sql = "SELECT low, high, seq, sender, sent_at, call_id, custom FROM messages \
                       WHERE low = $1 AND high = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4";
            let rows = sqlx::query(sql)
                .bind(low)
                .bind(high)
                .bind(before)
                .bind(i64::from(limit))
                .fetch_all(&self.inner.readers)
                .await?;
            rows.iter().map(message).collect()
        })
        .await
    }
}

fn message(row: &SqliteRow) -> Result<MessageEvent, StorageError> {
    let low = user(row.try_get("low")?)?;
    let high = user(row.try_get("high")?)?;
    let from = user(row.try_get("sender")?)?;
    let seq: i64 = row.try_get("seq")?;
    let call_id: Option<String> = row.try_get("call_id")?;
    let call_id = call_id
        .map(CallId::new)
        .transpose()
        .map_err(|error| StorageError::Unreadable { what: "call id", reason: error.to_string() })?;
    Ok(MessageEvent {
        seq: u64::try_from(seq).unwrap_or(0),
        to: if from == low { high } else { low },
        from,
        sent_at: unix(row.try_get("sent_at")?),
        call_id,
        custom: row.try_get("custom")?,
    })
}

/// Stores the message of a call in the conversation of its two users.
pub(super) async fn insert_message(
    tx: &mut SqliteConnection,
    record: &Record,
    message: CallMessage,
) -> Result<MessageEvent, StorageError> {
    let CallMessage { sender, receiver, text } = message;
    let (low, high) = conversation(&sender, &receiver);
    let seq = next_seq(tx, low, high).await?;
    let sql = "INSERT INTO messages (low, high, seq, sender, sent_at, call_id, custom) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(sql)
        .bind(low)
        .bind(high)
        .bind(seq)
        .bind(sender.as_str())
        .bind(millis(record.ended_at))
        .bind(record.call_id.as_str())
        .bind(text.as_str())
        .execute(&mut *tx)
        .await?;
    Ok(MessageEvent {
        seq: u64::try_from(seq).unwrap_or(0),
        from: sender,
        to: receiver,
        sent_at: record.ended_at,
        call_id: Some(record.call_id.clone()),
        custom: text,
    })
}

/// The conversation's counter, moved on. It is a row of its own, so that numbers are never used
/// twice, not even after messages were deleted.
async fn next_seq(tx: &mut SqliteConnection, low: &str, high: &str) -> Result<i64, StorageError> {
    let sql = "INSERT INTO conversations (low, high, last_seq) VALUES ($1, $2, 1) \
               ON CONFLICT (low, high) DO UPDATE SET last_seq = conversations.last_seq + 1 \
               RETURNING last_seq";
    let row = sqlx::query(sql).bind(low).bind(high).fetch_one(&mut *tx).await?;
    Ok(row.try_get("last_seq")?)
}
