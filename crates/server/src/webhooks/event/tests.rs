use calling_model::InviteId;
use serde_json::{Value, json};

use super::*;

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn facts() -> CallFacts {
    CallFacts {
        call_id: CallId::new("c1").unwrap(),
        invite_id: InviteId::new("i1").unwrap(),
        room_id: RoomId::new(7).unwrap(),
        caller: user("alice"),
        callees: vec![user("bob"), user("carol")],
        media_type: MediaType::Video,
        group_id: Some(GroupId::new("g").unwrap()),
        timeout_s: 30,
        user_data: "hi".to_owned(),
        started_at: UnixMillis(1_000),
    }
}

fn part(name: &str, outcome: ParticipantOutcome, joined: Option<(u64, u64)>) -> Participation {
    let (joined_at, left_at) = joined.unzip();
    Participation {
        user: user(name),
        outcome,
        joined_at: joined_at.map(UnixMillis),
        left_at: left_at.map(UnixMillis),
    }
}

fn call(outcome: Outcome, parts: Vec<Participation>) -> EndedCall {
    EndedCall {
        facts: facts(),
        outcome,
        accepted_at: parts[0].joined_at,
        ended_at: UnixMillis(9_000),
        ended_by: None,
        participants: parts,
        switched_to: None,
    }
}

fn bodies(events: &[HookEvent]) -> Vec<Value> {
    events.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect()
}

/// Who was told what.
fn told(call: &EndedCall) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bodies = bodies(&ended(call, &Record::from(call)));
    bodies.iter().map(|b| (text(&b["Event"]), text(&b["UserId"]), text(&b["CallResult"]))).collect()
}

#[test]
fn a_status_event_has_every_field_by_its_name() {
    let events = started(&facts());
    let expected = json!({
        "EventId": "c1.caller_start_call.alice",
        "Event": "caller_start_call",
        "CallId": "c1",
        "UserId": "alice",
        "Role": "caller",
        "RoomId": 7,
        "TotalNum": 3,
        "MediaType": "video",
        "CallType": "group",
        "GroupId": "g",
        "EventTime": 1_000,
        "StartCallTs": 1_000,
    });
    assert_eq!(bodies(&events), [expected]);
    let accepted = bodies(&accepted(&facts(), &user("bob"), UnixMillis(2_000), true));
    assert_eq!(accepted[1]["AcceptTs"], 2_000);
    assert_eq!(accepted[1]["Role"], "callee");
}

#[test]
fn each_outcome_tells_caller_and_callees_their_own() {
    use ParticipantOutcome as Part;
    let talked = Some((2_000, 9_000));
    let cases = [
        (
            Outcome::Completed,
            Part::Accepted,
            talked,
            "caller_call_end",
            "callee_call_end",
            "normal_end",
        ),
        (
            Outcome::PeerLost,
            Part::Accepted,
            talked,
            "caller_call_interrupted",
            "callee_call_interrupted",
            "interrupt",
        ),
        (
            Outcome::Interrupted,
            Part::Accepted,
            talked,
            "caller_call_interrupted",
            "callee_call_interrupted",
            "interrupt",
        ),
        (
            Outcome::Rejected,
            Part::Rejected,
            None,
            "caller_call_rejected",
            "callee_reject_call",
            "reject",
        ),
        (
            Outcome::NoAnswer,
            Part::NoAnswer,
            None,
            "caller_call_missed",
            "callee_not_answer_call",
            "not_answer",
        ),
        (
            Outcome::Offline,
            Part::Offline,
            None,
            "caller_call_missed",
            "callee_not_answer_call",
            "not_answer",
        ),
        (Outcome::Busy, Part::Busy, None, "caller_call_busy", "callee_ignore_call", "call_busy"),
        (
            Outcome::Cancelled,
            Part::Cancelled,
            None,
            "caller_cancel_call",
            "callee_call_canceled",
            "cancel",
        ),
    ];
    for (outcome, part_outcome, times, caller, callee, result) in cases {
        let parts = vec![part("alice", Part::Called, times), part("bob", part_outcome, times)];
        let told = told(&call(outcome, parts));
        let row = |event: &str, user: &str| (event.to_owned(), user.to_owned(), result.to_owned());
        assert_eq!(told[..2], [row(caller, "alice"), row(callee, "bob")]);
        assert_eq!(told[2].0, "record");
        assert_eq!(told.len(), 3);
    }
}

#[test]
fn who_left_early_left_when_they_left() {
    use ParticipantOutcome as Part;
    let parts = vec![
        part("alice", Part::Called, Some((2_000, 9_000))),
        part("bob", Part::Accepted, Some((2_000, 5_000))),
        part("carol", Part::NoAnswer, None),
    ];
    let call = call(Outcome::Completed, parts);
    let bodies = bodies(&ended(&call, &Record::from(&call)));
    let times: Vec<_> = bodies.iter().map(|body| body["EventTime"].as_u64().unwrap()).collect();
    assert_eq!(times, [9_000, 5_000, 9_000, 9_000]);
    let withdrawn = push_ended(&call, &Record::from(&call));
    assert_eq!(withdrawn.len(), 1, "bob's push was withdrawn when bob answered");
    assert_eq!(withdrawn[0].event_id, "c1.push_withdraw.carol");
}

#[test]
fn ids_are_the_same_for_the_same_event_and_differ_otherwise() {
    let event = |user: &str| CallEvent {
        call_id: CallId::new("c1").unwrap(),
        at: UnixMillis(5),
        what: What::Received(UserId::new(user).unwrap()),
    };
    let id = |user| on_the_way(&facts(), &event(user))[0].event_id.clone();
    assert_eq!(id("bob"), id("bob"));
    assert_ne!(id("bob"), id("carol"));
    let invited = |at| CallEvent {
        at: UnixMillis(at),
        what: What::Invited { by: user("bob"), users: vec![user("dave")] },
        ..event("bob")
    };
    assert_ne!(
        on_the_way(&facts(), &invited(1))[0].event_id,
        on_the_way(&facts(), &invited(2))[0].event_id
    );
    let joined = CallEvent { what: What::Joined(user("dave")), ..event("bob") };
    assert_eq!(bodies(&on_the_way(&facts(), &joined))[0]["Event"], "join_in_group_call");
}

#[test]
fn a_push_has_what_a_push_service_needs() {
    let card = CallerCard { name: "Ally \"%s".to_owned(), avatar: "https://a/b.png".to_owned() };
    let event = push_invite(&facts(), &user("bob"), &card, UnixMillis(1_000));
    let expected = json!({
        "EventId": "c1.push_invite.bob",
        "Event": "invite",
        "EventTime": 1_000,
        "CallId": "c1",
        "Caller": "alice",
        "Callee": "bob",
        "MediaType": "video",
        "CallType": "group",
        "GroupId": "g",
        "Title": "Ally \"%s",
        "Text": "Group video call",
        "CallerName": "Ally \"%s",
        "CallerAvatar": "https://a/b.png",
        "RingTimeout": 30,
        "ExpiresAt": 31_000,
        "UserData": "hi",
    });
    assert_eq!(bodies(&[event]), [expected]);
}
