use calling_model::{ParticipantId, UserId, VideoTrack, Volume};

/// Why a participant left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeaveReason {
    /// By itself.
    Left,
    /// Its connection died.
    TimedOut,
    /// Somebody removed it.
    Removed,
}

impl LeaveReason {
    /// The number that clients are told: 0, 1 or 2.
    pub const fn code(self) -> u8 {
        match self {
            Self::Left => 0,
            Self::TimedOut => 1,
            Self::Removed => 2,
        }
    }
}

/// What a room wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomOutput {
    /// Send a compound RTCP packet.
    Rtcp {
        /// To whom.
        to: ParticipantId,
        /// The packet in the clear.
        packet: Vec<u8>,
    },
    /// Send an RTP packet: what its receiver missed.
    Rtp {
        /// To whom.
        to: ParticipantId,
        /// The packet in the clear.
        packet: Vec<u8>,
    },
    /// Tell the others: somebody is in the room.
    UserEntered {
        /// Who.
        user: UserId,
        /// On which device.
        participant: ParticipantId,
        /// Under which SSRC their audio is forwarded.
        audio_ssrc: u32,
        /// Under which SSRCs their pictures are, to who wants to see them.
        video: [VideoStream; VideoTrack::ALL.len()],
    },
    /// Tell the others: somebody left.
    UserLeft {
        /// Who.
        user: UserId,
        /// On which device.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
    /// Tell the others: somebody's audio begins or stops to flow.
    AudioAvailable {
        /// Who.
        user: UserId,
        /// On which device.
        participant: ParticipantId,
        /// `true` if it begins.
        available: bool,
    },
    /// Tell the others: a picture of somebody begins or stops to flow.
    VideoAvailable {
        /// Who.
        user: UserId,
        /// On which device.
        participant: ParticipantId,
        /// Which picture.
        track: VideoTrack,
        /// `true` if it begins.
        available: bool,
    },
    /// Tell all how loud everybody is.
    Volumes {
        /// Who is heard, and once more with volume 0 who just fell silent; by user.
        volumes: Vec<(UserId, Volume)>,
        /// All together.
        total: Volume,
    },
}

/// Why a room has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimeoutReason {
    /// Volumes are due.
    Volumes,
    /// RTCP reports are due.
    Reports,
    /// Audio or a picture may have stopped to flow.
    Flow,
    /// Senders are to be asked for key frames or missing packets.
    Feedback,
}

/// The SSRCs under which a picture is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoStream {
    /// Which picture.
    pub track: VideoTrack,
    /// Of the stream itself.
    pub ssrc: u32,
    /// Of its retransmissions (RFC 4588).
    pub rtx_ssrc: u32,
}
