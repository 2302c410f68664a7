//! What receivers ask of senders, and what the room asks of them (RFC 4585, RFC 5104).

use std::time::Instant;

use bytes::Bytes;
use calling_model::{ParticipantId, VideoTrack};
use calling_wire::{Feedback, NackedPackets, RtcpView};
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::receiver_report::ReceiverReport;
use rtcp::transport_feedbacks::transport_layer_nack::{
    TransportLayerNack, nack_pairs_from_sequence_numbers,
};

use super::{Layer, Published, VideoSide};
use crate::reports::append;
use crate::room::Room;
use crate::{RoomOutput, RtcpDiscard};

/// Sequence numbers of one NACK that are looked at; more would be 2 s of video.
const MOST_NACKED: usize = 512;

impl Room {
    /// Takes what a receiver asks for. Nothing is passed on as it is: requests for key frames are
    /// put together, and NACKs are answered from what is stored.
    pub(crate) fn read_feedback(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &RtcpView<'_>,
    ) -> Result<(), RtcpDiscard> {
        match Feedback::parse(packet).ok_or(RtcpDiscard::Ignored)? {
            Feedback::Nack { ssrc, lost } => self.send_again(from, ssrc, lost),
            Feedback::PictureLoss { ssrc } => self.want_key_frame(now, from, ssrc),
            Feedback::FullIntra { ssrcs } => {
                let mut result = Ok(());
                for ssrc in ssrcs {
                    result = result.and(self.want_key_frame(now, from, ssrc));
                }
                result
            }
        }
    }

    /// Asks senders for key frames and missing packets as far as that is due, and notes when it is
    /// next.
    pub(crate) fn ask_senders(
        &mut self,
        now: Instant,
        senders: impl IntoIterator<Item = ParticipantId>,
    ) {
        for sender in senders {
            let Some(present) = self.participants.get_mut(&sender) else { continue };
            let mut packets = Vec::new();
            let due = ask(now, &mut present.video, self.ssrc, &mut packets);
            self.video_due = [self.video_due, due].into_iter().flatten().min();
            for packet in packets {
                self.output(RoomOutput::Rtcp { to: sender, packet });
            }
        }
    }

    /// The deadline is that of the soonest request when it was set; it is found anew.
    pub(crate) fn ask_due_senders(&mut self, now: Instant) {
        if self.video_due.is_none_or(|due| due > now) {
            return;
        }
        self.video_due = None;
        let senders: Vec<ParticipantId> = self.participants.keys().copied().collect();
        self.ask_senders(now, senders);
    }

    fn want_key_frame(
        &mut self,
        now: Instant,
        from: ParticipantId,
        ssrc: u32,
    ) -> Result<(), RtcpDiscard> {
        let (publisher, published) = self.seen(ssrc).ok_or(RtcpDiscard::UnknownStream)?;
        if !published.want_key_frame(from) {
            return Err(RtcpDiscard::UnknownStream);
        }
        self.ask_senders(now, [publisher]);
        Ok(())
    }

    fn send_again(
        &mut self,
        from: ParticipantId,
        ssrc: u32,
        lost: NackedPackets<'_>,
    ) -> Result<(), RtcpDiscard> {
        let (publisher, track) = *self.pictures.get(&ssrc).ok_or(RtcpDiscard::UnknownStream)?;
        let present = self.participants.get_mut(&publisher).ok_or(RtcpDiscard::UnknownStream)?;
        let (terms, published) = present.video.terms_and_track(track);
        if !published.is_seen_by(from) {
            return Err(RtcpDiscard::UnknownStream);
        }
        let codec_of = |payload_type| {
            let format = terms.format_of(payload_type).filter(|(_, is_rtx)| !is_rtx);
            format.map(|(format, _)| format.codec)
        };
        let mut result = Ok(());
        let mut again = Vec::new();
        for sequence_number in lost.take(MOST_NACKED) {
            match published.retransmit(from, sequence_number, codec_of) {
                Some(packet) => again.push(packet),
                None => result = Err(RtcpDiscard::NotSentAgain),
            }
        }
        for packet in again {
            self.output(RoomOutput::Rtp { to: from, packet });
        }
        result
    }

    /// The track behind a forwarded SSRC.
    pub(crate) fn seen(&mut self, ssrc: u32) -> Option<(ParticipantId, &mut Published)> {
        let (publisher, track) = *self.pictures.get(&ssrc)?;
        let present = self.participants.get_mut(&publisher)?;
        Some((publisher, present.video.track_mut(track)))
    }
}

impl VideoSide {
    const fn terms_and_track(&mut self, track: VideoTrack) -> (&super::VideoTerms, &mut Published) {
        (&self.terms, &mut self.tracks[super::side::index_of(track)])
    }
}

/// Adds what is due now to `packets`; gives when more is.
fn ask(
    now: Instant,
    video: &mut VideoSide,
    own_ssrc: u32,
    packets: &mut Vec<Vec<u8>>,
) -> Option<Instant> {
    let mut next: Option<Instant> = None;
    for published in &mut video.tracks {
        let has_viewers = published.has_viewers();
        for layer in &mut published.layers {
            if !has_viewers {
                layer.key_frames.done();
                layer.missing.clear();
            }
            // Of what does not flow the first packet shows what is needed.
            if !layer.is_flowing() {
                continue;
            }
            packets.extend(ask_for_key_frame(now, layer, own_ssrc));
            packets.extend(ask_for_missing(now, layer, own_ssrc));
            let due = [layer.key_frames.due(now), layer.missing.due()];
            next = due.into_iter().flatten().chain(next).min();
        }
    }
    next
}

fn ask_for_key_frame(now: Instant, layer: &mut Layer, own_ssrc: u32) -> Option<Vec<u8>> {
    let media_ssrc = layer.ssrc?;
    if !layer.key_frames.take_due(now) {
        return None;
    }
    let mut packet = empty_report(own_ssrc);
    append(&PictureLossIndication { sender_ssrc: own_ssrc, media_ssrc }, &mut packet);
    Some(packet)
}

fn ask_for_missing(now: Instant, layer: &mut Layer, own_ssrc: u32) -> Option<Vec<u8>> {
    let media_ssrc = layer.ssrc?;
    if layer.missing.due().is_none_or(|due| due > now) {
        return None;
    }
    let missing = layer.missing.take_due(now);
    if missing.is_empty() {
        return None;
    }
    let numbers: Vec<u16> =
        missing.into_iter().map(|index| layer.publisher.sequence_number(index)).collect();
    let nacks = nack_pairs_from_sequence_numbers(&numbers);
    let mut packet = empty_report(own_ssrc);
    append(&TransportLayerNack { sender_ssrc: own_ssrc, media_ssrc, nacks }, &mut packet);
    Some(packet)
}

/// What a compound begins with (RFC 3550 section 6.1).
fn empty_report(ssrc: u32) -> Vec<u8> {
    let mut packet = Vec::new();
    let report = ReceiverReport { ssrc, reports: Vec::new(), profile_extensions: Bytes::new() };
    append(&report, &mut packet);
    packet
}
