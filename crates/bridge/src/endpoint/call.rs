use std::time::Instant;

use calling_model::{InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome, Role};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::RoomRef;
use calling_signaling::protocol::{CallReply, Event};

/// What a call that is about to start is known of already.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Placed by the local user: how long it is to ring at the callee's.
    Here { timeout_s: u32 },
    /// Placed by a peer.
    Wire { invite_id: InviteId, room: Option<RoomRef>, timeout_s: u32, sent_at: UnixMillis },
}

/// What the messages say of a call that lives, beyond what the call machine knows.
#[derive(Clone, Debug)]
pub(super) struct WireCall {
    /// As the messages have them: the machine within gives ids of its own.
    pub(super) facts: CallFacts,
    pub(super) room: RoomRef,
    pub(super) peer: UserId,
    /// The invite sent from here, if any.
    pub(super) own: Option<InviteId>,
    /// Nothing was heard of what became of it: the peer may have yet to hear of it.
    pub(super) own_open: bool,
    /// The peer's invite, if any; after crossing calls there are both.
    pub(super) theirs: Option<InviteId>,
    /// When the newest message of the peer was sent that changed the call. What was sent before is
    /// no news.
    pub(super) newest: UnixMillis,
    pub(super) connected: bool,
    /// The peer's program is one of this project.
    pub(super) ours: bool,
    /// The peer said that the call is over; it need not be told.
    pub(super) heard_end: bool,
    /// Another device of the local user handled it.
    pub(super) elsewhere: bool,
    /// Why it ends, where the machine has no word for it from a peer.
    pub(super) because: Option<Outcome>,
    /// What it is by now.
    pub(super) media_type: MediaType,
    pub(super) wish: Option<Wish>,
}

/// A wish of the local user to switch the medium.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) invite_id: InviteId,
    pub(super) to: MediaType,
    pub(super) request: RequestToken,
    pub(super) until: Instant,
}

impl WireCall {
    pub(super) fn new(mut facts: CallFacts, me: &UserId, origin: Option<Origin>) -> Self {
        let first_callee = facts.callees.first().unwrap_or(&facts.caller);
        let peer = if facts.caller == *me { first_callee } else { &facts.caller }.clone();
        let (mut own, mut theirs, mut newest) = (None, None, UnixMillis(0));
        let mut room = RoomRef::Number(facts.room_id);
        match origin {
            Some(Origin::Wire { invite_id, room: told, timeout_s, sent_at }) => {
                facts.invite_id = invite_id.clone();
                facts.timeout_s = timeout_s;
                if let Some(RoomRef::Number(number)) = told {
                    facts.room_id = number;
                }
                room = told.unwrap_or(room);
                theirs = Some(invite_id);
                newest = sent_at;
            }
            Some(Origin::Here { timeout_s }) => {
                facts.timeout_s = timeout_s;
                own = Some(facts.invite_id.clone());
            }
            None => own = Some(facts.invite_id.clone()),
        }
        Self {
            media_type: facts.media_type,
            facts,
            room,
            peer,
            own_open: own.is_some(),
            own,
            theirs,
            newest,
            connected: false,
            ours: false,
            heard_end: false,
            elsewhere: false,
            because: None,
            wish: None,
        }
    }

    /// From here on the call is in the words of the peer's: `room` and medium, placed by the peer.
    pub(super) fn follow_peer(&mut self, room: RoomRef, media_type: MediaType, me: &UserId) {
        if let RoomRef::Number(number) = room {
            self.facts.room_id = number;
        }
        self.room = room;
        self.facts.caller = self.peer.clone();
        self.facts.callees = vec![me.clone()];
        self.facts.media_type = media_type;
        self.media_type = media_type;
    }

    /// Whether `room` can be this call's; no room can be any.
    pub(super) fn may_be_in(&self, room: Option<RoomId>) -> bool {
        match (&self.room, room) {
            (RoomRef::Number(own), Some(other)) => *own == other,
            (RoomRef::Name(_), _) | (RoomRef::Number(_), None) => true,
        }
    }

    /// The facts of the own invite, whichever of two that crossed leads.
    pub(super) fn own_facts(&self, me: &UserId) -> Option<CallFacts> {
        let (caller, callees) = (me.clone(), vec![self.peer.clone()]);
        let invite_id = self.own.clone()?;
        Some(CallFacts { invite_id, caller, callees, ..self.facts_now() })
    }

    /// The facts as the next message is to have them.
    pub(super) fn facts_now(&self) -> CallFacts {
        CallFacts { media_type: self.media_type, ..self.facts.clone() }
    }

    pub(super) fn reply(&self, reply: CallReply, me: &UserId) -> CallReply {
        let role = if self.facts.caller == *me { Role::Caller } else { Role::Callee };
        CallReply { facts: self.facts_now(), role, ..reply }
    }

    /// What the machine tells the local user, in the words of the messages.
    pub(super) fn event(&self, event: Event, me: &UserId) -> Event {
        match (event, self.because) {
            (Event::Invited { remaining_ms, .. }, _) => {
                Event::invited(self.facts.clone(), remaining_ms)
            }
            (Event::Rejected { call_id, user }, Some(_)) => Event::NoResponse { call_id, user },
            (Event::Cancelled { call_id, .. }, Some(_)) => {
                Event::TimedOut { call_id, users: vec![me.clone()] }
            }
            (Event::Ended { call_id, duration_ms, .. }, Some(outcome)) => {
                Event::Ended { call_id, outcome, by: None, duration_ms }
            }
            (event, _) => event,
        }
    }

    /// The record, in the words of the messages.
    pub(super) fn record(&self, mut ended: EndedCall) -> EndedCall {
        if let Some(outcome) = self.because {
            ended.outcome = outcome;
            ended.ended_by = None;
            let unanswered = ended.accepted_at.is_none();
            if let Some(callee) = ended.participants.get_mut(1).filter(|_| unanswered) {
                callee.outcome = if outcome == Outcome::Offline {
                    ParticipantOutcome::Offline
                } else {
                    ParticipantOutcome::NoAnswer
                };
            }
        }
        if let [caller, callee] = ended.participants.as_mut_slice()
            && caller.user != self.facts.caller
        {
            std::mem::swap(&mut caller.user, &mut callee.user);
        }
        ended.facts = self.facts.clone();
        ended.switched_to = (self.media_type != self.facts.media_type).then_some(self.media_type);
        ended
    }
}
