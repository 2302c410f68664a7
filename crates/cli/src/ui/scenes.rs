//! Calls to draw, for tests.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use calling::view::{
    CallPhase, CallViewState, LeftReason, MemberState, MemberView, ViewEnd, ViewNotice,
};
use calling::{CallId, GroupId, MediaType, NetworkQuality, Outcome, Role, UserId, Volume};

/// The moment at which every scene is looked at.
pub(super) fn now() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now) + Duration::from_secs(3_600)
}

fn ago(seconds: u64) -> Instant {
    now() - Duration::from_secs(seconds)
}

pub(super) fn member(user: &str, name: &str, state: MemberState) -> MemberView {
    let connected = state == MemberState::Connected;
    MemberView {
        user: UserId::new(user).unwrap(),
        display_name: name.to_owned(),
        is_self: user == "bob",
        state,
        volume: Volume::SILENT,
        audio_available: connected,
        video_available: false,
        network: if connected { NetworkQuality::Excellent } else { NetworkQuality::Unknown },
    }
}

fn speaks(percent: u8, network: NetworkQuality, member: MemberView) -> MemberView {
    MemberView { volume: Volume::from_percent(percent), network, ..member }
}

fn call(phase: CallPhase, role: Role, members: Vec<MemberView>) -> CallViewState {
    CallViewState {
        call_id: CallId::new("c1").unwrap(),
        role,
        media_type: MediaType::Audio,
        group_id: None,
        phase,
        members,
        more_members: false,
        muted: false,
        camera_on: false,
        started_at: ago(40),
        rings_until: None,
        connected_at: None,
        notice: None,
    }
}

pub(super) fn incoming() -> CallViewState {
    let members = vec![
        member("alice", "Alice", MemberState::Connected),
        member("bob", "bob", MemberState::Ringing),
    ];
    let rings_until = Some(now() + Duration::from_secs(24));
    CallViewState { rings_until, ..call(CallPhase::Incoming, Role::Callee, members) }
}

pub(super) fn incoming_group() -> CallViewState {
    let mut call = incoming();
    call.media_type = MediaType::Video;
    call.group_id = Some(GroupId::new("climbing-club").unwrap());
    for name in ["carol", "dave", "erin", "frank", "grace"] {
        call.members.push(member(name, name, MemberState::Pending));
    }
    call
}

pub(super) fn outgoing() -> CallViewState {
    let members = vec![
        member("bob", "bob", MemberState::Connected),
        member("alice", "Alice", MemberState::Ringing),
    ];
    let rings_until = Some(now() + Duration::from_secs(24));
    CallViewState { rings_until, ..call(CallPhase::Outgoing, Role::Caller, members) }
}

pub(super) fn outgoing_group() -> CallViewState {
    let mut call = outgoing();
    call.members.extend([
        member("carol", "Carol", MemberState::Pending),
        member("dave", "Dave", MemberState::Left(LeftReason::Busy)),
        member("erin", "Erin", MemberState::Left(LeftReason::Rejected)),
        member("frank", "Frank", MemberState::Accepted),
    ]);
    call
}

pub(super) fn connecting() -> CallViewState {
    CallViewState { phase: CallPhase::Connecting, ..incoming() }
}

pub(super) fn connected() -> CallViewState {
    let member = |user, name| member(user, name, MemberState::Connected);
    let members = vec![
        speaks(64, NetworkQuality::Good, member("alice", "Alice")),
        speaks(12, NetworkQuality::Excellent, member("bob", "bob")),
    ];
    let connected_at = Some(ago(65));
    CallViewState { connected_at, ..call(CallPhase::Connected, Role::Callee, members) }
}

/// Names of every width, and members in every state.
pub(super) fn connected_group() -> CallViewState {
    let mut call = connected();
    let joined = |user, name| member(user, name, MemberState::Connected);
    call.media_type = MediaType::Video;
    call.muted = true;
    call.connected_at = Some(ago(3_599));
    call.notice =
        Some(ViewNotice { at: ago(1), code: 5101, message: "the network is weak".to_owned() });
    call.members.extend([
        speaks(100, NetworkQuality::Poor, joined("wang", "王小明（产品）一个很长的名字在这里")),
        speaks(0, NetworkQuality::Bad, joined("family", "👨‍👩‍👧‍👦 Familie")),
        MemberView { audio_available: false, ..joined("zoe", "Zoë\u{301} ☎️") },
        speaks(40, NetworkQuality::VeryBad, joined("evil", "\u{202e}\u{1b}[2Jevil\nname")),
        speaks(5, NetworkQuality::Down, joined("flag", "🇩🇪🇫🇷 ñandú")),
        member("carol", "Carol", MemberState::Ringing),
        member("dave", "Dave", MemberState::Left(LeftReason::Lost)),
    ]);
    call
}

pub(super) fn fifty() -> CallViewState {
    let mut call = connected();
    call.members.extend((2..50_u8).map(|number| {
        let name = format!("member{number:02}");
        let member = member(&name, &name, MemberState::Connected);
        speaks(number * 2, NetworkQuality::Good, member)
    }));
    call
}

pub(super) fn reconnecting() -> CallViewState {
    CallViewState { phase: CallPhase::Reconnecting, ..connected() }
}

pub(super) fn ending() -> CallViewState {
    CallViewState { phase: CallPhase::Ending, ..connected() }
}

pub(super) fn ended() -> CallViewState {
    let end = ViewEnd::Outcome(Outcome::Completed);
    let by = Some(UserId::new("alice").unwrap());
    CallViewState { phase: CallPhase::Ended { end, duration_ms: 65_400, by }, ..connected() }
}

pub(super) fn missed() -> CallViewState {
    let end = ViewEnd::Outcome(Outcome::Cancelled);
    let by = Some(UserId::new("alice").unwrap());
    CallViewState { phase: CallPhase::Ended { end, duration_ms: 0, by }, ..incoming() }
}
