//! A user's own call log.

use std::collections::BTreeSet;

use calling_callrecord::{CallLogEntry, CallLogFilter, CallLogResult, Scene};
use calling_model::{CallId, UserId};
use calling_signaling::protocol::{
    ChatReply, DeletedCallsReply, MAX_DELETED_CALLS, RecentCall, RecentCallsParams,
    RecentCallsReply, RecentResult, RecentScene, Reply,
};

use super::chat::checked;
use crate::chat::{By, Chat, ChatError};

const LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// The most people named in one page, so that a frame stays below its bound.
const MAX_PAGE_PEOPLE: usize = 10_000;

/// Answers `recent_calls`.
pub(super) async fn calls(
    chat: &Chat,
    user: &UserId,
    params: RecentCallsParams,
) -> Result<Reply, ChatError> {
    let RecentCallsParams { begin, end, result, limit, before } = params;
    let limit = checked(limit, LIMIT, MAX_LIMIT)?;
    let filter = CallLogFilter { begin, end, result: result.map(logged) };
    let page = chat.storage().call_log(user, &filter, limit as usize, before.as_ref()).await?;
    let wrong = "`before` is the `next` of the page before; start anew without it";
    let page = page.ok_or_else(|| ChatError::Bad(wrong.to_owned()))?;
    let fitting = fitting(&page.entries);
    let cut = page.entries.get(fitting).is_some();
    let last = page.entries.get(fitting.saturating_sub(1)).map(|entry| entry.call_id.clone());
    let next = if cut { last } else { page.next };
    let calls = page.entries.into_iter().take(fitting).map(told).collect();
    Ok(Reply::Chat(ChatReply::RecentCalls(RecentCallsReply { calls, next })))
}

/// Answers `delete_recent_calls`.
pub(super) async fn delete(
    chat: &Chat,
    by: By<'_>,
    user: &UserId,
    call_ids: &[CallId],
) -> Result<Reply, ChatError> {
    if call_ids.len() > MAX_DELETED_CALLS {
        let sentence = format!("`call_ids` names at most {MAX_DELETED_CALLS} calls");
        return Err(ChatError::Bad(sentence));
    }
    chat.admit(by)?;
    let named: BTreeSet<_> = call_ids.iter().cloned().collect();
    let named: Vec<_> = named.into_iter().collect();
    let call_ids = chat.storage().hide_calls(user, &named).await?;
    Ok(Reply::Chat(ChatReply::DeletedCalls(DeletedCallsReply { call_ids })))
}

/// How many of these fit into one frame; at least one.
fn fitting(entries: &[CallLogEntry]) -> usize {
    let mut people = 0;
    let fit = entries.iter().take_while(|entry| {
        people += entry.invite_list.len();
        people <= MAX_PAGE_PEOPLE
    });
    fit.count().max(1)
}

fn told(entry: CallLogEntry) -> RecentCall {
    RecentCall {
        call_id: entry.call_id,
        inviter: entry.inviter,
        invite_list: entry.invite_list,
        scene: match entry.scene {
            Scene::GroupCall => RecentScene::Group,
            Scene::MultiCall => RecentScene::Multi,
            Scene::SingleCall => RecentScene::Single,
        },
        media_type: entry.media_type,
        group_id: entry.group_id,
        role: entry.role,
        result: match entry.result {
            CallLogResult::Unknown => RecentResult::Unknown,
            CallLogResult::Missed => RecentResult::Missed,
            CallLogResult::Incoming => RecentResult::Incoming,
            CallLogResult::Outgoing => RecentResult::Outgoing,
        },
        begin_time: entry.begin_time,
        total_ms: entry.total_time,
    }
}

const fn logged(result: RecentResult) -> CallLogResult {
    match result {
        RecentResult::Unknown => CallLogResult::Unknown,
        RecentResult::Missed => CallLogResult::Missed,
        RecentResult::Incoming => CallLogResult::Incoming,
        RecentResult::Outgoing => CallLogResult::Outgoing,
    }
}
