use std::collections::BTreeSet;

use calling_model::ParticipantId;
use calling_wire::Vp8Shift;

use crate::RoomConfig;

/// What was agreed with a participant on its audio: how it looks on the wire, in both directions,
/// where it comes from and who is to be received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTerms {
    /// The payload type of Opus.
    pub payload_type: u8,
    /// The id of the audio-level header extension (RFC 6464), 1..=14; `None` if not agreed on.
    pub audio_level_id: Option<u8>,
    /// What it sends.
    pub source: AudioSource,
    /// Whom it receives.
    pub receives: Receives,
}

/// Which packets of a participant are its audio. Nothing is learned from any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioSource {
    /// None: it only listens.
    None,
    /// Those with the SSRC that it announced.
    Ssrc(u32),
    /// Those with the SSRC of the first packet of the right payload type that carries this mid.
    Mid {
        /// The id of the mid header extension (RFC 9143 section 15.2).
        id: u8,
        /// Of the section that the participant sends in.
        mid: String,
    },
}

/// Whom a participant receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receives {
    /// Everybody, whoever comes.
    All,
    /// Those it has a place for. They need not be in the room yet.
    Only(BTreeSet<ParticipantId>),
}

impl AudioTerms {
    /// Of a client that announces one SSRC and takes what the room has to give.
    pub const fn native(config: &RoomConfig, audio_ssrc: u32) -> Self {
        Self {
            payload_type: config.payload_type,
            audio_level_id: Some(config.audio_level_id),
            source: AudioSource::Ssrc(audio_ssrc),
            receives: Receives::All,
        }
    }

    /// Of a client that neither sends nor receives audio.
    pub const fn none() -> Self {
        Self {
            payload_type: 0,
            audio_level_id: None,
            source: AudioSource::None,
            receives: Receives::Only(BTreeSet::new()),
        }
    }

    /// How headers change on the way to somebody with these terms; `None` if they do not.
    ///
    /// Header extensions of others mean something else to a receiver that told them apart by
    /// numbers of its own: only the audio level goes to it.
    pub(crate) fn rewrite_for(&self, receiver: &Self) -> Option<HeaderRewrite> {
        let (from, to) = (self, receiver);
        let is_same =
            from.payload_type == to.payload_type && from.audio_level_id == to.audio_level_id;
        if is_same && to.receives == Receives::All {
            return None;
        }
        let audio_level = from.audio_level_id.zip(to.audio_level_id);
        Some(HeaderRewrite { payload_type: to.payload_type, audio_level, vp8: None })
    }
}

impl Receives {
    /// Whether `publisher` is received.
    pub fn includes(&self, publisher: ParticipantId) -> bool {
        match self {
            Self::All => true,
            Self::Only(publishers) => publishers.contains(&publisher),
        }
    }
}

/// How a header changes for a receiver beside its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRewrite {
    /// The payload type that the receiver expects.
    pub payload_type: u8,
    /// The id of the audio level as it came and as it goes; `None` if it does not go. No other
    /// header extension does.
    pub audio_level: Option<(u8, u8)>,
    /// What is added to the running numbers in a payload of VP8; `None` for any other.
    pub vp8: Option<Vp8Shift>,
}
