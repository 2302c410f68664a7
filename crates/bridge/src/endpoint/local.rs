//! What the local user wants, and what is seen of the peer's media.

use std::time::Instant;

use calling_model::{CallId, UnixMillis};
use calling_signaling::call::Outcome;
use calling_signaling::calls::{CallAction, CallsInput, RequestToken};
use calling_signaling::protocol::{CallParams, Code, ProtocolError};

use super::call::Origin;
use super::{BridgeEndpoint, peer_device};
use crate::{BridgeAction, BridgeOutput};

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
                let limit = self.config.max_user_data_bytes;
                if user_data.len() > limit {
                    let message = format!("user_data is at most {limit} bytes; send less.");
                    return self.refuse(request, ProtocolError::new(Code::BadParameter, message));
                }
                if callee != self.me {
                    self.sign_in(now, &peer_device(callee.clone()));
                }
                self.origin = Some(Origin::Here { timeout_s: self.config.ring_s(timeout_s) });
                let params = CallParams {
                    callees: vec![callee],
                    media_type,
                    group_id: None,
                    timeout_s: Some(self.config.patience_s(timeout_s)),
                    user_data,
                    sent_at: None,
                };
                let (unknown, outsiders) = (Vec::new(), Vec::new());
                CallAction::Call { params, unknown, outsiders, at }
            }
            BridgeAction::Accept { call_id } => CallAction::Accept { call_id },
            BridgeAction::Reject { call_id, busy } => CallAction::Reject { call_id, busy },
            BridgeAction::Hangup { call_id } => CallAction::Hangup { call_id },
            BridgeAction::GetCall { call_id } => CallAction::GetCall { call_id },
            BridgeAction::SwitchMediaType { call_id, media_type } => {
                return self.ask_to_switch(now, request, &call_id, media_type);
            }
        };
        let from = self.here.clone();
        self.feed(now, CallsInput::Request { from, request, action });
        self.origin = None;
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
        let connected = self.live.get(call_id).filter(|call| call.connected);
        if let Some(peer) = connected.map(|call| peer_device(call.peer.clone())) {
            let _ = self.ask(now, &peer, CallAction::Hangup { call_id: call_id.clone() });
        }
    }

    pub(super) fn peer_media(&mut self, now: Instant, call_id: CallId, is_back: bool) {
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
