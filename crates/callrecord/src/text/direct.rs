use calling_model::MediaType;
use calling_signaling::call::Role;
use calling_signaling::invite::Signal;
use fluent_bundle::FluentValue;

use super::Texts;
use crate::message::CallingMessage;

impl Texts {
    /// What the later chat programs show to the reader who was on side `role` of a call of two.
    /// `""` for messages that are not shown; `Call` for what is not understood.
    pub fn direct(&self, message: &CallingMessage, role: Role) -> String {
        if message.is_silent() {
            return String::new();
        }
        let time = match message.signal {
            Some(Signal::Hangup { seconds }) => self.time(seconds),
            Some(_) | None => String::new(),
        };
        let kind = self.kind(message);
        let args = [("kind", FluentValue::from(kind)), ("time", FluentValue::from(time))];
        self.get(id(message.signal.as_ref(), role), &args)
    }
}

const fn id(signal: Option<&Signal>, role: Role) -> &'static str {
    let Some(signal) = signal else { return "kind-unknown" };
    match (signal, role) {
        (Signal::Invite { .. }, _) => "direct-send",
        (Signal::Accept, _) => "direct-accept",
        (Signal::Reject, Role::Caller) => "direct-reject-caller",
        (Signal::Reject, Role::Callee) => "direct-reject-callee",
        (Signal::Cancel, Role::Caller) => "direct-cancel-caller",
        (Signal::Cancel, Role::Callee) => "direct-cancel-callee",
        (Signal::Hangup { .. }, _) => "direct-hangup",
        (Signal::Timeout, Role::Caller) => "direct-timeout-caller",
        (Signal::Timeout, Role::Callee) => "direct-timeout-callee",
        (Signal::Busy, Role::Caller) => "direct-busy-caller",
        (Signal::Busy, Role::Callee) => "direct-busy-callee",
        (Signal::SwitchToAudio, _) => "direct-switch-to-audio",
        (Signal::SwitchAccepted { to: MediaType::Audio }, _) => "direct-switch-to-audio-confirm",
        (Signal::SwitchToVideo, _) => "direct-switch-to-video",
        (Signal::SwitchAccepted { to: MediaType::Video }, _) => "direct-switch-to-video-confirm",
        // Silent; never asked for.
        (
            Signal::SwitchRejected { .. }
            | Signal::SwitchUnanswered { .. }
            | Signal::SyncInfo(_)
            | Signal::Modified,
            _,
        ) => "",
    }
}
