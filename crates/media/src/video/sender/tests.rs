use calling_testkit::{Drained, drain, epoch, seed};

use super::*;

fn config(rtx_ssrc: Option<u32>) -> VideoSenderConfig {
    VideoSenderConfig {
        ssrc: 10,
        rtx_ssrc,
        codec: VideoCodec::Vp8,
        payload_types: VideoPayloadTypes::default(),
        bitrate_bps: 1_000_000,
    }
}

fn picture(bytes: usize, is_key: bool) -> EncodedPicture {
    EncodedPicture { data: Bytes::from(vec![u8::from(!is_key); bytes]), is_key }
}

fn push(sender: &mut VideoSender, now: Instant, picture: &EncodedPicture) -> Drained<VideoSender> {
    let Ok(()) = sender.handle_input(now, VideoSenderInput::Picture { picture, captured: now });
    drain(sender)
}

fn packets(outputs: &[VideoSenderOutput]) -> Vec<Vec<u8>> {
    outputs
        .iter()
        .filter_map(|output| match output {
            VideoSenderOutput::Packet(packet) => Some(packet.clone()),
            VideoSenderOutput::KeyFrameWanted => None,
        })
        .collect()
}

#[test]
fn a_picture_is_a_run_of_packets_with_one_timestamp_and_a_marker_at_its_end() {
    let mut sender = VideoSender::new(config(None), seed(1), epoch());
    let first = push(&mut sender, epoch(), &picture(3_000, true));
    let later = epoch() + Duration::from_millis(33);
    let second = push(&mut sender, later, &picture(10, false));
    let mut sent = packets(&first.outputs);
    sent.extend(packets(&second.outputs));
    let views: Vec<_> = sent.iter().map(|packet| RtpView::parse(packet).unwrap()).collect();
    let markers: Vec<_> = views.iter().map(RtpView::marker).collect();
    assert_eq!(markers, [false, false, true, true]);
    let base = views[0].sequence_number();
    for (index, view) in views.iter().enumerate() {
        assert_eq!(view.sequence_number(), base.wrapping_add(index as u16));
        assert_eq!((view.ssrc(), view.payload_type()), (10, 96));
    }
    assert_eq!(views[0].timestamp(), views[2].timestamp());
    assert_eq!(views[3].timestamp().wrapping_sub(views[2].timestamp()), 33 * 90);
    assert_eq!(sender.stats().packets_sent, 4);
    assert_eq!(sender.own_stream(later).rtp_timestamp, views[3].timestamp());
}

#[test]
fn what_was_lost_goes_again_in_its_own_stream_and_not_twice_at_once() {
    let mut sender = VideoSender::new(config(Some(11)), seed(2), epoch());
    let sent = packets(&push(&mut sender, epoch(), &picture(2_000, true)).outputs);
    let lost = RtpView::parse(&sent[1]).unwrap();
    let later = epoch() + Duration::from_millis(50);
    let numbers = [lost.sequence_number(), lost.sequence_number().wrapping_add(900)];
    let Ok(()) = sender.handle_input(later, VideoSenderInput::Nack(&numbers));
    let Ok(()) = sender.handle_input(later, VideoSenderInput::Nack(&numbers[..1]));
    let again = packets(&drain(&mut sender).outputs);
    assert_eq!(again.len(), 1);
    let view = RtpView::parse(&again[0]).unwrap();
    assert_eq!((view.ssrc(), view.payload_type()), (11, 97));
    assert_eq!(rtx::unwrap(&view), Some((lost.sequence_number(), lost.payload())));
    assert_eq!((sender.stats().packets_sent_again, sender.stats().packets_gone), (1, 1));
}

#[test]
fn without_a_stream_for_it_the_same_packet_goes_again() {
    let mut sender = VideoSender::new(config(None), seed(3), epoch());
    let sent = packets(&push(&mut sender, epoch(), &picture(100, true)).outputs);
    let number = RtpView::parse(&sent[0]).unwrap().sequence_number();
    let Ok(()) = sender.handle_input(epoch(), VideoSenderInput::Nack(&[number]));
    assert_eq!(packets(&drain(&mut sender).outputs), sent);
}

#[test]
fn when_packets_pile_up_pictures_are_left_out_until_a_key_frame() {
    let mut sender = VideoSender::new(config(None), seed(4), epoch());
    let mut wishes = 0;
    for _ in 0..40 {
        // 50,000 bytes in no time: far above the pace.
        let drained = push(&mut sender, epoch(), &picture(50_000, false));
        wishes +=
            drained.outputs.iter().filter(|o| **o == VideoSenderOutput::KeyFrameWanted).count();
    }
    assert_eq!(wishes, 1, "once, not with every picture");
    assert!(sender.stats().pictures_dropped > 30);
    let sent = sender.stats().pictures_sent;
    push(&mut sender, epoch(), &picture(1_000, true));
    assert_eq!(sender.stats().pictures_sent, sent + 1);
}

#[test]
fn all_leaves_in_order_and_in_the_end() {
    let mut sender = VideoSender::new(config(None), seed(5), epoch());
    let first = push(&mut sender, epoch(), &picture(60_000, true));
    let all = first.run_until(&mut sender, epoch() + Duration::from_secs(2));
    let numbers: Vec<u16> = packets(&all.outputs)
        .iter()
        .map(|packet| RtpView::parse(packet).unwrap().sequence_number())
        .collect();
    assert_eq!(numbers.len() as u64, sender.stats().packets_sent);
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
    assert_eq!(all.timeout, None);
}
