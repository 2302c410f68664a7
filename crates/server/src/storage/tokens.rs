use calling_model::UnixMillis;
use sqlx::Row;

use super::values::{millis, unix};
use super::{Refusal, Storage, StorageError, timed};

/// Tokens there may be.
const MAX_TOKENS: i64 = 1_000;

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Looks at everything.
    Read,
    /// Also changes it.
    Write,
}

/// A token of an operator, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Its name, as it stands in the audit log.
    pub name: String,
    /// What it opens.
    pub scope: Scope,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl Scope {
    const fn text(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    fn parse(text: &str) -> Self {
        // What cannot be read opens the least.
        if text == "write" { Self::Write } else { Self::Read }
    }
}

impl Storage {
    /// Stores the digest of a token.
    ///
    /// # Errors
    /// It could not be stored. [`Refusal`]: the name is taken, or there are too many.
    pub async fn create_token(
        &self,
        token: &StoredToken,
        hash: &str,
    ) -> Result<Result<(), Refusal>, StorageError> {
        timed("create_token", async {
            let sql = "INSERT INTO admin_tokens (name, hash, scope, created_at) \
                       SELECT $1, $2, $3, $4 \
                       WHERE (SELECT COUNT(*) FROM admin_tokens) < $5 \
                       ON CONFLICT (name) DO NOTHING";
            let done = sqlx::query(sql)
                .bind(token.name.as_str())
                .bind(hash)
                .bind(token.scope.text())
                .bind(millis(token.created_at))
                .bind(MAX_TOKENS)
                .execute(&self.inner.writer)
                .await?;
            Ok(if done.rows_affected() == 1 { Ok(()) } else { Err(Refusal::Taken) })
        })
        .await
    }

    /// The token of a digest.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn token(&self, hash: &str) -> Result<Option<StoredToken>, StorageError> {
        timed("token", async {
            let sql = "SELECT name, scope, created_at FROM admin_tokens WHERE hash = $1";
            let row = sqlx::query(sql).bind(hash).fetch_optional(&self.inner.readers).await?;
            row.as_ref().map(read).transpose()
        })
        .await
    }

    /// All tokens, by name.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn tokens(&self) -> Result<Vec<StoredToken>, StorageError> {
        timed("tokens", async {
            let sql = "SELECT name, scope, created_at FROM admin_tokens ORDER BY name";
            let rows = sqlx::query(sql).fetch_all(&self.inner.readers).await?;
            rows.iter().map(read).collect()
        })
        .await
    }

    /// Withdraws a token; `false` if there is none of that name.
    ///
    /// # Errors
    /// It could not be deleted.
    pub async fn delete_token(&self, name: &str) -> Result<bool, StorageError> {
        timed("delete_token", async {
            let sql = "DELETE FROM admin_tokens WHERE name = $1";
            let done = sqlx::query(sql).bind(name).execute(&self.inner.writer).await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<StoredToken, StorageError> {
    Ok(StoredToken {
        name: row.try_get("name")?,
        scope: Scope::parse(row.try_get("scope")?),
        created_at: unix(row.try_get("created_at")?),
    })
}
