//! The incoming call, kept to be told again to an application that was not looking.

use std::time::{Duration, Instant};

use calling_signaling::client::ListenerEvent;

/// The last invite that came.
pub(super) struct Invite {
    event: ListenerEvent,
    until: Instant,
}

impl Invite {
    /// `event`, if it is an invite.
    pub(super) fn of(now: Instant, event: &ListenerEvent) -> Option<Self> {
        let ListenerEvent::Invited { remaining_ms, .. } = event else { return None };
        let until = now + Duration::from_millis(u64::from(*remaining_ms));
        Some(Self { event: event.clone(), until })
    }

    /// It once more, with what is left of its time; `None` once that is over.
    pub(super) fn again(&self, now: Instant) -> Option<ListenerEvent> {
        let left = self.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        let mut event = self.event.clone();
        if let ListenerEvent::Invited { remaining_ms, .. } = &mut event {
            *remaining_ms = u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1);
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use calling_model::{CallId, MediaType, UserId};
    use calling_testkit::epoch;

    use super::*;

    fn invited(remaining_ms: u32) -> ListenerEvent {
        ListenerEvent::Invited {
            call_id: CallId::new("c1").unwrap(),
            sponsor: UserId::new("alice").unwrap(),
            user_ids: vec![],
            is_from_group: false,
            group_id: None,
            call_type: MediaType::Audio,
            user_data: String::new(),
            remaining_ms,
            in_call: Vec::new(),
        }
    }

    #[test]
    fn told_again_with_what_is_left_and_never_when_over() {
        let invite = Invite::of(epoch(), &invited(30_000)).unwrap();
        let after = |ms| epoch() + Duration::from_millis(ms);
        assert_eq!(invite.again(after(10_000)), Some(invited(20_000)));
        assert_eq!(invite.again(after(30_000)), None);
        assert_eq!(invite.again(after(40_000)), None);
        assert!(Invite::of(epoch(), &ListenerEvent::KickedOffline {}).is_none());
    }
}
