//! Groups: changes, and telling their members.

use calling_model::{GroupId, UserId};

use super::{By, Chat, ChatError, check_name, check_users};
use crate::hub::wall_clock;
use crate::storage::{Group, MemberChange, NewGroup};

impl Chat {
    /// Makes a group of `owner`'s.
    pub(crate) async fn create_group(
        &self,
        by: By<'_>,
        owner: &UserId,
        group_id: Option<GroupId>,
        name: String,
        members: Vec<UserId>,
    ) -> Result<Group, ChatError> {
        check_name("name", Some(&name))?;
        check_users("members", &members)?;
        self.admit(by)?;
        let group_id = match group_id {
            Some(group_id) => group_id,
            None => made_up()?,
        };
        let max_members = self.inner.max_group_members;
        let (owner, at) = (owner.clone(), wall_clock());
        let group = Group {
            group_id: group_id.clone(),
            name: name.clone(),
            owner: owner.clone(),
            created_at: at,
        };
        let mut users = members.clone();
        users.push(owner.clone());
        users.sort_unstable();
        users.dedup();
        let new = NewGroup { group_id: group_id.clone(), name, owner, members, max_members, at };
        self.inner.storage.create_group(&new).await??;
        self.tell_group(&group_id, users, by).await;
        Ok(group)
    }

    pub(crate) async fn add_members(
        &self,
        by: By<'_>,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), ChatError> {
        check_users("users", users)?;
        self.admit(by)?;
        let (storage, max) = (&self.inner.storage, self.inner.max_group_members);
        let everybody = storage.add_members(by.user(), group, users, max, wall_clock()).await??;
        self.tell_group(group, everybody, by).await;
        Ok(())
    }

    pub(crate) async fn remove_member(
        &self,
        by: By<'_>,
        group: &GroupId,
        user: &UserId,
    ) -> Result<(), ChatError> {
        self.admit(by)?;
        let everybody = self.inner.storage.remove_member(by.user(), group, user).await??;
        self.tell_group(group, everybody, by).await;
        Ok(())
    }

    pub(crate) async fn change_member(
        &self,
        by: By<'_>,
        group: &GroupId,
        user: &UserId,
        change: &MemberChange,
    ) -> Result<(), ChatError> {
        check_name("name_card", change.name_card.as_deref())?;
        self.admit(by)?;
        let everybody = self.inner.storage.change_member(by.user(), group, user, change).await??;
        self.tell_group(group, everybody, by).await;
        Ok(())
    }

    pub(crate) async fn rename_group(
        &self,
        by: By<'_>,
        group: &GroupId,
        name: &str,
    ) -> Result<(), ChatError> {
        check_name("name", Some(name))?;
        self.admit(by)?;
        let everybody = self.inner.storage.rename_group(by.user(), group, name).await??;
        self.tell_group(group, everybody, by).await;
        Ok(())
    }

    /// Deletes an account, and has the groups it was in told; `false` if there is none.
    pub(crate) async fn delete_account(
        &self,
        by: By<'_>,
        user: &UserId,
    ) -> Result<bool, ChatError> {
        let storage = &self.inner.storage;
        let Some(groups) = storage.delete_account(user).await? else { return Ok(false) };
        for group in groups {
            let limit = self.inner.max_group_members;
            // A group that ended with its last member has nobody to be told.
            if let Ok(left) = storage.group_members(None, &group, None, limit).await? {
                let users = left.into_iter().map(|member| member.user_id).collect();
                self.tell_group(&group, users, by).await;
            }
        }
        Ok(true)
    }

    pub(crate) async fn dissolve_group(
        &self,
        by: By<'_>,
        group: &GroupId,
    ) -> Result<(), ChatError> {
        self.admit(by)?;
        let everybody = self.inner.storage.dissolve_group(by.user(), group).await??;
        self.tell_group(group, everybody, by).await;
        Ok(())
    }
}

/// An id that nobody guesses and nobody has: 128 random bits.
fn made_up() -> Result<GroupId, ChatError> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| ChatError::Bad("the system gives no random numbers".to_owned()))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    GroupId::new(digits).map_err(|error| ChatError::Bad(error.to_string()))
}
