//! Messages that arrive: whose they are, and what they are about.

use std::time::Instant;

use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::calls::CallAction;
use calling_signaling::invite::{Envelope, Message, Signal, decode_message};

use super::BridgeEndpoint;
use super::invited::is_ours;
use super::party::{group_of, invites_several};
use crate::{BridgeDiscard, Incoming};

/// A message that may have an effect.
pub(super) struct Heard<'a> {
    pub(super) from: &'a UserId,
    pub(super) sent_at: UnixMillis,
    /// Now, by the same clock.
    pub(super) at: UnixMillis,
    pub(super) envelope: Envelope,
}

/// Who sent the invite that a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Own,
    Theirs,
}

impl BridgeEndpoint {
    pub(super) fn received(&mut self, now: Instant, at: UnixMillis, message: &Incoming) {
        self.stats.received += 1;
        if let Err(discard) = self.hear(now, at, message) {
            *self.stats.discarded.entry(discard).or_default() += 1;
        }
    }

    fn hear(
        &mut self,
        now: Instant,
        at: UnixMillis,
        message: &Incoming,
    ) -> Result<(), BridgeDiscard> {
        let text = std::str::from_utf8(&message.bytes).map_err(|_| BridgeDiscard::NotText)?;
        let mut envelope = match decode_message(text)? {
            Message::Signalling(envelope) => *envelope,
            Message::Relayed(_) if message.from == self.me => {
                return Err(BridgeDiscard::OwnMessage);
            }
            Message::Relayed(event) => return self.relayed(now, &message.from, &event),
            Message::WakeUp => return Err(BridgeDiscard::WakeUp),
        };
        let in_group = group_of(message.group.as_ref(), &mut envelope)?;
        let signal = envelope.signal()?;
        if message.from == self.me {
            return self.own_device(now, &envelope, &signal);
        }
        check_sender(&envelope, &signal, &message.from)?;
        let heard = Heard { from: &message.from, sent_at: message.sent_at, at, envelope };
        if in_group || self.is_several(&heard, &signal) {
            return self.hear_party(now, &heard, &signal);
        }
        check_receiver(&heard.envelope, heard.from, &self.me)?;
        self.hear_of_two(now, &heard, signal)?;
        if is_ours(&heard.envelope.payload)
            && let Some(call_id) = self.call_with(heard.from).cloned()
            && let Some(call) = self.live.get_mut(&call_id)
        {
            call.ours = true;
        }
        Ok(())
    }

    fn hear_of_two(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        signal: Signal,
    ) -> Result<(), BridgeDiscard> {
        match signal {
            Signal::Invite { media_type } => self.invited(now, heard, media_type),
            Signal::Cancel => self.withdrawn(now, heard, false),
            Signal::Accept => self.accepted(now, heard),
            Signal::Reject => self.declined(now, heard, false),
            Signal::Busy => self.declined(now, heard, true),
            Signal::Timeout if heard.envelope.inviter.as_ref() == Some(heard.from) => {
                self.withdrawn(now, heard, true)
            }
            Signal::Timeout => self.unanswered(now, heard),
            Signal::Hangup { .. } => self.hung_up(now, heard),
            Signal::SwitchToAudio => self.asked_to_switch(now, heard, Signal::SwitchToAudio),
            Signal::SwitchToVideo => self.asked_to_switch(now, heard, Signal::SwitchToVideo),
            Signal::SwitchAccepted { .. } => self.switch_answered(heard, true),
            Signal::SwitchRejected { .. } | Signal::SwitchUnanswered { .. } => {
                self.switch_answered(heard, false)
            }
            Signal::SyncInfo(event) => self.relayed(now, heard.from, &event),
            Signal::Modified => Err(BridgeDiscard::Unsupported),
        }
    }

    /// Whether a message to nobody but the local user is about a call of several.
    fn is_several(&self, heard: &Heard<'_>, signal: &Signal) -> bool {
        let inviting = matches!(signal, Signal::Invite { .. });
        self.is_of_party(heard.from, &heard.envelope)
            || (inviting && invites_several(&heard.envelope, &self.me, heard.from))
    }

    /// A message of the local user, from another device or come back. An answer to what rings here
    /// means that it was handled there.
    fn own_device(
        &mut self,
        now: Instant,
        envelope: &Envelope,
        signal: &Signal,
    ) -> Result<(), BridgeDiscard> {
        let ringing = |call: &super::WireCall| {
            !call.connected && call.theirs.is_some() && call.theirs == envelope.invite_id
        };
        let call_id = self.live.iter().find(|(_, call)| ringing(call)).map(|(id, _)| id.clone());
        let call_id = call_id.or_else(|| self.ringing_party(envelope));
        let call_id = call_id.ok_or(BridgeDiscard::OwnMessage)?;
        let action = match signal {
            Signal::Accept => CallAction::Accept { call_id: call_id.clone() },
            Signal::Reject => CallAction::Reject { call_id: call_id.clone(), busy: false },
            Signal::Busy => CallAction::Reject { call_id: call_id.clone(), busy: true },
            Signal::Invite { .. }
            | Signal::Cancel
            | Signal::Timeout
            | Signal::Hangup { .. }
            | Signal::SwitchToAudio
            | Signal::SwitchToVideo
            | Signal::SwitchAccepted { .. }
            | Signal::SwitchRejected { .. }
            | Signal::SwitchUnanswered { .. }
            | Signal::SyncInfo(_)
            | Signal::Modified => return Err(BridgeDiscard::OwnMessage),
        };
        if let Some(call) = self.live.get_mut(&call_id) {
            call.elsewhere = true;
        }
        if let Some(party) = self.parties.get_mut(&call_id) {
            party.elsewhere = true;
        }
        self.handled_elsewhere(now, action);
        Ok(())
    }

    /// The call on whose invite, sent by `side`, a message bears.
    pub(super) fn find(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        side: Side,
    ) -> Result<CallId, BridgeDiscard> {
        let with_peer = |call: &super::WireCall| call.peer == *heard.from;
        let Some(invite_id) = &heard.envelope.invite_id else {
            // Old enough to have no id: it can only mean the one call there is.
            let known = |call: &super::WireCall| match side {
                Side::Own => call.own.is_some(),
                Side::Theirs => call.theirs.is_some(),
            };
            let mut calls = self.live.iter().filter(|(_, call)| with_peer(call) && known(call));
            return calls.next().map(|(id, _)| id.clone()).ok_or(BridgeDiscard::Unknown);
        };
        for (call_id, call) in &self.live {
            let (own, theirs) = (call.own.as_ref(), call.theirs.as_ref());
            let (meant, other) = match side {
                Side::Own => (own, theirs),
                Side::Theirs => (theirs, own),
            };
            if other == Some(invite_id) || (meant == Some(invite_id) && !with_peer(call)) {
                return Err(BridgeDiscard::Spoofed);
            }
            if meant == Some(invite_id) {
                return Ok(call_id.clone());
            }
        }
        match self.recent.get(now, heard.from, invite_id) {
            Some(_) => Err(BridgeDiscard::Over),
            None => Err(BridgeDiscard::Unknown),
        }
    }

    /// The call with whoever sent the message.
    pub(super) fn call_with(&self, peer: &UserId) -> Option<&CallId> {
        self.live.iter().find(|(_, call)| call.peer == *peer).map(|(call_id, _)| call_id)
    }
}

/// Whether the service's word on who sent it bears out what the message says.
fn check_sender(envelope: &Envelope, signal: &Signal, from: &UserId) -> Result<(), BridgeDiscard> {
    let inviter = envelope.inviter.as_ref();
    let by_inviter = inviter.is_none_or(|inviter| inviter == from);
    let answers = envelope.invitees.is_empty() || envelope.invitees.contains(from);
    let by_invitee = answers && inviter.is_none_or(|inviter| inviter != from);
    let genuine = match signal {
        Signal::Invite { .. }
        | Signal::Cancel
        | Signal::Hangup { .. }
        | Signal::SwitchToAudio
        | Signal::SwitchToVideo
        | Signal::Modified => by_inviter,
        Signal::Accept
        | Signal::Reject
        | Signal::Busy
        | Signal::SwitchAccepted { .. }
        | Signal::SwitchRejected { .. } => by_invitee,
        Signal::Timeout | Signal::SwitchUnanswered { .. } => by_inviter || by_invitee,
        Signal::SyncInfo(_) => true,
    };
    if genuine { Ok(()) } else { Err(BridgeDiscard::Spoofed) }
}

/// Whether a message about a call of two is about one with the local user.
fn check_receiver(envelope: &Envelope, from: &UserId, me: &UserId) -> Result<(), BridgeDiscard> {
    let inviter = envelope.inviter.as_ref();
    let answers_other = inviter.is_some_and(|inviter| inviter != from && inviter != me);
    if answers_other { Err(BridgeDiscard::NotForMe) } else { Ok(()) }
}
