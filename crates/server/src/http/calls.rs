use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use calling_model::{CallId, GroupId, MediaType, RoomId, UserId};
use calling_signaling::protocol::CallParams;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::{Reader, Writer};
use super::names::Body;
use super::{ApiError, AppState};
use crate::hub::{LiveCall, OperatorCall};

/// The most callees that are looked up; the call machine knows its own limit.
const MAX_CALLEES: usize = 100;

/// A call in progress.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Call {
    #[schema(value_type = String)]
    call_id: CallId,
    #[schema(value_type = u32)]
    room_id: RoomId,
    #[schema(value_type = String)]
    caller: UserId,
    #[schema(value_type = Vec<String>)]
    callees: Vec<UserId>,
    /// `audio` or `video`.
    #[schema(value_type = String)]
    media_type: MediaType,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    group_id: Option<GroupId>,
    /// Milliseconds since 1970.
    started_at: u64,
    /// Since when people talk; absent while it rings.
    #[serde(skip_serializing_if = "Option::is_none")]
    connected_at: Option<u64>,
}

/// Calls in progress, in order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

/// A call to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCall {
    /// The account in whose name it rings; it needs no device.
    #[schema(value_type = String)]
    caller: UserId,
    /// Whom to ring.
    #[schema(value_type = Vec<String>)]
    callees: Vec<UserId>,
    /// `audio` or `video`.
    #[schema(value_type = String)]
    media_type: MediaType,
    #[schema(value_type = Option<String>)]
    group_id: Option<GroupId>,
    /// How long it rings, in seconds.
    timeout_s: Option<u32>,
    /// Passed to the callees.
    #[serde(default)]
    user_data: String,
}

/// Calls in progress, ringing ones included.
#[utoipa::path(get, path = "/v1/calls", tag = "calls", responses((status = 200, body = Calls)))]
pub(super) async fn list(
    _: Reader,
    State(state): State<AppState>,
) -> Result<Json<Calls>, ApiError> {
    let calls = state.control.calls().await?.into_iter().map(Call::from).collect();
    Ok(Json(Calls { calls }))
}

/// One call in progress.
#[utoipa::path(get, path = "/v1/calls/{call_id}", tag = "calls",
    params(("call_id" = String, Path)), responses((status = 200, body = Call), (status = 404)))]
pub(super) async fn one(
    _: Reader,
    State(state): State<AppState>,
    Path(call_id): Path<String>,
) -> Result<Json<Call>, ApiError> {
    let calls = state.control.calls().await?;
    let call = calls.into_iter().find(|call| call.facts.call_id.as_str() == call_id);
    call.map(|call| Json(Call::from(call))).ok_or_else(no_live_call)
}

/// Rings people in the name of an account, as a robot would: no device of the caller takes part.
/// The call ends when everybody has left, by `DELETE`, or, of two, when the one who answered has
/// waited half a minute for the caller's media.
#[utoipa::path(post, path = "/v1/calls", tag = "calls", request_body = NewCall,
    responses((status = 201, body = Call), (status = 404), (status = 409)))]
pub(super) async fn start(
    writer: Writer,
    State(state): State<AppState>,
    Body(new): Body<NewCall>,
) -> Result<(StatusCode, Json<Call>), ApiError> {
    if new.callees.len() > MAX_CALLEES {
        let sentence = format!("`callees` names at most {MAX_CALLEES} accounts");
        return Err(ApiError::bad_request(sentence));
    }
    writer.notes(&state, "start_call", new.caller.as_str()).await?;
    if !state.storage.account_exists(&new.caller).await? {
        return Err(ApiError::not_found("the caller has no account"));
    }
    let mut unknown = Vec::new();
    for callee in &new.callees {
        if !state.storage.account_exists(callee).await? {
            unknown.push(callee.clone());
        }
    }
    let params = CallParams {
        callees: new.callees,
        media_type: new.media_type,
        group_id: new.group_id,
        timeout_s: new.timeout_s,
        user_data: new.user_data,
        sent_at: None,
    };
    let call = OperatorCall { caller: new.caller, params, unknown };
    let placed = state.control.start_call(call).await?;
    let live = LiveCall { facts: placed.facts, connected_at: None };
    Ok((StatusCode::CREATED, Json(Call::from(live))))
}

/// Ends a call for everybody in it, ringing or not. Its record says `interrupted`.
#[utoipa::path(delete, path = "/v1/calls/{call_id}", tag = "calls",
    params(("call_id" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn end(
    writer: Writer,
    State(state): State<AppState>,
    Path(call_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let call_id = CallId::new(call_id).map_err(|_| no_live_call())?;
    writer.notes(&state, "end_call", call_id.as_str()).await?;
    if state.control.end_call(call_id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(no_live_call())
}

impl From<LiveCall> for Call {
    fn from(call: LiveCall) -> Self {
        let LiveCall { facts, connected_at } = call;
        Self {
            call_id: facts.call_id,
            room_id: facts.room_id,
            caller: facts.caller,
            callees: facts.callees,
            media_type: facts.media_type,
            group_id: facts.group_id,
            started_at: facts.started_at.0,
            connected_at: connected_at.map(|at| at.0),
        }
    }
}

fn no_live_call() -> ApiError {
    ApiError::not_found("there is no such call in progress")
}
