//! Media connections of browsers: offers in SDP, again and again as people come and go.

use std::collections::{BTreeMap, BTreeSet};

use calling_model::{CallId, ConnectionId, Endpoint, ParticipantId};
use calling_room::{AudioSource, AudioTerms, Receives, VideoTerms, VideoViews};
use calling_signaling::protocol::{Code, ProtocolError, SdpAnswer, SdpOffer, Subscription};
use calling_transport::sdp::{AnswerOrigin, ForwardedStream, Offer, Published};
use calling_transport::{Fingerprint, LocalParams, RemoteParams};
use tokio::sync::oneshot;

use super::CallStore;
use super::actor::{Actor, Finished};
use super::asked::Asker;
use super::requests::MediaReply;
use crate::shard::ShardCommand;

/// What identifies the peer connection behind a media connection, and its present ICE session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SdpSession {
    id: u64,
    fingerprint: Fingerprint,
    ufrag: String,
    /// Of the next answer.
    version: u64,
}

/// An offer that is being answered.
#[derive(Debug)]
pub(super) struct Answering {
    offer: Offer,
    origin: AnswerOrigin,
    streams: BTreeMap<String, ForwardedStream>,
}

impl SdpSession {
    fn of(offer: &Offer) -> Self {
        Self {
            id: offer.session_id(),
            fingerprint: offer.fingerprint(),
            ufrag: offer.credentials().ufrag().to_owned(),
            version: 1,
        }
    }

    /// The offer is of the same peer connection: its DTLS session goes on.
    pub(super) fn is_of(&self, offer: &Offer) -> bool {
        (self.id, self.fingerprint) == (offer.session_id(), offer.fingerprint())
    }

    /// Takes an offer of the same peer connection; `true` if it restarts ICE.
    fn renew(&mut self, offer: &Offer) -> bool {
        self.version += 1;
        let ufrag = offer.credentials().ufrag();
        let restarts = self.ufrag != ufrag;
        if restarts {
            ufrag.clone_into(&mut self.ufrag);
        }
        restarts
    }
}

impl Answering {
    pub(super) fn answer(&self, local: &LocalParams) -> SdpAnswer {
        let answer = self.offer.answer(local, self.origin, &self.streams);
        SdpAnswer { sdp: answer.to_string() }
    }
}

impl<S: CallStore> Actor<S> {
    /// Answers an offer: the first of a peer connection opens a media connection, later ones
    /// renegotiate it.
    pub(super) async fn connect_sdp(&mut self, asker: Asker, call_id: CallId, asked: SdpOffer) {
        let read = self.check_part(&asker, &call_id).and_then(|()| {
            let offer = Offer::parse(&asked.sdp).map_err(|error| wrong(error.to_string()))?;
            let wanted =
                self.wanted(&call_id, &asker.session.endpoint, &offer, &asked.subscribe)?;
            let terms = terms(&offer, &wanted)?;
            Ok((offer, wanted, terms))
        });
        let (offer, wanted, terms) = match read {
            Ok(read) => read,
            Err(error) => return self.answer(&asker, Err(error)),
        };
        let endpoint = asker.session.endpoint.clone();
        if self.running.is_spent(&call_id, &endpoint, &offer) {
            return self.answer(&asker, Err(gone()));
        }
        let streams = wanted.into_iter().map(|(mid, (_, stream))| (mid, stream)).collect();
        let open = self.running.session_mut(&call_id, &endpoint, &offer);
        if let Some((connection, session)) = open {
            let restarts = session.renew(&offer);
            let origin = origin(connection, session);
            let answering = Answering { offer, origin, streams };
            self.renegotiate(asker, connection, restarts, terms, answering).await;
            return;
        }
        let session = SdpSession::of(&offer);
        let remote = RemoteParams {
            credentials: offer.credentials().clone(),
            fingerprint: offer.fingerprint(),
        };
        let (connection, opened) = self
            .open_media(
                &asker,
                &call_id,
                remote,
                (terms, VideoTerms::none()),
                Some(session.clone()),
            )
            .await;
        let origin = origin(connection, &session);
        let reply = MediaReply::Sdp(Box::new(Answering { offer, origin, streams }));
        self.await_media(asker, connection, opened, reply);
    }

    async fn renegotiate(
        &mut self,
        asker: Asker,
        connection: ConnectionId,
        restarts: bool,
        terms: AudioTerms,
        answering: Answering,
    ) {
        let credentials = restarts.then(|| answering.offer.credentials().clone());
        let (reply, agreed) = oneshot::channel();
        let (video, views) = (VideoTerms::none(), VideoViews::new());
        let command =
            ShardCommand::Renegotiate { connection, credentials, terms, video, views, reply };
        self.command_shard(command).await;
        self.waiting.push(Box::pin(async move {
            let local = agreed.await.ok().flatten();
            Finished::Renegotiated { asker, local, answering: Box::new(answering) }
        }));
    }

    pub(super) fn renegotiated(
        &mut self,
        asker: &Asker,
        local: Option<&LocalParams>,
        answering: &Answering,
    ) {
        let answer = local.map(|local| answering.answer(local)).ok_or_else(gone);
        self.answer(asker, answer.map(calling_signaling::protocol::Reply::MediaSdp));
    }

    /// Who is to be received in which section, of those that are in the room and the asker knows of.
    fn wanted(
        &self,
        call_id: &CallId,
        asker: &Endpoint,
        offer: &Offer,
        subscribe: &BTreeMap<String, Subscription>,
    ) -> Result<BTreeMap<String, (ConnectionId, ForwardedStream)>, ProtocolError> {
        let mut wanted = BTreeMap::new();
        let mut users = BTreeSet::new();
        for (mid, Subscription { user, track, size: _ }) in subscribe {
            if offer.receiving(mid).is_none() {
                return Err(wrong("`subscribe` names a section that is not to receive audio"));
            }
            if !users.insert((user, track.name())) {
                return Err(wrong("`subscribe` names the same track twice"));
            }
            let call = self.running.get(call_id);
            let heard = call.and_then(|call| call.heard_by(asker, user));
            if let Some((connection, ssrc)) = heard {
                let (stream, track) = (user.as_str().to_owned(), track.name().to_owned());
                wanted.insert(mid.clone(), (connection, ForwardedStream { stream, track, ssrc }));
            }
        }
        Ok(wanted)
    }
}

fn origin(connection: ConnectionId, session: &SdpSession) -> AnswerOrigin {
    AnswerOrigin { session_id: connection.0, session_version: session.version }
}

fn terms(
    offer: &Offer,
    wanted: &BTreeMap<String, (ConnectionId, ForwardedStream)>,
) -> Result<AudioTerms, ProtocolError> {
    let audio = offer.audio();
    let source = match (offer.published(), audio.mid_id) {
        (None, _) => AudioSource::None,
        (Some(Published { ssrc: Some(ssrc), .. }), _) => AudioSource::Ssrc(ssrc),
        (Some(Published { ssrc: None, mid: Some(mid) }), Some(id)) => AudioSource::Mid { id, mid },
        (Some(Published { ssrc: None, .. }), _) => {
            return Err(wrong("the section that sends needs a=ssrc, or a=mid and its extension"));
        }
    };
    let places = wanted.values().map(|(connection, _)| ParticipantId(connection.0));
    Ok(AudioTerms {
        payload_type: audio.payload_type,
        audio_level_id: audio.audio_level_id,
        source,
        receives: Receives::Only(places.collect()),
    })
}

fn wrong(sentence: impl Into<String>) -> ProtocolError {
    ProtocolError::new(Code::BadParameter, sentence)
}

fn gone() -> ProtocolError {
    let sentence = "This media connection has ended; begin anew with another peer connection.";
    ProtocolError::new(Code::WrongState, sentence)
}
