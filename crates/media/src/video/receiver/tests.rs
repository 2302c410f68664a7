use calling_testkit::{Drained, Link, drain, epoch, seed};
use proptest::prelude::*;

use super::*;
use crate::video::{
    VideoPayloadTypes, VideoSender, VideoSenderConfig, VideoSenderInput, VideoSenderOutput,
};

const SSRC: u32 = 10;
const RTX: u32 = 11;

fn at(ms: u64) -> Instant {
    epoch() + Duration::from_millis(ms)
}

/// What a VP8 picture of that number would be: recognisable, and a key frame or not.
fn picture(number: u32, is_key: bool, bytes: usize) -> EncodedPicture {
    let mut data = vec![u8::from(!is_key), 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 64, 0];
    data.extend(number.to_be_bytes());
    data.resize(bytes.max(data.len()), number as u8);
    EncodedPicture { data: data.into(), is_key }
}

fn number_of(picture: &ReceivedPicture) -> u32 {
    u32::from_be_bytes(picture.picture.data[10..14].try_into().unwrap())
}

fn sender(codec: VideoCodec) -> VideoSender {
    let config = VideoSenderConfig {
        ssrc: SSRC,
        rtx_ssrc: Some(RTX),
        codec,
        payload_types: VideoPayloadTypes::default(),
        // So fast that nothing is paced.
        bitrate_bps: 1_000_000_000,
    };
    VideoSender::new(config, seed(7), epoch())
}

fn receiver() -> VideoReceiver {
    VideoReceiver::new(VideoReceiverConfig::new(SSRC, Some(RTX)))
}

fn packets(sender: &mut VideoSender, now: Instant, picture: &EncodedPicture) -> Vec<Vec<u8>> {
    let Ok(()) = sender.handle_input(now, VideoSenderInput::Picture { picture, captured: now });
    let drained = drain(sender);
    sent(drained.run_until(sender, now + Duration::from_millis(5)))
}

fn sent(drained: Drained<VideoSender>) -> Vec<Vec<u8>> {
    let packet = |output| match output {
        VideoSenderOutput::Packet(packet) => Some(packet),
        VideoSenderOutput::KeyFrameWanted => None,
    };
    drained.outputs.into_iter().filter_map(packet).collect()
}

fn insert(receiver: &mut VideoReceiver, now: Instant, packet: &[u8]) -> Seen {
    let view = RtpView::parse(packet).unwrap();
    let Ok(()) = receiver.handle_input(now, VideoReceiverInput::Packet(&view));
    Seen::of(drain(receiver).run_until(receiver, now))
}

fn wait(receiver: &mut VideoReceiver, until: Instant) -> Seen {
    Seen::of(drain(receiver).run_until(receiver, until))
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    shown: Vec<u32>,
    nacked: Vec<u16>,
    key_frames_asked: usize,
}

impl Seen {
    fn of(drained: Drained<VideoReceiver>) -> Self {
        let mut seen = Self::default();
        for output in drained.outputs {
            match output {
                VideoReceiverOutput::Picture(picture) => seen.shown.push(number_of(&picture)),
                VideoReceiverOutput::Feedback(VideoFeedback::Nack { ssrc, sequence_numbers }) => {
                    assert_eq!(ssrc, SSRC);
                    seen.nacked.extend(sequence_numbers);
                }
                VideoReceiverOutput::Feedback(VideoFeedback::KeyFrame { ssrc }) => {
                    assert_eq!(ssrc, SSRC);
                    seen.key_frames_asked += 1;
                }
            }
        }
        seen
    }

    fn and(mut self, other: Self) -> Self {
        self.shown.extend(other.shown);
        self.nacked.extend(other.nacked);
        self.key_frames_asked += other.key_frames_asked;
        self
    }
}

/// Twenty pictures of three packets each, the first a key frame.
fn stream() -> (VideoSender, Vec<Vec<Vec<u8>>>) {
    let mut sender = sender(VideoCodec::Vp8);
    let pictures = (0..20)
        .map(|n| packets(&mut sender, at(u64::from(n) * 33), &picture(n, n == 0, 3_000)))
        .collect();
    (sender, pictures)
}

#[test]
fn pictures_come_out_in_order_as_they_come_in() {
    let (_, pictures) = stream();
    let mut receiver = receiver();
    for (n, packets) in pictures.iter().enumerate() {
        let now = at(n as u64 * 33 + 50);
        let mut seen = Seen::default();
        for packet in packets {
            seen = seen.and(insert(&mut receiver, now, packet));
        }
        assert_eq!(seen, Seen { shown: vec![n as u32], ..Seen::default() });
    }
    let stats = receiver.stats();
    assert_eq!((stats.pictures, stats.key_frames, stats.packets_received), (20, 1, 60));
    assert_eq!((stats.packets_discarded, stats.interruptions), (0, 0));
}

#[test]
fn a_lost_packet_is_asked_for_and_what_comes_again_is_shown() {
    let (mut sender, pictures) = stream();
    let mut receiver = receiver();
    let mut seen = Seen::default();
    for (n, packets) in pictures.iter().take(6).enumerate() {
        for (index, packet) in packets.iter().enumerate() {
            if (n, index) != (3, 1) {
                seen = seen.and(insert(&mut receiver, at(n as u64 * 33), packet));
            }
        }
    }
    seen = seen.and(wait(&mut receiver, at(170)));
    let lost = RtpView::parse(&pictures[3][1]).unwrap().sequence_number();
    assert_eq!(seen.shown, [0, 1, 2]);
    assert!(seen.nacked.iter().all(|number| *number == lost) && !seen.nacked.is_empty());
    let Ok(()) = sender.handle_input(at(171), VideoSenderInput::Nack(&[lost]));
    let again = sent(drain(&mut sender));
    assert_eq!(insert(&mut receiver, at(190), &again[0]).shown, [3]);
    // What follows is shown as late, so that the next loss need not show.
    assert_eq!(wait(&mut receiver, at(300)).shown, [4, 5]);
    assert_eq!(receiver.stats().packets_recovered, 1);
    assert!((80.0..100.0).contains(&receiver.stats().target_delay_ms));
    assert_eq!(wait(&mut receiver, at(3_000)), Seen::default(), "nothing more is asked for");
}

#[test]
fn reordering_is_no_loss() {
    let (_, mut pictures) = stream();
    let mut receiver = receiver();
    let mut seen = Seen::default();
    pictures[2].swap(0, 2);
    for (n, packets) in pictures.iter().enumerate() {
        for packet in packets {
            seen = seen.and(insert(&mut receiver, at(n as u64 * 33), packet));
        }
    }
    assert_eq!(seen.shown, (0..20).collect::<Vec<_>>());
    assert_eq!((seen.nacked, seen.key_frames_asked), (vec![], 0));
}

#[test]
fn what_stays_lost_is_given_up_and_a_key_frame_goes_on() {
    let (mut sender, pictures) = stream();
    let mut receiver = receiver();
    let mut seen = Seen::default();
    for (n, packets) in pictures.iter().enumerate() {
        let now = at(n as u64 * 33);
        seen = seen.and(wait(&mut receiver, now));
        for packet in packets.iter().skip(usize::from(n == 3)) {
            seen = seen.and(insert(&mut receiver, now, packet));
        }
    }
    seen = seen.and(wait(&mut receiver, at(20 * 33)));
    assert_eq!(seen.shown, [0, 1, 2]);
    assert!((1..=2).contains(&seen.key_frames_asked), "{seen:?}");
    assert!((2..=10).contains(&seen.nacked.len()), "{seen:?}");
    let key = packets(&mut sender, at(700), &picture(90, true, 5_000));
    let seen = key
        .iter()
        .fold(Seen::default(), |seen, packet| seen.and(insert(&mut receiver, at(700), packet)));
    assert_eq!(seen.shown, [90]);
    assert_eq!(receiver.stats().interruptions, 1);
    assert_eq!(wait(&mut receiver, at(5_000)), Seen::default());
}

#[test]
fn who_comes_late_asks_for_a_key_frame_while_packets_come_and_not_after() {
    let (_, pictures) = stream();
    let mut receiver = receiver();
    let mut seen = insert(&mut receiver, at(0), &pictures[5][0]);
    assert_eq!(seen.key_frames_asked, 1, "at once");
    for n in 0..60 {
        seen = seen.and(insert(&mut receiver, at(n * 33), &pictures[5 + n as usize % 15][1]));
        seen = seen.and(wait(&mut receiver, at(n * 33 + 32)));
    }
    assert!((4..=8).contains(&seen.key_frames_asked), "{}", seen.key_frames_asked);
    let silence = wait(&mut receiver, at(60_000));
    assert!(silence.key_frames_asked <= 8, "{silence:?}");
    assert_eq!(receiver.poll_timeout(), None, "a silent stream is not waited for");
}

#[test]
fn a_stumble_of_the_decoder_is_answered_by_the_next_key_frame() {
    let (mut sender, pictures) = stream();
    let mut receiver = receiver();
    for packet in pictures[..4].iter().flatten() {
        insert(&mut receiver, at(0), packet);
    }
    let Ok(()) = receiver.handle_input(at(200), VideoReceiverInput::KeyFrameNeeded);
    assert_eq!(wait(&mut receiver, at(200)).key_frames_asked, 1);
    let Ok(()) = receiver.handle_input(at(201), VideoReceiverInput::KeyFrameNeeded);
    assert_eq!(wait(&mut receiver, at(201)).key_frames_asked, 0, "not twice at once");
    let late = pictures[4].iter().map(|packet| insert(&mut receiver, at(210), packet));
    assert!(late.map(|seen| seen.shown.len()).sum::<usize>() == 0);
    let key = packets(&mut sender, at(700), &picture(90, true, 100));
    assert_eq!(insert(&mut receiver, at(700), &key[0]).shown, [90]);
}

#[test]
fn a_key_frame_wanted_further_on_is_asked_for_until_it_comes_and_interrupts_nothing() {
    let (mut sender, pictures) = stream();
    let mut receiver = receiver();
    insert(&mut receiver, at(0), &pictures[0][0]);
    for packet in pictures[..2].iter().flatten().skip(1) {
        insert(&mut receiver, at(33), packet);
    }
    let Ok(()) = receiver.handle_input(at(50), VideoReceiverInput::KeyFrameWanted);
    assert_eq!(wait(&mut receiver, at(50)).key_frames_asked, 1);
    let seen = pictures[2]
        .iter()
        .fold(Seen::default(), |seen, packet| seen.and(insert(&mut receiver, at(66), packet)));
    assert_eq!(seen.shown, [2]);
    assert_eq!(wait(&mut receiver, at(450)).key_frames_asked, 1, "again");
    for n in 3..20 {
        for packet in &pictures[n as usize] {
            insert(&mut receiver, at(450), packet);
        }
    }
    let key = packets(&mut sender, at(700), &picture(90, true, 100));
    let seen = wait(&mut receiver, at(699)).and(insert(&mut receiver, at(700), &key[0]));
    let seen = seen.and(wait(&mut receiver, at(5_000)));
    assert!(seen.shown.is_sorted() && seen.shown.ends_with(&[19, 90]), "{seen:?}");
    assert_eq!(seen.key_frames_asked, 0, "it came");
}

#[test]
fn pictures_wait_for_their_sound() {
    let (_, pictures) = stream();
    let mut receiver = receiver();
    let first = RtpView::parse(&pictures[0][0]).unwrap().timestamp();
    let point = SyncPoint { rtp_timestamp: first, at: at(120) };
    let Ok(()) = receiver.handle_input(at(0), VideoReceiverInput::Sync(Some(point)));
    let mut seen = Seen::default();
    for packet in pictures[..3].iter().flatten() {
        seen = seen.and(insert(&mut receiver, at(10), packet));
    }
    assert_eq!(seen.shown, []);
    assert_eq!(wait(&mut receiver, at(119)).shown, []);
    assert_eq!(wait(&mut receiver, at(121)).shown, [0]);
    assert_eq!(wait(&mut receiver, at(160)).shown, [1]);
    assert_eq!(wait(&mut receiver, at(190)).shown, [2]);
}

#[test]
fn a_stream_that_begins_anew_is_followed_after_two_packets() {
    let (_, pictures) = stream();
    let mut receiver = receiver();
    for packet in pictures[..2].iter().flatten() {
        insert(&mut receiver, at(0), packet);
    }
    let config = VideoSenderConfig {
        ssrc: SSRC,
        rtx_ssrc: None,
        codec: VideoCodec::Vp8,
        payload_types: VideoPayloadTypes::default(),
        bitrate_bps: 1_000_000_000,
    };
    let mut other = VideoSender::new(config, seed(99), epoch());
    let mut seen = Seen::default();
    for n in 50..54 {
        for packet in packets(&mut other, at(100), &picture(n, n != 51, 100)) {
            seen = seen.and(insert(&mut receiver, at(100), &packet));
        }
    }
    assert_eq!(seen.shown, [52, 53], "50 was unconfirmed, 51 needs it");
    assert_eq!(receiver.stats().restarts, 1);
}

#[test]
fn padding_between_pictures_is_no_hole() {
    let mut sender = sender(VideoCodec::Vp8);
    let mut receiver = receiver();
    let first = packets(&mut sender, at(0), &picture(0, true, 100));
    insert(&mut receiver, at(0), &first[0]);
    // The next two numbers are padding.
    let mut padding = packets(&mut sender, at(10), &picture(1, false, 100));
    padding.extend(packets(&mut sender, at(10), &picture(1, false, 100)));
    for packet in &mut padding {
        packet.truncate(12);
        insert(&mut receiver, at(10), packet);
    }
    let next = packets(&mut sender, at(33), &picture(2, false, 100));
    assert_eq!(insert(&mut receiver, at(33), &next[0]).shown, [2]);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut sender = sender(VideoCodec::Vp8);
    let mut receiver = receiver();
    for n in 0..3_000 {
        // Beginnings of key frames that never end.
        let packet = &packets(&mut sender, at(n), &picture(n as u32, true, 1_500))[0];
        insert(&mut receiver, at(n), packet);
    }
    assert!(receiver.packets.len() <= MOST_PACKETS);
    assert!(receiver.waiting.len() <= MOST_WAITING && receiver.outputs.is_empty());
}

#[test]
fn a_key_frame_of_h264_begins_with_its_parameter_sets() {
    let mut sender = sender(VideoCodec::H264);
    let mut receiver = receiver();
    let unit = |kind: u8| [&[0, 0, 0, 1, kind][..], &[7; 2_000]].concat();
    let small = |kind: u8| [&[0, 0, 0, 1, kind][..], &[9; 9]].concat();
    let key = [small(0x67), small(0x68), unit(0x65)].concat();
    let mut pictures = Vec::new();
    for (ms, data, is_key) in [(0, unit(0x61), false), (33, key, true), (66, unit(0x61), false)] {
        let picture = EncodedPicture { data: data.into(), is_key };
        for packet in packets(&mut sender, at(ms), &picture) {
            let view = RtpView::parse(&packet).unwrap();
            let Ok(()) = receiver.handle_input(at(ms), VideoReceiverInput::Packet(&view));
            let drained = drain(&mut receiver).run_until(&mut receiver, at(ms));
            pictures.extend(drained.outputs.into_iter().filter_map(|output| match output {
                VideoReceiverOutput::Picture(picture) => Some(picture.picture.is_key),
                VideoReceiverOutput::Feedback(_) => None,
            }));
        }
    }
    assert_eq!(pictures, [true, false]);
}

#[test]
fn a_report_tells_what_was_lost() {
    let (_, pictures) = stream();
    let mut receiver = receiver();
    assert_eq!(receiver.reception_report(), None);
    let all: Vec<_> = pictures.iter().flatten().collect();
    for packet in all.iter().enumerate().filter(|(index, _)| index % 4 != 1).map(|(_, p)| p) {
        insert(&mut receiver, at(0), packet);
    }
    let report = receiver.reception_report().unwrap();
    assert_eq!((report.ssrc, report.cumulative_lost), (SSRC, 15));
    assert_eq!(report.fraction_lost, 64);
    let last = RtpView::parse(all[59]).unwrap().sequence_number();
    assert_eq!(report.highest_sequence_number as u16, last);
    assert_eq!(receiver.reception_report().unwrap().fraction_lost, 0);
}

/// Sends pictures over a lossy link both ways for `seconds`; what was shown, and the receiver.
fn lossy(number: u64, loss: f64, seconds: u64) -> (Vec<u32>, u32, VideoReceiver) {
    let impairment = calling_testkit::Impairment {
        loss,
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(10),
        ..Default::default()
    };
    let (mut flying, mut back) =
        (Link::new(impairment.clone(), number), Link::new(impairment, !number));
    let (mut sender, mut receiver) = (sender(VideoCodec::Vp8), receiver());
    let (mut shown, mut n, mut wants_key) = (Vec::new(), 0, true);
    for ms in 0..seconds * 1_000 {
        let now = at(ms);
        if ms % 33 == 0 {
            let bytes = if wants_key { 6_000 } else { 2_500 };
            let picture = picture(n, std::mem::take(&mut wants_key), bytes);
            n += 1;
            let Ok(()) = sender
                .handle_input(now, VideoSenderInput::Picture { picture: &picture, captured: now });
        }
        while let Some((_, feedback)) = back.receive(now) {
            match feedback {
                VideoFeedback::Nack { sequence_numbers, .. } => {
                    let Ok(()) =
                        sender.handle_input(now, VideoSenderInput::Nack(&sequence_numbers));
                }
                VideoFeedback::KeyFrame { .. } => wants_key = true,
            }
        }
        for packet in sent(drain(&mut sender).run_until(&mut sender, now)) {
            flying.send(now, packet);
        }
        while let Some((_, packet)) = flying.receive(now) {
            let view = RtpView::parse(&packet).unwrap();
            let Ok(()) = receiver.handle_input(now, VideoReceiverInput::Packet(&view));
        }
        for output in drain(&mut receiver).run_until(&mut receiver, now).outputs {
            match output {
                VideoReceiverOutput::Picture(picture) => shown.push(number_of(&picture)),
                VideoReceiverOutput::Feedback(feedback) => back.send(now, feedback),
            }
        }
    }
    (shown, n, receiver)
}

#[test]
fn five_percent_of_loss_both_ways_hardly_shows() {
    let (shown, sent, receiver) = lossy(3, 0.05, 20);
    assert!(shown.is_sorted());
    assert!(shown.len() as u32 > sent - sent / 50, "{} of {sent}", shown.len());
    let stats = receiver.stats();
    assert!(stats.packets_recovered > 50, "{stats:?}");
    assert!(stats.interruptions <= 1, "{stats:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is lost: pictures are shown in order, none twice, and after a stop only from a key
    /// frame on (`picture` numbers them; a key frame follows each stop).
    #[test]
    fn any_loss_keeps_the_order(number in any::<u64>(), loss in 0.0..0.4) {
        let (shown, _, receiver) = lossy(number, loss, 4);
        prop_assert!(shown.windows(2).all(|pair| pair[0] < pair[1]), "{shown:?}");
        let gaps = shown.windows(2).filter(|pair| pair[1] != pair[0] + 1).count() as u64;
        let stats = receiver.stats();
        prop_assert!(gaps <= stats.interruptions + stats.key_frames, "{stats:?}");
    }

    #[test]
    fn any_operations_keep_the_contract(data in prop::collection::vec(any::<u8>(), 0..600)) {
        crate::video::fuzz::video_receiver(&data);
    }
}
