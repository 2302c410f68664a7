//! Who else is in the call, as far as this client knows.

use std::time::Instant;

use calling_model::{CallId, MediaType, UserId};

use super::state::State;
use super::{ClientCalls, ClientOutput, ListenerEvent};
use crate::call::CallFacts;
use crate::protocol::{CallReply, Event, Member, MemberState};

/// More members than any server lets into a call; further ones are not listed.
const MOST: usize = 1_024;

/// The members of one call, the caller first.
#[derive(Clone, Debug)]
pub(super) struct Members {
    list: Vec<Member>,
}

impl Members {
    /// As a call begins: the caller is in it, the callees are rung.
    pub(super) fn of(facts: &CallFacts) -> Self {
        let mut members = Self { list: Vec::new() };
        members.set(&facts.caller, MemberState::Connected);
        for callee in &facts.callees {
            members.set(callee, MemberState::Pending);
        }
        members
    }

    pub(super) fn list(&self) -> &[Member] {
        &self.list
    }

    pub(super) fn get(&self, user: &UserId) -> Option<MemberState> {
        self.list.iter().find(|member| member.user == *user).map(|member| member.state)
    }

    /// Notes how `user` stands; whether that is something new.
    pub(super) fn set(&mut self, user: &UserId, state: MemberState) -> bool {
        if let Some(member) = self.list.iter_mut().find(|member| member.user == *user) {
            return std::mem::replace(&mut member.state, state) != state;
        }
        let room = self.list.len() < MOST;
        if room {
            self.list.push(Member { user: user.clone(), state });
        }
        room
    }
}

impl ClientCalls {
    /// Somebody in the call stands to it in another way now. Tells the application if that is news
    /// to it.
    pub(super) fn member_is(&mut self, user: &UserId, state: MemberState) {
        let own = *user == self.user;
        let Some(session) = self.state.session_mut() else { return };
        let group = session.facts.is_group();
        if !session.members.set(user, state) || own {
            return;
        }
        let user = user.clone();
        let event = match (&self.state, state) {
            // To those who are rung themselves it only shortens the list of whom to wait for.
            (State::Outgoing(_) | State::Connected(_), MemberState::Connected) => {
                ListenerEvent::Accept { user }
            }
            (State::Incoming(_), _) if !group => return,
            (_, MemberState::Rejected) => ListenerEvent::Reject { user },
            (_, MemberState::Busy) => ListenerEvent::LineBusy { user },
            (_, MemberState::NoAnswer) => ListenerEvent::NoResp { user },
            (
                _,
                MemberState::Pending
                | MemberState::Connected
                | MemberState::Left
                | MemberState::Removed,
            ) => return,
        };
        self.emit(event);
    }

    /// The server says how the whole call stands: what was missed is told now.
    pub(super) fn catch_up(&mut self, call: &CallReply) {
        if call.members.is_empty() {
            self.catch_up_alone(call.connected);
        }
        for Member { user, state } in &call.members {
            match state {
                MemberState::Left | MemberState::Removed => {
                    let reason = u8::from(*state == MemberState::Removed) * 2;
                    self.member_left(user, *state, reason);
                }
                MemberState::Pending
                | MemberState::Connected
                | MemberState::Rejected
                | MemberState::Busy
                | MemberState::NoAnswer => self.member_is(user, *state),
            }
        }
        if let Some(session) = self.state.session_mut() {
            session.facts.callees.clone_from(&call.facts.callees);
        }
        self.medium_is(None, call.facts.media_type);
    }

    /// From a server that does not list members: the callee of a call that is connected accepted.
    fn catch_up_alone(&mut self, connected: bool) {
        let callees = self.call().map(|facts| facts.callees.clone()).unwrap_or_default();
        if let [callee] = callees.as_slice()
            && connected
        {
            self.member_is(callee, MemberState::Connected);
        }
    }

    /// News of the call's members and medium. Of a call this device is not in nothing is kept but
    /// what the next answer may turn out to be about.
    pub(super) fn call_changed(&mut self, now: Instant, event: Event) {
        let Some(call_id) = event.call_id() else { return };
        if self.held.as_mut().is_some_and(|held| held.facts.call_id == *call_id) {
            self.held_changed(event);
        } else if self.state.session().is_some_and(|session| session.facts.call_id == *call_id) {
            self.own_call_changed(now, event);
        } else if matches!(self.state, State::Requested(_)) {
            self.keep_early(event);
        } else {
            self.stats.stale += 1;
        }
    }

    fn own_call_changed(&mut self, now: Instant, event: Event) {
        match event {
            Event::Joined { user, .. } => self.joined(user),
            Event::MemberLeft { user, reason, .. } => {
                let removed = reason == 2;
                let state = if removed { MemberState::Removed } else { MemberState::Left };
                self.member_left(&user, state, reason);
            }
            Event::InviteesChanged { by, users, invited, .. } => {
                self.invitees_are(now, &users, &invited);
                self.emit(ListenerEvent::InviteesChanged { by, user_ids: users });
            }
            Event::MediaTypeChanged { by, media_type, .. } => {
                self.medium_is(Some(by), media_type);
            }
            Event::Invited { .. }
            | Event::Ringing { .. }
            | Event::Accepted { .. }
            | Event::Rejected { .. }
            | Event::LineBusy { .. }
            | Event::NoResponse { .. }
            | Event::Cancelled { .. }
            | Event::TimedOut { .. }
            | Event::HandledElsewhere { .. }
            | Event::Ended { .. }
            | Event::GroupCallChanged { .. }
            | Event::Resumed(_)
            | Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
            | Event::VideoAvailable { .. }
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::Message(_)
            | Event::Chat(_)
            | Event::KickedOffline {} => {}
        }
    }

    /// What waits to ring will ring as it stands then.
    fn held_changed(&mut self, event: Event) {
        let Some(held) = &mut self.held else { return };
        match event {
            Event::InviteesChanged { users, .. } => held.facts.callees = users,
            Event::MediaTypeChanged { media_type, .. } => held.facts.media_type = media_type,
            Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::Invited { .. }
            | Event::Ringing { .. }
            | Event::Accepted { .. }
            | Event::Rejected { .. }
            | Event::LineBusy { .. }
            | Event::NoResponse { .. }
            | Event::Cancelled { .. }
            | Event::TimedOut { .. }
            | Event::HandledElsewhere { .. }
            | Event::Ended { .. }
            | Event::GroupCallChanged { .. }
            | Event::Resumed(_)
            | Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
            | Event::VideoAvailable { .. }
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::Message(_)
            | Event::Chat(_)
            | Event::KickedOffline {} => {}
        }
    }

    fn joined(&mut self, user: UserId) {
        let Some(session) = self.state.session_mut() else { return };
        session.members.set(&user, MemberState::Connected);
        let callees = &mut session.facts.callees;
        if session.facts.caller != user && !callees.contains(&user) && callees.len() < MOST {
            callees.push(user);
        }
    }

    /// Somebody left the call while it goes on; the application hears it if it saw them enter.
    fn member_left(&mut self, user: &UserId, state: MemberState, reason: u8) {
        let Some(session) = self.state.session_mut() else { return };
        session.members.set(user, state);
        self.user_left(user, reason);
    }

    /// A remote user is in the media room no more.
    pub(super) fn user_left(&mut self, user: &UserId, reason: u8) {
        if let State::Connected(talk) = &mut self.state
            && talk.entered.remove(user)
        {
            self.emit(ListenerEvent::UserLeave { user: user.clone(), reason });
        }
    }

    /// More people are rung.
    pub(super) fn invitees_are(&mut self, now: Instant, users: &[UserId], invited: &[UserId]) {
        let slack = self.config.ring_slack;
        let Some(session) = self.state.session_mut() else { return };
        for user in users.iter().chain(invited).take(MOST) {
            let known = session.members.get(user);
            let engaged = matches!(known, Some(MemberState::Pending | MemberState::Connected));
            if known.is_none() || (invited.contains(user) && !engaged) {
                session.members.set(user, MemberState::Pending);
            }
        }
        session.facts.callees = users.iter().take(MOST).cloned().collect();
        let ring = std::time::Duration::from_secs(u64::from(session.facts.timeout_s));
        if let State::Outgoing(outgoing) = &mut self.state {
            let until = super::later(now, ring.saturating_add(slack));
            outgoing.until = outgoing.until.max(until);
        }
    }

    pub(super) fn medium_is(&mut self, by: Option<UserId>, new: MediaType) {
        let Some(session) = self.state.session_mut() else { return };
        let old = std::mem::replace(&mut session.facts.media_type, new);
        if old != new {
            self.emit(ListenerEvent::MediaTypeChanged { by, old, new });
        }
    }

    /// The answer to `invite_users`.
    pub(super) fn invited_users(&mut self, now: Instant, call: &CallReply) {
        if self.state.is_in(&call.facts.call_id) {
            self.invitees_are(now, &call.facts.callees, &[]);
            self.catch_up(call);
        }
    }

    /// The answer to `switch_media_type`.
    pub(super) fn switched(&mut self, call_id: &CallId, media_type: MediaType) {
        if self.state.is_in(call_id) {
            let by = self.user.clone();
            self.medium_is(Some(by), media_type);
        }
    }

    /// Commands whose answers were lost with their connection, or came too late.
    pub(super) fn fail(&mut self, token: super::CommandToken) {
        let result = Err(super::replies::no_answer());
        self.outputs.push_back(ClientOutput::Finished { token, result });
    }
}
