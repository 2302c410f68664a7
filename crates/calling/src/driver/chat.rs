//! Conversations, groups and profiles.

use calling_model::{GroupId, UserId};
use calling_signaling::protocol::{
    ChatReply, ChatRequest, ConversationsReply, CreateGroupParams, GroupInfo, GroupMemberInfo,
    GroupRole, HistoryParams, HistoryReply, ProfileInfo, Reply, Request, SendMessageParams,
    SentReply, Target,
};
use rand::TryRngCore;
use rand::rngs::OsRng;

use super::engine::CallEngine;
use super::session::unexpected;
use crate::error::CommandError;

/// The chat of an account: conversations, groups, profiles.
///
/// A cheap handle, like the [`CallEngine`] it is from. What others do comes as events:
/// [`Message`], [`MessageRecalled`], [`Read`], [`GroupChanged`].
///
/// Every method gives a [`CommandError`] if the server refused or cannot be reached; after
/// [`CommandError::TimedOut`] it may have been done. Dropping a future does not take back what was
/// asked.
///
/// [`Message`]: crate::ListenerEvent::Message
/// [`MessageRecalled`]: crate::ListenerEvent::MessageRecalled
/// [`Read`]: crate::ListenerEvent::Read
/// [`GroupChanged`]: crate::ListenerEvent::GroupChanged
#[derive(Clone, Debug)]
pub struct Chat(CallEngine);

impl CallEngine {
    /// The chat of this account.
    pub fn chat(&self) -> Chat {
        Chat(self.clone())
    }
}

impl Chat {
    /// Sends a text of at most 12,288 bytes. To be sure in spite of a lost connection, use
    /// [`send`](Self::send) with a name of your own and send again what timed out.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn send_text(
        &self,
        to: Target,
        text: impl Into<String>,
    ) -> Result<SentReply, CommandError> {
        let text = Some(text.into());
        self.send(SendMessageParams { to, text, custom: None, client_id: client_id() }).await
    }

    /// Sends something for programs, of at most 12,288 bytes; as [`send_text`](Self::send_text).
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn send_custom(
        &self,
        to: Target,
        custom: impl Into<String>,
    ) -> Result<SentReply, CommandError> {
        let custom = Some(custom.into());
        self.send(SendMessageParams { to, text: None, custom, client_id: client_id() }).await
    }

    /// Sends a message under a name of the sender's choice (`client_id`). However often the same
    /// name is sent, there is one message; the answers after the first say `duplicate`.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn send(&self, message: SendMessageParams) -> Result<SentReply, CommandError> {
        let Reply::Chat(ChatReply::Sent(sent)) =
            self.ask(ChatRequest::SendMessage(message)).await?
        else {
            return Err(unexpected().into());
        };
        Ok(sent)
    }

    /// Messages of a conversation, newest first: at most `limit` (1..=100; 20 if `None`), older
    /// than the one numbered `before`.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn history(
        &self,
        of: Target,
        limit: Option<u32>,
        before: Option<u64>,
    ) -> Result<HistoryReply, CommandError> {
        let (peer, group_id) = match of {
            Target::User(user) => (Some(user), None),
            Target::Group(group) => (None, Some(group)),
        };
        let params = HistoryParams { peer, group_id, limit, before };
        let Reply::History(history) = self.0.ask(Request::History(params)).await? else {
            return Err(unexpected().into());
        };
        Ok(history)
    }

    /// The conversations of this account, the one with the newest message first, each with its last
    /// message and how many are unread: at most `limit` (1..=50; 20 if `None`), after the `next`
    /// of the page before.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn conversations(
        &self,
        limit: Option<u32>,
        after: Option<String>,
    ) -> Result<ConversationsReply, CommandError> {
        let Reply::Chat(ChatReply::Conversations(reply)) =
            self.ask(ChatRequest::Conversations { limit, after }).await?
        else {
            return Err(unexpected().into());
        };
        Ok(reply)
    }

    /// Marks a conversation as read up to message `seq`; this account's other devices hear of it.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn mark_read(&self, conversation: Target, seq: u64) -> Result<(), CommandError> {
        self.done(ChatRequest::MarkRead { to: conversation, seq }).await
    }

    /// Takes back a text of one's own, as long as the server allows it.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn recall(&self, conversation: Target, seq: u64) -> Result<(), CommandError> {
        self.done(ChatRequest::RecallMessage { to: conversation, seq }).await
    }

    /// The profiles of those of at most a hundred `users` who have an account.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn profiles(&self, users: Vec<UserId>) -> Result<Vec<ProfileInfo>, CommandError> {
        let Reply::Chat(ChatReply::Profiles(reply)) =
            self.ask(ChatRequest::GetProfiles { users }).await?
        else {
            return Err(unexpected().into());
        };
        Ok(reply.profiles)
    }

    /// Sets this account's nickname and the address of its avatar, each at most 500 bytes; `None`
    /// leaves it as it is.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn set_self_info(
        &self,
        nickname: Option<String>,
        avatar: Option<String>,
    ) -> Result<(), CommandError> {
        self.done(ChatRequest::SetSelfInfo { nickname, avatar }).await
    }

    /// Notes what this account calls `user`; empty takes it back.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn set_friend_remark(
        &self,
        user: UserId,
        remark: impl Into<String>,
    ) -> Result<(), CommandError> {
        self.done(ChatRequest::SetFriendRemark { user, remark: remark.into() }).await
    }

    /// Makes a group of this account, its owner, and `members`. Without an id the server chooses.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn create_group(&self, group: CreateGroupParams) -> Result<GroupInfo, CommandError> {
        let Reply::Chat(ChatReply::Group(group)) =
            self.ask(ChatRequest::CreateGroup(group)).await?
        else {
            return Err(unexpected().into());
        };
        Ok(group)
    }

    /// The groups of this account by id: at most `limit` (1..=100; 50 if `None`), after `after`.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn my_groups(
        &self,
        limit: Option<u32>,
        after: Option<GroupId>,
    ) -> Result<Vec<GroupInfo>, CommandError> {
        let Reply::Chat(ChatReply::Groups(reply)) =
            self.ask(ChatRequest::MyGroups { limit, after }).await?
        else {
            return Err(unexpected().into());
        };
        Ok(reply.groups)
    }

    /// The members of a group of this account: at most `limit` (1..=100; 50 if `None`), after
    /// `after`.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn group_members(
        &self,
        group_id: GroupId,
        limit: Option<u32>,
        after: Option<UserId>,
    ) -> Result<Vec<GroupMemberInfo>, CommandError> {
        let Reply::Chat(ChatReply::Members(reply)) =
            self.ask(ChatRequest::GroupMembers { group_id, limit, after }).await?
        else {
            return Err(unexpected().into());
        };
        Ok(reply.members)
    }

    /// Adds members to a group.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn add_members(
        &self,
        group_id: GroupId,
        users: Vec<UserId>,
    ) -> Result<(), CommandError> {
        self.done(ChatRequest::AddMembers { group_id, users }).await
    }

    /// Removes somebody from a group.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn remove_member(&self, group_id: GroupId, user: UserId) -> Result<(), CommandError> {
        self.done(ChatRequest::RemoveMember { group_id, user }).await
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn leave_group(&self, group_id: GroupId) -> Result<(), CommandError> {
        self.done(ChatRequest::LeaveGroup { group_id }).await
    }

    /// Changes what a member may do, or is called, in a group; `None` leaves it as it is.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn set_member(
        &self,
        group_id: GroupId,
        user: UserId,
        role: Option<GroupRole>,
        name_card: Option<String>,
    ) -> Result<(), CommandError> {
        self.done(ChatRequest::SetMember { group_id, user, role, name_card }).await
    }

    /// Gives a group another name.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn rename_group(
        &self,
        group_id: GroupId,
        name: impl Into<String>,
    ) -> Result<(), CommandError> {
        self.done(ChatRequest::RenameGroup { group_id, name: name.into() }).await
    }

    /// Ends a group.
    ///
    /// # Errors
    /// See [`Chat`].
    pub async fn dissolve_group(&self, group_id: GroupId) -> Result<(), CommandError> {
        self.done(ChatRequest::DissolveGroup { group_id }).await
    }

    async fn ask(&self, request: ChatRequest) -> Result<Reply, CommandError> {
        self.0.ask(Request::Chat(request)).await
    }

    async fn done(&self, request: ChatRequest) -> Result<(), CommandError> {
        let Reply::Done {} = self.ask(request).await? else {
            return Err(unexpected().into());
        };
        Ok(())
    }
}

/// A name for a message, that no other has.
fn client_id() -> String {
    let mut bytes = [0; 16];
    // Without the system's randomness the server takes two messages for one, and says so.
    let _ = OsRng.try_fill_bytes(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
