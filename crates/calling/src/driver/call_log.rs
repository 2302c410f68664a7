//! The call log of this account.

use calling_callrecord::{CallLogEntry, CallLogFilter, CallLogResult, Scene};
use calling_model::CallId;
use calling_signaling::protocol::{
    ChatReply, ChatRequest, MAX_DELETED_CALLS, RecentCall, RecentCallsParams, RecentResult,
    RecentScene, Reply, Request,
};

use super::engine::CallEngine;
use super::session::unexpected;
use crate::error::CommandError;

/// Part of a call log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentCalls {
    /// The calls, latest first. Fewer than asked for, even none, is not the end while there is a
    /// `next`.
    pub calls: Vec<CallLogEntry>,
    /// The `before` of the next page; `None` on the last.
    pub next: Option<CallId>,
}

impl CallEngine {
    /// The calls of this account that `filter` shows, latest first: at most `limit` (1..=100; 20
    /// if `None`), placed before `before`, which is the `next` of the page before.
    ///
    /// # Errors
    /// The server refused, or cannot be reached.
    pub async fn query_recent_calls(
        &self,
        filter: CallLogFilter,
        limit: Option<u32>,
        before: Option<CallId>,
    ) -> Result<RecentCalls, CommandError> {
        let CallLogFilter { begin, end, result } = filter;
        let result = result.map(asked);
        let params = RecentCallsParams { begin, end, result, limit, before };
        let request = Request::Chat(ChatRequest::RecentCalls(params));
        let Reply::Chat(ChatReply::RecentCalls(reply)) = self.ask(request).await? else {
            return Err(unexpected().into());
        };
        let calls = reply.calls.into_iter().map(entry).collect();
        Ok(RecentCalls { calls, next: reply.next })
    }

    /// Takes calls out of this account's log, on all its devices; the logs of the others and the
    /// records of the server's operator stay. Gives those that stood in it.
    ///
    /// # Errors
    /// The server refused, or cannot be reached. More than a hundred are asked for a hundred at a
    /// time: those before the one that failed are gone.
    pub async fn delete_record_calls(
        &self,
        call_ids: Vec<CallId>,
    ) -> Result<Vec<CallId>, CommandError> {
        let mut deleted = Vec::new();
        for some in call_ids.chunks(MAX_DELETED_CALLS) {
            let call_ids = some.to_vec();
            let request = Request::Chat(ChatRequest::DeleteRecentCalls { call_ids });
            let Reply::Chat(ChatReply::DeletedCalls(reply)) = self.ask(request).await? else {
                return Err(unexpected().into());
            };
            deleted.extend(reply.call_ids);
        }
        Ok(deleted)
    }
}

const fn asked(result: CallLogResult) -> RecentResult {
    match result {
        CallLogResult::Unknown => RecentResult::Unknown,
        CallLogResult::Missed => RecentResult::Missed,
        CallLogResult::Incoming => RecentResult::Incoming,
        CallLogResult::Outgoing => RecentResult::Outgoing,
    }
}

fn entry(call: RecentCall) -> CallLogEntry {
    CallLogEntry {
        call_id: call.call_id,
        inviter: call.inviter,
        invite_list: call.invite_list,
        scene: match call.scene {
            RecentScene::Group => Scene::GroupCall,
            RecentScene::Multi => Scene::MultiCall,
            RecentScene::Single => Scene::SingleCall,
        },
        media_type: call.media_type,
        group_id: call.group_id,
        role: call.role,
        result: match call.result {
            RecentResult::Unknown => CallLogResult::Unknown,
            RecentResult::Missed => CallLogResult::Missed,
            RecentResult::Incoming => CallLogResult::Incoming,
            RecentResult::Outgoing => CallLogResult::Outgoing,
        },
        begin_time: call.begin_time,
        total_time: call.total_ms,
    }
}
