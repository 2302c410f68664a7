use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use calling_model::{DeviceId, UserId};
use calling_signaling::protocol::Code;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::{Reader, Writer};
use super::names::{Asked, Body, id, limit};
use super::{ApiError, AppState, now};
use crate::chat::{By, check_name};
use crate::storage;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// A page of accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those after this one: the last of the page before.
    #[param(value_type = Option<String>)]
    after: Option<UserId>,
    /// 1 to 1000; 100 if absent.
    limit: Option<u32>,
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// 1 to 32 of A-Z, a-z, 0-9, `_` and `-`.
    #[schema(value_type = String)]
    user_id: UserId,
    /// At most 500 bytes.
    nickname: Option<String>,
    /// Address of a picture, at most 500 bytes.
    avatar: Option<String>,
}

/// What an account shows of itself; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileChange {
    /// At most 500 bytes.
    nickname: Option<String>,
    /// Address of a picture, at most 500 bytes.
    avatar: Option<String>,
}

/// One account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    #[schema(value_type = String)]
    user_id: UserId,
    /// Milliseconds since 1970.
    created_at: u64,
    nickname: String,
    avatar: String,
}

/// Accounts in order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accounts {
    accounts: Vec<Account>,
}

/// Whether the account is new.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    #[schema(value_type = String)]
    user_id: UserId,
    created: bool,
}

/// The signed-in devices of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Devices {
    #[schema(value_type = Vec<String>)]
    devices: Vec<DeviceId>,
}

/// How many devices were signed out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Kicked {
    kicked: usize,
}

/// Lists accounts.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(Which),
    responses((status = 200, body = Accounts)))]
pub(super) async fn list(
    _: Reader,
    State(state): State<AppState>,
    Asked(which): Asked<Which>,
) -> Result<Json<Accounts>, ApiError> {
    let limit = limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let accounts = state.storage.accounts(which.after.as_ref(), limit).await?;
    Ok(Json(Accounts { accounts: accounts.into_iter().map(Account::from).collect() }))
}

/// Makes an account: 201 if it is new, 200 if it was there; then its profile is changed alone.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Made), (status = 200, body = Made)))]
pub(super) async fn create(
    writer: Writer,
    State(state): State<AppState>,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<Made>), ApiError> {
    check_name("nickname", new.nickname.as_deref())?;
    check_name("avatar", new.avatar.as_deref())?;
    writer.notes(&state, "create_account", new.user_id.as_str()).await?;
    let created = state.storage.create_account(&new.user_id, now().1).await?;
    if new.nickname.is_some() || new.avatar.is_some() {
        let (nickname, avatar) = (new.nickname.as_deref(), new.avatar.as_deref());
        state.storage.set_profile(&new.user_id, nickname, avatar).await?;
    }
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Made { user_id: new.user_id, created })))
}

/// One account.
#[utoipa::path(get, path = "/v1/accounts/{user_id}", tag = "accounts",
    params(("user_id" = String, Path)),
    responses((status = 200, body = Account), (status = 404)))]
pub(super) async fn one(
    _: Reader,
    State(state): State<AppState>,
    Path(user): Path<String>,
) -> Result<Json<Account>, ApiError> {
    let account = state.storage.account(&id(user)?).await?.ok_or_else(no_account)?;
    Ok(Json(Account::from(account)))
}

/// Changes what an account shows of itself.
#[utoipa::path(patch, path = "/v1/accounts/{user_id}", tag = "accounts",
    params(("user_id" = String, Path)), request_body = ProfileChange,
    responses((status = 200, body = Account), (status = 404)))]
pub(super) async fn change(
    writer: Writer,
    State(state): State<AppState>,
    Path(user): Path<String>,
    Body(change): Body<ProfileChange>,
) -> Result<Json<Account>, ApiError> {
    let user: UserId = id(user)?;
    check_name("nickname", change.nickname.as_deref())?;
    check_name("avatar", change.avatar.as_deref())?;
    writer.notes(&state, "change_account", user.as_str()).await?;
    let (nickname, avatar) = (change.nickname.as_deref(), change.avatar.as_deref());
    state.storage.set_profile(&user, nickname, avatar).await?;
    let account = state.storage.account(&user).await?.ok_or_else(no_account)?;
    Ok(Json(Account::from(account)))
}

/// Deletes an account with its profile, remarks and places in groups, and signs its devices out.
/// Messages and records stay with those they were exchanged with.
#[utoipa::path(delete, path = "/v1/accounts/{user_id}", tag = "accounts",
    params(("user_id" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    writer: Writer,
    State(state): State<AppState>,
    Path(user): Path<String>,
) -> Result<StatusCode, ApiError> {
    let user: UserId = id(user)?;
    writer.notes(&state, "delete_account", user.as_str()).await?;
    if !state.chat.delete_account(By::Operator, &user).await? {
        return Err(no_account());
    }
    // Without a running server there are no devices.
    let _ = state.control.kick(user, None).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The signed-in devices of an account.
#[utoipa::path(get, path = "/v1/accounts/{user_id}/devices", tag = "accounts",
    params(("user_id" = String, Path)), responses((status = 200, body = Devices)))]
pub(super) async fn devices(
    _: Reader,
    State(state): State<AppState>,
    Path(user): Path<String>,
) -> Result<Json<Devices>, ApiError> {
    Ok(Json(Devices { devices: state.control.devices(id(user)?).await? }))
}

/// Signs every device of an account out.
#[utoipa::path(delete, path = "/v1/accounts/{user_id}/devices", tag = "accounts",
    params(("user_id" = String, Path)), responses((status = 200, body = Kicked)))]
pub(super) async fn kick_all(
    writer: Writer,
    State(state): State<AppState>,
    Path(user): Path<String>,
) -> Result<Json<Kicked>, ApiError> {
    let user: UserId = id(user)?;
    writer.notes(&state, "kick_devices", user.as_str()).await?;
    Ok(Json(Kicked { kicked: state.control.kick(user, None).await? }))
}

/// Signs one device out. It leaves its call, and may sign in again while its UserSig is valid.
#[utoipa::path(delete, path = "/v1/accounts/{user_id}/devices/{device_id}", tag = "accounts",
    params(("user_id" = String, Path), ("device_id" = String, Path)),
    responses((status = 200, body = Kicked), (status = 404)))]
pub(super) async fn kick(
    writer: Writer,
    State(state): State<AppState>,
    Path((user, device)): Path<(String, String)>,
) -> Result<Json<Kicked>, ApiError> {
    let (user, device): (UserId, DeviceId) = (id(user)?, id(device)?);
    let target = format!("{} {}", user.as_str(), device.as_str());
    writer.notes(&state, "kick_device", &target).await?;
    match state.control.kick(user, Some(device)).await? {
        0 => Err(ApiError::not_found("no such device is signed in")),
        kicked => Ok(Json(Kicked { kicked })),
    }
}

impl From<storage::Account> for Account {
    fn from(account: storage::Account) -> Self {
        let storage::Account { user_id, created_at, nickname, avatar } = account;
        Self { user_id, created_at: created_at.0, nickname, avatar }
    }
}

fn no_account() -> ApiError {
    ApiError::new(Code::UserNotFound, "there is no such account")
}
