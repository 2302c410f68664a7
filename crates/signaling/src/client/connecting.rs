//! From the server's word about a call to the conversation.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::replies::unexpected;
use super::state::{Close, Incoming, Outgoing, Requested, Session, State, Talk, Wish};
use super::{ClientCalls, ClientOutput, CommandToken, ListenerEvent};
use crate::call::{CallFacts, Outcome, Role};
use crate::protocol::{CallReply, Event, Member};

impl ClientCalls {
    /// The server's answer to this user's wish to call.
    pub(super) fn placed(&mut self, now: Instant, call: CallReply) {
        if matches!(self.state, State::Requested(_)) && !self.is_wished(&call) {
            self.call_failed(now, unexpected());
        }
        self.learn(now, call);
    }

    /// Whether `call` is what the user asked for and waits for: that very call, or by glare the
    /// other's.
    fn is_wished(&self, call: &CallReply) -> bool {
        let State::Requested(requested) = &self.state else { return false };
        let CallFacts { call_id, caller, callees, .. } = &call.facts;
        let wanted = match &requested.wish {
            Wish::Join(wanted) => return call_id == wanted && call.connected,
            Wish::Call(params) => &params.callees,
        };
        match call.role {
            // Asked for after an earlier call to the same person, which the server still holds.
            _ if self.over.contains(call_id) => false,
            Role::Caller => *caller == self.user && callees.starts_with(wanted),
            Role::Callee => {
                call.connected && callees.contains(&self.user) && wanted.contains(caller)
            }
        }
    }

    /// The call this user asked for has an id, and the events that ran ahead find it.
    fn adopt(&mut self, now: Instant, call: CallReply) {
        let State::Requested(requested) = std::mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        let Requested { token, withdrawn, early, wish, .. } = requested;
        let call_id = call.facts.call_id.clone();
        if self.held.as_ref().is_some_and(|held| held.facts.call_id == call_id) {
            self.held = None;
        }
        let ring = Duration::from_secs(u64::from(call.facts.timeout_s));
        let until = super::later(now, ring.saturating_add(self.config.ring_slack));
        let mut session = Session::new(now, call.facts.clone(), call.role);
        if matches!(wish, Wish::Join(_)) {
            // Who was there before is no news to somebody who comes.
            for Member { user, state } in &call.members {
                session.members.set(user, *state);
            }
        }
        self.state = State::Outgoing(Outgoing { session, until, rang: BTreeSet::new() });
        let result = Ok(Some(call_id));
        self.outputs.push_back(ClientOutput::Finished { token, result });
        if let Some(token) = withdrawn {
            self.withdraw(now, token);
        } else {
            self.start_media();
            self.catch_up(&call);
            if call.connected {
                self.connect(now);
            }
        }
        for event in early {
            self.event(now, event);
        }
    }

    /// Withdraws a call that the user hung up before it had an id. No media was started.
    fn withdraw(&mut self, now: Instant, token: CommandToken) {
        self.close(now, Some(token), Close::Hangup, Outcome::Cancelled);
    }

    /// The server says how a call stands: on asking, or because this device signed in during it.
    pub(super) fn learn(&mut self, now: Instant, call: CallReply) {
        let call_id = call.facts.call_id.clone();
        if self.is_wished(&call) {
            self.adopt(now, call);
            return;
        }
        match &mut self.state {
            State::Outgoing(Outgoing { session, .. }) | State::Connected(Talk { session, .. })
                if session.facts.call_id == call_id =>
            {
                let same_side = call.role == session.role;
                if matches!(self.state, State::Connected(_)) && !call.connected {
                    // Given up there as lost; at most it rings anew.
                    self.leave_with(now, self.state.guess(now, Outcome::PeerLost, None));
                    return;
                }
                self.catch_up(&call);
                if call.connected && same_side {
                    self.connect(now);
                }
            }
            State::Incoming(incoming) if incoming.session.facts.call_id == call_id => {
                let wished = incoming.accepting.is_some();
                let same_side = call.role == incoming.session.role;
                match (same_side, call.connected) {
                    (true, true) if wished => {
                        self.accepted(now);
                        self.catch_up(&call);
                    }
                    (true, false) => {
                        self.catch_up(&call);
                        self.send_accept(now);
                    }
                    // Nobody here took this call: whoever says so, the gate stays shut.
                    (true, true) | (false, _) => {
                        self.close(now, None, Close::Hangup, Outcome::Cancelled);
                    }
                }
            }
            State::Closing(closing) if closing.facts.call_id == call_id => {
                // What is connected can no longer be declined.
                if call.connected {
                    closing.close = Some(Close::Hangup);
                }
                self.send_close(now);
            }
            State::Idle
            | State::Requested(_)
            | State::Outgoing(_)
            | State::Incoming(_)
            | State::Connected(_)
            | State::Closing(_) => self.disown(&call_id, call.connected),
        }
    }

    /// The server granted this device's accept.
    fn accepted(&mut self, now: Instant) {
        let State::Incoming(incoming) = &mut self.state else { return };
        let call_id = incoming.session.facts.call_id.clone();
        if let Some(token) = incoming.accepting.take() {
            let result = Ok(Some(call_id));
            self.outputs.push_back(ClientOutput::Finished { token, result });
        }
        self.connect(now);
    }

    /// The conversation begins. The only place that opens the gate; reached only by the server's
    /// word about a call this user placed or accepted.
    pub(super) fn connect(&mut self, now: Instant) {
        self.state = match std::mem::replace(&mut self.state, State::Idle) {
            State::Outgoing(Outgoing { session, .. }) => {
                State::Connected(Talk { session, since: now, entered: BTreeSet::new(), attempt: 0 })
            }
            State::Incoming(incoming) => {
                let Incoming { session, attempt, .. } = incoming;
                State::Connected(Talk { session, since: now, entered: BTreeSet::new(), attempt })
            }
            same
            @ (State::Idle | State::Requested(_) | State::Connected(_) | State::Closing(_)) => {
                self.state = same;
                return;
            }
        };
        let Some(session) = self.state.session_mut() else { return };
        let early = std::mem::take(&mut session.early);
        let (facts, role) = (session.facts.clone(), session.role);
        let CallFacts { call_id, room_id, media_type, .. } = facts;
        self.outputs.push_back(ClientOutput::OpenGate { call_id: call_id.clone() });
        self.emit(ListenerEvent::CallBegin { call_id, room_id, media_type, role });
        self.media_wanted();
        if self.muted {
            self.tell_mute();
        }
        for event in early {
            self.event(now, event);
        }
    }

    /// Keeps an event that ran ahead of its call; a room event until the conversation begins.
    pub(super) fn keep_early(&mut self, event: Event) {
        const MOST: usize = 16;
        let early = match &mut self.state {
            // What is told of a call before the answer to joining it is about the time before.
            State::Requested(Requested { wish: Wish::Join(_), .. }) => None,
            State::Requested(requested) => Some(&mut requested.early),
            State::Outgoing(Outgoing { session, .. }) => Some(&mut session.early),
            State::Incoming(incoming) => Some(&mut incoming.session.early),
            State::Idle | State::Connected(_) | State::Closing(_) => None,
        };
        match early {
            Some(early) if early.len() < MOST => early.push(event),
            Some(_) | None => self.stats.stale += 1,
        }
    }
}
