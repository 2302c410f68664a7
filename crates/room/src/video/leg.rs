use std::time::Instant;

use calling_model::{ParticipantId, VideoSize};
use calling_wire::{RtpHeader, RtpView, VideoCodec, Vp8Numbers, Vp8Shift, write_header};

use super::store::Stored;
use super::{Came, VideoFormat, VideoTerms};
use crate::leg::LegReports;
use crate::{Arrived, Forward, Forwarder, HeaderRewrite, VideoLegStats, ticks};

/// Header of a retransmission and the sequence number of what it repeats (RFC 4588 section 4).
const RTX_HEADER_LEN: usize = 12 + 2;

/// One track on its way to one receiver.
#[derive(Debug)]
pub(crate) struct VideoLeg {
    pub(crate) to: ParticipantId,
    /// How large it is shown; `None` while it is not wanted.
    pub(crate) wants: Option<VideoSize>,
    /// What the receiver takes.
    formats: Vec<VideoFormat>,
    /// The layer that is to be forwarded, from its next key frame on.
    target: Option<u32>,
    /// The layer that is forwarded.
    current: Option<u32>,
    pub(crate) forwarder: Forwarder<u32>,
    /// What is added to the running numbers of the layer.
    shift: Vp8Shift,
    newest: Vp8Numbers,
    retransmissions: Retransmissions,
    pub(crate) reports: LegReports,
}

/// The stream of what is sent again.
#[derive(Debug)]
struct Retransmissions {
    ssrc: u32,
    next: u16,
    /// Half packets that may be sent again.
    budget: u32,
    sent: u64,
}

/// 64 packets at once.
const MOST_BUDGET: u32 = 2 * 64;

impl VideoLeg {
    /// `first` is the sequence number of the first retransmission.
    pub(crate) fn new(
        to: ParticipantId,
        forwarder: Forwarder<u32>,
        rtx_ssrc: u32,
        first: u16,
    ) -> Self {
        Self {
            to,
            wants: None,
            formats: Vec::new(),
            target: None,
            current: None,
            forwarder,
            shift: Vp8Shift::default(),
            newest: Vp8Numbers::default(),
            retransmissions: Retransmissions {
                ssrc: rtx_ssrc,
                next: first,
                budget: MOST_BUDGET,
                sent: 0,
            },
            reports: LegReports::new(ticks::VIDEO_HZ),
        }
    }

    /// The receiver wants it in another size, or not at all, or takes other formats.
    pub(crate) fn set(&mut self, wants: Option<VideoSize>, terms: &VideoTerms) {
        self.wants = wants;
        self.formats.clone_from(&terms.formats);
        if wants.is_none() {
            self.stop();
        }
    }

    /// Nothing more is forwarded before a key frame.
    pub(crate) const fn stop(&mut self) {
        self.target = None;
        self.current = None;
    }

    /// Has a layer forwarded from its next key frame on; `true` if that is awaited.
    pub(crate) fn aim(&mut self, layer: u32) -> bool {
        self.target = Some(layer);
        self.current != self.target
    }

    /// The layer whose key frame would help the receiver.
    pub(crate) fn layer(&self) -> Option<u32> {
        self.target.or(self.current)
    }

    /// The layer that the receiver has.
    pub(crate) const fn current(&self) -> Option<u32> {
        self.current
    }

    /// One more packet of a layer; `None` if it does not go to this receiver.
    pub(crate) fn forward(&mut self, now: Instant, layer: u32, came: &Came) -> Option<Forward> {
        let format = self.formats.iter().find(|format| format.codec == came.codec)?;
        let payload_type = format.payload_type;
        self.begin_at_key_frame(layer, came);
        if self.current != Some(layer) {
            return None;
        }
        let arrived = Arrived {
            source: layer,
            index: came.index,
            media_time: came.media_time,
            payload_len: came.payload_len,
            own: None,
        };
        let header = self.forwarder.rewrite(now, &arrived)?;
        if let Some(vp8) = &came.vp8 {
            self.newest.advance(self.shift.of(vp8));
        }
        self.retransmissions.earn();
        let vp8 = came.vp8.map(|_| self.shift);
        Some(Forward {
            to: self.to,
            ssrc: header.ssrc,
            sequence_number: header.sequence_number,
            timestamp: header.timestamp,
            rewrite: Some(HeaderRewrite { payload_type, red: None, audio_level: None, vp8 }),
            own: None,
        })
    }

    /// The stored packet that the receiver has not got under `sequence_number` comes as a
    /// retransmission; `None` if it has none or too many were sent again.
    pub(crate) fn retransmit(
        &mut self,
        sequence_number: u16,
        codec: VideoCodec,
        layer: u32,
        stored: &Stored,
    ) -> Option<Vec<u8>> {
        let format = self.formats.iter().find(|format| format.codec == codec)?;
        let payload_type = format.rtx?;
        let packet = RtpView::parse(&stored.packet).ok()?;
        let timestamp = self.forwarder.timestamp_at(layer, stored.media_time)?;
        let header = RtpHeader {
            payload_type,
            marker: packet.marker(),
            sequence_number: self.retransmissions.spend()?,
            timestamp,
            ssrc: self.retransmissions.ssrc,
        };
        let mut again = vec![0; RTX_HEADER_LEN];
        write_header(&header, &[], &mut again).ok()?;
        again[RTX_HEADER_LEN - 2..].copy_from_slice(&sequence_number.to_be_bytes());
        again.extend_from_slice(packet.payload());
        if codec == VideoCodec::Vp8 {
            self.shift.apply(&mut again[RTX_HEADER_LEN..]);
        }
        Some(again)
    }

    pub(crate) const fn stats(&self) -> VideoLegStats {
        VideoLegStats {
            receiver: self.to,
            packets_forwarded: self.forwarder.packets(),
            octets_forwarded: self.forwarder.octets(),
            packets_sent_again: self.retransmissions.sent,
            remote: self.reports.remote(),
        }
    }

    fn begin_at_key_frame(&mut self, layer: u32, came: &Came) {
        if self.current == Some(layer) || self.target != Some(layer) || !came.starts_key_frame {
            return;
        }
        self.current = Some(layer);
        self.forwarder.pause();
        self.shift =
            came.vp8.map_or_else(Vp8Shift::default, |first| Vp8Shift::between(self.newest, &first));
    }
}

impl Retransmissions {
    /// What is forwarded allows for half as much to be sent again, so that nobody turns small
    /// requests into a flood.
    fn earn(&mut self) {
        self.budget = (self.budget + 1).min(MOST_BUDGET);
    }

    fn spend(&mut self) -> Option<u16> {
        self.budget = self.budget.checked_sub(2)?;
        self.sent += 1;
        let sequence_number = self.next;
        self.next = self.next.wrapping_add(1);
        Some(sequence_number)
    }
}
