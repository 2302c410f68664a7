//! Bodies of fuzz targets: never panic, whatever the input.

use crate::{
    AudioLevelExtension, DeliveryReport, Feedback, GoodbyeView, ProtectedHeader,
    ReceiverReportView, RtcpPackets, RtpView, SenderReportView, TransportArrivals, VideoCodec,
    Vp8Descriptor, classify,
};

/// Parses a datagram as RTP and checks what a valid view promises.
///
/// # Panics
/// If a promise is broken.
pub fn rtp_parse(data: &[u8]) {
    let _ = classify(data);
    let protected = ProtectedHeader::parse(data);
    let Ok(view) = RtpView::parse(data) else { return };
    let total = view.header_len() + view.payload().len() + view.padding_len();
    assert_eq!(total, data.len(), "header, payload and padding are the packet");
    assert_eq!(protected.map(|header| header.header_len), Ok(view.header_len()));
    assert!(view.csrcs().len() <= 15);
    let within: usize = view.extensions().map(|(_, data)| data.len()).sum();
    assert!(within <= view.header_len());
    let _ = view.extension(1).and_then(AudioLevelExtension::parse);
    let payload = view.payload();
    for codec in VideoCodec::ALL {
        assert!(!codec.starts_key_frame(payload) || !payload.is_empty(), "nothing is no picture");
    }
    let _ = Vp8Descriptor::parse(payload);
}

/// Parses a datagram as compound RTCP and every report in it.
///
/// # Panics
/// If a promise is broken.
pub fn rtcp_parse(data: &[u8]) {
    let mut total = 0;
    for packet in RtcpPackets::new(data).map_while(Result::ok) {
        total += packet.bytes.len();
        assert!(packet.body.len() + 4 <= packet.bytes.len());
        let sender = SenderReportView::parse(&packet).map(|view| view.blocks().count());
        let receiver = ReceiverReportView::parse(&packet).map(|view| view.blocks().count());
        assert!(sender.or(receiver).is_none_or(|blocks| blocks == usize::from(packet.count)));
        match Feedback::parse(&packet) {
            Some(Feedback::Nack { lost, .. }) => {
                assert!(lost.count() <= packet.body.len() / 4 * 17, "17 packets an entry");
            }
            Some(Feedback::FullIntra { ssrcs }) => {
                assert!(ssrcs.count() <= packet.body.len() / 8, "8 bytes a stream");
            }
            Some(Feedback::PictureLoss { .. }) | None => {}
        }
        if let Some(report) = DeliveryReport::parse(&packet) {
            let written = report.to_bytes();
            assert!(written[4..18] == packet.bytes[4..18], "it says what was read");
        }
        if let Ok(arrivals) = TransportArrivals::parse(&packet) {
            assert_eq!(arrivals.packets().count(), usize::from(arrivals.told));
        }
        let _ = GoodbyeView::parse(&packet).map(|view| view.ssrcs().count());
    }
    assert!(total <= data.len());
}
