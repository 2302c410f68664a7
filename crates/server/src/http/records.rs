use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use calling_callrecord::Record;
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::Outcome;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::{Caller, Client, Writer, known_caller};
use super::names::{Asked, limit};
use super::{ApiError, AppState};
use crate::storage::RecordFilter;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Which records, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only calls this account placed or was invited to.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Only calls placed at this time or later, in milliseconds since 1970.
    from: Option<u64>,
    /// Only calls placed before this time, in milliseconds since 1970.
    until: Option<u64>,
    /// Only calls that ended so: `completed`, `rejected`, `no_answer`, `offline`, `busy`,
    /// `cancelled`, `peer_lost` or `interrupted`.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    before: Option<CallId>,
}

/// Which records to delete: at least one of these.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Doomed {
    /// Only calls this account placed or was invited to.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Only calls placed at this time or later, in milliseconds since 1970.
    from: Option<u64>,
    /// Only calls placed before this time, in milliseconds since 1970.
    until: Option<u64>,
    /// Only calls that ended so.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
}

/// Records, latest call first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Records {
    #[schema(value_type = Vec<Object>)]
    records: Vec<Record>,
    /// To be given as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next: Option<CallId>,
}

/// How many were deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deleted {
    deleted: u64,
}

/// Lists records: all for operators, one's own for everybody else.
#[utoipa::path(get, path = "/v1/records", tag = "records", params(Which),
    responses((status = 200, body = Records)))]
pub(super) async fn list(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    asked: Result<Asked<Which>, ApiError>,
) -> Result<Json<Records>, ApiError> {
    let caller = known_caller(&state, client, &headers).await?;
    let Asked(which) = asked?;
    let limit = limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let user = match (caller, which.user) {
        (Caller::Operator(_), user) => user,
        (Caller::User(own), Some(user)) if own != user => {
            return Err(ApiError::forbidden("these are the records of somebody else"));
        }
        (Caller::User(own), _) => Some(own),
    };
    let filter = RecordFilter {
        user,
        from: which.from.map(UnixMillis),
        until: which.until.map(UnixMillis),
        outcome: which.outcome,
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
        before: which.before,
    };
    let mut records = state.storage.records(&filter).await?;
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records.last().filter(|_| more).map(|record| record.call_id.clone());
    Ok(Json(Records { records, next }))
}

/// One record. One of others is answered like one that is not there, so that ids cannot be
/// guessed.
#[utoipa::path(get, path = "/v1/records/{call_id}", tag = "records",
    params(("call_id" = String, Path)),
    responses((status = 200, body = Object), (status = 404)))]
pub(super) async fn one(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    Path(call_id): Path<String>,
) -> Result<Json<Record>, ApiError> {
    let caller = known_caller(&state, client, &headers).await?;
    let call_id = CallId::new(call_id).map_err(|_| ApiError::no_call())?;
    let record = state.storage.record(&call_id).await?.ok_or_else(ApiError::no_call)?;
    let allowed = match &caller {
        Caller::Operator(_) => true,
        Caller::User(user) => record.concerns(user),
    };
    if allowed { Ok(Json(record)) } else { Err(ApiError::no_call()) }
}

/// Deletes records by user, time or outcome, with their calls.
#[utoipa::path(delete, path = "/v1/records", tag = "records", params(Doomed),
    responses((status = 200, body = Deleted)))]
pub(super) async fn delete_many(
    writer: Writer,
    State(state): State<AppState>,
    Asked(doomed): Asked<Doomed>,
) -> Result<Json<Deleted>, ApiError> {
    let filter = RecordFilter {
        user: doomed.user,
        from: doomed.from.map(UnixMillis),
        until: doomed.until.map(UnixMillis),
        outcome: doomed.outcome,
        ..RecordFilter::default()
    };
    if filter == RecordFilter::default() {
        let sentence = "say which: give `user`, `from`, `until` or `outcome`";
        return Err(ApiError::bad_request(sentence));
    }
    writer.notes(&state, "delete_records", &told(&filter)).await?;
    Ok(Json(Deleted { deleted: state.storage.delete_records(&filter).await? }))
}

/// Deletes one record with its call.
#[utoipa::path(delete, path = "/v1/records/{call_id}", tag = "records",
    params(("call_id" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    writer: Writer,
    State(state): State<AppState>,
    Path(call_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let call_id = CallId::new(call_id).map_err(|_| ApiError::no_call())?;
    writer.notes(&state, "delete_record", call_id.as_str()).await?;
    if state.storage.delete_record(&call_id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::no_call())
}

/// For the audit log.
fn told(filter: &RecordFilter) -> String {
    let RecordFilter { user, from, until, outcome, .. } = filter;
    let user = user.as_ref().map(|user| format!("user={}", user.as_str()));
    let from = from.map(|at| format!("from={}", at.0));
    let until = until.map(|at| format!("until={}", at.0));
    let outcome = outcome.map(|outcome| format!("outcome={outcome:?}"));
    [user, from, until, outcome].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
