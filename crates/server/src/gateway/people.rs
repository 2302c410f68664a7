//! What has to be looked up about the people a request names before the call machine judges it:
//! who has an account, who belongs to the group.

use calling_model::{CallId, GroupId, UserId};
use calling_signaling::protocol::{CallParams, InviteParams, ProtocolError};
use tokio::sync::oneshot;

use super::connection::Connection;
use super::requests::{not_signed_in, read, tell_hub};
use super::{Closing, Gateway};
use crate::hub::{HubCommand, HubRequest};

/// A request ready for the hub, or why it is refused.
pub(super) type Ready = Result<HubRequest, ProtocolError>;

/// Those of the people a request names who cannot be rung.
struct People {
    unknown: Vec<UserId>,
    outsiders: Vec<UserId>,
}

impl Connection {
    pub(super) async fn ready_call(&mut self, params: CallParams) -> Ready {
        let asker = self.asker()?;
        let group = params.group_id.as_ref();
        let mut people = people(&self.gateway, &params.callees, group).await?;
        if let Some(group) = group
            && !may_call(&self.gateway, group, &asker).await?
        {
            people.outsiders.push(asker);
        }
        let People { unknown, outsiders } = people;
        Ok(HubRequest::Call { params, unknown, outsiders })
    }

    /// # Errors
    /// The server stops.
    pub(super) async fn ready_invite(&mut self, params: InviteParams) -> Result<Ready, Closing> {
        if let Err(error) = self.asker() {
            return Ok(Err(error));
        }
        let group = group_of(&self.gateway, &params.call_id).await?;
        let people = people(&self.gateway, &params.users, group.as_ref()).await;
        Ok(people.map(|People { unknown, outsiders }| HubRequest::InviteUsers {
            params,
            unknown,
            outsiders,
        }))
    }

    /// # Errors
    /// The server stops.
    pub(super) async fn ready_join(&mut self, call_id: CallId) -> Result<Ready, Closing> {
        let asker = match self.asker() {
            Ok(asker) => asker,
            Err(error) => return Ok(Err(error)),
        };
        join_request(&self.gateway, &asker, call_id).await
    }

    pub(super) async fn ready_group_call(&mut self, group_id: GroupId) -> Ready {
        let asker = self.asker()?;
        let insider = belongs(&self.gateway, &group_id, &asker).await?;
        Ok(HubRequest::GroupCall { group_id, insider })
    }

    fn asker(&self) -> Result<UserId, ProtocolError> {
        let signed_in = self.signed_in.as_ref().ok_or_else(not_signed_in)?;
        Ok(signed_in.session.endpoint.user.clone())
    }
}

/// The request of `asker` to join a call, with what the call machine has to know for it.
///
/// # Errors
/// The server stops.
pub(super) async fn join_request(
    gateway: &Gateway,
    asker: &UserId,
    call_id: CallId,
) -> Result<Ready, Closing> {
    let insider = match group_of(gateway, &call_id).await? {
        Some(group) => belongs(gateway, &group, asker).await,
        None => Ok(false),
    };
    Ok(insider.map(|insider| HubRequest::Join { call_id, insider }))
}

async fn people(
    gateway: &Gateway,
    users: &[UserId],
    group: Option<&GroupId>,
) -> Result<People, ProtocolError> {
    let mut people = People { unknown: Vec::new(), outsiders: Vec::new() };
    // The call machine refuses longer lists; nobody has the database search for them.
    if users.len() >= gateway.inner.settings.max_members {
        return Ok(people);
    }
    for user in users {
        if !read(gateway.inner.storage.account_exists(user)).await? {
            people.unknown.push(user.clone());
        } else if let Some(group) = group
            && !may_call(gateway, group, user).await?
        {
            people.outsiders.push(user.clone());
        }
    }
    Ok(people)
}

/// Whether `user` belongs to `group`.
async fn belongs(gateway: &Gateway, group: &GroupId, user: &UserId) -> Result<bool, ProtocolError> {
    Ok(read(gateway.inner.storage.role_in(group, user)).await?.is_some())
}

/// Whether `user` may be in calls of `group`: its members may, and of a group that is kept
/// elsewhere everybody.
async fn may_call(
    gateway: &Gateway,
    group: &GroupId,
    user: &UserId,
) -> Result<bool, ProtocolError> {
    Ok(belongs(gateway, group, user).await?
        || read(gateway.inner.storage.group(None, group)).await?.is_none())
}

/// The group a live call belongs to.
async fn group_of(gateway: &Gateway, call_id: &CallId) -> Result<Option<GroupId>, Closing> {
    let (reply, answer) = oneshot::channel();
    tell_hub(gateway, HubCommand::GroupOf { call_id: call_id.clone(), reply }).await?;
    answer.await.map_err(|_| Closing::ServerStops)
}
