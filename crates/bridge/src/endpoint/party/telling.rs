//! What the machine within wants done in a call of several.

use std::time::Instant;

use calling_model::{CallId, Endpoint, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome};
use calling_signaling::invite::{CallAction, MidCall, Signal, compose};
use calling_signaling::protocol::{Event, MemberState};

use super::super::BridgeEndpoint;
use super::super::recent::Past;
use super::super::telling::{name_room, signal};
use super::{KnownInvite, Party, PartyOrigin, parting_outcome};
use crate::{Address, BridgeOutput, EndMessage, SendOptions};

/// Wakes up the devices of somebody invited through a group, whose messages carry no push.
const WAKE_UP: &str = r#"{"version":4,"businessID":"av_call"}"#;

impl BridgeEndpoint {
    /// A call of several starts here, placed by whoever `origin` says.
    pub(in super::super) fn party_started(&mut self, facts: CallFacts, origin: PartyOrigin) {
        let sent_at = origin.sent_at;
        let call_id = facts.call_id.clone();
        let placed_here = facts.caller == self.me;
        let from = facts.caller.clone();
        let mut party = Party::new(facts, &self.me, origin);
        if placed_here {
            party.fresh = party.facts.callees.clone();
        } else {
            party.newest.insert(from, sent_at);
        }
        self.parties.insert(call_id, party);
    }

    /// Somebody in the call rings more people.
    pub(in super::super) fn party_inviting(
        &mut self,
        call_id: &CallId,
        by: &UserId,
        users: Vec<UserId>,
    ) {
        if let Some(party) = self.parties.get_mut(call_id).filter(|_| *by == self.me) {
            party.note_invited(by, &users);
            if !party.quiet {
                party.fresh = users;
            }
        }
    }

    pub(in super::super) fn party_connected(&mut self, call_id: &CallId, devices: &[&Endpoint]) {
        let here = devices.contains(&&self.here);
        let Some(party) = self.parties.get_mut(call_id).filter(|_| here) else { return };
        party.connected = true;
        let others = devices.iter().map(|device| &device.user).find(|user| **user != self.me);
        let peer = others.unwrap_or(&party.facts.caller).clone();
        let (facts, room) = (party.facts.clone(), party.room.clone());
        self.outputs.push_back(BridgeOutput::Connected { facts, room, peer });
    }

    pub(in super::super) fn party_notify(&mut self, call_id: &CallId, to: &Endpoint, event: Event) {
        if *to == self.elsewhere || matches!(event, Event::Ringing { .. }) {
            return;
        }
        let Some(party) = self.parties.get_mut(call_id) else { return };
        if *to == self.here {
            if party.quiet {
                return;
            }
            let event = party.event(event, &self.me);
            if parting_outcome(&event).is_some() {
                party.parting = Some(event);
            } else {
                self.outputs.push_back(BridgeOutput::Event(event));
            }
        } else if !party.quiet && !party.elsewhere {
            self.tell_member(call_id, &to.user, &event);
        }
    }

    /// What is told to a peer becomes a message, if the local user is who has to write it.
    fn tell_member(&mut self, call_id: &CallId, to: &UserId, event: &Event) {
        match event {
            Event::Invited { .. } => self.send_invites(call_id),
            Event::Accepted { user, .. }
            | Event::Rejected { user, .. }
            | Event::LineBusy { user, .. }
            | Event::NoResponse { user, .. }
                if *user == self.me =>
            {
                self.say(call_id, event);
            }
            Event::Accepted { user, .. } => self.relay_of(call_id, to, CallAction::Accept, user),
            Event::Rejected { user, .. } => {
                let party = self.parties.get(call_id);
                let silent = party.is_some_and(|party| party.naming.as_ref() == Some(user));
                let action = if silent { CallAction::Timeout } else { CallAction::Reject };
                self.relay_of(call_id, to, action, user);
            }
            Event::LineBusy { user, .. } => self.relay_of(call_id, to, CallAction::Busy, user),
            Event::NoResponse { user, .. } => self.relay_of(call_id, to, CallAction::Timeout, user),
            Event::TimedOut { users, .. } => self.tell_timeout(call_id, to, users),
            Event::InviteesChanged { by, invited, .. } if *by == self.me => {
                let ours = self
                    .parties
                    .get(call_id)
                    .is_some_and(|party| party.group().is_none() && party.ours.contains(to));
                if ours {
                    self.relay(call_id, to, CallAction::Call, None, invited);
                }
            }
            Event::MemberLeft { user, .. } if self.config.end_message == EndMessage::WhoHangsUp => {
                let knows = self.parties.get(call_id).is_some_and(|party| {
                    party.group().is_none()
                        && party.invited_by(to, &self.me)
                        && party.ours.contains(to)
                });
                if knows {
                    self.relay(call_id, to, CallAction::End, Some(user), &[]);
                }
            }
            // Withdrawals wait for the end, so that there is one for all.
            Event::InviteesChanged { .. }
            | Event::MemberLeft { .. }
            | Event::Cancelled { .. }
            | Event::Ringing { .. }
            | Event::HandledElsewhere { .. }
            | Event::Ended { .. }
            | Event::Joined { .. }
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
            | Event::KickedOffline {} => {}
        }
    }

    /// Without a group nobody but who invited them hears what people answer.
    fn relay_of(&mut self, call_id: &CallId, to: &UserId, action: CallAction, user: &UserId) {
        let mine = self
            .parties
            .get(call_id)
            .is_some_and(|party| party.group().is_none() && party.invited_by(user, &self.me));
        if mine && to != user {
            self.relay(call_id, to, action, Some(user), &[]);
        }
    }

    /// One invite to the group, or one to each, for all who ring now.
    fn send_invites(&mut self, call_id: &CallId) {
        let Some(party) = self.parties.get_mut(call_id) else { return };
        let media_type = party.facts.media_type;
        let mut users = std::mem::take(&mut party.fresh);
        let group = party.group().is_some();
        users.retain(|user| self.state(call_id, user) == Some(MemberState::Pending));
        if users.is_empty() {
            return;
        }
        let batches: Vec<Vec<UserId>> =
            if group { vec![users] } else { users.into_iter().map(|user| vec![user]).collect() };
        for invitees in batches {
            let id = self.new_invite_id();
            let invite = KnownInvite { id, inviter: self.me.clone(), invitees };
            if let Some(party) = self.parties.get_mut(call_id) {
                party.know(invite.clone());
            }
            self.send_about(call_id, &invite, &Signal::Invite { media_type }, &invite.invitees);
        }
    }

    /// The local user's answer, once.
    fn say(&mut self, call_id: &CallId, event: &Event) {
        let Some(signal) = signal(event) else { return };
        let Some(party) = self.parties.get_mut(call_id) else { return };
        let Some(invite) = party.invite_of(&self.me).cloned() else { return };
        if !std::mem::replace(&mut party.said, true) {
            let to = [invite.inviter.clone()];
            self.send_about(call_id, &invite, &signal, &to);
        }
    }

    /// Those invited from here did not answer: in a group told once, for all of them.
    fn tell_timeout(&mut self, call_id: &CallId, to: &UserId, users: &[UserId]) {
        let Some(party) = self.parties.get(call_id) else { return };
        let mine = |user: &&UserId| party.invited_by(user, &self.me);
        let first = users.iter().find(mine) == Some(to);
        let Some(invite) = party.invite_of(to).cloned() else { return };
        if !mine(&to) || (party.group().is_some() && !first) {
            return;
        }
        let mut invitees = invite.invitees.clone();
        invitees.retain(|user| users.contains(user));
        let about = KnownInvite { invitees, ..invite };
        self.send_about(call_id, &about, &Signal::Timeout, std::slice::from_ref(to));
    }

    /// The call is over for the local user: first its record, then who is told.
    pub(in super::super) fn party_ended(
        &mut self,
        now: Instant,
        ended: EndedCall,
        notices: Vec<(Endpoint, Event)>,
    ) {
        let call_id = ended.facts.call_id.clone();
        let mut withdrawn = Vec::new();
        let mut stayed = Vec::new();
        for (to, event) in notices {
            if to.user != self.me && matches!(event, Event::Cancelled { .. }) {
                withdrawn.push(to.user.clone());
            } else if to.user != self.me && matches!(event, Event::Ended { .. }) {
                stayed.push(to.user.clone());
            }
            // The call may have ended here before: what comes of its going on is no news.
            let late = to == self.here
                && self.parties.get(&call_id).is_some_and(|party| party.parting.is_some());
            if !late {
                self.party_notify(&call_id, &to, event);
            }
        }
        let Some(party) = self.parties.get_mut(&call_id) else { return };
        let parting = party.parting.take();
        let (elsewhere, connected) = (party.elsewhere, party.connected);
        let record = party.record(ended, parting.as_ref(), &self.me);
        let left_here =
            record.ended_by.as_ref() == Some(&self.me) || record.outcome == Outcome::Interrupted;
        let lost = record.ended_by.is_none();
        if !elsewhere {
            self.outputs.push_back(BridgeOutput::Ended(record.clone()));
            self.outputs
                .extend(parting.map(|event| BridgeOutput::Event(as_recorded(event, &record))));
            self.withdraw(&call_id, &withdrawn);
            let by_leaver = self.config.end_message == EndMessage::WhoHangsUp;
            if connected && (left_here == by_leaver || (lost && !left_here)) {
                let goes_on = left_here && stayed.len() + withdrawn.len() > 1;
                let seconds = record.duration_ms() / 1_000;
                self.tell_party_end(&call_id, &stayed, seconds, goes_on);
            }
        }
        if let Some(party) = self.parties.remove(&call_id) {
            self.remember_party(now, &party, &record);
        }
    }

    /// Withdraws the own invites of those who are still rung.
    fn withdraw(&mut self, call_id: &CallId, users: &[UserId]) {
        let Some(party) = self.parties.get(call_id) else { return };
        let mut about: Vec<KnownInvite> = Vec::new();
        for user in users.iter().filter(|user| party.invited_by(user, &self.me)) {
            let Some(invite) = party.invite_of(user) else { continue };
            match about.iter_mut().find(|known| known.id == invite.id) {
                Some(known) => known.invitees.push(user.clone()),
                None => about.push(KnownInvite { invitees: vec![user.clone()], ..invite.clone() }),
            }
        }
        for invite in about {
            self.send_about(call_id, &invite, &Signal::Cancel, &invite.invitees);
        }
    }

    fn tell_party_end(&mut self, call_id: &CallId, to: &[UserId], seconds: u64, goes_on: bool) {
        let id = self.new_invite_id();
        let Some(party) = self.parties.get(call_id) else { return };
        let signal = Signal::Hangup { seconds };
        let mut envelope = compose(&party.facts, id, &self.me, &signal);
        party.name(&mut envelope);
        if let Some(data) = envelope.payload.data.as_mut() {
            data.exclude_from_history = goes_on.then_some(true);
        }
        let facts = party.facts.clone();
        for address in addresses(&facts, to) {
            self.post(address, &envelope, &facts, None);
        }
    }

    /// Sends a message about one invite: to the group, or to each of `to`.
    fn send_about(
        &mut self,
        call_id: &CallId,
        invite: &KnownInvite,
        signal: &Signal,
        to: &[UserId],
    ) {
        let Some(party) = self.parties.get(call_id) else { return };
        let mut facts = party.facts.clone();
        facts.caller = invite.inviter.clone();
        facts.callees.clone_from(&invite.invitees);
        let mut envelope = compose(&facts, invite.id.clone(), &self.me, signal);
        party.name(&mut envelope);
        let inviting = matches!(signal, Signal::Invite { .. });
        if inviting && party.connected {
            let talks = self.calls.call(call_id).map(|call| call.devices).unwrap_or_default();
            envelope = envelope.into_mid_call(&MidCall {
                call_id: party.facts.call_id.as_str().to_owned(),
                in_call: talks.into_iter().map(|device| device.user).collect(),
                invited_at: None,
                consumed: false,
            });
        }
        let vital = (inviting && facts.group_id.is_some()).then(|| call_id.clone());
        for address in addresses(&facts, to) {
            self.post(address, &envelope, &facts, vital.clone());
        }
        if inviting && facts.group_id.is_some() {
            self.wake_up(&envelope, &facts, to);
        }
    }

    fn wake_up(
        &mut self,
        invite: &calling_signaling::invite::Envelope,
        facts: &CallFacts,
        users: &[UserId],
    ) {
        let push = self.push_of(invite, facts);
        for user in users {
            self.stats.sent += 1;
            self.outputs.push_back(BridgeOutput::Send {
                to: Address::User(user.clone()),
                text: WAKE_UP.to_owned(),
                options: SendOptions { online_only: true, push: push.clone() },
                on_failure: None,
            });
        }
    }

    /// Whatever comes of its invites from here on comes too late.
    fn remember_party(&mut self, now: Instant, party: &Party, record: &EndedCall) {
        let open = |user: &UserId| {
            let part = record.participants.iter().find(|part| part.user == *user);
            part.is_none_or(|part| {
                part.joined_at.is_none()
                    && !matches!(
                        part.outcome,
                        ParticipantOutcome::Rejected | ParticipantOutcome::Busy
                    )
            })
        };
        for invite in &party.invites {
            let mine = invite.inviter == self.me;
            for user in invite.invitees.iter().chain([&invite.inviter]) {
                let facts = CallFacts { invite_id: invite.id.clone(), ..party.facts.clone() };
                let withdrawn = (mine && *user != self.me && !party.elsewhere && open(user))
                    .then(|| Box::new(Self::withdrawn_facts(&facts, &self.me, user)));
                self.recent.note(now, user, invite.id.clone(), Past { withdrawn });
            }
        }
    }
}

/// The last word, with the outcome that the record has.
fn as_recorded(mut event: Event, record: &EndedCall) -> Event {
    if let Event::Ended { outcome, .. } = &mut event {
        *outcome = record.outcome;
    }
    event
}

/// The group, or each.
fn addresses(facts: &CallFacts, to: &[UserId]) -> Vec<Address> {
    match &facts.group_id {
        Some(group) => vec![Address::Group(group.clone())],
        None => to.iter().cloned().map(Address::User).collect(),
    }
}

impl Party {
    /// Whoever placed the call stays its caller in whatever is said of it, and everybody in it is
    /// named, whoever of them a message is about.
    fn name(&self, envelope: &mut calling_signaling::invite::Envelope) {
        name_room(envelope, &self.facts.caller, &self.room);
        if let Some(data) = envelope.payload.data.as_mut() {
            data.users.clone_from(&self.facts.callees);
        }
    }

    /// What the machine tells the local user, in the words of the messages.
    fn event(&self, event: Event, me: &UserId) -> Event {
        if let Event::Invited { remaining_ms, attempt, .. } = event {
            let inviter = self.inviters.get(me).filter(|by| **by != self.facts.caller).cloned();
            let (facts, in_call) = (self.facts.clone(), self.in_call.clone());
            return Event::Invited { facts, remaining_ms, inviter, in_call, attempt };
        }
        if let Event::Cancelled { call_id, .. } = event {
            if self.naming.as_ref() == Some(me) {
                return Event::TimedOut { call_id, users: vec![me.clone()] };
            }
            let by = self.inviters.get(me).unwrap_or(&self.facts.caller).clone();
            return Event::Cancelled { call_id, user: by };
        }
        match (event, &self.naming) {
            (Event::Rejected { call_id, user }, Some(silent)) if user == *silent => {
                Event::NoResponse { call_id, user }
            }
            (event, _) => event,
        }
    }

    /// The record, in the words of the messages and as the local user saw it end.
    fn record(&self, mut ended: EndedCall, parting: Option<&Event>, me: &UserId) -> EndedCall {
        let mut declined = false;
        for part in &mut ended.participants {
            let rejected = part.outcome == ParticipantOutcome::Rejected;
            if rejected && self.unanswered.contains(&part.user) {
                part.outcome = ParticipantOutcome::NoAnswer;
            } else {
                declined |= rejected;
            }
            // The machine takes whoever invited the local user for the caller.
            if part.user == self.facts.caller {
                part.outcome = ParticipantOutcome::Called;
            } else if part.outcome == ParticipantOutcome::Called {
                part.outcome = ParticipantOutcome::Accepted;
            }
        }
        if let Some((outcome, by)) = parting.and_then(parting_outcome) {
            ended.outcome = outcome;
            ended.ended_by = by;
        }
        if ended.outcome == Outcome::Rejected && !declined {
            ended.outcome = Outcome::NoAnswer;
        }
        let caller = |part: &calling_signaling::call::Participation| part.user != self.facts.caller;
        ended.participants.sort_by_key(caller);
        if !self.connected
            && ended.participants.iter().all(|part| part.user != *me || part.joined_at.is_none())
        {
            // Others may talk on: of this user it is a call that was never answered.
            ended.accepted_at = None;
        }
        ended.facts = self.facts.clone();
        ended
    }
}
