use std::time::{Duration, Instant};

use calling_model::{ParticipantId, VideoSize, VideoTrack};
use calling_wire::{RtpView, VideoCodec};

use super::{Came, Found, Layer, VideoLeg, VideoSource, VideoTerms};
use crate::{Forward, RtpDiscard};

/// A track of a participant, and all who see it.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) track: VideoTrack,
    /// Under which it is forwarded.
    pub(crate) ssrc: u32,
    /// Under which retransmissions of it are.
    pub(crate) rtx_ssrc: u32,
    pub(crate) is_muted: bool,
    /// From small to large.
    pub(crate) layers: Vec<Layer>,
    pub(crate) legs: Vec<VideoLeg>,
    next_layer: u32,
}

/// What came of looking for layers that flow no more.
#[derive(Debug, Default)]
pub(crate) struct Silent {
    pub(crate) any_stopped: bool,
    /// With them the track.
    pub(crate) all_stopped: bool,
    /// When the next may be silent for too long.
    pub(crate) next: Option<Instant>,
}

impl Published {
    pub(crate) const fn new(track: VideoTrack, ssrc: u32, rtx_ssrc: u32) -> Self {
        Self {
            track,
            ssrc,
            rtx_ssrc,
            is_muted: false,
            layers: Vec::new(),
            legs: Vec::new(),
            next_layer: 0,
        }
    }

    /// It comes from elsewhere from now on, or no more.
    pub(crate) fn set_source(&mut self, source: Option<&VideoSource>) {
        let (count, announced) = match source {
            None => (0, None),
            Some(VideoSource::Ssrcs(ssrcs)) => (1, Some(*ssrcs)),
            Some(source @ VideoSource::Mid { .. }) => (source.layers(), None),
        };
        self.layers.clear();
        for _ in 0..count {
            let media = announced.map(|ssrcs| ssrcs.media);
            let rtx = announced.and_then(|ssrcs| ssrcs.rtx);
            self.layers.push(Layer::new(self.next_layer, media, rtx));
            self.next_layer += 1;
        }
        self.legs.iter_mut().for_each(VideoLeg::stop);
    }

    /// Something flows.
    pub(crate) fn is_available(&self) -> bool {
        self.layers.iter().any(Layer::is_flowing)
    }

    pub(crate) fn has_viewers(&self) -> bool {
        self.legs.iter().any(|leg| leg.wants.is_some())
    }

    /// Takes a packet of one of its layers, `raw` being all of it, and adds to `forwards` whom it
    /// goes to. `true` if receivers are to get other layers than before.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        found: &Found,
        packet: &RtpView<'_>,
        raw: &[u8],
        forwards: &mut Vec<Forward>,
    ) -> Result<bool, RtpDiscard> {
        let has_viewers = self.has_viewers();
        let layer = self.layers.get_mut(found.layer).ok_or(RtpDiscard::ForeignSsrc)?;
        let position = layer.publisher.accept(now, packet)?;
        if self.is_muted {
            return Err(RtpDiscard::Muted);
        }
        let id = layer.id;
        let noted = layer.flow.packet(now, position.media_time);
        let leaves_behind = noted.begins_frame && self.leaves_behind(now, found.layer);
        let is_news = noted.is_news || leaves_behind;
        if is_news {
            self.retarget();
        }
        let Some(layer) = self.layers.get_mut(found.layer).filter(|_| has_viewers) else {
            return Ok(is_news);
        };
        let came = Came::new(found.codec, &position, packet);
        layer.note_missing(now, &position);
        if came.starts_key_frame {
            layer.key_frames.done();
        }
        layer.store.put(came.index, came.media_time, raw);
        let viewers = self.legs.iter_mut().filter(|leg| leg.wants.is_some());
        forwards.extend(viewers.filter_map(|leg| leg.forward(now, id, &came)));
        Ok(is_news)
    }

    /// A frame of a layer begins; `true` if that shows that another has stopped.
    fn leaves_behind(&mut self, now: Instant, layer: usize) -> bool {
        let Some(frames) = self.layers.get(layer).map(|layer| layer.flow.frames()) else {
            return false;
        };
        let mut any = false;
        for (index, other) in self.layers.iter_mut().enumerate() {
            if index != layer && other.flow.is_left_behind(now, &frames) {
                // Nobody is to wait for one of it.
                other.key_frames.done();
                any = true;
            }
        }
        any
    }

    /// What `receiver` wants to see of it, under its terms. A leg is made where there is none and
    /// one is wanted; it stays, since its numbers run on.
    pub(crate) fn set_view(
        &mut self,
        receiver: ParticipantId,
        wants: Option<VideoSize>,
        terms: &VideoTerms,
        make: impl FnOnce(u32, u32) -> VideoLeg,
    ) {
        let found = self.legs.iter().position(|leg| leg.to == receiver);
        let index = match found {
            Some(index) => index,
            None if wants.is_none() => return,
            None => {
                self.legs.push(make(self.ssrc, self.rtx_ssrc));
                self.legs.len() - 1
            }
        };
        self.legs[index].set(wants, terms);
        self.retarget();
    }

    pub(crate) fn is_seen_by(&self, receiver: ParticipantId) -> bool {
        self.legs.iter().any(|leg| leg.to == receiver && leg.wants.is_some())
    }

    pub(crate) fn forget(&mut self, receiver: ParticipantId) {
        self.legs.retain(|leg| leg.to != receiver);
    }

    /// Ends the flow of layers of which nothing came for `timeout`.
    pub(crate) fn stop_silent_layers(&mut self, now: Instant, timeout: Duration) -> Silent {
        let mut silent = Silent::default();
        for layer in &mut self.layers {
            match layer.flow.ends(timeout) {
                Some(ends) if ends <= now => silent.any_stopped |= layer.stop_flow(),
                Some(ends) => silent.next = silent.next.into_iter().chain([ends]).min(),
                None => {}
            }
        }
        if silent.any_stopped {
            silent.all_stopped = !self.is_available();
            self.retarget();
        }
        silent
    }

    /// It is turned off or on again; `true` if it flowed until now.
    pub(crate) fn set_muted(&mut self, muted: bool) -> bool {
        self.is_muted = muted;
        if !muted {
            return false;
        }
        let flowed = self.is_available();
        self.legs.iter_mut().for_each(VideoLeg::stop);
        for layer in &mut self.layers {
            layer.missing.clear();
            layer.flow.stop_on_purpose();
        }
        flowed
    }

    /// Has every receiver get the layer that suits it: of those that flow and can best be relied on
    /// the smallest or the largest. Where none flows, it gets what it got as soon as that goes on.
    pub(crate) fn retarget(&mut self) {
        let best = self.layers.iter().filter_map(|layer| layer.flow.rank()).max();
        let is_best = |layer: &&Layer| best.is_some() && layer.flow.rank() == best;
        let mut flowing = self.layers.iter().filter(is_best).map(|it| it.id);
        let Some(small) = flowing.next() else { return };
        let large = flowing.next_back().unwrap_or(small);
        for leg in &mut self.legs {
            let wanted = match leg.wants {
                None => continue,
                Some(VideoSize::Small) => small,
                Some(VideoSize::Large) => large,
            };
            if leg.aim(wanted)
                && let Some(layer) = self.layers.iter_mut().find(|layer| layer.id == wanted)
            {
                layer.key_frames.want();
            }
        }
    }

    /// A receiver needs a key frame; `false` if it does not receive the track.
    pub(crate) fn want_key_frame(&mut self, receiver: ParticipantId) -> bool {
        let mut viewers = self.legs.iter().filter(|leg| leg.wants.is_some());
        let Some(leg) = viewers.find(|leg| leg.to == receiver) else { return false };
        let id = leg.layer();
        if let Some(layer) = self.layers.iter_mut().find(|layer| Some(layer.id) == id) {
            layer.key_frames.want();
        }
        true
    }

    /// What a receiver has not got under `sequence_number`, to be sent again.
    pub(crate) fn retransmit(
        &mut self,
        receiver: ParticipantId,
        sequence_number: u16,
        codec_of: impl Fn(u8) -> Option<VideoCodec>,
    ) -> Option<Vec<u8>> {
        let mut viewers = self.legs.iter_mut().filter(|leg| leg.wants.is_some());
        let leg = viewers.find(|leg| leg.to == receiver)?;
        let (id, index) = leg.forwarder.find(sequence_number)?;
        let layer = self.layers.iter().find(|layer| layer.id == id && leg.current() == Some(id))?;
        let stored = layer.store.get(index)?;
        let codec = codec_of(stored.packet.get(1)? & 0x7f)?;
        leg.retransmit(sequence_number, codec, id, stored)
    }
}
