//! Retransmission in a stream of its own (RFC 4588): the payload begins with the original
//! sequence number.

use calling_wire::{RtpHeader, RtpView, write_header};

/// Bytes of the original sequence number.
const NUMBER_BYTES: usize = 2;
/// Bytes of a header without extensions.
const HEADER_BYTES: usize = 12;

/// The retransmission of `packet` as `header`, whose timestamp and marker become the packet's.
/// Extensions are left out: they told of the first sending.
pub(super) fn wrap(packet: &RtpView<'_>, header: RtpHeader) -> Vec<u8> {
    let header = RtpHeader { marker: packet.marker(), timestamp: packet.timestamp(), ..header };
    let mut out = vec![0; HEADER_BYTES];
    // It has room for just that.
    let _ = write_header(&header, &[], &mut out);
    out.extend_from_slice(&packet.sequence_number().to_be_bytes());
    out.extend_from_slice(packet.payload());
    out
}

/// The original sequence number and payload; `None` for padding, which carries neither.
pub(super) fn unwrap<'a>(packet: &RtpView<'a>) -> Option<(u16, &'a [u8])> {
    let (number, payload) = packet.payload().split_first_chunk::<NUMBER_BYTES>()?;
    Some((u16::from_be_bytes(*number), payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_again_keeps_its_number_time_and_marker() {
        let header = RtpHeader {
            payload_type: 96,
            marker: true,
            sequence_number: 65_535,
            timestamp: 4_000_000_000,
            ssrc: 1,
        };
        let mut packet = vec![0; HEADER_BYTES];
        write_header(&header, &[], &mut packet).unwrap();
        packet.extend([9, 8, 7]);
        let again = RtpHeader { payload_type: 97, sequence_number: 3, ssrc: 2, ..header };
        let wrapped = wrap(&RtpView::parse(&packet).unwrap(), RtpHeader { marker: false, ..again });
        let view = RtpView::parse(&wrapped).unwrap();
        assert_eq!((view.ssrc(), view.payload_type(), view.sequence_number()), (2, 97, 3));
        assert_eq!((view.marker(), view.timestamp()), (true, 4_000_000_000));
        assert_eq!(unwrap(&view), Some((65_535, &[9, 8, 7][..])));
        assert_eq!(unwrap(&RtpView::parse(&wrapped[..13]).unwrap()), None);
    }
}
