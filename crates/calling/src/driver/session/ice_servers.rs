//! The STUN and TURN servers that the calling server names, and when to ask for them anew.

use std::time::{Duration, Instant};

use calling_signaling::protocol::{IceServer, IceServersReply};

/// How long an answer is waited for before it is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server named last.
#[derive(Debug)]
pub(super) struct NamedServers {
    servers: Vec<IceServer>,
    renew_at: Option<Instant>,
}

impl NamedServers {
    /// Of credentials that expire, a quarter of their time is left when they are asked for anew:
    /// what begins with them in the meantime has that long.
    pub(super) fn new(now: Instant, told: IceServersReply) -> Self {
        let IceServersReply { ice_servers, ice_expire_s } = told;
        let good_for = |seconds: u32| Duration::from_secs(seconds.into()) * 3 / 4;
        let renew_at = ice_expire_s.map(|seconds| now + good_for(seconds));
        Self { servers: ice_servers, renew_at }
    }

    pub(super) fn servers(&self) -> &[IceServer] {
        &self.servers
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.renew_at
    }

    /// Whether to ask now; once it was told, not again for a while.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.renew_at.is_some_and(|at| at <= now);
        if due {
            self.renew_at = Some(now + PATIENCE);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ice_expire_s: Option<u32>) -> NamedServers {
        let told = IceServersReply { ice_servers: Vec::new(), ice_expire_s };
        NamedServers::new(calling_testkit::epoch(), told)
    }

    #[test]
    fn what_expires_is_asked_for_with_a_quarter_of_its_time_left() {
        let mut named = told(Some(86_400));
        let due = calling_testkit::epoch() + Duration::from_secs(64_800);
        assert_eq!(named.deadline(), Some(due));
        assert!(!named.take_due(due - Duration::from_millis(1)));
        assert!(named.take_due(due));
        assert!(!named.take_due(due), "the answer is on its way");
        assert!(named.take_due(due + PATIENCE), "or lost");
    }

    #[test]
    fn what_does_not_expire_is_never_asked_for() {
        let mut named = told(None);
        assert_eq!(named.deadline(), None);
        assert!(!named.take_due(calling_testkit::epoch() + Duration::from_secs(1 << 30)));
    }
}
