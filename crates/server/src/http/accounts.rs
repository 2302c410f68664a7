use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use calling_model::UserId;
use serde::{Deserialize, Serialize};

use super::access::{Client, only_admin};
use super::records::limit;
use super::usersig::body;
use super::{ApiError, AppState, now};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// What `GET /v1/accounts` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    after: Option<UserId>,
    limit: Option<u32>,
}

/// What `POST /v1/accounts` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    user_id: UserId,
}

/// One account as REST tells it.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    user_id: UserId,
    created_at: u64,
}

/// The answer of `GET /v1/accounts`, in order of ids.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    accounts: Vec<Account>,
}

/// `GET /v1/accounts?after=&limit=`, for the admin.
pub(super) async fn list(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, ApiError> {
    only_admin(&state, client, &headers)?;
    let Query(asked) = asked.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let limit = limit(asked.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let accounts = state.storage.accounts(asked.after.as_ref(), limit).await?;
    let accounts = accounts
        .into_iter()
        .map(|account| Account { user_id: account.user_id, created_at: account.created_at.0 })
        .collect();
    Ok(Json(Page { accounts }))
}

/// `POST /v1/accounts` with `{"user_id":…}`, for the admin: 201 if it is new, 200 if it was there.
pub(super) async fn create(
    State(state): State<AppState>,
    client: Client,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<serde_json::Value>), ApiError> {
    only_admin(&state, client, &headers)?;
    let wanted: Wanted = body(bytes)?;
    let created = state.storage.create_account(&wanted.user_id, now().1).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(serde_json::json!({ "user_id": wanted.user_id, "created": created }))))
}
