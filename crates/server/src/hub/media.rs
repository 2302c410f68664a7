use std::time::Duration;

use calling_model::{ConnectionId, RoomId, UserId, Volume};
use calling_signaling::calls::CallsInput;
use calling_signaling::protocol::{Code, Event, ProtocolError, UserVolume};
use calling_transport::CloseReason;
use metrics::{counter, histogram};

use super::CallStore;
use super::actor::Actor;
use crate::shard::{Closed, ShardEvent};
use crate::telemetry::names;

impl<S: CallStore> Actor<S> {
    /// Tells the call machine and the parties what happened to media.
    pub(super) async fn shard_event(&mut self, event: ShardEvent) {
        match event {
            ShardEvent::Connected { connection, handshake } => {
                self.connected(connection, handshake)
            }
            ShardEvent::Closed { connection, why } => self.closed(connection, why).await,
            ShardEvent::Entered { connection, audio_ssrc, video } => {
                let Some((call_id, endpoint)) = self.running.owner(connection) else { return };
                let Some(call) = self.running.get_mut(&call_id) else { return };
                let told = call.enter(&call_id, &endpoint, audio_ssrc, video);
                self.tell(&call_id, told).await;
            }
            ShardEvent::AudioAvailable { connection, available } => {
                let Some((call_id, endpoint)) = self.running.owner(connection) else { return };
                let Some(call) = self.running.get_mut(&call_id) else { return };
                let told = call.audio(&call_id, &endpoint, available);
                self.tell(&call_id, told).await;
            }
            ShardEvent::VideoAvailable { connection, track, available } => {
                let Some((call_id, endpoint)) = self.running.owner(connection) else { return };
                let Some(call) = self.running.get_mut(&call_id) else { return };
                let told = call.picture(&call_id, &endpoint, track, available);
                self.tell(&call_id, told).await;
            }
            ShardEvent::Volumes { room, volumes, total } => self.volumes(room, volumes, total),
        }
    }

    fn connected(&mut self, connection: ConnectionId, handshake: Duration) {
        histogram!(names::DTLS_SECONDS).record(handshake);
        if let Some(media) = self.running.media_mut(connection) {
            media.up = true;
        }
        if let Some((call_id, endpoint)) = self.running.owner(connection) {
            tracing::debug!(call = ?call_id, "a media connection is up");
            self.input(CallsInput::PeerBack { call_id, endpoint });
        }
    }

    async fn closed(&mut self, connection: ConnectionId, why: Closed) {
        counter!(names::MEDIA_CLOSED, "reason" => why.name()).increment(1);
        let Some((call_id, endpoint)) = self.running.owner(connection) else { return };
        tracing::debug!(call = ?call_id, reason = why.name(), "a media connection is closed");
        self.running.disconnect(&call_id, &endpoint);
        if let Some(call) = self.running.get_mut(&call_id) {
            let mut told = call.leave(&call_id, &endpoint, why.leave_reason().code());
            if let Some(error) = failure(why) {
                let event = Event::MediaFailed { call_id: call_id.clone(), error };
                told.push((endpoint.clone(), event));
            }
            self.tell(&call_id, told).await;
        }
        let closed_itself = matches!(why, Closed::Transport(CloseReason::PeerClosed));
        self.input(if closed_itself {
            CallsInput::PeerClosed { call_id, endpoint }
        } else {
            CallsInput::PeerLost { call_id, endpoint }
        });
    }

    fn volumes(&mut self, room: RoomId, volumes: Vec<(UserId, Volume)>, total: Volume) {
        let Some(call_id) = self.running.in_room(room) else { return };
        // The next ones are never far: none are kept for a call that waits.
        if self.lanes.is_held(call_id) {
            return;
        }
        let Some(talk) = self.running.get(call_id).and_then(|call| call.conversation.as_ref())
        else {
            return;
        };
        let volumes =
            volumes.into_iter().map(|(user, volume)| UserVolume { user, volume }).collect();
        let event = Event::Volumes { call_id: call_id.clone(), volumes, total };
        for party in talk.audience() {
            self.devices.notify(party, event.clone());
        }
    }
}

/// What the device itself is told; nothing if it closed the connection. The numbers are those of
/// room entry in the component this project matches: -3308 timed out, -3301 failed.
fn failure(why: Closed) -> Option<ProtocolError> {
    let (code, sentence) = match why {
        Closed::Transport(CloseReason::PeerClosed) => return None,
        Closed::Transport(CloseReason::ConsentLost) => {
            (-3308, "Nothing came over the media connection for too long.")
        }
        Closed::Transport(CloseReason::HandshakeTimeout) => (
            -3308,
            "The media connection did not come up in time; is UDP to the server's media port let \
             through?",
        ),
        Closed::Transport(
            CloseReason::FingerprintMismatch
            | CloseReason::HandshakeFailed
            | CloseReason::NoSrtpProfile,
        ) => (-3301, "The media connection's handshake failed."),
        Closed::RoomRefused => (-3301, "The room is full."),
    };
    Some(ProtocolError::new(Code::from(code), sentence))
}
