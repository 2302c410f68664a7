use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::{Reader, Writer};
use super::names::{Asked, Body, limit};
use super::{ApiError, AppState, now};
use crate::storage::{AuditEntry, Scope};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// What a token opens.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScopeName {
    /// Looks at everything.
    Read,
    /// Also changes it.
    Write,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// 1 to 64 of A-Z, a-z, 0-9, `_`, `-` and `.`; stands in the audit log.
    name: String,
    scope: ScopeName,
}

/// A new token; told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Made {
    name: String,
    scope: ScopeName,
    token: String,
}

/// A token, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    name: String,
    scope: ScopeName,
    /// Milliseconds since 1970.
    created_at: u64,
}

/// Tokens by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
}

/// A page of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// 1 to 1000; 100 if absent.
    limit: Option<u32>,
    /// Only entries with a smaller number: the last of the page before.
    before: Option<u64>,
}

/// Who changed what when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entry {
    seq: u64,
    /// Milliseconds since 1970.
    at: u64,
    /// The name of the token.
    who: String,
    /// The address it came from.
    source: String,
    action: String,
    target: String,
    /// What it was answered with; absent if the server was killed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// The audit log, latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    entries: Vec<Entry>,
}

/// Lists the tokens of operators beside the one in the file.
#[utoipa::path(get, path = "/v1/tokens", tag = "operators", responses((status = 200, body = Tokens)))]
pub(super) async fn list(
    _: Reader,
    State(state): State<AppState>,
) -> Result<Json<Tokens>, ApiError> {
    let tokens = state.storage.tokens().await?.into_iter().map(|token| Token {
        name: token.name,
        scope: token.scope.into(),
        created_at: token.created_at.0,
    });
    Ok(Json(Tokens { tokens: tokens.collect() }))
}

/// Makes a token; only with the one in the file. It is shown this once: a digest is stored.
#[utoipa::path(post, path = "/v1/tokens", tag = "operators", request_body = New,
    responses((status = 201, body = Made), (status = 403), (status = 409)))]
pub(super) async fn create(
    writer: Writer,
    State(state): State<AppState>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Made>), ApiError> {
    writer.must_be_root()?;
    writer.notes(&state, "create_token", &new.name).await?;
    let token = state.auth.make_token(&new.name, new.scope.into(), now().1).await?;
    Ok((StatusCode::CREATED, Json(Made { name: new.name, scope: new.scope, token })))
}

/// Withdraws a token, at once; only with the one in the file.
#[utoipa::path(delete, path = "/v1/tokens/{name}", tag = "operators",
    params(("name" = String, Path)), responses((status = 204), (status = 403), (status = 404)))]
pub(super) async fn delete(
    writer: Writer,
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    writer.must_be_root()?;
    writer.notes(&state, "delete_token", &name).await?;
    if state.storage.delete_token(&name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found("there is no such token"))
}

/// Who changed what when over REST.
#[utoipa::path(get, path = "/v1/audit", tag = "operators", params(Which),
    responses((status = 200, body = Entries)))]
pub(super) async fn audit(
    _: Reader,
    State(state): State<AppState>,
    Asked(which): Asked<Which>,
) -> Result<Json<Entries>, ApiError> {
    let limit = limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let entries = state.storage.audit_log(limit, which.before).await?;
    Ok(Json(Entries { entries: entries.into_iter().map(Entry::from).collect() }))
}

impl From<AuditEntry> for Entry {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { seq, at, who, source, action, target, status } = entry;
        Self { seq, at: at.0, who, source, action, target, status }
    }
}

impl From<ScopeName> for Scope {
    fn from(scope: ScopeName) -> Self {
        match scope {
            ScopeName::Read => Self::Read,
            ScopeName::Write => Self::Write,
        }
    }
}

impl From<Scope> for ScopeName {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
        }
    }
}
