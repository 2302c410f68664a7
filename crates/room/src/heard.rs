use std::collections::BTreeMap;
use std::time::Duration;

use calling_model::UserId;

use crate::LegStats;

/// How one user received everybody else, over all its connections to the room: what the server
/// knows by itself, from what it forwarded and what receivers reported (RFC 3550 section 6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Packets forwarded to it.
    pub packets_forwarded: u64,
    /// Of these, packets it reported as lost; never more than were forwarded.
    pub packets_lost: u64,
    /// The worst interarrival jitter among its last reports on each stream.
    pub jitter: Duration,
    /// The longest round trip to the server among its streams' last ones; `None` if never measured.
    pub round_trip: Option<Duration>,
    /// It reported at all; otherwise nothing is known of loss.
    pub reported: bool,
}

/// What everybody heard, by user; those who left included.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeardByUser(BTreeMap<UserId, Heard>);

impl HeardByUser {
    pub(crate) fn add(&mut self, receiver: &UserId, leg: &LegStats) {
        // Nothing was sent that could be heard.
        if leg.packets_forwarded > 0 {
            self.0.entry(receiver.clone()).or_default().add(leg);
        }
    }

    pub(crate) fn users(self) -> impl Iterator<Item = (UserId, Heard)> {
        self.0.into_iter()
    }
}

impl Heard {
    fn add(&mut self, leg: &LegStats) {
        self.packets_forwarded += leg.packets_forwarded;
        let Some(remote) = leg.remote else { return };
        self.reported = true;
        let lost = u64::try_from(remote.packets_lost).unwrap_or(0);
        self.packets_lost += lost.min(leg.packets_forwarded);
        self.jitter = self.jitter.max(remote.jitter);
        self.round_trip = self.round_trip.max(remote.round_trip);
    }
}
