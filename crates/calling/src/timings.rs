use std::time::Instant;

use serde::Serialize;

/// The moments of one call at this side, on this process's monotonic clock; `None` has not
/// happened (yet).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// The call was placed here, or the invite arrived here.
    pub started: Option<Instant>,
    /// The server took the invite (caller only).
    pub invite_sent: Option<Instant>,
    /// A device of the callee rings (caller), or this one does (callee).
    pub ringing: Option<Instant>,
    /// The media connection was begun.
    pub media_started: Option<Instant>,
    /// The server's half of the media connection arrived.
    pub media_answered: Option<Instant>,
    /// ICE chose a path.
    pub ice_connected: Option<Instant>,
    /// DTLS is done: media is ready.
    pub dtls_done: Option<Instant>,
    /// `accept` was called here (callee only).
    pub accept_asked: Option<Instant>,
    /// This side knew that the call was answered.
    pub accepted: Option<Instant>,
    /// The microphone was opened and its first packet left.
    pub first_packet_sent: Option<Instant>,
    /// The first voice packet that was used arrived.
    pub first_packet_received: Option<Instant>,
    /// The first audible sound was handed to the loudspeaker.
    pub first_audio: Option<Instant>,
    /// The call was over.
    pub ended: Option<Instant>,
}

/// [`Timings`] in milliseconds, for people and JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TimingsMs {
    /// Each moment by name, in milliseconds since the call started here, in order of name.
    #[serde(flatten)]
    pub since_start: std::collections::BTreeMap<&'static str, f64>,
}

impl Timings {
    /// Milliseconds from `from` to `to`, if both happened; negative if `to` was first.
    pub fn ms_between(from: Option<Instant>, to: Option<Instant>) -> Option<f64> {
        let (from, to) = (from?, to?);
        let forward = to.saturating_duration_since(from).as_secs_f64();
        let backward = from.saturating_duration_since(to).as_secs_f64();
        Some((forward - backward) * 1_000.0)
    }

    /// From the start of connectivity checks, that is from the server's answer, until a path was
    /// chosen; in milliseconds.
    pub fn ice_ms(&self) -> Option<f64> {
        Self::ms_between(self.media_answered, self.ice_connected)
    }

    /// The DTLS handshake, in milliseconds.
    pub fn dtls_ms(&self) -> Option<f64> {
        Self::ms_between(self.ice_connected, self.dtls_done)
    }

    /// Each moment that happened, in milliseconds since the call started here.
    pub fn to_ms(&self) -> TimingsMs {
        let since_start = self
            .moments()
            .into_iter()
            .filter_map(|(name, at)| Some((name, Self::ms_between(self.started, at)?)))
            .collect();
        TimingsMs { since_start }
    }

    /// These moments, and those of `other` where these have none.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        Self {
            started: self.started.or(other.started),
            invite_sent: self.invite_sent.or(other.invite_sent),
            ringing: self.ringing.or(other.ringing),
            media_started: self.media_started.or(other.media_started),
            media_answered: self.media_answered.or(other.media_answered),
            ice_connected: self.ice_connected.or(other.ice_connected),
            dtls_done: self.dtls_done.or(other.dtls_done),
            accept_asked: self.accept_asked.or(other.accept_asked),
            accepted: self.accepted.or(other.accepted),
            first_packet_sent: self.first_packet_sent.or(other.first_packet_sent),
            first_packet_received: self.first_packet_received.or(other.first_packet_received),
            first_audio: self.first_audio.or(other.first_audio),
            ended: self.ended.or(other.ended),
        }
    }

    fn moments(&self) -> [(&'static str, Option<Instant>); 12] {
        [
            ("invite_sent", self.invite_sent),
            ("ringing", self.ringing),
            ("media_started", self.media_started),
            ("media_answered", self.media_answered),
            ("ice_connected", self.ice_connected),
            ("dtls_done", self.dtls_done),
            ("accept_asked", self.accept_asked),
            ("accepted", self.accepted),
            ("first_packet_sent", self.first_packet_sent),
            ("first_packet_received", self.first_packet_received),
            ("first_audio", self.first_audio),
            ("ended", self.ended),
        ]
    }

    /// Notes `now` as the moment of `which` unless it happened before.
    pub(crate) fn mark(which: &mut Option<Instant>, now: Instant) {
        which.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use calling_testkit::epoch;

    use super::*;

    #[test]
    fn milliseconds_count_from_the_start() {
        let at = |ms| Some(epoch() + Duration::from_millis(ms));
        let timings = Timings {
            started: at(10),
            media_answered: at(20),
            ice_connected: at(32),
            dtls_done: at(40),
            ..Default::default()
        };
        assert_eq!(timings.ice_ms(), Some(12.0));
        assert_eq!(timings.dtls_ms(), Some(8.0));
        let ms = timings.to_ms();
        assert_eq!(ms.since_start.get("dtls_done"), Some(&30.0));
        assert_eq!(ms.since_start.get("ended"), None);
        assert_eq!(Timings::ms_between(at(5), at(3)), Some(-2.0));
    }

    #[test]
    fn the_first_moment_stays() {
        let mut moment = None;
        Timings::mark(&mut moment, epoch());
        Timings::mark(&mut moment, epoch() + Duration::from_secs(1));
        assert_eq!(moment, Some(epoch()));
    }
}
