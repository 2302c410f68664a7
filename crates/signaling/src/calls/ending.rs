use std::time::Instant;

use calling_model::{Endpoint, UserId};

use super::call::Call;
use super::member::Stage;
use super::memory::Remembered;
use super::steps::{Turn, rang_in_vain};
use crate::call::{EndedCall, Outcome, ParticipantOutcome};
use crate::protocol::Event;

/// Why a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody in it left, and too few stay.
    HungUp { by: UserId },
    /// Somebody rung declined, and nobody else is rung.
    Declined { by: UserId },
    /// Everybody called was busy from the start.
    LineBusy,
    /// Nobody answered in time.
    RangOut,
    /// Somebody in it dropped out, and too few stay.
    Lost,
    /// It lasted the longest time allowed.
    TooLong,
    /// The server stops.
    Stopped,
    /// The operator of the server ended it.
    Operator,
}

/// All that follows from the end of a call.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) ended: EndedCall,
    /// Whom to tell what once the record is stored.
    pub(super) notices: Vec<(Endpoint, Event)>,
    /// Whose media connection closes.
    pub(super) leave: Vec<Endpoint>,
    /// Who rang whom in vain.
    pub(super) in_vain: Vec<(UserId, UserId)>,
    /// For those who ask later.
    pub(super) remembered: Remembered,
}

impl Closing {
    /// The end of `call`, whose last step was `turn`.
    pub(super) fn of(mut call: Call, now: Instant, turn: Turn) -> Self {
        let end = turn.end.unwrap_or(End::Stopped);
        let at = call.wall(now);
        let outcome = outcome(&call, &end);
        let ended_by = ended_by(&call, &end);
        let mut leave: Vec<_> =
            call.members.iter().flat_map(|member| member.devices()).cloned().collect();
        leave.extend(turn.leave);
        let mut in_vain = turn.in_vain;
        if matches!(end, End::HungUp { .. } | End::Lost) {
            in_vain.extend(call.members.iter().filter_map(rang_in_vain));
        }
        let participants = call.members.iter().map(|member| member.participation(at)).collect();
        let mut notices = turn.notices;
        notices.extend(last_words(
            &mut call,
            |duration_ms, call_id| Event::Ended {
                call_id,
                outcome,
                by: ended_by.clone(),
                duration_ms,
            },
            at,
        ));
        let remembered = remember(&call, outcome);
        let mut facts = call.facts;
        let switched_to = (facts.media_type != call.placed_as).then_some(facts.media_type);
        facts.media_type = call.placed_as;
        let ended = EndedCall {
            facts,
            outcome,
            accepted_at: call.accepted.map(|accepted| accepted.at),
            ended_at: at,
            ended_by,
            participants,
            switched_to,
        };
        Self { ended, notices, leave, in_vain, remembered }
    }
}

/// Why a call ended, for its record.
///
/// A one-to-one call that connected is lost if a side was. A group call that connected is
/// completed however people left it, since each has an outcome and times of their own. What never
/// connected ended by the strongest answer anybody gave: declined, else busy, else heard and not
/// answered, else never heard.
fn outcome(call: &Call, end: &End) -> Outcome {
    let talked = call.is_connected();
    match end {
        End::TooLong | End::Operator => Outcome::Interrupted,
        End::Stopped if talked => Outcome::Interrupted,
        End::Lost if talked && !call.is_group() => Outcome::PeerLost,
        End::HungUp { .. } | End::Declined { .. } | End::LineBusy | End::RangOut | End::Lost
            if talked =>
        {
            Outcome::Completed
        }
        End::HungUp { .. } | End::Lost | End::Stopped => Outcome::Cancelled,
        End::Declined { .. } | End::LineBusy | End::RangOut => strongest_answer(call),
    }
}

fn strongest_answer(call: &Call) -> Outcome {
    let gave = |answer| call.members.iter().any(|member| member.outcome == answer);
    if gave(ParticipantOutcome::Rejected) {
        Outcome::Rejected
    } else if gave(ParticipantOutcome::Busy) {
        Outcome::Busy
    } else if gave(ParticipantOutcome::NoAnswer) {
        Outcome::NoAnswer
    } else {
        Outcome::Offline
    }
}

/// Who ended it. A group call that nobody took, or in which the last one rung declined, was ended
/// by nobody alone.
fn ended_by(call: &Call, end: &End) -> Option<UserId> {
    match end {
        End::HungUp { by } => Some(by.clone()),
        End::Declined { by } => (!call.is_group()).then(|| by.clone()),
        End::LineBusy | End::RangOut | End::Lost | End::TooLong | End::Stopped | End::Operator => {
            None
        }
    }
}

/// What everybody still in or rung by the call is told of its end.
fn last_words(
    call: &mut Call,
    ended: impl Fn(u64, calling_model::CallId) -> Event,
    at: calling_model::UnixMillis,
) -> Vec<(Endpoint, Event)> {
    let (call_id, caller) = (call.facts.call_id.clone(), call.facts.caller.clone());
    let mut words = Vec::new();
    for member in &mut call.members {
        let event = match &member.stage {
            Stage::In(_) => ended(member.talked_ms(at), call_id.clone()),
            Stage::Ringing(_) => {
                Event::Cancelled { call_id: call_id.clone(), user: caller.clone() }
            }
            Stage::Out(_) => continue,
        };
        for device in member.devices().cloned().collect::<Vec<_>>() {
            member.note(&device, &event);
            words.push((device, event.clone()));
        }
    }
    words
}

fn remember(call: &Call, outcome: Outcome) -> Remembered {
    let last_words = call.members.iter().flat_map(|member| member.last_words.clone()).collect();
    let members = call.members.iter().map(|member| member.user.clone()).collect();
    Remembered { members, outcome, last_words }
}
