//! The `rtp` crate and this one agree on every packet either of them builds.

use bytes::Bytes;
use calling_wire::{RtpHeader, RtpView, write_header};
use proptest::prelude::*;
use rtp::header::{EXTENSION_PROFILE_ONE_BYTE, EXTENSION_PROFILE_TWO_BYTE, Extension, Header};
use rtp::packet::Packet;
use webrtc_util::marshal::{Marshal, Unmarshal};

type Elements = Vec<(u8, Vec<u8>)>;

/// A profile and elements that fit it.
fn extension_block() -> impl Strategy<Value = Option<(u16, Elements)>> {
    let one_byte =
        prop::collection::vec((1_u8..15, prop::collection::vec(any::<u8>(), 1..=16)), 1..5)
            .prop_map(|elements| Some((EXTENSION_PROFILE_ONE_BYTE, elements)));
    let two_byte =
        prop::collection::vec((1_u8..=255, prop::collection::vec(any::<u8>(), 0..40)), 1..5)
            .prop_map(|elements| Some((EXTENSION_PROFILE_TWO_BYTE, elements)));
    prop_oneof![Just(None), one_byte, two_byte]
}

fn foreign_packet() -> impl Strategy<Value = Packet> {
    let fixed = (any::<bool>(), 0_u8..128, any::<u16>(), any::<u32>(), any::<u32>());
    let csrc = prop::collection::vec(any::<u32>(), 0..=15);
    let payload = prop::collection::vec(any::<u8>(), 0..200);
    (fixed, csrc, extension_block(), payload, any::<bool>()).prop_map(
        |(
            (marker, payload_type, sequence_number, timestamp, ssrc),
            csrc,
            block,
            payload,
            padding,
        )| {
            let (extension_profile, elements) = block.clone().unwrap_or_default();
            let extensions = elements
                .into_iter()
                .map(|(id, data)| Extension { id, payload: Bytes::from(data) })
                .collect();
            let header = Header {
                version: 2,
                padding,
                extension: block.is_some(),
                marker,
                payload_type,
                sequence_number,
                timestamp,
                ssrc,
                csrc,
                extension_profile,
                extensions,
                extensions_padding: 0,
            };
            Packet { header, payload: Bytes::from(payload) }
        },
    )
}

fn assert_agree(view: &RtpView<'_>, packet: &Packet) {
    let header = &packet.header;
    assert_eq!(view.version(), header.version);
    assert_eq!(view.marker(), header.marker);
    assert_eq!(view.payload_type(), header.payload_type);
    assert_eq!(view.sequence_number(), header.sequence_number);
    assert_eq!(view.timestamp(), header.timestamp);
    assert_eq!(view.ssrc(), header.ssrc);
    assert!(view.csrcs().eq(header.csrc.iter().copied()));
    let theirs = header.extensions.iter().map(|extension| (extension.id, &extension.payload[..]));
    assert!(view.extensions().eq(theirs));
    assert_eq!(view.payload(), packet.payload);
    assert_eq!(view.padding_len() > 0, header.padding);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_the_rtp_crate_builds_is_read_the_same(packet in foreign_packet()) {
        let bytes = packet.marshal().unwrap();
        assert_agree(&RtpView::parse(&bytes).unwrap(), &packet);
    }

    #[test]
    fn what_this_crate_builds_the_rtp_crate_reads_the_same(
        (payload_type, marker) in (0_u8..128, any::<bool>()),
        (sequence_number, timestamp, ssrc) in any::<(u16, u32, u32)>(),
        block in extension_block(),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let header = RtpHeader { payload_type, marker, sequence_number, timestamp, ssrc };
        let (_, elements) = block.unwrap_or_default();
        let given: Vec<(u8, &[u8])> = elements.iter().map(|(id, data)| (*id, &data[..])).collect();
        let mut bytes = vec![0; 2_000];
        let len = write_header(&header, &given, &mut bytes).unwrap();
        bytes.truncate(len);
        bytes.extend_from_slice(&payload);

        let theirs = Packet::unmarshal(&mut Bytes::from(bytes.clone())).unwrap();
        assert_agree(&RtpView::parse(&bytes).unwrap(), &theirs);
    }
}
