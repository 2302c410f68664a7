//! Invites of peers.

use std::time::{Duration, Instant};

use calling_model::{CallId, InviteId, MediaType};
use calling_signaling::call::CallFacts;
use calling_signaling::calls::CallAction;
use calling_signaling::invite::{PLATFORM, Payload, RoomRef, Signal};
use calling_signaling::protocol::CallParams;

use super::call::Origin;
use super::hearing::{Heard, Side};
use super::recent::Past;
use super::{BridgeEndpoint, peer_device};
use crate::BridgeDiscard;

impl BridgeEndpoint {
    pub(super) fn invited(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        media_type: MediaType,
    ) -> Result<(), BridgeDiscard> {
        let invite_id = heard.envelope.invite_id.clone().ok_or(BridgeDiscard::NoInviteId)?;
        self.check_new(now, heard)?;
        let ring_s = self.ring_left(heard)?;
        if let Some(call_id) = self.call_with(heard.from).cloned() {
            let Some(call) = self.live.get_mut(&call_id) else {
                return Err(BridgeDiscard::Unknown);
            };
            if heard.sent_at <= call.newest {
                return Err(BridgeDiscard::Stale);
            }
            if call.own.is_some() && !call.connected {
                self.cross(now, heard, &call_id, invite_id, media_type);
                return Ok(());
            }
            // Whoever calls anew is not in the older call any more, whatever became of its end.
            call.heard_end = true;
            let peer = peer_device(heard.from.clone());
            let _ = self.ask(now, &peer, CallAction::Hangup { call_id });
        }
        self.ring(now, heard, invite_id, media_type, ring_s)
    }

    /// Whether the invite is meant for the local user and was not heard before.
    fn check_new(&mut self, now: Instant, heard: &Heard<'_>) -> Result<(), BridgeDiscard> {
        let envelope = &heard.envelope;
        if !envelope.invitees.is_empty() && !envelope.invitees.contains(&self.me) {
            return Err(BridgeDiscard::NotForMe);
        }
        if envelope.payload.mid_call().is_some_and(|running| running.consumed) {
            return Err(BridgeDiscard::Over);
        }
        match self.find(now, heard, Side::Theirs) {
            Ok(_) => Err(BridgeDiscard::Duplicate),
            Err(BridgeDiscard::Unknown) => Ok(()),
            Err(discard) => Err(discard),
        }
    }

    /// How many more seconds it may ring.
    pub(super) fn ring_left(&self, heard: &Heard<'_>) -> Result<u32, BridgeDiscard> {
        let age = heard.at.saturating_since(heard.sent_at);
        if age > self.config.max_invite_age {
            return Err(BridgeDiscard::TooOld);
        }
        let longest = self.config.max_ring_timeout;
        let left = match heard.envelope.timeout_s {
            0 => longest,
            asked => Duration::from_secs(asked.into()).saturating_sub(age).min(longest),
        };
        if left.is_zero() {
            return Err(BridgeDiscard::TooOld);
        }
        Ok(u32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX))
    }

    /// The peer's call starts: it rings, or meets a busy line.
    fn ring(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        invite_id: InviteId,
        media_type: MediaType,
        ring_s: u32,
    ) -> Result<(), BridgeDiscard> {
        let peer = peer_device(heard.from.clone());
        self.sign_in(now, &peer);
        let payload = &heard.envelope.payload;
        self.origin = Some(Origin::Wire {
            invite_id,
            room: room(payload),
            timeout_s: heard.envelope.timeout_s,
            sent_at: heard.sent_at,
        });
        let params = CallParams {
            callees: vec![self.me.clone()],
            media_type,
            group_id: None,
            timeout_s: Some(ring_s),
            user_data: payload.user_data.clone(),
            sent_at: None,
        };
        let (unknown, outsiders) = (Vec::new(), Vec::new());
        let call = CallAction::Call { params, unknown, outsiders, at: heard.sent_at };
        let placed = self.ask(now, &peer, call);
        self.origin = None;
        placed.map(drop).map_err(|_| BridgeDiscard::Refused)
    }

    /// Both called each other. They are connected, in the room of one of the two calls: between
    /// programs of ours the one whose invite has the smaller id, which both can tell; with any
    /// other program its own, since it takes the other call for a second one and declines it as
    /// busy. Each side accepts the other's invite, with the room they meet in.
    fn cross(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        call_id: &CallId,
        theirs: InviteId,
        media_type: MediaType,
    ) {
        let me = self.me.clone();
        let Some(call) = self.live.get_mut(call_id) else { return };
        let ours_leads =
            is_ours(&heard.envelope.payload) && call.own.as_ref().is_some_and(|own| *own < theirs);
        call.theirs = Some(theirs.clone());
        call.newest = heard.sent_at;
        if !ours_leads {
            let room = room(&heard.envelope.payload).unwrap_or_else(|| call.room.clone());
            call.facts.invite_id = theirs.clone();
            call.follow_peer(room, media_type, &me);
        }
        let facts = CallFacts {
            invite_id: theirs.clone(),
            caller: heard.from.clone(),
            callees: vec![me],
            ..call.facts_now()
        };
        let peer = peer_device(heard.from.clone());
        if self.ask(now, &peer, CallAction::Accept { call_id: call_id.clone() }).is_ok() {
            self.send(call_id, &facts, theirs, &Signal::Accept);
        }
    }

    /// An invite was withdrawn that never came: should it still come, it does not ring.
    pub(super) fn remember_withdrawn(&mut self, now: Instant, heard: &Heard<'_>) {
        if let Some(invite_id) = heard.envelope.invite_id.clone() {
            self.recent.note(now, heard.from, invite_id, Past::default());
        }
    }
}

/// Whether a program of this project wrote it.
pub(super) fn is_ours(payload: &Payload) -> bool {
    payload.platform == PLATFORM
}

/// The room it names, by number or by name.
pub(super) fn room(payload: &Payload) -> Option<RoomRef> {
    let name = || payload.data.as_ref().map(|data| &data.room_name).filter(|name| !name.is_empty());
    payload.room().map(RoomRef::Number).or_else(|| name().cloned().map(RoomRef::Name))
}
