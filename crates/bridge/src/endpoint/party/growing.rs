//! Calls of two that become calls of several: somebody is invited while the two talk. The call stays
//! the same one; only what is known of it is kept as that of several from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use calling_model::{CallId, MediaType, UserId};
use calling_signaling::calls::CallAction as Action;
use calling_signaling::invite::{CallAction, SyncInfo};

use super::super::switching::denied;
use super::super::{BridgeEndpoint, WireCall, peer_device};
use super::{KnownInvite, Party, Switched};
use crate::MediaChange;

impl BridgeEndpoint {
    /// The conversation of two becomes one of several; `false` if it is none.
    pub(in super::super) fn grow(&mut self, now: Instant, call_id: &CallId) -> bool {
        let talks = |call: &WireCall| call.connected && !call.elsewhere;
        if !self.live.get(call_id).is_some_and(talks) {
            return false;
        }
        let Some(mut call) = self.live.remove(call_id) else { return false };
        if let Some(wish) = call.wish.take() {
            self.refuse(wish.request, denied());
        }
        let (peer, media_type) = (call.peer.clone(), call.media_type);
        self.parties.insert(call_id.clone(), Party::grown(call, &self.me));
        // The machine has no part in the switches of two.
        self.quietly(call_id, |this| {
            let action = Action::SwitchMediaType { call_id: call_id.clone(), media_type };
            let _ = this.ask(now, &peer_device(peer), action);
        });
        true
    }

    /// The peer of a call of two tells of somebody else in it: the call with it grows.
    pub(super) fn grow_with(
        &mut self,
        now: Instant,
        from: &UserId,
        event: &SyncInfo,
    ) -> Option<CallId> {
        let call_id = self.call_with(from)?.clone();
        let call = self.live.get(&call_id)?;
        let id = event.call_id.as_str();
        let known = [&call.own, &call.theirs];
        let meant = id.is_empty() || known.into_iter().flatten().any(|known| known.as_str() == id);
        let other = |user: &UserId| *user != self.me && user != from;
        let others = match event.action {
            CallAction::Call => event.users.iter().any(other),
            CallAction::Accept => event.user.as_ref().is_some_and(other),
            CallAction::Cancel
            | CallAction::Reject
            | CallAction::Timeout
            | CallAction::End
            | CallAction::Busy
            | CallAction::SwitchToAudio
            | CallAction::AcceptSwitch
            | CallAction::RejectSwitch => false,
        };
        let grows = call.ours && meant && others;
        (grows && self.grow(now, &call_id)).then_some(call_id)
    }

    /// What is seen in the media room of a call of two: `true` if it became one of several by it.
    pub(super) fn media_of_two(
        &mut self,
        now: Instant,
        call_id: &CallId,
        user: &UserId,
        change: MediaChange,
    ) -> bool {
        let Some(call) = self.live.get(call_id) else { return false };
        if *user == call.peer {
            match change {
                MediaChange::Left => self.peer_left(now, call_id),
                MediaChange::Lost => self.peer_media(now, call_id.clone(), false),
                MediaChange::Entered | MediaChange::Back => {
                    self.peer_media(now, call_id.clone(), true);
                }
            }
            return false;
        }
        // Whoever else enters was invited by the peer.
        *user != self.me && change == MediaChange::Entered && self.grow(now, call_id)
    }

    /// The one other who talks in a call of several, if there is but one.
    pub(in super::super) fn only_other(&self, call_id: &CallId) -> Option<UserId> {
        let call = self.calls.call(call_id).filter(|_| self.parties.contains_key(call_id))?;
        let mut others = call.devices.into_iter().map(|device| device.user);
        let mut others = others.by_ref().filter(|user| *user != self.me);
        others.next().filter(|_| others.next().is_none())
    }
}

impl Party {
    fn grown(call: WireCall, me: &UserId) -> Self {
        let facts = call.facts_now();
        let WireCall { room, peer, own, theirs, newest, ours, .. } = call;
        let own = own.map(|id| (id, me.clone(), peer.clone()));
        let theirs = theirs.map(|id| (id, peer.clone(), me.clone()));
        let known = |(id, inviter, invitee)| KnownInvite { id, inviter, invitees: vec![invitee] };
        let callees = facts.callees.iter().cloned();
        let placed_as: MediaType = call.facts.media_type;
        Self {
            inviters: callees.map(|callee| (callee, facts.caller.clone())).collect(),
            invites: own.into_iter().chain(theirs).map(known).collect(),
            facts,
            room,
            fresh: Vec::new(),
            in_call: Vec::new(),
            newest: BTreeMap::from([(peer.clone(), newest)]),
            ours: if ours { BTreeSet::from([peer]) } else { BTreeSet::new() },
            connected: true,
            elsewhere: false,
            quiet: false,
            joins: false,
            by_ours: true,
            said: true,
            unanswered: BTreeSet::new(),
            naming: None,
            parting: None,
            placed_as,
            switched: Switched::default(),
        }
    }
}
