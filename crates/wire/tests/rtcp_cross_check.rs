//! The `rtcp` crate builds, this one reads.

use bytes::Bytes;
use calling_wire::{
    GoodbyeView, ReceiverReportView, ReportBlock, RtcpPackets, SenderInfo, SenderReportView,
    packet_type,
};
use proptest::prelude::*;
use rtcp::goodbye::Goodbye;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use webrtc_util::marshal::Marshal;

fn block() -> impl Strategy<Value = ReportBlock> {
    (any::<[u32; 5]>(), any::<u8>(), -0x80_0000_i32..0x80_0000).prop_map(
        |([ssrc, highest_sequence_number, jitter, lsr, dlsr], fraction_lost, cumulative_lost)| {
            ReportBlock {
                ssrc,
                fraction_lost,
                cumulative_lost,
                highest_sequence_number,
                jitter,
                last_sender_report: lsr,
                delay_since_last_sender_report: dlsr,
            }
        },
    )
}

fn foreign(block: &ReportBlock) -> ReceptionReport {
    ReceptionReport {
        ssrc: block.ssrc,
        fraction_lost: block.fraction_lost,
        total_lost: (block.cumulative_lost as u32) & 0xff_ffff,
        last_sequence_number: block.highest_sequence_number,
        jitter: block.jitter,
        last_sender_report: block.last_sender_report,
        delay: block.delay_since_last_sender_report,
    }
}

fn description(ssrc: u32, name: &str) -> SourceDescription {
    let text = Bytes::from(name.to_owned());
    let items = vec![SourceDescriptionItem { sdes_type: SdesType::SdesCname, text }];
    SourceDescription { chunks: vec![SourceDescriptionChunk { source: ssrc, items }] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_compound_is_read_as_it_was_built(
        (sender, ntp_time, receiver) in any::<(u32, u64, u32)>(),
        [rtp_timestamp, packet_count, octet_count] in any::<[u32; 3]>(),
        sent in prop::collection::vec(block(), 0..4),
        received in prop::collection::vec(block(), 0..=31),
        name in "[a-z]{0,9}",
        gone in prop::collection::vec(any::<u32>(), 0..4),
    ) {
        let sender_report = SenderReport {
            ssrc: sender,
            ntp_time,
            rtp_time: rtp_timestamp,
            packet_count,
            octet_count,
            reports: sent.iter().map(foreign).collect(),
            profile_extensions: Bytes::new(),
        };
        let receiver_report = ReceiverReport {
            ssrc: receiver,
            reports: received.iter().map(foreign).collect(),
            profile_extensions: Bytes::new(),
        };
        let goodbye = Goodbye { sources: gone.clone(), reason: Bytes::from_static(b"bye") };
        let mut compound = Vec::new();
        compound.extend_from_slice(&sender_report.marshal().unwrap());
        compound.extend_from_slice(&receiver_report.marshal().unwrap());
        compound.extend_from_slice(&description(sender, &name).marshal().unwrap());
        compound.extend_from_slice(&goodbye.marshal().unwrap());

        let packets: Vec<_> = RtcpPackets::new(&compound).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(packets.len(), 4);
        let read = SenderReportView::parse(&packets[0]).unwrap();
        let info = SenderInfo { ntp_time, rtp_timestamp, packet_count, octet_count };
        prop_assert_eq!((read.ssrc, read.info), (sender, info));
        prop_assert_eq!(read.blocks().collect::<Vec<_>>(), sent);
        let read = ReceiverReportView::parse(&packets[1]).unwrap();
        prop_assert_eq!(read.ssrc, receiver);
        prop_assert_eq!(read.blocks().collect::<Vec<_>>(), received);
        prop_assert_eq!(packets[2].packet_type, packet_type::SOURCE_DESCRIPTION);
        let read = GoodbyeView::parse(&packets[3]).unwrap();
        prop_assert_eq!(read.ssrcs().collect::<Vec<_>>(), gone);
    }
}
