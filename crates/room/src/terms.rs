use std::collections::BTreeSet;

use calling_wire::{RedBlock, RedPayload, RtpView, Vp8Shift};

use crate::{RoomConfig, RtpDiscard};

/// What was agreed with a participant on its audio: how it looks on the wire, in both directions,
/// where it comes from and who is to be received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTerms {
    /// The payload type of Opus.
    pub payload_type: u8,
    /// The payload type of packets that carry copies of the frames before them (RFC 2198); `None`
    /// if not agreed on. Whoever has none is sent their own frames alone.
    pub red_payload_type: Option<u8>,
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
    /// The streams it has a place for, by the SSRC under which they are forwarded. Whose they are
    /// need not be in the room yet; see [`Room::reserve`](crate::Room::reserve).
    Only(BTreeSet<u32>),
}

impl AudioTerms {
    /// Of a client that announces one SSRC and takes what the room has to give, copies excepted.
    pub const fn native(config: &RoomConfig, audio_ssrc: u32) -> Self {
        Self {
            payload_type: config.payload_type,
            red_payload_type: None,
            audio_level_id: Some(config.audio_level_id),
            source: AudioSource::Ssrc(audio_ssrc),
            receives: Receives::All,
        }
    }

    /// Of a client that neither sends nor receives audio.
    pub const fn none() -> Self {
        Self {
            payload_type: 0,
            red_payload_type: None,
            audio_level_id: None,
            source: AudioSource::None,
            receives: Receives::Only(BTreeSet::new()),
        }
    }

    /// What a packet carries besides its own frame; `None` if nothing.
    ///
    /// # Errors
    /// Its payload type was not agreed on, or it is no packet of copies that are all of the voice:
    /// nothing else may hide in one.
    pub(crate) fn unpack<'a>(
        &self,
        packet: &RtpView<'a>,
    ) -> Result<Option<RedPayload<'a>>, RtpDiscard> {
        let payload_type = packet.payload_type();
        if payload_type == self.payload_type {
            return Ok(None);
        }
        if self.red_payload_type != Some(payload_type) {
            return Err(RtpDiscard::PayloadType);
        }
        let red = RedPayload::parse(packet.payload()).map_err(|_| RtpDiscard::Redundancy)?;
        let is_voice = |block: RedBlock<'_>| block.payload_type == self.payload_type;
        let has_frame = !red.primary.payload.is_empty();
        if has_frame && is_voice(red.primary) && red.copies().all(is_voice) {
            Ok(Some(red))
        } else {
            Err(RtpDiscard::Redundancy)
        }
    }

    /// How headers change on the way to somebody with these terms; `None` if they do not.
    ///
    /// Header extensions of others mean something else to a receiver that told them apart by
    /// numbers of its own: only the audio level goes to it.
    pub(crate) fn rewrite_for(&self, receiver: &Self) -> Option<HeaderRewrite> {
        let (from, to) = (self, receiver);
        let red = from.red_payload_type.map(|came| RedRewrite { came, goes: to.red_payload_type });
        let is_same = from.payload_type == to.payload_type
            && from.audio_level_id == to.audio_level_id
            && red.is_none_or(|red| red.goes == Some(red.came));
        if is_same && to.receives == Receives::All {
            return None;
        }
        let audio_level = from.audio_level_id.zip(to.audio_level_id);
        Some(HeaderRewrite { payload_type: to.payload_type, red, audio_level, vp8: None })
    }
}

impl Receives {
    /// Whether what is forwarded under `ssrc` is received.
    pub fn includes(&self, ssrc: u32) -> bool {
        match self {
            Self::All => true,
            Self::Only(streams) => streams.contains(&ssrc),
        }
    }
}

/// How a header changes for a receiver beside its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRewrite {
    /// The payload type that the receiver expects.
    pub payload_type: u8,
    /// What becomes of packets with copies of earlier frames; `None` if none come.
    pub red: Option<RedRewrite>,
    /// The id of the audio level as it came and as it goes; `None` if it does not go. No other
    /// header extension does.
    pub audio_level: Option<(u8, u8)>,
    /// What is added to the running numbers in a payload of VP8; `None` for any other.
    pub vp8: Option<Vp8Shift>,
}

/// What becomes of packets that carry copies of the frames before them (RFC 2198).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedRewrite {
    /// The payload type that they come with.
    pub came: u8,
    /// The one that they go with; `None` if only the frame that each was sent for goes.
    pub goes: Option<u8>,
}

impl HeaderRewrite {
    /// Copies do not go.
    pub(crate) const fn takes_copies_out(&self) -> bool {
        matches!(self.red, Some(RedRewrite { goes: None, .. }))
    }
}
