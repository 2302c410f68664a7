use calling_model::{UnixMillis, UserId};
use sqlx::Row;

use super::values::{millis, unix, user};
use super::{Storage, StorageError, timed};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user_id: UserId,
    /// When it came to be.
    pub created_at: UnixMillis,
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
        timed("account_exists", async {
            let row = sqlx::query("SELECT 1 FROM accounts WHERE user_id = $1")
                .bind(user.as_str())
                .fetch_optional(&self.inner.readers)
                .await?;
            Ok(row.is_some())
        })
        .await
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
            let sql = "SELECT user_id, created_at FROM accounts WHERE user_id > $1 \
                       ORDER BY user_id LIMIT $2";
            let rows = sqlx::query(sql)
                .bind(after.map_or("", UserId::as_str))
                .bind(i64::from(limit))
                .fetch_all(&self.inner.readers)
                .await?;
            rows.into_iter()
                .map(|row| {
                    let user_id = user(row.try_get("user_id")?)?;
                    Ok(Account { user_id, created_at: unix(row.try_get("created_at")?) })
                })
                .collect()
        })
        .await
    }
}
