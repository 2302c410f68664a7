//! Scripts of events and the callbacks they lead to.

use std::time::Duration;

use calling_model::{InviteId, MediaType, RoomId, UnixMillis, Volume};
use calling_signaling::call::{CallFacts, Outcome, Role};
use calling_signaling::client::{ClientPhase, Connection, NetworkQuality, UserQuality};
use calling_signaling::protocol::{Code, ProtocolError, UserVolume};
use calling_testkit::epoch;

use super::*;
use crate::view::state::{CallPhase, LeftReason, MemberState};

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn call(name: &str) -> CallId {
    CallId::new(name).unwrap()
}

fn facts(id: &str, caller: &str, callees: &[&str]) -> CallFacts {
    CallFacts {
        call_id: call(id),
        invite_id: InviteId::new("i1").unwrap(),
        room_id: RoomId::new(7).unwrap(),
        caller: user(caller),
        callees: callees.iter().map(|name| user(name)).collect(),
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: String::new(),
        started_at: UnixMillis(0),
    }
}

fn invited(id: &str, sponsor: &str, others: &[&str]) -> ListenerEvent {
    ListenerEvent::Invited {
        call_id: call(id),
        sponsor: user(sponsor),
        user_ids: others.iter().map(|name| user(name)).collect(),
        is_from_group: false,
        group_id: None,
        call_type: MediaType::Audio,
        user_data: String::new(),
        remaining_ms: 20_000,
        in_call: Vec::new(),
    }
}

fn begun(id: &str, role: Role) -> ListenerEvent {
    let room_id = RoomId::new(7).unwrap();
    ListenerEvent::CallBegin { call_id: call(id), room_id, media_type: MediaType::Audio, role }
}

fn ended(id: &str) -> ListenerEvent {
    let (outcome, by) = (Outcome::Completed, Some(user("alice")));
    ListenerEvent::CallEnd { call_id: call(id), outcome, duration_ms: 4_000, by }
}

const ROOM: ListenerEvent = ListenerEvent::EnterRoom { result: Ok(40) };

/// A device of bob, and what its view heard.
struct Device {
    model: ViewModel,
    now: Instant,
    heard: Vec<ViewEvent>,
}

impl Device {
    fn of(name: &str) -> Self {
        Self { model: ViewModel::new(user(name)), now: epoch(), heard: Vec::new() }
    }

    /// One input per second.
    fn input(&mut self, input: &ViewInput) {
        self.now += Duration::from_secs(1);
        self.heard.extend(self.model.apply(self.now, input));
    }

    fn event(&mut self, event: ListenerEvent) {
        self.input(&ViewInput::Event(event));
    }

    fn state(&mut self, phase: ClientPhase, facts: Option<&CallFacts>) {
        let state =
            CallState { phase, call: facts.cloned(), signed_in: true, ..CallState::default() };
        self.input(&ViewInput::State(state));
    }

    fn talking() -> Self {
        let mut bob = Self::of("bob");
        bob.event(invited("c1", "alice", &[]));
        bob.event(begun("c1", Role::Callee));
        bob.event(ROOM);
        bob.heard.clear();
        bob
    }

    /// What was heard since this was asked last, in words.
    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard).iter().map(words).collect()
    }

    fn now_shown(&self) -> &CallViewState {
        self.model.current().unwrap()
    }

    fn member(&self, name: &str) -> &crate::view::MemberView {
        self.now_shown().members.iter().find(|member| member.user == user(name)).unwrap()
    }
}

fn words(event: &ViewEvent) -> String {
    let what = match event {
        ViewEvent::ShowIncoming(_) => "incoming",
        ViewEvent::ShowCall(_) => "call",
        ViewEvent::Update(_) => "update",
        ViewEvent::Close(_) => "close",
    };
    let call = event.call();
    let members = call.members.iter().map(|member| {
        let mark = if member.is_self { "*" } else { "" };
        format!(" {}{mark}:{:?}", member.user.as_str(), member.state)
    });
    let phase = if let CallPhase::Ended { end, duration_ms, .. } = &call.phase {
        format!("Ended({end:?}, {duration_ms})")
    } else {
        format!("{:?}", call.phase)
    };
    format!("{what} {} {phase}{}", call.call_id.as_str(), members.collect::<String>())
}

#[test]
fn an_incoming_call_that_is_answered() {
    let mut bob = Device::of("bob");
    bob.event(invited("c1", "alice", &[]));
    bob.input(&ViewInput::Accepting);
    bob.event(begun("c1", Role::Callee));
    bob.event(ROOM);
    bob.event(ListenerEvent::UserEnter { user: user("alice") });
    bob.event(ended("c1"));
    assert_eq!(
        bob.told(),
        [
            "incoming c1 Incoming alice:Connected bob*:Ringing",
            "call c1 Connecting alice:Connected bob*:Ringing",
            "update c1 Connecting alice:Connected bob*:Connected",
            "update c1 Connected alice:Connected bob*:Connected",
            "close c1 Ended(Outcome(Completed), 4000) alice:Connected bob*:Connected",
        ]
    );
    assert_eq!(bob.model.current(), None);
}

#[test]
fn a_call_that_is_placed_shows_how_far_it_is_with_each_callee() {
    let facts = facts("c1", "bob", &["carol", "dave", "erin", "frank"]);
    let mut bob = Device::of("bob");
    bob.state(ClientPhase::Requested, None);
    assert_eq!(bob.told(), [""; 0], "nothing to show before the server has placed it");
    bob.state(ClientPhase::Outgoing, Some(&facts));
    let began = bob.now;
    assert_eq!(bob.now_shown().rings_for(began), Some(Duration::from_secs(30)));
    for name in ["carol", "dave", "erin"] {
        bob.event(ListenerEvent::Ringing { user: user(name) });
    }
    bob.event(ListenerEvent::Reject { user: user("dave") });
    bob.event(ListenerEvent::LineBusy { user: user("erin") });
    bob.event(ListenerEvent::NoResp { user: user("frank") });
    bob.event(ListenerEvent::Accept { user: user("carol") });
    bob.event(ListenerEvent::Ringing { user: user("carol") });
    let told = bob.told();
    assert_eq!(
        told.first().unwrap(),
        "call c1 Outgoing bob*:Connected carol:Pending dave:Pending erin:Pending frank:Pending"
    );
    assert_eq!(told.len(), 8, "a late ringing says nothing new: {told:#?}");
    assert_eq!(
        told.last().unwrap(),
        "update c1 Outgoing bob*:Connected carol:Accepted dave:Left(Rejected) erin:Left(Busy) \
         frank:Left(NoAnswer)"
    );
    bob.event(begun("c1", Role::Caller));
    assert_eq!(bob.now_shown().rings_for(bob.now), None);
    bob.event(ROOM);
    bob.event(ListenerEvent::UserEnter { user: user("carol") });
    assert_eq!(bob.member("carol").state, MemberState::Connected);
    bob.event(ListenerEvent::Reject { user: user("carol") });
    assert_eq!(bob.member("carol").state, MemberState::Connected, "who takes part, does");
}

#[test]
fn a_group_call_of_fifty_goes_on_when_members_leave_and_come_back() {
    let names: Vec<String> = (0..50).map(|number| format!("u{number:02}")).collect();
    let mut bob = Device::of("bob");
    bob.event(invited("c1", "alice", &names.iter().map(String::as_str).collect::<Vec<_>>()));
    bob.event(begun("c1", Role::Callee));
    bob.event(ROOM);
    for name in &names {
        bob.event(ListenerEvent::UserEnter { user: user(name) });
    }
    assert_eq!(bob.now_shown().members.len(), 52);
    for (name, reason, state) in [
        ("u00", 0, LeftReason::HungUp),
        ("u01", 1, LeftReason::Lost),
        ("u02", 2, LeftReason::Removed),
    ] {
        bob.event(ListenerEvent::UserLeave { user: user(name), reason });
        assert_eq!(bob.member(name).state, MemberState::Left(state));
    }
    bob.event(ListenerEvent::UserEnter { user: user("u01") });
    assert_eq!(bob.member("u01").state, MemberState::Connected);
    bob.event(ListenerEvent::CallingTimeout { user_ids: vec![user("u49")] });
    bob.event(ListenerEvent::UserEnter { user: user("zoe") });
    let shown = bob.now_shown();
    assert_eq!((shown.members.len(), &shown.phase), (53, &CallPhase::Connected));
}

#[test]
fn every_way_in_which_it_stops_ringing_closes_the_window() {
    let elsewhere = |accepted| ListenerEvent::HandledElsewhere { call_id: call("c1"), accepted };
    for (event, end) in [
        (
            ListenerEvent::CallingCancel { user: user("alice") },
            ViewEnd::Outcome(Outcome::Cancelled),
        ),
        (ListenerEvent::CallingTimeout { user_ids: vec![] }, ViewEnd::Outcome(Outcome::NoAnswer)),
        (elsewhere(true), ViewEnd::AnsweredElsewhere),
        (elsewhere(false), ViewEnd::RejectedElsewhere),
        (ListenerEvent::KickedOffline {}, ViewEnd::SignedOut),
        (ended("c1"), ViewEnd::Outcome(Outcome::Completed)),
    ] {
        let mut bob = Device::of("bob");
        bob.event(invited("c1", "alice", &[]));
        bob.event(event);
        let last = bob.heard.pop().unwrap();
        let ViewEvent::Close(last) = last else { panic!("{last:?}") };
        assert!(matches!(last.phase, CallPhase::Ended { end: why, .. } if why == end));
        assert!(last.is_over());
    }
}

#[test]
fn the_window_of_a_declined_call_stays_that_of_an_incoming_one() {
    let mut bob = Device::of("bob");
    bob.event(invited("c1", "alice", &[]));
    bob.state(ClientPhase::Closing, Some(&facts("c1", "alice", &["bob"])));
    bob.event(ended("c1"));
    let told = bob.told();
    assert!(told[1].starts_with("update c1 Ending"), "{told:#?}");
    assert_eq!(told.len(), 3);
}

#[test]
fn an_accept_that_fails_lets_it_ring_again() {
    let mut bob = Device::of("bob");
    bob.event(invited("c1", "alice", &[]));
    bob.input(&ViewInput::Accepting);
    bob.input(&ViewInput::AcceptFailed);
    let starts: Vec<_> =
        bob.told().iter().map(|it| it.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(starts, ["incoming", "call", "incoming"]);
}

#[test]
fn glare_connects_two_callers_without_a_ring() {
    let mut bob = Device::of("bob");
    bob.state(ClientPhase::Requested, None);
    // Signalling may tell where it stands before it tells that the call began.
    bob.state(ClientPhase::Connected, Some(&facts("c1", "alice", &["bob"])));
    assert_eq!(bob.told(), [""; 0]);
    bob.event(begun("c1", Role::Callee));
    bob.event(ListenerEvent::UserEnter { user: user("alice") });
    bob.state(ClientPhase::Connected, Some(&facts("c1", "alice", &["bob"])));
    assert_eq!(
        bob.told(),
        [
            "call c1 Connecting bob*:Connected",
            "update c1 Connecting bob*:Connected alice:Connected",
            "update c1 Connecting alice:Connected bob*:Connected",
        ]
    );
    assert_eq!(bob.now_shown().caller().unwrap().user, user("alice"));
}

#[test]
fn a_lost_connection_shows_until_both_are_back() {
    let mut bob = Device::talking();
    let lost = |connection| ListenerEvent::ConnectionLost { connection };
    let back = |connection| ListenerEvent::Recovered { connection };
    bob.event(lost(Connection::Media));
    bob.event(lost(Connection::Signalling));
    bob.event(back(Connection::Media));
    assert_eq!(bob.now_shown().phase, CallPhase::Reconnecting);
    bob.event(back(Connection::Signalling));
    assert_eq!(bob.now_shown().phase, CallPhase::Connected);
    assert_eq!(bob.heard.len(), 2, "what changes nothing is not told");
}

#[test]
fn volumes_and_networks_reach_their_members() {
    let mut bob = Device::talking();
    let volume =
        |name, percent| UserVolume { user: user(name), volume: Volume::from_percent(percent) };
    let volumes = |volumes| ListenerEvent::UserVoiceVolume { volumes, total: Volume::SILENT };
    bob.event(volumes(vec![volume("alice", 60), volume("bob", 20), volume("nobody", 9)]));
    assert_eq!(bob.member("alice").volume.percent(), 60);
    assert_eq!(bob.member("bob").volume.percent(), 20);
    bob.event(volumes(vec![volume("bob", 30)]));
    assert_eq!(bob.member("alice").volume, Volume::SILENT, "who is not told of is silent");
    bob.event(ListenerEvent::NetworkQuality {
        local: NetworkQuality::Good,
        remotes: vec![UserQuality { user: user("alice"), quality: NetworkQuality::Bad }],
    });
    assert_eq!(bob.member("alice").network, NetworkQuality::Bad);
    assert_eq!(bob.now_shown().own().unwrap().network, NetworkQuality::Good);
    bob.event(ListenerEvent::UserAudioAvailable { user: user("alice"), available: true });
    assert!(bob.member("alice").audio_available);
    bob.event(ListenerEvent::UserLeave { user: user("alice"), reason: 0 });
    let gone = bob.member("alice");
    assert_eq!((gone.audio_available, gone.network), (false, NetworkQuality::Unknown));
}

#[test]
fn muting_and_the_camera_are_told_and_kept_for_the_next_call() {
    let mut bob = Device::talking();
    bob.input(&ViewInput::Camera(true));
    let mute = CallState { mic_muted: true, ..CallState::default() };
    bob.input(&ViewInput::State(mute));
    assert!(bob.now_shown().muted && bob.now_shown().camera_on);
    bob.event(ended("c1"));
    bob.event(invited("c2", "alice", &[]));
    assert!(bob.now_shown().muted && bob.now_shown().camera_on);
}

#[test]
fn a_name_is_shown_at_once_and_from_then_on() {
    let mut bob = Device::of("bob");
    let name = |user, name: &str| ViewInput::DisplayName { user, name: name.to_owned() };
    bob.input(&name(user("alice"), "Alice 🌻"));
    bob.event(invited("c1", "alice", &["carol"]));
    assert_eq!(bob.member("alice").display_name, "Alice 🌻");
    bob.input(&name(user("carol"), "王芳"));
    assert_eq!(bob.member("carol").display_name, "王芳");
    bob.input(&name(user("carol"), ""));
    assert_eq!(bob.member("carol").display_name, "carol");
    assert_eq!(bob.heard.len(), 3);
}

#[test]
fn what_goes_wrong_is_shown_with_its_code() {
    let mut bob = Device::talking();
    let error = ProtocolError::new(Code::Internal, "no room");
    bob.event(ListenerEvent::EnterRoom { result: Err(error) });
    let notice = bob.now_shown().notice.clone().unwrap();
    assert_eq!((notice.code, &*notice.message), (i32::from(Code::Internal), "no room"));
    bob.event(ListenerEvent::Warning { code: 5101, message: "weak".to_owned() });
    assert_eq!(bob.now_shown().notice.as_ref().unwrap().at, bob.now);
}

#[test]
fn time_runs_from_the_answer_and_stops_at_the_end() {
    let mut bob = Device::talking();
    let since = bob.now_shown().connected_at.unwrap();
    let later = since + Duration::from_secs(65);
    assert_eq!(bob.now_shown().elapsed(later), Duration::from_secs(65));
    bob.event(ended("c1"));
    assert_eq!(bob.heard.pop().unwrap().call().elapsed(later), Duration::from_secs(4));
}

#[test]
fn a_second_call_replaces_a_window_whose_end_was_missed() {
    let mut bob = Device::talking();
    bob.event(invited("c2", "carol", &[]));
    let told = bob.told();
    assert!(told[0].starts_with("close c1 Ended(Replaced"), "{told:#?}");
    assert!(told[1].starts_with("incoming c2 Incoming"), "{told:#?}");
    // What is still said of the first opens nothing.
    bob.state(ClientPhase::Connected, Some(&facts("c1", "bob", &["alice"])));
    bob.event(ended("c1"));
    assert_eq!(bob.told(), [""; 0]);
}

#[test]
fn signing_out_closes_with_the_time_talked() {
    let mut bob = Device::talking();
    bob.input(&ViewInput::Closed);
    let told = bob.told();
    // The answer came one input before the room.
    assert!(told[0].starts_with("close c1 Ended(SignedOut, 2000)"), "{told:#?}");
    bob.input(&ViewInput::Closed);
    assert_eq!(bob.told(), [""; 0]);
}

#[test]
fn members_beyond_the_list_are_said_to_be_there() {
    let mut bob = Device::talking();
    for number in 0..998 {
        bob.event(ListenerEvent::UserEnter { user: user(&format!("u{number}")) });
    }
    assert!(!bob.now_shown().more_members);
    bob.event(ListenerEvent::UserEnter { user: user("last") });
    assert_eq!((bob.now_shown().members.len(), bob.now_shown().more_members), (1_000, true));
}

#[test]
fn people_rung_later_are_pending_and_those_who_talk_already_are_connected() {
    let mut bob = Device::talking();
    let user_ids = ["bob", "carol", "dave"].map(user).to_vec();
    bob.event(ListenerEvent::InviteesChanged { by: user("alice"), user_ids });
    assert_eq!(bob.member("carol").state, MemberState::Pending);
    assert_eq!(bob.member("alice").state, MemberState::Connected);
    assert_eq!(bob.now_shown().members.len(), 4, "nobody twice");

    let mut carol = Device::of("carol");
    let mut invite = invited("c1", "alice", &["dave"]);
    if let ListenerEvent::Invited { in_call, .. } = &mut invite {
        *in_call = vec![user("alice"), user("bob")];
    }
    carol.event(invite);
    assert_eq!(carol.member("bob").state, MemberState::Connected);
    assert_eq!(carol.member("dave").state, MemberState::Pending);
}
