use std::time::Instant;

use calling_wire::{RtpView, VideoCodec, Vp8Descriptor};

use super::flow::Flow;
use super::keyframes::KeyFrames;
use super::missing::Missing;
use super::store::PacketStore;
use crate::publisher::{Position, Publisher};
use crate::ticks;

/// One size of a track on its way in.
#[derive(Debug)]
pub(crate) struct Layer {
    /// No other layer of the track has or had it.
    pub(crate) id: u32,
    /// Of the stream, once known.
    pub(crate) ssrc: Option<u32>,
    /// Of its retransmissions, once known.
    pub(crate) rtx_ssrc: Option<u32>,
    pub(crate) publisher: Publisher,
    pub(crate) store: PacketStore,
    pub(crate) missing: Missing,
    pub(crate) key_frames: KeyFrames,
    pub(crate) flow: Flow,
}

/// A packet of a layer that may be forwarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    pub(crate) index: u64,
    pub(crate) media_time: u64,
    pub(crate) payload_len: usize,
    pub(crate) codec: VideoCodec,
    pub(crate) starts_key_frame: bool,
    /// Of a payload of VP8.
    pub(crate) vp8: Option<Vp8Descriptor>,
}

impl Layer {
    pub(crate) fn new(id: u32, ssrc: Option<u32>, rtx_ssrc: Option<u32>) -> Self {
        Self {
            id,
            ssrc,
            rtx_ssrc,
            publisher: Publisher::new(ticks::VIDEO_HZ),
            store: PacketStore::default(),
            missing: Missing::default(),
            key_frames: KeyFrames::default(),
            flow: Flow::default(),
        }
    }

    /// Its sender uses this SSRC for it.
    pub(crate) fn has(&self, ssrc: u32) -> bool {
        self.ssrc == Some(ssrc) || self.rtx_ssrc == Some(ssrc)
    }

    pub(crate) const fn is_flowing(&self) -> bool {
        self.flow.is_on()
    }

    /// `true` if it flowed until now.
    pub(crate) fn stop_flow(&mut self) -> bool {
        self.missing.clear();
        self.flow.stop()
    }

    /// Notes which packets did not come before this one.
    pub(crate) fn note_missing(&mut self, now: Instant, position: &Position) {
        if position.restarted {
            self.missing.clear();
        } else if position.skipped == 0 {
            self.missing.came(position.index);
        } else if !self.missing.skip(now, position.index - position.skipped..position.index) {
            self.key_frames.want();
        }
    }
}

impl Came {
    pub(crate) fn new(codec: VideoCodec, position: &Position, packet: &RtpView<'_>) -> Self {
        let payload = packet.payload();
        let vp8 = match codec {
            VideoCodec::Vp8 => Vp8Descriptor::parse(payload),
            VideoCodec::H264 | VideoCodec::Vp9 | VideoCodec::Av1 => None,
        };
        Self {
            index: position.index,
            media_time: position.media_time,
            payload_len: payload.len(),
            codec,
            starts_key_frame: codec.starts_key_frame(payload),
            vp8,
        }
    }
}
