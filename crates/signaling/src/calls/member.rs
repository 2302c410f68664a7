use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use calling_model::{Endpoint, UnixMillis, UserId};

use super::CallsReason;
use crate::call::{ParticipantOutcome, Participation};
use crate::protocol::{self, Event, MemberState};

/// One person of a call.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) user: UserId,
    pub(super) stage: Stage,
    /// How they came to the call, and what became of their invite.
    pub(super) outcome: ParticipantOutcome,
    pub(super) joined_at: Option<UnixMillis>,
    pub(super) left_at: Option<UnixMillis>,
    /// How often they were invited.
    pub(super) invites: u32,
    /// The last word each of their devices was, or should have been, told.
    pub(super) last_words: Vec<(Endpoint, Event)>,
}

/// How far one person has come in a call.
///
/// ```text
///        invited                          placed the call
///           │                                    │
///           ▼        accepts                     ▼
///      ┌─────────┐ ─────────────────────────▶ ┌────┐
///      │ Ringing │                            │ In │ ◀──┐
///      └─────────┘ ◀───┐                      └────┘    │
///           │          │ invited again          │       │ joins
///           │        ┌─────┐                    │       │ (a running call)
///           └──────▶ │ Out │ ◀──────────────────┘       │
///  declines, is busy,└─────┘ leaves, is lost,           │
///  rings too long      └── is removed ──────────────────┘
/// ```
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Ringing(Ringing),
    In(Seat),
    Out(Gone),
}

/// Somebody is rung.
#[derive(Clone, Debug)]
pub(super) struct Ringing {
    /// When it has rung long enough.
    pub(super) until: Instant,
    /// The devices that were invited, whether they are still there or not.
    pub(super) rang: BTreeSet<Endpoint>,
    /// Who invited them.
    pub(super) inviter: UserId,
    /// How often they were invited to this call before.
    pub(super) attempt: u32,
}

/// Somebody is in the call.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// The one device.
    pub(super) device: Endpoint,
    pub(super) link: Link,
}

/// Why somebody is in the call no more, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Rejected,
    Busy,
    NoAnswer,
    Left,
    Removed,
}

/// A device's hold on a call: for each of its connections that is gone, when to give up on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) signalling: Option<Instant>,
    pub(super) media: Option<Instant>,
}

impl Link {
    fn deadline(&self) -> Option<Instant> {
        [self.signalling, self.media].into_iter().flatten().min()
    }
}

impl Member {
    pub(super) const fn new(user: UserId, stage: Stage, outcome: ParticipantOutcome) -> Self {
        let last_words = Vec::new();
        Self { user, stage, outcome, joined_at: None, left_at: None, invites: 0, last_words }
    }

    /// In the call or rung.
    pub(super) const fn is_engaged(&self) -> bool {
        match self.stage {
            Stage::Ringing(_) | Stage::In(_) => true,
            Stage::Out(_) => false,
        }
    }

    pub(super) const fn seat(&self) -> Option<&Seat> {
        match &self.stage {
            Stage::In(seat) => Some(seat),
            Stage::Ringing(_) | Stage::Out(_) => None,
        }
    }

    pub(super) const fn seat_mut(&mut self) -> Option<&mut Seat> {
        match &mut self.stage {
            Stage::In(seat) => Some(seat),
            Stage::Ringing(_) | Stage::Out(_) => None,
        }
    }

    pub(super) const fn ringing(&self) -> Option<&Ringing> {
        match &self.stage {
            Stage::Ringing(ringing) => Some(ringing),
            Stage::In(_) | Stage::Out(_) => None,
        }
    }

    /// The devices the call is on: the one in it, or all that ring.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Endpoint> {
        let (rang, seat) = match &self.stage {
            Stage::Ringing(ringing) => (Some(&ringing.rang), None),
            Stage::In(seat) => (None, Some(&seat.device)),
            Stage::Out(_) => (None, None),
        };
        rang.into_iter().flatten().chain(seat)
    }

    pub(super) fn deadline(&self) -> Option<(Instant, CallsReason)> {
        match &self.stage {
            Stage::Ringing(ringing) => Some((ringing.until, CallsReason::RingTimeout)),
            Stage::In(seat) => seat.link.deadline().map(|at| (at, CallsReason::PeerLost)),
            Stage::Out(_) => None,
        }
    }

    /// Sits down with `device`; what rang in vain is given back.
    pub(super) fn sit(&mut self, device: Endpoint, at: Option<UnixMillis>) -> BTreeSet<Endpoint> {
        let seat = Stage::In(Seat { device: device.clone(), link: Link::default() });
        self.joined_at = self.joined_at.or(at);
        self.left_at = None;
        let mut others = match std::mem::replace(&mut self.stage, seat) {
            Stage::Ringing(ringing) => ringing.rang,
            Stage::In(_) | Stage::Out(_) => BTreeSet::new(),
        };
        others.remove(&device);
        others
    }

    /// Is out from now on; the devices the call was on are given back.
    pub(super) fn go(&mut self, gone: Gone, at: UnixMillis) -> Vec<Endpoint> {
        let devices = self.devices().cloned().collect();
        match &self.stage {
            // Who took part once and declines to come back has taken part.
            Stage::Ringing(ringing) if self.joined_at.is_none() => {
                self.outcome = gone.outcome(ringing.rang.is_empty());
            }
            Stage::In(_) if self.joined_at.is_some() => self.left_at = Some(at),
            Stage::Ringing(_) | Stage::In(_) | Stage::Out(_) => {}
        }
        self.stage = Stage::Out(gone);
        devices
    }

    /// What stands of them in the record of a call that ends at `at`.
    pub(super) fn participation(&self, at: UnixMillis) -> Participation {
        let outcome = match (&self.stage, self.outcome) {
            (Stage::Ringing(_), _) if self.joined_at.is_none() => ParticipantOutcome::Cancelled,
            (Stage::Ringing(_) | Stage::In(_) | Stage::Out(_), outcome) => outcome,
        };
        let left_at = self.joined_at.map(|_| self.left_at.unwrap_or(at));
        Participation { user: self.user.clone(), outcome, joined_at: self.joined_at, left_at }
    }

    /// As the others may see them.
    pub(super) fn shown(&self) -> protocol::Member {
        let state = match &self.stage {
            Stage::Ringing(_) => MemberState::Pending,
            Stage::In(_) => MemberState::Connected,
            Stage::Out(Gone::Rejected) => MemberState::Rejected,
            Stage::Out(Gone::Busy) => MemberState::Busy,
            Stage::Out(Gone::NoAnswer) => MemberState::NoAnswer,
            Stage::Out(Gone::Left) => MemberState::Left,
            Stage::Out(Gone::Removed) => MemberState::Removed,
        };
        protocol::Member { user: self.user.clone(), state }
    }

    /// How long they have talked by `at`, in milliseconds.
    pub(super) fn talked_ms(&self, at: UnixMillis) -> u64 {
        let until = self.left_at.unwrap_or(at);
        let talked = self.joined_at.map(|joined| until.saturating_since(joined).as_millis());
        talked.map_or(0, |ms| u64::try_from(ms).unwrap_or(u64::MAX))
    }

    /// Notes the last word one of their devices is told of the call.
    pub(super) fn note(&mut self, device: &Endpoint, event: &Event) {
        self.last_words.retain(|(told, _)| told != device);
        self.last_words.push((device.clone(), event.clone()));
    }
}

impl Gone {
    /// What stands in the record of somebody whose invite ended like this. `unheard`: no device of
    /// theirs ever rang.
    const fn outcome(self, unheard: bool) -> ParticipantOutcome {
        match self {
            Self::Rejected => ParticipantOutcome::Rejected,
            Self::Busy => ParticipantOutcome::Busy,
            Self::NoAnswer if unheard => ParticipantOutcome::Offline,
            Self::NoAnswer => ParticipantOutcome::NoAnswer,
            Self::Left | Self::Removed => ParticipantOutcome::Cancelled,
        }
    }
}

impl Ringing {
    /// How long it still rings, in milliseconds, rounded up.
    pub(super) fn remaining_ms(&self, now: Instant) -> u32 {
        let left = self.until.saturating_duration_since(now) + Duration::from_micros(999);
        u32::try_from(left.as_millis()).unwrap_or(u32::MAX)
    }
}
