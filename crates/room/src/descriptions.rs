//! What an Opus packet may describe of the sound before it (DRED) lies in its padding: taken out
//! where nothing of before may be heard.

/// No packet describes more, in ticks of audio: 1,040 ms.
pub(crate) const LONGEST: u64 = 1_040 * 48;
/// Where the byte is that tells of padding (RFC 6716 section 3.2.5).
const COUNT_AT: usize = 1;
/// In it: there is padding.
const HAS_PADDING: u8 = 0x40;

/// Where padding is in an Opus packet: bytes that tell its length, from the third on, and padding at
/// the end; `None` if there is none, or none that a decoder would accept.
fn padding(payload: &[u8]) -> Option<(usize, usize)> {
    let &[toc, count, ref rest @ ..] = payload else { return None };
    if toc & 0b11 != 3 || count & HAS_PADDING == 0 {
        return None;
    }
    // A length of 255 stands for 254 bytes, and for another length after it.
    let continued = rest.iter().take_while(|length| **length == 255).count();
    let last = usize::from(*rest.get(continued)?);
    let (lengths, padding) = (continued + 1, continued * 254 + last);
    (lengths + padding <= rest.len()).then_some((lengths, padding))
}

/// Whether an Opus packet has padding.
pub(crate) fn is_padded(payload: &[u8]) -> bool {
    padding(payload).is_some()
}

/// How long an Opus packet is without padding.
pub(crate) fn len_without(payload: &[u8]) -> usize {
    payload.len() - padding(payload).map_or(0, |(lengths, padding)| lengths + padding)
}

/// Takes the padding out of the Opus packet that `packet` holds from `at` on.
pub(crate) fn take_out(packet: &mut Vec<u8>, at: usize) {
    let Some((lengths, padding)) = packet.get(at..).and_then(padding) else { return };
    packet.truncate(packet.len() - padding);
    packet.drain(at + 2..at + 2 + lengths);
    packet[at + COUNT_AT] &= !HAS_PADDING;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_out(mut packet: Vec<u8>) -> Vec<u8> {
        let told = len_without(&packet);
        take_out(&mut packet, 0);
        assert_eq!(packet.len(), told);
        packet
    }

    #[test]
    fn padding_is_taken_out_and_nothing_else() {
        assert_eq!(taken_out(vec![0x7b, 0x41, 3, 8, 9, 1, 2, 3]), [0x7b, 0x01, 8, 9]);
        let long = [vec![0x7b, 0x41, 255, 1, 8], vec![7; 255]].concat();
        assert_eq!(taken_out(long), [0x7b, 0x01, 8]);
        // Not of code 3, without padding, and with more than there is.
        for other in [
            vec![],
            vec![0x7b],
            vec![0x78, 0x41, 1, 0],
            vec![0x7b, 0x01, 1],
            vec![0x7b, 0x41, 9, 1],
        ] {
            assert_eq!(taken_out(other.clone()), other);
            assert!(!is_padded(&other));
        }
    }
}
