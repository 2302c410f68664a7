use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use calling_callrecord::Record;
use calling_model::{CallId, UserId};
use serde::{Deserialize, Serialize};

use super::access::{Caller, Client, known_caller};
use super::{ApiError, AppState};
use crate::storage::RecordFilter;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// What `GET /v1/records` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    user: Option<UserId>,
    limit: Option<u32>,
    before: Option<CallId>,
}

/// The answer of `GET /v1/records`: latest call first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    records: Vec<Record>,
    /// To be given as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<CallId>,
}

/// `GET /v1/records?user=&limit=&before=`: all for the admin, one's own for everybody else.
pub(super) async fn list(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, ApiError> {
    let caller = known_caller(&state, client, &headers)?;
    let Query(asked) = asked.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let limit = limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let user = match (caller, asked.user) {
        (Caller::Admin, user) => user,
        (Caller::User(own), Some(user)) if own != user => {
            return Err(ApiError::forbidden("these are the records of somebody else"));
        }
        (Caller::User(own), _) => Some(own),
    };
    // One more than asked for tells whether there is a next page.
    let filter =
        RecordFilter { user, limit: limit + 1, before: asked.before, ..RecordFilter::default() };
    let mut records = state.storage.records(&filter).await?;
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records.last().filter(|_| more).map(|record| record.call_id.clone());
    Ok(Json(Page { records, next }))
}

/// `GET /v1/records/{call_id}`. A record of others is answered like one that is not there, so that
/// ids cannot be guessed.
pub(super) async fn one(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    Path(call_id): Path<String>,
) -> Result<Json<Record>, ApiError> {
    let caller = known_caller(&state, client, &headers)?;
    let call_id = CallId::new(call_id).map_err(|_| ApiError::no_call())?;
    let record = state.storage.record(&call_id).await?.ok_or_else(ApiError::no_call)?;
    let allowed = match &caller {
        Caller::Admin => true,
        Caller::User(user) => record.concerns(user),
    };
    if allowed { Ok(Json(record)) } else { Err(ApiError::no_call()) }
}

/// The page size asked for, within bounds.
pub(super) fn limit(asked: Option<u32>, default: u32, max: u32) -> Result<u32, ApiError> {
    match asked.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(ApiError::bad_request(format!("limit is 1 to {max}"))),
    }
}
