use std::time::Instant;

use calling_model::ParticipantId;
use calling_wire::{
    ReceiverReportView, ReportBlock, ReportBlocks, RtcpPackets, RtcpView, SenderReportView,
    packet_type,
};

use crate::RtcpDiscard;
use crate::room::Room;

impl Room {
    /// Takes a compound RTCP packet in the clear. RTCP ends here: nothing of it is passed on as it
    /// is, and nothing in it makes the room send at once.
    ///
    /// # Errors
    /// Why the datagram, or the rest of it, was not used; it is counted. Single packets and blocks
    /// that have no effect are only counted.
    pub fn handle_rtcp(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &[u8],
    ) -> Result<(), RtcpDiscard> {
        let handled = self.read_compound(now, from, packet);
        if let Err(discard) = handled {
            self.discard_rtcp(from, discard);
        }
        handled
    }

    fn read_compound(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &[u8],
    ) -> Result<(), RtcpDiscard> {
        if !self.participants.contains_key(&from) {
            return Err(RtcpDiscard::UnknownParticipant);
        }
        if !self.is_open {
            return Err(RtcpDiscard::GateClosed);
        }
        for packet in RtcpPackets::new(packet) {
            let packet = packet.map_err(RtcpDiscard::Malformed)?;
            if let Err(discard) = self.read_packet(now, from, &packet) {
                self.discard_rtcp(from, discard);
            }
        }
        Ok(())
    }

    fn read_packet(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &RtcpView<'_>,
    ) -> Result<(), RtcpDiscard> {
        match packet.packet_type {
            packet_type::SENDER_REPORT => {
                let report = SenderReportView::parse(packet).ok_or(RtcpDiscard::ShortReport)?;
                self.read_blocks(now, from, report.blocks());
                self.read_sender_report(now, from, &report)
            }
            packet_type::RECEIVER_REPORT => {
                let report = ReceiverReportView::parse(packet).ok_or(RtcpDiscard::ShortReport)?;
                self.read_blocks(now, from, report.blocks());
                Ok(())
            }
            packet_type::TRANSPORT_FEEDBACK | packet_type::PAYLOAD_FEEDBACK => {
                self.read_feedback(now, from, packet)
            }
            packet_type::GOODBYE => Err(RtcpDiscard::Goodbye),
            _ => Err(RtcpDiscard::Ignored),
        }
    }

    fn read_sender_report(
        &mut self,
        now: Instant,
        from: ParticipantId,
        report: &SenderReportView<'_>,
    ) -> Result<(), RtcpDiscard> {
        let sender = self.participants.get_mut(&from).ok_or(RtcpDiscard::UnknownParticipant)?;
        let publisher = if Some(report.ssrc) == sender.audio_ssrc {
            &mut sender.publisher
        } else {
            let mut layers = sender.video.layers_mut();
            let layer = layers.find(|layer| layer.ssrc == Some(report.ssrc));
            &mut layer.ok_or(RtcpDiscard::ForeignSsrc)?.publisher
        };
        if !publisher.accept_report(now, &report.info) {
            return Err(RtcpDiscard::TimeWarp);
        }
        Ok(())
    }

    fn read_blocks(&mut self, now: Instant, from: ParticipantId, blocks: ReportBlocks<'_>) {
        for block in blocks {
            if !self.read_block(now, from, &block) {
                self.discard_rtcp(from, RtcpDiscard::UnknownStream);
            }
        }
    }

    /// `false` if the stream does not go to `from`.
    fn read_block(&mut self, now: Instant, from: ParticipantId, block: &ReportBlock) -> bool {
        let publisher = self.streams.get(&block.ssrc).copied();
        if let Some(leg) = publisher.and_then(|publisher| self.router.leg_mut(publisher, from)) {
            leg.reports.received(now, block);
            return true;
        }
        let Some((_, published)) = self.seen(block.ssrc) else { return false };
        let is_media = published.ssrc == block.ssrc;
        let Some(leg) = published.legs.iter_mut().find(|leg| leg.to == from) else { return false };
        // Of retransmissions nothing is kept.
        if is_media {
            leg.reports.received(now, block);
        }
        true
    }

    fn discard_rtcp(&mut self, from: ParticipantId, discard: RtcpDiscard) {
        self.stats.discards.count_rtcp(discard);
        if let Some(sender) = self.participants.get_mut(&from) {
            sender.discards.count_rtcp(discard);
        }
    }
}
