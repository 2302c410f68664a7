//! Bad RTP: each is an error and never a panic.

use calling_wire::{ProtectedHeader, RtpError, RtpHeader, RtpView, RtpViewMut, write_header};

const HEADER: RtpHeader = RtpHeader {
    payload_type: 111,
    marker: false,
    sequence_number: 65_535,
    timestamp: 960,
    ssrc: 7,
};

/// A packet with the extensions and payload given; byte 0 may then be bent.
fn packet(extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 4_096];
    let len = write_header(&HEADER, extensions, &mut bytes).expect("it fits");
    bytes.truncate(len);
    bytes.extend_from_slice(payload);
    bytes
}

/// A packet with an extension block given as it is.
fn with_block(profile: u16, words: u16, block: &[u8]) -> Vec<u8> {
    let mut bytes = packet(&[], &[]);
    bytes[0] |= 0x10;
    bytes.extend_from_slice(&profile.to_be_bytes());
    bytes.extend_from_slice(&words.to_be_bytes());
    bytes.extend_from_slice(block);
    bytes
}

fn error(bytes: &[u8]) -> RtpError {
    RtpView::parse(bytes).expect_err("it is malformed")
}

#[test]
fn fifteen_csrcs_are_read_and_must_be_there() {
    let mut bytes = packet(&[], &[]);
    bytes[0] |= 15;
    let csrcs: Vec<u32> = (100..115).collect();
    bytes.extend(csrcs.iter().flat_map(|csrc| csrc.to_be_bytes()));
    bytes.push(0xaa);

    let view = RtpView::parse(&bytes).unwrap();
    assert!(view.csrcs().eq(csrcs));
    assert_eq!((view.header_len(), view.payload()), (72, &[0xaa][..]));
    for len in 12..72 {
        assert_eq!(error(&bytes[..len]), RtpError::Truncated, "{len} bytes");
    }
}

#[test]
fn extension_length_beyond_the_packet_is_truncated() {
    for words in [1, 2, 255, u16::MAX] {
        assert_eq!(error(&with_block(0xbede, words, &[])), RtpError::Truncated);
        assert_eq!(error(&with_block(0xbede, words, &[0x10, 1, 0])), RtpError::Truncated);
    }
    assert!(RtpView::parse(&with_block(0xbede, 0, &[])).is_ok());
}

#[test]
fn extension_elements_beyond_the_extension_overflow() {
    for block in [[0x13, 1, 2, 3], [0, 0, 0, 0x10], [0x10, 9, 0x1f, 0]] {
        assert_eq!(error(&with_block(0xbede, 1, &block)), RtpError::ExtensionOverflow);
    }
    for block in [[1, 3, 0, 0], [0, 0, 0, 1], [1, 0, 2, 255]] {
        assert_eq!(error(&with_block(0x1000, 1, &block)), RtpError::ExtensionOverflow);
    }
    // The payload behind the extension is no room for an element.
    assert_eq!(error(&with_block(0xbede, 1, &[0x13, 1, 2, 3, 4])), RtpError::ExtensionOverflow);
}

#[test]
fn padding_of_nothing_or_more_than_the_payload_is_an_error() {
    let mut bytes = packet(&[(1, &[0])], &[1, 2, 3]);
    bytes[0] |= 0x20;
    for (count, expected) in [(0, None), (1, Some(2)), (3, Some(0)), (4, None), (255, None)] {
        *bytes.last_mut().unwrap() = count;
        let payload_len = RtpView::parse(&bytes).map(|view| view.payload().len());
        assert_eq!(payload_len, expected.ok_or(RtpError::Padding), "count {count}");
    }
    bytes.truncate(bytes.len() - 3);
    assert_eq!(error(&bytes), RtpError::Padding, "padding without payload");
}

#[test]
fn padding_is_told_apart_from_payload() {
    let mut bytes = packet(&[], &[5, 6, 0, 0, 0, 4]);
    bytes[0] |= 0x20;
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!((view.payload(), view.padding_len()), (&[5, 6][..], 4));
}

#[test]
fn two_byte_extensions_are_read() {
    // With the application's four bits, an empty element and padding in between.
    let block = [1, 0, 0, 20, 3, 7, 8, 9, 0, 15, 1, 0x85];
    let bytes = with_block(0x100f, 3, &block);
    let view = RtpView::parse(&bytes).unwrap();
    let all: Vec<_> = view.extensions().collect();
    assert_eq!(all, [(1, &[][..]), (20, &[7, 8, 9][..]), (15, &[0x85][..])]);
    assert_eq!(view.extension(15), Some(&[0x85][..]));
}

#[test]
fn one_byte_extensions_end_at_id_15_and_skip_padding() {
    let bytes = with_block(0xbede, 2, &[0, 0x10, 0x30, 0, 0xf3, 0x20, 1, 2]);
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!(view.extensions().collect::<Vec<_>>(), [(1, &[0x30][..])]);
    assert_eq!(view.extension(2), None);
}

#[test]
fn an_unknown_profile_is_skipped() {
    let mut bytes = with_block(0xabcd, 1, &[0x13, 255, 255, 255]);
    bytes.push(9);
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!(view.extensions().count(), 0);
    assert_eq!(view.payload(), [9]);
}

#[test]
fn the_first_of_two_elements_with_one_id_is_taken() {
    let bytes = packet(&[(1, &[10]), (1, &[20])], &[]);
    assert_eq!(RtpView::parse(&bytes).unwrap().extension(1), Some(&[10][..]));
}

#[test]
fn every_truncation_of_a_header_errs() {
    let elements: [(u8, &[u8]); 3] = [(1, &[0x80]), (3, &[1, 2, 3]), (14, &[0; 16])];
    let bytes = packet(&elements, &[]);
    for len in 0..bytes.len() {
        assert_eq!(error(&bytes[..len]), RtpError::Truncated, "{len} bytes");
        assert_eq!(ProtectedHeader::parse(&bytes[..len]), Err(RtpError::Truncated));
    }
    assert!(RtpView::parse(&bytes).is_ok());
}

#[test]
fn only_version_2_is_rtp() {
    let mut bytes = packet(&[], &[1]);
    for version in [0, 1, 3] {
        bytes[0] = version << 6;
        assert_eq!(error(&bytes), RtpError::Version);
        assert_eq!(ProtectedHeader::parse(&bytes), Err(RtpError::Version));
        assert_eq!(RtpViewMut::parse(&mut bytes).unwrap_err(), RtpError::Version);
    }
}

#[test]
fn a_protected_packet_is_not_asked_for_its_padding() {
    // The count is encrypted: what reads as 0 or too much means nothing.
    let mut bytes = packet(&[(1, &[0x80])], &[1, 2, 0]);
    bytes[0] |= 0x20;
    assert_eq!(error(&bytes), RtpError::Padding);
    let header = ProtectedHeader::parse(&bytes).unwrap();
    assert_eq!(header, ProtectedHeader { header_len: 20, sequence_number: 65_535, ssrc: 7 });
}

#[test]
fn every_error_has_its_own_reason() {
    let reasons = std::collections::BTreeSet::from([
        RtpError::Version.reason(),
        RtpError::Truncated.reason(),
        RtpError::ExtensionOverflow.reason(),
        RtpError::Padding.reason(),
    ]);
    assert_eq!(reasons.len(), 4);
}
