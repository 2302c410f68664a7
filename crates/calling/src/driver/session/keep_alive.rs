use std::time::{Duration, Instant};

/// A server that names no sensible interval is pinged this often.
const LEAST_INTERVAL: Duration = Duration::from_millis(200);
/// While there is a call a ping goes out at least this often: that the server is gone matters now.
const INTERVAL_IN_CALL: Duration = Duration::from_secs(5);
/// A connection on which nothing answers for this long is dead.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// The same while there is a call, which is lost if its device stays away for long.
const LONGEST_SILENCE_IN_CALL: Duration = Duration::from_secs(6);

/// When to ping on a connection, and when to give it up.
///
/// The server answers whatever it is sent, so a connection is judged by that alone: an idle one may
/// be silent for as long as the server allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepAlive {
    interval: Duration,
    last_sent: Instant,
    /// Since when something sent waits for the next word of the server.
    waits_since: Option<Instant>,
}

/// What is due on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// It is dead.
    Farewell,
}

impl KeepAlive {
    /// `interval` is what the server asks for.
    pub(super) fn new(now: Instant, interval: Duration) -> Self {
        Self { interval: interval.max(LEAST_INTERVAL), last_sent: now, waits_since: None }
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.last_sent = now;
        self.waits_since.get_or_insert(now);
    }

    pub(super) fn heard(&mut self) {
        self.waits_since = None;
    }

    pub(super) fn due(&self, now: Instant, in_call: bool) -> Due {
        if self.dead_at(in_call).is_some_and(|at| at <= now) {
            Due::Farewell
        } else if self.ping_at(in_call) <= now {
            Due::Ping
        } else {
            Due::Nothing
        }
    }

    pub(super) fn deadline(&self, in_call: bool) -> Instant {
        let ping_at = self.ping_at(in_call);
        self.dead_at(in_call).map_or(ping_at, |dead_at| dead_at.min(ping_at))
    }

    fn ping_at(&self, in_call: bool) -> Instant {
        let most = if in_call { INTERVAL_IN_CALL } else { Duration::MAX };
        self.last_sent + self.interval.min(most)
    }

    fn dead_at(&self, in_call: bool) -> Option<Instant> {
        let most = if in_call { LONGEST_SILENCE_IN_CALL } else { LONGEST_SILENCE };
        self.waits_since.map(|since| since + self.interval.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn epoch() -> Instant {
        calling_testkit::epoch()
    }

    #[test]
    fn an_idle_connection_pings_as_the_server_asks() {
        let line = KeepAlive::new(epoch(), 30 * SECOND);
        assert_eq!(line.due(epoch() + 29 * SECOND, false), Due::Nothing);
        assert_eq!(line.deadline(false), epoch() + 30 * SECOND);
        assert_eq!(line.due(epoch() + 30 * SECOND, false), Due::Ping);
    }

    #[test]
    fn with_a_call_it_pings_more_often() {
        let line = KeepAlive::new(epoch(), 30 * SECOND);
        assert_eq!(line.deadline(true), epoch() + 5 * SECOND);
        assert_eq!(line.due(epoch() + 5 * SECOND, true), Due::Ping);
        assert_eq!(KeepAlive::new(epoch(), SECOND).deadline(true), epoch() + SECOND);
    }

    #[test]
    fn what_is_not_answered_for_ten_seconds_is_dead() {
        let mut line = KeepAlive::new(epoch(), 30 * SECOND);
        line.sent(epoch() + SECOND);
        line.sent(epoch() + 5 * SECOND);
        assert_eq!(line.deadline(false), epoch() + 11 * SECOND);
        assert_eq!(line.due(epoch() + 10 * SECOND, false), Due::Nothing);
        assert_eq!(line.due(epoch() + 7 * SECOND, true), Due::Farewell, "in a call it is six");
        assert_eq!(line.due(epoch() + 11 * SECOND, false), Due::Farewell);
        line.heard();
        assert_eq!(line.due(epoch() + 11 * SECOND, false), Due::Nothing);
        assert_eq!(line.deadline(false), epoch() + 35 * SECOND, "nothing is waited for");
    }

    #[test]
    fn a_server_that_asks_for_pings_without_pause_is_spared_them() {
        let line = KeepAlive::new(epoch(), Duration::ZERO);
        assert_eq!(line.deadline(false), epoch() + Duration::from_millis(200));
    }
}
