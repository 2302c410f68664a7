//! Packets that carry copies of earlier frames (RFC 2198): to whom they go whole, and to whom not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_room::{
    AudioSource, AudioTerms, Forward, LeaveReason, Receives, RoomOutput, RtpDiscard,
};
use calling_wire::{
    DeliveryReport, RedBlock, RedPayload, RtcpPackets, RtpError, RtpView, write_red,
};
use common::{RED, Table, Voice, frame, id, ssrc};
use proptest::prelude::*;

/// What `to` is sent of `packet`.
fn sent(table: &mut Table, from: u64, packet: &[u8], to: u64) -> Vec<u8> {
    let forwards = table.send_raw(from, packet).unwrap();
    let forward = *forwards.iter().find(|forward| forward.to == id(to)).unwrap();
    applied(table, packet, &forward)
}

fn applied(table: &Table, packet: &[u8], forward: &Forward) -> Vec<u8> {
    let mut bytes = table.forwards.packet(packet).to_vec();
    forward.apply(&mut bytes).unwrap();
    bytes
}

/// Payload type and frames, oldest first and the packet's own last.
fn frames(packet: &[u8]) -> (u8, Vec<Vec<u8>>) {
    let view = RtpView::parse(packet).unwrap();
    if ![RED, 97].contains(&view.payload_type()) {
        return (view.payload_type(), vec![view.payload().to_vec()]);
    }
    let red = RedPayload::parse(view.payload()).unwrap();
    let blocks = red.copies().chain([red.primary]);
    (view.payload_type(), blocks.map(|block| block.payload.to_vec()).collect())
}

/// 1 and 2 agreed on copies, 3 did not. A packet has passed.
fn table() -> Table {
    let mut table = Table::open(3);
    table.agree_on_copies(1);
    table.agree_on_copies(2);
    for number in 0..5 {
        table.speak(1, number);
    }
    table
}

#[test]
fn copies_go_to_who_can_read_them_and_the_frame_alone_to_others() {
    let mut table = table();
    let voice = Voice::nth(1, 5);
    let packet = voice.with_copies(2);
    let forwards = table.send_raw(1, &packet).unwrap();
    let [to_reader, to_other] = forwards[..] else { panic!("{forwards:?}") };
    assert_eq!((to_reader.to, to_reader.rewrite), (id(2), None), "nothing is to be done");
    let got = frames(&applied(&table, &packet, &to_reader));
    assert_eq!(got, (RED, vec![frame(3), frame(4), frame(5)]));
    let other = applied(&table, &packet, &to_other);
    assert_eq!(frames(&other), (111, vec![frame(5)]));
    let view = RtpView::parse(&other).unwrap();
    assert_eq!(view.extension(1), Some(&[0x80 | 30][..]), "the level stays");
    let legs: Vec<_> = table.room.leg_stats().filter(|leg| leg.publisher == id(1)).collect();
    let octets = |to| legs.iter().find(|leg| leg.receiver == id(to)).unwrap().octets_forwarded;
    assert_eq!(octets(3), 6 * 80, "what was sent is counted, not what came");
    assert_eq!(octets(2), 5 * 80 + 3 * 80 + 2 * 4 + 1);
}

#[test]
fn a_browsers_payload_types_are_its_own() {
    let mut table = table();
    let browser = AudioTerms {
        payload_type: 96,
        red_payload_type: Some(97),
        audio_level_id: Some(2),
        source: AudioSource::Ssrc(ssrc(3)),
        receives: Receives::Only([table.stream_of(1)].into()),
    };
    table.room.negotiate(id(3), browser).unwrap();
    let packet = sent(&mut table, 1, &Voice::nth(1, 5).with_copies(2), 3);
    assert_eq!(frames(&packet), (97, vec![frame(3), frame(4), frame(5)]));
    let view = RtpView::parse(&packet).unwrap();
    let red = RedPayload::parse(view.payload()).unwrap();
    assert!(red.copies().chain([red.primary]).all(|block| block.payload_type == 96));
    assert_eq!(view.extension(2), Some(&[0x80 | 30][..]));
    // And back: what the browser sends is for the others as they have it.
    let voice = Voice { payload_type: 96, ..Voice::nth(3, 1) };
    table.send(3, voice).unwrap();
    let mut next = Voice { payload_type: 97, ..Voice::nth(3, 2) }.header();
    let block = |offset, payload| RedBlock { payload_type: 96, offset, payload };
    let mut payload = [0; 64];
    let copies = [block(960, &[1; 9])].into_iter();
    let length = write_red(copies, block(0, &[2; 9]), &mut payload).unwrap();
    next.extend_from_slice(&payload[..length]);
    let packet = sent(&mut table, 3, &next, 1);
    assert_eq!(frames(&packet), (RED, vec![vec![1; 9], vec![2; 9]]));
}

#[test]
fn padding_does_not_pass_for_sound() {
    let mut table = table();
    let mut packet = Voice::nth(1, 5).with_copies(1);
    packet[0] |= 0x20;
    packet.extend_from_slice(&[0, 0, 3]);
    let other = sent(&mut table, 1, &packet, 3);
    let view = RtpView::parse(&other).unwrap();
    assert_eq!((view.payload(), view.padding_len()), (&frame(5)[..], 0));
}

#[test]
fn nothing_of_before_the_gate_opened_passes_as_a_copy() {
    let mut table = Table::closed(2);
    table.agree_on_copies(1);
    table.agree_on_copies(2);
    for number in 0..5 {
        assert_eq!(table.send(1, Voice::nth(1, number)), Err(RtpDiscard::GateClosed));
    }
    table.room.open(table.now);
    for (number, expected) in [(5, vec![5]), (6, vec![6]), (7, vec![5, 6, 7]), (8, vec![6, 7, 8])] {
        let packet = sent(&mut table, 1, &Voice::nth(1, number).with_copies(2), 2);
        let expected = expected.into_iter().map(frame).collect();
        assert_eq!(frames(&packet).1, Vec::<Vec<u8>>::clone(&expected), "{number}");
    }
}

#[test]
fn nothing_of_a_muted_microphone_passes_as_a_copy() {
    let mut table = table();
    table.room.set_muted(table.now, id(1), true).unwrap();
    for number in 5..8 {
        let muted = table.send_raw(1, &Voice::nth(1, number).with_copies(2));
        assert_eq!(muted, Err(RtpDiscard::Muted));
    }
    table.room.set_muted(table.now, id(1), false).unwrap();
    for (number, count) in [(8, 1), (9, 1), (10, 3)] {
        let packet = sent(&mut table, 1, &Voice::nth(1, number).with_copies(2), 2);
        assert_eq!(frames(&packet).1.len(), count, "{number}");
    }
}

/// Packet `number` of an Opus frame of two bytes and four that may describe what was before it.
fn describing(number: u64) -> Vec<u8> {
    let mut packet = Voice::nth(1, number).header();
    packet.extend_from_slice(&[0x7b, 0x41, 4, 8, 9, 1, 2, 3, 4]);
    packet
}

#[test]
fn nothing_of_before_a_microphone_was_heard_passes_as_a_description() {
    let mut table = Table::closed(2);
    table.agree_on_copies(1);
    table.room.open(table.now);
    let payload = |table: &mut Table, packet: &[u8]| {
        let sent = sent(table, 1, packet, 2);
        RtpView::parse(&sent).unwrap().payload().to_vec()
    };
    let (whole, bare) = (vec![0x7b, 0x41, 4, 8, 9, 1, 2, 3, 4], vec![0x7b, 0x01, 8, 9]);
    for (number, expected) in [(5, &bare), (6, &bare), (56, &bare), (57, &whole), (58, &whole)] {
        assert_eq!(&payload(&mut table, &describing(number)), expected, "{number}");
    }
    table.room.set_muted(table.now, id(1), true).unwrap();
    assert_eq!(table.send_raw(1, &describing(59)), Err(RtpDiscard::Muted));
    table.room.set_muted(table.now, id(1), false).unwrap();
    assert_eq!(payload(&mut table, &describing(60)), bare);
    // Nor in copies: none pass while a description may be in one.
    let mut copied = Voice { payload_type: RED, ..Voice::nth(1, 62) }.header();
    let block = |offset| RedBlock { payload_type: 111, offset, payload: &whole[..] };
    let mut red = [0; 64];
    let length = write_red([block(960)].into_iter(), block(0), &mut red).unwrap();
    copied.extend_from_slice(&red[..length]);
    assert_eq!(payload(&mut table, &copied), bare);
}

#[test]
fn who_did_not_agree_on_copies_sends_none() {
    let mut table = table();
    let packet = Voice::nth(3, 5).with_copies(1);
    assert_eq!(table.send_raw(3, &packet), Err(RtpDiscard::PayloadType));
}

/// Headers cut off, announcing too much, nested in each other or hiding something else.
#[test]
fn headers_of_copies_that_lie_are_counted_discards_and_teach_nothing() {
    let mut table = table();
    let good = Voice::nth(1, 5).with_copies(2);
    let head = Voice::nth(1, 5).header().len();
    let mut discarded = 0;
    let mut refuse = |payload: &[u8]| {
        let packet = [&good[..head], payload].concat();
        assert_eq!(table.send_raw(1, &packet), Err(RtpDiscard::Redundancy), "{payload:?}");
        discarded += 1;
    };
    for end in head..good.len() - 80 {
        refuse(&good[head..end]);
    }
    // A kilobyte announced, five bytes there.
    refuse(&[0x80 | 111, 0, 0x03, 0xff, 111, 1, 2, 3, 4, 5]);
    // Headers without end, and one more than may be.
    refuse(&[0xef; 1_200]);
    refuse(&[[0x80 | 111, 0, 0, 0].repeat(33), vec![111, 1]].concat());
    // Copies within copies, as the frame and as a copy.
    refuse(&[RED, 111, 1, 2, 3]);
    refuse(&[0x80 | RED, 0, 0, 2, 111, 111, 9, 1]);
    // Another codec, and no frame at all.
    refuse(&[0x80 | 13, 0, 0, 1, 111, 9, 1]);
    refuse(&[0]);
    refuse(&[111]);
    assert_eq!(table.discarded(RtpDiscard::Redundancy), discarded);
    // The sequence number was not even marked as seen.
    assert_eq!(table.send_raw(1, &good).unwrap().len(), 2);
}

/// What participants were told of their own voices, newest last.
fn deliveries(table: &mut Table) -> Vec<(u64, DeliveryReport)> {
    let read = |output| match output {
        RoomOutput::Rtcp { to, packet } => {
            let packets = RtcpPackets::new(&packet).map(Result::unwrap);
            let mut reports = packets.filter_map(|packet| DeliveryReport::parse(&packet));
            reports.next().map(|report| (to.0, report))
        }
        RoomOutput::UserEntered { .. }
        | RoomOutput::UserLeft { .. }
        | RoomOutput::AudioAvailable { .. }
        | RoomOutput::VideoAvailable { .. }
        | RoomOutput::Rtp { .. }
        | RoomOutput::Volumes { .. } => None,
    };
    table.take().into_iter().filter_map(read).collect()
}

/// Says of the voice of 1 that so much of it is lost on the way to `from`.
fn report_loss(table: &mut Table, from: u64, fraction_lost: u8) {
    let voice = table.room.participants().find(|info| info.participant == id(1)).unwrap();
    let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    report.extend_from_slice(&voice.audio_ssrc.to_be_bytes());
    report.extend_from_slice(&[fraction_lost, 0, 0, 1]);
    report.extend_from_slice(&[0; 16]);
    table.room.handle_rtcp(table.now, id(from), &report).unwrap();
}

#[test]
fn a_sender_is_told_what_becomes_of_its_voice_behind_the_server() {
    let mut table = table();
    table.speak(3, 1);
    report_loss(&mut table, 2, 51);
    report_loss(&mut table, 3, 20);
    // Twice two in a row are lost on the way in.
    for number in (5..60).filter(|number| ![10, 11, 20, 21].contains(number)) {
        table.speak(1, number);
        table.pass(20);
    }
    let expected = DeliveryReport {
        reporter: 0,
        ssrc: ssrc(1),
        fraction_lost: 51,
        burst_quarters: 8,
        copies_taken_out: true,
    };
    let told = deliveries(&mut table);
    let [(1, report)] = told[..] else { panic!("who sends no copies is told nothing: {told:?}") };
    assert_eq!(DeliveryReport { reporter: 0, ..report }, expected);

    table.room.leave(table.now, id(3), LeaveReason::Left).unwrap();
    table.take();
    table.stream(1, 2, 60..120);
    let (_, report) = *deliveries(&mut table).last().unwrap();
    assert_eq!((report.fraction_lost, report.copies_taken_out), (51, false));
    // Who says nothing for long says nothing of now.
    table.stream(1, 2, 120..420);
    let (_, report) = *deliveries(&mut table).last().unwrap();
    assert_eq!((report.fraction_lost, report.burst_quarters), (0, 0));
}

proptest! {
    /// Whatever the copies: who can read them gets the same bytes, everybody else the frame.
    #[test]
    fn the_frame_survives_whatever_is_copied(
        copies in prop::collection::vec((1_u32..16_384, prop::collection::vec(any::<u8>(), 0..60)), 0..9),
        own in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let mut table = table();
        // Longer than what a packet may describe of before it.
        for number in 5..70 {
            table.speak(1, number);
        }
        let mut packet = Voice { payload_type: RED, ..Voice::nth(1, 70) }.header();
        let block = |offset, payload| RedBlock { payload_type: 111, offset, payload };
        let mut payload = [0; 1_024];
        let blocks = copies.iter().map(|(offset, copy)| block(*offset, copy));
        let length = write_red(blocks, block(0, &own), &mut payload).unwrap();
        packet.extend_from_slice(&payload[..length]);
        let forwards = table.send_raw(1, &packet).unwrap();
        for forward in &forwards {
            let bytes = applied(&table, &packet, forward);
            let view = RtpView::parse(&bytes).unwrap();
            let expected = if forward.to == id(2) { &payload[..length] } else { &own[..] };
            prop_assert_eq!(view.payload(), expected);
        }
    }
}

/// A packet of copies as it may come: with contributors, header extensions of either form, copies
/// of all lengths, and padding.
#[derive(Clone, Debug)]
struct Wrapped {
    csrcs: u8,
    two_byte: bool,
    copies: Vec<Vec<u8>>,
    own: Vec<u8>,
    padding: u8,
}

impl Wrapped {
    fn bytes(&self, sequence_number: u16, timestamp: u32) -> Vec<u8> {
        let padded = u8::from(self.padding > 0) << 5;
        let mut packet = vec![0x80 | padded | 0x10 | self.csrcs, RED];
        packet.extend(sequence_number.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(ssrc(1).to_be_bytes());
        packet.extend(vec![9; 4 * usize::from(self.csrcs)]);
        let level = 0x80 | 30;
        let extension = if self.two_byte {
            [0x10, 0x00, 0, 1, 1, 1, level, 0]
        } else {
            [0xbe, 0xde, 0, 1, 0x10, level, 0, 0]
        };
        packet.extend(extension);
        let block = |offset, payload| RedBlock { payload_type: 111, offset, payload };
        let mut payload = vec![0; 8_192];
        let copies = self.copies.iter().map(|copy| block(960, &copy[..]));
        let len = write_red(copies, block(0, &self.own), &mut payload).unwrap();
        packet.extend(&payload[..len]);
        if self.padding > 0 {
            packet.extend(vec![0; usize::from(self.padding) - 1]);
            packet.push(self.padding);
        }
        packet
    }
}

fn wrapped() -> impl Strategy<Value = Wrapped> {
    let bytes = |len| prop::collection::vec(any::<u8>(), len);
    let copies = prop::collection::vec(bytes(0..40), 0..6);
    (0..16_u8, any::<bool>(), copies, bytes(1..200), 0..20_u8).prop_map(
        |(csrcs, two_byte, copies, own, padding)| Wrapped { csrcs, two_byte, copies, own, padding },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What is found once, as a packet comes, is what each receiver would find in it.
    #[test]
    fn who_reads_no_copies_gets_the_frame_and_who_does_gets_all(packets in prop::collection::vec(wrapped(), 1..5)) {
        let mut table = table();
        let browser = AudioTerms {
            payload_type: 96,
            red_payload_type: Some(97),
            audio_level_id: Some(2),
            source: AudioSource::None,
            receives: Receives::Only([table.stream_of(1)].into()),
        };
        table.join(4);
        table.room.negotiate(id(4), browser).unwrap();
        // So long after the first that nothing can describe sound of before it.
        table.send_raw(1, &Voice::nth(1, 5).with_copies(0)).unwrap();
        for (number, wrapped) in (60..).zip(packets) {
            let packet = wrapped.bytes(number, u32::from(number) * 960);
            let (_, blocks) = frames(&packet);
            let own = vec![wrapped.own.clone()];
            let forwards = table.send_raw(1, &packet).unwrap();
            prop_assert_eq!(forwards.len(), 3);
            for forward in forwards {
                let got = applied(&table, &packet, &forward);
                let expected = match forward.to.0 {
                    2 => (RED, blocks.clone()),
                    3 => (111, own.clone()),
                    _ => (97, blocks.clone()),
                };
                prop_assert_eq!(frames(&got), expected);
                prop_assert_eq!(RtpView::parse(&got).unwrap().csrcs().len(), usize::from(wrapped.csrcs));
            }
        }
    }
}

#[test]
fn a_packet_that_was_not_handled_is_no_place_to_take_copies_out_of() {
    let mut table = table();
    let packet = Voice::nth(1, 5).with_copies(2);
    let forwards = table.send_raw(1, &packet).unwrap();
    let to_other = forwards.iter().find(|forward| forward.to == id(3)).unwrap();
    for len in 20..packet.len() {
        let mut other = packet[..len].to_vec();
        assert_eq!(to_other.apply(&mut other), Err(RtpError::Truncated), "{len}");
    }
}
