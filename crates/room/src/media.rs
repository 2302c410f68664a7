use std::time::Instant;

use calling_model::ParticipantId;
use calling_wire::RtpView;

use crate::room::{Room, audio_available};
use crate::{Arrived, Forwards, OwnFrame, RtpDiscard};

impl Room {
    /// Takes an RTP packet in the clear and fills `forwards` with whom it goes to.
    ///
    /// In order: the gate, the format, the SSRC (nothing may be learned from a stream the sender
    /// does not own), duplicates, the mute state, the audio level, the route.
    ///
    /// # Errors
    /// Why the packet goes to nobody; it is counted, and `forwards` is empty.
    pub fn handle_rtp(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &[u8],
        forwards: &mut Forwards,
    ) -> Result<(), RtpDiscard> {
        forwards.clear();
        self.stats.packets_in += 1;
        let handled = self.forward(now, from, packet, forwards);
        if let Err(discard) = handled {
            self.discard_rtp(from, discard);
        }
        self.stats.packets_forwarded += forwards.len() as u64;
        handled
    }

    fn forward(
        &mut self,
        now: Instant,
        from: ParticipantId,
        packet: &[u8],
        forwards: &mut Forwards,
    ) -> Result<(), RtpDiscard> {
        let sender = self.participants.get_mut(&from).ok_or(RtpDiscard::UnknownParticipant)?;
        sender.packets_in += 1;
        if !self.is_open {
            return Err(RtpDiscard::GateClosed);
        }
        let raw = packet;
        let packet = RtpView::parse(packet).map_err(RtpDiscard::Malformed)?;
        let red = match sender.authorise(&packet) {
            Err(RtpDiscard::ForeignSsrc) if sender.video.sends() => {
                return self.forward_video(now, from, &packet, raw, forwards);
            }
            authorised => authorised?,
        };
        let position = sender.publisher.accept(now, &packet)?;
        if sender.is_muted {
            return Err(RtpDiscard::Muted);
        }
        sender.observe_level(&packet);
        let copies = red.map_or(0, |red| red.copies().len());
        let reaches_back = sender.reaches_back(position.index, copies);
        let own = red.map(|red| OwnFrame::of(&packet, &red));
        let taken_out = own.filter(|_| reaches_back);
        if let Some(own) = taken_out {
            forwards.take_copies_out(raw, own, sender.terms.payload_type);
        }
        let arrived = Arrived {
            source: from,
            index: position.index,
            media_time: position.media_time,
            payload_len: taken_out.map_or(packet.payload().len(), |own| own.len()),
            own: own.filter(|_| !reaches_back),
        };
        if sender.flows(now) {
            let began = audio_available(from, sender);
            self.flow_began(now, began);
        }
        self.router.route(now, &arrived, forwards);
        Ok(())
    }

    fn flow_began(&mut self, now: Instant, began: crate::RoomOutput) {
        self.flow_due.get_or_insert(now + self.config.flow_timeout);
        self.output(began);
    }

    fn discard_rtp(&mut self, from: ParticipantId, discard: RtpDiscard) {
        self.stats.discards.count_rtp(discard);
        if let Some(sender) = self.participants.get_mut(&from) {
            sender.discards.count_rtp(discard);
        }
    }
}
