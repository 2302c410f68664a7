use std::time::Instant;

use calling_model::{Endpoint, MediaType, UnixMillis, UserId};

use super::CallsReason;
use super::member::{Member, Seat, Stage};
use crate::call::{CallFacts, Role};
use crate::protocol::{self, CallReply, RunningCall};

/// One call that is alive. What is over is no `Call` any more, but an
/// [`EndedCall`](crate::call::EndedCall).
///
/// ```text
///                      call
///                       │
///                       ▼
///                  ┌─────────┐  the first accept, or a call back (glare)  ┌───────────┐
///                  │ Ringing │ ─────────────────────────────────────────▶ │ Connected │
///                  └─────────┘                                            └───────────┘
///                       │                                                       │
///   the caller left, or nobody is                  nobody is in it, or one is and nobody
///   invited any more                               is invited any more
///                       │                                                       │
///                       └──────────────────▶  ended  ◀──────────────────────────┘
/// ```
///
/// Within it each member has a state of its own, see [`Stage`]. Everybody invited and everybody in
/// the call has a deadline, so that no call stays for ever.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// As they stand now.
    pub(super) facts: CallFacts,
    /// The medium it was placed with.
    pub(super) placed_as: MediaType,
    /// The device that placed it.
    pub(super) caller: Endpoint,
    pub(super) started: Instant,
    /// The caller first, then the callees, then who joined without being rung.
    pub(super) members: Vec<Member>,
    /// `None` while nobody has answered.
    pub(super) accepted: Option<Accepted>,
}

/// The beginning of the conversation.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) at: UnixMillis,
    /// The device that answered first.
    pub(super) by: Endpoint,
    /// When the call has lasted the longest time allowed.
    pub(super) until: Instant,
}

/// How an endpoint stands to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its account has nothing to do with the call.
    Stranger,
    /// Its account is rung.
    Rung,
    /// It is in the call itself.
    Here,
    /// Another device of its account is in the call.
    Elsewhere,
    /// Its account was rung or in the call, and is no more.
    Out,
}

impl Call {
    /// The call's own wall clock: the server's, read once at the start and carried on by the
    /// monotonic clock.
    pub(super) fn wall(&self, now: Instant) -> UnixMillis {
        self.facts.started_at.saturating_add(now.saturating_duration_since(self.started))
    }

    /// Whether what happens concerns all members: a call of a group or with several callees.
    pub(super) fn is_group(&self) -> bool {
        self.facts.is_group()
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.accepted.is_some()
    }

    /// The next instant at which something has to be done, and what.
    pub(super) fn deadline(&self) -> (Instant, CallsReason) {
        let members = self.members.iter().filter_map(Member::deadline);
        let longest = self.accepted.iter().map(|talk| (talk.until, CallsReason::MaxLength));
        // A live call has somebody in it or rung, and rings or talks.
        members.chain(longest).min().unwrap_or((self.started, CallsReason::MaxLength))
    }

    /// Whether nothing keeps it alive.
    pub(super) fn is_over(&self) -> bool {
        let inside = self.seats().count();
        let rung = self.members.iter().any(|member| matches!(member.stage, Stage::Ringing(_)));
        match self.accepted {
            None => inside == 0 || !rung,
            Some(_) => inside == 0 || (inside == 1 && !rung),
        }
    }

    pub(super) fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| member.user == *user)
    }

    pub(super) fn member_mut(&mut self, user: &UserId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.user == *user)
    }

    /// The devices in the call.
    pub(super) fn seats(&self) -> impl Iterator<Item = &Endpoint> {
        self.members.iter().filter_map(|member| member.seat()).map(|seat| &seat.device)
    }

    /// Members who are in the call or rung.
    pub(super) fn engaged(&self) -> impl Iterator<Item = &UserId> {
        self.members.iter().filter(|member| member.is_engaged()).map(|member| &member.user)
    }

    /// Every device in the call or rung, those of `except` aside.
    pub(super) fn audience(&self, except: &UserId) -> Vec<Endpoint> {
        let others = self.members.iter().filter(|member| member.user != *except);
        others.flat_map(Member::devices).cloned().collect()
    }

    /// Who hears what becomes of `user`: whoever invited them in a one-to-one call, everybody in
    /// or rung in a group call.
    pub(super) fn concerned(&self, user: &UserId) -> Vec<Endpoint> {
        if self.is_group() {
            return self.audience(user);
        }
        self.seats().filter(|device| device.user != *user).cloned().collect()
    }

    pub(super) fn standing(&self, endpoint: &Endpoint) -> Standing {
        match self.member(&endpoint.user).map(|member| &member.stage) {
            None => Standing::Stranger,
            Some(Stage::Ringing(_)) => Standing::Rung,
            Some(Stage::In(Seat { device, .. })) if device == endpoint => Standing::Here,
            Some(Stage::In(_)) => Standing::Elsewhere,
            Some(Stage::Out(_)) => Standing::Out,
        }
    }

    pub(super) fn involves(&self, user: &UserId) -> bool {
        self.member(user).is_some()
    }

    /// The side of `endpoint`, if it is one of the devices the call is on.
    pub(super) fn role_of(&self, endpoint: &Endpoint) -> Option<Role> {
        let member = self.member(&endpoint.user)?;
        if !member.devices().any(|device| device == endpoint) {
            return None;
        }
        let caller = member.user == self.facts.caller;
        Some(if caller { Role::Caller } else { Role::Callee })
    }

    /// Whether the call is on `endpoint` and nowhere else of its account.
    pub(super) fn holds(&self, endpoint: &Endpoint) -> bool {
        self.standing(endpoint) == Standing::Here
    }

    /// The call as `role` on `endpoint` may see it.
    pub(super) fn reply(&self, endpoint: &Endpoint, role: Role) -> CallReply {
        let connected = self.is_connected() && self.holds(endpoint);
        CallReply { facts: self.facts.clone(), role, connected, members: self.list() }
    }

    /// The call as members of its group may see it, once somebody talks.
    pub(super) fn running(&self) -> Option<RunningCall> {
        self.accepted.as_ref()?;
        Some(RunningCall { facts: self.facts.clone(), members: self.list() })
    }

    pub(super) fn list(&self) -> Vec<protocol::Member> {
        self.members.iter().map(Member::shown).collect()
    }

    /// A signalling connection of a device in the call went (until the given instant) or came. A
    /// callee may be rung on several devices: those come and go as they please.
    pub(super) fn set_signalling(&mut self, endpoint: &Endpoint, lost_until: Option<Instant>) {
        if let Some(seat) = self.seat_mut(endpoint) {
            seat.link.signalling = lost_until;
        }
    }

    /// A media connection of a device of the call died or is up; `false` if the device is not in
    /// the call. Nobody misses media while it rings: that a connection comes to be once somebody
    /// answered is the shell's to judge.
    pub(super) fn set_media(&mut self, endpoint: &Endpoint, lost_until: Option<Instant>) -> bool {
        let known = self.role_of(endpoint).is_some();
        if self.is_connected()
            && let Some(seat) = self.seat_mut(endpoint)
        {
            // Lost twice is lost since the first time.
            seat.link.media = lost_until.map(|until| seat.link.media.unwrap_or(until));
        }
        known
    }

    fn seat_mut(&mut self, endpoint: &Endpoint) -> Option<&mut Seat> {
        let member = self.member_mut(&endpoint.user)?;
        member.seat_mut().filter(|seat| seat.device == *endpoint)
    }
}
