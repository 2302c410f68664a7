use std::time::Instant;

use calling_model::ParticipantId;
use calling_wire::{RedPayload, RtpView};

use crate::room::{Room, audio_available};
use crate::{Arrived, Forwards, OwnFrame, RtpDiscard, descriptions};

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
        let back = sender.reaches_back(position.index, position.media_time, copies);
        let said = red.map_or(packet.payload(), |red| red.primary.payload);
        let describes = sender.may_describe_before(position.media_time) && is_padded(said, red);
        let own = red.map(|red| OwnFrame::of(&packet, &red));
        let taken_out = own.filter(|_| back || describes);
        let mut payload_len = packet.payload().len();
        if let Some(own) = taken_out {
            forwards.take_copies_out(raw, own, sender.terms.payload_type);
            payload_len = own.len();
        }
        if describes {
            forwards.take_descriptions_out(raw);
            payload_len = descriptions::len_without(said);
        }
        let arrived = Arrived {
            source: from,
            index: position.index,
            media_time: position.media_time,
            payload_len,
            own: own.filter(|_| taken_out.is_none()),
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

/// Whether the frame that a packet is sent for, or a copy with it, has room for descriptions.
fn is_padded(own: &[u8], red: Option<RedPayload<'_>>) -> bool {
    let copied =
        |red: RedPayload<'_>| red.copies().any(|copy| descriptions::is_padded(copy.payload));
    descriptions::is_padded(own) || red.is_some_and(copied)
}
