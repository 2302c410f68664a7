//! The messages of calls of every kind, and the conversations they stand in.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_callrecord::{
    CallingMessage, Conversation, Language, MessageFlags, Protocol, StoredMessage, Texts,
    get_call_message, is_call_end_exist, message_for, messages_for,
};
use calling_model::UserId;
use calling_signaling::call::{EndedCall, Outcome, ParticipantOutcome, Participation, Role};
use calling_signaling::invite::MAX_MESSAGE_BYTES;
use common::{bracketed, call, call_of_several, group, part, talked, talking, user};
use proptest::prelude::*;

fn read(message: &StoredMessage) -> CallingMessage {
    get_call_message(&message.text).unwrap()
}

fn in_group(mut call: EndedCall) -> EndedCall {
    call.facts.group_id = Some(group("G"));
    call
}

/// The one message of a group call.
fn of_group(call: EndedCall) -> StoredMessage {
    let messages = messages_for(&in_group(call));
    assert_eq!(messages.len(), 1, "one for the whole group");
    let message = messages.into_iter().next().unwrap();
    assert_eq!(message.conversation, Conversation::Group(group("G")));
    assert!(read(&message).is_group && read(&message).is_shown(MessageFlags::default()));
    message
}

#[test]
fn a_call_of_two_leaves_the_one_message_of_the_two() {
    for call in [talked(65_000, Some("alice")), call(Outcome::NoAnswer, None, 0, None)] {
        let one = message_for(&call).unwrap();
        let all = messages_for(&call);
        assert_eq!(all.len(), 1);
        assert_eq!((&all[0].sender, &all[0].text), (&one.sender, &one.text));
        assert_eq!(all[0].conversation, Conversation::direct(user("alice"), user("bob")));
    }
}

#[test]
fn a_conversation_is_the_same_from_both_sides() {
    let direct = Conversation::direct(user("bob"), user("alice"));
    assert_eq!(direct, Conversation::direct(user("alice"), user("bob")));
    assert_eq!(direct, Conversation::Direct { a: user("alice"), b: user("bob") });
}

#[test]
fn a_group_call_that_took_place_leaves_its_end() {
    let parts = vec![
        talking("bob", ParticipantOutcome::Accepted, 0, 30),
        talking("carol", ParticipantOutcome::Accepted, 5, 60),
        part("dave", ParticipantOutcome::Rejected),
    ];
    let mut call = call_of_several(Outcome::Completed, Some(60_000), parts);
    call.participants[0] = talking("alice", ParticipantOutcome::Called, 0, 60);
    call.ended_by = Some(user("alice"));
    let message = of_group(call);
    assert_eq!(message.sender, user("carol"), "who remained");
    let end = read(&message);
    assert!(end.is_group_end() && is_call_end_exist(&end));
    assert_eq!(
        end.call_end_s,
        Some(1),
        "no length: the least that every generation takes for an end"
    );
    assert_eq!(end.caller, Some(user("alice")));
    assert_eq!(Texts::new(Language::ZhHans).group(&end, bracketed), "通话结束");
}

#[test]
fn a_group_call_in_vain_says_why_and_of_whom_that_is_true() {
    use ParticipantOutcome::{Busy, Cancelled, NoAnswer, Offline, Rejected};

    for (outcome, bob, carol, sender, line) in [
        (Outcome::Cancelled, Cancelled, Cancelled, "alice", "End group call"),
        (Outcome::NoAnswer, NoAnswer, Offline, "alice", "<bob> and <carol> no answer"),
        (Outcome::NoAnswer, Rejected, NoAnswer, "alice", "<carol> no answer"),
        (Outcome::Offline, Offline, Offline, "alice", "<bob> and <carol> no answer"),
        (Outcome::Rejected, Rejected, Rejected, "bob", "Call declined by <bob> and <carol>"),
        (Outcome::Rejected, Busy, Rejected, "carol", "Call declined by <carol>"),
        (Outcome::Busy, Busy, Busy, "bob", "<bob> and <carol> line busy"),
        (Outcome::Interrupted, Cancelled, Cancelled, "alice", "End group call"),
    ] {
        let parts = vec![part("bob", bob), part("carol", carol)];
        let message = of_group(call_of_several(outcome, None, parts));
        assert_eq!(message.sender, user(sender), "{outcome:?}");
        let shown = Texts::new(Language::En).group(&read(&message), bracketed);
        assert_eq!(shown, line, "{outcome:?}");
    }
}

#[test]
fn a_call_of_several_without_a_group_leaves_each_callee_their_own() {
    let parts = vec![
        talking("bob", ParticipantOutcome::Accepted, 0, 60),
        talking("carol", ParticipantOutcome::Accepted, 10, 25),
        part("dave", ParticipantOutcome::Rejected),
        part("erin", ParticipantOutcome::Busy),
        part("frank", ParticipantOutcome::NoAnswer),
        part("grace", ParticipantOutcome::Offline),
        part("heidi", ParticipantOutcome::Cancelled),
        part("ivan", ParticipantOutcome::Pending),
    ];
    let mut call = call_of_several(Outcome::Completed, Some(60_000), parts);
    call.ended_by = Some(user("alice"));
    let messages = messages_for(&call);
    let texts = Texts::new(Language::En);
    for (message, (callee, sender, line)) in messages.iter().zip([
        ("bob", "bob", "Duration: 01:00"),
        ("carol", "alice", "Duration: 00:15"),
        ("dave", "dave", "Declined"),
        ("erin", "erin", "Line busy"),
        ("frank", "alice", "Call timeout"),
        ("grace", "alice", "Call timeout"),
        ("heidi", "alice", "Call canceled by caller"),
        ("ivan", "alice", "Call canceled by caller"),
    ]) {
        assert_eq!(message.conversation, Conversation::direct(user("alice"), user(callee)));
        assert_eq!(message.sender, user(sender), "{callee}");
        let read = read(message);
        assert_eq!(read.role_of(&user(callee)), Role::Callee);
        assert_eq!(texts.direct(&read, Role::Callee), line, "{callee}");
    }
    assert_eq!(messages.len(), 8);
    assert_eq!(message_for(&call), None, "it is no call of two");
}

#[test]
fn the_end_comes_from_whoever_of_the_two_remained() {
    let parts = vec![
        talking("bob", ParticipantOutcome::Accepted, 0, 60),
        talking("carol", ParticipantOutcome::Accepted, 0, 10),
    ];
    let mut call = call_of_several(Outcome::Completed, Some(60_000), parts);
    call.participants[0] = talking("alice", ParticipantOutcome::Called, 0, 30);
    let senders: Vec<_> = messages_for(&call).into_iter().map(|message| message.sender).collect();
    assert_eq!(senders, [user("bob"), user("alice")]);
}

#[test]
fn of_several_who_stayed_to_the_end_the_first_tells_it() {
    let parts = vec![
        talking("bob", ParticipantOutcome::Accepted, 0, 60),
        talking("carol", ParticipantOutcome::Accepted, 0, 60),
        talking("dave", ParticipantOutcome::Accepted, 0, 20),
    ];
    let mut call = call_of_several(Outcome::Interrupted, Some(60_000), parts);
    call.participants[0] = talking("alice", ParticipantOutcome::Called, 0, 30);
    assert_eq!(of_group(call).sender, user("bob"));
}

#[test]
fn the_ends_of_a_call_of_several_have_ids_of_their_own() {
    let parts = vec![
        talking("bob", ParticipantOutcome::Accepted, 0, 60),
        talking("carol", ParticipantOutcome::Accepted, 0, 60),
    ];
    let call = call_of_several(Outcome::Completed, Some(60_000), parts);
    let ids: Vec<_> = messages_for(&call).iter().map(|message| read(message).invite_id).collect();
    assert!(ids[0].is_some() && ids[0] != ids[1]);
    assert!(!ids.contains(&Some(call.facts.invite_id)));
}

#[test]
fn who_came_to_a_running_call_has_a_message_too() {
    let mut call = talked(60_000, Some("alice"));
    call.participants.push(talking("carol", ParticipantOutcome::Accepted, 30, 60));
    let messages = messages_for(&call);
    let with_carol = Conversation::direct(user("alice"), user("carol"));
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].conversation, with_carol);
    assert_eq!(read(&messages[1]).call_end_s, Some(30));
}

#[test]
fn a_crowd_still_fits_a_message() {
    let crowd: Vec<Participation> =
        (0..2_000).map(|n| part(&format!("{n:0>32}"), ParticipantOutcome::NoAnswer)).collect();
    let message = of_group(call_of_several(Outcome::NoAnswer, None, crowd));
    assert!(message.text.len() < MAX_MESSAGE_BYTES, "{}", message.text.len());
    assert_eq!(read(&message).protocol(), Protocol::Timeout);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    proptest::sample::select(vec![
        Outcome::Completed,
        Outcome::Rejected,
        Outcome::NoAnswer,
        Outcome::Offline,
        Outcome::Busy,
        Outcome::Cancelled,
        Outcome::PeerLost,
        Outcome::Interrupted,
    ])
}

fn participants() -> impl Strategy<Value = Vec<Participation>> {
    use ParticipantOutcome as Part;

    let part = (
        "[a-z]{1,3}",
        proptest::sample::select(vec![
            Part::Called,
            Part::Pending,
            Part::Accepted,
            Part::Rejected,
            Part::NoAnswer,
            Part::Offline,
            Part::Busy,
            Part::Cancelled,
        ]),
        proptest::option::of(0..100_u64),
        proptest::option::of(0..100_u64),
    );
    let part = part.prop_map(|(name, outcome, from, to)| Participation {
        user: UserId::new(name).unwrap(),
        outcome,
        joined_at: from.map(|at| calling_model::UnixMillis(common::START + at * 1_000)),
        left_at: to.map(|at| calling_model::UnixMillis(common::START + at * 1_000)),
    });
    proptest::collection::vec(part, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happened, each conversation concerned has one message that can be read and is
    /// shown, from somebody who was in the call.
    #[test]
    fn every_call_leaves_what_can_be_read(
        outcome in outcomes(), talked in proptest::option::of(0..100_000_u64),
        parts in participants(), is_group in any::<bool>(), caller_left in any::<bool>(),
    ) {
        let mut call = call_of_several(outcome, talked, parts);
        call.ended_by = caller_left.then(|| user("alice"));
        if is_group {
            call = in_group(call);
        }
        let messages = messages_for(&call);
        prop_assert_eq!(&messages, &messages_for(&call), "the same however often");
        for message in &messages {
            let read = read(message);
            prop_assert_eq!(read.caller.as_ref(), Some(&call.facts.caller));
            prop_assert!(read.is_shown(MessageFlags::default()));
            prop_assert!(is_group || read.call_end_s != Some(0));
            let is_known = call.participants.iter().any(|part| part.user == message.sender);
            prop_assert!(is_known);
        }
        let mut conversations: Vec<_> = messages.iter().map(|m| m.conversation.clone()).collect();
        conversations.sort();
        conversations.dedup();
        prop_assert_eq!(conversations.len(), messages.len(), "one for each conversation");
        prop_assert_eq!(messages.len(), if is_group { 1 } else {
            calling_callrecord::Record::from(&call).callees.len()
        });
    }
}
