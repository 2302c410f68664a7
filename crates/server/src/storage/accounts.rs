use std::time::Instant;

use calling_model::{GroupId, UnixMillis, UserId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::values::{millis, unix, user};
use super::{Storage, StorageError, groups, timed};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user_id: UserId,
    /// When it came to be.
    pub created_at: UnixMillis,
    /// What it calls itself; may be empty.
    pub nickname: String,
    /// Address of its picture; may be empty.
    pub avatar: String,
}

impl Storage {
    /// Makes an account; `false` if it was there already.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn create_account(
        &self,
        user: &UserId,
        at: UnixMillis,
    ) -> Result<bool, StorageError> {
        timed("create_account", async {
            let sql = "INSERT INTO accounts (user_id, created_at) VALUES ($1, $2) \
                       ON CONFLICT (user_id) DO NOTHING";
            let done = sqlx::query(sql)
                .bind(user.as_str())
                .bind(millis(at))
                .execute(&self.inner.writer)
                .await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    /// Whether there is such an account.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn account_exists(&self, user: &UserId) -> Result<bool, StorageError> {
        let Err(look) = self.inner.known.contains(Instant::now(), user) else { return Ok(true) };
        let exists = timed("account_exists", async {
            let row = sqlx::query("SELECT 1 FROM accounts WHERE user_id = $1")
                .bind(user.as_str())
                .fetch_optional(&self.inner.readers)
                .await?;
            Ok(row.is_some())
        })
        .await?;
        // Of a database that another process writes to nothing is remembered.
        if exists && self.inner.batches.is_some() {
            self.inner.known.found(Instant::now(), user, look);
        }
        Ok(exists)
    }

    /// The accounts in order of their ids, at most `limit`, those after `after`.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn accounts(
        &self,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Account>, StorageError> {
        timed("accounts", async {
            let sql = "SELECT * FROM accounts WHERE user_id > $1 ORDER BY user_id LIMIT $2";
            let rows = sqlx::query(sql)
                .bind(after.map_or("", UserId::as_str))
                .bind(i64::from(limit))
                .fetch_all(&self.inner.readers)
                .await?;
            rows.iter().map(account).collect()
        })
        .await
    }

    /// One account.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, StorageError> {
        timed("account", async {
            let row = sqlx::query("SELECT * FROM accounts WHERE user_id = $1")
                .bind(user.as_str())
                .fetch_optional(&self.inner.readers)
                .await?;
            row.as_ref().map(account).transpose()
        })
        .await
    }

    /// Changes what an account shows of itself, of `None` nothing; `false` if there is no such
    /// account.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn set_profile(
        &self,
        user: &UserId,
        nickname: Option<&str>,
        avatar: Option<&str>,
    ) -> Result<bool, StorageError> {
        timed("set_profile", async {
            let sql = "UPDATE accounts SET nickname = COALESCE($2, nickname), \
                       avatar = COALESCE($3, avatar) WHERE user_id = $1";
            let done = sqlx::query(sql)
                .bind(user.as_str())
                .bind(nickname)
                .bind(avatar)
                .execute(&self.inner.writer)
                .await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    /// Deletes an account with its profile, its remarks and its places in groups; gives the groups
    /// it was in, `None` if there is no such account. Its messages and records stay with those
    /// they were exchanged with, and a later account of the same id does not see them.
    ///
    /// # Errors
    /// Nothing was deleted.
    pub async fn delete_account(
        &self,
        user: &UserId,
    ) -> Result<Option<Vec<GroupId>>, StorageError> {
        timed("delete_account", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            if !exists(db, user).await? {
                tx.rollback().await?;
                return Ok(None);
            }
            let groups = groups::of_user(db, user).await?;
            for group in &groups {
                groups::leave_in(db, group, user).await?;
            }
            const DELETES: [&str; 3] = [
                "DELETE FROM remarks WHERE user_id = $1 OR friend_id = $1",
                "DELETE FROM record_users WHERE user_id = $1",
                "DELETE FROM accounts WHERE user_id = $1",
            ];
            for sql in DELETES {
                sqlx::query(sql).bind(user.as_str()).execute(&mut *db).await?;
            }
            let hide = "UPDATE conversation_users SET since_seq = \
                        (SELECT c.last_seq FROM conversations c \
                         WHERE c.conversation = conversation_users.conversation), read_seq = \
                        (SELECT c.last_seq FROM conversations c \
                         WHERE c.conversation = conversation_users.conversation) \
                        WHERE user_id = $1";
            sqlx::query(hide).bind(user.as_str()).execute(&mut *db).await?;
            tx.commit().await?;
            self.inner.known.deleted(user);
            Ok(Some(groups))
        })
        .await
    }
}

/// Whether there is such an account.
pub(super) async fn exists(db: &mut SqliteConnection, user: &UserId) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM accounts WHERE user_id = $1";
    Ok(sqlx::query(sql).bind(user.as_str()).fetch_optional(&mut *db).await?.is_some())
}

fn account(row: &SqliteRow) -> Result<Account, StorageError> {
    Ok(Account {
        user_id: user(row.try_get("user_id")?)?,
        created_at: unix(row.try_get("created_at")?),
        nickname: row.try_get("nickname")?,
        avatar: row.try_get("avatar")?,
    })
}
