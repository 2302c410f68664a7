//! Copies of earlier frames in later packets (RFC 2198): another way for a frame to come.

use calling_wire::RtpView;

use super::packet_buffer::Packet;
use super::reception::Place;
use super::{InsertDiscard, Receiver, in_ms};
use crate::codec::AudioDecoder;
use calling_wire::{RedBlock, RedPayload};

impl<D: AudioDecoder> Receiver<D> {
    /// What a packet carries: its own frame and, if it is one of copies, all of it.
    pub(super) fn unpack<'a>(
        &self,
        packet: &RtpView<'a>,
    ) -> Result<(RedBlock<'a>, Option<RedPayload<'a>>), InsertDiscard> {
        let (payload_type, payload) = (packet.payload_type(), packet.payload());
        if self.config.red_payload_type != Some(payload_type) {
            return Ok((RedBlock { payload_type, offset: 0, payload }, None));
        }
        let red = RedPayload::parse(payload).map_err(|_| InsertDiscard::Malformed)?;
        Ok((red.primary, Some(red)))
    }

    /// Takes the copies of a packet at `place`. Each is of the packet before that of the next: so
    /// much RFC 2198 takes for granted, and no copy tells its sequence number.
    pub(super) fn take_copies(&mut self, place: Place, red: &RedPayload<'_>) {
        let copies = red.copies();
        self.packets_with_copies += u64::from(copies.len() > 0);
        for (back, copy) in (1..=copies.len() as u64).rev().zip(copies) {
            let sequence = place.sequence.checked_sub(back);
            let timestamp = place.timestamp.checked_sub(u64::from(copy.offset));
            let (Some(sequence), Some(timestamp)) = (sequence, timestamp) else { continue };
            if copy.payload_type == self.config.payload_type && copy.offset > 0 {
                self.take_copy(Place { sequence, timestamp }, copy.payload);
            }
        }
    }

    fn take_copy(&mut self, place: Place, payload: &[u8]) {
        let Place { sequence, timestamp } = place;
        // A stream begins with the first packet that came, not with a copy of one before it.
        let before = self.reception.first_sequence().is_none_or(|first| sequence < first);
        if before || self.playout.played.contains(sequence) || self.buffer.contains(sequence) {
            return;
        }
        let Some(info) = self.playout.inspect(payload) else { return };
        if !self.known.contains(sequence) {
            // The frame was lost. With this delay, or more, it would not have been missed.
            self.known.add(sequence);
            let lateness = self.arrivals.lateness(self.tick, timestamp);
            self.delay.update(self.tick, in_ms(lateness));
        }
        if self.playout.is_past(timestamp.saturating_add(info.samples as u64)) {
            return;
        }
        let payload = self.buffer.hold(payload);
        let arrival_tick = self.tick;
        let packet = Packet {
            sequence,
            timestamp,
            arrival_tick,
            info,
            level: None,
            payload,
            is_copy: true,
            deep: None,
        };
        // It is not there yet, as was just seen.
        let evicted = self.buffer.insert(packet).unwrap_or(0);
        self.discarded.flushed += evicted as u64;
    }
}
