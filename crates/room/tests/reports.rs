//! RTCP ends at the room: what it reports, and what it makes of reports.

mod common;

use std::time::Duration;

use calling_model::ParticipantId;
use calling_room::{Heard, RoomOutput, RtcpDiscard};
use calling_wire::{
    ReceiverReportView, ReportBlock, RtcpError, RtcpPackets, SenderInfo, SenderReportView,
    packet_type,
};
use common::{Table, Voice, id, ms, ssrc};

/// What one participant was told in one datagram.
#[derive(Default)]
struct Report {
    to: u64,
    len: usize,
    blocks: Vec<ReportBlock>,
    senders: Vec<(u32, SenderInfo)>,
    descriptions: usize,
}

fn parse(to: ParticipantId, packet: &[u8]) -> Report {
    let mut report = Report { to: to.0, len: packet.len(), ..Report::default() };
    for packet in RtcpPackets::new(packet) {
        let packet = packet.expect("the room sends what is well formed");
        if let Some(view) = ReceiverReportView::parse(&packet) {
            report.blocks.extend(view.blocks());
        } else if let Some(view) = SenderReportView::parse(&packet) {
            report.senders.push((view.ssrc, view.info));
        } else {
            assert_eq!(packet.packet_type, packet_type::SOURCE_DESCRIPTION);
            report.descriptions += usize::from(packet.count);
        }
    }
    report
}

fn reports(table: &mut Table) -> Vec<Report> {
    let outputs = table.take().into_iter();
    outputs
        .filter_map(|output| match output {
            RoomOutput::Rtcp { to, packet } => Some(parse(to, &packet)),
            RoomOutput::UserEntered { .. }
            | RoomOutput::UserLeft { .. }
            | RoomOutput::AudioAvailable { .. }
            | RoomOutput::VideoAvailable { .. }
            | RoomOutput::Rtp { .. }
            | RoomOutput::Volumes { .. } => None,
        })
        .collect()
}

fn sender_report(ssrc: u32, ntp_time: u64, rtp_timestamp: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend_from_slice(&ssrc.to_be_bytes());
    bytes.extend_from_slice(&ntp_time.to_be_bytes());
    bytes.extend_from_slice(&rtp_timestamp.to_be_bytes());
    bytes.extend_from_slice(&[0; 8]);
    bytes
}

fn receiver_report(block: &ReportBlock) -> Vec<u8> {
    let lost = (block.cumulative_lost as u32) & 0xff_ffff | u32::from(block.fraction_lost) << 24;
    let words = [
        0x81c9_0007,
        9,
        block.ssrc,
        lost,
        block.highest_sequence_number,
        block.jitter,
        block.last_sender_report,
        block.delay_since_last_sender_report,
    ];
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

fn rtcp(table: &mut Table, from: u64, packet: &[u8]) -> Result<(), RtcpDiscard> {
    table.room.handle_rtcp(table.now, id(from), packet)
}

fn counted(table: &Table, discard: RtcpDiscard) -> u64 {
    table.room.stats().discards.rtcp(discard)
}

const NTP: u64 = 0x1234_5678_8000_0000;

#[test]
fn a_publisher_is_told_how_its_stream_arrives() {
    let mut table = Table::open(2);
    // A second of voice from 65530 on, every tenth packet lost.
    for number in (65_530..65_580).filter(|number| number % 10 != 5) {
        table.now = calling_testkit::epoch() + ms((number - 65_530) * 20);
        table.speak(1, number);
    }
    table.pass(20);
    let told = reports(&mut table);
    assert_eq!(told.len(), 1, "the receiver sent nothing, and no sender report came yet");
    assert_eq!((told[0].to, told[0].blocks.len()), (1, 1));
    let block = told[0].blocks[0];
    assert_eq!(block.ssrc, ssrc(1));
    assert_eq!((block.cumulative_lost, block.fraction_lost), (5, (5 * 256 / 50) as u8));
    assert_eq!(block.highest_sequence_number, 65_579, "with one wrap");
    assert_eq!(block.jitter, 0);
    assert_eq!((block.last_sender_report, block.delay_since_last_sender_report), (0, 0));
}

#[test]
fn the_fraction_lost_is_since_the_last_report() {
    let mut table = Table::open(2);
    table.stream(1, 2, (0..50).filter(|number| number % 2 == 0));
    table.pass(500);
    assert_eq!(
        reports(&mut table)[0].blocks[0].fraction_lost,
        24 * 256_u64.div_euclid(49) as u8 + 5
    );
    table.stream(1, 2, 49..99);
    let block = reports(&mut table)[0].blocks[0];
    assert_eq!((block.fraction_lost, block.cumulative_lost), (0, 24));
}

#[test]
fn the_echo_of_a_sender_report_has_its_delay() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    table.pass(250);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 250 * 48)).unwrap();
    table.pass(750);
    let told = reports(&mut table);
    let block = told.iter().find(|report| report.to == 1).unwrap().blocks[0];
    assert_eq!(block.last_sender_report, 0x5678_8000);
    assert_eq!(block.delay_since_last_sender_report, 65_536 * 3 / 4);
}

#[test]
fn a_receiver_is_told_the_publishers_clock_on_its_own_timeline() {
    let mut table = Table::open(3);
    let forwards = table.speak(1, 0);
    table.pass(400);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 400 * 48)).unwrap();
    table.speak(1, 20);
    table.pass(600);
    let told = reports(&mut table);
    for forward in forwards {
        let report = told.iter().find(|report| id(report.to) == forward.to).unwrap();
        let (from, info) = report.senders[0];
        assert_eq!(from, forward.ssrc);
        // The report is for the moment it is sent, 600 ms after the publisher's.
        assert_eq!(info.ntp_time, NTP + (600 << 32) / 1_000);
        assert_eq!(info.rtp_timestamp, forward.timestamp.wrapping_add(48_000));
        assert_eq!((info.packet_count, info.octet_count), (2, 160));
        assert_eq!(report.descriptions, 2);
    }
}

#[test]
fn a_sender_report_keeps_its_place_over_a_pause() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..10);
    table.room.set_muted(table.now, id(1), true).unwrap();
    table.pass(10_000);
    table.room.set_muted(table.now, id(1), false).unwrap();
    reports(&mut table);
    let forward = table.speak(1, 510)[0];
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 510 * 960)).unwrap();
    table.pass(800);
    let told = reports(&mut table);
    let report = told.iter().find(|report| report.to == 2).unwrap();
    assert_eq!(report.senders[0].1.rtp_timestamp, forward.timestamp.wrapping_add(800 * 48));
}

#[test]
fn who_neither_sent_nor_was_sent_anything_is_told_nothing() {
    let mut table = Table::open(3);
    table.pass(10_000);
    assert_eq!(reports(&mut table).len(), 0);
    table.stream(1, 2, 0..50);
    reports(&mut table);
    table.pass(10_000);
    assert_eq!(reports(&mut table).len(), 0, "nothing new since");
}

#[test]
fn a_receivers_report_gives_its_loss_jitter_and_round_trip() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 0)).unwrap();
    table.pass(1_000);
    let told = reports(&mut table);
    let (forwarded, info) = told.iter().find(|report| report.to == 2).unwrap().senders[0];
    // The receiver gets it after 20 ms, holds it for 500 ms and is 20 ms away.
    table.pass(540);
    let block = ReportBlock {
        ssrc: forwarded,
        fraction_lost: 26,
        cumulative_lost: 5,
        highest_sequence_number: 1,
        jitter: 480,
        last_sender_report: (info.ntp_time >> 16) as u32,
        delay_since_last_sender_report: 32_768,
    };
    rtcp(&mut table, 2, &receiver_report(&block)).unwrap();
    let leg = table.room.leg_stats().find(|leg| leg.publisher == id(1)).unwrap();
    let remote = leg.remote.unwrap();
    assert_eq!((remote.fraction_lost, remote.packets_lost), (26, 5));
    assert_eq!(remote.jitter, ms(10));
    assert_eq!(remote.round_trip, Some(ms(40)));
}

#[test]
fn the_echo_of_an_older_report_counts_until_four_more_were_sent() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 0)).unwrap();
    let mut sent = Vec::new();
    for second in 1..=5 {
        table.pass(1_000);
        let told = reports(&mut table);
        sent.push(told.iter().find(|report| report.to == 2).unwrap().senders[0]);
        table.speak(1, second * 50);
    }
    let mut round_trip = |report: (u32, SenderInfo)| {
        let block = ReportBlock {
            ssrc: report.0,
            last_sender_report: (report.1.ntp_time >> 16) as u32,
            delay_since_last_sender_report: 65_536,
            ..ReportBlock::default()
        };
        rtcp(&mut table, 2, &receiver_report(&block)).unwrap();
        let leg = table.room.leg_stats().find(|leg| leg.publisher == id(1));
        leg.unwrap().remote.unwrap().round_trip
    };
    assert_eq!(round_trip(sent[0]), None, "forgotten");
    assert_eq!(round_trip(sent[1]), Some(ms(2_000)), "3 s ago, held for 1 s");
    assert_eq!(round_trip(sent[3]), Some(ms(0)));
    // What was known stays known.
    assert_eq!(round_trip(sent[0]), Some(ms(0)));
}

#[test]
fn absurd_reports_change_no_more_than_their_own_figures() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    let forwarded = table.room.participants().next().unwrap().audio_ssrc;
    table.pass(1_000);
    table.take();
    let absurd = ReportBlock {
        ssrc: forwarded,
        fraction_lost: 255,
        cumulative_lost: -0x80_0000,
        highest_sequence_number: u32::MAX,
        jitter: u32::MAX,
        last_sender_report: u32::MAX,
        delay_since_last_sender_report: u32::MAX,
    };
    for echo in [0, 1, u32::MAX] {
        let block = ReportBlock { last_sender_report: echo, ..absurd };
        rtcp(&mut table, 2, &receiver_report(&block)).unwrap();
    }
    let leg = table.room.leg_stats().find(|leg| leg.publisher == id(1)).unwrap();
    let remote = leg.remote.unwrap();
    assert_eq!(remote.round_trip, None, "none of our reports was echoed");
    assert_eq!(remote.packets_lost, -0x80_0000);
    assert!(remote.jitter < Duration::from_secs(100_000));
    assert_eq!(table.take(), []);
    assert_eq!(table.speak(1, 50).len(), 1);
}

#[test]
fn a_held_delay_beyond_the_round_trip_is_no_round_trip() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 0)).unwrap();
    table.pass(1_000);
    let told = reports(&mut table);
    let (forwarded, info) = told.iter().find(|report| report.to == 2).unwrap().senders[0];
    let block = ReportBlock {
        ssrc: forwarded,
        last_sender_report: (info.ntp_time >> 16) as u32,
        delay_since_last_sender_report: u32::MAX,
        ..ReportBlock::default()
    };
    rtcp(&mut table, 2, &receiver_report(&block)).unwrap();
    let leg = table.room.leg_stats().find(|leg| leg.publisher == id(1)).unwrap();
    assert_eq!(leg.remote.unwrap().round_trip, None);
}

#[test]
fn a_report_on_a_stream_one_does_not_get_is_counted() {
    let mut table = Table::open(2);
    let own = table.room.participants().next().unwrap().audio_ssrc;
    for foreign in [0, ssrc(2), own] {
        let block = ReportBlock { ssrc: foreign, ..ReportBlock::default() };
        rtcp(&mut table, 1, &receiver_report(&block)).unwrap();
    }
    assert_eq!(counted(&table, RtcpDiscard::UnknownStream), 3);
    assert!(table.room.leg_stats().all(|leg| leg.remote.is_none()));
}

#[test]
fn a_time_warp_in_a_sender_report_is_discarded() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 0)).unwrap();
    for warped in [0x8000_0000, u32::MAX - 481_000, 11 * 48_000] {
        rtcp(&mut table, 1, &sender_report(ssrc(1), NTP + 77, warped)).unwrap();
    }
    assert_eq!(counted(&table, RtcpDiscard::TimeWarp), 3);
    table.pass(1_000);
    let told = reports(&mut table);
    let report = told.iter().find(|report| report.to == 2).unwrap();
    assert_eq!(report.senders[0].1.ntp_time, NTP + (1 << 32), "the honest one still holds");
}

#[test]
fn a_clock_at_the_end_of_time_wraps() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 1, &sender_report(ssrc(1), u64::MAX, 0)).unwrap();
    table.pass(1_000);
    let told = reports(&mut table);
    let report = told.iter().find(|report| report.to == 2).unwrap();
    assert_eq!(report.senders[0].1.ntp_time, (1 << 32) - 1);
}

#[test]
fn a_sender_report_for_somebody_else_is_discarded() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 2, &sender_report(ssrc(1), NTP, 0)).unwrap();
    assert_eq!(counted(&table, RtcpDiscard::ForeignSsrc), 1);
    table.pass(1_000);
    assert!(reports(&mut table).iter().all(|report| report.senders.is_empty()));
}

#[test]
fn a_goodbye_ends_nothing() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    table.events();
    for (from, gone) in [(1, ssrc(1)), (2, ssrc(1))] {
        let mut goodbye = vec![0x81, 203, 0, 1];
        goodbye.extend_from_slice(&gone.to_be_bytes());
        rtcp(&mut table, from, &goodbye).unwrap();
    }
    assert_eq!(counted(&table, RtcpDiscard::Goodbye), 2);
    assert_eq!(table.events(), []);
    assert_eq!(table.speak(1, 1).len(), 1);
}

#[test]
fn a_nack_of_every_packet_is_answered_by_nothing() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..50);
    table.take();
    // Generic NACK (RFC 4585): 4,096 entries of 17 packets each, more than 2^16.
    let mut nack = vec![0x81, 205];
    nack.extend_from_slice(&(2_u16 + 4_096).to_be_bytes());
    nack.extend_from_slice(&[0; 8]);
    (0..4_096_u16).for_each(|entry| {
        nack.extend_from_slice(&(entry * 16).to_be_bytes());
        nack.extend_from_slice(&[0xff; 2]);
    });
    for feedback in [205, 206] {
        nack[1] = feedback;
        rtcp(&mut table, 2, &nack).unwrap();
    }
    assert_eq!(counted(&table, RtcpDiscard::UnknownStream), 2);
    assert_eq!(table.take(), []);
}

#[test]
fn a_truncated_compound_is_used_up_to_its_fault() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    let mut compound = sender_report(ssrc(1), NTP, 0);
    compound.extend_from_slice(&[0x80, 201, 0, 9]);
    let truncated = RtcpDiscard::Malformed(RtcpError::Truncated);
    assert_eq!(rtcp(&mut table, 1, &compound), Err(truncated));
    assert_eq!(counted(&table, truncated), 1);
    assert_eq!(rtcp(&mut table, 1, &[0x81, 201, 0, 1, 0, 0, 0, 9]), Ok(()));
    assert_eq!(counted(&table, RtcpDiscard::ShortReport), 1);
    assert_eq!(rtcp(&mut table, 9, &compound), Err(RtcpDiscard::UnknownParticipant));
    table.pass(1_000);
    assert!(reports(&mut table).iter().any(|report| !report.senders.is_empty()));
}

#[test]
fn jitter_is_told_in_ticks() {
    let mut table = Table::open(2);
    for number in 0..50 {
        table.speak(1, number);
        table.pass(if number % 2 == 0 { 10 } else { 30 });
    }
    let block = reports(&mut table)[0].blocks[0];
    // Each packet is 10 ms off its neighbour; the estimate approaches that from below.
    assert!((430..=480).contains(&block.jitter), "{}", block.jitter);
    let jitter = table.room.participant_stats(id(1)).unwrap().jitter;
    assert!((ms(8)..=ms(10)).contains(&jitter), "{jitter:?}");
}

#[test]
fn reports_of_a_full_room_are_split() {
    let mut table = Table::open(50);
    for from in 1..=50 {
        table.speak(from, 0);
        rtcp(&mut table, from, &sender_report(ssrc(from), NTP, 0)).unwrap();
    }
    table.pass(1_000);
    let told = reports(&mut table);
    assert_eq!(told.len(), 50 * 3, "49 sender reports in three datagrams each");
    assert!(told.iter().all(|report| report.len <= 1_200));
    for to in 1..=50 {
        let own: Vec<_> = told.iter().filter(|report| report.to == to).collect();
        assert_eq!(own.iter().map(|report| report.senders.len()).sum::<usize>(), 49);
        assert_eq!(own.iter().map(|report| report.blocks.len()).sum::<usize>(), 1);
        assert!(own.iter().all(|report| report.descriptions == report.senders.len() + 1));
    }
}

#[test]
fn the_rtcp_crate_reads_what_the_room_sends() {
    let mut table = Table::open(2);
    table.speak(1, 0);
    rtcp(&mut table, 1, &sender_report(ssrc(1), NTP, 0)).unwrap();
    table.speak(2, 0);
    table.pass(1_000);
    for output in table.take() {
        if let RoomOutput::Rtcp { packet, .. } = output {
            let mut bytes = bytes::Bytes::from(packet);
            assert!(rtcp::packet::unmarshal(&mut bytes).unwrap().len() >= 2);
        }
    }
}

#[test]
fn a_stream_that_restarts_reports_its_new_numbers() {
    let mut table = Table::open(2);
    table.stream(1, 2, 0..10);
    table.room.set_audio_ssrc(id(1), 999).unwrap();
    let voice = Voice { ssrc: 999, sequence_number: 5_000, ..Voice::nth(1, 10) };
    table.send(1, voice).unwrap();
    table.pass(1_000);
    let block = reports(&mut table)[0].blocks[0];
    assert_eq!((block.ssrc, block.highest_sequence_number), (999, 5_000));
    assert_eq!(block.cumulative_lost, 0);
}

fn lost(ssrc: u32, cumulative_lost: i32, jitter: u32) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: 0,
        cumulative_lost,
        highest_sequence_number: 1,
        jitter,
        last_sender_report: 0,
        delay_since_last_sender_report: 0,
    }
}

fn heard(table: &Table, number: u64) -> Heard {
    let mut heard = table.room.heard().filter(|(who, _)| *who == common::user(number));
    let (_, found) = heard.next().expect("something was sent to it");
    assert!(heard.next().is_none(), "one line for each user");
    found
}

#[test]
fn the_room_knows_what_everybody_heard() {
    let mut table = Table::open(3);
    let forwards = table.speak(1, 0);
    for number in 1..100 {
        table.speak(1, number);
    }
    let to_second = forwards.iter().find(|forward| forward.to == id(2)).unwrap().ssrc;
    rtcp(&mut table, 2, &receiver_report(&lost(to_second, 7, 960))).unwrap();
    let second = heard(&table, 2);
    assert_eq!((second.packets_forwarded, second.packets_lost), (100, 7));
    assert_eq!((second.jitter, second.reported), (ms(20), true));
    let third = heard(&table, 3);
    assert_eq!((third.packets_forwarded, third.packets_lost, third.reported), (100, 0, false));
    assert!(table.room.heard().all(|(who, _)| who != common::user(1)), "nobody spoke to it");
}

#[test]
fn what_was_heard_outlives_who_leaves() {
    let mut table = Table::open(2);
    let forwarded = table.speak(1, 0)[0].ssrc;
    table.speak(1, 1);
    rtcp(&mut table, 2, &receiver_report(&lost(forwarded, 1, 0))).unwrap();
    table.room.leave(table.now, id(2), calling_room::LeaveReason::TimedOut).unwrap();
    assert_eq!((heard(&table, 2).packets_forwarded, heard(&table, 2).packets_lost), (2, 1));
    // It comes back on another connection, and then the speaker leaves.
    table.room.join(table.now, id(9), common::user(2), ssrc(9)).unwrap();
    table.speak(1, 2);
    table.room.leave(table.now, id(1), calling_room::LeaveReason::Left).unwrap();
    assert_eq!((heard(&table, 2).packets_forwarded, heard(&table, 2).packets_lost), (3, 1));
}

#[test]
fn nobody_can_have_lost_more_than_was_sent() {
    let mut table = Table::open(2);
    let forwarded = table.speak(1, 0)[0].ssrc;
    rtcp(&mut table, 2, &receiver_report(&lost(forwarded, 0x7f_ffff, u32::MAX))).unwrap();
    assert_eq!(heard(&table, 2).packets_lost, 1);
    rtcp(&mut table, 2, &receiver_report(&lost(forwarded, -5, 0))).unwrap();
    assert_eq!(heard(&table, 2).packets_lost, 0, "duplicates make it negative");
}
