//! Requests about conversations, groups and profiles.

use std::time::Duration;

use calling_model::UserId;
use calling_signaling::protocol::{
    ChatReply, ChatRequest, Code, ConversationInfo, ConversationsReply, GroupInfo, GroupMemberInfo,
    GroupRole, GroupsReply, HistoryParams, HistoryReply, MembersReply, ProfileInfo, ProfilesReply,
    ProtocolError, Reply, SendMessageParams, SentReply, Target,
};
use tokio::time::timeout;

use super::recent;
use crate::chat::{
    By, Chat, ChatError, check_message, check_name, check_users, conversation, target,
};
use crate::hub::{Session, wall_clock};
use crate::storage::{
    Body, Group, GroupMember, ListCursor, Listed, MemberChange, Message, NewMessage, Profile,
    Refusal, Role,
};

/// How long a client waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Messages in an answer to `history` that does not say how many.
const HISTORY_LIMIT: u32 = 20;
const MAX_HISTORY_LIMIT: u32 = 100;

/// The longest page of messages in bytes of what they say, so that a frame stays below its bound
/// even where every character has to be escaped.
const MAX_PAGE_BYTES: usize = 160 * 1024;

const LIST_LIMIT: u32 = 20;
const MAX_LIST_LIMIT: u32 = 50;
const PAGE_LIMIT: u32 = 50;
const MAX_PAGE_LIMIT: u32 = 100;

/// Answers a request of `session`.
pub(super) async fn answer(
    chat: &Chat,
    session: &Session,
    request: ChatRequest,
) -> Result<Reply, ProtocolError> {
    in_time(handle(chat, session, request)).await
}

/// Answers a request for messages.
pub(super) async fn history(
    chat: &Chat,
    session: &Session,
    params: &HistoryParams,
) -> Result<Reply, ProtocolError> {
    in_time(page_of_history(chat, &session.endpoint.user, params)).await
}

async fn in_time(
    work: impl Future<Output = Result<Reply, ChatError>>,
) -> Result<Reply, ProtocolError> {
    match timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(ProtocolError::from),
        Err(_) => {
            let sentence = "the server cannot reach its database; try again in a moment";
            Err(ProtocolError::new(Code::Internal, sentence))
        }
    }
}

async fn handle(chat: &Chat, session: &Session, request: ChatRequest) -> Result<Reply, ChatError> {
    let user = &session.endpoint.user;
    let by = By::Member { user, session: session.id };
    match request {
        ChatRequest::SendMessage(params) => return send(chat, by, user, params).await,
        ChatRequest::Conversations { limit, after } => {
            return conversations(chat, user, limit, after.as_deref()).await;
        }
        ChatRequest::GetProfiles { users } => return profiles(chat, user, &users).await,
        ChatRequest::CreateGroup(params) => {
            let (id, name, members) = (params.group_id, params.name, params.members);
            let group = chat.create_group(by, user, id, name, members).await?;
            return Ok(Reply::Chat(ChatReply::Group(group_info(group))));
        }
        ChatRequest::MyGroups { limit, after } => {
            let limit = checked(limit, PAGE_LIMIT, MAX_PAGE_LIMIT)?;
            let groups = chat.storage().groups(Some(user), after.as_ref(), limit).await?;
            let groups = groups.into_iter().map(group_info).collect();
            return Ok(Reply::Chat(ChatReply::Groups(GroupsReply { groups })));
        }
        ChatRequest::GroupMembers { group_id, limit, after } => {
            let limit = checked(limit, PAGE_LIMIT, MAX_PAGE_LIMIT)?;
            let storage = chat.storage();
            let members =
                storage.group_members(Some(user), &group_id, after.as_ref(), limit).await??;
            let members = members.into_iter().map(member_info).collect();
            return Ok(Reply::Chat(ChatReply::Members(MembersReply { members })));
        }
        ChatRequest::MarkRead { to, seq } => {
            chat.mark_read(user, session.id, &conversation(user, &to), seq).await?;
        }
        ChatRequest::RecallMessage { to, seq } => {
            chat.recall(by, &conversation(user, &to), seq).await?;
        }
        ChatRequest::SetSelfInfo { nickname, avatar } => {
            check_name("nickname", nickname.as_deref())?;
            check_name("avatar", avatar.as_deref())?;
            chat.admit(by)?;
            let (nickname, avatar) = (nickname.as_deref(), avatar.as_deref());
            if !chat.storage().set_profile(user, nickname, avatar).await? {
                return Err(Refusal::NoSuchUser.into());
            }
        }
        ChatRequest::SetFriendRemark { user: friend, remark } => {
            check_name("remark", Some(&remark))?;
            chat.admit(by)?;
            chat.storage().set_remark(user, &friend, &remark).await??;
        }
        ChatRequest::AddMembers { group_id, users } => {
            chat.add_members(by, &group_id, &users).await?;
        }
        ChatRequest::RemoveMember { group_id, user } => {
            chat.remove_member(by, &group_id, &user).await?;
        }
        ChatRequest::LeaveGroup { group_id } => chat.remove_member(by, &group_id, user).await?,
        ChatRequest::SetMember { group_id, user, role, name_card } => {
            let change = MemberChange { role: role.map(stored_role), name_card };
            chat.change_member(by, &group_id, &user, &change).await?;
        }
        ChatRequest::RenameGroup { group_id, name } => {
            chat.rename_group(by, &group_id, &name).await?;
        }
        ChatRequest::DissolveGroup { group_id } => chat.dissolve_group(by, &group_id).await?,
        ChatRequest::RecentCalls(params) => return recent::calls(chat, user, params).await,
        ChatRequest::DeleteRecentCalls { call_ids } => {
            return recent::delete(chat, by, user, &call_ids).await;
        }
    }
    Ok(Reply::Done {})
}

async fn send(
    chat: &Chat,
    by: By<'_>,
    user: &UserId,
    params: SendMessageParams,
) -> Result<Reply, ChatError> {
    let SendMessageParams { to, text, custom, client_id } = params;
    if to == Target::User(user.clone()) {
        return Err(ChatError::Bad("a message to oneself goes nowhere".to_owned()));
    }
    let body = check_message(text, custom, Some(&client_id))?;
    let new = NewMessage {
        conversation: conversation(user, &to),
        sender: user.clone(),
        body,
        client_id: Some(client_id),
        at: wall_clock(),
    };
    let sent = chat.send(by, &new).await?;
    let message = sent.message.event(user);
    Ok(Reply::Chat(ChatReply::Sent(SentReply { message, duplicate: !sent.is_new })))
}

async fn conversations(
    chat: &Chat,
    user: &UserId,
    limit: Option<u32>,
    after: Option<&str>,
) -> Result<Reply, ChatError> {
    let limit = checked(limit, LIST_LIMIT, MAX_LIST_LIMIT)?;
    let wrong = || ChatError::Bad("`after` is the `next` of the page before".to_owned());
    let after = after.map(|text| ListCursor::parse(text).ok_or_else(wrong)).transpose()?;
    // One more than asked for tells whether there is a next page.
    let mut listed = chat.storage().conversations(user, limit + 1, after.as_ref()).await?;
    let fitting = fitting(listed.iter().map(|one| one.last.as_ref()));
    let page = fitting.min(limit as usize);
    let more = listed.len() > page;
    listed.truncate(page);
    let next = listed.last().filter(|_| more).map(|last| {
        let conversation = last.conversation.clone();
        ListCursor { last_at: last.last_at, conversation }.text()
    });
    let conversations = listed.iter().filter_map(|one| listed_info(user, one)).collect();
    Ok(Reply::Chat(ChatReply::Conversations(ConversationsReply { conversations, next })))
}

async fn profiles(chat: &Chat, user: &UserId, users: &[UserId]) -> Result<Reply, ChatError> {
    check_users("users", users)?;
    let profiles = chat.storage().profiles(user, users).await?;
    let profiles = profiles.into_iter().map(profile_info).collect();
    Ok(Reply::Chat(ChatReply::Profiles(ProfilesReply { profiles })))
}

async fn page_of_history(
    chat: &Chat,
    user: &UserId,
    params: &HistoryParams,
) -> Result<Reply, ChatError> {
    let limit = checked(params.limit, HISTORY_LIMIT, MAX_HISTORY_LIMIT)?;
    let target = match (&params.peer, &params.group_id) {
        (Some(peer), None) => Target::User(peer.clone()),
        (None, Some(group)) => Target::Group(group.clone()),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ChatError::Bad("history is of a `peer` or of a `group_id`".to_owned()));
        }
    };
    let conversation = conversation(user, &target);
    let messages = chat.storage().messages(Some(user), &conversation, limit, params.before).await?;
    let fitting = fitting(messages.iter().map(Some));
    let messages = messages.iter().take(fitting).map(|message| message.event(user)).collect();
    Ok(Reply::History(HistoryReply { messages }))
}

/// How many of these fit into one frame; at least one.
fn fitting<'a>(messages: impl Iterator<Item = Option<&'a Message>>) -> usize {
    let mut bytes = 0;
    let fit = messages.take_while(|message| {
        bytes += message.map_or(0, |message| match &message.body {
            Body::Text(said) | Body::Custom(said) => said.len(),
        });
        bytes <= MAX_PAGE_BYTES
    });
    fit.count().max(1)
}

pub(super) fn checked(limit: Option<u32>, default: u32, max: u32) -> Result<u32, ChatError> {
    match limit.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(ChatError::Bad(format!("`limit` is 1 to {max}"))),
    }
}

fn listed_info(user: &UserId, listed: &Listed) -> Option<ConversationInfo> {
    Some(ConversationInfo {
        conversation: target(&listed.conversation, user)?,
        last: listed.last.as_ref().map(|message| message.event(user)),
        unread: listed.unread,
        read_seq: listed.read_seq,
    })
}

fn profile_info(profile: Profile) -> ProfileInfo {
    let Profile { account, remark } = profile;
    ProfileInfo {
        user: account.user_id,
        nickname: account.nickname,
        avatar: account.avatar,
        remark,
    }
}

fn group_info(group: Group) -> GroupInfo {
    let Group { group_id, name, owner, created_at } = group;
    GroupInfo { group_id, name, owner, created_at }
}

fn member_info(member: GroupMember) -> GroupMemberInfo {
    GroupMemberInfo {
        user: member.user_id,
        role: match member.role {
            Role::Owner => GroupRole::Owner,
            Role::Admin => GroupRole::Admin,
            Role::Member => GroupRole::Member,
        },
        name_card: member.name_card,
        nickname: member.nickname,
        joined_at: member.joined_at,
    }
}

const fn stored_role(role: GroupRole) -> Role {
    match role {
        GroupRole::Owner => Role::Owner,
        GroupRole::Admin => Role::Admin,
        GroupRole::Member => Role::Member,
    }
}
