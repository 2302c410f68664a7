//! The part of playout that restores from descriptions (DRED).

use super::super::decision::{Next, Operation};
use super::{Playout, silence};
use crate::codec::{AudioDecoder, DeepSpan};

impl<D: AudioDecoder> Playout<D> {
    pub(in super::super) fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        self.decoder.deep_span(payload)
    }

    /// Media time after the last sample that came from a packet.
    pub(in super::super) const fn content_end(&self) -> u64 {
        self.content_end
    }

    /// What described sound that begins at media time `begin` is to what was played.
    pub(in super::super) const fn relation_of_described(&self, begin: u64) -> Next {
        if begin <= self.content_end {
            return Next::Adjoining;
        }
        Next::AfterLoss { at: begin as i64 - self.cursor as i64, fec: 0 }
    }

    /// Restores `samples` from media time `begin` on, `back` before the packet of `payload`, while
    /// playing is `excess` samples too late. If that fails, so much is made up; whether it did not.
    pub(in super::super) fn restore_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        begin: u64,
        samples: usize,
        excess: i64,
    ) -> bool {
        let room = self.queue.room(samples);
        let restored = match self.audible {
            true => self.decoder.decode_deep(payload, back, samples, room),
            false => Ok(silence(room, samples)),
        };
        let Ok(made) = restored else {
            self.make_up(Operation::Expand, samples);
            return false;
        };
        // Something before it is left out, or was played already.
        self.broken |= begin != self.content_end && !self.concealing;
        self.append_content(None, made, 0, excess);
        self.counts.deep += made as u64;
        self.emission.restore();
        self.content_end = begin + made as u64;
        self.cursor = self.content_end;
        self.comfort = false;
        true
    }
}
