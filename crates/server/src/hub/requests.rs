use std::time::{SystemTime, UNIX_EPOCH};

use calling_model::{CallId, ConnectionId, UnixMillis};
use calling_room::{AudioTerms, LeaveReason, VideoTerms};
use calling_signaling::calls::{CallAction, CallsInput};
use calling_signaling::protocol::{
    ClientOffer, Code, MediaAnswer, MediaOffer, ProtocolError, Reply,
};
use calling_transport::{IceCredentials, LocalParams, OpenError, RemoteParams};
use tokio::sync::oneshot;

use super::actor::{Actor, Finished, MediaOpened};
use super::asked::Asker;
use super::running::Pictures;
use super::sdp::{Answering, SdpSession};
use super::{CallStore, HubRequest, Session, video};
use crate::shard::{Seat, ShardCommand};

/// A connection that a shard is asked to wait for.
pub(super) type Opening = oneshot::Receiver<Result<LocalParams, OpenError>>;

/// In which form an offer is answered.
#[derive(Debug)]
pub(super) enum MediaReply {
    Native {
        /// Copies of earlier frames were offered.
        red: bool,
    },
    Sdp(Box<Answering>),
}

impl<S: CallStore> Actor<S> {
    /// Does what a device asks for, unless it is the device's older connection that asks.
    pub(super) async fn request(&mut self, session: Session, id: u64, request: HubRequest) {
        if !self.devices.is_current(&session) {
            return;
        }
        let (call_id, method) = (request.call_id().cloned(), request.method());
        let is_stuck = call_id.as_ref().is_some_and(|call_id| self.lanes.is_full(call_id));
        let asker = Asker { session, id, call_id, method };
        if is_stuck {
            self.refuse_unstorable(&asker);
            return;
        }
        match request {
            HubRequest::Call { params, unknown, outsiders } => {
                if self.lanes.len() >= self.settings.max_waiting_calls {
                    self.refuse_unstorable(&asker);
                    return;
                }
                self.placing = Some(asker.session.endpoint.clone());
                self.act(asker, CallAction::Call { params, unknown, outsiders, at: wall_clock() });
            }
            HubRequest::Accept { call_id } => self.act(asker, CallAction::Accept { call_id }),
            HubRequest::Reject { call_id, busy } => {
                self.act(asker, CallAction::Reject { call_id, busy });
            }
            HubRequest::Hangup { call_id } => self.act(asker, CallAction::Hangup { call_id }),
            HubRequest::InviteUsers { params, unknown, outsiders } => {
                self.act(asker, CallAction::InviteUsers { params, unknown, outsiders });
            }
            HubRequest::Join { call_id, insider } => {
                self.act(asker, CallAction::Join { call_id, insider });
            }
            HubRequest::SwitchMediaType { call_id, media_type } => {
                self.act(asker, CallAction::SwitchMediaType { call_id, media_type });
            }
            HubRequest::GroupCall { group_id, insider } => {
                self.act(asker, CallAction::GroupCall { group_id, insider });
            }
            HubRequest::GetCall { call_id } => self.act(asker, CallAction::GetCall { call_id }),
            HubRequest::ConnectMedia { call_id, offer } => match offer {
                ClientOffer::Native(offer) => self.connect_native(asker, call_id, offer).await,
                ClientOffer::Sdp(offer) => self.connect_sdp(asker, call_id, offer).await,
            },
            HubRequest::MediaReady { call_id } => {
                let result = self.check_part(&asker, &call_id).map(|()| Reply::Done {});
                self.answer(&asker, result);
            }
            HubRequest::SetMicMute { call_id, muted } => {
                self.set_mic_mute(asker, &call_id, muted).await;
            }
            HubRequest::SubscribeVideo { call_id, views } => {
                self.subscribe_video(asker, &call_id, views).await;
            }
            HubRequest::SetVideoMute { call_id, track, muted } => {
                self.set_video_mute(asker, &call_id, track, muted).await;
            }
        }
    }

    /// The shard answered a request for media.
    pub(super) fn media_opened(
        &mut self,
        asker: &Asker,
        connection: ConnectionId,
        opened: MediaOpened,
        reply: &MediaReply,
    ) {
        let result = match opened {
            Some(Ok(local)) => Ok(match reply {
                MediaReply::Native { red } => Reply::Media(self.media_answer(&local, *red)),
                MediaReply::Sdp(answering) => Reply::MediaSdp(answering.answer(&local)),
            }),
            Some(Err(error)) => {
                tracing::warn!(%error, "a media connection is refused");
                Err(no_media())
            }
            None => Err(no_media()),
        };
        if result.is_err()
            && let Some((call_id, endpoint)) = self.running.owner(connection)
        {
            self.running.disconnect(&call_id, &endpoint);
        }
        self.answer(asker, result);
    }

    fn act(&mut self, asker: Asker, action: CallAction) {
        let from = asker.session.endpoint.clone();
        let request = self.asked.token(asker);
        self.input(CallsInput::Request { from, request, action });
    }

    fn refuse_unstorable(&mut self, asker: &Asker) {
        let sentence = "The server cannot store calls at the moment; try again later.";
        self.answer(asker, Err(ProtocolError::new(Code::Internal, sentence)));
    }

    /// Whether the asker's device takes part in the call's media.
    pub(super) fn check_part(&self, asker: &Asker, call_id: &CallId) -> Result<(), ProtocolError> {
        if self.running.get(call_id).is_none() {
            let sentence = "There is no such call, or it is over.";
            return Err(ProtocolError::new(Code::InviteNotFound, sentence));
        }
        if !self.calls.may_connect_media(call_id, &asker.session.endpoint) {
            let sentence = "This device is not in the call.";
            return Err(ProtocolError::new(Code::NotYourCall, sentence));
        }
        Ok(())
    }

    async fn connect_native(&mut self, asker: Asker, call_id: CallId, offer: MediaOffer) {
        let checked = self.check_part(&asker, &call_id).and_then(|()| remote_params(&offer));
        let remote = match checked {
            Ok(remote) => remote,
            Err(error) => return self.answer(&asker, Err(error)),
        };
        let red_payload_type = offer.red.then_some(self.settings.room.red_payload_type);
        let terms = AudioTerms::native(&self.settings.room, offer.audio_ssrc);
        let terms = AudioTerms { red_payload_type, ..terms };
        let video = video::native_terms(&offer.video);
        let (connection, opened) =
            self.open_media(&asker, &call_id, remote, (terms, video), None).await;
        self.await_media(asker, connection, opened, MediaReply::Native { red: offer.red });
    }

    /// Answers the asker once the shard has said what came of [`Self::open_media`].
    pub(super) fn await_media(
        &mut self,
        asker: Asker,
        connection: ConnectionId,
        opened: Opening,
        reply: MediaReply,
    ) {
        self.waiting.push(Box::pin(async move {
            Finished::MediaOpened { asker, connection, opened: opened.await.ok(), reply }
        }));
    }

    /// Has the shard wait for the asker's device, in place of a connection it had before.
    pub(super) async fn open_media(
        &mut self,
        asker: &Asker,
        call_id: &CallId,
        remote: RemoteParams,
        (terms, video): (AudioTerms, VideoTerms),
        sdp: Option<SdpSession>,
    ) -> (ConnectionId, Opening) {
        self.next_connection += 1;
        let connection = ConnectionId(self.next_connection);
        let (reply, opened) = oneshot::channel();
        let Some(call) = self.running.get(call_id) else { return (connection, opened) };
        let endpoint = asker.session.endpoint.clone();
        let (room, muted) = (call.room, call.is_muted(&endpoint));
        let Pictures { views, muted: video_muted } = call.pictures(&endpoint);
        if let Some(old) = self.running.connect(call_id, &endpoint, connection, sdp) {
            let reason = LeaveReason::Left;
            self.command_shard(ShardCommand::Disconnect { connection: old, reason }).await;
        }
        let admitted = self.calls.is_talking(call_id, &endpoint);
        let user = endpoint.user;
        let seat = Seat { connection, room, user, terms, video, views, video_muted, admitted };
        self.command_shard(ShardCommand::Connect { seat, remote, reply }).await;
        if muted {
            let (done, _) = oneshot::channel();
            self.command_shard(ShardCommand::SetMuted { connection, muted, done }).await;
        }
        (connection, opened)
    }

    /// Answers once the media thread has done it: from then on nothing passes.
    async fn set_mic_mute(&mut self, asker: Asker, call_id: &CallId, muted: bool) {
        if let Err(error) = self.check_part(&asker, call_id) {
            return self.answer(&asker, Err(error));
        }
        let call = self.running.get_mut(call_id);
        let connection = call.and_then(|call| call.set_muted(&asker.session.endpoint, muted));
        let Some(connection) = connection else { return self.answer(&asker, Ok(Reply::Done {})) };
        let (done, muted_now) = oneshot::channel();
        self.command_shard(ShardCommand::SetMuted { connection, muted, done }).await;
        self.waiting.push(Box::pin(async move {
            // If the media thread is gone nothing passes either.
            let _ = muted_now.await;
            Finished::Done { asker }
        }));
    }

    fn media_answer(&self, local: &LocalParams, red: bool) -> MediaAnswer {
        MediaAnswer {
            ufrag: local.credentials.ufrag().to_owned(),
            pwd: local.credentials.pwd().to_owned(),
            fingerprint: local.fingerprint.to_string(),
            candidates: local.candidates.clone(),
            audio_payload_type: self.settings.room.payload_type,
            audio_level_id: self.settings.room.audio_level_id,
            red_payload_type: red.then_some(self.settings.room.red_payload_type),
        }
    }
}

impl HubRequest {
    /// The call it is about; none yet for one to be placed.
    const fn call_id(&self) -> Option<&CallId> {
        match self {
            Self::Call { .. } | Self::GroupCall { .. } => None,
            Self::InviteUsers { params, .. } => Some(&params.call_id),
            Self::Accept { call_id }
            | Self::Reject { call_id, .. }
            | Self::Hangup { call_id }
            | Self::Join { call_id, .. }
            | Self::SwitchMediaType { call_id, .. }
            | Self::GetCall { call_id }
            | Self::ConnectMedia { call_id, .. }
            | Self::MediaReady { call_id }
            | Self::SetMicMute { call_id, .. }
            | Self::SubscribeVideo { call_id, .. }
            | Self::SetVideoMute { call_id, .. } => Some(call_id),
        }
    }

    /// Its name in the protocol.
    pub(crate) const fn method(&self) -> &'static str {
        match self {
            Self::Call { .. } => "call",
            Self::Accept { .. } => "accept",
            Self::Reject { .. } => "reject",
            Self::Hangup { .. } => "hangup",
            Self::GetCall { .. } => "get_call",
            Self::InviteUsers { .. } => "invite_users",
            Self::Join { .. } => "join",
            Self::SwitchMediaType { .. } => "switch_media_type",
            Self::GroupCall { .. } => "group_call",
            Self::ConnectMedia { .. } => "connect_media",
            Self::MediaReady { .. } => "media_ready",
            Self::SetMicMute { .. } => "set_mic_mute",
            Self::SubscribeVideo { .. } => "subscribe_video",
            Self::SetVideoMute { .. } => "set_video_mute",
        }
    }
}

fn remote_params(offer: &MediaOffer) -> Result<RemoteParams, ProtocolError> {
    let wrong = |error: String| ProtocolError::new(Code::BadParameter, error);
    let credentials = IceCredentials::new(offer.ufrag.as_str(), offer.pwd.as_str())
        .map_err(|error| wrong(error.to_string()))?;
    let fingerprint = offer
        .fingerprint
        .parse()
        .map_err(|error: calling_transport::InvalidFingerprint| wrong(error.to_string()))?;
    Ok(RemoteParams { credentials, fingerprint, feedback_id: None })
}

fn no_media() -> ProtocolError {
    let sentence = "The server takes no more media connections; try again later.";
    ProtocolError::new(Code::Internal, sentence)
}

/// The wall clock; 1970 if it stands before that.
pub(crate) fn wall_clock() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
