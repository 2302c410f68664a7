//! Models of the older receivers, each written from the rule by which it is known to read a message
//! and from nothing of ours: whatever we write, each understands what was meant, as far as its
//! generation has a word for it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a model maps the few words that it lacks")]

use calling_model::{CallId, GroupId, InviteId, MediaType, RoomId, UnixMillis, UserId};
use calling_signaling::call::CallFacts;
use calling_signaling::invite::{MidCall, Signal, compose};
use proptest::prelude::*;
use serde_json::Value;

/// What a receiver takes a message for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Call(MediaType),
    End {
        seconds: Option<u64>,
    },
    SwitchToAudio,
    SwitchToVideo,
    Cancel,
    Accept,
    SwitchAccepted,
    Reject,
    SwitchRejected,
    Busy,
    Timeout,
    /// Nothing it acts on or shows.
    Nothing,
}

/// A message as any JSON reader sees it.
struct Read {
    envelope: Value,
    payload: Value,
}

impl Read {
    fn new(text: &str) -> Self {
        let envelope: Value = serde_json::from_str(text).unwrap();
        let payload = serde_json::from_str(envelope["data"].as_str().unwrap()).unwrap();
        Self { envelope, payload }
    }

    fn action(&self) -> u64 {
        self.envelope["actionType"].as_u64().unwrap()
    }

    fn is_group(&self) -> bool {
        self.envelope["groupID"].as_str().is_some_and(|group| !group.is_empty())
    }

    fn cmd(&self) -> &str {
        self.payload["data"]["cmd"].as_str().unwrap_or("")
    }

    /// Through a map that makes every number a double, as Gson does.
    fn double(&self, key: &str) -> Option<f64> {
        self.payload[key].as_f64()
    }

    fn call(&self) -> Seen {
        match self.double("call_type") {
            Some(1.0) => Seen::Call(MediaType::Audio),
            Some(2.0) => Seen::Call(MediaType::Video),
            _ => Seen::Nothing,
        }
    }

    fn is_set(&self, key: &str) -> bool {
        self.payload[key].as_str().is_some_and(|text| !text.is_empty())
    }

    fn old_busy(&self) -> bool {
        self.payload["line_busy"] == "line_busy"
    }

    fn new_busy(&self) -> bool {
        self.payload["data"]["message"] == "lineBusy"
    }
}

/// What every receiver takes from the signalling of the messaging service itself.
fn plain(read: &Read, busy: bool, switches: bool) -> Seen {
    match read.action() {
        2 => Seen::Cancel,
        3 if switches => Seen::SwitchAccepted,
        3 => Seen::Accept,
        4 if busy => Seen::Busy,
        4 if switches => Seen::SwitchRejected,
        4 => Seen::Reject,
        5 => Seen::Timeout,
        _ => Seen::Nothing,
    }
}

/// Version 4, old style: by command alone. `hangup` tells the duration by `call_end`.
fn by_command(read: &Read, seconds: Option<u64>) -> Seen {
    match (read.action(), read.cmd()) {
        (1, "audioCall" | "videoCall") => read.call(),
        (1, "hangup") => Seen::End { seconds },
        (1, "switchToAudio") => Seen::SwitchToAudio,
        (1, _) => Seen::Nothing,
        (_, cmd) => plain(read, read.new_busy(), cmd == "switchToAudio"),
    }
}

/// Android, generation 2: its own if `businessID` is `av_call`; new style if that and `platform`
/// are not empty.
fn android(read: &Read) -> Seen {
    if read.payload["businessID"] != "av_call" || !read.is_set("platform") {
        return Seen::Nothing;
    }
    by_command(read, read.double("call_end").map(|seconds| seconds as u64))
}

/// iOS, generation 2: new style if `platform` and `data` are there; nothing above version 4. The
/// duration is read from `cmdInfo`.
fn ios(read: &Read) -> Seen {
    let new_style = !read.payload["platform"].is_null() && read.payload["data"].is_object();
    if read.payload["businessID"] != "av_call" || !new_style || read.double("version") > Some(4.0) {
        return Seen::Nothing;
    }
    by_command(read, read.payload["data"]["cmdInfo"].as_str().and_then(|text| text.parse().ok()))
}

/// The Flutter plugin: about a call if `call_type` is there; an invite with the mere key `call_end`
/// is the end. It has no switch.
fn flutter(read: &Read) -> Seen {
    let Some(fields) = read.payload.as_object().filter(|fields| fields.contains_key("call_type"))
    else {
        return Seen::Nothing;
    };
    match read.action() {
        1 if fields.contains_key("call_end") => {
            Seen::End { seconds: read.payload["call_end"].as_u64() }
        }
        1 => read.call(),
        _ => plain(read, read.old_busy(), false),
    }
}

/// Android, generation 1: a `call_end` that is not 0 is the end.
fn android_old(read: &Read) -> Seen {
    let switches = read.is_set("switch_to_audio_call");
    match (read.action(), read.double("call_end").unwrap_or(0.0)) {
        (1, _) if switches => Seen::SwitchToAudio,
        (1, 0.0) => read.call(),
        (1, seconds) => Seen::End { seconds: Some(seconds as u64) },
        _ => plain(read, read.old_busy(), switches),
    }
}

/// Browsers: the end is an invite of a group with `call_end` 0 or without a room, and an invite of
/// two without a room and with a `call_end` above 0; an invite of a group that neither names `me`
/// nor ends is dropped. They switch both ways.
fn web(read: &Read, me: &str) -> Seen {
    let no_room = read.payload["room_id"].is_null();
    let call_end = read.payload["call_end"].as_u64();
    let ends = if read.is_group() {
        call_end == Some(0) || no_room
    } else {
        no_room && call_end > Some(0)
    };
    let named = read.envelope["inviteeList"].as_array().unwrap().iter().any(|user| user == me);
    match (read.action(), read.cmd()) {
        (1, _) if ends => Seen::End { seconds: call_end },
        (1, _) if read.is_group() && !named => Seen::Nothing,
        (1, "switchToAudio") => Seen::SwitchToAudio,
        (1, "switchToVideo") => Seen::SwitchToVideo,
        (1, _) => read.call(),
        (_, cmd) => {
            let busy = read.payload["line_busy"] == "line_busy" || read.payload["line_busy"] == "";
            plain(read, busy, cmd.starts_with("switchTo"))
        }
    }
}

/// The chat view: `av_call` or `rtc_call`; by the presence of `line_busy`. It has a line for the
/// switch to audio and for its confirmation, and none for its refusal.
fn chat(read: &Read) -> Seen {
    if read.payload["businessID"] != "av_call" && read.payload["businessID"] != "rtc_call" {
        return Seen::Nothing;
    }
    match (read.action(), read.cmd()) {
        (1, "switchToVideo") => Seen::Nothing,
        (3, "switchToAudio") => Seen::SwitchAccepted,
        (1, _) => by_command(read, read.payload["call_end"].as_u64()),
        _ => plain(read, !read.payload["line_busy"].is_null(), false),
    }
}

/// On which side of the chat view the line stands: that of the caller, whoever sent it.
fn chat_caller(read: &Read) -> &str {
    let caller = read.payload["data"]["inviter"].as_str();
    caller.or(read.envelope["inviter"].as_str()).unwrap()
}

/// What is meant, in the words of a receiver that has them all.
fn meant(signal: &Signal) -> Seen {
    match signal {
        Signal::Invite { media_type } => Seen::Call(*media_type),
        Signal::Cancel => Seen::Cancel,
        Signal::Accept => Seen::Accept,
        Signal::Reject => Seen::Reject,
        Signal::Busy => Seen::Busy,
        Signal::Timeout | Signal::SwitchUnanswered { .. } => Seen::Timeout,
        Signal::Hangup { seconds } => Seen::End { seconds: Some((*seconds).max(1)) },
        Signal::SwitchToAudio => Seen::SwitchToAudio,
        Signal::SwitchToVideo => Seen::SwitchToVideo,
        Signal::SwitchAccepted { .. } => Seen::SwitchAccepted,
        Signal::SwitchRejected { .. } => Seen::SwitchRejected,
        Signal::SyncInfo(_) | Signal::Modified => Seen::Nothing,
    }
}

/// What is meant, for a generation that cannot switch to video.
fn meant_without_video(signal: &Signal, otherwise: Seen) -> Seen {
    let to_video = matches!(
        signal,
        Signal::SwitchAccepted { to: MediaType::Video }
            | Signal::SwitchRejected { to: MediaType::Video, .. }
    );
    match meant(signal) {
        Seen::SwitchToVideo => otherwise,
        Seen::SwitchAccepted if to_video => Seen::Accept,
        Seen::SwitchRejected if to_video => Seen::Reject,
        seen => seen,
    }
}

/// What is meant, for the Flutter plugin: a wish to switch is a call to it, within the same room.
fn meant_for_flutter(signal: &Signal, media_type: MediaType) -> Seen {
    match meant(signal) {
        Seen::SwitchToAudio | Seen::SwitchToVideo => Seen::Call(media_type),
        Seen::SwitchAccepted => Seen::Accept,
        Seen::SwitchRejected => Seen::Reject,
        seen => seen,
    }
}

/// What is meant, in the lines of the chat view.
fn meant_for_chat(signal: &Signal) -> Seen {
    match meant_without_video(signal, Seen::Nothing) {
        Seen::SwitchRejected => Seen::Reject,
        seen => seen,
    }
}

fn check(text: &str, signal: &Signal, media_type: MediaType, me: &str) {
    let read = Read::new(text);
    assert_eq!(android(&read), meant_without_video(signal, Seen::Nothing), "Android: {text}");
    assert_eq!(ios(&read), meant_without_video(signal, Seen::Nothing), "iOS: {text}");
    assert_eq!(flutter(&read), meant_for_flutter(signal, media_type), "Flutter: {text}");
    let as_call = Seen::Call(media_type);
    assert_eq!(android_old(&read), meant_without_video(signal, as_call), "old Android: {text}");
    assert_eq!(web(&read, me), meant(signal), "browser: {text}");
    assert_eq!(chat(&read), meant_for_chat(signal), "chat: {text}");
    assert_eq!(chat_caller(&read), "alice", "chat: {text}");
}

fn any_signal() -> impl Strategy<Value = Signal> {
    let media = prop_oneof![Just(MediaType::Audio), Just(MediaType::Video)];
    // No reader can tell this one reason from a busy line.
    let reason = any::<String>().prop_filter("means busy", |reason| reason != "lineBusy");
    (0..13, media, any::<u32>(), reason).prop_map(|(index, to, seconds, reason)| match index {
        0 | 1 => Signal::Invite { media_type: to },
        2 => Signal::Cancel,
        3 => Signal::Accept,
        4 => Signal::Reject,
        5 => Signal::Busy,
        6 => Signal::Timeout,
        7 => Signal::Hangup { seconds: seconds.into() },
        8 => Signal::SwitchToAudio,
        9 => Signal::SwitchToVideo,
        10 => Signal::SwitchAccepted { to },
        11 => Signal::SwitchRejected { to, reason },
        _ => Signal::SwitchUnanswered { to },
    })
}

fn facts(media_type: MediaType, room: u32, group: bool, user_data: String) -> CallFacts {
    CallFacts {
        call_id: CallId::new("c-1").unwrap(),
        invite_id: InviteId::new("i-1").unwrap(),
        room_id: RoomId::new(room).unwrap(),
        caller: "alice".parse().unwrap(),
        callees: vec!["bob".parse().unwrap(), "carol".parse().unwrap()],
        media_type,
        group_id: group.then(|| GroupId::new("@TGS#1").unwrap()),
        timeout_s: 30,
        user_data,
        started_at: UnixMillis(0),
    }
}

/// Who sends what, so that the message is about a switch of the caller's and its answer by `bob`.
fn sender(signal: &Signal) -> UserId {
    let by_caller = matches!(
        signal,
        Signal::Invite { .. } | Signal::Cancel | Signal::SwitchToAudio | Signal::SwitchToVideo
    );
    if by_caller { "alice" } else { "bob" }.parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_written_every_older_receiver_understands(
        signal in any_signal(), video in any::<bool>(), room in 1..u32::MAX, group in any::<bool>(),
        user_data in any::<String>(), mid_call in any::<bool>(),
    ) {
        let media_type = match meant(&signal) {
            Seen::Call(media_type) => media_type,
            _ if video => MediaType::Video,
            _ => MediaType::Audio,
        };
        // A switch is between two.
        let switches = matches!(meant(&signal), Seen::SwitchToAudio | Seen::SwitchToVideo);
        let facts = facts(media_type, room, group && !switches, user_data);
        let invites = matches!(signal, Signal::Invite { .. });
        let mut envelope = compose(&facts, facts.invite_id.clone(), &sender(&signal), &signal);
        if mid_call && invites {
            envelope = envelope.into_mid_call(&MidCall {
                call_id: "c-0".to_owned(),
                in_call: vec!["dave".parse().unwrap()],
                invited_at: Some(UnixMillis(1)),
                consumed: false,
            });
        }
        check(&envelope.encode(), &signal, media_type, "carol");
    }
}

/// Why a hangup is written the way it is: each of the others' rules fails on a simpler form.
#[test]
fn each_rule_has_a_message_that_breaks_it() {
    let facts = facts(MediaType::Video, 7, false, String::new());
    let invite = Signal::Invite { media_type: MediaType::Video };
    let hangup = Signal::Hangup { seconds: 65 };
    let composed =
        |signal: &Signal| compose(&facts, facts.invite_id.clone(), &facts.caller, signal);
    let read = |envelope: calling_signaling::invite::Envelope| Read::new(&envelope.encode());

    let mut with_room = composed(&hangup);
    with_room.payload.room_id = Some(facts.room_id);
    assert_eq!(web(&read(with_room), "bob"), Seen::Call(MediaType::Video));

    let mut zero = composed(&hangup);
    zero.payload.call_end_s = Some(0);
    assert_eq!(android_old(&read(zero)), Seen::Call(MediaType::Video));

    let mut with_end = composed(&invite);
    with_end.payload.call_end_s = Some(0);
    assert_eq!(flutter(&read(with_end)), Seen::End { seconds: Some(0) });

    let mut no_platform = composed(&invite);
    no_platform.payload.platform.clear();
    assert_eq!(android(&read(no_platform)), Seen::Nothing);

    let mut one_mark = composed(&Signal::Busy);
    one_mark.payload.line_busy = false;
    let one_mark = read(one_mark);
    assert_eq!((android(&one_mark), flutter(&one_mark)), (Seen::Busy, Seen::Reject));
}
