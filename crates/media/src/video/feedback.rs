//! RTCP feedback about video: what is missing, and wishes for key frames (RFC 4585, RFC 5104).

use calling_wire::{RtcpPackets, RtcpView, packet_type};

/// Formats of transport and payload feedback.
const NACK: u8 = 1;
const PLI: u8 = 1;
const FIR: u8 = 4;
/// SSRC of the sender and of the media.
const HEAD_BYTES: usize = 8;
/// Numbers in one NACK packet at most, so that it fits a datagram.
pub const MAX_NACKED: usize = 256;

/// What the other side says of a stream of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoFeedback {
    /// These sequence numbers are missing.
    Nack {
        /// The stream.
        ssrc: u32,
        /// At most [`MAX_NACKED`], in the order of the packet.
        sequence_numbers: Vec<u16>,
    },
    /// A key frame is wished (PLI or FIR).
    KeyFrame {
        /// The stream.
        ssrc: u32,
    },
}

impl VideoFeedback {
    /// What a compound packet holds of it. What is malformed is passed over, as is everything after
    /// it; [`RtcpSession::handle`](crate::RtcpSession::handle) counts that.
    pub fn parse(compound: &[u8]) -> impl Iterator<Item = Self> {
        RtcpPackets::new(compound).map_while(Result::ok).flat_map(|packet| read(&packet))
    }

    /// The packet that says it, from `sender`. Numbers beyond [`MAX_NACKED`] are left out.
    pub fn to_packet(&self, sender: u32) -> Vec<u8> {
        match self {
            Self::Nack { ssrc, sequence_numbers } => {
                let numbers = &sequence_numbers[..sequence_numbers.len().min(MAX_NACKED)];
                packet(packet_type::TRANSPORT_FEEDBACK, NACK, [sender, *ssrc], &pairs(numbers))
            }
            Self::KeyFrame { ssrc } => {
                packet(packet_type::PAYLOAD_FEEDBACK, PLI, [sender, *ssrc], &[])
            }
        }
    }
}

fn read(packet: &RtcpView<'_>) -> Vec<VideoFeedback> {
    let Some((head, entries)) = packet.body.split_first_chunk::<HEAD_BYTES>() else {
        return Vec::new();
    };
    let ssrc = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    match (packet.packet_type, packet.count) {
        (packet_type::TRANSPORT_FEEDBACK, NACK) => {
            let sequence_numbers = numbers(entries);
            vec![VideoFeedback::Nack { ssrc, sequence_numbers }]
        }
        (packet_type::PAYLOAD_FEEDBACK, PLI) => vec![VideoFeedback::KeyFrame { ssrc }],
        (packet_type::PAYLOAD_FEEDBACK, FIR) => {
            // Each entry names its own stream (RFC 5104 section 4.3.1).
            let (entries, _) = entries.as_chunks::<8>();
            let ssrc =
                |entry: &[u8; 8]| u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]);
            entries.iter().map(|entry| VideoFeedback::KeyFrame { ssrc: ssrc(entry) }).collect()
        }
        _ => Vec::new(),
    }
}

/// A number and a mask of the sixteen that follow it (RFC 4585 section 6.2.1).
fn numbers(entries: &[u8]) -> Vec<u16> {
    let (entries, _) = entries.as_chunks::<4>();
    let all = entries.iter().flat_map(|entry| {
        let first = u16::from_be_bytes([entry[0], entry[1]]);
        let mask = u16::from_be_bytes([entry[2], entry[3]]);
        let masked = (0..16).filter(move |bit| mask >> bit & 1 == 1);
        std::iter::once(first).chain(masked.map(move |bit| first.wrapping_add(bit + 1)))
    });
    all.take(MAX_NACKED).collect()
}

fn pairs(numbers: &[u16]) -> Vec<u8> {
    let mut pairs: Vec<(u16, u16)> = Vec::new();
    for number in numbers {
        let ahead = pairs.last().map(|(first, _)| number.wrapping_sub(*first));
        match (pairs.last_mut(), ahead) {
            (Some(_), Some(0)) => {}
            (Some((_, mask)), Some(ahead @ 1..=16)) => *mask |= 1 << (ahead - 1),
            _ => pairs.push((*number, 0)),
        }
    }
    pairs
        .iter()
        .flat_map(|(first, mask)| [first.to_be_bytes(), mask.to_be_bytes()])
        .flatten()
        .collect()
}

fn packet(packet_type: u8, format: u8, ssrcs: [u32; 2], entries: &[u8]) -> Vec<u8> {
    // Two words of SSRC and at most `MAX_NACKED` of entries; the length leaves one word out.
    let words = (2 + entries.len() / 4) as u16;
    let mut out = vec![2 << 6 | format, packet_type];
    out.extend(words.to_be_bytes());
    out.extend(ssrcs.iter().flat_map(|ssrc| ssrc.to_be_bytes()));
    out.extend_from_slice(entries);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_picture_loss_indication_has_the_bytes_of_the_standard() {
        let wish = VideoFeedback::KeyFrame { ssrc: 0x0102_0304 };
        let bytes = wish.to_packet(0x0a0b_0c0d);
        assert_eq!(bytes, [0x81, 206, 0, 2, 10, 11, 12, 13, 1, 2, 3, 4]);
        assert_eq!(VideoFeedback::parse(&bytes).collect::<Vec<_>>(), [wish]);
    }

    #[test]
    fn a_full_intra_request_names_its_streams_in_its_entries() {
        let bytes = [
            0x84, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 3, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0, 0,
        ];
        let wishes: Vec<_> = VideoFeedback::parse(&bytes).collect();
        assert_eq!(wishes, [7, 8].map(|ssrc| VideoFeedback::KeyFrame { ssrc }));
    }

    #[test]
    fn short_feedback_says_nothing() {
        assert_eq!(VideoFeedback::parse(&[0x81, 206, 0, 1, 0, 0, 0, 1]).count(), 0);
        assert_eq!(VideoFeedback::parse(&[0x81, 206]).count(), 0);
    }

    proptest! {
        #[test]
        fn missing_numbers_survive(
            first in any::<u16>(),
            steps in prop::collection::vec(1_u16..40, 0..MAX_NACKED),
        ) {
            let mut number = first;
            let sequence_numbers = steps.iter().map(|step| {
                number = number.wrapping_add(*step);
                number
            }).collect();
            let nack = VideoFeedback::Nack { ssrc: 5, sequence_numbers };
            let bytes = nack.to_packet(1);
            prop_assert!(bytes.len() <= 12 + 4 * MAX_NACKED);
            prop_assert_eq!(VideoFeedback::parse(&bytes).collect::<Vec<_>>(), [nack]);
        }
    }
}
