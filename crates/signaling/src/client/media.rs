use std::time::Instant;

use calling_model::CallId;

use super::state::{Close, State};
use super::{ClientCalls, ClientOutput, Connection, ListenerEvent, MediaState};
use crate::call::Outcome;
use crate::protocol::{ProtocolError, Request};

/// The media connection of a call, as its driver reports it.
#[derive(Clone, Debug)]
pub(super) struct Media {
    /// When it was first started.
    since: Instant,
    link: MediaLink,
    /// How often it was started since the call was accepted.
    attempts: u32,
    /// The application heard `EnterRoom`.
    entered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MediaLink {
    Starting,
    Up { elapsed_ms: u32 },
    Lost { elapsed_ms: u32 },
    Failed,
}

impl Media {
    pub(super) const fn new(now: Instant) -> Self {
        Self { since: now, link: MediaLink::Starting, attempts: 0, entered: false }
    }

    pub(super) const fn was_started(&self) -> bool {
        self.attempts > 0
    }
}

impl ClientCalls {
    pub(super) fn media(&mut self, now: Instant, call_id: &CallId, state: MediaState) {
        if self.state.session().is_none_or(|session| session.facts.call_id != *call_id) {
            self.stats.stale += 1;
            return;
        }
        match state {
            MediaState::Up => self.media_up(now, call_id),
            MediaState::Lost => self.media_lost(),
            MediaState::Failed(error) => self.media_failed(now, error),
        }
    }

    fn media_up(&mut self, now: Instant, call_id: &CallId) {
        let Some(session) = self.state.session_mut() else { return };
        let elapsed = now.saturating_duration_since(session.media.since).as_millis();
        let elapsed_ms = u32::try_from(elapsed).unwrap_or(u32::MAX).max(1);
        let before = std::mem::replace(&mut session.media.link, MediaLink::Up { elapsed_ms });
        if matches!(before, MediaLink::Lost { .. }) {
            self.emit(ListenerEvent::Recovered { connection: Connection::Media });
        }
        if self.is_signed_in() {
            self.send(Request::MediaReady { call_id: call_id.clone() });
        }
        self.enter_room();
    }

    fn media_lost(&mut self) {
        let Some(session) = self.state.session_mut() else { return };
        if let MediaLink::Up { elapsed_ms } = session.media.link {
            session.media.link = MediaLink::Lost { elapsed_ms };
            self.emit(ListenerEvent::ConnectionLost { connection: Connection::Media });
        }
    }

    /// While it rings a failure harms nobody: the connection is tried again once the call is
    /// accepted. In conversation it is tried again at once, a few times.
    fn media_failed(&mut self, now: Instant, error: ProtocolError) {
        let most = self.config.media_attempts;
        let connected = matches!(self.state, State::Connected(_));
        let Some(session) = self.state.session_mut() else { return };
        session.media.link = MediaLink::Failed;
        if !connected {
            return;
        }
        if session.media.attempts < most {
            self.start_media();
            return;
        }
        if !std::mem::replace(&mut session.media.entered, true) {
            self.emit(ListenerEvent::EnterRoom { result: Err(error.clone()) });
        }
        self.emit(ListenerEvent::Error { code: error.code, message: error.message });
        self.close(now, None, Close::Hangup, Outcome::Completed);
    }

    pub(super) fn start_media(&mut self) {
        let Some(session) = self.state.session_mut() else { return };
        session.media.link = MediaLink::Starting;
        session.media.attempts += 1;
        let facts = session.facts.clone();
        let call_id = facts.call_id.clone();
        self.outputs.push_back(ClientOutput::StartMedia { call_id, facts });
    }

    /// The call is accepted: from now on the attempts are counted, and a failed one is repeated.
    pub(super) fn media_wanted(&mut self) {
        let Some(session) = self.state.session_mut() else { return };
        if session.media.link == MediaLink::Failed {
            session.media.attempts = 0;
            self.start_media();
        } else {
            session.media.attempts = 1;
        }
        self.enter_room();
    }

    /// Tells the application once that it is in the room: connected, and media is up.
    fn enter_room(&mut self) {
        let State::Connected(talk) = &mut self.state else { return };
        let media = &mut talk.session.media;
        if let MediaLink::Up { elapsed_ms } = media.link
            && !std::mem::replace(&mut media.entered, true)
        {
            self.emit(ListenerEvent::EnterRoom { result: Ok(elapsed_ms) });
        }
    }
}
