use calling_signaling::call::Outcome;
use calling_signaling::client::ListenerEvent;

/// Why a call is over on this device; the numbers are those of the component this project matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallEndReason {
    /// 0: none of those below; a side was lost.
    Unknown,
    /// 1: somebody hung up.
    Hangup,
    /// 2: it was declined.
    Reject,
    /// 3: it was not answered in time.
    NoResponse,
    /// 4: no device of the callee could be reached.
    Offline,
    /// 5: the callee was busy.
    LineBusy,
    /// 6: the caller gave up.
    Canceled,
    /// 7: another device of this account answered.
    OtherDeviceAccepted,
    /// 8: another device of this account declined.
    OtherDeviceReject,
    /// 9: the server ended it.
    EndByServer,
}

impl CallEndReason {
    /// Its number.
    pub const fn number(self) -> u8 {
        // The variants stand in the order of their numbers, from 0.
        self as u8
    }

    /// The reason that an event tells; `None` if it ends no call on this device.
    pub const fn of(event: &ListenerEvent) -> Option<Self> {
        match event {
            ListenerEvent::CallEnd { outcome, .. } => Some(Self::from_outcome(*outcome)),
            ListenerEvent::CallingCancel { .. } => Some(Self::Canceled),
            ListenerEvent::CallingTimeout { .. } => Some(Self::NoResponse),
            ListenerEvent::HandledElsewhere { accepted: true, .. } => {
                Some(Self::OtherDeviceAccepted)
            }
            ListenerEvent::HandledElsewhere { accepted: false, .. } => {
                Some(Self::OtherDeviceReject)
            }
            ListenerEvent::Error { .. }
            | ListenerEvent::Warning { .. }
            | ListenerEvent::EnterRoom { .. }
            | ListenerEvent::UserEnter { .. }
            | ListenerEvent::UserLeave { .. }
            | ListenerEvent::Invited { .. }
            | ListenerEvent::Ringing { .. }
            | ListenerEvent::Accept { .. }
            | ListenerEvent::Reject { .. }
            | ListenerEvent::NoResp { .. }
            | ListenerEvent::LineBusy { .. }
            | ListenerEvent::CallBegin { .. }
            | ListenerEvent::InviteesChanged { .. }
            | ListenerEvent::MediaTypeChanged { .. }
            | ListenerEvent::GroupCallChanged { .. }
            | ListenerEvent::UserAudioAvailable { .. }
            | ListenerEvent::UserVideoAvailable { .. }
            | ListenerEvent::UserVoiceVolume { .. }
            | ListenerEvent::NetworkQuality { .. }
            | ListenerEvent::KickedOffline {}
            | ListenerEvent::ConnectionLost { .. }
            | ListenerEvent::Reconnecting { .. }
            | ListenerEvent::Recovered { .. }
            | ListenerEvent::Message(_)
            | ListenerEvent::MessageRecalled { .. }
            | ListenerEvent::Read { .. }
            | ListenerEvent::GroupChanged { .. } => None,
        }
    }

    const fn from_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => Self::Hangup,
            Outcome::Rejected => Self::Reject,
            Outcome::NoAnswer => Self::NoResponse,
            Outcome::Offline => Self::Offline,
            Outcome::Busy => Self::LineBusy,
            Outcome::Cancelled => Self::Canceled,
            Outcome::PeerLost => Self::Unknown,
            Outcome::Interrupted => Self::EndByServer,
        }
    }
}

impl From<Outcome> for CallEndReason {
    fn from(outcome: Outcome) -> Self {
        Self::from_outcome(outcome)
    }
}

#[cfg(test)]
mod tests {
    use calling_model::{CallId, UserId};

    use super::*;

    #[test]
    fn numbers_agree_with_those_of_outcomes() {
        for outcome in [
            Outcome::Completed,
            Outcome::Rejected,
            Outcome::NoAnswer,
            Outcome::Offline,
            Outcome::Busy,
            Outcome::Cancelled,
            Outcome::PeerLost,
            Outcome::Interrupted,
        ] {
            assert_eq!(CallEndReason::from(outcome).number(), outcome.end_reason());
        }
    }

    #[test]
    fn whatever_stops_a_call_here_has_its_reason() {
        let (call_id, user) = (CallId::new("c1").unwrap(), UserId::new("alice").unwrap());
        let elsewhere =
            |accepted| ListenerEvent::HandledElsewhere { call_id: call_id.clone(), accepted };
        for (event, number) in [
            (elsewhere(true), 7),
            (elsewhere(false), 8),
            (ListenerEvent::CallingCancel { user: user.clone() }, 6),
            (ListenerEvent::CallingTimeout { user_ids: vec![] }, 3),
        ] {
            assert_eq!(CallEndReason::of(&event).map(CallEndReason::number), Some(number));
        }
        assert_eq!(CallEndReason::of(&ListenerEvent::Reject { user }), None);
    }
}
