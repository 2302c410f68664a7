use std::time::{Duration, Instant};

use calling_model::UserId;
use calling_wire::{AudioLevelExtension, RedPayload, RtpView};

use crate::descriptions;
use crate::publisher::Publisher;
use crate::ticks;
use crate::video::VideoSide;
use crate::{AudioSource, AudioTerms, DiscardCounters, ParticipantStats, RtpDiscard, VolumeMeter};

/// A connected device in the room.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) user: UserId,
    pub(crate) terms: AudioTerms,
    /// Of its audio, once known.
    pub(crate) audio_ssrc: Option<u32>,
    pub(crate) forwarded_ssrc: u32,
    pub(crate) is_muted: bool,
    pub(crate) publisher: Publisher,
    pub(crate) meter: VolumeMeter,
    pub(crate) discards: DiscardCounters,
    pub(crate) packets_in: u64,
    pub(crate) video: Box<VideoSide>,
    /// The first packet since the participant may be heard: nothing of before it may pass as a
    /// copy in later ones.
    heard_from: Option<HeardFrom>,
    flow: Flow,
}

/// The place of a packet in a stream.
#[derive(Clone, Copy, Debug)]
struct HeardFrom {
    index: u64,
    media_time: u64,
}

/// Whether audio flows.
#[derive(Clone, Copy, Debug)]
enum Flow {
    Stopped,
    /// The newest packet came then.
    Flowing(Instant),
}

impl Participant {
    pub(crate) fn new(
        user: UserId,
        terms: AudioTerms,
        forwarded_ssrc: u32,
        video: VideoSide,
    ) -> Self {
        Self {
            user,
            audio_ssrc: announced(&terms.source),
            terms,
            forwarded_ssrc,
            is_muted: false,
            publisher: Publisher::new(ticks::AUDIO_HZ),
            meter: VolumeMeter::new(),
            discards: DiscardCounters::default(),
            packets_in: 0,
            video: Box::new(video),
            heard_from: None,
            flow: Flow::Stopped,
        }
    }

    /// The packet is of the stream this participant announced. First of all checks: nothing may be
    /// learned from a packet that is not.
    /// Returns the copies of earlier frames that it carries, if it is a packet of such.
    pub(crate) fn authorise<'a>(
        &mut self,
        packet: &RtpView<'a>,
    ) -> Result<Option<RedPayload<'a>>, RtpDiscard> {
        let is_known = match self.audio_ssrc {
            Some(ssrc) => packet.ssrc() == ssrc,
            None => carries_mid(packet, &self.terms.source),
        };
        if !is_known {
            return Err(RtpDiscard::ForeignSsrc);
        }
        let red = self.terms.unpack(packet)?;
        self.audio_ssrc = Some(packet.ssrc());
        Ok(red)
    }

    /// Other terms from now on. A stream whose source stays goes on as it was.
    pub(crate) fn negotiate(&mut self, terms: AudioTerms) {
        let before = std::mem::replace(&mut self.terms, terms);
        if before.source != self.terms.source {
            let announced = announced(&self.terms.source);
            if announced.is_none() || announced != self.audio_ssrc {
                self.publisher.restart();
                self.heard_from = None;
            }
            self.audio_ssrc = announced;
        }
    }

    /// Notes the level the packet's header tells, if it does.
    pub(crate) fn observe_level(&mut self, packet: &RtpView<'_>) {
        let extension = self.terms.audio_level_id.and_then(|id| packet.extension(id));
        if let Some(audio) = extension.and_then(AudioLevelExtension::parse) {
            self.meter.observe(audio.level);
        }
    }

    /// Whether a packet at `index` with so many copies of those before it carries any of before the
    /// participant could be heard.
    pub(crate) fn reaches_back(&mut self, index: u64, media_time: u64, copies: usize) -> bool {
        let first = *self.heard_from.get_or_insert(HeardFrom { index, media_time });
        copies as u64 > index.saturating_sub(first.index)
    }

    /// Whether a packet of `media_time` may describe sound of before the participant could be heard.
    pub(crate) fn may_describe_before(&self, media_time: u64) -> bool {
        let first = self.heard_from.map_or(media_time, |first| first.media_time);
        media_time.saturating_sub(first) < descriptions::LONGEST
    }

    /// What is sent from now on is not to be heard, nor as copies later.
    pub(crate) fn silence(&mut self) {
        self.heard_from = None;
        self.meter.silence();
    }

    /// A packet is being forwarded; `true` if audio just began to flow.
    pub(crate) fn flows(&mut self, now: Instant) -> bool {
        let began = !self.is_available();
        self.flow = Flow::Flowing(now);
        began
    }

    /// `true` if audio flowed until now.
    pub(crate) const fn stop_flow(&mut self) -> bool {
        let flowed = self.is_available();
        self.flow = Flow::Stopped;
        flowed
    }

    pub(crate) const fn is_available(&self) -> bool {
        matches!(self.flow, Flow::Flowing(_))
    }

    /// When the flow counts as stopped if nothing more comes.
    pub(crate) fn flow_ends(&self, timeout: Duration) -> Option<Instant> {
        match self.flow {
            Flow::Stopped => None,
            Flow::Flowing(newest) => Some(newest + timeout),
        }
    }

    pub(crate) fn stats(&self) -> ParticipantStats {
        let reception = &self.publisher.reception;
        ParticipantStats {
            packets_in: self.packets_in,
            packets_received: reception.received(),
            packets_lost: reception.lost(),
            jitter: reception.jitter(),
            discards: self.discards.clone(),
        }
    }
}

const fn announced(source: &AudioSource) -> Option<u32> {
    match source {
        AudioSource::Ssrc(ssrc) => Some(*ssrc),
        AudioSource::None | AudioSource::Mid { .. } => None,
    }
}

fn carries_mid(packet: &RtpView<'_>, source: &AudioSource) -> bool {
    match source {
        AudioSource::Mid { id, mid } => packet.extension(*id) == Some(mid.as_bytes()),
        AudioSource::None | AudioSource::Ssrc(_) => false,
    }
}
