/// What a datagram on a multiplexed port carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatagramKind {
    /// STUN (RFC 8489).
    Stun,
    /// DTLS (RFC 9147).
    Dtls,
    /// TURN channel data (RFC 8656 section 12.4).
    TurnChannel,
    /// RTP or SRTP.
    Rtp,
    /// RTCP or SRTCP.
    Rtcp,
}

/// Tells by its first bytes what a datagram is (RFC 7983 section 7), and RTP from RTCP by the
/// second (RFC 5761 section 4).
///
/// `None` for what is none of them: empty, ZRTP, unassigned, or too short to tell. The kind says
/// who is to parse the datagram, not that it is valid.
pub fn classify(datagram: &[u8]) -> Option<DatagramKind> {
    match *datagram.first()? {
        0..=3 => Some(DatagramKind::Stun),
        20..=63 => Some(DatagramKind::Dtls),
        64..=79 => Some(DatagramKind::TurnChannel),
        128..=191 => Some(rtp_or_rtcp(*datagram.get(1)?)),
        _ => None,
    }
}

/// RTCP packet types 192 to 223 collide with marker-bit payload types 64 to 95, which RFC 5761
/// therefore takes away from RTP.
const fn rtp_or_rtcp(second: u8) -> DatagramKind {
    match second {
        192..=223 => DatagramKind::Rtcp,
        _ => DatagramKind::Rtp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7983 figure 3, written independently of the code: (first, last, kind).
    const TABLE: [(u8, u8, Option<DatagramKind>); 7] = [
        (0, 3, Some(DatagramKind::Stun)),
        (4, 19, None),
        (20, 63, Some(DatagramKind::Dtls)),
        (64, 79, Some(DatagramKind::TurnChannel)),
        (80, 127, None),
        (128, 191, Some(DatagramKind::Rtp)),
        (192, 255, None),
    ];

    #[test]
    fn every_first_byte_follows_rfc_7983() {
        let mut seen = 0;
        for (first, last, kind) in TABLE {
            for byte in first..=last {
                assert_eq!(classify(&[byte, 111, 0, 0]), kind, "first byte {byte}");
                seen += 1;
            }
        }
        assert_eq!(seen, 256);
    }

    #[test]
    fn every_second_byte_tells_rtp_from_rtcp() {
        for second in 0..=255 {
            let rtcp = (192..=223).contains(&second);
            let kind = if rtcp { DatagramKind::Rtcp } else { DatagramKind::Rtp };
            assert_eq!(classify(&[0x80, second]), Some(kind), "second byte {second}");
        }
    }

    #[test]
    fn opus_with_and_without_marker_is_rtp() {
        for second in [111, 111 | 0x80] {
            assert_eq!(classify(&[0x90, second, 0, 1]), Some(DatagramKind::Rtp));
        }
    }

    #[test]
    fn too_short_to_tell_is_none() {
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[0x80]), None);
        assert_eq!(classify(&[0]), Some(DatagramKind::Stun));
    }
}
