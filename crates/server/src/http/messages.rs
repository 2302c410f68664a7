use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use calling_model::{GroupId, UserId};
use calling_signaling::protocol::{MessageEvent, Target};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::{Reader, Writer};
use super::names::{Asked, Body, id, limit};
use super::{ApiError, AppState, now};
use crate::chat::{By, check_message, conversation, target};
use crate::storage::{Conversation, ListCursor, NewMessage};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// A page of messages: of `user` and `peer`, or of a `group`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// One side.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// The other side.
    #[param(value_type = Option<String>)]
    peer: Option<UserId>,
    /// The group.
    #[param(value_type = Option<String>)]
    group: Option<GroupId>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// Only messages with a smaller number.
    before: Option<u64>,
}

/// One message: of `user` and `peer`, or of a `group`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichOne {
    /// One side.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// The other side.
    #[param(value_type = Option<String>)]
    peer: Option<UserId>,
    /// The group.
    #[param(value_type = Option<String>)]
    group: Option<GroupId>,
    /// Its number.
    seq: u64,
}

/// A page of conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichConversations {
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A message to be sent: to a `user` or a `group`, with a `text` or a `custom`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// In whose name.
    #[schema(value_type = String)]
    from: UserId,
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// One the sender is a member of.
    #[schema(value_type = Option<String>)]
    group: Option<GroupId>,
    /// For people; at most 12288 bytes.
    text: Option<String>,
    /// For programs; at most 12288 bytes.
    custom: Option<String>,
    /// At most 64 bytes. Sent again under the same name it is the same message.
    client_id: Option<String>,
}

/// Messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Messages {
    #[schema(value_type = Vec<Object>)]
    messages: Vec<MessageEvent>,
}

/// The conversations of an account, the one with the latest message first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conversations {
    conversations: Vec<Listed>,
    /// To be given as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A conversation in an account's list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    /// `{"user":…}` or `{"group":…}`.
    #[schema(value_type = Object)]
    conversation: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    last: Option<MessageEvent>,
    unread: u32,
    read_seq: u64,
}

/// Reads a conversation.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", params(Which),
    responses((status = 200, body = Messages)))]
pub(super) async fn list(
    _: Reader,
    State(state): State<AppState>,
    Asked(which): Asked<Which>,
) -> Result<Json<Messages>, ApiError> {
    let limit = limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let conversation = between(which.user, which.peer, which.group)?;
    let messages = state.storage.messages(None, &conversation, limit, which.before).await?;
    let messages = messages.iter().map(|message| message.event(&message.sender)).collect();
    Ok(Json(Messages { messages }))
}

/// Sends a message in the name of an account.
#[utoipa::path(post, path = "/v1/messages", tag = "messages", request_body = New,
    responses((status = 201, body = Object), (status = 200, body = Object), (status = 404)))]
pub(super) async fn send(
    writer: Writer,
    State(state): State<AppState>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<MessageEvent>), ApiError> {
    let body = check_message(new.text, new.custom, new.client_id.as_deref())?;
    let to = match (new.user, new.group) {
        (Some(user), None) => Target::User(user),
        (None, Some(group)) => Target::Group(group),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::bad_request("a message goes to a `user` or to a `group`"));
        }
    };
    writer.notes(&state, "send_message", new.from.as_str()).await?;
    if !state.storage.account_exists(&new.from).await? {
        return Err(ApiError::not_found("the sender has no account"));
    }
    let message = NewMessage {
        conversation: conversation(&new.from, &to),
        sender: new.from.clone(),
        body,
        client_id: new.client_id,
        at: now().1,
    };
    let sent = state.chat.send(By::Operator, &message).await?;
    let status = if sent.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(sent.message.event(&new.from))))
}

/// Empties a message, whoever sent it. Its place stays, marked `recalled`.
#[utoipa::path(delete, path = "/v1/messages", tag = "messages", params(WhichOne),
    responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    writer: Writer,
    State(state): State<AppState>,
    Asked(which): Asked<WhichOne>,
) -> Result<StatusCode, ApiError> {
    let conversation = between(which.user, which.peer, which.group)?;
    let place = match &conversation {
        Conversation::Direct { low, high } => format!("{} {}", low.as_str(), high.as_str()),
        Conversation::Group(group) => group.as_str().to_owned(),
    };
    writer.notes(&state, "delete_message", &format!("{place} {}", which.seq)).await?;
    state.chat.recall(By::Operator, &conversation, which.seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The conversations of an account.
#[utoipa::path(get, path = "/v1/accounts/{user_id}/conversations", tag = "messages",
    params(("user_id" = String, Path), WhichConversations),
    responses((status = 200, body = Conversations)))]
pub(super) async fn conversations(
    _: Reader,
    State(state): State<AppState>,
    Path(user): Path<String>,
    Asked(which): Asked<WhichConversations>,
) -> Result<Json<Conversations>, ApiError> {
    let (user, limit) = (id::<UserId>(user)?, limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?);
    let wrong = || ApiError::bad_request("after is the `next` of the page before");
    let after = which.after.map(|text| ListCursor::parse(&text).ok_or_else(wrong)).transpose()?;
    let mut listed = state.storage.conversations(&user, limit + 1, after.as_ref()).await?;
    let more = listed.len() > limit as usize;
    listed.truncate(limit as usize);
    let next = listed.last().filter(|_| more).map(|last| {
        let conversation = last.conversation.clone();
        ListCursor { last_at: last.last_at, conversation }.text()
    });
    let conversations = listed.into_iter().filter_map(|one| {
        Some(Listed {
            conversation: target(&one.conversation, &user)?,
            last: one.last.map(|message| message.event(&user)),
            unread: one.unread,
            read_seq: one.read_seq,
        })
    });
    Ok(Json(Conversations { conversations: conversations.collect(), next }))
}

fn between(
    user: Option<UserId>,
    peer: Option<UserId>,
    group: Option<GroupId>,
) -> Result<Conversation, ApiError> {
    match (user, peer, group) {
        (Some(user), Some(peer), None) => Ok(Conversation::direct(&user, &peer)),
        (None, None, Some(group)) => Ok(Conversation::Group(group)),
        _ => Err(ApiError::bad_request("say whose: `user` and `peer`, or `group`")),
    }
}
