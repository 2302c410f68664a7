use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use calling_model::{GroupId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::access::{Reader, Writer};
use super::names::{Asked, Body, id, limit};
use super::{ApiError, AppState};
use crate::chat::{By, check_name};
use crate::storage::{self, MemberChange, Refusal};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// A page of groups.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those this account is in.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Only those after this one: the last of the page before.
    #[param(value_type = Option<String>)]
    after: Option<GroupId>,
    /// 1 to 1000; 100 if absent.
    limit: Option<u32>,
}

/// A page of members.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichMembers {
    /// Only those after this one: the last of the page before.
    #[param(value_type = Option<String>)]
    after: Option<UserId>,
    /// 1 to 1000; 100 if absent.
    limit: Option<u32>,
}

/// A group to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    /// 1 to 64 printable ASCII characters without space, `"` and `\`; made up if absent.
    #[schema(value_type = Option<String>)]
    group_id: Option<GroupId>,
    /// At most 500 bytes.
    #[serde(default)]
    name: String,
    #[schema(value_type = String)]
    owner: UserId,
    /// At most 100 at once.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    members: Vec<UserId>,
}

/// What is to become of a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupChange {
    /// At most 500 bytes.
    name: String,
}

/// People to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMembers {
    /// At most 100 at once.
    #[schema(value_type = Vec<String>)]
    users: Vec<UserId>,
}

/// What is to become of a member; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// `owner` makes the present owner an admin.
    role: Option<RoleName>,
    /// At most 500 bytes.
    name_card: Option<String>,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleName {
    /// Also appoints admins and ends the group.
    Owner,
    /// Also renames the group and removes members.
    Admin,
    /// Writes, reads, and adds people.
    Member,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    #[schema(value_type = String)]
    group_id: GroupId,
    name: String,
    #[schema(value_type = String)]
    owner: UserId,
    /// Milliseconds since 1970.
    created_at: u64,
}

/// Groups in order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Groups {
    groups: Vec<Group>,
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    #[schema(value_type = String)]
    user_id: UserId,
    role: RoleName,
    name_card: String,
    nickname: String,
    /// Milliseconds since 1970.
    joined_at: u64,
}

/// Members in order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Members {
    members: Vec<Member>,
}

/// Lists groups.
#[utoipa::path(get, path = "/v1/groups", tag = "groups", params(Which),
    responses((status = 200, body = Groups)))]
pub(super) async fn list(
    _: Reader,
    State(state): State<AppState>,
    Asked(which): Asked<Which>,
) -> Result<Json<Groups>, ApiError> {
    let limit = limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let groups = state.storage.groups(which.user.as_ref(), which.after.as_ref(), limit).await?;
    Ok(Json(Groups { groups: groups.into_iter().map(Group::from).collect() }))
}

/// Makes a group.
#[utoipa::path(post, path = "/v1/groups", tag = "groups", request_body = NewGroup,
    responses((status = 201, body = Group), (status = 409)))]
pub(super) async fn create(
    writer: Writer,
    State(state): State<AppState>,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    check_name("name", Some(&new.name))?;
    let target = new.group_id.as_ref().map_or_else(|| new.owner.as_str(), GroupId::as_str);
    writer.notes(&state, "create_group", target).await?;
    let NewGroup { group_id, name, owner, members } = new;
    let group = state.chat.create_group(By::Operator, &owner, group_id, name, members).await?;
    Ok((StatusCode::CREATED, Json(Group::from(group))))
}

/// One group.
#[utoipa::path(get, path = "/v1/groups/{group_id}", tag = "groups",
    params(("group_id" = String, Path)), responses((status = 200, body = Group), (status = 404)))]
pub(super) async fn one(
    _: Reader,
    State(state): State<AppState>,
    Path(group): Path<String>,
) -> Result<Json<Group>, ApiError> {
    let group = state.storage.group(None, &id(group)?).await?;
    group.map(|group| Json(Group::from(group))).ok_or_else(no_group)
}

/// Gives a group another name.
#[utoipa::path(patch, path = "/v1/groups/{group_id}", tag = "groups",
    params(("group_id" = String, Path)), request_body = GroupChange,
    responses((status = 204), (status = 404)))]
pub(super) async fn change(
    writer: Writer,
    State(state): State<AppState>,
    Path(group): Path<String>,
    Body(change): Body<GroupChange>,
) -> Result<StatusCode, ApiError> {
    let group: GroupId = id(group)?;
    writer.notes(&state, "rename_group", group.as_str()).await?;
    state.chat.rename_group(By::Operator, &group, &change.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a group, with its messages.
#[utoipa::path(delete, path = "/v1/groups/{group_id}", tag = "groups",
    params(("group_id" = String, Path)), responses((status = 204), (status = 404)))]
pub(super) async fn delete(
    writer: Writer,
    State(state): State<AppState>,
    Path(group): Path<String>,
) -> Result<StatusCode, ApiError> {
    let group: GroupId = id(group)?;
    writer.notes(&state, "dissolve_group", group.as_str()).await?;
    state.chat.dissolve_group(By::Operator, &group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the members of a group.
#[utoipa::path(get, path = "/v1/groups/{group_id}/members", tag = "groups",
    params(("group_id" = String, Path), WhichMembers),
    responses((status = 200, body = Members), (status = 404)))]
pub(super) async fn members(
    _: Reader,
    State(state): State<AppState>,
    Path(group): Path<String>,
    Asked(which): Asked<WhichMembers>,
) -> Result<Json<Members>, ApiError> {
    let (group, limit) = (id(group)?, limit(which.limit, DEFAULT_LIMIT, MAX_LIMIT)?);
    let members = state.storage.group_members(None, &group, which.after.as_ref(), limit).await?;
    let members = members.map_err(refused)?.into_iter().map(Member::from).collect();
    Ok(Json(Members { members }))
}

/// Adds people to a group; those who are in it stay as they are.
#[utoipa::path(post, path = "/v1/groups/{group_id}/members", tag = "groups",
    params(("group_id" = String, Path)), request_body = NewMembers,
    responses((status = 204), (status = 404)))]
pub(super) async fn add(
    writer: Writer,
    State(state): State<AppState>,
    Path(group): Path<String>,
    Body(new): Body<NewMembers>,
) -> Result<StatusCode, ApiError> {
    let group: GroupId = id(group)?;
    writer.notes(&state, "add_members", group.as_str()).await?;
    state.chat.add_members(By::Operator, &group, &new.users).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes a member's role or name card.
#[utoipa::path(patch, path = "/v1/groups/{group_id}/members/{user_id}", tag = "groups",
    params(("group_id" = String, Path), ("user_id" = String, Path)), request_body = Change,
    responses((status = 204), (status = 404)))]
pub(super) async fn change_member(
    writer: Writer,
    State(state): State<AppState>,
    Path((group, user)): Path<(String, String)>,
    Body(change): Body<Change>,
) -> Result<StatusCode, ApiError> {
    let (group, user): (GroupId, UserId) = (id(group)?, id(user)?);
    let target = format!("{} {}", group.as_str(), user.as_str());
    writer.notes(&state, "change_member", &target).await?;
    let role = change.role.map(storage::Role::from);
    let change = MemberChange { role, name_card: change.name_card };
    state.chat.change_member(By::Operator, &group, &user, &change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of a group.
#[utoipa::path(delete, path = "/v1/groups/{group_id}/members/{user_id}", tag = "groups",
    params(("group_id" = String, Path), ("user_id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(super) async fn remove(
    writer: Writer,
    State(state): State<AppState>,
    Path((group, user)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (group, user): (GroupId, UserId) = (id(group)?, id(user)?);
    let target = format!("{} {}", group.as_str(), user.as_str());
    writer.notes(&state, "remove_member", &target).await?;
    state.chat.remove_member(By::Operator, &group, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<storage::Group> for Group {
    fn from(group: storage::Group) -> Self {
        let storage::Group { group_id, name, owner, created_at } = group;
        Self { group_id, name, owner, created_at: created_at.0 }
    }
}

impl From<storage::GroupMember> for Member {
    fn from(member: storage::GroupMember) -> Self {
        let storage::GroupMember { user_id, role, name_card, joined_at, nickname } = member;
        Self { user_id, role: role.into(), name_card, nickname, joined_at: joined_at.0 }
    }
}

impl From<RoleName> for storage::Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Member => Self::Member,
        }
    }
}

impl From<storage::Role> for RoleName {
    fn from(role: storage::Role) -> Self {
        match role {
            storage::Role::Owner => Self::Owner,
            storage::Role::Admin => Self::Admin,
            storage::Role::Member => Self::Member,
        }
    }
}

fn refused(refusal: Refusal) -> ApiError {
    crate::chat::ChatError::from(refusal).into()
}

fn no_group() -> ApiError {
    refused(Refusal::NoSuchGroup)
}
