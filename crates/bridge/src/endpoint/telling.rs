//! What the machine within wants done, as messages to peers and events for the local user.

use std::time::Instant;

use calling_model::{CallId, Endpoint, InviteId, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome};
use calling_signaling::calls::CallsOutput;
use calling_signaling::invite::{Envelope, PUSH_DESCRIPTION, PushExt, RoomRef, Signal, compose};
use calling_signaling::protocol::{Event, Reply};

use super::recent::Past;
use super::switching::denied;
use super::{BridgeEndpoint, WireCall};
use crate::{Address, BridgeOutput, EndMessage, Push, SendOptions};

impl BridgeEndpoint {
    pub(super) fn translate(&mut self, now: Instant, output: CallsOutput) {
        match output {
            CallsOutput::Started { facts } => {
                if let Some(origin) = self.party_origin.take() {
                    return self.party_started(facts, origin);
                }
                let call_id = facts.call_id.clone();
                let call = WireCall::new(facts, &self.me, self.origin.take());
                self.live.insert(call_id, call);
            }
            CallsOutput::Reply { result, .. } if self.asking => self.answer = Some(result),
            CallsOutput::Reply { request, result, .. } => {
                let result = result.map(|reply| self.reply(reply));
                self.outputs.push_back(BridgeOutput::Reply { request, result });
            }
            CallsOutput::Notify { to, event } => self.notify(&to, event),
            CallsOutput::Connected { call_id, caller, callee, .. } => {
                self.party_connected(&call_id, &[&caller, &callee]);
                self.connected(&call_id);
            }
            CallsOutput::Joined { call_id, endpoint, .. } => {
                self.party_connected(&call_id, &[&endpoint]);
            }
            CallsOutput::Invited { call_id, by, users } => {
                self.party_inviting(&call_id, &by, users);
            }
            CallsOutput::LeaveMedia { call_id, endpoint } => {
                if endpoint == self.here {
                    self.outputs.push_back(BridgeOutput::LeaveMedia { call_id });
                }
            }
            CallsOutput::Ended { ended, notices } => self.ended(now, ended, notices),
            // Messages have no word for who of the group may see it.
            CallsOutput::GroupCall { .. } => {}
        }
    }

    /// Of the replies only those about a call have ids of the machine's own.
    fn reply(&self, reply: Reply) -> Reply {
        let Reply::Call(call) = reply else { return reply };
        Reply::Call(self.in_words(call))
    }

    fn connected(&mut self, call_id: &CallId) {
        let Some(call) = self.live.get_mut(call_id) else { return };
        call.connected = true;
        if call.elsewhere {
            return;
        }
        let connected = BridgeOutput::Connected {
            facts: call.facts_now(),
            room: call.room.clone(),
            peer: call.peer.clone(),
        };
        self.outputs.push_back(connected);
    }

    fn notify(&mut self, to: &Endpoint, event: Event) {
        if let Some(call_id) = event.call_id().filter(|call_id| self.parties.contains_key(call_id))
        {
            let call_id = call_id.clone();
            return self.party_notify(&call_id, to, event);
        }
        // That it rings there nobody said: messages have no word for it.
        if *to == self.elsewhere || matches!(event, Event::Ringing { .. }) {
            return;
        }
        let Some(call) = event.call_id().and_then(|call_id| self.live.get(call_id)) else { return };
        if *to == self.here {
            let event = call.event(event, &self.me);
            self.outputs.push_back(BridgeOutput::Event(event));
            return;
        }
        // A peer who knows already, or whom another device told, is not told.
        if call.elsewhere || call.because.is_some() {
            return;
        }
        let (call_id, facts) = (call.facts.call_id.clone(), call.facts_now());
        if let Some(signal) = signal(&event) {
            let invite_id = call.own.as_ref().or(call.theirs.as_ref()).cloned();
            self.send(&call_id, &facts, invite_id.unwrap_or(facts.invite_id.clone()), &signal);
        }
    }

    /// A call is over: first its record, then who is told.
    fn ended(&mut self, now: Instant, ended: EndedCall, notices: Vec<(Endpoint, Event)>) {
        let call_id = ended.facts.call_id.clone();
        if self.parties.contains_key(&call_id) {
            return self.party_ended(now, ended, notices);
        }
        let Some(call) = self.live.get_mut(&call_id) else { return };
        let wish = call.wish.take();
        if !call.elsewhere {
            let record = call.record(ended.clone());
            self.outputs.push_back(BridgeOutput::Ended(record));
        }
        for (to, event) in notices {
            self.notify(&to, event);
        }
        if let Some(wish) = wish {
            self.refuse(wish.request, denied());
        }
        self.tell_end(&call_id, &ended);
        self.withdraw_open(&call_id);
        if let Some(call) = self.live.remove(&call_id) {
            self.remember(now, call);
        }
    }

    /// The message that ends a conversation, by whoever has to write it.
    fn tell_end(&mut self, call_id: &CallId, ended: &EndedCall) {
        let Some(call) = self.live.get(call_id) else { return };
        if !call.connected || call.elsewhere || call.heard_end {
            return;
        }
        let left_here =
            ended.ended_by.as_ref() == Some(&self.me) || ended.outcome == Outcome::Interrupted;
        let lost = ended.outcome == Outcome::PeerLost;
        let by_leaver = self.config.end_message == EndMessage::WhoHangsUp;
        if lost || left_here == by_leaver {
            let (facts, seconds) = (call.facts_now(), ended.duration_ms() / 1_000);
            let invite_id = self.new_invite_id();
            self.send(call_id, &facts, invite_id, &Signal::Hangup { seconds });
        }
    }

    /// The calls crossed, and the peer may not have heard of the own one: it would ring there when
    /// all is over.
    fn withdraw_open(&mut self, call_id: &CallId) {
        let Some(call) = self.live.get(call_id) else { return };
        let open = call.connected && call.own_open && !call.elsewhere;
        if let Some(facts) = call.own_facts(&self.me).filter(|_| open) {
            let peer = call.peer.clone();
            self.send_to(&peer, &facts, &Signal::Cancel);
        }
    }

    fn remember(&mut self, now: Instant, call: WireCall) {
        let unheard = call.own_open || !call.connected;
        if let Some(facts) = call.own_facts(&self.me) {
            let invite_id = facts.invite_id.clone();
            let withdrawn = unheard.then(|| Box::new(facts));
            self.recent.note(now, &call.peer, invite_id, Past { withdrawn });
        }
        if let Some(invite_id) = call.theirs {
            self.recent.note(now, &call.peer, invite_id, Past::default());
        }
    }

    /// Sends a message about a live call.
    pub(super) fn send(
        &mut self,
        call_id: &CallId,
        facts: &CallFacts,
        invite_id: InviteId,
        signal: &Signal,
    ) {
        let Some(call) = self.live.get(call_id) else { return };
        let mut envelope = compose(facts, invite_id, &self.me, signal);
        name_room(&mut envelope, &call.facts.caller, &call.room);
        let to = Address::User(call.peer.clone());
        let vital = matches!(signal, Signal::Invite { .. } | Signal::Accept);
        self.post(to, &envelope, facts, vital.then(|| call_id.clone()));
    }

    /// Sends a message about a call that is over.
    pub(super) fn send_to(&mut self, peer: &UserId, facts: &CallFacts, signal: &Signal) {
        let envelope = compose(facts, facts.invite_id.clone(), &self.me, signal);
        let group = facts.group_id.clone().map(Address::Group);
        self.post(group.unwrap_or(Address::User(peer.clone())), &envelope, facts, None);
    }

    pub(super) fn push_of(&self, envelope: &Envelope, facts: &CallFacts) -> Option<Push> {
        PushExt::of(envelope, facts.started_at.as_secs()).map(|ext| Push {
            title: self.me.as_str().to_owned(),
            description: PUSH_DESCRIPTION.to_owned(),
            ext: ext.encode(),
        })
    }

    pub(super) fn post(
        &mut self,
        to: Address,
        envelope: &Envelope,
        facts: &CallFacts,
        on_failure: Option<CallId>,
    ) {
        self.stats.sent += 1;
        // Messages to groups carry none.
        let push = match to {
            Address::User(_) => self.push_of(envelope, facts),
            Address::Group(_) => None,
        };
        self.outputs.push_back(BridgeOutput::Send {
            to,
            text: envelope.encode(),
            options: SendOptions { online_only: false, push },
            on_failure,
        });
    }
}

/// Whoever placed the call stays its caller in whatever is said of it, and a room with a name keeps
/// it.
pub(super) fn name_room(envelope: &mut Envelope, caller: &UserId, room: &RoomRef) {
    let Some(data) = envelope.payload.data.as_mut() else { return };
    data.inviter = Some(caller.clone());
    if let RoomRef::Name(name) = room {
        data.room_name.clone_from(name);
        data.room_id = None;
        envelope.payload.room_id = None;
    }
}

/// What the machine tells a peer, as it is said in a message; `None` if there is none for it. How
/// conversations end is another matter.
pub(super) fn signal(event: &Event) -> Option<Signal> {
    match event {
        Event::Invited { facts, .. } => Some(Signal::Invite { media_type: facts.media_type }),
        Event::Accepted { .. } => Some(Signal::Accept),
        Event::Rejected { .. } => Some(Signal::Reject),
        Event::LineBusy { .. } => Some(Signal::Busy),
        Event::NoResponse { .. } | Event::TimedOut { .. } => Some(Signal::Timeout),
        Event::Cancelled { .. } => Some(Signal::Cancel),
        Event::Ringing { .. }
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
