use calling_model::{ParticipantId, UserId, VideoTrack};

use crate::{AudioTerms, Forwards, JoinError, LeaveReason, NotInRoom, VideoTerms, VideoViews};

/// What happens to a room. Each variant is also a method of [`Room`](crate::Room).
#[derive(Debug)]
pub enum RoomInput<'a> {
    /// A media connection is up and enters the room.
    Join {
        /// The device.
        participant: ParticipantId,
        /// Its account.
        user: UserId,
        /// The SSRC it announced for its audio.
        audio_ssrc: u32,
    },
    /// Other terms were agreed with a participant.
    Negotiate {
        /// The device.
        participant: ParticipantId,
        /// What holds from now on.
        terms: AudioTerms,
    },
    /// Other terms on pictures were agreed with a participant.
    NegotiateVideo {
        /// The device.
        participant: ParticipantId,
        /// What holds from now on.
        terms: VideoTerms,
    },
    /// A participant wants to see other pictures than before.
    SetViews {
        /// The device.
        participant: ParticipantId,
        /// All it wants to see.
        views: VideoViews,
    },
    /// A participant turned a picture off or on.
    SetVideoMuted {
        /// The device.
        participant: ParticipantId,
        /// Which picture.
        track: VideoTrack,
        /// `true`: nothing of it is forwarded.
        muted: bool,
    },
    /// A participant leaves.
    Leave {
        /// The device.
        participant: ParticipantId,
        /// Why.
        reason: LeaveReason,
    },
    /// The call is accepted: media may pass.
    Open,
    /// A participant muted or unmuted its microphone.
    SetMuted {
        /// The device.
        participant: ParticipantId,
        /// `true`: nothing of it is forwarded.
        muted: bool,
    },
    /// An RTP packet in the clear came.
    Rtp {
        /// From whom.
        from: ParticipantId,
        /// The packet.
        packet: &'a [u8],
        /// Takes whom it goes to.
        forwards: &'a mut Forwards,
    },
    /// An RTCP packet in the clear came.
    Rtcp {
        /// From whom.
        from: ParticipantId,
        /// The packet.
        packet: &'a [u8],
    },
}

/// An input that the owner of a room should not have given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomMisuse {
    /// Of [`RoomInput::Join`].
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Of the others that name a participant.
    #[error(transparent)]
    NotInRoom(#[from] NotInRoom),
}
