use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use calling_model::{Endpoint, UnixMillis, UserId};

use super::{CallsConfig, CallsReason, config::later};
use crate::call::{CallFacts, Role};
use crate::protocol::CallReply;

/// One call that is alive. What is over is no `Call` any more, but an
/// [`EndedCall`](crate::call::EndedCall).
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) facts: CallFacts,
    /// The one device that placed it.
    pub(super) caller: Endpoint,
    pub(super) callee: UserId,
    pub(super) started: Instant,
    pub(super) state: CallState,
}

/// How far a call has come.
///
/// ```text
///                      call
///                       │
///                       ▼
///                  ┌─────────┐  accept, or a call back (glare)  ┌───────────┐
///                  │ Ringing │ ───────────────────────────────▶ │ Connected │
///                  └─────────┘                                  └───────────┘
///                       │                                             │
///   RingEnd: Withdrawn, Declined, LineBusy,           TalkEnd: HungUp, PeerLost,
///   RangOut, CallerLost, Stopped                      TooLong, Stopped
///                       │                                             │
///                       └───────────────▶  ended  ◀───────────────────┘
/// ```
///
/// Every state has a deadline, so that no call stays for ever.
#[derive(Clone, Debug)]
pub(super) enum CallState {
    Ringing(Ringing),
    Connected(Connected),
}

#[derive(Clone, Debug)]
pub(super) struct Ringing {
    /// When it has rung long enough.
    pub(super) until: Instant,
    /// The callee's devices that were invited, whether they are still there or not.
    pub(super) rang: BTreeSet<Endpoint>,
    /// When to give up on a caller who dropped out; `None` while there.
    pub(super) caller_away: Option<Instant>,
    /// Devices whose media connection died and has not come back. Nobody misses it yet.
    pub(super) media_lost: BTreeSet<Endpoint>,
}

#[derive(Clone, Debug)]
pub(super) struct Connected {
    /// The device that answered.
    pub(super) callee: Endpoint,
    /// The callee's devices that rang in vain.
    pub(super) others: BTreeSet<Endpoint>,
    pub(super) accepted_at: UnixMillis,
    /// When the call has lasted the longest time allowed.
    pub(super) until: Instant,
    pub(super) caller_link: Link,
    pub(super) callee_link: Link,
}

/// A device's hold on a connected call: for each of its connections that is gone, when to give up
/// on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) signalling: Option<Instant>,
    pub(super) media: Option<Instant>,
}

/// Why a ringing call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RingEnd {
    /// By the caller.
    Withdrawn,
    /// On a device of the callee.
    Declined { by: Endpoint, busy: bool },
    /// The callee was in another call.
    LineBusy,
    /// Nobody answered in time.
    RangOut,
    /// The caller dropped out and did not come back.
    CallerLost,
    /// The server stops.
    Stopped,
}

/// Why a connected call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TalkEnd {
    /// On a device in the call.
    HungUp { by: Endpoint },
    /// A device dropped out and did not come back.
    PeerLost,
    /// It lasted the longest time allowed.
    TooLong,
    /// The server stops.
    Stopped,
}

impl Link {
    fn deadline(&self) -> Option<Instant> {
        match (self.signalling, self.media) {
            (Some(signalling), Some(media)) => Some(signalling.min(media)),
            (one, other) => one.or(other),
        }
    }
}

impl Call {
    /// The call's own wall clock: the server's, read once at the start and carried on by the
    /// monotonic clock.
    pub(super) fn wall(&self, now: Instant) -> UnixMillis {
        self.facts.started_at.saturating_add(now.saturating_duration_since(self.started))
    }

    pub(super) fn deadline(&self) -> (Instant, CallsReason) {
        match &self.state {
            CallState::Ringing(ringing) => ringing.deadline(),
            CallState::Connected(connected) => connected.deadline(),
        }
    }

    pub(super) fn involves(&self, user: &UserId) -> bool {
        self.facts.caller == *user || self.callee == *user
    }

    /// The side of `endpoint`, if it is one of the devices the call is on.
    pub(super) fn role_of(&self, endpoint: &Endpoint) -> Option<Role> {
        if self.caller == *endpoint {
            return Some(Role::Caller);
        }
        let called = match &self.state {
            CallState::Ringing(ringing) => ringing.rang.contains(endpoint),
            CallState::Connected(connected) => connected.callee == *endpoint,
        };
        called.then_some(Role::Callee)
    }

    /// Whether the call is on `endpoint` and nowhere else of its account: it placed or answered.
    pub(super) fn holds(&self, endpoint: &Endpoint) -> bool {
        let answered = match &self.state {
            CallState::Ringing(_) => false,
            CallState::Connected(connected) => connected.callee == *endpoint,
        };
        answered || self.caller == *endpoint
    }

    pub(super) fn reply(&self, role: Role) -> CallReply {
        let connected = matches!(self.state, CallState::Connected(_));
        CallReply { facts: self.facts.clone(), role, connected, members: Vec::new() }
    }

    /// A signalling connection of a device in the call went (until the given instant) or came.
    pub(super) fn set_signalling(&mut self, endpoint: &Endpoint, lost_until: Option<Instant>) {
        let from_caller = self.caller == *endpoint;
        match &mut self.state {
            CallState::Ringing(ringing) if from_caller => ringing.caller_away = lost_until,
            // The callee may ring on several devices: they come and go as they please.
            CallState::Ringing(_) => {}
            CallState::Connected(connected) => {
                if let Some(link) = connected.link_of(endpoint, from_caller) {
                    link.signalling = lost_until;
                }
            }
        }
    }

    /// A media connection of a device in the call died or is up; `false` if the device is not in
    /// the call.
    pub(super) fn set_media(&mut self, endpoint: &Endpoint, lost_until: Option<Instant>) -> bool {
        let from_caller = self.caller == *endpoint;
        match &mut self.state {
            CallState::Ringing(ringing) => {
                let known = from_caller || ringing.rang.contains(endpoint);
                if known && lost_until.is_some() {
                    ringing.media_lost.insert(endpoint.clone());
                } else {
                    ringing.media_lost.remove(endpoint);
                }
                known
            }
            CallState::Connected(connected) => {
                let Some(link) = connected.link_of(endpoint, from_caller) else { return false };
                // Lost twice is lost since the first time.
                link.media = lost_until.map(|until| link.media.unwrap_or(until));
                true
            }
        }
    }
}

impl Ringing {
    fn deadline(&self) -> (Instant, CallsReason) {
        match self.caller_away {
            Some(away) if away < self.until => (away, CallsReason::PeerLost),
            Some(_) | None => (self.until, CallsReason::RingTimeout),
        }
    }

    /// What it becomes when `callee` answers the call of `caller`.
    pub(super) fn answered(
        mut self,
        now: Instant,
        caller: &Endpoint,
        callee: Endpoint,
        accepted_at: UnixMillis,
        config: &CallsConfig,
    ) -> Connected {
        self.rang.remove(&callee);
        let media =
            |endpoint| self.media_lost.contains(endpoint).then(|| later(now, config.media_grace));
        Connected {
            caller_link: Link { signalling: self.caller_away, media: media(caller) },
            callee_link: Link { signalling: None, media: media(&callee) },
            callee,
            others: self.rang,
            accepted_at,
            until: later(now, config.max_call_length),
        }
    }

    /// How long it still rings, in milliseconds, rounded up.
    pub(super) fn remaining_ms(&self, now: Instant) -> u32 {
        let left = self.until.saturating_duration_since(now) + Duration::from_micros(999);
        u32::try_from(left.as_millis()).unwrap_or(u32::MAX)
    }
}

impl Connected {
    fn deadline(&self) -> (Instant, CallsReason) {
        let lost = [self.caller_link.deadline(), self.callee_link.deadline()];
        match lost.into_iter().flatten().min() {
            Some(lost) if lost < self.until => (lost, CallsReason::PeerLost),
            Some(_) | None => (self.until, CallsReason::MaxLength),
        }
    }

    fn link_of(&mut self, endpoint: &Endpoint, from_caller: bool) -> Option<&mut Link> {
        if from_caller {
            return Some(&mut self.caller_link);
        }
        (self.callee == *endpoint).then_some(&mut self.callee_link)
    }
}
