use calling_signaling::call::Role;
use calling_signaling::invite::Signal;

use super::Language;
use super::action::{colon, get_show_time};
use crate::calling_message::CallingMessage;

/// What a message says to the reader who was on side `role` of a call of two; `""` for messages
/// that are not shown.
pub fn role_text(message: &CallingMessage, role: Role, language: Language) -> String {
    let Some(signal) = &message.signal else {
        return String::new();
    };
    if let Signal::Hangup { seconds } = signal {
        let label = language.pick(["通话时长", "通話時長", "Duration"]);
        return format!("{label}{}{}", colon(language), get_show_time(*seconds));
    }
    language.pick(texts(signal, role)).to_owned()
}

/// In the order of [`Language::pick`].
const fn texts(signal: &Signal, role: Role) -> [&'static str; 3] {
    match (signal, role) {
        (Signal::Reject, Role::Caller) => ["对方已拒绝", "對方已拒絕", "Call declined by user"],
        (Signal::Reject, Role::Callee) => ["已拒绝", "已拒絕", "Declined"],
        (Signal::Cancel, Role::Caller) => ["已取消", "已取消", "Canceled"],
        (Signal::Cancel, Role::Callee) => ["对方已取消", "對方已取消", "Call canceled by caller"],
        (Signal::Timeout, Role::Caller) => ["对方无应答", "對方無應答", "Call wasn't answered"],
        (Signal::Timeout, Role::Callee) => ["超时无应答", "逾時無應答", "Call timeout"],
        (Signal::Busy, Role::Caller) => ["对方忙线中", "對方忙線中", "Line busy"],
        (Signal::Busy, Role::Callee) => ["忙线未接听", "忙線未接聽", "Line busy"],
        (Signal::Invite { .. }, _) => ["发起通话", "發起通話", "Start Call"],
        (Signal::Accept, _) => ["接听通话", "接聽通話", "Answered"],
        (Signal::SwitchToAudio, _) => ["视频转语音", "視訊轉語音", "Switch to audio"],
        (Signal::SwitchToVideo, _) => ["语音转视频", "語音轉視訊", "Switch to video"],
        (Signal::SwitchAccepted { .. }, _) => ["确认转语音", "確認轉語音", "Confirm"],
        (
            Signal::Hangup { .. }
            | Signal::SwitchRejected { .. }
            | Signal::SwitchUnanswered { .. }
            | Signal::SyncInfo(_)
            | Signal::Modified,
            _,
        ) => [""; 3],
    }
}
