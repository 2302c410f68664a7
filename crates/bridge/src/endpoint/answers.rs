//! Answers of peers, and the ends of their calls.

use std::time::Instant;

use calling_model::{CallId, UserId};
use calling_signaling::call::Outcome;
use calling_signaling::calls::CallAction;
use calling_signaling::invite::Signal;

use super::hearing::{Heard, Side};
use super::invited::{is_ours, room};
use super::{BridgeEndpoint, WireCall, peer_device};
use crate::BridgeDiscard;

impl BridgeEndpoint {
    /// An own invite was accepted.
    pub(super) fn accepted(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
    ) -> Result<(), BridgeDiscard> {
        if self.answers_wish(heard) {
            return self.switch_answered(heard, true);
        }
        let call_id = match self.find(now, heard, Side::Own) {
            Err(BridgeDiscard::Over) => {
                self.withdraw_again(now, heard);
                return Err(BridgeDiscard::Over);
            }
            found => found?,
        };
        let me = self.me.clone();
        let call = self.unanswered_call(&call_id)?;
        call.newest = call.newest.max(heard.sent_at);
        // The calls crossed, and the other side knows first: it tells the room to meet in.
        let payload = &heard.envelope.payload;
        if is_ours(payload)
            && let Some(told) = room(payload).filter(|told| *told != call.room)
        {
            call.follow_peer(told, payload.media_type.unwrap_or(call.media_type), &me);
        }
        self.ask_as(now, heard.from, CallAction::Accept { call_id })
    }

    /// An own invite was declined.
    pub(super) fn declined(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        busy: bool,
    ) -> Result<(), BridgeDiscard> {
        if self.answers_wish(heard) {
            return self.switch_answered(heard, false);
        }
        let call_id = self.find(now, heard, Side::Own)?;
        self.unanswered_call(&call_id)?;
        self.ask_as(now, heard.from, CallAction::Reject { call_id, busy })
    }

    /// Nobody answered an own invite, as the callee tells.
    pub(super) fn unanswered(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
    ) -> Result<(), BridgeDiscard> {
        let call_id = self.find(now, heard, Side::Own)?;
        // To the machine a device that gives up declines.
        self.unanswered_call(&call_id)?.because = Some(Outcome::NoAnswer);
        self.ask_as(now, heard.from, CallAction::Reject { call_id, busy: false })
    }

    /// A peer withdrew its invite, or gave up waiting. It is over even if it was answered here: the
    /// peer never heard the answer.
    pub(super) fn withdrawn(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        timed_out: bool,
    ) -> Result<(), BridgeDiscard> {
        let call_id = match self.find(now, heard, Side::Theirs) {
            Err(BridgeDiscard::Unknown) => {
                self.remember_withdrawn(now, heard);
                return Err(BridgeDiscard::Unknown);
            }
            found => found?,
        };
        if let Some(call) = self.live.get_mut(&call_id) {
            call.heard_end = true;
            call.because = (timed_out && !call.connected).then_some(Outcome::NoAnswer);
        }
        self.ask_as(now, heard.from, CallAction::Hangup { call_id })
    }

    /// A peer tells the end of a conversation.
    pub(super) fn hung_up(&mut self, now: Instant, heard: &Heard<'_>) -> Result<(), BridgeDiscard> {
        let call_id = self.call_with(heard.from).ok_or(BridgeDiscard::Over)?.clone();
        let Some(call) = self.live.get_mut(&call_id) else { return Err(BridgeDiscard::Over) };
        let told = heard.envelope.payload.room();
        // One of an earlier call, late. Who never answered has nothing to hang up, unless the
        // answer is what comes later: then the room is this call's.
        let never_answered = call.theirs.is_none() && !call.connected;
        if heard.sent_at < call.newest
            || !call.may_be_in(told)
            || (never_answered && told.is_none())
        {
            return Err(BridgeDiscard::Stale);
        }
        call.heard_end = true;
        self.ask_as(now, heard.from, CallAction::Hangup { call_id })
    }

    /// Accepted, though it was withdrawn: the peer missed that and is told again, once.
    pub(super) fn withdraw_again(&mut self, now: Instant, heard: &Heard<'_>) {
        let Some(invite_id) = &heard.envelope.invite_id else { return };
        let past = self.recent.get(now, heard.from, invite_id);
        if let Some(facts) = past.and_then(|past| past.withdrawn.take()) {
            self.send_to(heard.from, &facts, &Signal::Cancel);
        }
    }

    /// The call whose own invite was answered, unless it was answered before.
    fn unanswered_call(&mut self, call_id: &CallId) -> Result<&mut WireCall, BridgeDiscard> {
        let call = self.live.get_mut(call_id).ok_or(BridgeDiscard::Unknown)?;
        call.own_open = false;
        if call.connected { Err(BridgeDiscard::AlreadyAnswered) } else { Ok(call) }
    }

    /// Does in the machine within what a peer said.
    fn ask_as(
        &mut self,
        now: Instant,
        peer: &UserId,
        action: CallAction,
    ) -> Result<(), BridgeDiscard> {
        let answer = self.ask(now, &peer_device(peer.clone()), action);
        answer.map(drop).map_err(|_| BridgeDiscard::Refused)
    }
}
