use calling_model::{GroupId, UnixMillis, UserId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::conversation::group_key;
use super::members::{self, Role, role};
use super::values::{group, millis, unix, user};
use super::{Refusal, Storage, StorageError, accounts, timed};

/// Groups an account may be in.
const MAX_GROUPS: i64 = 1_000;

/// A chat group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub group_id: GroupId,
    /// Its name; may be empty.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// When it came to be.
    pub created_at: UnixMillis,
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its id.
    pub group_id: GroupId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// Who else is in it.
    pub members: Vec<UserId>,
    /// The most members allowed, the owner included.
    pub max_members: u32,
    /// Now.
    pub at: UnixMillis,
}

impl Storage {
    /// Makes a group with its first members.
    ///
    /// # Errors
    /// Nothing was made. [`Refusal`]: the id is taken, somebody has no account, or there would be
    /// too many.
    pub async fn create_group(&self, new: &NewGroup) -> Result<Result<(), Refusal>, StorageError> {
        timed("create_group", async {
            let mut tx = self.begin().await?;
            let made = create(tx.connection()?, new).await?;
            match made {
                Ok(()) => tx.commit().await?,
                Err(_) => tx.rollback().await?,
            }
            Ok(made)
        })
        .await
    }

    /// A group; to others than its members (`Some` viewer) it is not there.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn group(
        &self,
        viewer: Option<&UserId>,
        group: &GroupId,
    ) -> Result<Option<Group>, StorageError> {
        timed("group", async {
            let mut db = self.inner.readers.acquire().await?;
            if let Some(viewer) = viewer
                && role(&mut db, group, viewer).await?.is_none()
            {
                return Ok(None);
            }
            let row = sqlx::query("SELECT * FROM chat_groups WHERE group_id = $1")
                .bind(group.as_str())
                .fetch_optional(&mut *db)
                .await?;
            row.as_ref().map(read).transpose()
        })
        .await
    }

    /// Groups in order of their ids, at most `limit`, those after `after`; of one account or all.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn groups(
        &self,
        of: Option<&UserId>,
        after: Option<&GroupId>,
        limit: u32,
    ) -> Result<Vec<Group>, StorageError> {
        timed("groups", async {
            let all = "SELECT * FROM chat_groups WHERE group_id > $1 ORDER BY group_id LIMIT $2";
            let own = "SELECT g.* FROM group_members m \
                       JOIN chat_groups g ON g.group_id = m.group_id \
                       WHERE m.user_id = $3 AND m.group_id > $1 ORDER BY m.group_id LIMIT $2";
            let query = sqlx::query(if of.is_some() { own } else { all })
                .bind(after.map_or("", GroupId::as_str))
                .bind(i64::from(limit));
            let query = match of {
                Some(user) => query.bind(user.as_str()),
                None => query,
            };
            let rows = query.fetch_all(&self.inner.readers).await?;
            rows.iter().map(read).collect()
        })
        .await
    }

    /// Changes the name of a group; `by` is a member who must be its owner or an admin, or an
    /// operator (`None`). Gives the members.
    ///
    /// # Errors
    /// It could not be stored. [`Refusal`]: no such group, or not allowed.
    pub async fn rename_group(
        &self,
        by: Option<&UserId>,
        group: &GroupId,
        name: &str,
    ) -> Result<Result<Vec<UserId>, Refusal>, StorageError> {
        timed("rename_group", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            let done = match authority(db, by, group).await? {
                Ok(authority) if authority < Role::Admin => Err(Refusal::NotAllowed),
                Ok(_) => {
                    let sql = "UPDATE chat_groups SET name = $2 WHERE group_id = $1";
                    sqlx::query(sql).bind(group.as_str()).bind(name).execute(&mut *db).await?;
                    Ok(members::users(db, group).await?)
                }
                Err(refusal) => Err(refusal),
            };
            finish(tx, done).await
        })
        .await
    }

    /// Ends a group, with its messages; `by` must be its owner, or an operator (`None`). Gives who
    /// was in it.
    ///
    /// # Errors
    /// Nothing was deleted. [`Refusal`]: no such group, or not allowed.
    pub async fn dissolve_group(
        &self,
        by: Option<&UserId>,
        group: &GroupId,
    ) -> Result<Result<Vec<UserId>, Refusal>, StorageError> {
        timed("dissolve_group", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            let done = match authority(db, by, group).await? {
                Ok(authority) if authority < Role::Owner => Err(Refusal::NotAllowed),
                Ok(_) => {
                    let users = members::users(db, group).await?;
                    dissolve(db, group).await?;
                    Ok(users)
                }
                Err(refusal) => Err(refusal),
            };
            finish(tx, done).await
        })
        .await
    }
}

/// Makes the work last if it was done, and never have been otherwise.
pub(super) async fn finish<T>(
    tx: super::writing::Writing,
    done: Result<T, Refusal>,
) -> Result<Result<T, Refusal>, StorageError> {
    match &done {
        Ok(_) => tx.commit().await?,
        Err(_) => tx.rollback().await?,
    }
    Ok(done)
}

async fn create(
    db: &mut SqliteConnection,
    new: &NewGroup,
) -> Result<Result<(), Refusal>, StorageError> {
    let group = &new.group_id;
    if !accounts::exists(db, &new.owner).await? {
        return Ok(Err(Refusal::NoSuchUser));
    }
    let sql = "INSERT INTO chat_groups (group_id, name, owner, created_at) \
               VALUES ($1, $2, $3, $4) ON CONFLICT (group_id) DO NOTHING";
    let made = sqlx::query(sql)
        .bind(group.as_str())
        .bind(new.name.as_str())
        .bind(new.owner.as_str())
        .bind(millis(new.at))
        .execute(&mut *db)
        .await?;
    if made.rows_affected() == 0 {
        return Ok(Err(Refusal::Taken));
    }
    // A group of that id may have been before; its numbers go on.
    let sql = "INSERT INTO conversations (conversation, last_seq, last_at) VALUES ($1, 0, $2) \
               ON CONFLICT (conversation) DO UPDATE SET last_at = excluded.last_at";
    sqlx::query(sql).bind(group_key(group)).bind(millis(new.at)).execute(&mut *db).await?;
    if !may_join_another(db, &new.owner).await? {
        return Ok(Err(Refusal::TooMany));
    }
    members::insert(db, group, &new.owner, Role::Owner, new.at).await?;
    let added = members::add(db, group, &new.members, new.max_members, new.at).await?;
    Ok(added.map(|_| ()))
}

/// What `by` may do in a group: an operator as much as its owner.
pub(super) async fn authority(
    db: &mut SqliteConnection,
    by: Option<&UserId>,
    group: &GroupId,
) -> Result<Result<Role, Refusal>, StorageError> {
    let role = match by {
        Some(user) => role(db, group, user).await?,
        None => {
            let sql = "SELECT 1 FROM chat_groups WHERE group_id = $1";
            let row = sqlx::query(sql).bind(group.as_str()).fetch_optional(&mut *db).await?;
            row.map(|_| Role::Owner)
        }
    };
    Ok(role.ok_or(Refusal::NoSuchGroup))
}

/// Whether an account is in fewer groups than it may be.
pub(super) async fn may_join_another(
    db: &mut SqliteConnection,
    user: &UserId,
) -> Result<bool, StorageError> {
    let sql = "SELECT COUNT(*) AS number FROM group_members WHERE user_id = $1";
    let row = sqlx::query(sql).bind(user.as_str()).fetch_one(&mut *db).await?;
    Ok(row.try_get::<i64, _>("number")? < MAX_GROUPS)
}

pub(super) async fn of_user(
    db: &mut SqliteConnection,
    user: &UserId,
) -> Result<Vec<GroupId>, StorageError> {
    let sql = "SELECT group_id FROM group_members WHERE user_id = $1 ORDER BY group_id";
    let rows = sqlx::query(sql).bind(user.as_str()).fetch_all(&mut *db).await?;
    rows.into_iter().map(|row| group(row.try_get("group_id")?)).collect()
}

/// Takes `user` out of a group. An owner leaves it to the admin who has been there longest, or
/// else to the member; the last one out ends it.
pub(super) async fn leave_in(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
) -> Result<(), StorageError> {
    let was_owner = role(db, group, user).await? == Some(Role::Owner);
    members::remove(db, group, user).await?;
    if !was_owner {
        return Ok(());
    }
    match members::heir(db, group).await? {
        Some(heir) => members::enthrone(db, group, &heir).await,
        None => dissolve(db, group).await,
    }
}

/// The counter of the conversation stays, so that no number is used twice.
async fn dissolve(db: &mut SqliteConnection, group: &GroupId) -> Result<(), StorageError> {
    let key = group_key(group);
    let sql = "DELETE FROM conversation_users WHERE conversation = $1";
    sqlx::query(sql).bind(key.as_str()).execute(&mut *db).await?;
    let sql = "DELETE FROM messages WHERE conversation = $1";
    sqlx::query(sql).bind(key).execute(&mut *db).await?;
    let sql = "DELETE FROM group_members WHERE group_id = $1";
    sqlx::query(sql).bind(group.as_str()).execute(&mut *db).await?;
    let sql = "DELETE FROM chat_groups WHERE group_id = $1";
    sqlx::query(sql).bind(group.as_str()).execute(&mut *db).await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Group, StorageError> {
    Ok(Group {
        group_id: group(row.try_get("group_id")?)?,
        name: row.try_get("name")?,
        owner: user(row.try_get("owner")?)?,
        created_at: unix(row.try_get("created_at")?),
    })
}
