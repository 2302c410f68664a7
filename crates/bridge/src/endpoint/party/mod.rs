//! Calls of several people, of a chat group or of none.
//!
//! Nobody here is the authority: each end runs a copy of the call, in which everybody it knows of
//! is a member, and does to it what it hears. In a chat group everybody hears everything; without
//! one only whoever invited somebody hears the answer, and relays it to the others.

mod answers;
mod invites;
mod relays;
mod telling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use calling_model::{CallId, GroupId, InviteId, RoomId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, Outcome, Role};
use calling_signaling::calls::{CallAction, CallsInput};
use calling_signaling::invite::{Envelope, RoomRef};
use calling_signaling::protocol::{CallReply, Event, InviteParams, MemberState};

use super::{BridgeEndpoint, peer_device};
use crate::{BridgeDiscard, MediaChange};
pub(super) use invites::{group_of, invites_several};

/// How many invites of one call are known at most, and how many who left are remembered.
const MOST_NOTES: usize = 256;

/// What is known of a call of several that is about to start.
#[derive(Clone, Debug)]
pub(super) struct PartyOrigin {
    /// The invite of a peer that starts it; `None` if the local user places it.
    invite: Option<KnownInvite>,
    room: Option<RoomRef>,
    /// Who placed it, whoever invites.
    caller: Option<UserId>,
    callees: Vec<UserId>,
    in_call: Vec<UserId>,
    timeout_s: u32,
    sent_at: UnixMillis,
}

/// An invite that somebody in the call sent.
#[derive(Clone, Debug)]
struct KnownInvite {
    id: InviteId,
    inviter: UserId,
    invitees: Vec<UserId>,
}

/// What the messages say of a call of several, beyond what the call machine knows.
#[derive(Clone, Debug)]
pub(super) struct Party {
    /// As the messages have them: the machine within gives ids of its own, and takes whoever
    /// invited the local user for the caller.
    facts: CallFacts,
    room: RoomRef,
    invites: Vec<KnownInvite>,
    /// Who invited whom.
    inviters: BTreeMap<UserId, UserId>,
    /// Who is to be invited once the machine says so.
    fresh: Vec<UserId>,
    in_call: Vec<UserId>,
    /// When the newest message of each was sent that changed the call.
    newest: BTreeMap<UserId, UnixMillis>,
    /// Whose program is one of this project.
    ours: BTreeSet<UserId>,
    /// The local user is in the conversation.
    pub(super) connected: bool,
    /// Another device of the local user handled it.
    pub(super) elsewhere: bool,
    /// The copy is brought up to date: nobody is told.
    quiet: bool,
    /// The answer of the local user was sent.
    said: bool,
    /// Who did not answer, where the machine has no word for it from a peer…
    unanswered: BTreeSet<UserId>,
    /// …and the one it is about just now.
    naming: Option<UserId>,
    /// The call goes on without the local user, who is told this once the record is out.
    parting: Option<Event>,
}

/// Who answered into or left a room of a group that nothing is known of yet, as an invite to it may
/// still come.
#[derive(Clone, Debug, Default)]
pub(super) struct Overheard(VecDeque<Step>);

#[derive(Clone, Debug)]
struct Step {
    user: UserId,
    room: RoomId,
    at: UnixMillis,
    enters: bool,
}

impl Overheard {
    fn note(&mut self, step: Step) {
        let same = |one: &&mut Step| one.user == step.user && one.room == step.room;
        if let Some(known) = self.0.iter_mut().find(same) {
            if known.at <= step.at {
                *known = step;
            }
            return;
        }
        self.0.push_back(step);
        if self.0.len() > MOST_NOTES {
            self.0.pop_front();
        }
    }

    fn has_left(&self, user: &UserId, room: Option<RoomId>) -> bool {
        self.of(room).any(|step| step.user == *user && !step.enters)
    }

    fn is_in(&self, room: Option<RoomId>) -> impl Iterator<Item = &UserId> {
        self.of(room).filter(|step| step.enters).map(|step| &step.user)
    }

    fn of(&self, room: Option<RoomId>) -> impl Iterator<Item = &Step> {
        self.0.iter().filter(move |step| Some(step.room) == room)
    }
}

impl Party {
    pub(super) fn new(mut facts: CallFacts, me: &UserId, origin: PartyOrigin) -> Self {
        let mut room = RoomRef::Number(facts.room_id);
        let (mut invites, mut inviters) = (Vec::new(), BTreeMap::new());
        facts.timeout_s = origin.timeout_s;
        facts.callees = origin.callees;
        if let Some(told) = origin.room {
            if let RoomRef::Number(number) = told {
                facts.room_id = number;
            }
            room = told;
        }
        let inviter = origin.invite.as_ref().map_or(me, |invite| &invite.inviter).clone();
        // Into a call that runs others may have been invited by others.
        let own = origin.invite.as_ref().filter(|_| !origin.in_call.is_empty());
        for callee in own.map_or(&facts.callees, |invite| &invite.invitees) {
            inviters.insert(callee.clone(), inviter.clone());
        }
        if let Some(invite) = origin.invite {
            facts.invite_id = invite.id.clone();
            inviters.insert(me.clone(), inviter);
            invites.push(invite);
        }
        facts.caller = origin.caller.unwrap_or(facts.caller);
        Self {
            facts,
            room,
            invites,
            inviters,
            fresh: Vec::new(),
            in_call: origin.in_call,
            newest: BTreeMap::new(),
            ours: BTreeSet::new(),
            connected: false,
            elsewhere: false,
            quiet: false,
            said: false,
            unanswered: BTreeSet::new(),
            naming: None,
            parting: None,
        }
    }

    pub(super) fn reply(&self, reply: CallReply, me: &UserId) -> CallReply {
        let role = if self.facts.caller == *me { Role::Caller } else { Role::Callee };
        CallReply { facts: self.facts.clone(), role, ..reply }
    }

    fn group(&self) -> Option<&GroupId> {
        self.facts.group_id.as_ref()
    }

    fn invite(&self, id: &InviteId) -> Option<&KnownInvite> {
        self.invites.iter().find(|invite| invite.id == *id)
    }

    /// The newest invite of `user`.
    fn invite_of(&self, user: &UserId) -> Option<&KnownInvite> {
        self.invites.iter().rev().find(|invite| invite.invitees.contains(user))
    }

    fn invited_by(&self, user: &UserId, inviter: &UserId) -> bool {
        self.inviters.get(user) == Some(inviter)
    }

    fn know(&mut self, invite: KnownInvite) {
        self.note_invited(&invite.inviter, &invite.invitees);
        self.invites.push(invite);
        if self.invites.len() > MOST_NOTES {
            self.invites.remove(0);
        }
    }

    fn note_invited(&mut self, inviter: &UserId, users: &[UserId]) {
        for user in users {
            self.inviters.insert(user.clone(), inviter.clone());
            if *user != self.facts.caller && !self.facts.callees.contains(user) {
                self.facts.callees.push(user.clone());
            }
        }
    }

    fn is_in(&self, room: Option<RoomId>) -> bool {
        match &self.room {
            RoomRef::Number(own) => room == Some(*own),
            RoomRef::Name(_) => false,
        }
    }

    /// Checks that nothing newer of `user` is known, and notes this.
    fn note_newest(&mut self, user: &UserId, sent_at: UnixMillis) -> Result<(), BridgeDiscard> {
        let newest = self.newest.entry(user.clone()).or_insert(sent_at);
        if *newest > sent_at {
            return Err(BridgeDiscard::Stale);
        }
        *newest = sent_at;
        Ok(())
    }
}

impl BridgeEndpoint {
    /// The call of several that a message bears on: by its invite, else by its group and room.
    fn find_party(
        &mut self,
        now: Instant,
        from: &UserId,
        envelope: &Envelope,
    ) -> Result<CallId, BridgeDiscard> {
        let invite_id = envelope.invite_id.as_ref();
        let (group, room) = (envelope.group_id.as_ref(), envelope.payload.room());
        let known = |party: &Party| {
            let by_invite = invite_id.is_some_and(|id| party.invite(id).is_some());
            let by_room = group.is_some() && room.is_some() && party.is_in(room);
            party.group() == group && (by_invite || by_room)
        };
        if let Some((call_id, _)) = self.parties.iter().find(|(_, party)| known(party)) {
            return Ok(call_id.clone());
        }
        let invite_id = invite_id.ok_or(BridgeDiscard::Unknown)?;
        match self.recent.get(now, from, invite_id) {
            Some(_) => Err(BridgeDiscard::Over),
            None => Err(BridgeDiscard::Unknown),
        }
    }

    /// Whether a message that is to no group is about a call of several.
    pub(super) fn is_of_party(&self, from: &UserId, envelope: &Envelope) -> bool {
        let invited = |party: &Party| {
            envelope.invite_id.as_ref().is_some_and(|id| party.invite(id).is_some())
        };
        let with_sender = |(call_id, party): (&CallId, &Party)| {
            party.group().is_none() && self.state(call_id, from).is_some()
        };
        let one_to_one = self.call_with(from).is_some();
        self.parties.values().any(invited) || (!one_to_one && self.parties.iter().any(with_sender))
    }

    /// The call of several that rings here by the invite of an own answer from elsewhere.
    pub(super) fn ringing_party(&self, envelope: &Envelope) -> Option<CallId> {
        let id = envelope.invite_id.as_ref()?;
        let rings = |(call_id, party): &(&CallId, &Party)| {
            party.invite(id).is_some_and(|invite| invite.invitees.contains(&self.me))
                && self.state(call_id, &self.me) == Some(MemberState::Pending)
        };
        self.parties.iter().find(rings).map(|(call_id, _)| call_id.clone())
    }

    fn state(&self, call_id: &CallId, user: &UserId) -> Option<MemberState> {
        let call = self.calls.call(call_id)?;
        call.members.into_iter().find(|member| member.user == *user).map(|member| member.state)
    }

    /// Does in the copy what `user` did.
    fn ask_as_member(
        &mut self,
        now: Instant,
        user: &UserId,
        action: CallAction,
    ) -> Result<(), BridgeDiscard> {
        let device = if *user == self.me { self.here.clone() } else { peer_device(user.clone()) };
        self.sign_in(now, &device);
        self.ask(now, &device, action).map(drop).map_err(|_| BridgeDiscard::Refused)
    }

    /// `inviter` rings `users` in the copy.
    fn ring_members(
        &mut self,
        now: Instant,
        call_id: &CallId,
        inviter: &UserId,
        users: &[UserId],
        ring_s: u32,
    ) -> Result<(), BridgeDiscard> {
        for user in users {
            self.sign_in(now, &peer_device(user.clone()));
        }
        let params = InviteParams {
            call_id: call_id.clone(),
            users: users.to_vec(),
            timeout_s: Some(ring_s),
        };
        let (unknown, outsiders) = (Vec::new(), Vec::new());
        let action = CallAction::InviteUsers { params, unknown, outsiders };
        self.ask_as_member(now, inviter, action)
    }

    /// Brings the copy up to date without a word to anybody.
    fn quietly<T>(&mut self, call_id: &CallId, change: impl FnOnce(&mut Self) -> T) -> T {
        self.set_quiet(call_id, true);
        let changed = change(self);
        self.set_quiet(call_id, false);
        changed
    }

    fn set_quiet(&mut self, call_id: &CallId, quiet: bool) {
        if let Some(party) = self.parties.get_mut(call_id) {
            party.quiet = quiet;
        }
    }

    /// What is left of calls that the local user is not in any more ends here: how they go on is
    /// not known from here on.
    pub(super) fn leave_parties(&mut self, now: Instant) {
        let own = self.calls.call_of(&self.here).map(|call| call.facts.call_id);
        let left: Vec<CallId> =
            self.parties.keys().filter(|call_id| own.as_ref() != Some(call_id)).cloned().collect();
        for call_id in left {
            self.feed(now, CallsInput::End { call_id });
        }
    }

    /// What is seen of somebody's media.
    pub(super) fn member_media(
        &mut self,
        now: Instant,
        call_id: CallId,
        user: UserId,
        change: MediaChange,
    ) {
        let state = self.state(&call_id, &user);
        let talks = self.parties.get(&call_id).is_some_and(|party| party.connected);
        if user == self.me || !talks {
            return;
        }
        let endpoint = peer_device(user.clone());
        match (change, state) {
            // Who is in the room has answered, whatever became of the message.
            (MediaChange::Entered, state) if state != Some(MemberState::Connected) => {
                let _ = self.let_in(now, &call_id, None, &user);
            }
            (MediaChange::Left, Some(MemberState::Connected)) => {
                let _ = self.ask_as_member(now, &user, CallAction::Hangup { call_id });
            }
            (MediaChange::Lost, Some(MemberState::Connected)) => {
                self.feed(now, CallsInput::PeerLost { call_id, endpoint });
            }
            (MediaChange::Back | MediaChange::Entered, Some(MemberState::Connected)) => {
                self.feed(now, CallsInput::PeerBack { call_id, endpoint });
            }
            (
                MediaChange::Entered | MediaChange::Left | MediaChange::Lost | MediaChange::Back,
                _,
            ) => {}
        }
    }

    /// An own message about the call never left.
    pub(super) fn party_send_failed(&mut self, now: Instant, call_id: &CallId) {
        let Some(call) = self.calls.call(call_id) else { return };
        let rung = call.members.into_iter().filter(|member| member.state == MemberState::Pending);
        for member in rung {
            let Some(party) = self.parties.get_mut(call_id) else { return };
            if party.invited_by(&member.user, &self.me) {
                party.unanswered.insert(member.user.clone());
                party.naming = Some(member.user.clone());
                let action = CallAction::Reject { call_id: call_id.clone(), busy: false };
                let _ = self.ask_as_member(now, &member.user, action);
            }
        }
    }
}

/// How the call ended for the local user, by the last word on it.
fn parting_outcome(event: &Event) -> Option<(Outcome, Option<UserId>)> {
    match event {
        Event::Ended { outcome, by, .. } => Some((*outcome, by.clone())),
        Event::TimedOut { .. } => Some((Outcome::NoAnswer, None)),
        Event::Cancelled { user, .. } => Some((Outcome::Cancelled, Some(user.clone()))),
        Event::Invited { .. }
        | Event::Ringing { .. }
        | Event::Accepted { .. }
        | Event::Rejected { .. }
        | Event::LineBusy { .. }
        | Event::NoResponse { .. }
        | Event::HandledElsewhere { .. }
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
