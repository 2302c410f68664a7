//! Calls of two that become calls of several, and the medium of calls of several.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_bridge::{BridgeConfig, BridgeDiscard, BridgeInput, MediaChange};
use calling_model::MediaType;
use calling_signaling::call::{Outcome, ParticipantOutcome};
use calling_signaling::invite::Signal;
use calling_signaling::protocol::Code;
use common::party::{A, B, C, D, both, four, heard, invite, ring, seconds, talking, users};
use common::{World, user, weather, who_hangs_up};
use proptest::prelude::*;

/// Alice and Bob talk.
fn two_talk(config: &BridgeConfig) -> World {
    let mut world = four(config);
    world.call(A, "bob", MediaType::Audio);
    world.run(seconds(1));
    world.accept(B);
    world.run(seconds(1));
    world
}

#[test]
fn a_call_of_two_becomes_one_of_three_whoever_invites() {
    for by in [A, B] {
        let mut world = two_talk(&who_hangs_up());
        let call_id = world.call_id(by);
        invite(&mut world, by, &["carol"]).unwrap();
        world.run(seconds(1));
        assert_eq!(heard(&world, B - by).last().unwrap(), "invitees_changed");
        let rung = world.ends[C].bridge.call().unwrap();
        assert_eq!(rung.facts.caller, user("alice"), "whoever placed it stays its caller");
        assert_eq!(rung.facts.room_id, world.ends[A].bridge.call().unwrap().facts.room_id);
        world.accept(C);
        world.run(seconds(1));
        for end in [A, B, C] {
            assert_eq!(talking(&world, end), ["alice", "bob", "carol"], "{end}");
        }
        assert_eq!(heard(&world, B - by).last().unwrap(), "accepted");
        assert_eq!(world.call_id(by), call_id, "it is the same call");
        // Whoever placed it leaves, and the others talk on.
        world.hangup(A);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false, true, true, false]);
        world.hangup(C);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false; 4]);
        for end in [A, B, C] {
            let records = &world.ends[end].records;
            assert_eq!(records.len(), 1);
            assert_eq!(records[0].facts.callees, users(&["bob", "carol"]));
            assert_eq!(records[0].outcome, Outcome::Completed);
            assert_eq!(records[0].participants[0].user, user("alice"));
            assert_eq!(records[0].participants[2].outcome, ParticipantOutcome::Accepted);
        }
        assert_eq!(world.ends.iter().map(|end| end.connected.len()).sum::<usize>(), 3);
    }
}

#[test]
fn nobody_is_invited_before_somebody_answers() {
    let mut world = four(&who_hangs_up());
    world.call(A, "bob", MediaType::Audio);
    world.run(seconds(1));
    assert_eq!(invite(&mut world, A, &["carol"]).unwrap_err().code, Code::WrongState);
    assert_eq!(invite(&mut world, B, &["carol"]).unwrap_err().code, Code::WrongState);
    world.accept(B);
    world.run(seconds(1));
    assert_eq!(talking(&world, A), ["alice", "bob"]);
    assert!(!world.in_call()[C]);
}

/// Both invite at once: all four end in one call.
#[test]
fn both_of_two_invite_at_once() {
    let mut world = two_talk(&who_hangs_up());
    invite(&mut world, A, &["carol"]).unwrap();
    invite(&mut world, B, &["dave"]).unwrap();
    world.run(seconds(1));
    world.accept(C);
    world.accept(D);
    world.run(seconds(1));
    for end in [A, B] {
        assert_eq!(talking(&world, end), ["alice", "bob", "carol", "dave"], "{end}");
    }
    for (end, name) in [(C, "dave"), (D, "carol")] {
        world.sees(end, name, MediaChange::Entered);
        assert_eq!(talking(&world, end), ["alice", "bob", "carol", "dave"], "{end}");
    }
}

/// Who declines or does not answer leaves the two as they were.
#[test]
fn a_third_who_declines_leaves_the_two_talking() {
    for busy in [true, false] {
        let mut world = two_talk(&who_hangs_up());
        invite(&mut world, A, &["carol"]).unwrap();
        world.run(seconds(1));
        world.reject(C, busy);
        world.run(seconds(1));
        let word = if busy { "line_busy" } else { "rejected" };
        assert_eq!(heard(&world, A).last().unwrap(), word);
        assert_eq!(heard(&world, B).last().unwrap(), word);
        assert_eq!(talking(&world, B), ["alice", "bob"]);
        world.hangup(B);
        world.run(seconds(1));
        assert_eq!(world.in_call(), [false; 4]);
        assert_eq!(world.ends[A].records[0].outcome, Outcome::Completed);
    }
}

/// What Alice relays never comes to Bob; that somebody else is in the room says it.
#[test]
fn whoever_enters_the_room_of_two_was_invited() {
    let mut world = two_talk(&who_hangs_up());
    world.sees(B, "carol", MediaChange::Left);
    assert_eq!(world.ends[B].bridge.call().unwrap().members.len(), 2);
    world.sees(B, "carol", MediaChange::Entered);
    assert_eq!(talking(&world, B), ["alice", "bob", "carol"]);
    world.sees(B, "alice", MediaChange::Left);
    assert_eq!(talking(&world, B), ["bob", "carol"]);
    // With one other left in it the words of a call of two do.
    let call_id = world.call_id(B);
    world.input(B, BridgeInput::PeerLeft { call_id });
    assert!(!world.in_call()[B]);
    assert_eq!(world.ends[B].records.len(), 1);
}

/// What is seen of the peer's media in a call of two may be told either way.
#[test]
fn member_media_speaks_of_the_peer_of_two_as_well() {
    let mut world = two_talk(&who_hangs_up());
    world.sees(A, "bob", MediaChange::Lost);
    world.sees(A, "bob", MediaChange::Back);
    world.run(seconds(10));
    assert!(world.in_call()[A]);
    world.sees(A, "bob", MediaChange::Lost);
    world.run(seconds(10));
    assert_eq!(world.ends[A].records[0].outcome, Outcome::PeerLost);
    assert_eq!(world.in_call(), [false; 4]);
    let mut world = two_talk(&BridgeConfig::default());
    world.hangup(A);
    world.sees(B, "alice", MediaChange::Left);
    assert_eq!(world.in_call(), [false; 4]);
}

/// Nobody makes a call of two grow who is not in it, nor for a call it is not about.
#[test]
fn only_the_peer_tells_of_others() {
    let mut world = two_talk(&who_hangs_up());
    let relay = |id: &str| {
        format!(
            r#"{{"version":4,"businessID":"av_call","call_action":1,"callid":"{id}","data":{{"cmd":"sync_info","userIDs":["carol"]}}}}"#
        )
    };
    world.receive(B, "mallory", &relay(""), seconds(0));
    world.receive(B, "alice", &relay("another"), seconds(0));
    assert_eq!(world.ends[B].discarded(BridgeDiscard::Relayed), 2);
    assert_eq!(world.ends[B].bridge.call().unwrap().members.len(), 2);
    world.receive(B, "alice", &relay(""), seconds(0));
    assert_eq!(world.ends[B].bridge.call().unwrap().members.len(), 3);
}

/// A wish that the peer has not answered by the time somebody is invited is denied; the medium is
/// told from then on.
#[test]
fn the_medium_goes_along_when_a_call_grows() {
    let mut world = two_talk(&who_hangs_up());
    world.switch(A, MediaType::Video);
    world.run(seconds(1));
    assert_eq!((world.medium(A), world.medium(B)), (MediaType::Video, MediaType::Video));
    let wish = world.switch(B, MediaType::Audio);
    invite(&mut world, B, &["carol"]).unwrap();
    assert_eq!(world.ends[B].replies[&wish].as_ref().unwrap_err().code, Code::WrongState);
    world.run(seconds(1));
    assert_eq!(world.medium(C), MediaType::Video);
    world.accept(C);
    world.run(seconds(1));
    let switch = world.switch(C, MediaType::Audio);
    assert!(world.ends[C].replies[&switch].is_ok());
    world.run(seconds(1));
    for end in [A, B, C] {
        assert_eq!(world.medium(end), MediaType::Audio, "{end}");
    }
    for end in [A, B, C] {
        world.hangup(end);
        world.run(seconds(1));
        if !world.in_call()[C] {
            break;
        }
    }
    // As placed and as it ended: that it was a video call in between is no part of a record.
    let record = &world.ends[A].records[0];
    assert_eq!((record.facts.media_type, record.switched_to), (MediaType::Audio, None));
}

#[test]
fn a_switch_of_one_is_heard_by_all() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol", "dave"], group_id);
        for end in [B, C] {
            world.accept(end);
            world.run(seconds(1));
        }
        for (by, to) in [(B, MediaType::Audio), (A, MediaType::Video), (C, MediaType::Audio)] {
            let switch = world.switch(by, to);
            assert!(world.ends[by].replies[&switch].is_ok());
            world.run(seconds(1));
            for end in [A, B, C] {
                assert_eq!(world.medium(end), to, "{end} after {by}");
                let told = heard(&world, end).last().unwrap() == "media_type_changed";
                assert!(told || end == by);
            }
        }
        // Who answers now enters a voice call.
        world.accept(D);
        world.run(seconds(1));
        world.hangup(D);
        world.hangup(B);
        world.hangup(C);
        world.run(seconds(1));
        for end in [A, B, C] {
            let record = &world.ends[end].records[0];
            assert_eq!(record.facts.media_type, MediaType::Video);
            assert_eq!(record.switched_to, Some(MediaType::Audio), "{end}");
        }
    });
}

/// Two switch at once, and all come to the same.
#[test]
fn switches_that_cross_settle() {
    both(|group_id| {
        let mut world = four(&who_hangs_up());
        ring(&mut world, A, &["bob", "carol"], group_id);
        world.accept(B);
        world.run(seconds(1));
        world.accept(C);
        world.run(seconds(1));
        world.switch(A, MediaType::Audio);
        world.switch(B, MediaType::Audio);
        world.switch(B, MediaType::Video);
        world.run(seconds(1));
        let media: Vec<MediaType> = [A, B, C].map(|end| world.medium(end)).to_vec();
        assert_eq!(media, [MediaType::Video; 3]);
    });
}

/// An older program asks as in a call of two, and is granted it.
#[test]
fn an_older_program_asks_in_a_call_that_grew() {
    let mut world = four(&who_hangs_up());
    world.call(A, "bob", MediaType::Video);
    let invite_id = world.ends[A].sent[0].1.invite_id.clone().unwrap();
    let invite_id = invite_id.as_str();
    let accept = format!(
        r#"{{"actionType":3,"businessID":1,"inviteID":"{invite_id}","inviter":"alice","inviteeList":["bob"],"data":"{{\"version\":4,\"businessID\":\"av_call\",\"platform\":\"iOS\",\"call_type\":2,\"data\":{{\"cmd\":\"\"}}}}"}}"#
    );
    world.receive(A, "bob", &accept, seconds(0));
    invite(&mut world, A, &["carol"]).unwrap();
    let wish = r#"{"actionType":1,"businessID":1,"inviteID":"W","inviter":"bob","inviteeList":["alice"],"timeout":30,"data":"{\"version\":4,\"businessID\":\"av_call\",\"platform\":\"iOS\",\"call_type\":2,\"switch_to_audio_call\":\"switch_to_audio_call\",\"data\":{\"cmd\":\"switchToAudio\"}}"}"#;
    world.receive(A, "bob", wish, seconds(0));
    assert_eq!(world.medium(A), MediaType::Audio);
    let (to, answer) = world.ends[A].sent.last().unwrap();
    assert_eq!(*to, user("bob"));
    assert_eq!(answer.signal(), Ok(Signal::SwitchAccepted { to: MediaType::Audio }));
    // Bob's program knows nothing of relays about others, and is told of no switch.
    let relayed = |text: &str| text.contains("switchToVideo");
    world.switch(A, MediaType::Video);
    assert!(!world.ends[A].posted.iter().any(|(_, text)| relayed(text)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever switches when, late or doubled but not lost: all come to one medium.
    #[test]
    fn without_loss_all_come_to_one_medium(
        duplicate in 0.0_f64..0.5, jitter_ms in 0_u64..3_000,
        in_group: bool,
        acts in proptest::collection::vec((0_usize..4, any::<bool>(), 0_u64..2_000), 1..12),
    ) {
        let mut world = four(&who_hangs_up());
        let group_id = in_group.then(common::party::group);
        ring(&mut world, A, &["bob", "carol", "dave"], group_id);
        for end in [B, C, D] {
            world.accept(end);
            world.run(seconds(1));
        }
        world.network.impair(weather(0.0, duplicate, jitter_ms));
        for (end, video, pause) in acts {
            world.switch(end, if video { MediaType::Video } else { MediaType::Audio });
            world.run(std::time::Duration::from_millis(pause));
        }
        world.run(seconds(30));
        let media = [A, B, C, D].map(|end| world.medium(end));
        prop_assert_eq!(media, [media[0]; 4]);
    }
}
