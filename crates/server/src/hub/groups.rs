//! Tells the members of a group of its running call.

use std::collections::BTreeMap;
use std::time::Duration;

use calling_model::{GroupId, UserId};
use calling_signaling::protocol::Event;
use tokio::time::timeout;

use super::CallStore;
use super::actor::{Actor, Finished};

/// How long the database may take to tell who belongs to a group. Who misses the news asks.
const MEMBERS_TIMEOUT: Duration = Duration::from_secs(2);

/// The groups whose members are being looked up, and whether there is more news since.
#[derive(Debug, Default)]
pub(super) struct GroupNews {
    asked: BTreeMap<GroupId, bool>,
}

impl<S: CallStore> Actor<S> {
    /// Something changed about the running call of a group: finds out whom to tell. One look-up at
    /// a time per group, however fast the news come.
    pub(super) fn look_up_members(&mut self, group_id: GroupId) {
        if let Some(again) = self.group_news.asked.get_mut(&group_id) {
            *again = true;
            return;
        }
        self.group_news.asked.insert(group_id.clone(), false);
        let store = self.store.clone();
        self.waiting.push(Box::pin(async move {
            let members = match timeout(MEMBERS_TIMEOUT, store.members_of(&group_id)).await {
                Ok(Ok(members)) => members,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a group is not told of its call");
                    Vec::new()
                }
                Err(_) => Vec::new(),
            };
            Finished::GroupMembers { group_id, members }
        }));
    }

    /// Tells the members, and whoever is named by the call, how the group's call stands now.
    pub(super) fn tell_group(&mut self, group_id: &GroupId, members: &[UserId]) {
        let again = self.group_news.asked.remove(group_id);
        let call = self.calls.running_of(group_id);
        let mut told: Vec<UserId> = members.to_vec();
        told.extend(call.iter().flat_map(|call| &call.members).map(|member| member.user.clone()));
        told.sort_unstable();
        told.dedup();
        let event = Event::GroupCallChanged { group_id: group_id.clone(), call };
        for user in &told {
            self.devices.notify_user(user, &event);
        }
        if again == Some(true) {
            self.look_up_members(group_id.clone());
        }
    }
}
