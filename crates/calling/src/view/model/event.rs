use std::time::{Duration, Instant};

use calling_model::{CallId, MediaType, UserId, VideoTrack};
use calling_signaling::call::{CallFacts, Outcome, Role};
use calling_signaling::client::{ClientPhase, Connection, ListenerEvent};

use super::open::{End, Open};
use super::{ViewEvent, ViewModel};
use crate::state::CallState;
use crate::view::state::{LeftReason, MemberState, ViewEnd, ViewNotice};

impl ViewModel {
    pub(super) fn event(&mut self, at: Instant, event: &ListenerEvent, out: &mut Vec<ViewEvent>) {
        match event {
            ListenerEvent::Invited { .. } => self.invited(at, event, out),
            ListenerEvent::CallBegin { call_id, media_type, role, .. } => {
                self.begin(at, call_id, *media_type, *role, out);
            }
            ListenerEvent::CallEnd { call_id, outcome, duration_ms, by } => {
                let end = ViewEnd::Outcome(*outcome);
                let end = End { end, duration_ms: Some(*duration_ms), by: by.clone() };
                self.end_of(at, call_id, end, out);
            }
            ListenerEvent::HandledElsewhere { call_id, accepted } => {
                let end =
                    if *accepted { ViewEnd::AnsweredElsewhere } else { ViewEnd::RejectedElsewhere };
                self.end_of(at, call_id, End::by_itself(end), out);
            }
            ListenerEvent::CallingCancel { user } => {
                if self.is_unanswered_here() {
                    let end = End::unanswered(Outcome::Cancelled, Some(user.clone()));
                    self.end(at, end, out);
                }
            }
            ListenerEvent::CallingTimeout { user_ids } => self.timed_out(at, user_ids, out),
            ListenerEvent::KickedOffline {} => {
                self.end(at, End::by_itself(ViewEnd::SignedOut), out);
            }
            ListenerEvent::Error { code, message } => self.notice(at, i32::from(*code), message),
            ListenerEvent::Warning { code, message } => self.notice(at, *code, message),
            ListenerEvent::EnterRoom { .. }
            | ListenerEvent::UserEnter { .. }
            | ListenerEvent::UserLeave { .. }
            | ListenerEvent::Ringing { .. }
            | ListenerEvent::Accept { .. }
            | ListenerEvent::Reject { .. }
            | ListenerEvent::NoResp { .. }
            | ListenerEvent::LineBusy { .. }
            | ListenerEvent::UserAudioAvailable { .. }
            | ListenerEvent::UserVideoAvailable { .. }
            | ListenerEvent::FirstVideoFrame { .. }
            | ListenerEvent::UserVoiceVolume { .. }
            | ListenerEvent::NetworkQuality { .. }
            | ListenerEvent::ConnectionLost { .. }
            | ListenerEvent::Reconnecting { .. }
            | ListenerEvent::Recovered { .. }
            | ListenerEvent::InviteesChanged { .. }
            | ListenerEvent::MediaTypeChanged { .. }
            | ListenerEvent::GroupCallChanged { .. }
            | ListenerEvent::Message(_)
            | ListenerEvent::MessageRecalled { .. }
            | ListenerEvent::Read { .. }
            | ListenerEvent::GroupChanged { .. } => self.in_call(at, event),
        }
    }

    /// Where this device stands. A call that comes in is told by its event, and so is every end.
    pub(super) fn state(&mut self, at: Instant, state: &CallState, out: &mut Vec<ViewEvent>) {
        self.muted = state.mic_muted;
        let Some(facts) = &state.call else { return };
        if self.over.as_ref() == Some(&facts.call_id) {
            return;
        }
        match state.phase {
            ClientPhase::Outgoing | ClientPhase::Connected => self.in_own_call(at, facts, out),
            ClientPhase::Incoming | ClientPhase::Closing => {
                let closing = state.phase == ClientPhase::Closing;
                if let Some(open) = self.opened(&facts.call_id) {
                    open.closing |= closing;
                    self.learn(facts);
                }
            }
            ClientPhase::Idle | ClientPhase::Requested => {}
        }
    }

    /// A call this device placed, or one it answered.
    fn in_own_call(&mut self, at: Instant, facts: &CallFacts, out: &mut Vec<ViewEvent>) {
        let role = if facts.caller == self.user { Role::Caller } else { Role::Callee };
        if self.opened(&facts.call_id).is_none() {
            // A call of somebody else's that is not shown is told by its beginning.
            if role == Role::Callee {
                return;
            }
            self.open(at, facts.call_id.clone(), role, facts.media_type, out);
        }
        self.learn(facts);
    }

    fn learn(&mut self, facts: &CallFacts) {
        if let Some(open) = &mut self.open {
            open.learn(facts, &self.names);
        }
    }

    fn invited(&mut self, at: Instant, event: &ListenerEvent, out: &mut Vec<ViewEvent>) {
        let ListenerEvent::Invited {
            call_id,
            sponsor,
            user_ids,
            group_id,
            call_type,
            remaining_ms,
            in_call,
            ..
        } = event
        else {
            return;
        };
        if self.opened(call_id).is_none() {
            self.open(at, call_id.clone(), Role::Callee, *call_type, out);
        }
        let Some(open) = &mut self.open else { return };
        open.group_id.clone_from(group_id);
        open.rings_until = at.checked_add(Duration::from_millis(u64::from(*remaining_ms)));
        open.members.add(&self.names, sponsor, MemberState::Connected);
        open.members.add(&self.names, &self.user, MemberState::Ringing);
        for user in in_call {
            open.members.add(&self.names, user, MemberState::Connected);
        }
        for user in user_ids {
            open.members.add(&self.names, user, MemberState::Pending);
        }
    }

    fn begin(
        &mut self,
        at: Instant,
        call_id: &CallId,
        media_type: MediaType,
        role: Role,
        out: &mut Vec<ViewEvent>,
    ) {
        if self.opened(call_id).is_none() {
            self.open(at, call_id.clone(), role, media_type, out);
        }
        let Some(open) = &mut self.open else { return };
        open.media_type = media_type;
        open.role = role;
        open.begin(at, &self.names, &self.user);
    }

    /// Shows a call in place of the one before.
    fn open(
        &mut self,
        at: Instant,
        call_id: CallId,
        role: Role,
        media_type: MediaType,
        out: &mut Vec<ViewEvent>,
    ) {
        self.end(at, End::by_itself(ViewEnd::Replaced), out);
        self.open = Some(Open::new(at, self.user.clone(), call_id, role, media_type));
    }

    fn opened(&mut self, call_id: &CallId) -> Option<&mut Open> {
        self.open.as_mut().filter(|open| open.call_id == *call_id)
    }

    fn end_of(&mut self, at: Instant, call_id: &CallId, end: End, out: &mut Vec<ViewEvent>) {
        if self.opened(call_id).is_some() {
            self.end(at, end, out);
        }
    }

    pub(super) fn end(&mut self, at: Instant, end: End, out: &mut Vec<ViewEvent>) {
        let Some(open) = self.open.take() else { return };
        out.extend(open.last(at, end, self.muted).map(ViewEvent::Close));
        self.over = Some(open.call_id);
    }

    fn is_unanswered_here(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.role == Role::Callee && open.connected_at.is_none())
    }

    /// It rang too long here, or at others of the call.
    fn timed_out(&mut self, at: Instant, users: &[UserId], out: &mut Vec<ViewEvent>) {
        if self.is_unanswered_here() {
            self.end(at, End::unanswered(Outcome::NoAnswer, None), out);
        } else if let Some(open) = &mut self.open {
            for user in users {
                open.members.decline(user, LeftReason::NoAnswer);
            }
        }
    }

    fn notice(&mut self, at: Instant, code: i32, message: &str) {
        if let Some(open) = &mut self.open {
            open.notice = Some(ViewNotice { at, code, message: message.to_owned() });
        }
    }

    /// What happens inside of the call shown.
    fn in_call(&mut self, at: Instant, event: &ListenerEvent) {
        let Some(open) = &mut self.open else { return };
        let (members, names) = (&mut open.members, &self.names);
        match event {
            ListenerEvent::EnterRoom { result: Ok(_) } => open.entered = true,
            ListenerEvent::EnterRoom { result: Err(error) } => {
                self.notice(at, i32::from(error.code), &error.message.clone());
            }
            ListenerEvent::Ringing { user } => members.advance(user, MemberState::Ringing),
            ListenerEvent::Accept { user } => members.advance(user, MemberState::Accepted),
            ListenerEvent::Reject { user } => members.decline(user, LeftReason::Rejected),
            ListenerEvent::NoResp { user } => members.decline(user, LeftReason::NoAnswer),
            ListenerEvent::LineBusy { user } => members.decline(user, LeftReason::Busy),
            ListenerEvent::InviteesChanged { user_ids, .. } => {
                for user in user_ids {
                    members.add(names, user, MemberState::Pending);
                }
            }
            ListenerEvent::MediaTypeChanged { new, .. } => open.media_type = *new,
            ListenerEvent::UserEnter { user } => members.join(names, user),
            ListenerEvent::UserLeave { user, reason } => members.leave(user, left(*reason)),
            ListenerEvent::UserAudioAvailable { user, available } => {
                if let Some(member) = members.find(user) {
                    member.audio_available = *available;
                }
            }
            ListenerEvent::UserVideoAvailable { user, track, available } => {
                if let Some(member) = members.find(user)
                    && *track == VideoTrack::Camera
                {
                    member.video_available = *available;
                }
            }
            ListenerEvent::UserVoiceVolume { volumes, .. } => members.set_volumes(volumes),
            ListenerEvent::NetworkQuality { local, remotes } => {
                members.set_network(*local, remotes);
            }
            ListenerEvent::ConnectionLost { connection }
            | ListenerEvent::Reconnecting { connection } => open.set_lost(*connection, true),
            ListenerEvent::Recovered { connection } => open.set_lost(*connection, false),
            ListenerEvent::Error { .. }
            | ListenerEvent::Warning { .. }
            | ListenerEvent::Invited { .. }
            | ListenerEvent::CallingCancel { .. }
            | ListenerEvent::CallingTimeout { .. }
            | ListenerEvent::CallBegin { .. }
            | ListenerEvent::CallEnd { .. }
            | ListenerEvent::HandledElsewhere { .. }
            | ListenerEvent::KickedOffline {}
            | ListenerEvent::FirstVideoFrame { .. }
            | ListenerEvent::GroupCallChanged { .. }
            | ListenerEvent::Message(_)
            | ListenerEvent::MessageRecalled { .. }
            | ListenerEvent::Read { .. }
            | ListenerEvent::GroupChanged { .. } => {}
        }
    }
}

impl Open {
    const fn set_lost(&mut self, connection: Connection, lost: bool) {
        match connection {
            Connection::Signalling => self.signalling_lost = lost,
            Connection::Media => self.media_lost = lost,
        }
    }
}

const fn left(reason: u8) -> LeftReason {
    match reason {
        0 => LeftReason::HungUp,
        1 => LeftReason::Lost,
        2.. => LeftReason::Removed,
    }
}
