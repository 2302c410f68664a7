use calling_testkit::epoch;
use proptest::prelude::*;

use super::*;

const OURS: u32 = 1;
const THEIRS: u32 = 2;

fn session(ssrc: u32) -> RtcpSession {
    RtcpSession::new(ssrc, "c2f1", epoch(), UnixMillis(1_700_000_000_000))
}

fn sent(packets_sent: u64) -> OwnStream {
    OwnStream { rtp_timestamp: 960, packets_sent, payload_bytes_sent: packets_sent * 80 }
}

fn block(ssrc: u32) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: 64,
        cumulative_lost: -3,
        highest_sequence_number: 70_000,
        jitter: 480,
        ..Default::default()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn round_trip_excludes_the_time_the_report_lay_there() {
    let (mut ours, mut theirs) = (session(OURS), session(THEIRS));
    let to_them = ours.report(epoch(), sent(1), &[]);
    theirs.handle(epoch() + ms(40), &to_them).unwrap();
    let to_us = theirs.report(epoch() + ms(1_040), sent(0), &[block(OURS)]);
    ours.handle(epoch() + ms(1_070), &to_us).unwrap();
    let remote = ours.remote();
    assert!((remote.round_trip_ms.unwrap() - 70.0).abs() < 0.1, "{remote:?}");
    assert_eq!((remote.fraction_lost, remote.loss().fraction_lost), (0.25, 0.25));
    assert_eq!((remote.packets_lost, remote.jitter_ms, remote.reports), (-3, 10.0, 1));
}

#[test]
fn what_becomes_of_our_stream_behind_the_server_joins_what_was_lost_before_it() {
    let mut ours = session(OURS);
    let mut report = session(THEIRS).report(epoch(), sent(0), &[block(OURS)]).to_vec();
    let delivery = DeliveryReport {
        reporter: THEIRS,
        ssrc: OURS,
        fraction_lost: 128,
        burst_quarters: 10,
        copies_taken_out: true,
    };
    // Of somebody else's stream nothing is learned.
    report.extend(DeliveryReport { ssrc: 77, fraction_lost: 255, ..delivery }.to_bytes());
    ours.handle(epoch(), &report).unwrap();
    assert_eq!(ours.remote().loss(), LossPattern { fraction_lost: 0.25, mean_burst: None });
    report.extend(delivery.to_bytes());
    ours.handle(epoch(), &report).unwrap();
    let remote = ours.remote();
    assert_eq!(remote.loss(), LossPattern { fraction_lost: 0.625, mean_burst: Some(2.5) });
    assert_eq!((remote.fraction_lost, remote.copies_taken_out), (0.25, true));
}

#[test]
fn without_a_sender_report_there_is_no_round_trip() {
    let mut ours = session(OURS);
    let report = session(THEIRS).report(epoch(), sent(5), &[block(OURS)]);
    ours.handle(epoch() + ms(10), &report).unwrap();
    assert_eq!((ours.remote().round_trip_ms, ours.remote().reports), (None, 1));
}

#[test]
fn reports_about_others_are_not_ours() {
    let mut ours = session(OURS);
    let report = session(THEIRS).report(epoch(), sent(5), &[block(77)]);
    ours.handle(epoch(), &report).unwrap();
    assert_eq!(ours.remote(), RemoteView::default());
}

#[test]
fn impossible_times_are_ignored() {
    for (last_sender_report, delay) in [(1, 0), (u32::MAX, u32::MAX), (5, u32::MAX)] {
        let ours = session(OURS);
        let block = ReportBlock {
            last_sender_report,
            delay_since_last_sender_report: delay,
            ..block(OURS)
        };
        let round_trip = ours.round_trip_ms(epoch() + ms(5), &block);
        assert!(round_trip.is_none_or(|ms| (0.0..1e9).contains(&ms)), "{round_trip:?}");
    }
}

#[test]
fn who_sends_nothing_writes_receiver_reports() {
    for (own, kind) in [(sent(0), 201), (sent(9), 200)] {
        let report = session(OURS).report(epoch(), own, &[block(THEIRS)]);
        let kinds: Vec<u8> =
            RtcpPackets::new(&report).map(|packet| packet.unwrap().packet_type).collect();
        assert_eq!(kinds, [kind, 202], "then SDES");
    }
}

#[test]
fn the_rtcp_crate_reads_what_we_build() {
    let report = session(OURS).report(epoch(), sent(9), &[block(THEIRS)]);
    let packets = rtcp::packet::unmarshal(&mut report.clone()).unwrap();
    let sender = packets[0].as_any().downcast_ref::<SenderReport>().unwrap();
    assert_eq!((sender.ssrc, sender.packet_count, sender.octet_count), (OURS, 9, 720));
    assert_eq!(sender.reports[0].total_lost, 0xff_fffd);
    let names = packets[1].as_any().downcast_ref::<SourceDescription>().unwrap();
    assert_eq!(&names.chunks[0].items[0].text[..], b"c2f1");
}

#[test]
fn limits_of_the_format_are_kept() {
    let session = RtcpSession::new(OURS, "é".repeat(400), epoch(), UnixMillis(0));
    let report = session.report(epoch(), sent(1), &[block(THEIRS); 50]);
    let sender = RtcpPackets::new(&report).next().unwrap().unwrap();
    assert_eq!(SenderReportView::parse(&sender).unwrap().blocks().count(), 31);
}

#[test]
fn a_flood_of_streams_is_bounded() {
    let mut ours = session(OURS);
    for ssrc in 0..1_000 {
        let report = session(ssrc).report(epoch(), sent(1), &[]);
        ours.handle(epoch(), &report).unwrap();
    }
    assert_eq!(ours.sender_reports.len(), MAX_STREAMS);
}

#[test]
fn every_truncation_errs_or_is_used_in_part() {
    let report = session(THEIRS).report(epoch(), sent(9), &[block(OURS)]);
    let whole = RtcpPackets::new(&report).next().unwrap().unwrap().bytes.len();
    for length in 1..report.len() {
        let mut ours = session(OURS);
        let read = ours.handle(epoch(), &report[..length]);
        assert!(read.is_err() || length == whole, "{length}");
        assert_eq!(ours.remote().reports, u64::from(length >= whole));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = session(OURS).handle(epoch(), &bytes);
    }

    #[test]
    fn damaged_reports_are_survived(at in 0_usize..72, value: u8) {
        let mut report = session(THEIRS).report(epoch(), sent(9), &[block(OURS)]).to_vec();
        let at = at % report.len();
        report[at] = value;
        let mut ours = session(OURS);
        let _ = ours.handle(epoch(), &report);
        prop_assert!((0.0..=1.0).contains(&ours.remote().fraction_lost));
    }
}
