use calling_model::{GroupId, UnixMillis, UserId};
use sqlx::{Row, SqliteConnection};

use super::conversation::group_key;
use super::groups::{authority, finish, leave_in, may_join_another};
use super::values::{millis, unix, user};
use super::{Refusal, Storage, StorageError, accounts, timed};

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Writes, reads, and adds people.
    Member,
    /// Also renames the group and removes members.
    Admin,
    /// Also appoints admins and ends the group.
    Owner,
}

/// One member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Who.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// What they are called in this group; may be empty.
    pub name_card: String,
    /// Since when they are in it.
    pub joined_at: UnixMillis,
    /// What they call themselves everywhere.
    pub nickname: String,
}

/// What is to become of a member; of `None` nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// A new role. `Owner` makes the present owner an admin.
    pub role: Option<Role>,
    /// A new name card.
    pub name_card: Option<String>,
}

impl Role {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    fn parse(text: &str) -> Result<Self, StorageError> {
        match text {
            "member" => Ok(Self::Member),
            "admin" => Ok(Self::Admin),
            "owner" => Ok(Self::Owner),
            other => {
                Err(StorageError::Unreadable { what: "role", reason: format!("it is {other:?}") })
            }
        }
    }
}

impl Storage {
    /// What `user` may do in a group; `None` if they are not in it.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn role_in(
        &self,
        group: &GroupId,
        user: &UserId,
    ) -> Result<Option<Role>, StorageError> {
        timed("role_in", async {
            let mut db = self.inner.readers.acquire().await?;
            role(&mut db, group, user).await
        })
        .await
    }

    /// Members in order of their ids, at most `limit`, those after `after`. To others than members
    /// (`Some` viewer) the group is not there.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn group_members(
        &self,
        viewer: Option<&UserId>,
        group: &GroupId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Result<Vec<GroupMember>, Refusal>, StorageError> {
        timed("group_members", async {
            let mut db = self.inner.readers.acquire().await?;
            if let Err(refusal) = authority(&mut db, viewer, group).await? {
                return Ok(Err(refusal));
            }
            let sql = "SELECT m.*, a.nickname FROM group_members m \
                       LEFT JOIN accounts a ON a.user_id = m.user_id \
                       WHERE m.group_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3";
            let rows = sqlx::query(sql)
                .bind(group.as_str())
                .bind(after.map_or("", UserId::as_str))
                .bind(i64::from(limit))
                .fetch_all(&mut *db)
                .await?;
            let members = rows.into_iter().map(|row| {
                let nickname: Option<String> = row.try_get("nickname")?;
                Ok(GroupMember {
                    user_id: user(row.try_get("user_id")?)?,
                    role: Role::parse(row.try_get("role")?)?,
                    name_card: row.try_get("name_card")?,
                    joined_at: unix(row.try_get("joined_at")?),
                    nickname: nickname.unwrap_or_default(),
                })
            });
            members.collect::<Result<_, StorageError>>().map(Ok)
        })
        .await
    }

    /// Adds people to a group, for a member or an operator (`None`); those who are in it already
    /// stay as they are. Gives everybody in it.
    ///
    /// # Errors
    /// Nobody was added. [`Refusal`]: no such group, somebody has no account, or there would be
    /// too many.
    pub async fn add_members(
        &self,
        by: Option<&UserId>,
        group: &GroupId,
        users: &[UserId],
        max_members: u32,
        at: UnixMillis,
    ) -> Result<Result<Vec<UserId>, Refusal>, StorageError> {
        timed("add_members", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            let done = match authority(db, by, group).await? {
                Ok(_) => add(db, group, users, max_members, at).await?,
                Err(refusal) => Err(refusal),
            };
            finish(tx, done).await
        })
        .await
    }

    /// Takes somebody out of a group: oneself, somebody of a lesser role, or anybody for an
    /// operator (`None`). Gives who was in it, the one removed included. When the owner leaves, an
    /// heir takes over; when the last one leaves, the group ends.
    ///
    /// # Errors
    /// Nothing was changed. [`Refusal`]: no such group or member, or not allowed.
    pub async fn remove_member(
        &self,
        by: Option<&UserId>,
        group: &GroupId,
        user: &UserId,
    ) -> Result<Result<Vec<UserId>, Refusal>, StorageError> {
        timed("remove_member", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            let done = match (authority(db, by, group).await?, role(db, group, user).await?) {
                (Err(refusal), _) => Err(refusal),
                (Ok(_), None) => Err(Refusal::NoSuchUser),
                (Ok(own), Some(other)) if by.is_some_and(|by| by != user) && own <= other => {
                    Err(Refusal::NotAllowed)
                }
                (Ok(_), Some(_)) => {
                    let users = self::users(db, group).await?;
                    leave_in(db, group, user).await?;
                    Ok(users)
                }
            };
            finish(tx, done).await
        })
        .await
    }

    /// Changes a member's role or name card. Roles are given by the owner; a name card is changed
    /// by its bearer or somebody of a higher role; an operator (`None`) may do both. Gives
    /// everybody in the group.
    ///
    /// # Errors
    /// Nothing was changed. [`Refusal`]: no such group or member, or not allowed.
    pub async fn change_member(
        &self,
        by: Option<&UserId>,
        group: &GroupId,
        user: &UserId,
        change: &MemberChange,
    ) -> Result<Result<Vec<UserId>, Refusal>, StorageError> {
        timed("change_member", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            let done = match (authority(db, by, group).await?, role(db, group, user).await?) {
                (Err(refusal), _) => Err(refusal),
                (Ok(_), None) => Err(Refusal::NoSuchUser),
                (Ok(own), Some(other)) if !may_change(by, own, user, other, change) => {
                    Err(Refusal::NotAllowed)
                }
                (Ok(_), Some(_)) => {
                    apply(db, group, user, change).await?;
                    Ok(users(db, group).await?)
                }
            };
            finish(tx, done).await
        })
        .await
    }
}

/// The owner's own role changes only by giving the group to somebody else.
fn may_change(
    by: Option<&UserId>,
    own: Role,
    user: &UserId,
    other: Role,
    change: &MemberChange,
) -> bool {
    let role_allowed = change.role.is_none() || (own == Role::Owner && other != Role::Owner);
    let card_allowed = change.name_card.is_none() || by.is_none_or(|by| by == user) || own > other;
    role_allowed && card_allowed
}

async fn apply(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
    change: &MemberChange,
) -> Result<(), StorageError> {
    if let Some(name_card) = &change.name_card {
        let sql = "UPDATE group_members SET name_card = $3 WHERE group_id = $1 AND user_id = $2";
        sqlx::query(sql)
            .bind(group.as_str())
            .bind(user.as_str())
            .bind(name_card.as_str())
            .execute(&mut *db)
            .await?;
    }
    match change.role {
        None => Ok(()),
        Some(Role::Owner) => enthrone(db, group, user).await,
        Some(role) => set_role(db, group, user, role).await,
    }
}

/// What `user` is in a group; `None` if they are not in it.
pub(super) async fn role(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
) -> Result<Option<Role>, StorageError> {
    let sql = "SELECT role FROM group_members WHERE group_id = $1 AND user_id = $2";
    let row =
        sqlx::query(sql).bind(group.as_str()).bind(user.as_str()).fetch_optional(&mut *db).await?;
    row.map(|row| Role::parse(row.try_get("role")?)).transpose()
}

pub(super) async fn users(
    db: &mut SqliteConnection,
    group: &GroupId,
) -> Result<Vec<UserId>, StorageError> {
    let sql = "SELECT user_id FROM group_members WHERE group_id = $1 ORDER BY user_id";
    let rows = sqlx::query(sql).bind(group.as_str()).fetch_all(&mut *db).await?;
    rows.into_iter().map(|row| user(row.try_get("user_id")?)).collect()
}

/// Adds those who are not in it yet; gives everybody in it.
pub(super) async fn add(
    db: &mut SqliteConnection,
    group: &GroupId,
    new: &[UserId],
    max_members: u32,
    at: UnixMillis,
) -> Result<Result<Vec<UserId>, Refusal>, StorageError> {
    for user in new {
        if !accounts::exists(db, user).await? {
            return Ok(Err(Refusal::NoSuchUser));
        }
        if role(db, group, user).await?.is_some() {
            continue;
        }
        if !may_join_another(db, user).await? {
            return Ok(Err(Refusal::TooMany));
        }
        insert(db, group, user, Role::Member, at).await?;
    }
    let users = users(db, group).await?;
    if users.len() > max_members as usize {
        return Ok(Err(Refusal::TooMany));
    }
    Ok(Ok(users))
}

/// Adds one member, who sees what comes from now on.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
    role: Role,
    at: UnixMillis,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO group_members (group_id, user_id, role, joined_at) \
               VALUES ($1, $2, $3, $4)";
    sqlx::query(sql)
        .bind(group.as_str())
        .bind(user.as_str())
        .bind(role.text())
        .bind(millis(at))
        .execute(&mut *db)
        .await?;
    let sql = "INSERT INTO conversation_users (user_id, conversation, since_seq, read_seq) \
               SELECT $1, c.conversation, c.last_seq, c.last_seq FROM conversations c \
               WHERE c.conversation = $2";
    sqlx::query(sql).bind(user.as_str()).bind(group_key(group)).execute(&mut *db).await?;
    Ok(())
}

pub(super) async fn remove(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2";
    sqlx::query(sql).bind(group.as_str()).bind(user.as_str()).execute(&mut *db).await?;
    let sql = "DELETE FROM conversation_users WHERE conversation = $1 AND user_id = $2";
    sqlx::query(sql).bind(group_key(group)).bind(user.as_str()).execute(&mut *db).await?;
    Ok(())
}

/// Who takes over: the admin, or else the member, who has been there longest.
pub(super) async fn heir(
    db: &mut SqliteConnection,
    group: &GroupId,
) -> Result<Option<UserId>, StorageError> {
    let sql = "SELECT user_id FROM group_members WHERE group_id = $1 \
               ORDER BY CASE role WHEN 'admin' THEN 0 ELSE 1 END, joined_at, user_id LIMIT 1";
    let row = sqlx::query(sql).bind(group.as_str()).fetch_optional(&mut *db).await?;
    row.map(|row| user(row.try_get("user_id")?)).transpose()
}

/// Makes a member the owner, and the owner before an admin.
pub(super) async fn enthrone(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
) -> Result<(), StorageError> {
    let sql = "UPDATE group_members SET role = 'admin' WHERE group_id = $1 AND role = 'owner'";
    sqlx::query(sql).bind(group.as_str()).execute(&mut *db).await?;
    set_role(db, group, user, Role::Owner).await?;
    let sql = "UPDATE chat_groups SET owner = $2 WHERE group_id = $1";
    sqlx::query(sql).bind(group.as_str()).bind(user.as_str()).execute(&mut *db).await?;
    Ok(())
}

async fn set_role(
    db: &mut SqliteConnection,
    group: &GroupId,
    user: &UserId,
    role: Role,
) -> Result<(), StorageError> {
    let sql = "UPDATE group_members SET role = $3 WHERE group_id = $1 AND user_id = $2";
    sqlx::query(sql)
        .bind(group.as_str())
        .bind(user.as_str())
        .bind(role.text())
        .execute(&mut *db)
        .await?;
    Ok(())
}
