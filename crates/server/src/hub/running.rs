use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use calling_model::{CallId, ConnectionId, Endpoint, RoomId, UserId, VideoTrack};
use calling_room::{Streams, VideoStream, VideoViews};
use calling_signaling::protocol::{self, Event};
use calling_transport::sdp::Offer;
use calling_wire::VideoCodec;

use super::sdp::SdpSession;

/// What the hub itself has to know of the calls that are up, beside the call machine: their rooms
/// and the media connections of their devices.
#[derive(Debug, Default)]
pub(super) struct Running {
    calls: BTreeMap<CallId, RunningCall>,
    rooms: HashMap<RoomId, CallId>,
    connections: HashMap<ConnectionId, (CallId, Endpoint)>,
    conversations: usize,
}

/// One call.
#[derive(Debug)]
pub(super) struct RunningCall {
    pub(super) room: RoomId,
    /// The device that placed it.
    pub(super) caller: Option<Endpoint>,
    /// Its start could not be stored: nobody is told of it, and it leaves no record.
    pub(super) refused: bool,
    pub(super) conversation: Option<Conversation>,
    media: BTreeMap<Endpoint, Media>,
    muted: BTreeSet<Endpoint>,
    pictures: BTreeMap<Endpoint, Pictures>,
    /// Under what those will be heard and seen who are not in the room yet, so that others agree
    /// on places for them while it rings.
    expected: BTreeMap<UserId, Streams>,
    /// The peer connection that each device's last media connection was of, if it has ended.
    spent: BTreeMap<Endpoint, SdpSession>,
}

/// What is known once the call was accepted.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The devices in it, and by when the media connection of each has to be up.
    parties: BTreeMap<Endpoint, Option<Instant>>,
    /// Those that know that they are in it, so that what follows can be told to and of them.
    begun: BTreeSet<Endpoint>,
    /// Whom the others were told to be in the room.
    known: BTreeSet<Endpoint>,
}

/// In what everybody can be shown pictures who says nothing else.
const NATIVE_CODECS: [VideoCodec; 2] = [VideoCodec::Vp8, VideoCodec::H264];

/// What a device said of pictures; it outlives its media connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Pictures {
    /// What it wants to see.
    pub(super) views: VideoViews,
    /// Which of its own are off.
    pub(super) muted: BTreeSet<VideoTrack>,
}

/// Where a device in the room is found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entered {
    audio_ssrc: u32,
    video: [VideoStream; 2],
}

/// A device's media connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) connection: ConnectionId,
    pub(super) up: bool,
    /// The SSRCs under which it is heard and seen, once it is in the room.
    entered: Option<Entered>,
    audio: bool,
    video: BTreeSet<VideoTrack>,
    /// The peer connection behind it, if it was offered in SDP.
    sdp: Option<SdpSession>,
    /// In what it can be shown pictures.
    codecs: BTreeSet<VideoCodec>,
}

impl Running {
    pub(super) fn begin(&mut self, call_id: CallId, room: RoomId, caller: Option<Endpoint>) {
        self.rooms.insert(room, call_id.clone());
        let call = RunningCall {
            room,
            caller,
            refused: false,
            conversation: None,
            media: BTreeMap::new(),
            muted: BTreeSet::new(),
            pictures: BTreeMap::new(),
            expected: BTreeMap::new(),
            spent: BTreeMap::new(),
        };
        self.calls.insert(call_id, call);
    }

    pub(super) fn end(&mut self, call_id: &CallId) -> Option<RunningCall> {
        let call = self.calls.remove(call_id)?;
        self.rooms.remove(&call.room);
        self.conversations -= usize::from(call.conversation.is_some());
        for media in call.media.values() {
            self.connections.remove(&media.connection);
        }
        Some(call)
    }

    pub(super) fn get(&self, call_id: &CallId) -> Option<&RunningCall> {
        self.calls.get(call_id)
    }

    pub(super) fn get_mut(&mut self, call_id: &CallId) -> Option<&mut RunningCall> {
        self.calls.get_mut(call_id)
    }

    pub(super) fn in_room(&self, room: RoomId) -> Option<&CallId> {
        self.rooms.get(&room)
    }

    /// These devices are in the call's conversation from now on. Gives their media connections.
    pub(super) fn converse(
        &mut self,
        call_id: &CallId,
        devices: &[Endpoint],
        media_due: Instant,
    ) -> Vec<ConnectionId> {
        let Some(call) = self.calls.get_mut(call_id) else { return Vec::new() };
        self.conversations += usize::from(call.conversation.is_none());
        let talk = call.conversation.get_or_insert_default();
        talk.parties.extend(devices.iter().map(|device| (device.clone(), Some(media_due))));
        let media = devices.iter().filter_map(|device| call.media.get(device));
        media.map(|media| media.connection).collect()
    }

    /// A device is in the conversation no more. What the others hear of it the call machine says.
    pub(super) fn part(&mut self, call_id: &CallId, endpoint: &Endpoint) {
        let call = self.calls.get_mut(call_id);
        if let Some(talk) = call.and_then(|call| call.conversation.as_mut()) {
            talk.parties.remove(endpoint);
            talk.begun.remove(endpoint);
            talk.known.remove(endpoint);
        }
    }

    /// Notes a device's new media connection; gives the one it replaces.
    pub(super) fn connect(
        &mut self,
        call_id: &CallId,
        endpoint: &Endpoint,
        connection: ConnectionId,
        sdp: Option<SdpSession>,
    ) -> Option<ConnectionId> {
        let call = self.calls.get_mut(call_id)?;
        let (entered, video) = (None, BTreeSet::new());
        let codecs = NATIVE_CODECS.into();
        let media = Media { connection, up: false, entered, audio: false, video, sdp, codecs };
        let old = call.media.insert(endpoint.clone(), media);
        if old.as_ref().is_some_and(|old| old.entered.is_some()) {
            call.expected.remove(&endpoint.user);
        }
        let replaced = old.map(|old| old.connection);
        if let Some(old) = replaced {
            self.connections.remove(&old);
        }
        self.connections.insert(connection, (call_id.clone(), endpoint.clone()));
        replaced
    }

    /// Forgets a device's media connection.
    pub(super) fn disconnect(
        &mut self,
        call_id: &CallId,
        endpoint: &Endpoint,
    ) -> Option<ConnectionId> {
        let call = self.calls.get_mut(call_id)?;
        let media = call.media.remove(endpoint)?;
        self.connections.remove(&media.connection);
        if let Some(session) = media.sdp {
            call.spent.insert(endpoint.clone(), session);
        }
        Some(media.connection)
    }

    /// A device's media connection, if `offer` is of the same peer connection.
    pub(super) fn session_mut(
        &mut self,
        call_id: &CallId,
        endpoint: &Endpoint,
        offer: &Offer,
    ) -> Option<(ConnectionId, &mut SdpSession)> {
        let media = self.calls.get_mut(call_id)?.media.get_mut(endpoint)?;
        let session = media.sdp.as_mut().filter(|session| session.is_of(offer))?;
        Some((media.connection, session))
    }

    /// Whether `offer` is of a peer connection whose media connection has ended: its keys are
    /// forgotten.
    pub(super) fn is_spent(&self, call_id: &CallId, endpoint: &Endpoint, offer: &Offer) -> bool {
        let spent = self.calls.get(call_id).and_then(|call| call.spent.get(endpoint));
        spent.is_some_and(|session| session.is_of(offer))
    }

    /// Whose connection it is; `None` if it was replaced or its call is over.
    pub(super) fn owner(&self, connection: ConnectionId) -> Option<(CallId, Endpoint)> {
        self.connections.get(&connection).cloned()
    }

    pub(super) fn media_mut(&mut self, connection: ConnectionId) -> Option<&mut Media> {
        let (call_id, endpoint) = self.connections.get(&connection)?;
        self.calls.get_mut(call_id)?.media.get_mut(endpoint)
    }

    /// How many calls were accepted.
    pub(super) const fn conversations(&self) -> usize {
        self.conversations
    }

    /// Devices in a conversation that have no media although it is time.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<(CallId, Endpoint)> {
        let mut overdue = Vec::new();
        for (call_id, call) in &mut self.calls {
            let Some(talk) = &mut call.conversation else { continue };
            for (party, due) in &mut talk.parties {
                let up = call.media.get(party).is_some_and(|media| media.up);
                if due.take_if(|due| *due <= now).is_some() && !up {
                    overdue.push((call_id.clone(), party.clone()));
                }
            }
        }
        overdue
    }
}

impl RunningCall {
    pub(super) fn set_muted(&mut self, endpoint: &Endpoint, muted: bool) -> Option<ConnectionId> {
        if muted {
            self.muted.insert(endpoint.clone());
        } else {
            self.muted.remove(endpoint);
        }
        self.media.get(endpoint).map(|media| media.connection)
    }

    pub(super) fn is_muted(&self, endpoint: &Endpoint) -> bool {
        self.muted.contains(endpoint)
    }

    /// These devices know that they are in the conversation: tells them who is in the room already,
    /// and the others of them.
    pub(super) fn begin_telling(
        &mut self,
        call_id: &CallId,
        devices: &[Endpoint],
    ) -> Vec<(Endpoint, Event)> {
        let Some(talk) = &mut self.conversation else { return Vec::new() };
        let mut new: Vec<Endpoint> = devices.to_vec();
        new.retain(|device| talk.parties.contains_key(device));
        let known = talk.known.clone();
        talk.begun.extend(new.iter().cloned());
        let before = known.iter().flat_map(|who| self.presence(call_id, who));
        let mut told = Vec::new();
        for event in before {
            told.extend(new.iter().map(|device| (device.clone(), event.clone())));
        }
        told.extend(new.iter().flat_map(|device| self.introduce(call_id, device)));
        told
    }

    /// A device is in the room. Gives whom to tell what.
    pub(super) fn enter(
        &mut self,
        call_id: &CallId,
        who: &Endpoint,
        audio_ssrc: u32,
        video: [VideoStream; 2],
    ) -> Vec<(Endpoint, Event)> {
        if let Some(media) = self.media.get_mut(who) {
            media.entered = Some(Entered { audio_ssrc, video });
        }
        self.introduce(call_id, who)
    }

    /// A device's audio begins or stops to flow.
    pub(super) fn audio(
        &mut self,
        call_id: &CallId,
        who: &Endpoint,
        available: bool,
    ) -> Vec<(Endpoint, Event)> {
        if let Some(media) = self.media.get_mut(who) {
            media.audio = available;
        }
        let Some(talk) = self.conversation.as_ref().filter(|talk| talk.known.contains(who)) else {
            return Vec::new();
        };
        talk.tell_others(who, &audio_available(call_id, who, available))
    }

    /// A picture of a device begins or stops to flow.
    pub(super) fn picture(
        &mut self,
        call_id: &CallId,
        who: &Endpoint,
        track: VideoTrack,
        available: bool,
    ) -> Vec<(Endpoint, Event)> {
        if let Some(media) = self.media.get_mut(who) {
            if available {
                media.video.insert(track);
            } else {
                media.video.remove(&track);
            }
        }
        let Some(talk) = self.conversation.as_ref().filter(|talk| talk.known.contains(who)) else {
            return Vec::new();
        };
        talk.tell_others(who, &video_available(call_id, who, track, available))
    }

    /// A device says in what it can be shown pictures.
    pub(super) fn set_codecs(&mut self, endpoint: &Endpoint, codecs: BTreeSet<VideoCodec>) {
        if let Some(media) = self.media.get_mut(endpoint) {
            media.codecs = codecs;
        }
    }

    /// In what a device that knows `offered` may send pictures, so that all others can see them.
    /// `users` are those in the call or rung by it: who has no media yet may turn out to be a
    /// native client, unless that leaves nothing of what is offered.
    pub(super) fn publishable(
        &self,
        endpoint: &Endpoint,
        users: &BTreeSet<UserId>,
        offered: &BTreeSet<VideoCodec>,
    ) -> BTreeSet<VideoCodec> {
        let others = self.media.iter().filter(|(other, _)| *other != endpoint);
        let known = others
            .map(|(_, media)| media.codecs.clone())
            .reduce(|all, other| all.intersection(&other).copied().collect());
        let native = BTreeSet::from(NATIVE_CODECS);
        let Some(known) = known else { return native };
        let has_media = |user: &UserId| self.media.keys().any(|device| device.user == *user);
        let is_awaited = users.iter().any(|it| *it != endpoint.user && !has_media(it));
        let narrowed: BTreeSet<_> = known.intersection(&native).copied().collect();
        if is_awaited && !narrowed.is_disjoint(offered) { narrowed } else { known }
    }

    /// Notes under what `user` will be heard and seen; `false` if that is known, or the user is in
    /// the room already.
    pub(super) fn expect(&mut self, user: &UserId, streams: Streams) -> bool {
        let mut devices = self.media.iter().filter(|(device, _)| device.user == *user);
        if devices.any(|(_, media)| media.entered.is_some()) || self.expected.contains_key(user) {
            return false;
        }
        self.expected.insert(user.clone(), streams);
        true
    }

    /// What a device said of pictures.
    pub(super) fn pictures(&self, endpoint: &Endpoint) -> Pictures {
        self.pictures.get(endpoint).cloned().unwrap_or_default()
    }

    /// Likewise, to be changed; with the connection it holds for, and whether that was offered in
    /// SDP.
    pub(super) fn pictures_mut(
        &mut self,
        endpoint: &Endpoint,
    ) -> (&mut Pictures, Option<(ConnectionId, bool)>) {
        let media = self.media.get(endpoint);
        let connection = media.map(|media| (media.connection, media.sdp.is_some()));
        (self.pictures.entry(endpoint.clone()).or_default(), connection)
    }

    /// A device left the room.
    pub(super) fn leave(
        &mut self,
        call_id: &CallId,
        who: &Endpoint,
        reason: u8,
    ) -> Vec<(Endpoint, Event)> {
        // Whoever comes again does so under other SSRCs.
        self.expected.remove(&who.user);
        let Some(talk) = &mut self.conversation else { return Vec::new() };
        if !talk.known.remove(who) {
            return Vec::new();
        }
        let event = Event::UserLeft { call_id: call_id.clone(), user: who.user.clone(), reason };
        talk.tell_others(who, &event)
    }

    /// Under what `to` hears and sees a user who is in the room or expected. Whether anything comes
    /// is another matter: who is not in the conversation gets nothing.
    pub(super) fn streams_to(&self, to: &Endpoint, user: &UserId) -> Option<Streams> {
        let is_known = |who: &&Endpoint| {
            self.conversation.as_ref().is_some_and(|talk| talk.known.contains(*who))
        };
        let others = self.media.keys().filter(|who| who.user == *user && *who != to);
        let entered = |who: &Endpoint| self.media.get(who)?.entered.as_ref();
        // Of two devices of theirs the others were told of one.
        let present = others.clone().filter(is_known).find_map(entered);
        let present = present.or_else(|| others.clone().find_map(entered));
        present
            .map(|it| Streams { audio: it.audio_ssrc, video: it.video })
            .or_else(|| self.expected.get(user).filter(|_| to.user != *user).copied())
    }

    /// What `to` was told of the others, for it to be told again.
    pub(super) fn missed(&self, call_id: &CallId, to: &Endpoint) -> Vec<Event> {
        let known = self.conversation.iter().flat_map(|talk| &talk.known);
        let others = known.filter(|who| *who != to);
        others.flat_map(|who| self.presence(call_id, who)).collect()
    }

    /// A conversation ends: whoever did not hang up is told who did.
    pub(super) fn hang_up(
        &mut self,
        call_id: &CallId,
        by: Option<&UserId>,
    ) -> Vec<(Endpoint, Event)> {
        let talk = self.conversation.as_ref();
        let party = talk.and_then(|talk| talk.parties.keys().find(|p| Some(&p.user) == by));
        party.cloned().map_or_else(Vec::new, |party| self.leave(call_id, &party, 0))
    }

    fn introduce(&mut self, call_id: &CallId, who: &Endpoint) -> Vec<(Endpoint, Event)> {
        let Some(talk) = &mut self.conversation else { return Vec::new() };
        let entered = self.media.get(who).is_some_and(|media| media.entered.is_some());
        if !entered || !talk.begun.contains(who) {
            return Vec::new();
        }
        talk.known.insert(who.clone());
        let Some(talk) = &self.conversation else { return Vec::new() };
        let events = self.presence(call_id, who);
        events.iter().flat_map(|event| talk.tell_others(who, event)).collect()
    }

    /// What there is to tell of a device in the room.
    fn presence(&self, call_id: &CallId, who: &Endpoint) -> Vec<Event> {
        let Some(media) = self.media.get(who) else { return Vec::new() };
        let Some(Entered { audio_ssrc, video }) = &media.entered else { return Vec::new() };
        let (user, audio_ssrc) = (who.user.clone(), *audio_ssrc);
        let video = video.iter().map(|it| protocol::VideoStream {
            track: it.track,
            ssrc: it.ssrc,
            rtx_ssrc: it.rtx_ssrc,
        });
        let video = video.collect();
        let entered = Event::UserEntered { call_id: call_id.clone(), user, audio_ssrc, video };
        let audio = media.audio.then(|| audio_available(call_id, who, true));
        let shown = media.video.iter().map(|track| video_available(call_id, who, *track, true));
        std::iter::once(entered).chain(audio).chain(shown).collect()
    }
}

impl Conversation {
    /// Everybody who may be told what happens in the room.
    pub(super) fn audience(&self) -> impl Iterator<Item = &Endpoint> {
        self.begun.iter()
    }

    fn tell_others(&self, who: &Endpoint, event: &Event) -> Vec<(Endpoint, Event)> {
        let others = self.audience().filter(|party| *party != who);
        others.map(|other| (other.clone(), event.clone())).collect()
    }
}

fn audio_available(call_id: &CallId, who: &Endpoint, available: bool) -> Event {
    Event::AudioAvailable { call_id: call_id.clone(), user: who.user.clone(), available }
}

fn video_available(call_id: &CallId, who: &Endpoint, track: VideoTrack, available: bool) -> Event {
    let (call_id, user) = (call_id.clone(), who.user.clone());
    Event::VideoAvailable { call_id, user, track, available }
}
