use std::collections::BTreeSet;
use std::time::Instant;

use calling_model::{CallId, UserId};

use super::media::Media;
use super::members::Members;
use super::{ClientPhase, CommandToken};
use crate::call::{CallFacts, Outcome, Role};
use crate::protocol::{CallParams, Event};

/// Where a client stands.
///
/// ```text
///        Command::Call, Join                      Invited
///         ┌─────────────────── Idle ──────────────────────┐
///         ▼                     ▲                         ▼
///     Requested ──── error ────▶│◀── cancelled,       Incoming
///         │    │                │    timed out,           │
///   reply │    │ reply:         │    elsewhere            │ Command::Accept,
///         ▼    │ glare          │                         │ then the server's reply
///     Outgoing └────────────┐   │   ┌─────────────────────┘
///         │ Accepted        ▼   │   ▼
///         └─────────────▶ Connected
///                               │ Command::Hangup (from everywhere but Idle), Reject, Ignore
///                               ▼
///                            Closing ──── Ended, or no word in time ────▶ Idle
/// ```
///
/// `Ended`, a lost connection that does not come back and deadlines lead from every state to
/// `Idle`. Into `Connected` leads only the server's word about a call this user wished for.
#[derive(Clone, Debug)]
pub(super) enum State {
    Idle,
    Requested(Requested),
    Outgoing(Outgoing),
    Incoming(Incoming),
    Connected(Talk),
    Closing(Closing),
}

/// The server was asked to place a call and has not answered.
#[derive(Clone, Debug)]
pub(super) struct Requested {
    pub(super) token: CommandToken,
    pub(super) wish: Wish,
    /// When to give up on the answer.
    pub(super) until: Instant,
    /// The user hung up already: the call is withdrawn as soon as it has an id.
    pub(super) withdrawn: Option<CommandToken>,
    /// Events of calls nobody knows yet: one of them may be this one.
    pub(super) early: Vec<Event>,
}

/// What the user wants of the server.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// A new call.
    Call(CallParams),
    /// To enter one that runs.
    Join(CallId),
}

/// What holds of a call from the server's first word on.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) facts: CallFacts,
    pub(super) role: Role,
    pub(super) members: Members,
    pub(super) media: Media,
    /// Events of the room that came before the conversation began.
    pub(super) early: Vec<Event>,
    /// When to give up on signalling; `None` while it is there.
    pub(super) lost_until: Option<Instant>,
}

/// The call this device placed rings.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) session: Session,
    /// When it has rung longer than the server should have let it.
    pub(super) until: Instant,
    /// The callees of whom the application knows that it rings at theirs.
    pub(super) rang: BTreeSet<UserId>,
}

/// A call rings on this device.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) session: Session,
    /// When it has rung longer than the server should have let it.
    pub(super) until: Instant,
    /// How often this user was invited to the call before.
    pub(super) attempt: u32,
    /// The command by which the user accepted; without it nothing opens the gate.
    pub(super) accepting: Option<CommandToken>,
}

/// In conversation.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) session: Session,
    /// When it began, as this device saw it.
    pub(super) since: Instant,
    /// Who entered the media room, as the application knows.
    pub(super) entered: BTreeSet<UserId>,
    /// How often this user was invited to the call before.
    pub(super) attempt: u32,
}

/// No media any more; the server's last word is awaited.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub(super) facts: CallFacts,
    /// The command that led here.
    pub(super) token: Option<CommandToken>,
    /// What the server has to be told, again if a connection was lost in between.
    pub(super) close: Option<Close>,
    /// What to tell the application if the server says nothing.
    pub(super) guess: Guess,
    /// When to stop waiting.
    pub(super) until: Instant,
    /// The application knows that nobody took the call.
    pub(super) told: bool,
    /// It rang here.
    pub(super) rang: bool,
    /// How often this user was invited to the call before.
    pub(super) attempt: u32,
}

/// How a call ended, as far as this device knows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) outcome: Outcome,
    pub(super) by: Option<UserId>,
    pub(super) duration_ms: u64,
}

/// How to tell the server that this device leaves a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    Hangup,
    Reject { busy: bool },
}

impl State {
    pub(super) const fn phase(&self) -> ClientPhase {
        match self {
            Self::Idle => ClientPhase::Idle,
            Self::Requested(_) => ClientPhase::Requested,
            Self::Outgoing(_) => ClientPhase::Outgoing,
            Self::Incoming(_) => ClientPhase::Incoming,
            Self::Connected(_) => ClientPhase::Connected,
            Self::Closing(_) => ClientPhase::Closing,
        }
    }

    pub(super) const fn session(&self) -> Option<&Session> {
        match self {
            Self::Outgoing(Outgoing { session, .. })
            | Self::Incoming(Incoming { session, .. })
            | Self::Connected(Talk { session, .. }) => Some(session),
            Self::Idle | Self::Requested(_) | Self::Closing(_) => None,
        }
    }

    pub(super) const fn session_mut(&mut self) -> Option<&mut Session> {
        match self {
            Self::Outgoing(Outgoing { session, .. })
            | Self::Incoming(Incoming { session, .. })
            | Self::Connected(Talk { session, .. }) => Some(session),
            Self::Idle | Self::Requested(_) | Self::Closing(_) => None,
        }
    }

    pub(super) const fn facts(&self) -> Option<&CallFacts> {
        match self {
            Self::Closing(closing) => Some(&closing.facts),
            Self::Outgoing(Outgoing { session, .. })
            | Self::Incoming(Incoming { session, .. })
            | Self::Connected(Talk { session, .. }) => Some(&session.facts),
            Self::Idle | Self::Requested(_) => None,
        }
    }

    /// How often this user was invited to the call before, if ever.
    pub(super) const fn attempt(&self) -> u32 {
        match self {
            Self::Incoming(incoming) => incoming.attempt,
            Self::Connected(talk) => talk.attempt,
            Self::Closing(closing) => closing.attempt,
            Self::Idle | Self::Requested(_) | Self::Outgoing(_) => 0,
        }
    }

    pub(super) fn is_in(&self, call_id: &CallId) -> bool {
        self.facts().is_some_and(|facts| facts.call_id == *call_id)
    }

    /// How the call would have ended if it ended now through nobody's wish.
    pub(super) fn guess(&self, now: Instant, outcome: Outcome, by: Option<UserId>) -> Guess {
        let talked = match self {
            Self::Connected(talk) => now.saturating_duration_since(talk.since).as_millis(),
            Self::Idle
            | Self::Requested(_)
            | Self::Outgoing(_)
            | Self::Incoming(_)
            | Self::Closing(_) => 0,
        };
        Guess { outcome, by, duration_ms: u64::try_from(talked).unwrap_or(u64::MAX) }
    }
}
