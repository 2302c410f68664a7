use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use calling_model::{CallId, ConnectionId, Endpoint, RoomId, UserId};
use calling_signaling::protocol::Event;

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
}

/// What is known once the call was accepted.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) parties: [Endpoint; 2],
    /// Both were told of the acceptance, so that what follows can be told.
    pub(super) begun: bool,
    /// Whom the others were told to be in the room.
    known: BTreeSet<Endpoint>,
    /// By when both media connections have to be up.
    pub(super) media_due: Option<Instant>,
}

/// A device's media connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) connection: ConnectionId,
    pub(super) up: bool,
    /// The SSRC under which it is heard, once it is in the room.
    entered: Option<u32>,
    audio: bool,
}

impl Running {
    pub(super) fn begin(&mut self, call_id: CallId, room: RoomId, caller: Option<Endpoint>) {
        self.rooms.insert(room, call_id.clone());
        let (media, muted) = (BTreeMap::new(), BTreeSet::new());
        let call = RunningCall { room, caller, refused: false, conversation: None, media, muted };
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

    /// A call was accepted.
    pub(super) fn converse(
        &mut self,
        call_id: &CallId,
        parties: [Endpoint; 2],
        media_due: Instant,
    ) {
        let Some(call) = self.calls.get_mut(call_id) else { return };
        let (begun, known) = (false, BTreeSet::new());
        let talk = Conversation { parties, begun, known, media_due: Some(media_due) };
        if call.conversation.replace(talk).is_none() {
            self.conversations += 1;
        }
    }

    /// Notes a device's new media connection; gives the one it replaces.
    pub(super) fn connect(
        &mut self,
        call_id: &CallId,
        endpoint: &Endpoint,
        connection: ConnectionId,
    ) -> Option<ConnectionId> {
        let call = self.calls.get_mut(call_id)?;
        let media = Media { connection, up: false, entered: None, audio: false };
        let replaced = call.media.insert(endpoint.clone(), media).map(|old| old.connection);
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
        let media = self.calls.get_mut(call_id)?.media.remove(endpoint)?;
        self.connections.remove(&media.connection);
        Some(media.connection)
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
            if talk.media_due.take_if(|due| *due <= now).is_none() {
                continue;
            }
            let up = |endpoint: &Endpoint| call.media.get(endpoint).is_some_and(|media| media.up);
            let missing = talk.parties.iter().filter(|party| !up(party));
            overdue.extend(missing.map(|party| (call_id.clone(), party.clone())));
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

    /// Both know of the acceptance: tells who is in the room already.
    pub(super) fn begin_telling(&mut self, call_id: &CallId) -> Vec<(Endpoint, Event)> {
        let Some(talk) = &mut self.conversation else { return Vec::new() };
        talk.begun = true;
        let parties = talk.parties.clone();
        parties.iter().flat_map(|party| self.introduce(call_id, party)).collect()
    }

    /// A device is in the room. Gives whom to tell what.
    pub(super) fn enter(
        &mut self,
        call_id: &CallId,
        who: &Endpoint,
        audio_ssrc: u32,
    ) -> Vec<(Endpoint, Event)> {
        if let Some(media) = self.media.get_mut(who) {
            media.entered = Some(audio_ssrc);
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

    /// A device left the room.
    pub(super) fn leave(
        &mut self,
        call_id: &CallId,
        who: &Endpoint,
        reason: u8,
    ) -> Vec<(Endpoint, Event)> {
        let Some(talk) = &mut self.conversation else { return Vec::new() };
        if !talk.known.remove(who) {
            return Vec::new();
        }
        let event = Event::UserLeft { call_id: call_id.clone(), user: who.user.clone(), reason };
        talk.tell_others(who, &event)
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
        let party = talk.and_then(|talk| talk.parties.iter().find(|p| Some(&p.user) == by));
        party.cloned().map_or_else(Vec::new, |party| self.leave(call_id, &party, 0))
    }

    fn introduce(&mut self, call_id: &CallId, who: &Endpoint) -> Vec<(Endpoint, Event)> {
        let Some(talk) = self.conversation.as_mut().filter(|talk| talk.begun) else {
            return Vec::new();
        };
        let entered = self.media.get(who).is_some_and(|media| media.entered.is_some());
        if !entered || !talk.parties.contains(who) {
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
        let Some(audio_ssrc) = media.entered else { return Vec::new() };
        let user = who.user.clone();
        let entered = Event::UserEntered { call_id: call_id.clone(), user, audio_ssrc };
        let audio = media.audio.then(|| audio_available(call_id, who, true));
        std::iter::once(entered).chain(audio).collect()
    }
}

impl Conversation {
    fn tell_others(&self, who: &Endpoint, event: &Event) -> Vec<(Endpoint, Event)> {
        let others = self.parties.iter().filter(|party| *party != who);
        others.map(|other| (other.clone(), event.clone())).collect()
    }
}

fn audio_available(call_id: &CallId, who: &Endpoint, available: bool) -> Event {
    Event::AudioAvailable { call_id: call_id.clone(), user: who.user.clone(), available }
}
