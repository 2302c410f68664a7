use std::collections::VecDeque;

use super::SenderConfig;
use calling_wire::{MAX_COPIES, MAX_COPY_BYTES, MAX_OFFSET, RedBlock, RedWriteError, write_red};

/// Copies of the frames sent last, for the packets after them (RFC 2198).
#[derive(Debug)]
pub(super) struct Redundancy {
    pub(super) payload_type: u8,
    /// What a copy is, for its header.
    frame_type: u8,
    /// RTP timestamp and payload of the frames sent last, oldest first.
    frames: VecDeque<(u32, Vec<u8>)>,
    copies: usize,
    most: usize,
}

/// A payload with copies is at most so long: with its headers and those of RTP, SRTP, UDP and IP
/// it fits into 1,280 bytes, which every path carries (RFC 8200 section 5).
pub(crate) const MAX_COPIED_BYTES: usize = 1_100;
impl Redundancy {
    /// `None` if the configuration has no payload type for it.
    pub(super) fn new(config: &SenderConfig) -> Option<Self> {
        let most = usize::from(config.red_most_copies).min(MAX_COPIES);
        Some(Self {
            payload_type: config.red_payload_type?,
            frame_type: config.payload_type,
            frames: VecDeque::with_capacity(most + 1),
            copies: usize::from(config.red_copies).min(most),
            most,
        })
    }

    /// Writes the payload of a packet: copies and its own frame. Returns the length, 0 if there is
    /// nothing to copy.
    pub(super) fn write(
        &self,
        timestamp: u32,
        own: &[u8],
        out: &mut [u8],
    ) -> Result<usize, RedWriteError> {
        let count = self.fitting(timestamp, own.len());
        if count == 0 {
            return Ok(0);
        }
        let copies = self.frames.range(self.frames.len() - count..);
        let copies = copies.map(|(sent, payload)| RedBlock {
            payload_type: self.frame_type,
            offset: timestamp.wrapping_sub(*sent),
            payload,
        });
        let primary = RedBlock { payload_type: self.frame_type, offset: 0, payload: own };
        write_red(copies, primary, out)
    }

    /// How many of the last frames may be copied. None is left out between: a receiver tells their
    /// sequence numbers by their order.
    fn fitting(&self, timestamp: u32, own_bytes: usize) -> usize {
        let mut bytes = 1 + own_bytes;
        let newest_first = self.frames.iter().rev().take(self.copies);
        let fit = newest_first.take_while(|(sent, payload)| {
            bytes += 4 + payload.len();
            bytes <= MAX_COPIED_BYTES
                && payload.len() <= MAX_COPY_BYTES
                && timestamp.wrapping_sub(*sent) <= MAX_OFFSET
        });
        fit.count()
    }

    /// A frame was sent: packets after it may copy it.
    pub(super) fn sent(&mut self, timestamp: u32, payload: &[u8]) {
        if self.most == 0 {
            return;
        }
        let full = self.frames.len() >= self.most;
        let mut memory =
            if full { self.frames.pop_front().unwrap_or_default().1 } else { Vec::new() };
        memory.clear();
        memory.extend_from_slice(payload);
        self.frames.push_back((timestamp, memory));
    }

    /// Copies so many frames into each packet from now on, within what the configuration allows.
    pub(super) fn set_copies(&mut self, copies: u8) {
        self.copies = usize::from(copies).min(self.most);
    }

    /// Copies per packet now, if there are as many frames.
    pub(super) const fn copies(&self) -> usize {
        self.copies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calling_wire::RedPayload;

    fn redundancy(copies: u8, most: u8) -> Redundancy {
        let config = SenderConfig {
            red_payload_type: Some(63),
            red_copies: copies,
            red_most_copies: most,
            ..SenderConfig::voice(1)
        };
        Redundancy::new(&config).unwrap()
    }

    /// Offsets and payloads of what a packet carries before its own frame.
    fn copied(redundancy: &Redundancy, timestamp: u32, own: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let mut out = [0; 4_096];
        let length = redundancy.write(timestamp, own, &mut out).unwrap();
        assert!(length <= MAX_COPIED_BYTES.max(own.len() + 1));
        if length == 0 {
            return Vec::new();
        }
        let parsed = RedPayload::parse(&out[..length]).unwrap();
        assert_eq!((parsed.primary.payload, parsed.primary.payload_type), (own, 111));
        parsed.copies().map(|copy| (copy.offset, copy.payload.to_vec())).collect()
    }

    #[test]
    fn the_last_frames_are_copied_oldest_first_across_the_wrap() {
        let mut red = redundancy(2, 3);
        let start = u32::MAX - 1_000;
        assert_eq!(copied(&red, start, &[0]), []);
        for number in 0..5_u8 {
            red.sent(start.wrapping_add(u32::from(number) * 960), &[number; 3]);
        }
        let expected = [(1_920, vec![3; 3]), (960, vec![4; 3])];
        assert_eq!(copied(&red, start.wrapping_add(5 * 960), &[5]), expected);
    }

    #[test]
    fn what_is_too_old_or_does_not_fit_ends_the_copies() {
        let mut red = redundancy(5, 5);
        red.sent(0, &[1; 50]);
        red.sent(17_000, &[2; 50]);
        assert_eq!(copied(&red, 17_960, &[3]).len(), 1, "a pause is before the older");
        for number in 0..5 {
            red.sent(20_000 + number * 960, &[9; 300]);
        }
        assert_eq!(copied(&red, 24_800, &[3; 100]).len(), 3, "1,100 bytes");
        assert_eq!(copied(&red, 24_800, &[3; 1_200]), []);
    }
}
