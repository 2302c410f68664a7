//! Copies of earlier frames in later packets.

use super::*;
use calling_wire::{RedBlock, write_red};

const RED: u8 = 63;

fn rig(min_delay_ms: u32) -> Rig {
    let config = ReceiverConfig { red_payload_type: Some(RED), min_delay_ms, ..calm() };
    Rig::with(ReceiverConfig { start_delay_ms: min_delay_ms, ..config })
}

fn frame(number: u16) -> [u8; 5] {
    fake_payload(PayloadInfo { samples: 960, ..Default::default() }, number)
}

/// Packet `number` with so many copies of what was sent before it.
fn insert(rig: &mut Rig, number: u16, copies: u16) -> Result<(), InsertDiscard> {
    let frames: Vec<(u32, [u8; 5])> = (1..=copies)
        .rev()
        .filter_map(|back| Some((u32::from(back) * 960, frame(number.checked_sub(back)?))))
        .collect();
    let blocks = frames.iter().map(|(offset, payload)| RedBlock {
        payload_type: 111,
        offset: *offset,
        payload,
    });
    let own = frame(number);
    let own = RedBlock { payload_type: 111, offset: 0, payload: &own };
    let mut payload = [0; 256];
    let length = write_red(blocks, own, &mut payload).unwrap();
    rig.insert_payload(Made { payload_type: RED, ..made(number) }, &payload[..length])
}

/// Plays packets with `copies` copies, of which some are lost.
fn play(rig: &mut Rig, numbers: std::ops::Range<u16>, copies: u16, is_lost: impl Fn(u16) -> bool) {
    for number in numbers {
        if !is_lost(number) {
            insert(rig, number, copies).unwrap();
        }
        rig.pulls(2);
    }
}

#[test]
fn what_a_later_packet_copies_is_not_missed() {
    let mut rig = rig(40);
    play(&mut rig, 1..60, 2, |number| [30, 31].contains(&number));
    rig.pulls(4);
    let stats = rig.stats();
    assert_eq!((stats.red_samples, stats.fec_samples, rig.concealed_ticks()), (1_920, 0, 0));
    assert_eq!((stats.packets_lost, stats.packets_discarded.total()), (2, 0));
    assert_eq!((stats.packets_with_copies, stats.recovered_shares()), (57, (1.0, 0.0)));
    for number in [30, 31] {
        let heard = rig.heard.iter().filter(|sample| **sample == sound_of(number)).count();
        assert!(heard > 900, "{number}: {heard}");
    }
}

#[test]
fn the_delay_grows_to_where_copies_help_and_no_further() {
    // Two of ten are lost in a row; the second copy of the first comes 40 ms after it.
    let is_lost = |number| number % 10 < 2;
    let mut first = rig(0);
    play(&mut first, 2..400, 2, is_lost);
    let before = first.concealed_ticks();
    play(&mut first, 400..800, 2, is_lost);
    assert_eq!(first.stats().target_delay_ms, 40, "{:?}", first.stats());
    assert!(first.concealed_ticks() - before <= 2, "{}", first.concealed_ticks() - before);
    // With one copy the first of two is lost for good: waiting for it would be in vain.
    let mut other = rig(0);
    play(&mut other, 2..400, 1, is_lost);
    assert_eq!(other.stats().target_delay_ms, 20);
}

#[test]
fn copies_of_what_came_change_nothing() {
    let mut with = rig(20);
    play(&mut with, 1..200, 3, |_| false);
    let mut without = rig(20);
    without.play((1..200).map(made));
    assert_eq!(with.heard, without.heard);
    let stats = with.stats();
    assert_eq!((stats.red_samples, stats.packets_with_copies), (0, 199));
    assert_eq!(ReceiverStats { packets_with_copies: 0, ..stats }, without.stats());
}

#[test]
fn a_stream_begins_with_the_first_packet_that_came() {
    let mut rig = rig(0);
    insert(&mut rig, 20, 5).unwrap();
    assert_eq!(rig.pull(), (Operation::Normal, sound_of(20)));
    insert(&mut rig, 21, 5).unwrap();
    rig.pull();
    assert_eq!(rig.pull(), (Operation::Normal, sound_of(21)));
    assert_eq!(rig.stats().red_samples, 0);
}

#[test]
fn a_packet_whose_own_frame_is_late_still_brings_its_copies() {
    let mut rig = rig(100);
    play(&mut rig, 1..30, 0, |_| false);
    // 31 to 33 do not come in time, but 33 does with copies of 31 and 32.
    rig.pulls(4);
    assert_eq!(insert(&mut rig, 32, 2), Ok(()));
    rig.pulls(2);
    insert(&mut rig, 33, 0).unwrap();
    rig.pulls(12);
    assert!([30, 31, 32].iter().all(|number| rig.heard.contains(&sound_of(*number))));
    assert_eq!(rig.stats().red_samples, 2 * 960);
}

#[test]
fn what_is_no_redundant_audio_is_malformed() {
    let mut rig = rig(0);
    insert(&mut rig, 1, 0).unwrap();
    for payload in [&[][..], &[0x80 | 111], &[0x80 | 111, 0, 4, 9, 111, 1], &[111]] {
        let packet = Made { payload_type: RED, ..made(2) };
        assert_eq!(rig.insert_payload(packet, payload), Err(InsertDiscard::Malformed));
    }
    // Copies of another codec are no frames of this one.
    let other = [0x80, 0b1111, 0, 5, 111, 2, 0, 0, 0, 1, 8, 0, 0, 0, 3];
    rig.insert_payload(Made { payload_type: RED, ..made(3) }, &other).unwrap();
    assert_eq!(rig.receiver.buffer.len(), 2);
    assert_eq!(rig.stats().packets_discarded.malformed, 4);
}

/// Headers cut off or nested in each other, payload types of something else: counted, and what was
/// sent before and after is played.
#[test]
fn copies_that_cannot_be_read_are_counted_discards() {
    let mut rig = rig(40);
    play(&mut rig, 1..10, 2, |_| false);
    let own = frame(10);
    let nested = [&[RED, 111][..], &own].concat();
    let foreign = [&[9][..], &own].concat();
    let endless = [0xef; 600];
    let cut = [0x80 | 111, 0, 0x03, 0xff, 111, 1, 2];
    for (payload, expected) in [
        (&nested[..], InsertDiscard::PayloadType),
        (&foreign, InsertDiscard::PayloadType),
        (&endless, InsertDiscard::Malformed),
        (&cut, InsertDiscard::Malformed),
        (&[0x80], InsertDiscard::Malformed),
        (&[111], InsertDiscard::Malformed),
        (&[], InsertDiscard::Malformed),
    ] {
        let taken = rig.insert_payload(Made { payload_type: RED, ..made(10) }, payload);
        assert_eq!(taken, Err(expected), "{payload:?}");
    }
    // A copy of another codec among good ones is passed over, the frame is not.
    let hidden = [&[0x80 | RED, 0x0f, 0, 2, 111, 111, 9][..], &own].concat();
    rig.insert_payload(Made { payload_type: RED, ..made(10) }, &hidden).unwrap();
    rig.pulls(2);
    play(&mut rig, 11..30, 2, |_| false);
    let stats = rig.stats();
    assert_eq!((stats.packets_discarded.malformed, stats.packets_discarded.payload_type), (5, 2));
    assert_eq!((rig.concealed_ticks(), stats.red_samples), (0, 0));
}
