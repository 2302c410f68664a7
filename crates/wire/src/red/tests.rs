use proptest::prelude::*;

use super::*;

/// The example of RFC 2198 section 5, its lengths shortened: two copies and a frame.
#[test]
fn the_layout_is_that_of_the_rfc() {
    let copies = [
        RedBlock { payload_type: 7, offset: 1_920, payload: &[1, 2, 3] },
        RedBlock { payload_type: 5, offset: 960, payload: &[] },
    ];
    let primary = RedBlock { payload_type: 111, offset: 0, payload: &[9, 8] };
    let mut out = [0; 32];
    let length = write_red(copies.into_iter(), primary, &mut out).unwrap();
    // 1920 is 0b00_0111_1000_0000 in 14 bits.
    let expected = [0x87, 0b0001_1110, 0b0000_0000, 3, 0x85, 0b0000_1111, 0, 0, 111, 1, 2, 3, 9, 8];
    assert_eq!(out[..length], expected);
    let parsed = RedPayload::parse(&out[..length]).unwrap();
    assert_eq!(parsed.copies().collect::<Vec<_>>(), copies);
    assert_eq!(parsed.primary, primary);
}

#[test]
fn every_truncation_before_the_own_frame_is_an_error() {
    let copies = [RedBlock { payload_type: 111, offset: 960, payload: &[1, 2, 3] }; 2];
    let mut out = [0; 32];
    let primary = RedBlock { payload_type: 111, offset: 0, payload: &[7] };
    let length = write_red(copies.into_iter(), primary, &mut out).unwrap();
    assert!(RedPayload::parse(&out[..length]).is_ok());
    for end in 0..length - 1 {
        assert_eq!(RedPayload::parse(&out[..end]), Err(RedParseError::Truncated), "{end}");
    }
}

#[test]
fn renaming_touches_the_payload_types_alone() {
    let copies = [RedBlock { payload_type: 111, offset: 960, payload: &[0xff, 0x80] }; 2];
    let primary = RedBlock { payload_type: 111, offset: 0, payload: &[0x91] };
    let mut out = [0; 32];
    let length = write_red(copies.into_iter(), primary, &mut out).unwrap();
    rename_red(&mut out[..length], 96);
    let parsed = RedPayload::parse(&out[..length]).unwrap();
    let renamed = copies.map(|copy| RedBlock { payload_type: 96, ..copy });
    assert_eq!(parsed.copies().collect::<Vec<_>>(), renamed);
    assert_eq!(parsed.primary, RedBlock { payload_type: 96, ..primary });
    rename_red(&mut [], 96);
    rename_red(&mut [0x80; 6], 96);
}

#[test]
fn a_chain_of_headers_without_end_is_refused() {
    assert_eq!(RedPayload::parse(&[0x80; 4 * 40]), Err(RedParseError::TooMany));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut out = [0; 4_096];
    let primary = RedBlock { payload_type: 111, offset: 0, payload: &[7] };
    let copy = RedBlock { payload_type: 111, offset: 0, payload: &[1; 10] };
    let mut write = |copy, count| {
        let copies = vec![copy; count];
        write_red(copies.into_iter(), primary, &mut out)
    };
    assert_eq!(write(copy, MAX_COPIES), Ok(MAX_COPIES * 14 + 2));
    assert_eq!(write(copy, MAX_COPIES + 1), Err(RedWriteError::Unfit));
    let old = RedBlock { offset: MAX_OFFSET + 1, ..copy };
    assert_eq!(write(old, 1), Err(RedWriteError::Unfit));
    let long = RedBlock { payload: &[0; MAX_COPY_BYTES + 1], ..copy };
    assert_eq!(write(long, 1), Err(RedWriteError::Unfit));
    let typed = RedBlock { payload_type: 128, ..copy };
    assert_eq!(write(typed, 1), Err(RedWriteError::Unfit));
    assert_eq!(write_red([copy].into_iter(), primary, &mut [0; 15]), Err(RedWriteError::NoRoom));
}

fn blocks() -> impl Strategy<Value = Vec<(u8, u32, Vec<u8>)>> {
    let block = (0..=127_u8, 0..=MAX_OFFSET, prop::collection::vec(any::<u8>(), 0..60));
    prop::collection::vec(block, 0..=MAX_COPIES)
}

proptest! {
    #[test]
    fn what_is_written_is_read(copies in blocks(), own in prop::collection::vec(any::<u8>(), 0..60)) {
        let blocks = copies.iter().map(|(payload_type, offset, payload)| RedBlock {
            payload_type: *payload_type,
            offset: *offset,
            payload,
        });
        let primary = RedBlock { payload_type: 96, offset: 0, payload: &own };
        let mut out = vec![0; 4_096];
        let length = write_red(blocks.clone(), primary, &mut out).unwrap();
        let parsed = RedPayload::parse(&out[..length]).unwrap();
        prop_assert!(parsed.copies().eq(blocks));
        prop_assert_eq!(parsed.primary, primary);
    }
}
