//! What the local user wants, and what is seen of the peer's media.

use std::time::Instant;

use calling_model::{CallId, GroupId, MediaType, UnixMillis, UserId};
use calling_signaling::call::Outcome;
use calling_signaling::calls::{CallAction, CallsInput, RequestToken};
use calling_signaling::protocol::{CallParams, Code, ProtocolError};

use super::call::Origin;
use super::{BridgeEndpoint, peer_device};
use crate::{BridgeAction, BridgeOutput, MediaChange};

/// What is wanted of a call besides its people.
struct Wanted {
    media_type: MediaType,
    timeout_s: Option<u32>,
    user_data: String,
    at: UnixMillis,
}

impl BridgeEndpoint {
    pub(super) fn request(
        &mut self,
        now: Instant,
        request: RequestToken,
        action: BridgeAction,
        at: UnixMillis,
    ) {
        let action = match action {
            BridgeAction::Call { callee, media_type, timeout_s, user_data } => {
                let wanted = Wanted { media_type, timeout_s, user_data, at };
                match self.place(now, vec![callee], None, wanted) {
                    Ok(action) => action,
                    Err(error) => return self.refuse(request, error),
                }
            }
            BridgeAction::GroupCall { callees, group_id, media_type, timeout_s, user_data } => {
                let wanted = Wanted { media_type, timeout_s, user_data, at };
                match self.place(now, callees, group_id, wanted) {
                    Ok(action) => action,
                    Err(error) => return self.refuse(request, error),
                }
            }
            BridgeAction::InviteUsers { call_id, users, timeout_s } => {
                if self.live.contains_key(&call_id) && !self.grow(now, &call_id) {
                    let message = "Nobody has answered yet; invite others once somebody has.";
                    let error = ProtocolError::new(Code::WrongState, message);
                    return self.refuse(request, error);
                }
                self.invite_action(now, call_id, users, timeout_s)
            }
            BridgeAction::Join { call } => return self.join(now, request, call, at),
            BridgeAction::Accept { call_id } => CallAction::Accept { call_id },
            BridgeAction::Reject { call_id, busy } => CallAction::Reject { call_id, busy },
            BridgeAction::Hangup { call_id } => CallAction::Hangup { call_id },
            BridgeAction::GetCall { call_id } => CallAction::GetCall { call_id },
            BridgeAction::SwitchMediaType { call_id, media_type } => {
                return self.ask_to_switch(now, request, &call_id, media_type, at);
            }
        };
        let from = self.here.clone();
        self.feed(now, CallsInput::Request { from, request, action });
        (self.origin, self.party_origin) = (None, None);
    }

    /// A call of the local user's; one person without a group is a call of two.
    fn place(
        &mut self,
        now: Instant,
        callees: Vec<UserId>,
        group_id: Option<GroupId>,
        wanted: Wanted,
    ) -> Result<CallAction, ProtocolError> {
        let Wanted { media_type, timeout_s, user_data, at } = wanted;
        let limit = self.config.max_user_data_bytes;
        if user_data.len() > limit {
            let message = format!("user_data is at most {limit} bytes; send less.");
            return Err(ProtocolError::new(Code::BadParameter, message));
        }
        self.sign_in_peers(now, &callees);
        let ring_s = self.config.ring_s(timeout_s);
        if callees.len() == 1 && group_id.is_none() {
            self.origin = Some(Origin::Here { timeout_s: ring_s });
        } else {
            self.party_origin = Some(self.party_origin_here(&callees, ring_s));
        }
        let timeout_s = Some(self.config.patience_s(timeout_s));
        let params =
            CallParams { callees, media_type, group_id, timeout_s, user_data, sent_at: None };
        Ok(CallAction::Call { params, unknown: Vec::new(), outsiders: Vec::new(), at })
    }

    pub(super) fn refuse(&mut self, request: RequestToken, error: ProtocolError) {
        self.outputs.push_back(BridgeOutput::Reply { request, result: Err(error) });
    }

    /// Another device of the local user answered or declined.
    pub(super) fn handled_elsewhere(&mut self, now: Instant, action: CallAction) {
        let elsewhere = self.elsewhere.clone();
        self.sign_in(now, &elsewhere);
        let _ = self.ask(now, &elsewhere, action);
        // What goes on there is not this device's.
        self.present.remove(&elsewhere);
        self.feed(now, CallsInput::SignedOut { endpoint: elsewhere });
    }

    /// The call's invite or accept never left.
    pub(super) fn send_failed(&mut self, now: Instant, call_id: &CallId) {
        if self.parties.contains_key(call_id) {
            return self.party_send_failed(now, call_id);
        }
        let Some(call) = self.live.get_mut(call_id) else { return };
        let peer = peer_device(call.peer.clone());
        let call_id = call_id.clone();
        let action = if call.connected {
            call.because = Some(Outcome::PeerLost);
            CallAction::Hangup { call_id }
        } else {
            call.because = Some(Outcome::Offline);
            CallAction::Reject { call_id, busy: false }
        };
        let _ = self.ask(now, &peer, action);
    }

    pub(super) fn peer_left(&mut self, now: Instant, call_id: &CallId) {
        if let Some(user) = self.only_other(call_id) {
            return self.member_media(now, call_id.clone(), user, MediaChange::Left);
        }
        let connected = self.live.get(call_id).filter(|call| call.connected);
        if let Some(peer) = connected.map(|call| peer_device(call.peer.clone())) {
            let _ = self.ask(now, &peer, CallAction::Hangup { call_id: call_id.clone() });
        }
    }

    pub(super) fn peer_media(&mut self, now: Instant, call_id: CallId, is_back: bool) {
        if let Some(user) = self.only_other(&call_id) {
            let change = if is_back { MediaChange::Back } else { MediaChange::Lost };
            return self.member_media(now, call_id, user, change);
        }
        let Some(call) = self.live.get(&call_id) else { return };
        let endpoint = peer_device(call.peer.clone());
        self.feed(
            now,
            match is_back {
                true => CallsInput::PeerBack { call_id, endpoint },
                false => CallsInput::PeerLost { call_id, endpoint },
            },
        );
    }
}
