//! Descriptions of earlier sound in later packets (DRED).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::codec::DeepSpan;
use crate::fake::describing_payload;

fn rig(delay_ms: u32) -> Rig {
    let config = ReceiverConfig { min_delay_ms: delay_ms, start_delay_ms: delay_ms, ..calm() };
    Rig::with(config)
}

/// Packet `made` that describes so many frames before it.
fn insert(rig: &mut Rig, made: Made, frames: u8) -> Result<(), InsertDiscard> {
    let fec_samples = if made.fec { made.samples } else { 0 };
    let info = PayloadInfo { samples: made.samples, fec_samples, silence_follows: false };
    rig.insert_payload(made, &describing_payload(info, made.number, frames))
}

fn play(rig: &mut Rig, numbers: std::ops::Range<u16>, frames: u8, is_lost: impl Fn(u16) -> bool) {
    for number in numbers {
        if !is_lost(number) {
            insert(rig, made(number), frames).unwrap();
        }
        rig.pulls(2);
    }
}

fn ticks_of(rig: &Rig, number: u16) -> usize {
    rig.heard.iter().filter(|sample| **sample == sound_of(number)).count() / SAMPLES_PER_TICK
}

#[test]
fn what_a_later_packet_describes_is_not_missed() {
    let mut rig = rig(120);
    play(&mut rig, 1..80, 10, |number| (30..35).contains(&number));
    rig.pulls(12);
    let stats = rig.stats();
    assert_eq!((stats.dred_samples, rig.concealed_ticks()), (5 * 960, 0), "{stats:?}");
    assert_eq!((stats.dred_share(), stats.recovered_shares()), (1.0, (0.0, 0.0)));
    for number in 30..35 {
        assert!(ticks_of(&rig, number) >= 1, "{number} is heard");
    }
    assert_eq!(stats.packets_discarded.total(), 0);
}

#[test]
fn the_cheaper_source_goes_first() {
    let mut rig = rig(120);
    for number in 1..80 {
        let lost = (30..35).contains(&number);
        if !lost {
            insert(&mut rig, with_fec(number), 10).unwrap();
        }
        rig.pulls(2);
    }
    let stats = rig.stats();
    assert_eq!((stats.dred_samples, stats.fec_samples), (4 * 960, 960), "its coarse copy");
    assert_eq!(rig.concealed_ticks(), 0);
}

#[test]
fn a_late_packet_takes_the_place_of_its_description() {
    let mut rig = rig(120);
    for number in 1..80 {
        if number == 34 {
            // Number 30 comes after four that describe it, and still in time.
            insert(&mut rig, made(30), 10).unwrap();
        }
        if number != 30 {
            insert(&mut rig, made(number), 10).unwrap();
        }
        rig.pulls(2);
    }
    assert_eq!((rig.stats().dred_samples, rig.concealed_ticks()), (0, 0));
}

#[test]
fn the_nearest_packet_that_reaches_so_far_is_asked() {
    let mut rig = rig(160);
    for number in 1..80 {
        let frames = if number == 37 { 10 } else { 1 };
        if !(30..35).contains(&number) {
            insert(&mut rig, made(number), frames).unwrap();
        }
        rig.pulls(2);
    }
    // 35 describes 34 alone, 37 the others as well.
    assert_eq!((rig.stats().dred_samples, rig.concealed_ticks()), (5 * 960, 0));
}

#[test]
fn the_delay_grows_to_where_descriptions_help_and_no_further() {
    let is_lost = |number| number % 20 < 4;
    let mut reaching = rig(0);
    play(&mut reaching, 4..400, 10, is_lost);
    let before = reaching.concealed_ticks();
    play(&mut reaching, 400..800, 10, is_lost);
    assert_eq!(reaching.stats().target_delay_ms, 80, "{:?}", reaching.stats());
    assert!(reaching.concealed_ticks() - before <= 4, "{}", reaching.concealed_ticks() - before);
    let mut short = rig(0);
    play(&mut short, 4..400, 1, is_lost);
    assert!(short.stats().target_delay_ms <= 20, "waiting for the others would be in vain");
}

#[test]
fn what_is_beyond_the_longest_delay_is_not_waited_for() {
    let config = ReceiverConfig { max_delay_ms: 60, ..calm() };
    let mut rig = Rig::with(config);
    play(&mut rig, 1..400, 40, |number| number % 20 < 10);
    let stats = rig.stats();
    assert!(stats.target_delay_ms <= 60);
    assert!(stats.dred_samples > 0, "the last of each burst come back: {stats:?}");
}

#[test]
fn an_outage_is_not_played_afterwards() {
    let mut rig = rig(60);
    play(&mut rig, 1..50, 50, |_| false);
    rig.pulls(150);
    // 75 frames are gone; the next packet describes 50 of them, nearly all of them too old.
    play(&mut rig, 125..200, 50, |_| false);
    rig.pulls(8);
    let stats = rig.stats();
    assert!(stats.dred_samples <= 8 * 960, "{}", stats.dred_samples);
    assert!(stats.playout_delay_ms < 150.0, "{}", stats.playout_delay_ms);
}

#[test]
fn whom_nobody_hears_is_not_decoded_and_keeps_time() {
    let (decoder, calls) = Counting::new();
    let config = ReceiverConfig { min_delay_ms: 120, start_delay_ms: 120, ..calm() };
    let mut receiver = Receiver::with_decoder(config, decoder);
    receiver.set_audible(false);
    let stats = run(&mut receiver, |number| number % 20 < 3);
    assert!(stats.dred_samples > 0);
    assert_eq!(calls.decoded.load(Ordering::Relaxed), 0);
}

#[test]
fn on_a_clean_network_nobody_asks_what_is_described() {
    let (decoder, calls) = Counting::new();
    let mut receiver = Receiver::with_decoder(calm(), decoder);
    let stats = run(&mut receiver, |_| false);
    assert_eq!((stats.dred_samples, stats.concealed_samples), (0, 0));
    let calls = [&calls.parsed, &calls.decoded, &calls.concealed];
    assert_eq!(calls.map(|count| count.load(Ordering::Relaxed)), [0, 0, 0]);
}

/// Five hundred packets that describe ten frames each.
fn run(receiver: &mut Receiver<Counting>, is_lost: impl Fn(u16) -> bool) -> ReceiverStats {
    let mut pcm = [0.0; SAMPLES_PER_TICK];
    for number in 1..500 {
        let made = made(number);
        let header = RtpHeader {
            payload_type: 111,
            marker: false,
            sequence_number: made.sequence_number,
            timestamp: made.timestamp,
            ssrc: SSRC,
        };
        let mut bytes = [0; 18];
        let length = write_header(&header, &[], &mut bytes).unwrap();
        let info = PayloadInfo { samples: 960, ..Default::default() };
        bytes[length..].copy_from_slice(&describing_payload(info, number, 10));
        if !is_lost(number) {
            let _ = receiver.insert(epoch(), &RtpView::parse(&bytes).unwrap());
        }
        receiver.pull(&mut pcm);
        receiver.pull(&mut pcm);
    }
    receiver.stats()
}

#[derive(Default)]
struct Calls {
    parsed: AtomicU64,
    decoded: AtomicU64,
    concealed: AtomicU64,
}

struct Counting {
    inner: FakeDecoder,
    calls: Arc<Calls>,
}

impl Counting {
    fn new() -> (Self, Arc<Calls>) {
        let calls = Arc::new(Calls::default());
        (Self { inner: FakeDecoder::new(Channels::Mono), calls: Arc::clone(&calls) }, calls)
    }
}

impl AudioDecoder for Counting {
    fn inspect(&self, payload: &[u8]) -> Option<PayloadInfo> {
        self.inner.inspect(payload)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        self.inner.decode(payload, out)
    }

    fn decode_fec(
        &mut self,
        payload: &[u8],
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.inner.decode_fec(payload, samples, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut [f32]) -> Result<usize, CodecError> {
        self.calls.concealed.fetch_add(1, Ordering::Relaxed);
        self.inner.conceal(samples, out)
    }

    fn deep_span(&mut self, payload: &[u8]) -> Option<DeepSpan> {
        self.calls.parsed.fetch_add(1, Ordering::Relaxed);
        self.inner.deep_span(payload)
    }

    fn decode_deep(
        &mut self,
        payload: &[u8],
        back: usize,
        samples: usize,
        out: &mut [f32],
    ) -> Result<usize, CodecError> {
        self.calls.decoded.fetch_add(1, Ordering::Relaxed);
        self.inner.decode_deep(payload, back, samples, out)
    }

    fn reset(&mut self) {}
}
