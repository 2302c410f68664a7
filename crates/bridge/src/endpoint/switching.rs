//! Going on with or without pictures. Older programs agree on it; the machine within has no part
//! in it.

use std::time::Instant;

use calling_model::{CallId, MediaType, UnixMillis};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::Signal;
use calling_signaling::protocol::{Code, Event, ProtocolError, Reply};

use super::BridgeEndpoint;
use super::call::Wish;
use super::hearing::Heard;
use super::recent::Past;
use crate::{BridgeDiscard, BridgeOutput};

impl BridgeEndpoint {
    pub(super) fn ask_to_switch(
        &mut self,
        now: Instant,
        request: RequestToken,
        call_id: &CallId,
        to: MediaType,
        at: UnixMillis,
    ) {
        if self.parties.contains_key(call_id) {
            return self.switch_party(now, request, call_id, to, at);
        }
        let Some(call) = self.live.get(call_id).filter(|call| call.connected) else {
            let message = "There is no connected call of this id.";
            return self.refuse(request, ProtocolError::new(Code::InviteNotFound, message));
        };
        if call.wish.is_some() || call.media_type == to {
            let message = "The call is of this kind, or the other side was asked already.";
            return self.refuse(request, ProtocolError::new(Code::Repeated, message));
        }
        let facts = call.facts_now();
        let invite_id = self.new_invite_id();
        let until = now.checked_add(self.config.switch_timeout).unwrap_or(now);
        if let Some(call) = self.live.get_mut(call_id) {
            call.wish = Some(Wish { invite_id: invite_id.clone(), to, request, until });
        }
        let signal = match to {
            MediaType::Audio => Signal::SwitchToAudio,
            MediaType::Video => Signal::SwitchToVideo,
        };
        self.send(call_id, &facts, invite_id, &signal);
    }

    /// The peer asks. It is granted: pictures stay each side's own choice.
    pub(super) fn asked_to_switch(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        wish: Signal,
    ) -> Result<(), BridgeDiscard> {
        let invite_id = heard.envelope.invite_id.clone().ok_or(BridgeDiscard::NoInviteId)?;
        if heard.at.saturating_since(heard.sent_at) > self.config.max_invite_age {
            return Err(BridgeDiscard::TooOld);
        }
        if self.recent.get(now, heard.from, &invite_id).is_some() {
            return Err(BridgeDiscard::Duplicate);
        }
        let call_id = self.call_with(heard.from).ok_or(BridgeDiscard::Unknown)?.clone();
        let call = self.live.get_mut(&call_id).filter(|call| call.connected);
        let call = call.ok_or(BridgeDiscard::Unknown)?;
        if heard.sent_at < call.newest || !call.may_be_in(heard.envelope.payload.room()) {
            return Err(BridgeDiscard::Stale);
        }
        let to = if wish == Signal::SwitchToAudio { MediaType::Audio } else { MediaType::Video };
        call.newest = heard.sent_at;
        let changed = std::mem::replace(&mut call.media_type, to) != to;
        let facts = call.facts_now();
        self.recent.note(now, heard.from, invite_id.clone(), Past::default());
        self.send(&call_id, &facts, invite_id, &Signal::SwitchAccepted { to });
        if changed {
            let by = heard.from.clone();
            let event = Event::MediaTypeChanged { call_id, by, media_type: to };
            self.outputs.push_back(BridgeOutput::Event(event));
        }
        Ok(())
    }

    /// Whether it answers the local user's wish. A program that knows no switch takes the wish for
    /// a call and answers it as one.
    pub(super) fn answers_wish(&self, heard: &Heard<'_>) -> bool {
        self.call_wishing(heard).is_some()
    }

    fn call_wishing(&self, heard: &Heard<'_>) -> Option<&CallId> {
        let (call_id, call) = self.live.iter().find(|(_, call)| call.peer == *heard.from)?;
        let wish = call.wish.as_ref()?;
        (Some(&wish.invite_id) == heard.envelope.invite_id.as_ref()).then_some(call_id)
    }

    pub(super) fn switch_answered(
        &mut self,
        heard: &Heard<'_>,
        granted: bool,
    ) -> Result<(), BridgeDiscard> {
        let call_id = self.call_wishing(heard).ok_or(BridgeDiscard::Unknown)?.clone();
        let call = self.live.get_mut(&call_id).ok_or(BridgeDiscard::Unknown)?;
        let Some(wish) = call.wish.take() else { return Err(BridgeDiscard::Unknown) };
        if !granted {
            self.refuse(wish.request, denied());
            return Ok(());
        }
        call.media_type = wish.to;
        let result = Ok(Reply::Done {});
        self.outputs.push_back(BridgeOutput::Reply { request: wish.request, result });
        let event = Event::MediaTypeChanged { call_id, by: self.me.clone(), media_type: wish.to };
        self.outputs.push_back(BridgeOutput::Event(event));
        Ok(())
    }

    /// Wishes that were not answered in time; the calls go on as they are.
    pub(super) fn give_up_wishes(&mut self, now: Instant) {
        let due = |wish: &mut Wish| wish.until <= now;
        let given_up: Vec<_> =
            self.live.values_mut().filter_map(|call| call.wish.take_if(due)).collect();
        for wish in given_up {
            self.refuse(wish.request, denied());
        }
    }
}

pub(super) fn denied() -> ProtocolError {
    ProtocolError::new(Code::WrongState, "The other side did not agree; the call goes on as it is.")
}
