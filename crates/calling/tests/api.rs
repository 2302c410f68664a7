//! `docs/api.md`: every name there has a row, and every path of a row exists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calling::*;
use calling_callrecord::text::Names;
use calling_callrecord::{
    CallingMessage, Texts, get_action_type, get_call_message, get_show_time, is_call_end_exist,
    is_calling_data, is_group_calling_message,
};

const PAGE: &str = include_str!("../../../docs/api.md");
const NAMES: &str = include_str!("seed_names.txt");

fn used<T>(_: T) {}

struct Nobody;

impl CallingListener for Nobody {}

/// Every path of the page. What was renamed or removed does not compile here.
#[expect(clippy::too_many_lines, reason = "a list")]
fn paths() -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    macro_rules! functions {
        ($($path:path,)*) => { $(
            let _ = $path;
            paths.insert(stringify!($path).to_owned());
        )* };
    }
    macro_rules! types {
        ($($name:ident,)*) => { $(
            let _ = size_of::<$name>();
            paths.insert(stringify!($name).to_owned());
        )* };
    }
    macro_rules! traits {
        ($($name:ident,)*) => { $(
            let _ = |_: &dyn $name| ();
            paths.insert(stringify!($name).to_owned());
        )* };
    }
    macro_rules! fields {
        ($($name:ident.$field:ident,)*) => { $(
            let _ = |value: $name| used(&value.$field);
            paths.insert(concat!(stringify!($name), ".", stringify!($field)).to_owned());
        )* };
    }
    macro_rules! events {
        ($($event:ident { $($field:ident),* })*) => { $(
            let _ = |event| if let ListenerEvent::$event { $($field,)* .. } = event {
                $(used($field);)*
            };
            let event = concat!("ListenerEvent::", stringify!($event));
            paths.insert(event.to_owned());
            $(paths.insert(format!("{event}.{}", stringify!($field)));)*
        )* };
    }
    macro_rules! callbacks {
        ($($name:ident,)*) => { $(
            let _ = <Nobody as CallingListener>::$name;
            paths.insert(concat!("CallingListener::", stringify!($name)).to_owned());
        )* };
    }
    macro_rules! views {
        ($($name:ident,)*) => { $(
            let _ = |view: &dyn CallView, call: Arc<CallViewState>| view.$name(call);
            paths.insert(concat!("CallView::", stringify!($name)).to_owned());
        )* };
    }
    macro_rules! closures {
        ($($name:literal => $call:expr,)*) => { $(
            let _ = $call;
            paths.insert($name.to_owned());
        )* };
    }
    functions! {
        ListenerEvent::end_reason,
        CallEngine::accept,
        CallEngine::call,
        CallEngine::call_with,
        CallEngine::calls,
        CallEngine::cameras,
        CallEngine::check_is_self,
        CallEngine::close_camera,
        CallEngine::delete_record_calls,
        CallEngine::enable_audio_volume_evaluation,
        CallEngine::group_call,
        CallEngine::hangup,
        CallEngine::ignore,
        CallEngine::invite_user,
        CallEngine::is_valid_invite,
        CallEngine::join,
        CallEngine::open_camera,
        CallEngine::query_offline_calling,
        CallEngine::query_recent_calls,
        CallEngine::reject,
        CallEngine::running_call,
        CallEngine::select_audio_playback_device,
        CallEngine::set_hands_free,
        CallEngine::set_mic_mute,
        CallEngine::set_video_mute,
        CallEngine::set_video_quality,
        CallEngine::state,
        CallEngine::stop_local_view,
        CallEngine::stop_remote_view,
        CallEngine::switch_camera,
        CallEngine::switch_call_media_type,
        CallEngine::update_remote_view,
        Calling::add_listener,
        Calling::call,
        Calling::chat,
        Calling::custom_view_route,
        Calling::destroy,
        Calling::destroy_shared_instance,
        Calling::enable_custom_view_route,
        Calling::enable_mute_mode,
        Calling::engine,
        Calling::events,
        Calling::group_call,
        Calling::init,
        Calling::init_shared,
        Calling::remove_listener,
        Calling::set_calling_bell,
        Calling::shared_instance,
        CallingMessage::parse,
        Chat::set_self_info,
        Code::UserSigExpired,
        CommandError::code,
        Texts::item,
        Texts::summary,
        get_action_type,
        get_call_message,
        get_show_time,
        is_call_end_exist,
        is_calling_data,
        is_group_calling_message,
    }
    types! {
        AudioRoute,
        CallEndReason,
        CallEngine,
        CallFacts,
        CallLogEntry,
        CallLogFilter,
        CallLogResult,
        CallOptions,
        CallParams,
        CallingMessage,
        CameraInfo,
        ClientPhase,
        CommandError,
        Invite,
        MediaType,
        MessageEvent,
        NetworkQuality,
        Role,
        Scene,
        Target,
        VideoQuality,
    }
    traits! {
        CallingBell,
    }
    fields! {
        CallLogEntry.begin_time,
        CallLogEntry.call_id,
        CallLogEntry.group_id,
        CallLogEntry.invite_list,
        CallLogEntry.inviter,
        CallLogEntry.media_type,
        CallLogEntry.result,
        CallLogEntry.role,
        CallLogEntry.scene,
        CallLogEntry.total_time,
        CallOptions.group_id,
        CallOptions.timeout_s,
        CallOptions.user_data,
        CallState.call,
        CallState.mic_muted,
        CallingMessage.action_type,
        CallingMessage.call_end_s,
        CallingMessage.media_type,
        Config.sdk_app_id,
        Config.user_id,
        Config.user_sig,
    }
    events! {
        Accept {  }
        CallBegin {  }
        CallEnd {  }
        CallingCancel {  }
        CallingTimeout { user_ids }
        ConnectionLost {  }
        EnterRoom { result }
        Error { code, message }
        FirstVideoFrame {  }
        Invited { call_type, group_id, is_from_group, sponsor, user_ids }
        InviteesChanged { user_ids }
        KickedOffline {  }
        LineBusy { user }
        MediaTypeChanged {  }
        NetworkQuality {  }
        NoResp { user }
        Reconnecting {  }
        Recovered {  }
        Reject { user }
        UserAudioAvailable { available }
        UserEnter { user }
        UserLeave { reason, user }
        UserVideoAvailable { available }
        UserVoiceVolume { total, volumes }
        Warning { code, message }
    }
    callbacks! {
        on_accept,
        on_call_begin,
        on_call_end,
        on_call_media_type_changed,
        on_calling_cancel,
        on_calling_timeout,
        on_connection_lost,
        on_connection_recovery,
        on_enter_room,
        on_error,
        on_first_video_frame,
        on_group_call_invitee_list_update,
        on_invited,
        on_kicked_offline,
        on_line_busy,
        on_network_quality,
        on_no_resp,
        on_reject,
        on_try_to_reconnect,
        on_user_audio_available,
        on_user_enter,
        on_user_leave,
        on_user_video_available,
        on_user_voice_volume,
        on_warning,
    }
    views! {
        close,
        show_call,
        show_incoming,
        update,
    }
    closures! {
        "CallEngine::start_local_view" => |engine: &CallEngine| engine.start_local_view(|_: &VideoFrame| ()),
        "CallEngine::start_remote_view" => |engine: &CallEngine, user, track, size| engine.start_remote_view(user, track, size, |_: &VideoFrame| ()),
        "Audio::with_route" => |audio: Audio| audio.with_route(|_| ()),
        "Texts::group_item" => |texts: &Texts, message: &CallingMessage| texts.group_item(message, |_| Names::default()),
    }
    paths
}

/// The rows of the page: the name there, our paths, the remark.
fn rows() -> BTreeMap<&'static str, (Vec<&'static str>, &'static str)> {
    let mut rows = BTreeMap::new();
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, ours, remark] = cells[..] else { panic!("three cells: {line}") };
        let ours = ours.split(", ").filter(|ours| *ours != "–").map(unquoted).collect();
        let before = rows.insert(unquoted(name), (ours, remark));
        assert_eq!(before, None, "{name} has two rows");
    }
    rows
}

fn unquoted(cell: &'static str) -> &'static str {
    let inner = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    inner.unwrap_or_else(|| panic!("`{cell}` is not in backticks"))
}

#[test]
fn every_name_of_the_component_has_a_row() {
    let names: BTreeSet<_> = NAMES.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names.len() > 150, "{}", names.len());
    let rows = rows();
    let listed: BTreeSet<_> = rows.keys().copied().collect();
    assert_eq!(names.difference(&listed).copied().collect::<Vec<_>>(), [""; 0], "without a row");
    assert_eq!(listed.difference(&names).copied().collect::<Vec<_>>(), [""; 0], "unlisted");
}

#[test]
fn every_path_of_a_row_exists_and_every_row_without_one_says_why() {
    let paths = paths();
    let mut named = BTreeSet::new();
    for (name, (ours, remark)) in rows() {
        let says_why = remark.starts_with("none") || remark.starts_with("not yet: ");
        assert_eq!(ours.is_empty(), says_why, "{name}: a path or a reason");
        for path in ours {
            assert!(paths.contains(path), "{name}: `{path}` is not in the list of this test");
            named.insert(path.to_owned());
        }
    }
    let rest: Vec<_> = paths.difference(&named).collect();
    assert!(rest.is_empty(), "no row names {rest:?}");
}
