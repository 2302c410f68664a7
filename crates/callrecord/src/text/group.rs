use calling_model::{MediaType, UserId};
use calling_signaling::invite::Signal;

use super::{NameOrder, Names, Texts};
use crate::message::CallingMessage;

impl Texts {
    /// What the later chat programs show in a group. `names` gives the names of a user; the one
    /// shown is chosen by [`NameOrder::Chat`]. `""` for messages that are not shown (an invite into
    /// a call that is under way, one member leaving); `Call` for what is not understood.
    pub fn group(&self, message: &CallingMessage, names: impl Fn(&UserId) -> Names) -> String {
        if message.is_silent() {
            return String::new();
        }
        let shown = |user: &UserId| names(user).shown(user, NameOrder::Chat);
        // `inviter` sent the invite; `invitees` it went to, or answered it.
        let name = self.name_of(message.inviter.as_ref(), shown);
        let names = self.names_of(&message.invitees, shown);
        self.get(id(message.signal.as_ref()), &[name.argument(), names.argument()])
    }
}

const fn id(signal: Option<&Signal>) -> &'static str {
    let Some(signal) = signal else { return "kind-unknown" };
    match signal {
        Signal::Invite { .. } => "group-send",
        Signal::Cancel | Signal::Hangup { .. } => "group-end",
        Signal::Accept => "group-accept",
        Signal::Reject => "group-reject",
        Signal::Busy => "group-busy",
        Signal::Timeout => "group-timeout",
        Signal::SwitchToAudio => "group-switch-to-audio",
        Signal::SwitchAccepted { to: MediaType::Audio } => "group-switch-to-audio-confirm",
        Signal::SwitchToVideo => "group-switch-to-video",
        Signal::SwitchAccepted { to: MediaType::Video } => "group-switch-to-video-confirm",
        // Silent; never asked for.
        Signal::SwitchRejected { .. }
        | Signal::SwitchUnanswered { .. }
        | Signal::SyncInfo(_)
        | Signal::Modified => "",
    }
}
