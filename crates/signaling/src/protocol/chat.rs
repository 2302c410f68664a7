//! Conversations, groups and profiles: what the chat of an application needs.

use calling_model::{CallId, GroupId, UnixMillis, UserId};
use serde::{Deserialize, Serialize};

use super::{DeletedCallsReply, MessageEvent, RecentCallsParams, RecentCallsReply};

/// A conversation as one account sees it: `{"user":"bob"}` or `{"group":"team"}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// With this other account.
    User(UserId),
    /// In this group.
    Group(GroupId),
}

/// A request about conversations, by `method`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "snake_case")]
pub enum ChatRequest {
    /// Sends a message; answered with [`ChatReply::Sent`]. Sent again with the same `client_id`
    /// it is the same message.
    SendMessage(SendMessageParams),
    /// The asker's conversations, the one with the latest message first.
    Conversations {
        /// At most this many (1..=50; 20 if absent).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        /// The `next` of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// The asker has read the conversation up to this message.
    MarkRead {
        /// The conversation.
        to: Target,
        /// The last message read.
        seq: u64,
    },
    /// Takes back a text message of one's own, soon after it was sent.
    RecallMessage {
        /// The conversation.
        to: Target,
        /// The message.
        seq: u64,
    },
    /// What accounts show of themselves (at most 100 at once). Those that do not exist are left
    /// out.
    GetProfiles {
        /// Whose.
        users: Vec<UserId>,
    },
    /// Changes what the asker shows; what is absent stays.
    SetSelfInfo {
        /// At most 500 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nickname: Option<String>,
        /// Address of a picture, at most 500 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar: Option<String>,
    },
    /// Notes what the asker calls somebody; nobody else sees it.
    SetFriendRemark {
        /// Whom.
        user: UserId,
        /// At most 500 bytes; empty takes it back.
        remark: String,
    },
    /// Makes a group that is the asker's.
    CreateGroup(CreateGroupParams),
    /// The groups the asker is in, in order of their ids.
    MyGroups {
        /// At most this many (1..=100; 50 if absent).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        /// Only those after this one: the last of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<GroupId>,
    },
    /// The members of a group of the asker's, in order of their ids.
    GroupMembers {
        /// The group.
        group_id: GroupId,
        /// At most this many (1..=100; 50 if absent).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        /// Only those after this one: the last of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    },
    /// Adds people to a group of the asker's.
    AddMembers {
        /// The group.
        group_id: GroupId,
        /// Whom.
        users: Vec<UserId>,
    },
    /// Takes somebody of a lesser role out of a group.
    RemoveMember {
        /// The group.
        group_id: GroupId,
        /// Whom.
        user: UserId,
    },
    /// Leaves a group. An owner leaves it to an admin or the oldest member; the last one ends it.
    LeaveGroup {
        /// The group.
        group_id: GroupId,
    },
    /// Changes a member's role (by the owner) or name card (by oneself or a higher role).
    SetMember {
        /// The group.
        group_id: GroupId,
        /// Whose.
        user: UserId,
        /// The new role; `owner` makes the present owner an admin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<GroupRole>,
        /// At most 500 bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name_card: Option<String>,
    },
    /// Gives a group another name; for its owner and admins.
    RenameGroup {
        /// The group.
        group_id: GroupId,
        /// At most 500 bytes.
        name: String,
    },
    /// Ends a group, with its messages; for its owner.
    DissolveGroup {
        /// The group.
        group_id: GroupId,
    },
    /// The asker's calls, latest first; answered with [`ChatReply::RecentCalls`].
    RecentCalls(RecentCallsParams),
    /// Takes calls out of the asker's log, for this account alone: the operator's record and the
    /// logs of the others stay. Answered with [`ChatReply::DeletedCalls`].
    DeleteRecentCalls {
        /// Which; at most [`MAX_DELETED_CALLS`](super::MAX_DELETED_CALLS).
        call_ids: Vec<CallId>,
    },
}

impl ChatRequest {
    /// Every `method` of these.
    pub(super) const METHODS: [&'static str; 18] = [
        "send_message",
        "conversations",
        "mark_read",
        "recall_message",
        "get_profiles",
        "set_self_info",
        "set_friend_remark",
        "create_group",
        "my_groups",
        "group_members",
        "add_members",
        "remove_member",
        "leave_group",
        "set_member",
        "rename_group",
        "dissolve_group",
        "recent_calls",
        "delete_recent_calls",
    ];

    /// Its name in the protocol.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::SendMessage(_) => "send_message",
            Self::Conversations { .. } => "conversations",
            Self::MarkRead { .. } => "mark_read",
            Self::RecallMessage { .. } => "recall_message",
            Self::GetProfiles { .. } => "get_profiles",
            Self::SetSelfInfo { .. } => "set_self_info",
            Self::SetFriendRemark { .. } => "set_friend_remark",
            Self::CreateGroup(_) => "create_group",
            Self::MyGroups { .. } => "my_groups",
            Self::GroupMembers { .. } => "group_members",
            Self::AddMembers { .. } => "add_members",
            Self::RemoveMember { .. } => "remove_member",
            Self::LeaveGroup { .. } => "leave_group",
            Self::SetMember { .. } => "set_member",
            Self::RenameGroup { .. } => "rename_group",
            Self::DissolveGroup { .. } => "dissolve_group",
            Self::RecentCalls(_) => "recent_calls",
            Self::DeleteRecentCalls { .. } => "delete_recent_calls",
        }
    }
}

/// Parameters of `send_message`: exactly one of `text` and `custom`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMessageParams {
    /// Where it goes.
    pub to: Target,
    /// For people; at most 12,288 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// For programs; at most 12,288 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<String>,
    /// The sender's own name for it, 1 to 64 bytes, another for every message. Whoever is not
    /// sure that a message arrived sends it again under the same name.
    pub client_id: String,
}

/// Parameters of `create_group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateGroupParams {
    /// The id; the server makes one up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// At most 500 bytes; may be empty.
    #[serde(default)]
    pub name: String,
    /// Who is in it beside the asker.
    #[serde(default)]
    pub members: Vec<UserId>,
}

/// What a member of a group may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRole {
    /// Also appoints admins and ends the group.
    Owner,
    /// Also renames the group and removes members.
    Admin,
    /// Writes, reads, and adds people.
    Member,
}

/// A successful answer about conversations, by `type`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatReply {
    /// To `send_message`.
    Sent(SentReply),
    /// To `conversations`.
    Conversations(ConversationsReply),
    /// To `get_profiles`.
    Profiles(ProfilesReply),
    /// To `create_group`.
    Group(GroupInfo),
    /// To `my_groups`.
    Groups(GroupsReply),
    /// To `group_members`.
    Members(MembersReply),
    /// To `recent_calls`.
    RecentCalls(RecentCallsReply),
    /// To `delete_recent_calls`.
    DeletedCalls(DeletedCallsReply),
}

/// To `send_message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentReply {
    /// The message as it is stored.
    pub message: MessageEvent,
    /// It was stored before; nothing was stored now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// To `conversations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationsReply {
    /// The latest first.
    pub conversations: Vec<ConversationInfo>,
    /// What `after` has to be for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One conversation in its owner's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationInfo {
    /// Which.
    pub conversation: Target,
    /// Its last message, if there is one to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<MessageEvent>,
    /// Messages of others that were not read, counted up to 1,000.
    pub unread: u32,
    /// How far it is read.
    pub read_seq: u64,
}

/// To `get_profiles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilesReply {
    /// In the order asked for.
    pub profiles: Vec<ProfileInfo>,
}

/// What an account shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileInfo {
    /// Whose.
    pub user: UserId,
    /// What they call themselves; may be empty.
    pub nickname: String,
    /// Address of a picture; may be empty.
    pub avatar: String,
    /// What the asker calls them; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Its id.
    pub group_id: GroupId,
    /// Its name; may be empty.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// When it came to be.
    pub created_at: UnixMillis,
}

/// To `my_groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupsReply {
    /// In order of their ids.
    pub groups: Vec<GroupInfo>,
}

/// To `group_members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersReply {
    /// In order of their ids.
    pub members: Vec<GroupMemberInfo>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMemberInfo {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: GroupRole,
    /// What they are called in this group; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_card: String,
    /// What they call themselves everywhere; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub nickname: String,
    /// Since when they are in it.
    pub joined_at: UnixMillis,
}

/// What the server tells of conversations on its own, by `event`. A new message is
/// [`Event::Message`](super::Event::Message).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "params", rename_all = "snake_case")]
pub enum ChatEvent {
    /// To everybody in the conversation: a message was taken back.
    MessageRecalled {
        /// The conversation, as the receiver sees it.
        conversation: Target,
        /// The message.
        seq: u64,
        /// Who took it back; absent if an operator did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// To the reader's other devices: the conversation was read up to here.
    Read {
        /// The conversation.
        conversation: Target,
        /// The last message read.
        seq: u64,
    },
    /// To members of a group, and to who was one until now: it began, changed or is over. Ask for
    /// it anew.
    GroupChanged {
        /// The group.
        group_id: GroupId,
    },
}

impl ChatEvent {
    /// Every `event` of these.
    pub(super) const NAMES: [&'static str; 3] = ["message_recalled", "read", "group_changed"];
}
