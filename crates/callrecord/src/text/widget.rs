use calling_model::{MediaType, UserId};
use fluent_bundle::FluentValue;

use super::{NameOrder, Names, Phrase, Texts};
use crate::message::{CallingMessage, Protocol, is_call_end_exist};

/// What an action does, by its number in the envelope; `""` for an unknown one. The model's
/// `getActionType`.
pub fn get_action_type(action_type: u8, texts: &Texts) -> String {
    match action_type {
        1 => texts.plain("action-send"),
        2 => texts.plain("action-cancel"),
        3 => texts.plain("action-accept"),
        4 => texts.plain("action-reject"),
        5 => texts.plain("action-timeout"),
        _ => String::new(),
    }
}

impl Texts {
    /// What the plugin's message widget shows for a message between two; `[Custom]` for what is no
    /// call message, `Call` for what is not understood of one, `""` for what is not shown.
    pub fn item(&self, message: Option<&CallingMessage>) -> String {
        let Some(message) = message else { return self.phrase(Phrase::Custom) };
        match self.what(message) {
            Some(what) => what,
            None if message.is_silent() => String::new(),
            None => self.plain("kind-unknown"),
        }
    }

    /// What the plugin's message widget shows in a group: who did what. `names` gives the names of
    /// a user; the one shown is chosen by [`NameOrder::Widget`]. Otherwise as [`Texts::item`].
    pub fn group_item(&self, message: &CallingMessage, names: impl Fn(&UserId) -> Names) -> String {
        let id = match (message.is_silent(), message.protocol()) {
            (true, _) => return String::new(),
            (false, Protocol::Send) => "group-item-send",
            (false, Protocol::Accept) => "group-item-accept",
            (false, Protocol::Reject | Protocol::LineBusy) => "group-item-reject",
            (false, Protocol::Timeout) => "group-item-timeout",
            (
                false,
                Protocol::Unknown
                | Protocol::Cancel
                | Protocol::Hangup
                | Protocol::SwitchToAudio
                | Protocol::SwitchToAudioConfirm,
            ) => return self.item(Some(message)),
        };
        let shown = |user: &UserId| names(user).shown(user, NameOrder::Widget);
        let name = self.name_of(message.inviter.as_ref(), shown);
        let names = self.names_of(&message.invitees, shown);
        self.get(id, &[name.argument(), names.argument()])
    }

    /// The line of a conversation list: `[语音通话]：通话时间：01:05`. Never empty.
    pub fn summary(&self, message: &CallingMessage) -> String {
        let kind = ("kind", FluentValue::from(self.kind(message)));
        match self.what(message) {
            Some(what) => self.get("summary", &[kind, ("what", FluentValue::from(what))]),
            None => self.get("summary-plain", &[kind]),
        }
    }

    /// Voice or video. What does not say is video, as in the plugin; or just a call, when it is not
    /// understood anyway.
    pub(super) fn kind(&self, message: &CallingMessage) -> String {
        self.plain(match (message.media_type, &message.signal) {
            (Some(MediaType::Audio), _) => "kind-voice",
            (Some(MediaType::Video), _) | (None, Some(_)) => "kind-video",
            (None, None) => "kind-unknown",
        })
    }

    /// What happened to the invite, or how long the two talked; `None` if that cannot be said.
    fn what(&self, message: &CallingMessage) -> Option<String> {
        if message.is_silent() || message.signal.is_none() {
            return None;
        }
        if is_call_end_exist(message) {
            let time = self.time(message.call_end_s.unwrap_or(0));
            return Some(self.get("talked", &[("time", FluentValue::from(time))]));
        }
        if message.protocol() == Protocol::Hangup {
            return Some(self.plain("ended"));
        }
        Some(get_action_type(message.action_type, self)).filter(|what| !what.is_empty())
    }
}
