use calling_model::UserId;
use sqlx::{Row, SqliteConnection};

use super::values::user;
use super::{Account, Refusal, Storage, StorageError, accounts, timed};

/// Remarks of one account.
const MAX_REMARKS: i64 = 10_000;

/// An account as another one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub account: Account,
    /// What the viewer calls it; empty if nothing.
    pub remark: String,
}

impl Storage {
    /// The profiles of those of `users` that have an account, as `viewer` sees them.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn profiles(
        &self,
        viewer: &UserId,
        users: &[UserId],
    ) -> Result<Vec<Profile>, StorageError> {
        timed("profiles", async {
            let mut db = self.inner.readers.acquire().await?;
            let mut profiles = Vec::with_capacity(users.len());
            for user in users {
                profiles.extend(profile(&mut db, viewer, user).await?);
            }
            Ok(profiles)
        })
        .await
    }

    /// Notes what `user` calls `friend`; empty takes it back.
    ///
    /// # Errors
    /// It could not be stored. [`Refusal`]: there is no such friend, or there are too many remarks.
    pub async fn set_remark(
        &self,
        user: &UserId,
        friend: &UserId,
        remark: &str,
    ) -> Result<Result<(), Refusal>, StorageError> {
        timed("set_remark", async {
            let mut tx = self.begin().await?;
            let set = set_remark(tx.connection()?, user, friend, remark).await?;
            match set {
                Ok(()) => tx.commit().await?,
                Err(_) => tx.rollback().await?,
            }
            Ok(set)
        })
        .await
    }
}

pub(super) async fn profile(
    db: &mut SqliteConnection,
    viewer: &UserId,
    of: &UserId,
) -> Result<Option<Profile>, StorageError> {
    let sql = "SELECT a.user_id, a.created_at, a.nickname, a.avatar, r.remark FROM accounts a \
               LEFT JOIN remarks r ON r.user_id = $1 AND r.friend_id = a.user_id \
               WHERE a.user_id = $2";
    let row =
        sqlx::query(sql).bind(viewer.as_str()).bind(of.as_str()).fetch_optional(&mut *db).await?;
    let Some(row) = row else { return Ok(None) };
    let remark: Option<String> = row.try_get("remark")?;
    let account = Account {
        user_id: user(row.try_get("user_id")?)?,
        created_at: super::values::unix(row.try_get("created_at")?),
        nickname: row.try_get("nickname")?,
        avatar: row.try_get("avatar")?,
    };
    Ok(Some(Profile { account, remark: remark.unwrap_or_default() }))
}

async fn set_remark(
    db: &mut SqliteConnection,
    user: &UserId,
    friend: &UserId,
    remark: &str,
) -> Result<Result<(), Refusal>, StorageError> {
    if remark.is_empty() {
        let sql = "DELETE FROM remarks WHERE user_id = $1 AND friend_id = $2";
        sqlx::query(sql).bind(user.as_str()).bind(friend.as_str()).execute(&mut *db).await?;
        return Ok(Ok(()));
    }
    if !accounts::exists(db, friend).await? {
        return Ok(Err(Refusal::NoSuchUser));
    }
    let sql = "SELECT COUNT(*) AS number FROM remarks WHERE user_id = $1";
    let row = sqlx::query(sql).bind(user.as_str()).fetch_one(&mut *db).await?;
    if row.try_get::<i64, _>("number")? >= MAX_REMARKS {
        return Ok(Err(Refusal::TooMany));
    }
    let sql = "INSERT INTO remarks (user_id, friend_id, remark) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id, friend_id) DO UPDATE SET remark = excluded.remark";
    sqlx::query(sql)
        .bind(user.as_str())
        .bind(friend.as_str())
        .bind(remark)
        .execute(&mut *db)
        .await?;
    Ok(Ok(()))
}
