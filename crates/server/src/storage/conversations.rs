use calling_model::{UnixMillis, UserId};
use sqlx::{Row, SqliteConnection};

use super::conversation::Conversation;
use super::messages::{Message, message, number};
use super::values::{count, unix};
use super::{Storage, StorageError, timed};

/// Unread messages are counted up to this many.
const MAX_UNREAD: u32 = 1_000;

/// A conversation in somebody's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub conversation: Conversation,
    /// Its last message that the owner of the list may see.
    pub last: Option<Message>,
    /// When something happened last.
    pub last_at: UnixMillis,
    /// How far it is read.
    pub read_seq: u64,
    /// Messages of others beyond the mark, counted up to 1,000.
    pub unread: u32,
}

/// Where a page of conversations begins: after the last of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCursor {
    /// Its [`Listed::last_at`].
    pub last_at: UnixMillis,
    /// Its conversation.
    pub conversation: Conversation,
}

impl ListCursor {
    /// Text that [`ListCursor::parse`] reads.
    pub fn text(&self) -> String {
        format!("{}.{}", self.last_at.0, self.conversation.key())
    }

    /// Reads what [`ListCursor::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (last_at, key) = text.split_once('.')?;
        let last_at = UnixMillis(last_at.parse().ok()?);
        Some(Self { last_at, conversation: Conversation::parse(key).ok()? })
    }
}

impl Storage {
    /// The conversations of `user`, the one with the latest message first.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn conversations(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&ListCursor>,
    ) -> Result<Vec<Listed>, StorageError> {
        timed("conversations", async {
            let mut db = self.inner.readers.acquire().await?;
            let sql = "SELECT u.conversation, u.read_seq, u.since_seq, c.last_at, \
                       (SELECT COUNT(*) FROM (SELECT 1 FROM messages m \
                            WHERE m.conversation = u.conversation AND m.seq > u.read_seq \
                            AND m.sender <> u.user_id AND m.recalled_at IS NULL LIMIT $5) x) \
                       AS unread \
                       FROM conversation_users u \
                       JOIN conversations c ON c.conversation = u.conversation \
                       WHERE u.user_id = $1 AND (c.last_at, u.conversation) < ($2, $3) \
                       ORDER BY c.last_at DESC, u.conversation DESC LIMIT $4";
            let (last_at, key) = after.map_or((i64::MAX, String::new()), |cursor| {
                (number(cursor.last_at.0), cursor.conversation.key())
            });
            let rows = sqlx::query(sql)
                .bind(user.as_str())
                .bind(last_at)
                .bind(key)
                .bind(i64::from(limit))
                .bind(i64::from(MAX_UNREAD))
                .fetch_all(&mut *db)
                .await?;
            let mut listed = Vec::with_capacity(rows.len());
            for row in rows {
                let key: &str = row.try_get("conversation")?;
                let unread: i64 = row.try_get("unread")?;
                listed.push(Listed {
                    conversation: Conversation::parse(key)?,
                    last: last(&mut db, key, row.try_get("since_seq")?).await?,
                    last_at: unix(row.try_get("last_at")?),
                    read_seq: count(row.try_get("read_seq")?),
                    unread: u32::try_from(unread).unwrap_or(MAX_UNREAD),
                });
            }
            Ok(listed)
        })
        .await
    }

    /// Notes that `user` has read the conversation up to `seq`; gives the mark if it moved. It
    /// never moves back, nor beyond the last message.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn mark_read(
        &self,
        user: &UserId,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<Option<u64>, StorageError> {
        timed("mark_read", async {
            let sql = "UPDATE conversation_users SET read_seq = \
                       (SELECT CASE WHEN c.last_seq < $3 THEN c.last_seq ELSE $3 END \
                        FROM conversations c WHERE c.conversation = $2) \
                       WHERE user_id = $1 AND conversation = $2 AND read_seq < $3 \
                       AND read_seq < (SELECT c.last_seq FROM conversations c \
                                       WHERE c.conversation = $2) \
                       RETURNING read_seq";
            let row = sqlx::query(sql)
                .bind(user.as_str())
                .bind(conversation.key())
                .bind(number(seq))
                .fetch_optional(&self.inner.writer)
                .await?;
            Ok(row.map(|row| row.try_get("read_seq")).transpose()?.map(count))
        })
        .await
    }
}

async fn last(
    db: &mut SqliteConnection,
    key: &str,
    since: i64,
) -> Result<Option<Message>, StorageError> {
    let sql = "SELECT * FROM messages WHERE conversation = $1 AND seq > $2 \
               ORDER BY seq DESC LIMIT 1";
    let row = sqlx::query(sql).bind(key).bind(since).fetch_optional(&mut *db).await?;
    row.as_ref().map(message).transpose()
}
