//! The medium of a call of several. It is told, not asked for: whether a camera is on stays its
//! owner's choice.

use std::time::Instant;

use calling_model::{CallId, MediaType, UnixMillis, UserId};
use calling_signaling::calls::{CallAction as Action, CallsInput, RequestToken};
use calling_signaling::invite::{CallAction, Signal, SyncInfo, compose};
use calling_signaling::protocol::{Code, MemberState, ProtocolError};

use super::super::BridgeEndpoint;
use super::super::hearing::Heard;
use super::Party;
use crate::{Address, BridgeDiscard};

/// A switch that somebody made: of two the later counts, of two at the same time that of the
/// greater name, so that everybody who hears of both comes to the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Switched {
    at: UnixMillis,
    by: Option<UserId>,
}

impl BridgeEndpoint {
    /// The local user switches.
    pub(in super::super) fn switch_party(
        &mut self,
        now: Instant,
        request: RequestToken,
        call_id: &CallId,
        to: MediaType,
        at: UnixMillis,
    ) {
        let Some(party) = self.parties.get(call_id) else { return };
        if !party.connected {
            let message = "Nobody has answered yet; switch once somebody has.";
            return self.refuse(request, ProtocolError::new(Code::WrongState, message));
        }
        if party.facts.media_type == to {
            // Nobody need be told, so that nothing may count as newer.
            let action = Action::SwitchMediaType { call_id: call_id.clone(), media_type: to };
            let from = self.here.clone();
            return self.feed(now, CallsInput::Request { from, request, action });
        }
        // Later than whatever is known, should the clock be slow.
        let at = at.max(UnixMillis(party.switched.at.0.saturating_add(1)));
        let made = Switched { at, by: Some(self.me.clone()) };
        let (from, call_id) = (self.here.clone(), call_id.clone());
        self.with_switch(&call_id.clone(), to, made, |this| {
            let action = Action::SwitchMediaType { call_id, media_type: to };
            this.feed(now, CallsInput::Request { from, request, action });
        });
    }

    /// Notes the switch, has it made in the copy, and takes the note back if it was not granted.
    fn with_switch(
        &mut self,
        call_id: &CallId,
        to: MediaType,
        made: Switched,
        make: impl FnOnce(&mut Self),
    ) {
        let Some(party) = self.parties.get_mut(call_id) else { return };
        let before = (party.facts.media_type, party.switched.clone());
        (party.facts.media_type, party.switched) = (to, made);
        make(self);
        let granted = self.calls.call(call_id).is_some_and(|call| call.facts.media_type == to);
        if let Some(party) = self.parties.get_mut(call_id).filter(|_| !granted) {
            (party.facts.media_type, party.switched) = before;
        }
    }

    fn switch_as(
        &mut self,
        now: Instant,
        call_id: &CallId,
        user: &UserId,
        to: MediaType,
        at: UnixMillis,
    ) -> Result<(), BridgeDiscard> {
        let made = Switched { at, by: Some(user.clone()) };
        let party = self.parties.get(call_id).ok_or(BridgeDiscard::Unknown)?;
        if made <= party.switched {
            return Err(BridgeDiscard::Stale);
        }
        if self.state(call_id, user) != Some(MemberState::Connected) {
            return Err(BridgeDiscard::Unknown);
        }
        if party.facts.media_type == to {
            return self.pass_on_switch(call_id, user, made);
        }
        let mut done = Ok(());
        self.with_switch(call_id, to, made, |this| {
            let action = Action::SwitchMediaType { call_id: call_id.clone(), media_type: to };
            done = this.ask_as_member(now, user, action);
        });
        done
    }

    /// Nothing changes here, but others may have heard of a switch in between.
    fn pass_on_switch(
        &mut self,
        call_id: &CallId,
        by: &UserId,
        made: Switched,
    ) -> Result<(), BridgeDiscard> {
        let party = self.parties.get_mut(call_id).ok_or(BridgeDiscard::Unknown)?;
        party.switched = made;
        let talking = self.calls.call(call_id).map(|call| call.devices).unwrap_or_default();
        for device in talking {
            self.relay_switch(call_id, &device.user, by);
        }
        Ok(())
    }

    /// A program of this project tells of a switch, its own or one that it passes on.
    pub(super) fn relayed_switch(
        &mut self,
        now: Instant,
        call_id: &CallId,
        event: &SyncInfo,
    ) -> Result<(), BridgeDiscard> {
        let user = event.user.as_ref().ok_or(BridgeDiscard::Unsupported)?;
        let at = event.at.ok_or(BridgeDiscard::Unsupported)?;
        if *user == self.me {
            return Err(BridgeDiscard::Spoofed);
        }
        let to = if event.message == word(MediaType::Video) {
            MediaType::Video
        } else {
            MediaType::Audio
        };
        self.switch_as(now, call_id, user, to, at)
    }

    /// An older program, which took this for a call of two, asks. It is granted.
    pub(super) fn party_asked_to_switch(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        to: MediaType,
    ) -> Result<(), BridgeDiscard> {
        let id = heard.envelope.invite_id.clone().ok_or(BridgeDiscard::NoInviteId)?;
        if heard.at.saturating_since(heard.sent_at) > self.config.max_invite_age {
            return Err(BridgeDiscard::TooOld);
        }
        let in_it = |(call_id, party): &(&CallId, &Party)| {
            party.group().is_none()
                && self.state(call_id, heard.from) == Some(MemberState::Connected)
        };
        let found = self.parties.iter().find(in_it).map(|(call_id, _)| call_id.clone());
        let call_id = found.ok_or(BridgeDiscard::Unknown)?;
        self.switch_as(now, &call_id, heard.from, to, heard.sent_at)?;
        let Some(party) = self.parties.get(&call_id) else { return Ok(()) };
        let mut facts = party.facts.clone();
        (facts.caller, facts.callees) = (heard.from.clone(), vec![self.me.clone()]);
        let envelope = compose(&facts, id, &self.me, &Signal::SwitchAccepted { to });
        self.post(Address::User(heard.from.clone()), &envelope, &facts, None);
        Ok(())
    }

    /// Tells `to`, a program of this project, of a switch: of the local user's own, and of those of
    /// others if nobody else tells `to`.
    pub(super) fn relay_switch(&mut self, call_id: &CallId, to: &UserId, by: &UserId) {
        let Some(party) = self.parties.get(call_id) else { return };
        let mine = *by == self.me;
        let passed_on = party.group().is_none() && party.invited_by(to, &self.me) && to != by;
        if !party.ours.contains(to) || !(mine || passed_on) {
            return;
        }
        let event = SyncInfo {
            action: CallAction::SwitchToAudio,
            call_id: party.known_as(to),
            user: Some(by.clone()),
            users: party.facts.callees.clone(),
            message: word(party.facts.media_type).to_owned(),
            at: Some(party.switched.at),
        };
        self.post_relay(to, &event);
    }
}

/// What a relayed switch says it is to.
const fn word(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Audio => "switchToAudio",
        MediaType::Video => "switchToVideo",
    }
}
