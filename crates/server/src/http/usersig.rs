use axum::Json;
use axum::extract::State;
use calling_model::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Writer;
use super::names::Body;
use super::{ApiError, AppState, now};

/// A week.
const DEFAULT_EXPIRE_S: u64 = 604_800;
/// Ten years.
const MAX_EXPIRE_S: u64 = 315_360_000;

/// For whom, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[schema(value_type = String)]
    user_id: UserId,
    /// Seconds, 1 to 315360000; a week if absent.
    expire_s: Option<u64>,
}

/// What signs an account in.
#[derive(Serialize, ToSchema)]
pub(super) struct Issued {
    sdk_app_id: u32,
    #[schema(value_type = String)]
    user_id: UserId,
    user_sig: String,
    /// Milliseconds since 1970.
    expires_at: u64,
}

/// Issues a UserSig.
#[utoipa::path(post, path = "/v1/usersig", tag = "accounts", request_body = Wanted,
    responses((status = 200, body = Issued)))]
pub(super) async fn issue(
    writer: Writer,
    State(state): State<AppState>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Issued>, ApiError> {
    let expire_s = wanted.expire_s.unwrap_or(DEFAULT_EXPIRE_S);
    if !(1..=MAX_EXPIRE_S).contains(&expire_s) {
        return Err(ApiError::bad_request(format!("expire_s is 1 to {MAX_EXPIRE_S}")));
    }
    writer.notes(&state, "issue_usersig", wanted.user_id.as_str()).await?;
    let (_, at) = now();
    let user_sig = state.auth.issue(&wanted.user_id, expire_s, at);
    let expires_at = (at.as_secs() + expire_s) * 1_000;
    let sdk_app_id = state.auth.sdk_app_id();
    Ok(Json(Issued { sdk_app_id, user_id: wanted.user_id, user_sig, expires_at }))
}
