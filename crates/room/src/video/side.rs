use calling_model::VideoTrack;
use calling_wire::{RtpView, VideoCodec};

use super::{Layer, Published, VideoSource, VideoTerms, VideoViews};
use crate::RtpDiscard;

/// The pictures of a participant, in both directions.
#[derive(Debug)]
pub(crate) struct VideoSide {
    pub(crate) terms: VideoTerms,
    /// What it wants to see.
    pub(crate) views: VideoViews,
    /// What it sends.
    pub(crate) tracks: [Published; VideoTrack::ALL.len()],
}

/// Which layer a packet is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) track: VideoTrack,
    pub(crate) layer: usize,
    pub(crate) codec: VideoCodec,
    /// The payload type of the codec itself.
    pub(crate) payload_type: u8,
    /// It is a retransmission.
    pub(crate) is_rtx: bool,
}

impl VideoSide {
    pub(crate) fn new(tracks: [Published; VideoTrack::ALL.len()]) -> Self {
        Self { terms: VideoTerms::none(), views: VideoViews::new(), tracks }
    }

    /// It may send pictures.
    pub(crate) fn sends(&self) -> bool {
        !self.terms.sends.is_empty()
    }

    pub(crate) const fn track_mut(&mut self, track: VideoTrack) -> &mut Published {
        &mut self.tracks[index_of(track)]
    }

    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.tracks.iter().flat_map(|published| &published.layers)
    }

    pub(crate) fn layers_mut(&mut self) -> impl Iterator<Item = &mut Layer> {
        self.tracks.iter_mut().flat_map(|published| &mut published.layers)
    }

    /// Other terms from now on. What stays the same goes on as it was.
    pub(crate) fn negotiate(&mut self, terms: VideoTerms) {
        for published in &mut self.tracks {
            let source = terms.sends.get(&published.track);
            if source != self.terms.sends.get(&published.track) {
                published.set_source(source);
            }
        }
        self.terms = terms;
    }

    /// Which layer a packet is of. First of all checks: nothing may be learned from a packet that
    /// is of none.
    pub(crate) fn find(&mut self, packet: &RtpView<'_>) -> Result<Found, RtpDiscard> {
        let place = self.place(packet.ssrc());
        let Some((format, is_rtx)) = self.terms.format_of(packet.payload_type()) else {
            let is_known = place.is_some();
            return Err(if is_known { RtpDiscard::PayloadType } else { RtpDiscard::ForeignSsrc });
        };
        let found = |track, layer| Found {
            track,
            layer,
            codec: format.codec,
            payload_type: format.payload_type,
            is_rtx,
        };
        match place {
            Some((track, layer, is_of_rtx)) if is_of_rtx == is_rtx => Ok(found(track, layer)),
            Some(_) => Err(RtpDiscard::PayloadType),
            None => {
                let learned = self.terms.place_of(packet, is_rtx);
                let (track, layer) = learned.ok_or(RtpDiscard::ForeignSsrc)?;
                let found = found(track, layer);
                self.learn(packet.ssrc(), &found)?;
                Ok(found)
            }
        }
    }

    /// The track, the layer, and whether the SSRC is that of its retransmissions.
    fn place(&self, ssrc: u32) -> Option<(VideoTrack, usize, bool)> {
        self.tracks.iter().find_map(|published| {
            let mut layers = published.layers.iter().enumerate();
            layers.find_map(|(index, layer)| {
                let is_rtx = layer.rtx_ssrc == Some(ssrc);
                (is_rtx || layer.ssrc == Some(ssrc)).then_some((published.track, index, is_rtx))
            })
        })
    }

    fn learn(&mut self, ssrc: u32, found: &Found) -> Result<(), RtpDiscard> {
        let layers = &mut self.track_mut(found.track).layers;
        let layer = layers.get_mut(found.layer).ok_or(RtpDiscard::ForeignSsrc)?;
        let slot = if found.is_rtx { &mut layer.rtx_ssrc } else { &mut layer.ssrc };
        if slot.is_some() {
            return Err(RtpDiscard::ForeignSsrc);
        }
        *slot = Some(ssrc);
        Ok(())
    }
}

impl VideoTerms {
    /// The track and layer that a packet says to be of.
    fn place_of(&self, packet: &RtpView<'_>, is_rtx: bool) -> Option<(VideoTrack, usize)> {
        let said = packet.extension(self.extensions.mid?)?;
        let id = if is_rtx { self.extensions.repaired_rid } else { self.extensions.rid };
        self.sends.iter().find_map(|(track, source)| {
            let VideoSource::Mid { mid, rids } = source else { return None };
            if mid.as_bytes() != said {
                return None;
            }
            if rids.is_empty() {
                return Some((*track, 0));
            }
            let said = packet.extension(id?)?;
            let layer = rids.iter().position(|rid| rid.as_bytes() == said)?;
            Some((*track, layer))
        })
    }
}

pub(super) const fn index_of(track: VideoTrack) -> usize {
    match track {
        VideoTrack::Camera => 0,
        VideoTrack::Screen => 1,
    }
}
