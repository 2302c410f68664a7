//! The fuzz bodies on random bytes and on mutations of what is valid.

use calling_wire::{RtpHeader, fuzz, write_header};
use proptest::prelude::*;

fn valid_rtp() -> Vec<u8> {
    let header =
        RtpHeader { payload_type: 111, marker: true, sequence_number: 9, timestamp: 8, ssrc: 7 };
    let mut bytes = vec![0; 100];
    write_header(&header, &[(1, &[0x85]), (4, &[1, 2, 3])], &mut bytes).expect("it fits");
    bytes
}

fn valid_rtcp() -> Vec<u8> {
    let mut bytes = vec![0x81, 201, 0, 7];
    bytes.extend_from_slice(&[5; 28]);
    bytes.extend_from_slice(&[0x80, 200, 0, 6]);
    bytes.extend_from_slice(&[6; 24]);
    bytes.extend_from_slice(&[0x82, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    bytes
}

fn mutate(mut bytes: Vec<u8>, mutations: &[(prop::sample::Index, u8)], len: usize) -> Vec<u8> {
    for (at, value) in mutations {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    bytes.truncate(len);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn random_bytes(data in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz::rtp_parse(&data);
        fuzz::rtcp_parse(&data);
    }

    #[test]
    fn mutated_packets(
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        len in 0_usize..101,
    ) {
        fuzz::rtp_parse(&mutate(valid_rtp(), &mutations, len));
        fuzz::rtcp_parse(&mutate(valid_rtcp(), &mutations, len));
    }
}

#[test]
fn first_bytes_of_every_value() {
    for first in 0..=255_u8 {
        for second in 0..=255_u8 {
            let mut bytes = valid_rtp();
            bytes[..2].copy_from_slice(&[first, second]);
            fuzz::rtp_parse(&bytes);
            fuzz::rtcp_parse(&bytes);
        }
    }
}
