use calling_model::MediaType;
use calling_signaling::invite::Signal;

/// What a call message means, as the chat programs number it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// 0: about a call, and nothing below.
    Unknown,
    /// 1: somebody calls.
    Send,
    /// 2: a callee accepts.
    Accept,
    /// 3: a callee declines.
    Reject,
    /// 4: the caller withdraws the call.
    Cancel,
    /// 5: the end of a call that took place.
    Hangup,
    /// 6: nobody answered in time.
    Timeout,
    /// 7: a callee is in another call.
    LineBusy,
    /// 8: one side would go on without pictures.
    SwitchToAudio,
    /// 9: the other side agrees.
    SwitchToAudioConfirm,
}

impl Protocol {
    /// Every one, in the order of the numbers.
    pub const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Send,
        Self::Accept,
        Self::Reject,
        Self::Cancel,
        Self::Hangup,
        Self::Timeout,
        Self::LineBusy,
        Self::SwitchToAudio,
        Self::SwitchToAudioConfirm,
    ];

    /// Its number.
    pub const fn number(self) -> u8 {
        // The variants stand in the order of their numbers, from 0.
        self as u8
    }

    /// What a signal is in this numbering; no signal is [`Unknown`](Self::Unknown).
    ///
    /// It knows no switch to video. A wish to switch that was denied or not answered is unknown to
    /// it too, although its own programs take those for the rejection or the timeout of a call:
    /// the call goes on.
    pub const fn of(signal: Option<&Signal>) -> Self {
        let Some(signal) = signal else { return Self::Unknown };
        match signal {
            Signal::Invite { .. } => Self::Send,
            Signal::Accept => Self::Accept,
            Signal::Reject => Self::Reject,
            Signal::Cancel => Self::Cancel,
            Signal::Hangup { .. } => Self::Hangup,
            Signal::Timeout => Self::Timeout,
            Signal::Busy => Self::LineBusy,
            Signal::SwitchToAudio => Self::SwitchToAudio,
            Signal::SwitchAccepted { to: MediaType::Audio } => Self::SwitchToAudioConfirm,
            Signal::SwitchToVideo
            | Signal::SwitchAccepted { to: MediaType::Video }
            | Signal::SwitchRejected { .. }
            | Signal::SwitchUnanswered { .. }
            | Signal::SyncInfo(_)
            | Signal::Modified => Self::Unknown,
        }
    }
}
