use calling_model::UserId;
use calling_signaling::invite::Signal;

use super::Language;
use crate::calling_message::CallingMessage;

/// What a message says in a group; `""` for messages that are not shown (an invite into a call
/// that is under way, one member leaving). `name` gives the name to show for a user.
pub fn group_text(
    message: &CallingMessage,
    name: impl Fn(&UserId) -> String,
    language: Language,
) -> String {
    let leaves = message.exclude_from_history.is_some() && is_hangup(message);
    let (Some(signal), false, false) = (&message.signal, message.mid_call, leaves) else {
        return String::new();
    };
    let inviter = message.inviter.as_ref().map(&name).unwrap_or_default();
    let invitees = message.invitees.iter().map(&name).collect::<Vec<_>>().join(separator(language));
    let [hans, hant, en] = texts(signal, &inviter, &invitees);
    match language {
        Language::ZhHans => hans,
        Language::ZhHant => hant,
        Language::En => en,
    }
}

const fn is_hangup(message: &CallingMessage) -> bool {
    matches!(message.signal, Some(Signal::Hangup { .. }))
}

const fn separator(language: Language) -> &'static str {
    language.pick(["、", "、", ", "])
}

/// In the order of [`Language::pick`]. `who` sent the invite; `whom` it went to, or answered it.
fn texts(signal: &Signal, who: &str, whom: &str) -> [String; 3] {
    match signal {
        Signal::Invite { .. } => [
            format!("{who}发起了群通话"),
            format!("{who}發起了群通話"),
            format!("{who} initiated a group call"),
        ],
        Signal::Cancel | Signal::Hangup { .. } => {
            ["通话结束", "通話結束", "End group call"].map(str::to_owned)
        }
        Signal::Accept => {
            [format!("{whom}接听"), format!("{whom}接聽"), format!("Answered by {whom}")]
        }
        Signal::Reject => [
            format!("{whom}拒绝群通话"),
            format!("{whom}拒絕群通話"),
            format!("Call declined by {whom}"),
        ],
        Signal::Busy => [
            format!("{whom} 忙线未接听"),
            format!("{whom} 忙線未接聽"),
            format!("{whom} line busy"),
        ],
        Signal::Timeout => {
            [format!("{whom} 未接听"), format!("{whom} 未接聽"), format!("{whom} no answer")]
        }
        Signal::SwitchToAudio => [
            format!("{who}视频转语音"),
            format!("{who}視訊轉語音"),
            format!("{who} switched to audio"),
        ],
        Signal::SwitchAccepted { .. } => [
            format!("{whom}同意视频转语音"),
            format!("{whom}同意視訊轉語音"),
            format!("{whom} agreed to switch to audio"),
        ],
        Signal::SwitchToVideo
        | Signal::SwitchRejected { .. }
        | Signal::SwitchUnanswered { .. }
        | Signal::SyncInfo(_)
        | Signal::Modified => Default::default(),
    }
}
