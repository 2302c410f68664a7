//! Participants with terms of their own, as browsers are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use calling_model::ParticipantId;
use calling_room::{AudioSource, AudioTerms, Forward, Receives, RoomConfig, RtpDiscard};
use calling_wire::{RtpHeader, RtpView, write_header};
use common::{Table, Voice, assert_unbroken, id, rewritten, ssrc, streams, user};

const MID_ID: u8 = 4;

/// What a browser agrees on: it sends in section "0" and receives `from`.
fn browser(payload_type: u8, level: Option<u8>, from: &[u64]) -> AudioTerms {
    AudioTerms {
        payload_type,
        red_payload_type: None,
        audio_level_id: level,
        source: AudioSource::Mid { id: MID_ID, mid: "0".to_owned() },
        receives: Receives::Only(from.iter().map(|number| streams(*number).audio).collect()),
    }
}

/// A room with an open gate: native participants 1..=n, then browsers.
fn table(native: u64, browsers: &[AudioTerms]) -> Table {
    let mut table = Table::open(0);
    for number in 1..=9 {
        table.room.reserve(user(number), streams(number)).unwrap();
    }
    for number in 1..=native {
        table.join(number);
    }
    for (number, terms) in (native + 1..).zip(browsers) {
        table.room.join_with(table.now, id(number), user(number), terms.clone()).unwrap();
    }
    table.take();
    table
}

/// A packet of a browser with a level and, where told, a mid.
fn packet(voice: Voice, mid: Option<&str>) -> Vec<u8> {
    let header = RtpHeader {
        payload_type: voice.payload_type,
        marker: false,
        sequence_number: voice.sequence_number,
        timestamp: voice.timestamp,
        ssrc: voice.ssrc,
    };
    let mut elements: Vec<(u8, &[u8])> = vec![(1, &[0x9e])];
    elements.extend(mid.map(|mid| (MID_ID, mid.as_bytes())));
    let mut bytes = vec![0; 120];
    let len = write_header(&header, &elements, &mut bytes).unwrap();
    bytes.truncate(len + 80);
    bytes
}

fn send(table: &mut Table, from: u64, packet: &[u8]) -> Result<Vec<Forward>, RtpDiscard> {
    let handled = table.room.handle_rtp(table.now, id(from), packet, &mut table.forwards);
    handled.map(|()| table.forwards.to_vec())
}

fn receivers(forwards: &[Forward]) -> Vec<ParticipantId> {
    forwards.iter().map(|forward| forward.to).collect()
}

/// What a receiver finds in the header extension.
fn elements(bytes: &[u8], forward: &Forward) -> (u8, Vec<(u8, Vec<u8>)>) {
    let mut bytes = bytes.to_vec();
    forward.apply(&mut bytes).unwrap();
    let view = RtpView::parse(&bytes).unwrap();
    let elements = view.extensions().map(|(id, data)| (id, data.to_vec()));
    (view.payload_type(), elements.collect())
}

#[test]
fn a_source_is_learned_from_the_negotiated_mid_alone() {
    let mut table = table(1, &[browser(111, Some(1), &[])]);
    let honest = Voice { ssrc: 77, ..Voice::nth(2, 1) };
    let forged = Voice { ssrc: 666, ..honest };
    assert_eq!(send(&mut table, 2, &packet(forged, None)), Err(RtpDiscard::ForeignSsrc));
    assert_eq!(send(&mut table, 2, &packet(forged, Some("1"))), Err(RtpDiscard::ForeignSsrc));
    let other_codec = Voice { payload_type: 63, ..forged };
    let refused = send(&mut table, 2, &packet(other_codec, Some("0")));
    assert_eq!(refused, Err(RtpDiscard::PayloadType), "and nothing is learned from it");
    assert!(table.events().is_empty(), "nobody became speaker");

    assert_eq!(receivers(&send(&mut table, 2, &packet(honest, Some("0"))).unwrap()), [id(1)]);
    // From now on the mid may be left out, and proves nothing any more.
    let next = Voice { ssrc: 77, ..Voice::nth(2, 2) };
    assert!(send(&mut table, 2, &packet(next, None)).is_ok());
    assert_eq!(send(&mut table, 2, &packet(forged, Some("0"))), Err(RtpDiscard::ForeignSsrc));
}

#[test]
fn who_only_listens_is_not_heard() {
    let silent = AudioTerms { source: AudioSource::None, ..browser(111, Some(1), &[1]) };
    let mut table = table(1, &[silent]);
    for mid in [None, Some("0")] {
        let sent = send(&mut table, 2, &packet(Voice::nth(2, 1), mid));
        assert_eq!(sent, Err(RtpDiscard::ForeignSsrc));
    }
    assert_eq!(receivers(&table.speak(1, 1)), [id(2)]);
}

#[test]
fn between_native_clients_headers_keep_their_types() {
    let mut table = table(2, &[browser(96, Some(2), &[])]);
    let forwards = table.speak(1, 1);
    assert_eq!(receivers(&forwards), [id(2)]);
    assert_eq!(forwards[0].rewrite, None);
}

#[test]
fn payload_type_and_level_are_the_receivers() {
    let mut table = table(1, &[browser(96, Some(2), &[1]), browser(109, None, &[1])]);
    let voice = Voice::nth(1, 1);
    let forwards = table.speak(1, 1);
    assert_eq!(receivers(&forwards), [id(2), id(3)]);
    let bytes = rewritten(voice, &forwards[0]);
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!(
        (view.payload_type(), view.extension(2), view.extension(1)),
        (96, Some(&[0x9e][..]), None)
    );
    assert_eq!(view.payload().len(), 80, "nothing moves");
    assert_eq!(elements(&voice.bytes(), &forwards[1]), (109, vec![]));
}

/// A mid of the sender's would tell the receiver that the packet is of a section of its own.
#[test]
fn what_only_the_sender_can_read_goes_to_no_browser() {
    let terms = browser(111, Some(1), &[2, 3]);
    let mut table = table(1, &[terms.clone(), terms]);
    let bytes = packet(Voice { ssrc: 77, ..Voice::nth(2, 1) }, Some("0"));
    let forwards = send(&mut table, 2, &bytes).unwrap();
    assert_eq!(receivers(&forwards), [id(1), id(3)]);
    assert_eq!(elements(&bytes, &forwards[1]), (111, vec![(1, vec![0x9e])]));
}

#[test]
fn a_browser_gets_those_it_has_a_place_for() {
    let mut table = table(2, &[browser(111, Some(1), &[1, 9])]);
    assert_eq!(receivers(&table.speak(1, 1)), [id(2), id(3)]);
    assert_eq!(receivers(&table.speak(2, 1)), [id(1)]);
    table.room.join(table.now, id(9), user(9), ssrc(9)).unwrap();
    assert_eq!(receivers(&table.speak(9, 1)), [id(1), id(2), id(3)], "its place was kept");
    table.room.join(table.now, id(5), user(5), ssrc(5)).unwrap();
    assert_eq!(receivers(&table.speak(5, 1)), [id(1), id(2), id(9)]);
    table.room.negotiate(id(3), browser(111, Some(1), &[2])).unwrap();
    assert_eq!(receivers(&table.speak(2, 2)), [id(1), id(3), id(9), id(5)]);
    assert!(!receivers(&table.speak(1, 2)).contains(&id(3)));
}

#[test]
fn people_who_come_and_go_leave_no_gap_in_what_stays() {
    let mut table = table(2, &[browser(111, Some(1), &[1])]);
    let mut heard = table.stream(1, 3, 1..4);
    table.room.negotiate(id(3), browser(111, Some(1), &[1, 2])).unwrap();
    heard.extend(table.stream(1, 3, 4..7));
    table.room.negotiate(id(3), browser(111, Some(1), &[1])).unwrap();
    heard.extend(table.stream(1, 3, 7..10));
    assert_eq!(heard.len(), 9);
    assert_unbroken(&heard, 960);
}

#[test]
fn another_section_is_another_source() {
    let mut table = table(1, &[browser(111, Some(1), &[])]);
    let first = Voice { ssrc: 77, ..Voice::nth(2, 1) };
    send(&mut table, 2, &packet(first, Some("0"))).unwrap();
    let source = AudioSource::Mid { id: MID_ID, mid: "3".to_owned() };
    table.room.negotiate(id(2), AudioTerms { source, ..browser(111, Some(1), &[]) }).unwrap();
    let next = Voice { ssrc: 77, ..Voice::nth(2, 2) };
    assert_eq!(send(&mut table, 2, &packet(next, None)), Err(RtpDiscard::ForeignSsrc));
    let moved = Voice { ssrc: 78, ..Voice::nth(2, 900) };
    assert!(send(&mut table, 2, &packet(moved, Some("3"))).is_ok());
}

#[test]
fn terms_of_nobody_are_misuse() {
    let mut table = table(1, &[]);
    let terms = AudioTerms::native(&RoomConfig::default(), 1);
    assert!(table.room.negotiate(id(7), terms).is_err());
}
