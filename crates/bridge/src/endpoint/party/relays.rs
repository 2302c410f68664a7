//! What whoever invited several people relays to the others (`sync_info`), where no group carries
//! it to all.

use std::collections::VecDeque;
use std::time::Instant;

use calling_model::{CallId, InviteId, UserId};
use calling_signaling::calls::{CallAction as Action, CallsInput};
use calling_signaling::invite::{CallAction, Payload, Signal, SyncInfo};
use calling_signaling::protocol::MemberState;

use super::super::BridgeEndpoint;
use crate::{Address, BridgeDiscard, BridgeOutput, SendOptions};

/// What a relayed answer says of a busy line, beside being a refusal: older readers know no other.
const BUSY: &str = "lineBusy";

/// How many relayed events are kept that came before their invite.
const MOST_EARLY: usize = 64;

impl BridgeEndpoint {
    pub(in super::super) fn relayed(
        &mut self,
        now: Instant,
        from: &UserId,
        event: &SyncInfo,
    ) -> Result<(), BridgeDiscard> {
        let call_id = self.relayed_call(now, from, event)?;
        if event.action == CallAction::Call {
            return self.relayed_invite(now, from, &call_id, &event.users);
        }
        if event.action == CallAction::SwitchToAudio {
            return self.relayed_switch(now, &call_id, event);
        }
        let user = event.user.as_ref().ok_or(BridgeDiscard::Unsupported)?;
        let party = self.parties.get(&call_id).ok_or(BridgeDiscard::Unknown)?;
        let foreign = party.inviters.get(user).is_some_and(|inviter| inviter != from);
        let leaves = event.action == CallAction::End;
        if *user == self.me || user == from || (foreign && !leaves) {
            return Err(BridgeDiscard::Spoofed);
        }
        self.relayed_event(now, from, &call_id, user, event)
    }

    fn relayed_event(
        &mut self,
        now: Instant,
        from: &UserId,
        call_id: &CallId,
        user: &UserId,
        event: &SyncInfo,
    ) -> Result<(), BridgeDiscard> {
        use MemberState::{Connected, NoAnswer, Pending, Removed};
        let busy = event.message == BUSY;
        let state = self.state(call_id, user);
        match (event.action, state) {
            (CallAction::Accept, Some(Pending | NoAnswer | Removed) | None) => {
                if let (Some(party), Some(at)) = (self.parties.get_mut(call_id), event.at) {
                    let _ = party.note_newest(user, at);
                }
                self.let_in(now, call_id, Some(from), user)
            }
            (CallAction::Reject, Some(Pending)) if !busy => {
                self.decline_as(now, call_id, user, &Signal::Reject)
            }
            (CallAction::Reject | CallAction::Busy, Some(Pending)) => {
                self.decline_as(now, call_id, user, &Signal::Busy)
            }
            (CallAction::Timeout, Some(Pending)) => {
                self.decline_as(now, call_id, user, &Signal::Timeout)
            }
            (CallAction::Cancel, Some(Pending)) => {
                let (call_id, user) = (call_id.clone(), user.clone());
                self.feed(now, CallsInput::RemoveMember { call_id, user });
                Ok(())
            }
            (CallAction::End, Some(Connected)) => {
                self.ask_as_member(now, user, Action::Hangup { call_id: call_id.clone() })
            }
            (
                CallAction::SwitchToAudio | CallAction::AcceptSwitch | CallAction::RejectSwitch,
                _,
            ) => Err(BridgeDiscard::Unsupported),
            (_, None) => Err(BridgeDiscard::Unknown),
            (_, Some(_)) => Err(BridgeDiscard::AlreadyAnswered),
        }
    }

    /// The call that somebody in it relays about. Its id is that of the receiver's invite, or
    /// whatever else an older program calls it, but for one that is over.
    fn relayed_call(
        &mut self,
        now: Instant,
        from: &UserId,
        event: &SyncInfo,
    ) -> Result<CallId, BridgeDiscard> {
        let id = InviteId::new(event.call_id.as_str()).ok();
        if id.is_some_and(|id| self.recent.get(now, from, &id).is_some()) {
            return Err(BridgeDiscard::Over);
        }
        // In a group everybody hears everything but the medium.
        let switches = event.action == CallAction::SwitchToAudio;
        let in_it = |(call_id, party): &(&CallId, &super::Party)| {
            (switches || party.group().is_none())
                && self.state(call_id, from) == Some(MemberState::Connected)
        };
        let found = self.parties.iter().find(in_it).map(|(call_id, _)| call_id.clone());
        let found = found.or_else(|| self.grow_with(now, from, event));
        if found.is_none() && !event.call_id.is_empty() {
            // It may have overtaken the invite.
            self.early.push_back((from.clone(), event.clone()));
            if self.early.len() > MOST_EARLY {
                self.early.pop_front();
            }
        }
        found.ok_or(BridgeDiscard::Relayed)
    }

    /// What was relayed about an invite before it came.
    pub(super) fn catch_up(&mut self, now: Instant, from: &UserId, invite_id: &InviteId) {
        let early = std::mem::take(&mut self.early);
        let (due, kept): (VecDeque<_>, VecDeque<_>) = early
            .into_iter()
            .partition(|(by, event)| by == from && event.call_id == invite_id.as_str());
        self.early = kept;
        for (_, event) in due {
            let _ = self.relayed(now, from, &event);
        }
    }

    fn relayed_invite(
        &mut self,
        now: Instant,
        from: &UserId,
        call_id: &CallId,
        users: &[UserId],
    ) -> Result<(), BridgeDiscard> {
        let new = |user: &&UserId| {
            **user != self.me
                && !matches!(
                    self.state(call_id, user),
                    Some(MemberState::Pending | MemberState::Connected)
                )
        };
        let users: Vec<UserId> = users.iter().filter(new).cloned().collect();
        if users.is_empty() {
            return Err(BridgeDiscard::Duplicate);
        }
        let ring_s = self.config.patience_s(None);
        if let Some(party) = self.parties.get_mut(call_id) {
            party.note_invited(from, &users);
        }
        self.ring_members(now, call_id, from, &users, ring_s)
    }

    /// Tells `to` what became of somebody else whom the local user invited.
    pub(super) fn relay(
        &mut self,
        call_id: &CallId,
        to: &UserId,
        action: CallAction,
        user: Option<&UserId>,
        invited: &[UserId],
    ) {
        let Some(party) = self.parties.get(call_id) else { return };
        let (action, message) =
            if action == CallAction::Busy { (CallAction::Reject, BUSY) } else { (action, "") };
        let users = if invited.is_empty() { &party.facts.callees } else { invited };
        let event = SyncInfo {
            action,
            call_id: party.known_as(to),
            user: user.cloned(),
            users: users.to_vec(),
            message: message.to_owned(),
            // What they sent before their answer is no news to the others.
            at: user.and_then(|user| party.newest.get(user)).copied(),
        };
        self.post_relay(to, &event);
    }

    pub(super) fn post_relay(&mut self, to: &UserId, event: &SyncInfo) {
        self.stats.sent += 1;
        self.outputs.push_back(BridgeOutput::Send {
            to: Address::User(to.clone()),
            text: Payload::from(event).encode(),
            options: SendOptions { online_only: false, push: None },
            on_failure: None,
        });
    }
}
