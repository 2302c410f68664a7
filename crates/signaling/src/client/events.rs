use std::time::{Duration, Instant};

use calling_model::{CallId, UserId};

use super::commands::answered;
use super::state::{Guess, Incoming, Outgoing, Session, State};
use super::{ClientCalls, ClientOutput, ListenerEvent, MediaState};
use crate::call::{CallFacts, Outcome, Role};
use crate::protocol::{ChatEvent, Event, MemberState};

/// More people than any server lets into a room.
const MOST_IN_ROOM: usize = 1_024;

/// An invite that came while this device was, as far as it knew, in another call.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) facts: CallFacts,
    pub(super) until: Instant,
    pub(super) inviter: UserId,
    pub(super) in_call: Vec<UserId>,
    pub(super) attempt: u32,
}

impl ClientCalls {
    pub(super) fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invited { facts, remaining_ms, inviter, in_call, attempt } => {
                let inviter = inviter.unwrap_or_else(|| facts.caller.clone());
                let until = super::later(now, Duration::from_millis(u64::from(remaining_ms)));
                let invite = Held { facts, until, inviter, in_call, attempt };
                self.invited(now, invite, remaining_ms);
            }
            Event::Ringing { .. }
            | Event::Accepted { .. }
            | Event::Rejected { .. }
            | Event::LineBusy { .. }
            | Event::NoResponse { .. } => self.answer_of_callee(now, event),
            Event::Cancelled { call_id, user } => {
                self.stopped_ringing(now, &call_id, ListenerEvent::CallingCancel { user });
            }
            Event::TimedOut { call_id, users } => {
                let user_ids = users.into_iter().filter(|user| *user != self.user).collect();
                self.stopped_ringing(now, &call_id, ListenerEvent::CallingTimeout { user_ids });
            }
            Event::HandledElsewhere { call_id, accepted } => {
                let last = ListenerEvent::HandledElsewhere { call_id: call_id.clone(), accepted };
                self.stopped_ringing(now, &call_id, last);
            }
            Event::Ended { call_id, outcome, by, duration_ms } => {
                self.ended(now, &call_id, Guess { outcome, by, duration_ms });
            }
            Event::Resumed(call) => self.learn(now, call),
            Event::MediaFailed { call_id, error } => {
                self.media(now, &call_id, MediaState::Failed(error));
            }
            Event::UserEntered { .. }
            | Event::UserLeft { .. }
            | Event::AudioAvailable { .. }
            | Event::VideoAvailable { .. }
            | Event::Volumes { .. } => self.room_event(event),
            Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::InviteesChanged { .. }
            | Event::MediaTypeChanged { .. } => self.call_changed(now, event),
            Event::GroupCallChanged { group_id, call } => {
                self.emit(ListenerEvent::GroupCallChanged { group_id, call });
            }
            Event::Message(message) => self.emit(ListenerEvent::Message(message)),
            // For whoever speaks of conversations over the same connection.
            Event::Chat(event) => self.emit(heard(event)),
            Event::KickedOffline {} => self.kicked(now),
        }
    }

    fn invited(&mut self, now: Instant, invite: Held, remaining_ms: u32) {
        // The longest ring any server grants, with room to spare.
        const LONGEST_MS: u32 = 60 * 60 * 1_000;
        let Held { facts, until, .. } = &invite;
        let invited = facts.callees.contains(&self.user) || facts.caller == self.user;
        let sane = invited && invite.inviter != self.user;
        if !sane || !(1..=LONGEST_MS).contains(&remaining_ms) {
            self.stats.stale += 1;
            return;
        }
        let (call_id, until) = (facts.call_id.clone(), *until);
        if self.over.covers(&call_id, invite.attempt) {
            self.invited_again(&call_id);
        } else if self.state.is_in(&call_id) && !self.is_later_invite(&invite) {
            self.still_rings(now, until, invite.attempt);
        } else if matches!(self.state, State::Idle) {
            self.incoming(now, invite);
        } else {
            self.held = Some(invite);
            if let Some(current) = self.call().map(|facts| facts.call_id.clone()) {
                self.ask(now, current);
            }
        }
    }

    /// Whether this user is rung anew by the call this device is in or leaving.
    fn is_later_invite(&self, invite: &Held) -> bool {
        !matches!(self.state, State::Incoming(_)) && invite.attempt > self.state.attempt()
    }

    /// An invite this device has dealt with. If the user declined it, the server missed that.
    fn invited_again(&mut self, call_id: &CallId) {
        self.stats.stale += 1;
        if self.over.how(call_id).is_some() {
            self.disown(call_id, false);
        }
    }

    fn still_rings(&mut self, now: Instant, until: Instant, attempt: u32) {
        if let State::Incoming(incoming) = &mut self.state {
            incoming.until = super::later(until, self.config.ring_slack);
            incoming.session.lost_until = None;
            incoming.attempt = incoming.attempt.max(attempt);
        }
        self.send_accept(now);
        self.send_close(now);
    }

    fn incoming(&mut self, now: Instant, invite: Held) {
        let Held { facts, until, inviter, in_call, attempt } = invite;
        self.over.forget(&facts.call_id);
        let remaining = until.saturating_duration_since(now).as_millis();
        let invited = ListenerEvent::Invited {
            call_id: facts.call_id.clone(),
            sponsor: inviter,
            user_ids: facts.callees.iter().filter(|user| **user != self.user).cloned().collect(),
            is_from_group: facts.group_id.is_some(),
            group_id: facts.group_id.clone(),
            call_type: facts.media_type,
            user_data: facts.user_data.clone(),
            remaining_ms: u32::try_from(remaining).unwrap_or(u32::MAX),
            in_call: in_call.clone(),
        };
        let role = if facts.caller == self.user { Role::Caller } else { Role::Callee };
        let mut session = Session::new(now, facts, role);
        if role == Role::Caller {
            session.members.set(&self.user, MemberState::Pending);
        }
        for user in &in_call {
            session.members.set(user, MemberState::Connected);
        }
        let until = super::later(until, self.config.ring_slack);
        self.state = State::Incoming(Incoming { session, until, attempt, accepting: None });
        self.start_media();
        self.emit(invited);
    }

    /// Lets the invite that waited ring, if it still does.
    pub(super) fn ring_held(&mut self, now: Instant) {
        // Without a connection nobody knows whether it was withdrawn meanwhile.
        if !matches!(self.state, State::Idle) || !self.is_signed_in() {
            return;
        }
        if let Some(held) = self.held.take().filter(|held| held.until > now) {
            self.incoming(now, held);
        }
    }

    fn answer_of_callee(&mut self, now: Instant, event: Event) {
        let (call_id, user) = match &event {
            Event::Ringing { call_id, user }
            | Event::Accepted { call_id, user }
            | Event::Rejected { call_id, user }
            | Event::LineBusy { call_id, user }
            | Event::NoResponse { call_id, user } => (call_id.clone(), user.clone()),
            Event::Invited { .. }
            | Event::Cancelled { .. }
            | Event::TimedOut { .. }
            | Event::HandledElsewhere { .. }
            | Event::Ended { .. }
            | Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::InviteesChanged { .. }
            | Event::MediaTypeChanged { .. }
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
            | Event::KickedOffline {} => return,
        };
        if self.state.is_in(&call_id) {
            self.answered(now, &event, &user);
        } else if self.held.as_ref().is_some_and(|held| held.facts.call_id == call_id) {
            // Who answers before it rings here is seen once it does.
        } else if matches!(self.state, State::Requested(_)) {
            self.keep_early(event);
        } else if self.over.contains(&call_id) {
            self.stats.stale += 1;
        } else if matches!(event, Event::Ringing { .. } | Event::Accepted { .. }) {
            self.disown(&call_id, true);
        }
    }

    fn answered(&mut self, now: Instant, event: &Event, user: &UserId) {
        if let State::Closing(closing) = &mut self.state {
            let crossed = !closing.rang && closing.facts.callees.contains(user);
            let answer = answer_of(event).and_then(|state| not_taken(state, user.clone()));
            if crossed && answer.is_some() && !std::mem::replace(&mut closing.told, true) {
                self.outputs.extend(answer.map(ClientOutput::Emit));
            }
            return;
        }
        let Some(session) = self.state.session() else { return };
        if session.members.get(user).is_none() {
            self.stats.stale += 1;
            return;
        }
        match answer_of(event) {
            None => self.rings(user.clone()),
            Some(state) => {
                self.member_is(user, state);
                if state == MemberState::Connected {
                    self.callee_accepted(now);
                }
            }
        }
    }

    fn rings(&mut self, user: UserId) {
        let news = match &mut self.state {
            State::Outgoing(outgoing) => outgoing.rang.insert(user.clone()),
            State::Connected(_) => true,
            State::Idle | State::Requested(_) | State::Incoming(_) | State::Closing(_) => false,
        };
        if news {
            self.emit(ListenerEvent::Ringing { user });
        }
    }

    /// Somebody accepted the call this user placed.
    fn callee_accepted(&mut self, now: Instant) {
        if let State::Outgoing(outgoing) = &self.state
            && outgoing.session.role == Role::Caller
        {
            self.connect(now);
        }
    }

    /// A call rings here no longer. Says nothing about one this device placed or is talking in.
    fn stopped_ringing(&mut self, now: Instant, call_id: &CallId, last: ListenerEvent) {
        if self.held.take_if(|held| held.facts.call_id == *call_id).is_some() {
            return;
        }
        let rings = match &self.state {
            State::Incoming(incoming) => incoming.session.facts.call_id == *call_id,
            State::Closing(closing) => closing.facts.call_id == *call_id && closing.rang,
            State::Idle | State::Requested(_) | State::Outgoing(_) | State::Connected(_) => false,
        };
        if rings {
            self.leave(now, last);
        } else {
            self.stats.stale += 1;
        }
    }

    fn ended(&mut self, now: Instant, call_id: &CallId, truth: Guess) {
        self.held.take_if(|held| held.facts.call_id == *call_id);
        if !self.state.is_in(call_id) {
            if matches!(self.state, State::Requested(_)) {
                let Guess { outcome, by, duration_ms } = truth;
                let call_id = call_id.clone();
                self.keep_early(Event::Ended { call_id, outcome, by, duration_ms });
            }
            return;
        }
        let told = match &self.state {
            State::Outgoing(Outgoing { session, .. }) => {
                session.facts.is_group() || answered(session)
            }
            State::Closing(closing) => closing.told || closing.rang,
            State::Idle | State::Requested(_) | State::Incoming(_) | State::Connected(_) => true,
        };
        let callees = self.state.facts().map(|facts| facts.callees.clone()).unwrap_or_default();
        if !told {
            let answer = answer_in(truth.outcome);
            let events = callees.into_iter().filter_map(|user| not_taken(answer?, user));
            self.outputs.extend(events.map(ClientOutput::Emit));
        }
        self.leave_with(now, truth);
    }

    fn room_event(&mut self, event: Event) {
        let Some(call_id) = event.call_id() else { return };
        match &self.state {
            State::Connected(talk) if talk.session.facts.call_id == *call_id => {
                self.in_room(event);
            }
            // How loud somebody was is old news by then.
            _ if matches!(event, Event::Volumes { .. }) => {}
            State::Requested(_) => self.keep_early(event),
            State::Outgoing(_) | State::Incoming(_) if self.state.is_in(call_id) => {
                self.keep_early(event);
            }
            State::Idle
            | State::Outgoing(_)
            | State::Incoming(_)
            | State::Connected(_)
            | State::Closing(_) => self.stats.stale += 1,
        }
    }

    fn in_room(&mut self, event: Event) {
        match event {
            Event::UserEntered { call_id, user, audio_ssrc, video: _ } => {
                if let State::Connected(talk) = &mut self.state
                    && talk.entered.len() < MOST_IN_ROOM
                    && talk.entered.insert(user.clone())
                {
                    self.emit(ListenerEvent::UserEnter { user: user.clone() });
                }
                self.outputs.push_back(ClientOutput::RemoteAudio { call_id, user, audio_ssrc });
            }
            Event::UserLeft { user, reason, .. } => self.user_left(&user, reason),
            Event::AudioAvailable { user, available, .. } => {
                self.emit(ListenerEvent::UserAudioAvailable { user, available });
            }
            // This client shows no pictures.
            Event::VideoAvailable { .. } => {}
            Event::Volumes { volumes, total, .. } => {
                self.emit(ListenerEvent::UserVoiceVolume { volumes, total });
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
            | Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::InviteesChanged { .. }
            | Event::MediaTypeChanged { .. }
            | Event::GroupCallChanged { .. }
            | Event::Resumed(_)
            | Event::MediaFailed { .. }
            | Event::Message(_)
            | Event::Chat(_)
            | Event::KickedOffline {} => {}
        }
    }

    fn kicked(&mut self, now: Instant) {
        self.held = None;
        self.forget_requests();
        self.drop_out(now);
        self.link = super::SignallingLink::SignedOut;
        self.emit(ListenerEvent::KickedOffline {});
    }
}

/// What a callee's answer makes of them; `None` for an event that is none.
const fn answer_of(event: &Event) -> Option<MemberState> {
    match event {
        Event::Accepted { .. } => Some(MemberState::Connected),
        Event::Rejected { .. } => Some(MemberState::Rejected),
        Event::LineBusy { .. } => Some(MemberState::Busy),
        Event::NoResponse { .. } => Some(MemberState::NoAnswer),
        Event::Ringing { .. }
        | Event::Invited { .. }
        | Event::Cancelled { .. }
        | Event::TimedOut { .. }
        | Event::HandledElsewhere { .. }
        | Event::Ended { .. }
        | Event::Joined { .. }
        | Event::MemberLeft { .. }
        | Event::InviteesChanged { .. }
        | Event::MediaTypeChanged { .. }
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
        | Event::KickedOffline {} => None,
    }
}

/// The answer of the one callee that led to `outcome`.
const fn answer_in(outcome: Outcome) -> Option<MemberState> {
    match outcome {
        Outcome::Rejected => Some(MemberState::Rejected),
        Outcome::Busy => Some(MemberState::Busy),
        Outcome::NoAnswer | Outcome::Offline => Some(MemberState::NoAnswer),
        Outcome::Cancelled | Outcome::Completed | Outcome::PeerLost | Outcome::Interrupted => None,
    }
}

fn heard(event: ChatEvent) -> ListenerEvent {
    match event {
        ChatEvent::MessageRecalled { conversation, seq, by } => {
            ListenerEvent::MessageRecalled { conversation, seq, by }
        }
        ChatEvent::Read { conversation, seq } => ListenerEvent::Read { conversation, seq },
        ChatEvent::GroupChanged { group_id } => ListenerEvent::GroupChanged { group_id },
    }
}

/// What the application hears of a callee who does not take the call.
fn not_taken(answer: MemberState, user: UserId) -> Option<ListenerEvent> {
    match answer {
        MemberState::Rejected => Some(ListenerEvent::Reject { user }),
        MemberState::Busy => Some(ListenerEvent::LineBusy { user }),
        MemberState::NoAnswer => Some(ListenerEvent::NoResp { user }),
        MemberState::Pending
        | MemberState::Connected
        | MemberState::Left
        | MemberState::Removed => None,
    }
}
