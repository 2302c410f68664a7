//! Bad RTCP: what came before the fault is read, the fault is an error, and then it ends.

use calling_wire::{
    GoodbyeView, MAX_COMPOUND_PACKETS, ReceiverReportView, RtcpError, RtcpPackets, RtcpView,
    SenderReportView, packet_type,
};

/// A packet with `body`, whose length is a multiple of 4.
fn packet(kind: u8, count: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | count, kind];
    bytes.extend_from_slice(&((body.len() / 4) as u16).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn read(datagram: &[u8]) -> Vec<Result<RtcpView<'_>, RtcpError>> {
    RtcpPackets::new(datagram).collect()
}

#[test]
fn an_empty_datagram_has_no_packets() {
    assert_eq!(read(&[]), []);
}

#[test]
fn a_compound_truncated_anywhere_errs_once_and_ends() {
    let whole = packet(packet_type::RECEIVER_REPORT, 1, &[7; 28]);
    let compound = [whole.clone(), whole].concat();
    for len in 1..compound.len() {
        let packets = read(&compound[..len]);
        let good = len / 32;
        assert_eq!(packets.len(), good + usize::from(len % 32 != 0), "{len} bytes");
        assert!(packets[..good].iter().all(Result::is_ok));
        assert!(packets[good..].iter().all(|packet| *packet == Err(RtcpError::Truncated)));
    }
}

#[test]
fn another_version_ends_the_compound() {
    let mut compound = packet(packet_type::GOODBYE, 0, &[]).repeat(3);
    compound[4] = 0x40;
    let packets = read(&compound);
    assert!(packets[0].is_ok());
    assert_eq!(packets[1..], [Err(RtcpError::Version)]);
}

#[test]
fn padding_belongs_to_the_last_packet_and_fits_it() {
    let mut padded = packet(packet_type::GOODBYE, 1, &[0, 0, 0, 9, 0, 0, 0, 4]);
    padded[0] |= 0x20;
    let view = read(&padded)[0].unwrap();
    assert_eq!((view.body, view.bytes.len()), (&[0, 0, 0, 9][..], 12));

    let twice = padded.repeat(2);
    assert_eq!(read(&twice), [Err(RtcpError::Padding)]);
    for count in [0, 1, 3, 12, 255] {
        *padded.last_mut().unwrap() = count;
        assert_eq!(read(&padded), [Err(RtcpError::Padding)], "count {count}");
    }
    assert_eq!(read(&[0xa0, packet_type::GOODBYE, 0, 0]), [Err(RtcpError::Padding)]);
}

#[test]
fn a_compound_without_end_is_cut() {
    let compound = packet(packet_type::APPLICATION, 0, &[]).repeat(1_000);
    let packets = read(&compound);
    assert_eq!(packets.len(), MAX_COMPOUND_PACKETS + 1);
    assert_eq!(packets.last(), Some(&Err(RtcpError::TooManyPackets)));
}

#[test]
fn reports_shorter_than_their_count_are_none() {
    let short = packet(packet_type::RECEIVER_REPORT, 31, &[0; 28]);
    assert!(ReceiverReportView::parse(&read(&short)[0].unwrap()).is_none());
    let short = packet(packet_type::SENDER_REPORT, 1, &[0; 24]);
    assert!(SenderReportView::parse(&read(&short)[0].unwrap()).is_none());
    let short = packet(packet_type::SENDER_REPORT, 0, &[0; 20]);
    assert!(SenderReportView::parse(&read(&short)[0].unwrap()).is_none());
    let short = packet(packet_type::GOODBYE, 2, &[0; 4]);
    assert!(GoodbyeView::parse(&read(&short)[0].unwrap()).is_none());
}

#[test]
fn a_view_is_of_one_type() {
    let receiver = packet(packet_type::RECEIVER_REPORT, 0, &[0; 24]);
    let view = read(&receiver)[0].unwrap();
    assert!(SenderReportView::parse(&view).is_none());
    assert!(GoodbyeView::parse(&view).is_none());
    assert!(ReceiverReportView::parse(&view).is_some());
}

#[test]
fn cumulative_loss_is_signed() {
    let mut body = [0; 28];
    body[9..12].copy_from_slice(&[0xff, 0xff, 0xfe]);
    let bytes = packet(packet_type::RECEIVER_REPORT, 1, &body);
    let view = ReceiverReportView::parse(&read(&bytes)[0].unwrap()).unwrap();
    assert_eq!(view.blocks().next().unwrap().cumulative_lost, -2);
}

#[test]
fn a_nack_of_every_packet_is_one_view() {
    // 16,383 words of feedback: the iterator neither expands nor allocates for it.
    let nack = packet(packet_type::TRANSPORT_FEEDBACK, 1, &vec![0xff; 4 * 16_383]);
    let packets = read(&nack);
    assert_eq!(packets.len(), 1);
    assert_eq!(packets[0].unwrap().body.len(), 4 * 16_383);
}

#[test]
fn every_error_has_its_own_reason() {
    let reasons = std::collections::BTreeSet::from([
        RtcpError::Version.reason(),
        RtcpError::Truncated.reason(),
        RtcpError::Padding.reason(),
        RtcpError::TooManyPackets.reason(),
    ]);
    assert_eq!(reasons.len(), 4);
}
