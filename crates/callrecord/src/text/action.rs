use calling_model::MediaType;
use calling_signaling::invite::Signal;

use super::Language;
use crate::calling_message::{CallingMessage, is_call_end_exist};

/// `mm:ss`, both with two digits at least, minutes without bound: 3725 is `62:05`.
pub fn get_show_time(seconds: u64) -> String {
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// What an action does, by its number in the envelope; `""` for an unknown one.
pub const fn get_action_type(action_type: u8, language: Language) -> &'static str {
    language.pick(match action_type {
        1 => ["发起通话", "發起通話", "Started a call"],
        2 => ["取消通话", "取消通話", "Cancelled the call"],
        3 => ["接受通话", "接受通話", "Accepted the call"],
        4 => ["拒绝通话", "拒絕通話", "Declined the call"],
        5 => ["超时未接听", "逾時未接聽", "Not answered in time"],
        _ => [""; 3],
    })
}

/// The line of a conversation list: `[语音通话]：通话时间：01:05`.
pub fn summary(message: &CallingMessage, language: Language) -> String {
    let kind = language.pick(match message.media_type {
        Some(MediaType::Audio) => ["语音通话", "語音通話", "Voice call"],
        Some(MediaType::Video) | None => ["视频通话", "視訊通話", "Video call"],
    });
    format!("[{kind}]{}{}", colon(language), what(message, language))
}

fn what(message: &CallingMessage, language: Language) -> String {
    if is_call_end_exist(message) {
        let label = language.pick(["通话时间", "通話時間", "Call time"]);
        let time = get_show_time(message.call_end_s.unwrap_or(0));
        return format!("{label}{}{time}", colon(language));
    }
    if matches!(message.signal, Some(Signal::Hangup { .. })) {
        return language.pick(["通话结束", "通話結束", "Call ended"]).to_owned();
    }
    get_action_type(message.action_type, language).to_owned()
}

pub(super) const fn colon(language: Language) -> &'static str {
    language.pick(["：", "：", ": "])
}
