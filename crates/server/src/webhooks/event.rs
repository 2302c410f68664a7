//! What webhooks are told: the fields of the call-status callback of the component this project
//! matches, and the record as REST tells it.

use calling_callrecord::Record;
use calling_model::{CallId, GroupId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::{
    CallFacts, EndedCall, Outcome, ParticipantOutcome, Participation, Role,
};
use serde::Serialize;

/// Which address an event goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// Events and records of calls.
    Events,
    /// What a push service needs.
    Push,
}

impl Hook {
    /// Its name in the database and in REST.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Push => "push",
        }
    }
}

/// An event, ready to be stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HookEvent {
    /// The same for the same event, however often it is made or sent.
    pub(crate) event_id: String,
    pub(crate) hook: Hook,
    /// The kind, as it stands in the address.
    pub(crate) command: &'static str,
    /// Events of one lane are told in order.
    pub(crate) lane: String,
    /// JSON.
    pub(crate) body: String,
    pub(crate) at: UnixMillis,
}

/// Something that happened to a call between its start and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallEvent {
    pub(crate) call_id: CallId,
    pub(crate) at: UnixMillis,
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A device of this callee rings.
    Received(UserId),
    /// Somebody invited more people into the call.
    Invited { by: UserId, users: Vec<UserId> },
    /// Somebody entered the call without being rung.
    Joined(UserId),
}

/// How a caller is shown to one callee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallerCard {
    /// The callee's remark, or the nickname, or the id.
    pub(crate) name: String,
    pub(crate) avatar: String,
}

/// The body of a call-status callback. Times are milliseconds since 1970.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status<'a> {
    event_id: &'a str,
    event: &'static str,
    call_id: &'a CallId,
    user_id: &'a UserId,
    role: &'static str,
    room_id: RoomId,
    total_num: usize,
    media_type: &'static str,
    call_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_result: Option<&'static str>,
    event_time: UnixMillis,
    start_call_ts: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    accept_ts: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ts: Option<UnixMillis>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordBody<'a> {
    event_id: &'a str,
    event: &'static str,
    call_id: &'a CallId,
    event_time: UnixMillis,
    record: &'a Record,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PushBody<'a> {
    event_id: &'a str,
    event: &'static str,
    event_time: UnixMillis,
    call_id: &'a CallId,
    caller: &'a UserId,
    callee: &'a UserId,
    media_type: &'static str,
    call_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a GroupId>,
    #[serde(flatten)]
    ring: Option<Ring<'a>>,
    /// Why the invite is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Ring<'a> {
    title: &'a str,
    text: &'static str,
    caller_name: &'a str,
    caller_avatar: &'a str,
    /// Seconds.
    ring_timeout: u32,
    /// When it stops to ring; a push that comes later is not worth showing.
    expires_at: UnixMillis,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_data: &'a str,
}

/// What a call's status event says beside the facts.
struct Said<'a> {
    event: &'static str,
    user: &'a UserId,
    role: Role,
    result: Option<&'static str>,
    at: UnixMillis,
    accepted_at: Option<UnixMillis>,
    ended_at: Option<UnixMillis>,
}

/// A call was placed.
pub(crate) fn started(facts: &CallFacts) -> Vec<HookEvent> {
    vec![status(facts, placing(facts, "caller_start_call"))]
}

/// What became of the caller's wish to call.
const fn placing<'a>(facts: &'a CallFacts, event: &'static str) -> Said<'a> {
    Said {
        event,
        user: &facts.caller,
        role: Role::Caller,
        result: None,
        at: facts.started_at,
        accepted_at: None,
        ended_at: None,
    }
}

/// `by` accepted; the first to do so connects the caller.
pub(crate) fn accepted(
    facts: &CallFacts,
    by: &UserId,
    at: UnixMillis,
    is_first: bool,
) -> Vec<HookEvent> {
    let said = |event, user, role| Said {
        event,
        user,
        role,
        result: None,
        at,
        accepted_at: Some(at),
        ended_at: None,
    };
    let caller = is_first.then(|| said("caller_call_accepted", &facts.caller, Role::Caller));
    let callee = said("callee_accept_call", by, Role::Callee);
    caller.into_iter().chain([callee]).map(|said| status(facts, said)).collect()
}

/// A call that was placed was not stored in time, and to everybody else it never was.
pub(crate) fn refused(facts: &CallFacts) -> Vec<HookEvent> {
    let said = placing(facts, "caller_call_failed");
    let withdraw = |callee| push_withdraw(facts, callee, "cancelled", facts.started_at);
    let withdrawn = facts.callees.iter().map(withdraw);
    std::iter::once(status(facts, said)).chain(withdrawn).collect()
}

/// Something happened on the way.
pub(crate) fn on_the_way(facts: &CallFacts, event: &CallEvent) -> Vec<HookEvent> {
    let (name, user) = match &event.what {
        What::Received(user) => ("callee_receive_call", user),
        What::Invited { by, .. } => ("invite_user", by),
        What::Joined(user) => ("join_in_group_call", user),
    };
    let role = if *user == facts.caller { Role::Caller } else { Role::Callee };
    let said = Said {
        event: name,
        user,
        role,
        result: None,
        at: event.at,
        accepted_at: None,
        ended_at: None,
    };
    let mut told = status(facts, said);
    if let What::Invited { .. } = &event.what {
        // Somebody may invite again and again.
        told.event_id = format!("{}.{}", told.event_id, event.at.0);
    }
    vec![told]
}

/// A call ended: its caller, each callee, then the record.
pub(crate) fn ended(call: &EndedCall, record: &Record) -> Vec<HookEvent> {
    let facts = &call.facts;
    let result = Some(call_result(record.outcome));
    let said = |event, user, role, at| Said {
        event,
        user,
        role,
        result,
        at,
        accepted_at: record.accepted_at,
        ended_at: Some(record.ended_at),
    };
    let caller = said(caller_event(record), &facts.caller, Role::Caller, record.ended_at);
    let callees = record.participants.iter().filter(|part| part.user != facts.caller).map(|part| {
        let at = part.left_at.unwrap_or(record.ended_at).min(record.ended_at);
        said(callee_event(part, record), &part.user, Role::Callee, at)
    });
    let mut events: Vec<_> =
        std::iter::once(caller).chain(callees).map(|said| status(facts, said)).collect();
    events.push(of_record(record));
    events
}

fn of_record(record: &Record) -> HookEvent {
    let event_id = format!("{}.record", record.call_id.as_str());
    let body = RecordBody {
        event_id: &event_id,
        event: "record",
        call_id: &record.call_id,
        event_time: record.ended_at,
        record,
    };
    let body = encode(&body);
    let lane = lane(&record.call_id);
    HookEvent { event_id, hook: Hook::Events, command: "record", lane, body, at: record.ended_at }
}

/// Has `callee`'s devices woken.
pub(crate) fn push_invite(
    facts: &CallFacts,
    callee: &UserId,
    card: &CallerCard,
    at: UnixMillis,
) -> HookEvent {
    let ring = Ring {
        title: &card.name,
        text: push_text(facts),
        caller_name: &card.name,
        caller_avatar: &card.avatar,
        ring_timeout: facts.timeout_s,
        expires_at: at.saturating_add(std::time::Duration::from_secs(facts.timeout_s.into())),
        user_data: &facts.user_data,
    };
    push(facts, callee, "invite", Some(ring), None, at)
}

/// Takes back what [`push_invite`] showed on `callee`'s devices.
pub(crate) fn push_withdraw(
    facts: &CallFacts,
    callee: &UserId,
    reason: &'static str,
    at: UnixMillis,
) -> HookEvent {
    push(facts, callee, "withdraw", None, Some(reason), at)
}

/// For each callee who did not answer: the ringing is over.
pub(crate) fn push_ended(call: &EndedCall, record: &Record) -> Vec<HookEvent> {
    let withdraw = |part: &Participation| {
        let reason = match part.outcome {
            // Withdrawn when they answered, or never rung.
            ParticipantOutcome::Called
            | ParticipantOutcome::Accepted
            | ParticipantOutcome::Joined => return None,
            ParticipantOutcome::Rejected => "rejected",
            ParticipantOutcome::NoAnswer | ParticipantOutcome::Offline => "timeout",
            ParticipantOutcome::Busy => "busy",
            ParticipantOutcome::Cancelled | ParticipantOutcome::Pending => "cancelled",
        };
        Some(push_withdraw(&call.facts, &part.user, reason, record.ended_at))
    };
    record.participants.iter().filter_map(withdraw).collect()
}

fn push(
    facts: &CallFacts,
    callee: &UserId,
    event: &'static str,
    ring: Option<Ring<'_>>,
    reason: Option<&'static str>,
    at: UnixMillis,
) -> HookEvent {
    let event_id = format!("{}.push_{event}.{}", facts.call_id.as_str(), callee.as_str());
    let body = encode(&PushBody {
        event_id: &event_id,
        event,
        event_time: at,
        call_id: &facts.call_id,
        caller: &facts.caller,
        callee,
        media_type: media_type(facts.media_type),
        call_type: call_type(facts),
        group_id: facts.group_id.as_ref(),
        ring,
        reason,
    });
    let lane = format!("push.{}.{}", facts.call_id.as_str(), callee.as_str());
    HookEvent { event_id, hook: Hook::Push, command: "push", lane, body, at }
}

fn status(facts: &CallFacts, said: Said<'_>) -> HookEvent {
    let Said { event, user, role, result, at, accepted_at, ended_at } = said;
    let event_id = format!("{}.{event}.{}", facts.call_id.as_str(), user.as_str());
    let body = encode(&Status {
        event_id: &event_id,
        event,
        call_id: &facts.call_id,
        user_id: user,
        role: match role {
            Role::Caller => "caller",
            Role::Callee => "callee",
        },
        room_id: facts.room_id,
        total_num: facts.callees.len() + 1,
        media_type: media_type(facts.media_type),
        call_type: call_type(facts),
        group_id: facts.group_id.as_ref(),
        call_result: result,
        event_time: at,
        start_call_ts: facts.started_at,
        accept_ts: accepted_at,
        end_ts: ended_at,
    });
    let lane = lane(&facts.call_id);
    HookEvent { event_id, hook: Hook::Events, command: "call_status", lane, body, at }
}

fn lane(call_id: &CallId) -> String {
    call_id.as_str().to_owned()
}

fn encode<T: Serialize>(body: &T) -> String {
    // Strings, numbers and structures of them have no reason to fail.
    serde_json::to_string(body).expect("plain values are JSON")
}

const fn media_type(media: MediaType) -> &'static str {
    match media {
        MediaType::Audio => "audio",
        MediaType::Video => "video",
    }
}

const fn is_group(facts: &CallFacts) -> bool {
    facts.group_id.is_some() || facts.callees.len() > 1
}

const fn call_type(facts: &CallFacts) -> &'static str {
    if is_group(facts) { "group" } else { "single" }
}

const fn push_text(facts: &CallFacts) -> &'static str {
    match (facts.media_type, is_group(facts)) {
        (MediaType::Audio, false) => "Voice call",
        (MediaType::Video, false) => "Video call",
        (MediaType::Audio, true) => "Group voice call",
        (MediaType::Video, true) => "Group video call",
    }
}

const fn call_result(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "normal_end",
        Outcome::Rejected => "reject",
        Outcome::NoAnswer | Outcome::Offline => "not_answer",
        Outcome::Busy => "call_busy",
        Outcome::Cancelled => "cancel",
        Outcome::PeerLost | Outcome::Interrupted => "interrupt",
    }
}

const fn caller_event(record: &Record) -> &'static str {
    match record.outcome {
        Outcome::Completed => "caller_call_end",
        Outcome::Rejected => "caller_call_rejected",
        Outcome::NoAnswer | Outcome::Offline => "caller_call_missed",
        Outcome::Busy => "caller_call_busy",
        Outcome::Cancelled => "caller_cancel_call",
        Outcome::PeerLost | Outcome::Interrupted => "caller_call_interrupted",
    }
}

const fn callee_event(part: &Participation, record: &Record) -> &'static str {
    match part.outcome {
        ParticipantOutcome::Accepted | ParticipantOutcome::Called | ParticipantOutcome::Joined => {
            match record.outcome {
                Outcome::PeerLost | Outcome::Interrupted => "callee_call_interrupted",
                Outcome::Completed
                | Outcome::Rejected
                | Outcome::NoAnswer
                | Outcome::Offline
                | Outcome::Busy
                | Outcome::Cancelled => "callee_call_end",
            }
        }
        ParticipantOutcome::Rejected => "callee_reject_call",
        ParticipantOutcome::NoAnswer | ParticipantOutcome::Offline => "callee_not_answer_call",
        ParticipantOutcome::Busy => "callee_ignore_call",
        ParticipantOutcome::Cancelled | ParticipantOutcome::Pending => "callee_call_canceled",
    }
}

#[cfg(test)]
mod tests;
