//! Calls of several that cross: two people call each other and the same others, or their group, at
//! once. Everybody who hears of both settles on one, without asking anybody.
//!
//! Of two calls the one counts whose room has the smaller number; one placed by an older program
//! counts before one placed by ours, since that program declines ours as busy. Who is in the other
//! call, or rung by it, goes over: who is in it answers, who is rung is rung by the one that counts.
//! It stays one call to the local user, and one record.

use std::time::Instant;

use calling_model::{CallId, InviteId, MediaType, RoomId, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::calls::CallAction as Action;
use calling_signaling::invite::{RoomRef, Signal};
use calling_signaling::protocol::MemberState;

use super::super::BridgeEndpoint;
use super::super::hearing::Heard;
use super::super::invited::{is_ours, room};
use super::super::recent::Past;
use super::{KnownInvite, Party, PartyOrigin};
use crate::{BridgeDiscard, BridgeOutput};

/// What of the call gone over to differs from the one left.
struct Going {
    /// The invite gone over to.
    invite: KnownInvite,
    /// Those whom only the local user had called: they are called there, too.
    left_out: Vec<UserId>,
    /// Those who are new here.
    new: Vec<UserId>,
    /// The local user is in the call rather than rung.
    inside: bool,
    /// …and was in a media room, which is another now.
    talked: bool,
}

impl BridgeEndpoint {
    /// Settles an invite that crosses the call there is; `None` if it crosses none.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        id: &InviteId,
        media_type: MediaType,
    ) -> Option<Result<(), BridgeDiscard>> {
        let origin = self.party_origin(heard, id.clone());
        let call_id = self.crossed_by(heard, &origin)?;
        if !self.leads(&call_id, heard) {
            // Whoever placed it comes over; what else is said of it is about nothing.
            self.recent.note(now, heard.from, id.clone(), Past::default());
            return Some(Err(BridgeDiscard::Crossed));
        }
        self.go_over(now, heard, &call_id, &origin, media_type);
        Some(Ok(()))
    }

    /// The call that the invite crosses: each of the two calls whoever placed the other.
    fn crossed_by(&self, heard: &Heard<'_>, origin: &PartyOrigin) -> Option<CallId> {
        let payload = &heard.envelope.payload;
        let people = origin.people();
        let crosses = |(call_id, party): &(&CallId, &Party)| {
            let rung = match self.state(call_id, heard.from) {
                Some(MemberState::Pending) => true,
                // An older program declines first and calls then, or the other way round.
                Some(MemberState::Busy) => !is_ours(payload) && !party.connected,
                Some(
                    MemberState::Connected
                    | MemberState::Rejected
                    | MemberState::NoAnswer
                    | MemberState::Left
                    | MemberState::Removed,
                )
                | None => false,
            };
            let same = party.group().is_some() || party.concerns_just(&people);
            rung && same
                && !party.elsewhere
                && party.group() == heard.envelope.group_id.as_ref()
                && people.contains(&party.facts.caller)
        };
        let first = payload.mid_call().is_none();
        let found = self.parties.iter().find(crosses).filter(|_| first);
        found.map(|(call_id, _)| call_id.clone())
    }

    /// Whether the call invited to counts rather than the one there is.
    fn leads(&self, call_id: &CallId, heard: &Heard<'_>) -> bool {
        let payload = &heard.envelope.payload;
        let theirs = (is_ours(payload), payload.room().map(RoomId::get));
        self.parties.get(call_id).is_some_and(|party| theirs < party.rank())
    }

    fn go_over(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        call_id: &CallId,
        origin: &PartyOrigin,
        media_type: MediaType,
    ) {
        let Some(going) = self.prepare(call_id, heard, origin) else { return };
        self.withdraw(call_id, &going.left_out);
        self.forget_invites(now, call_id);
        if going.talked {
            let call_id = call_id.clone();
            self.outputs.push_back(BridgeOutput::LeaveMedia { call_id });
        }
        let me = self.me.clone();
        if let Some(party) = self.parties.get_mut(call_id) {
            party.become_of(heard, origin, &going, media_type, &me);
            party.catch_up_with(&self.overheard, heard.envelope.payload.room());
        }
        // Who placed it is in it.
        let _ = self.let_in(now, call_id, None, heard.from);
        self.quietly(call_id, |this| {
            let action = Action::SwitchMediaType { call_id: call_id.clone(), media_type };
            let _ = this.ask_as_member(now, heard.from, action);
            if !going.new.is_empty() {
                let ring_s = this.config.patience_s(Some(origin.timeout_s));
                let _ = this.ring_members(now, call_id, heard.from, &going.new, ring_s);
            }
        });
        // Who answered there before this came, as was heard in the group or relayed.
        for user in origin.in_call.iter().filter(|user| *user != heard.from) {
            let _ = self.let_in(now, call_id, Some(heard.from), user);
        }
        self.catch_up(now, heard.from, &going.invite.id);
        if going.talked {
            self.tell_room(call_id, heard.from);
        }
        if going.inside {
            let to = [heard.from.clone()];
            self.send_about(call_id, &going.invite, &Signal::Accept, &to);
            self.send_invites(call_id);
        }
    }

    fn prepare(&self, call_id: &CallId, heard: &Heard<'_>, origin: &PartyOrigin) -> Option<Going> {
        let party = self.parties.get(call_id)?;
        let people = origin.people();
        let rung = |user: &&UserId| self.state(call_id, user) == Some(MemberState::Pending);
        let mine = |user: &&UserId| party.invited_by(user, &self.me) && !people.contains(user);
        let engaged = |user: &UserId| {
            matches!(self.state(call_id, user), Some(MemberState::Pending | MemberState::Connected))
        };
        let new = people.iter().filter(|user| **user != self.me && *user != heard.from);
        Some(Going {
            invite: origin.invite.clone()?,
            left_out: party.facts.callees.iter().filter(rung).filter(mine).cloned().collect(),
            new: new.filter(|user| !engaged(user)).cloned().collect(),
            inside: self.state(call_id, &self.me) == Some(MemberState::Connected),
            talked: party.connected,
        })
    }

    /// What still comes of the invites of the call that is left is about nothing; an own one that
    /// is answered all the same is withdrawn.
    fn forget_invites(&mut self, now: Instant, call_id: &CallId) {
        let Some(party) = self.parties.get_mut(call_id) else { return };
        let facts = party.facts.clone();
        for invite in std::mem::take(&mut party.invites) {
            let mine = invite.inviter == self.me;
            for user in invite.invitees.iter().chain([&invite.inviter]) {
                let facts = CallFacts { invite_id: invite.id.clone(), ..facts.clone() };
                let withdrawn = (mine && *user != self.me)
                    .then(|| Box::new(Self::withdrawn_facts(&facts, &self.me, user)));
                self.recent.note(now, user, invite.id.clone(), Past { withdrawn });
            }
        }
    }

    fn tell_room(&mut self, call_id: &CallId, peer: &UserId) {
        let Some(party) = self.parties.get(call_id) else { return };
        let (facts, room, peer) = (party.facts.clone(), party.room.clone(), peer.clone());
        self.outputs.push_back(BridgeOutput::Connected { facts, room, peer });
    }
}

impl PartyOrigin {
    /// Everybody it names.
    fn people(&self) -> Vec<UserId> {
        self.caller.iter().chain(&self.callees).cloned().collect()
    }
}

impl Party {
    /// Which of two calls that cross counts: the lesser.
    fn rank(&self) -> (bool, Option<u32>) {
        let number = match &self.room {
            RoomRef::Number(number) => Some(number.get()),
            RoomRef::Name(_) => None,
        };
        (self.by_ours, number)
    }

    /// Whether it is a call of just these.
    fn concerns_just(&self, people: &[UserId]) -> bool {
        let all = || std::iter::once(&self.facts.caller).chain(&self.facts.callees);
        all().all(|user| people.contains(user))
            && people.iter().all(|one| all().any(|user| user == one))
    }

    /// Is the call that `heard` invites to from here on.
    fn become_of(
        &mut self,
        heard: &Heard<'_>,
        origin: &PartyOrigin,
        going: &Going,
        media_type: MediaType,
        me: &UserId,
    ) {
        let payload = &heard.envelope.payload;
        if let Some(room) = room(payload) {
            if let RoomRef::Number(number) = room {
                self.facts.room_id = number;
            }
            self.room = room;
        }
        self.facts.invite_id = going.invite.id.clone();
        self.facts.user_data.clone_from(&payload.user_data);
        self.facts.timeout_s = origin.timeout_s;
        (self.facts.media_type, self.placed_as) = (media_type, media_type);
        self.by_ours = is_ours(payload);
        let before = std::mem::replace(&mut self.facts.caller, heard.from.clone());
        let mut callees = origin.callees.clone();
        for user in std::iter::once(before).chain(std::mem::take(&mut self.facts.callees)) {
            if user != *heard.from && !callees.contains(&user) {
                callees.push(user);
            }
        }
        self.facts.callees = callees;
        self.inviters.remove(heard.from);
        for user in origin.callees.iter().chain([me]) {
            self.inviters.insert(user.clone(), heard.from.clone());
        }
        self.invites.push(going.invite.clone());
        self.newest.insert(heard.from.clone(), heard.sent_at);
        if self.by_ours {
            self.ours.insert(heard.from.clone());
        }
        self.said = going.inside;
        self.fresh = if going.inside { going.left_out.clone() } else { Vec::new() };
    }
}
