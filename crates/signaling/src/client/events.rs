use std::time::Instant;

use calling_model::{CallId, UserId};

use super::state::{Guess, Incoming, Session, State};
use super::{ClientCalls, ClientOutput, ListenerEvent, MediaState};
use crate::call::{CallFacts, Outcome, Role};
use crate::protocol::{ChatEvent, Event};

/// An invite that came while this device was, as far as it knew, in another call.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) facts: CallFacts,
    pub(super) until: Instant,
}

impl ClientCalls {
    pub(super) fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Invited { facts, remaining_ms, .. } => self.invited(now, facts, remaining_ms),
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
            | Event::Volumes { .. } => self.room_event(event),
            Event::Joined { .. }
            | Event::MemberLeft { .. }
            | Event::InviteesChanged { .. }
            | Event::MediaTypeChanged { .. }
            | Event::GroupCallChanged { .. } => self.stats.stale += 1,
            Event::Message(message) => self.emit(ListenerEvent::Message(message)),
            // For whoever speaks of conversations over the same connection.
            Event::Chat(event) => self.emit(heard(event)),
            Event::KickedOffline {} => self.kicked(now),
        }
    }

    fn invited(&mut self, now: Instant, facts: CallFacts, remaining_ms: u32) {
        // The longest ring any server grants, with room to spare.
        const LONGEST_MS: u32 = 60 * 60 * 1_000;
        let sane = facts.callees.contains(&self.user) && facts.caller != self.user;
        if !sane || !(1..=LONGEST_MS).contains(&remaining_ms) {
            self.stats.stale += 1;
            return;
        }
        let rings = std::time::Duration::from_millis(u64::from(remaining_ms));
        let until = super::later(now, rings);
        let call_id = facts.call_id.clone();
        if self.over.contains(&call_id) {
            self.invited_again(&call_id);
        } else if self.state.is_in(&call_id) {
            self.still_rings(now, until);
        } else if matches!(self.state, State::Idle) {
            self.incoming(now, Held { facts, until });
        } else {
            self.held = Some(Held { facts, until });
            if let Some(current) = self.call().map(|facts| facts.call_id.clone()) {
                self.ask(now, current);
            }
        }
    }

    /// An invite this device has dealt with. If the user declined it, the server missed that.
    fn invited_again(&mut self, call_id: &CallId) {
        self.stats.stale += 1;
        if self.over.how(call_id).is_some() {
            self.disown(call_id, false);
        }
    }

    fn still_rings(&mut self, now: Instant, until: Instant) {
        if let State::Incoming(incoming) = &mut self.state {
            incoming.until = super::later(until, self.config.ring_slack);
            incoming.session.lost_until = None;
        }
        self.send_accept(now);
        self.send_close(now);
    }

    fn incoming(&mut self, now: Instant, invite: Held) {
        let Held { facts, until } = invite;
        let remaining = until.saturating_duration_since(now).as_millis();
        let invited = ListenerEvent::Invited {
            call_id: facts.call_id.clone(),
            sponsor: facts.caller.clone(),
            user_ids: facts.callees.iter().filter(|user| **user != self.user).cloned().collect(),
            is_from_group: facts.group_id.is_some(),
            group_id: facts.group_id.clone(),
            call_type: facts.media_type,
            user_data: facts.user_data.clone(),
            remaining_ms: u32::try_from(remaining).unwrap_or(u32::MAX),
            in_call: Vec::new(),
        };
        let session = Session::new(now, facts, Role::Callee);
        let until = super::later(until, self.config.ring_slack);
        self.state = State::Incoming(Incoming { session, until, accepting: None });
        self.start_media();
        self.emit(invited);
    }

    /// Lets the invite that waited ring, if it still does.
    pub(super) fn ring_held(&mut self, now: Instant) {
        if !matches!(self.state, State::Idle) {
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
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::Message(_)
            | Event::Chat(_)
            | Event::KickedOffline {} => return,
        };
        if self.state.is_in(&call_id) {
            self.answered(now, &event, user);
        } else if matches!(self.state, State::Requested(_)) {
            self.keep_early(event);
        } else if self.over.contains(&call_id) {
            self.stats.stale += 1;
        } else if matches!(event, Event::Ringing { .. } | Event::Accepted { .. }) {
            self.disown(&call_id, true);
        }
    }

    fn answered(&mut self, now: Instant, event: &Event, user: UserId) {
        let (known, told) = match &mut self.state {
            State::Outgoing(outgoing) if outgoing.session.role == Role::Caller => {
                let known = outgoing.session.facts.callees.contains(&user);
                (known, &mut outgoing.told)
            }
            State::Closing(closing) => (closing.facts.callees.contains(&user), &mut closing.told),
            State::Idle
            | State::Requested(_)
            | State::Outgoing(_)
            | State::Incoming(_)
            | State::Connected(_) => return,
        };
        if !known {
            self.stats.stale += 1;
            return;
        }
        let outcome = match event {
            Event::Ringing { .. } => return self.rings(user),
            Event::Accepted { .. } => return self.callee_accepted(now),
            Event::Rejected { .. } => Outcome::Rejected,
            Event::LineBusy { .. } => Outcome::Busy,
            Event::NoResponse { .. } => Outcome::NoAnswer,
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
            | Event::Volumes { .. }
            | Event::MediaFailed { .. }
            | Event::Message(_)
            | Event::Chat(_)
            | Event::KickedOffline {} => return,
        };
        if !std::mem::replace(told, true) {
            self.outputs.extend(not_taken(outcome, user).map(ClientOutput::Emit));
        }
    }

    fn rings(&mut self, user: UserId) {
        if let State::Outgoing(outgoing) = &mut self.state
            && !std::mem::replace(&mut outgoing.rang, true)
        {
            self.emit(ListenerEvent::Ringing { user });
        }
    }

    fn callee_accepted(&mut self, now: Instant) {
        if matches!(self.state, State::Outgoing(_)) {
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
            State::Closing(closing) => {
                closing.facts.call_id == *call_id && closing.facts.caller != self.user
            }
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
            State::Outgoing(outgoing) => outgoing.told,
            State::Closing(closing) => closing.told || closing.facts.caller != self.user,
            State::Idle | State::Requested(_) | State::Incoming(_) | State::Connected(_) => true,
        };
        let callees = self.state.facts().map(|facts| facts.callees.clone()).unwrap_or_default();
        if !told {
            let events = callees.into_iter().filter_map(|user| not_taken(truth.outcome, user));
            self.outputs.extend(events.map(ClientOutput::Emit));
        }
        self.leave_with(now, truth);
    }

    fn room_event(&mut self, event: Event) {
        let (Event::UserEntered { call_id, .. }
        | Event::UserLeft { call_id, .. }
        | Event::AudioAvailable { call_id, .. }
        | Event::Volumes { call_id, .. }) = &event
        else {
            return;
        };
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
            Event::UserEntered { call_id, user, audio_ssrc } => {
                self.emit(ListenerEvent::UserEnter { user: user.clone() });
                self.outputs.push_back(ClientOutput::RemoteAudio { call_id, user, audio_ssrc });
            }
            Event::UserLeft { user, reason, .. } => {
                self.emit(ListenerEvent::UserLeave { user, reason });
            }
            Event::AudioAvailable { user, available, .. } => {
                self.emit(ListenerEvent::UserAudioAvailable { user, available });
            }
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
        self.pending.clear();
        self.drop_out(now);
        self.link = super::SignallingLink::SignedOut;
        self.emit(ListenerEvent::KickedOffline {});
    }
}

/// What a caller hears of a callee who does not take the call.
fn not_taken(outcome: Outcome, user: UserId) -> Option<ListenerEvent> {
    match outcome {
        Outcome::Rejected => Some(ListenerEvent::Reject { user }),
        Outcome::Busy => Some(ListenerEvent::LineBusy { user }),
        Outcome::NoAnswer | Outcome::Offline => Some(ListenerEvent::NoResp { user }),
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
