use proptest::prelude::*;

use super::*;

fn long_unit(kind: u8, length: usize) -> Vec<u8> {
    let mut unit = vec![0, 0, 0, 1, kind];
    unit.extend((0..length).map(|at| (at % 251 + 3) as u8));
    unit
}

#[test]
fn a_vp8_picture_comes_back_from_its_payloads() {
    let mut cutter = Cutter::new(VideoCodec::Vp8);
    for length in [1, 2, 3, 1_116, 1_117, 5_000] {
        let picture: Bytes = (0..length).map(|at| at as u8).collect();
        let payloads = cutter.cut(&picture);
        assert!(payloads.iter().all(|payload| payload.len() <= MAX_PAYLOAD_BYTES));
        let begins: Vec<bool> =
            payloads.iter().map(|p| inspect(VideoCodec::Vp8, p).unwrap().begins).collect();
        assert!(begins[0] && !begins[1..].contains(&true), "{begins:?}");
        assert_eq!(assemble(VideoCodec::Vp8, payloads.iter()), Ok(picture));
    }
}

#[test]
fn vp8_picture_ids_have_fifteen_bits_from_the_start() {
    let payloads = Cutter::new(VideoCodec::Vp8).cut(&Bytes::from_static(&[0, 1, 2]));
    // X, then I, then M with the id 128.
    assert_eq!(payloads[0][..4], [0x90, 0x80, 0x80, 128]);
}

#[test]
fn short_vp8_payloads_are_taken_as_the_standard_allows_them() {
    let tail = |bytes: &'static [u8]| vp8::depacketize(&Bytes::from_static(bytes));
    assert_eq!(tail(&[0x00, 7]), Some(Bytes::from_static(&[7])));
    assert_eq!(tail(&[0x00, 7, 8]), Some(Bytes::from_static(&[7, 8])));
    assert_eq!(tail(&[0x80, 0x80, 5]), None, "descriptor only");
    assert_eq!(tail(&[0x00]), None);
    assert_eq!(tail(&[]), None);
}

#[test]
fn an_h264_key_frame_comes_back_with_its_parameter_sets() {
    let (sps, pps) = (long_unit(0x67, 12), long_unit(0x68, 4));
    let idr = long_unit(0x65, 4_000);
    let picture: Bytes = [sps, pps, idr].concat().into();
    let payloads = Cutter::new(VideoCodec::H264).cut(&picture);
    let fragments: Vec<_> =
        payloads.iter().map(|p| inspect(VideoCodec::H264, p).unwrap()).collect();
    assert!(fragments[0].begins_key);
    assert!(fragments[1..].iter().all(|fragment| !fragment.begins_key));
    assert_eq!(assemble(VideoCodec::H264, payloads.iter()), Ok(picture.clone()));
    assert!(h264::is_key(&picture));
    assert!(!h264::is_key(&long_unit(0x61, 50)));
}

#[test]
fn an_h264_picture_with_a_hole_or_in_disorder_is_refused() {
    let picture: Bytes = long_unit(0x61, 4_000).into();
    let payloads = Cutter::new(VideoCodec::H264).cut(&picture);
    assert_eq!(payloads.len(), 4);
    let of =
        |indices: &[usize]| assemble(VideoCodec::H264, indices.iter().map(|at| &payloads[*at]));
    assert_eq!(of(&[0, 1, 2, 3]), Ok(picture.clone()));
    for broken in [&[1, 2, 3][..], &[0, 1, 2], &[0, 0, 1, 3], &[0, 1, 3, 3], &[]] {
        assert_eq!(of(broken), Err(MalformedPicture), "{broken:?}");
    }
}

#[test]
fn h264_payloads_that_cannot_be_are_refused() {
    for payload in [
        &[][..],
        &[0x65],
        &[0x65, 1],
        // Aggregates: empty, cut in the length, cut in the unit, an empty unit.
        &[0x78],
        &[0x78, 0],
        &[0x78, 0, 5, 1, 2],
        &[0x78, 0, 1, 0x67, 9],
        &[0x78, 0, 0],
        // Fragments: no data, both first and last.
        &[0x7c, 0x85],
        &[0x7c, 0xc5, 1, 2],
        // STAP-B, MTAP, FU-B are of other modes.
        &[0x79, 0, 1, 0x67, 9],
        &[0x7d, 0x85, 0, 1, 2],
    ] {
        let payload = Bytes::copy_from_slice(payload);
        assert_eq!(inspect(VideoCodec::H264, &payload), None, "{payload:?}");
        assert_eq!(assemble(VideoCodec::H264, [&payload].into_iter()), Err(MalformedPicture));
    }
}

proptest! {
    #[test]
    fn any_units_survive(
        units in prop::collection::vec((1_u8..6, prop::collection::vec(2_u8..255, 2..3_000)), 1..6),
    ) {
        let picture: Bytes = units
            .iter()
            .flat_map(|(kind, bytes)| [&[0, 0, 0, 1, 0x60 | kind][..], bytes].concat())
            .collect();
        let payloads = Cutter::new(VideoCodec::H264).cut(&picture);
        prop_assert_eq!(assemble(VideoCodec::H264, payloads.iter()), Ok(picture));
    }

    #[test]
    fn nothing_panics_and_nothing_grows(payloads in prop::collection::vec(
        prop::collection::vec(any::<u8>(), 0..40), 0..12,
    )) {
        let payloads: Vec<Bytes> = payloads.into_iter().map(Bytes::from).collect();
        let bytes: usize = payloads.iter().map(Bytes::len).sum();
        for codec in VideoCodec::ALL {
            let parts = payloads.iter().filter(|payload| inspect(codec, payload).is_some()).count();
            if let Ok(picture) = assemble(codec, payloads.iter()) {
                prop_assert_eq!(parts, payloads.len());
                // A start code takes the place of a length.
                prop_assert!(picture.len() <= 3 * bytes);
            }
        }
    }
}
