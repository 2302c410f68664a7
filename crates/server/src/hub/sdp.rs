//! Media connections of browsers: offers in SDP, again and again as people come and go.

use std::collections::{BTreeMap, BTreeSet};

use calling_model::{CallId, ConnectionId, Endpoint, UserId, VideoTrack};
use calling_room::{
    AudioSource, AudioTerms, Receives, Streams, VideoExtensions, VideoFormat, VideoPlaces,
    VideoSource, VideoSourceSsrcs, VideoTerms, VideoViews,
};
use calling_signaling::protocol::{
    Code, MemberState, ProtocolError, SdpAnswer, SdpOffer, Subscription, Track,
};
use calling_transport::sdp::{
    AnswerOrigin, Answered, ForwardedStream, MediaKind, Offer, Published, PublishedVideo,
};
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
    answered: Answered,
}

/// What an offer is taken to mean, in the call as it stands.
struct Agreed {
    terms: (AudioTerms, VideoTerms),
    views: VideoViews,
    answered: Answered,
}

/// Who is to be received in a section.
struct Wanted {
    track: Track,
    stream: ForwardedStream,
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
        let answer = self.offer.answer(local, self.origin, &self.answered);
        SdpAnswer { sdp: answer.to_string() }
    }
}

impl<S: CallStore> Actor<S> {
    /// Answers an offer: the first of a peer connection opens a media connection, later ones
    /// renegotiate it.
    pub(super) async fn connect_sdp(&mut self, asker: Asker, call_id: CallId, asked: SdpOffer) {
        let endpoint = asker.session.endpoint.clone();
        let read = self.check_part(&asker, &call_id).and_then(|()| read(&asked));
        let offer = match read {
            Ok(read) => read,
            Err(error) => return self.answer(&asker, Err(error)),
        };
        let users = self.present_users(&call_id);
        self.expect(&call_id, &users, &endpoint, &asked.subscribe).await;
        let Agreed { terms, views, answered } =
            match self.agree(&call_id, &endpoint, &offer, &asked, &users) {
                Ok(agreed) => agreed,
                Err(error) => return self.answer(&asker, Err(error)),
            };
        if self.running.is_spent(&call_id, &endpoint, &offer) {
            return self.answer(&asker, Err(gone()));
        }
        if let Some(call) = self.running.get_mut(&call_id) {
            call.pictures_mut(&endpoint).0.views.clone_from(&views);
        }
        let codecs = offer.video().formats.iter().map(|format| format.codec).collect();
        let open = self.running.session_mut(&call_id, &endpoint, &offer);
        if let Some((connection, session)) = open {
            let restarts = session.renew(&offer);
            let origin = origin(connection, session);
            let answering = Answering { offer, origin, answered };
            self.renegotiate(asker, connection, restarts, (terms, views), answering).await;
        } else {
            let session = SdpSession::of(&offer);
            let remote = RemoteParams {
                credentials: offer.credentials().clone(),
                fingerprint: offer.fingerprint(),
                feedback_id: offer.feedback_id(),
            };
            let (connection, opened) =
                self.open_media(&asker, &call_id, remote, terms, Some(session.clone())).await;
            let origin = origin(connection, &session);
            let reply = MediaReply::Sdp(Box::new(Answering { offer, origin, answered }));
            self.await_media(asker, connection, opened, reply);
        }
        if let Some(call) = self.running.get_mut(&call_id) {
            call.set_codecs(&endpoint, codecs);
        }
    }

    async fn renegotiate(
        &mut self,
        asker: Asker,
        connection: ConnectionId,
        restarts: bool,
        ((terms, video), views): ((AudioTerms, VideoTerms), VideoViews),
        answering: Answering,
    ) {
        let credentials = restarts.then(|| answering.offer.credentials().clone());
        let (reply, agreed) = oneshot::channel();
        let feedback_id = answering.offer.feedback_id();
        let command = ShardCommand::Renegotiate {
            connection,
            credentials,
            feedback_id,
            terms,
            video,
            views,
            reply,
        };
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

    /// Who is in the call or rung by it.
    fn present_users(&self, call_id: &CallId) -> BTreeSet<UserId> {
        let members = self.calls.call(call_id).map(|call| call.members).unwrap_or_default();
        let present = members.into_iter().filter(|it| match it.state {
            MemberState::Pending | MemberState::Connected => true,
            MemberState::Rejected
            | MemberState::Busy
            | MemberState::NoAnswer
            | MemberState::Left
            | MemberState::Removed => false,
        });
        present.map(|it| it.user).collect()
    }

    /// Settles under what those will be heard and seen that are subscribed to before they are in
    /// the room, so that nothing has to be agreed on once they are.
    async fn expect(
        &mut self,
        call_id: &CallId,
        users: &BTreeSet<UserId>,
        asker: &Endpoint,
        subscribe: &BTreeMap<String, Subscription>,
    ) {
        let wanted: BTreeSet<&UserId> = subscribe.values().map(|it| &it.user).collect();
        let others = wanted.into_iter().filter(|user| **user != asker.user);
        for user in others.filter(|user| users.contains(*user)) {
            let Some(call) = self.running.get_mut(call_id) else { return };
            let streams = Streams::drawn(|| rand::random_range(1..=u32::MAX));
            if call.expect(user, streams) {
                let (room, user) = (call.room, user.clone());
                self.command_shard(ShardCommand::Reserve { room, user, streams }).await;
            }
        }
    }

    fn agree(
        &self,
        call_id: &CallId,
        asker: &Endpoint,
        offer: &Offer,
        asked: &SdpOffer,
        users: &BTreeSet<UserId>,
    ) -> Result<Agreed, ProtocolError> {
        let wanted = self.wanted((call_id, users), asker, &asked.subscribe);
        let sends = sends(offer, &asked.publish)?;
        let audio = audio_terms(offer, &wanted)?;
        let (video, pictures) = video_terms(offer, &wanted, sends);
        let call = self.running.get(call_id);
        let offered = offer.video().formats.iter().map(|format| format.codec).collect();
        let publishable = call.map(|call| call.publishable(asker, users, &offered));
        let before = call.map(|call| call.pictures(asker).views).unwrap_or_default();
        let streams = wanted.into_iter().map(|(mid, wanted)| (mid, wanted.stream)).collect();
        Ok(Agreed {
            terms: (audio, video),
            views: views(&asked.subscribe, &before),
            answered: Answered { streams, pictures, publishable: publishable.unwrap_or_default() },
        })
    }

    /// Who is to be received in which section, of `users`, who are in the call or
    /// rung by it.
    fn wanted(
        &self,
        (call_id, users): (&CallId, &BTreeSet<UserId>),
        asker: &Endpoint,
        subscribe: &BTreeMap<String, Subscription>,
    ) -> BTreeMap<String, Wanted> {
        let mut wanted = BTreeMap::new();
        for (mid, Subscription { user, track, size: _ }) in subscribe {
            let call = self.running.get(call_id);
            let streams = call.and_then(|call| call.streams_to(asker, user));
            let found = streams.filter(|_| users.contains(user)).map(|it| it.of(track.video()));
            if let Some((ssrc, rtx_ssrc)) = found {
                let (stream, name) = (user.as_str().to_owned(), track.name().to_owned());
                let stream = ForwardedStream { stream, track: name, ssrc, rtx_ssrc };
                wanted.insert(mid.clone(), Wanted { track: *track, stream });
            }
        }
        wanted
    }
}

/// An offer whose sections that receive are good for what is wanted in them.
fn read(asked: &SdpOffer) -> Result<Offer, ProtocolError> {
    let offer = Offer::parse(&asked.sdp).map_err(|error| wrong(error.to_string()))?;
    let mut named = BTreeSet::new();
    for (mid, Subscription { user, track, size: _ }) in &asked.subscribe {
        let (kind, name) = match track.video() {
            None => (MediaKind::Audio, "audio"),
            Some(_) => (MediaKind::Video, "video"),
        };
        if offer.receiving(mid).is_none_or(|section| section.kind != kind) {
            let sentence = format!("`subscribe` names a section that is not to receive {name}");
            return Err(wrong(sentence));
        }
        if !named.insert((user, track.name())) {
            return Err(wrong("`subscribe` names the same track twice"));
        }
    }
    Ok(offer)
}

fn origin(connection: ConnectionId, session: &SdpSession) -> AnswerOrigin {
    AnswerOrigin { session_id: connection.0, session_version: session.version }
}

/// What a client that offers in SDP sees: what it has a place for, in the size it says or said.
fn views(subscribe: &BTreeMap<String, Subscription>, before: &VideoViews) -> VideoViews {
    let pictures = subscribe.values().filter_map(|Subscription { user, track, size }| {
        let picture = (user.clone(), track.video()?);
        let size = size.or_else(|| before.get(&picture).copied()).unwrap_or_default();
        Some((picture, size))
    });
    pictures.collect()
}

/// Which section sends which picture: as the client says; of the others the first sends the camera
/// and the second the screen, if those are not sent elsewhere.
fn sends(
    offer: &Offer,
    publish: &BTreeMap<String, VideoTrack>,
) -> Result<BTreeMap<VideoTrack, PublishedVideo>, ProtocolError> {
    let published = offer.published_video();
    let is_sent = |mid: &String| published.iter().any(|it| it.mid.as_ref() == Some(mid));
    let tracks: BTreeSet<VideoTrack> = publish.values().copied().collect();
    if tracks.len() != publish.len() {
        return Err(wrong("`publish` names the same track twice"));
    }
    if !publish.keys().all(is_sent) {
        return Err(wrong("`publish` names a section that does not send video"));
    }
    let mut free = VideoTrack::ALL.into_iter().filter(|track| !tracks.contains(track));
    let mut sends = BTreeMap::new();
    for video in published {
        let said = video.mid.as_ref().and_then(|mid| publish.get(mid)).copied();
        if let Some(track) = said.or_else(|| free.next()) {
            sends.insert(track, video);
        }
    }
    Ok(sends)
}

fn audio_terms(
    offer: &Offer,
    wanted: &BTreeMap<String, Wanted>,
) -> Result<AudioTerms, ProtocolError> {
    let Some(audio) = offer.audio() else { return Ok(AudioTerms::none()) };
    let source = match (offer.published(), audio.mid_id) {
        (None, _) => AudioSource::None,
        (Some(Published { ssrc: Some(ssrc), .. }), _) => AudioSource::Ssrc(ssrc),
        (Some(Published { ssrc: None, mid: Some(mid) }), Some(id)) => AudioSource::Mid { id, mid },
        (Some(Published { ssrc: None, .. }), _) => {
            return Err(wrong("the section that sends needs a=ssrc, or a=mid and its extension"));
        }
    };
    let heard = wanted.values().filter(|wanted| wanted.track == Track::Audio);
    let places = heard.map(|wanted| wanted.stream.ssrc);
    Ok(AudioTerms {
        payload_type: audio.payload_type,
        red_payload_type: audio.red_payload_type,
        audio_level_id: audio.audio_level_id,
        source,
        receives: Receives::Only(places.collect()),
    })
}

/// What holds for pictures, and the sections whose pictures are taken.
fn video_terms(
    offer: &Offer,
    wanted: &BTreeMap<String, Wanted>,
    sends: BTreeMap<VideoTrack, PublishedVideo>,
) -> (VideoTerms, BTreeSet<String>) {
    let video = offer.video();
    let formats = video.formats.iter().map(|format| VideoFormat {
        codec: format.codec,
        payload_type: format.payload_type,
        rtx: format.rtx,
    });
    let mut pictures = BTreeSet::new();
    let mut sources = BTreeMap::new();
    for (track, PublishedVideo { mid, ssrcs, rids }) in sends {
        let Some(mid) = mid else { continue };
        let source = match ssrcs {
            Some((media, rtx)) => VideoSource::Ssrcs(VideoSourceSsrcs { media, rtx }),
            None => VideoSource::Mid { mid: mid.clone(), rids },
        };
        sources.insert(track, source);
        pictures.insert(mid);
    }
    let seen = wanted.values().filter(|wanted| wanted.track != Track::Audio);
    let places = seen.map(|wanted| wanted.stream.ssrc);
    let terms = VideoTerms {
        formats: formats.collect(),
        extensions: VideoExtensions {
            mid: video.mid_id,
            rid: video.rid_id,
            repaired_rid: video.repaired_rid_id,
        },
        sends: sources,
        receives: VideoPlaces::Only(places.collect()),
    };
    (terms, pictures)
}

fn wrong(sentence: impl Into<String>) -> ProtocolError {
    ProtocolError::new(Code::BadParameter, sentence)
}

fn gone() -> ProtocolError {
    let sentence = "This media connection has ended; begin anew with another peer connection.";
    ProtocolError::new(Code::WrongState, sentence)
}
