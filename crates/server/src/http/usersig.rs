use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use calling_model::UserId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::access::{Client, only_admin};
use super::{ApiError, AppState, now};

/// A week.
const DEFAULT_EXPIRE_S: u64 = 604_800;
/// Ten years.
const MAX_EXPIRE_S: u64 = 315_360_000;

/// What `POST /v1/usersig` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    user_id: UserId,
    expire_s: Option<u64>,
}

/// The answer of `POST /v1/usersig`.
#[derive(Serialize)]
pub(super) struct Issued {
    sdk_app_id: u32,
    user_id: UserId,
    user_sig: String,
    /// Milliseconds since 1970-01-01 UTC.
    expires_at: u64,
}

/// `POST /v1/usersig` with `{"user_id":…,"expire_s":…}`, for the admin.
pub(super) async fn issue(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<Issued>, ApiError> {
    only_admin(&state, client, &headers)?;
    let wanted: Wanted = body(bytes)?;
    let expire_s = wanted.expire_s.unwrap_or(DEFAULT_EXPIRE_S);
    if !(1..=MAX_EXPIRE_S).contains(&expire_s) {
        return Err(ApiError::bad_request(format!("expire_s is 1 to {MAX_EXPIRE_S}")));
    }
    let (_, at) = now();
    let user_sig = state.auth.issue(&wanted.user_id, expire_s, at);
    let expires_at = (at.as_secs() + expire_s) * 1_000;
    let sdk_app_id = state.auth.sdk_app_id();
    Ok(Json(Issued { sdk_app_id, user_id: wanted.user_id, user_sig, expires_at }))
}

/// Reads a JSON body.
pub(super) fn body<T: DeserializeOwned>(
    bytes: Result<Bytes, BytesRejection>,
) -> Result<T, ApiError> {
    let bytes = bytes.map_err(|error| ApiError::with_status(error.status(), error.body_text()))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ApiError::bad_request(format!("the body is not understood: {error}")))
}
