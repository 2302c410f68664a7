//! Writing and rewriting headers.

use calling_wire::{RtpHeader, RtpView, RtpViewMut, WriteHeaderError, write_header};
use proptest::prelude::*;

const HEADER: RtpHeader =
    RtpHeader { payload_type: 111, marker: true, sequence_number: 1, timestamp: 2, ssrc: 3 };

#[test]
fn a_small_buffer_is_told_how_much_is_needed_and_left_alone() {
    let extensions: [(u8, &[u8]); 1] = [(1, &[30])];
    for len in 0..20 {
        let mut out = vec![0xee; len];
        let error = write_header(&HEADER, &extensions, &mut out).unwrap_err();
        assert_eq!(error, WriteHeaderError::BufferTooSmall { needed: 20 });
        assert!(out.iter().all(|byte| *byte == 0xee));
    }
    assert_eq!(write_header(&HEADER, &extensions, &mut [0; 20]), Ok(20));
}

#[test]
fn misuse_says_what_to_do() {
    let mut out = [0; 1_500];
    let high = RtpHeader { payload_type: 128, ..HEADER };
    assert_eq!(write_header(&high, &[], &mut out), Err(WriteHeaderError::PayloadType(128)));
    assert_eq!(write_header(&HEADER, &[(0, &[1])], &mut out), Err(WriteHeaderError::ExtensionId));
    let long = [0; 256];
    let result = write_header(&HEADER, &[(1, &long)], &mut out);
    assert_eq!(result, Err(WriteHeaderError::ExtensionTooLong));
    let most = [0; 255];
    let result = write_header(&HEADER, &vec![(1, &most[..]); 1_021], &mut vec![0; 300_000]);
    assert_eq!(result, Err(WriteHeaderError::ExtensionTooLong));
}

#[test]
fn rewriting_changes_only_what_it_says() {
    let mut packet = [0; 24];
    write_header(&HEADER, &[(1, &[30])], &mut packet).unwrap();
    packet[20..].copy_from_slice(&[1, 2, 3, 4]);
    let mut header = RtpViewMut::parse(&mut packet).unwrap();
    header.set_sequence_number(65_535);
    header.set_timestamp(u32::MAX);
    header.set_ssrc(0xdead_beef);
    header.set_marker(false);
    header.set_payload_type(0xff);

    let view = RtpView::parse(&packet).unwrap();
    assert_eq!(view.sequence_number(), 65_535);
    assert_eq!(view.timestamp(), u32::MAX);
    assert_eq!(view.ssrc(), 0xdead_beef);
    assert!(!view.marker(), "a payload type above 127 must not set the marker");
    assert_eq!(view.payload_type(), 127);
    assert_eq!((view.extension(1), view.payload()), (Some(&[30][..]), &[1, 2, 3, 4][..]));
}

fn extensions() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let small = (1_u8..15, prop::collection::vec(any::<u8>(), 1..=16));
    let any_form = (1_u8..=255, prop::collection::vec(any::<u8>(), 0..=255));
    prop_oneof![prop::collection::vec(small, 0..6), prop::collection::vec(any_form, 0..6)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_written_is_read_back(
        (payload_type, marker) in (0_u8..128, any::<bool>()),
        (sequence_number, timestamp, ssrc) in any::<(u16, u32, u32)>(),
        extensions in extensions(),
        payload in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let header = RtpHeader { payload_type, marker, sequence_number, timestamp, ssrc };
        let given: Vec<(u8, &[u8])> = extensions.iter().map(|(id, data)| (*id, &data[..])).collect();
        let mut packet = vec![0xee; 2_000];
        let len = write_header(&header, &given, &mut packet).unwrap();
        packet.truncate(len);
        packet.extend_from_slice(&payload);

        let view = RtpView::parse(&packet).unwrap();
        let read = RtpHeader {
            payload_type: view.payload_type(),
            marker: view.marker(),
            sequence_number: view.sequence_number(),
            timestamp: view.timestamp(),
            ssrc: view.ssrc(),
        };
        prop_assert_eq!(read, header);
        prop_assert_eq!((view.version(), view.header_len(), view.padding_len()), (2, len, 0));
        prop_assert_eq!(view.extensions().collect::<Vec<_>>(), given);
        prop_assert_eq!(view.payload(), payload);
    }
}
