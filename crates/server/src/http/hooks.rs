use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::access::{Reader, Writer};
use super::names::{Asked, limit};
use super::{ApiError, AppState, now};
use crate::storage::DeadLetter;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// How webhooks stand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Figures {
    /// Events that wait to be taken.
    pending: u64,
    /// Events that were given up.
    dead: u64,
}

/// A page of dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// 1 to 1000; 100 if absent.
    limit: Option<u32>,
    /// Only those after this number: the last of the page before.
    after: Option<u64>,
}

/// An event that was given up.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dead {
    event_id: String,
    seq: u64,
    /// `events` or `push`.
    hook: String,
    /// When it happened, in milliseconds since 1970.
    created_at: u64,
    /// When it was given up.
    dead_at: u64,
    attempts: u32,
    last_error: String,
    /// What was to be posted.
    #[schema(value_type = Object)]
    body: Box<RawValue>,
}

/// Dead letters, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetters {
    dead: Vec<Dead>,
}

/// How many are sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resent {
    resent: u64,
}

/// How many events wait, and how many were given up.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = Figures)))]
pub(super) async fn figures(
    _: Reader,
    State(state): State<AppState>,
) -> Result<Json<Figures>, ApiError> {
    let figures = state.storage.outbox_figures().await?;
    Ok(Json(Figures { pending: figures.pending, dead: figures.dead }))
}

/// Lists the events that were given up.
#[utoipa::path(get, path = "/v1/webhooks/dead", tag = "webhooks", params(Which),
    responses((status = 200, body = DeadLetters)))]
pub(super) async fn dead(
    _: Reader,
    State(state): State<AppState>,
    Asked(which): Asked<Which>,
) -> Result<Json<DeadLetters>, ApiError> {
    let limit = limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let dead = state.storage.dead_letters(which.after, limit).await?;
    Ok(Json(DeadLetters { dead: dead.into_iter().map(Dead::from).collect() }))
}

/// Sends every event that was given up again.
#[utoipa::path(post, path = "/v1/webhooks/dead/resend", tag = "webhooks",
    responses((status = 200, body = Resent)))]
pub(super) async fn resend_all(
    writer: Writer,
    State(state): State<AppState>,
) -> Result<Json<Resent>, ApiError> {
    writer.notes(&state, "resend_webhooks", "all").await?;
    Ok(Json(Resent { resent: state.storage.resend_dead(None, now().1).await? }))
}

/// Sends one event that was given up again.
#[utoipa::path(post, path = "/v1/webhooks/dead/{event_id}/resend", tag = "webhooks",
    params(("event_id" = String, Path)), responses((status = 200, body = Resent), (status = 404)))]
pub(super) async fn resend(
    writer: Writer,
    State(state): State<AppState>,
    Path(event_id): Path<String>,
) -> Result<Json<Resent>, ApiError> {
    writer.notes(&state, "resend_webhook", &event_id).await?;
    match state.storage.resend_dead(Some(&event_id), now().1).await? {
        0 => Err(no_letter()),
        resent => Ok(Json(Resent { resent })),
    }
}

/// Deletes an event that was given up.
#[utoipa::path(delete, path = "/v1/webhooks/dead/{event_id}", tag = "webhooks",
    params(("event_id" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    writer: Writer,
    State(state): State<AppState>,
    Path(event_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    writer.notes(&state, "delete_webhook", &event_id).await?;
    if state.storage.delete_dead(&event_id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(no_letter())
}

impl From<DeadLetter> for Dead {
    fn from(letter: DeadLetter) -> Self {
        // It was written as JSON by this program; text that is none is shown as none.
        let body = RawValue::from_string(letter.body).unwrap_or_default();
        Self {
            event_id: letter.event_id,
            seq: letter.seq,
            hook: letter.hook,
            created_at: letter.created_at.0,
            dead_at: letter.dead_at.0,
            attempts: letter.attempts,
            last_error: letter.last_error,
            body,
        }
    }
}

fn no_letter() -> ApiError {
    ApiError::not_found("there is no such dead letter")
}
