use super::{RtcpView, packet_type};

/// The format of a generic NACK among transport layer feedback (RFC 4585 section 6.2.1).
const GENERIC_NACK: u8 = 1;
/// Of a picture loss indication among payload-specific feedback (RFC 4585 section 6.3.1).
const PICTURE_LOSS: u8 = 1;
/// Of a full intra request (RFC 5104 section 4.3.1).
const FULL_INTRA: u8 = 4;

/// What the receiver of a stream asks of its sender.
#[derive(Clone, Debug)]
pub enum Feedback<'a> {
    /// To send packets again.
    Nack {
        /// The stream.
        ssrc: u32,
        /// Which packets.
        lost: NackedPackets<'a>,
    },
    /// For a picture that needs none before it.
    PictureLoss {
        /// The stream.
        ssrc: u32,
    },
    /// Likewise, of several streams.
    FullIntra {
        /// The streams.
        ssrcs: FullIntraStreams<'a>,
    },
}

impl<'a> Feedback<'a> {
    /// Reads a packet of the compound; `None` if it is another type or format, or shorter than its
    /// fixed part.
    pub fn parse(packet: &RtcpView<'a>) -> Option<Self> {
        let (head, rest) = packet.body.split_first_chunk::<8>()?;
        let ssrc = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        match (packet.packet_type, packet.count) {
            (packet_type::TRANSPORT_FEEDBACK, GENERIC_NACK) => {
                Some(Self::Nack { ssrc, lost: NackedPackets::new(rest) })
            }
            (packet_type::PAYLOAD_FEEDBACK, PICTURE_LOSS) => Some(Self::PictureLoss { ssrc }),
            (packet_type::PAYLOAD_FEEDBACK, FULL_INTRA) => {
                Some(Self::FullIntra { ssrcs: FullIntraStreams(rest.as_chunks().0.iter()) })
            }
            _ => None,
        }
    }
}

/// The sequence numbers that a NACK names, each entry being one and a mask of the 16 after it.
#[derive(Clone, Debug)]
pub struct NackedPackets<'a> {
    entries: core::slice::Iter<'a, [u8; 4]>,
    first: u16,
    /// The first itself and those after it, from the lowest bit up; shifted out as they are told.
    mask: u32,
}

impl<'a> NackedPackets<'a> {
    fn new(entries: &'a [u8]) -> Self {
        Self { entries: entries.as_chunks().0.iter(), first: 0, mask: 0 }
    }
}

impl Iterator for NackedPackets<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.mask == 0 {
            let [high, low, mask_high, mask_low] = *self.entries.next()?;
            self.first = u16::from_be_bytes([high, low]);
            self.mask = u32::from(u16::from_be_bytes([mask_high, mask_low])) << 1 | 1;
        }
        let offset = self.mask.trailing_zeros();
        self.mask &= self.mask - 1;
        // At most 16.
        Some(self.first.wrapping_add(offset as u16))
    }
}

/// The streams of a full intra request: an SSRC, a number of the request and padding each.
#[derive(Clone, Debug)]
pub struct FullIntraStreams<'a>(core::slice::Iter<'a, [u8; 8]>);

impl Iterator for FullIntraStreams<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let entry = self.0.next()?;
        Some(u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::RtcpPackets;

    fn packet(packet_type: u8, format: u8, body: &[u8]) -> Vec<u8> {
        let words = u16::try_from(body.len() / 4).unwrap();
        let mut packet = std::vec![0x80 | format, packet_type];
        packet.extend(words.to_be_bytes());
        packet.extend(body);
        packet
    }

    fn read(packet: &[u8]) -> Option<Feedback<'_>> {
        Feedback::parse(&RtcpPackets::new(packet).next().unwrap().unwrap())
    }

    #[test]
    fn a_nack_names_packets_by_number_and_mask() {
        let body = [0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0x80, 0x01, 0, 5, 0, 0];
        let bytes = packet(205, 1, &body);
        let Some(Feedback::Nack { ssrc: 9, lost }) = read(&bytes) else { panic!("no NACK") };
        assert_eq!(lost.collect::<Vec<_>>(), [65_535, 0, 15, 5]);
    }

    #[test]
    fn key_frames_are_asked_for_in_two_ways() {
        let bytes = packet(206, 1, &[0, 0, 0, 1, 0, 0, 0, 9]);
        assert!(matches!(read(&bytes), Some(Feedback::PictureLoss { ssrc: 9 })));
        let body = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 3, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0, 0];
        let bytes = packet(206, 4, &body);
        let Some(Feedback::FullIntra { ssrcs }) = read(&bytes) else { panic!("no FIR") };
        assert_eq!(ssrcs.collect::<Vec<_>>(), [9, 8]);
    }

    #[test]
    fn what_is_short_or_else_is_nothing() {
        assert!(read(&packet(205, 1, &[0, 0, 0, 1])).is_none());
        assert!(read(&packet(205, 15, &[0; 16])).is_none(), "transport-wide feedback");
        assert!(read(&packet(206, 15, &[0; 16])).is_none(), "REMB");
        assert!(read(&packet(201, 1, &[0; 16])).is_none());
        let bytes = packet(205, 1, &[0; 8]);
        let Some(Feedback::Nack { mut lost, .. }) = read(&bytes) else { panic!("no NACK") };
        assert_eq!(lost.next(), None);
    }

    proptest! {
        #[test]
        fn a_nack_names_what_its_mask_says(first in any::<u16>(), mask in any::<u16>()) {
            let mut body = [0_u8; 12];
            body[8..10].copy_from_slice(&first.to_be_bytes());
            body[10..].copy_from_slice(&mask.to_be_bytes());
            let bytes = packet(205, 1, &body);
            let Some(Feedback::Nack { lost, .. }) = read(&bytes) else { panic!("no NACK") };
            let bits = (0..16_u16).filter(|bit| mask & 1 << bit != 0);
            let expected = core::iter::once(first)
                .chain(bits.map(|bit| first.wrapping_add(bit + 1)))
                .collect::<Vec<_>>();
            prop_assert_eq!(lost.collect::<Vec<_>>(), expected);
        }
    }
}
