use std::time::{Duration, Instant};

use calling_transport::ServerStats;
use metrics::{counter, gauge};

use crate::telemetry::names;

/// How often figures leave the thread.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// What one shard counts. Plain numbers: the recorder is told once a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShardCounters {
    pub(crate) datagrams_received: u64,
    pub(crate) bytes_received: u64,
    /// System calls that read datagrams.
    pub(crate) receive_calls: u64,
    pub(crate) datagrams_sent: u64,
    pub(crate) bytes_sent: u64,
    /// System calls that sent datagrams.
    pub(crate) send_calls: u64,
    /// RTP packets passed on, one for each receiver.
    pub(crate) forwarded: u64,
    /// Media dropped because its room's gate is closed.
    pub(crate) gated: u64,
    /// Media the room did not use for any other reason.
    pub(crate) discarded: u64,
    /// Packets that could not be protected for a receiver.
    pub(crate) unsealed: u64,
    /// The socket refused a datagram: its buffer is full.
    pub(crate) send_full: u64,
    /// The network refused a datagram (ICMP errors and the like).
    pub(crate) send_errors: u64,
    pub(crate) receive_errors: u64,
    /// Events dropped because the hub did not take them in time.
    pub(crate) events_dropped: u64,
}

/// Figures on their way to the recorder.
#[derive(Debug)]
pub(super) struct Flush {
    due: Instant,
}

impl Flush {
    pub(super) fn new(now: Instant) -> Self {
        Self { due: now + FLUSH_INTERVAL }
    }

    pub(super) const fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.due <= now;
        if due {
            self.due = now + FLUSH_INTERVAL;
        }
        due
    }
}

impl ShardCounters {
    pub(super) fn report(&self, transport: &ServerStats) {
        counter!(names::MEDIA_PACKETS_IN).absolute(self.datagrams_received);
        counter!(names::MEDIA_PACKETS_OUT).absolute(self.datagrams_sent);
        counter!(names::MEDIA_CALLS_IN).absolute(self.receive_calls);
        counter!(names::MEDIA_CALLS_OUT).absolute(self.send_calls);
        counter!(names::MEDIA_BYTES_IN).absolute(self.bytes_received);
        counter!(names::MEDIA_BYTES_OUT).absolute(self.bytes_sent);
        let ours = [
            ("gate_closed", self.gated),
            ("room", self.discarded),
            ("unsealed", self.unsealed),
            ("send_full", self.send_full),
            ("send_failed", self.send_errors),
            ("receive_failed", self.receive_errors),
            ("event_dropped", self.events_dropped),
        ];
        let theirs = transport.discards.iter().map(|(reason, count)| (*reason, *count));
        for (reason, count) in ours.into_iter().chain(theirs).filter(|(_, count)| *count > 0) {
            counter!(names::MEDIA_DISCARDED, "reason" => reason).absolute(count);
        }
        let unreported = transport.unreported.by_reason().into_iter();
        for (reason, count) in unreported.filter(|(_, count)| *count > 0) {
            counter!(names::MEDIA_UNREPORTED, "reason" => reason).absolute(count);
        }
        gauge!(names::MEDIA_CONNECTIONS).set(transport.connections as f64);
    }
}
