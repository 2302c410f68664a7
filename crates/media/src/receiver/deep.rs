//! Deep redundancy (DRED): the sound of up to a second before a packet, described in the packet.
//! Where neither packet nor copy came in time and the coarse copy in the next packet is not enough,
//! the first packet that describes what is missing brings it back.

use super::decision::Next;
use super::packet_buffer::Packet;
use super::reception::Place;
use super::{Receiver, in_ms};
use crate::codec::{AudioDecoder, DeepSpan, PayloadInfo};
use crate::units::samples;

/// Sound that a packet in the buffer describes, to be made next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// The packet's place in the buffer.
    carrier: usize,
    /// Media time of its first sample.
    begin: u64,
    /// How much, a multiple of [`GRAIN`].
    samples: usize,
}

/// The decoder restores in multiples of 2.5 ms.
const GRAIN: u64 = 120;
/// And describes in steps of 10 ms.
const STEP: u64 = samples(10) as u64;
/// Restored at a time, at most.
const PIECE: u64 = samples(20) as u64;
/// Of what was made up already so much is played again at most, while the delay is too short: after
/// an outage a target may be long for a moment.
const MOST_REPLAYED: i64 = samples(100);
/// No packet describes more, in samples.
const MOST: u64 = samples(1_040) as u64;

impl<D: AudioDecoder> Receiver<D> {
    /// What a packet describes, if anything is missing before it. Frames of which nothing else came
    /// tell thereby the delay that they would have needed.
    pub(super) fn find_deep(
        &mut self,
        place: Place,
        info: PayloadInfo,
        payload: &[u8],
    ) -> Option<DeepSpan> {
        let frame = info.samples as u64;
        // A stream begins with the first packet that came.
        let since_first = place.sequence.checked_sub(self.reception.first_sequence()?)?;
        let frames = (MOST / frame).min(since_first);
        let oldest = (1..=frames).rev().find(|back| self.known.lacks(place.sequence - back))?;
        let span = self.playout.deep_span(payload)?;
        for back in (1..=oldest).rev() {
            let (from, to) = (back * frame, (back - 1) * frame);
            let sequence = place.sequence - back;
            let described = from <= span.reach as u64 && to >= span.end as u64;
            if !described || !self.known.lacks(sequence) {
                continue;
            }
            let begin = place.timestamp.saturating_sub(from);
            let needed_ms = in_ms(self.arrivals.lateness(self.tick, begin));
            // What the longest delay does not cover is lost, whatever is described of it.
            if needed_ms <= self.config.max_delay_ms {
                self.known.add(sequence);
                self.delay.update(self.tick, needed_ms);
            }
        }
        Some(span)
    }

    /// What the buffer offers next: the oldest packet, or what a packet describes of before it.
    pub(super) fn upcoming(&self) -> Next {
        let next = self.playout.relation(self.buffer.front());
        match next {
            Next::AfterLoss { .. } => self
                .described()
                .map_or(next, |described| self.playout.relation_of_described(described.begin)),
            Next::Nothing | Next::Adjoining | Next::AfterSilence { .. } => next,
        }
    }

    /// The first sound missing before the oldest packet that one in the buffer describes and that
    /// is not too late to be heard. What the oldest packet has a coarse copy of is left to that.
    pub(super) fn described(&self) -> Option<Described> {
        let front = self.buffer.front()?;
        let Next::AfterLoss { fec, .. } = self.playout.relation(Some(front)) else { return None };
        let hole_end = front.timestamp.saturating_sub(fec.unsigned_abs());
        let from = self.earliest_useful();
        let near = |packet: &&Packet| packet.timestamp.saturating_sub(hole_end) <= MOST;
        let in_reach = self.buffer.iter().take_while(near).enumerate();
        let pieces = in_reach.filter_map(|(carrier, packet)| {
            let (begin, end) = in_hole(packet, packet.deep?, from, hole_end)?;
            let samples = (end - begin).min(PIECE) / GRAIN * GRAIN;
            (samples > 0).then_some(Described { carrier, begin, samples: samples as usize })
        });
        // Of several the oldest: the nearer, the better it describes.
        pieces.min_by_key(|piece| (piece.begin, piece.carrier))
    }

    /// Media time before which nothing is worth restoring: what was made up in its place has been
    /// played, and playing it again would delay everything beyond the target.
    fn earliest_useful(&self) -> u64 {
        let cursor = self.playout.cursor();
        let delay = self.delay_of(cursor);
        let spare = (self.target() - delay).clamp(0, MOST_REPLAYED).unsigned_abs();
        self.playout.content_end().max(cursor.saturating_sub(spare))
    }

    /// Makes what is described.
    pub(super) fn restore_described(&mut self, described: Described) {
        let Described { carrier, begin, samples } = described;
        let excess = self.delay_of(begin) - self.target();
        let Some(packet) = self.buffer.get(carrier) else { return };
        let back = packet.timestamp.saturating_sub(begin) as usize;
        if !self.playout.restore_deep(&packet.payload, back, begin, samples, excess) {
            self.buffer.forget_deep(carrier);
        }
    }

    /// The delay of media time `at` if it were made now.
    pub(super) fn delay_of(&self, at: u64) -> i64 {
        self.arrivals.lateness(self.tick, at) + self.playout.ready() as i64
    }
}

/// From where to where `packet` describes what is missing from `from` to `to`.
fn in_hole(packet: &Packet, span: DeepSpan, from: u64, to: u64) -> Option<(u64, u64)> {
    let described_from = packet.timestamp.saturating_sub(span.reach as u64);
    let mut begin = from.max(described_from);
    // A hole after the packet is not described by it.
    let back = packet.timestamp.checked_sub(begin)?;
    if begin > from || !back.is_multiple_of(GRAIN) {
        // Within what is made up anyway there is a choice: whole steps of the description.
        begin = packet.timestamp - back / STEP * STEP;
    }
    let end = to.min(packet.timestamp.saturating_sub(span.end as u64));
    (begin < end).then_some((begin, end))
}
