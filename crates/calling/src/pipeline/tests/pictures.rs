//! Camera and screen, side by side.

use calling_media::video::{EncodedPicture, VideoCodec};
use calling_model::VideoTrack;
use calling_signaling::protocol::VideoStream;

use super::*;

/// What is in it nobody decodes here.
fn picture(track: VideoTrack) -> EncodedPicture {
    let content = match track {
        VideoTrack::Camera => vec![0x10; 3_000],
        VideoTrack::Screen => vec![0x20; 5_000],
    };
    EncodedPicture { data: content.into(), is_key: true }
}

/// Two who talk; the left one watches camera and screen of the right one, who shows both.
fn showing() -> Pair {
    let mut pair = Pair::talking(5);
    let stream = |track, ssrc| VideoStream { track, ssrc, rtx_ssrc: ssrc + 1 };
    let streams =
        vec![stream(VideoTrack::Camera, RIGHT + 1), stream(VideoTrack::Screen, RIGHT + 3)];
    pair.input(0, PipelineInput::RemoteVideo { user: user(1), streams });
    for track in VideoTrack::ALL {
        let (codec, captured) = (VideoCodec::Vp8, pair.now);
        let picture = &picture(track);
        pair.input(1, PipelineInput::Picture { track, codec, picture, captured });
    }
    pair.run_ms(1_000);
    pair
}

#[test]
fn each_comes_as_what_it_is() {
    let pair = showing();
    for track in VideoTrack::ALL {
        let shown = pair.sides[0].events.iter().filter_map(|event| {
            let PipelineOutput::Show { track: of, picture, .. } = event else { return None };
            (*of == track).then_some(&picture.picture.data)
        });
        let shown: Vec<_> = shown.collect();
        assert!(shown == [&picture(track).data], "{track:?}: {} pictures", shown.len());
    }
    let sent = pair.sides[1].pipeline.stats();
    assert_eq!((sent.video_sent.pictures_sent, sent.screen_sent.pictures_sent), (1, 1));
    assert!(sent.screen_sent.packets_sent > sent.video_sent.packets_sent);
}

#[test]
fn who_stumbles_over_the_screen_gets_a_key_frame_of_it_alone() {
    for wanted in VideoTrack::ALL {
        let mut pair = showing();
        pair.sides[1].events.clear();
        let (user, track, stumbled) = (user(1), wanted, true);
        pair.input(0, PipelineInput::WantKeyFrame { user, track, stumbled });
        pair.run_ms(100);
        let told = pair.sides[1].events.iter().filter_map(|event| {
            let PipelineOutput::KeyFrameWanted(track) = event else { return None };
            Some(*track)
        });
        assert_eq!(told.collect::<Vec<_>>(), [wanted]);
    }
}

#[test]
fn each_has_a_bitrate_of_its_own() {
    let mut pair = showing();
    for (track, bps) in [(VideoTrack::Camera, 300_000), (VideoTrack::Screen, 200_000)] {
        pair.sides[1].events.clear();
        pair.input(1, PipelineInput::VideoBitrate { track, bps });
        assert_eq!(pair.sides[1].events, [PipelineOutput::VideoBitrate { track, bps }]);
    }
}
