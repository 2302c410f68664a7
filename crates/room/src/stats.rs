use std::time::Duration;

use calling_model::{ParticipantId, UserId};

use crate::DiscardCounters;

/// Who is in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantInfo {
    /// The device.
    pub participant: ParticipantId,
    /// Its account.
    pub user: UserId,
    /// Under which SSRC its audio is forwarded.
    pub audio_ssrc: u32,
    /// Its audio flows.
    pub audio_available: bool,
    /// It is muted.
    pub muted: bool,
}

/// How one participant's stream is received by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantStats {
    /// RTP packets that came, whatever became of them.
    pub packets_in: u64,
    /// Packets of the stream received, without duplicates.
    pub packets_received: u64,
    /// Packets that did not come.
    pub packets_lost: u64,
    /// Interarrival jitter (RFC 3550 appendix A.8).
    pub jitter: Duration,
    /// What was discarded of it.
    pub discards: DiscardCounters,
}

/// How one publisher's stream goes to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegStats {
    /// Who publishes.
    pub publisher: ParticipantId,
    /// Who receives.
    pub receiver: ParticipantId,
    /// Packets forwarded.
    pub packets_forwarded: u64,
    /// Payload bytes forwarded.
    pub octets_forwarded: u64,
    /// What the receiver last said of it.
    pub remote: Option<RemoteReception>,
}

/// How a receiver says it receives a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteReception {
    /// Share lost since its report before, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the stream began, as it counts.
    pub packets_lost: i32,
    /// Interarrival jitter.
    pub jitter: Duration,
    /// Between the server and the receiver; `None` until a report of ours was echoed.
    pub round_trip: Option<Duration>,
}

/// How a picture goes to one receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoLegStats {
    /// To whom.
    pub receiver: ParticipantId,
    /// Packets forwarded.
    pub packets_forwarded: u64,
    /// Their payload in bytes.
    pub octets_forwarded: u64,
    /// Packets sent again because they were asked for.
    pub packets_sent_again: u64,
    /// What the receiver said of them last.
    pub remote: Option<RemoteReception>,
}

/// What passed through a room since it was made, those who left included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomStats {
    /// RTP packets that came.
    pub packets_in: u64,
    /// Copies of them that were forwarded.
    pub packets_forwarded: u64,
    /// Outputs dropped because nobody drained the room.
    pub outputs_dropped: u64,
    /// What was discarded.
    pub discards: DiscardCounters,
}
