//! Pictures through the real server.

use calling_model::{CallId, VideoSize, VideoTrack};
use calling_signaling::protocol::{Event, Request, VideoStream, VideoView};

use crate::client::Client;
use crate::phone::{Phone, announced, frame};
use crate::server::TestServer;

struct Call {
    _server: TestServer,
    alice: Client,
    bob: Client,
    call_id: CallId,
    caller: Phone,
    callee: Phone,
}

impl Call {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let mut alice = server.client("alice", "phone").await;
        let mut bob = server.client("bob", "phone").await;
        let call_id = alice.call("bob").await.unwrap().facts.call_id;
        bob.invited().await;
        let caller = Phone::connect(&mut alice, &call_id, 0xa11ce).await;
        let callee = Phone::connect(&mut bob, &call_id, 0xb0b).await;
        bob.accept(&call_id).await;
        Self { _server: server, alice, bob, call_id, caller, callee }
    }

    /// Bob wants to see these of alice, and nothing else.
    async fn watch(&mut self, tracks: &[VideoTrack]) {
        let size = VideoSize::Large;
        let view =
            |track: &VideoTrack| VideoView { user: "alice".parse().unwrap(), track: *track, size };
        let views = tracks.iter().map(view).collect();
        let call_id = self.call_id.clone();
        self.bob.ask(Request::SubscribeVideo { call_id, views }).await.unwrap();
    }

    async fn alices_camera(&mut self) -> VideoStream {
        let event = self.bob.event(|event| matches!(event, Event::UserEntered { .. })).await;
        let Event::UserEntered { video, .. } = event else { unreachable!() };
        *video.iter().find(|stream| stream.track == VideoTrack::Camera).unwrap()
    }
}

#[tokio::test]
async fn a_picture_is_seen_by_who_asked_for_it() {
    let mut call = Call::new().await;
    let camera = call.alices_camera().await;
    call.caller.show(VideoTrack::Camera, &frame(true, b"unasked")).await;
    call.caller.barrier().await;
    call.watch(&[VideoTrack::Camera]).await;
    let own = announced(call.caller.ssrc, VideoTrack::Camera).ssrc;
    call.caller.pump(|phone| phone.key_frames_wanted.contains(&own)).await;
    call.caller.show(VideoTrack::Camera, &frame(false, b"no key")).await;
    call.caller.show(VideoTrack::Camera, &frame(true, b"key")).await;
    call.caller.show(VideoTrack::Screen, &frame(true, b"screen")).await;
    call.caller.show(VideoTrack::Camera, &frame(false, b"next")).await;
    assert_eq!(call.callee.hear(&frame(false, b"next")).await, camera.ssrc);
    let heard = |content: &[u8], is_key| call.callee.header(&frame(is_key, content));
    let (key, next) = (heard(b"key", true).unwrap(), heard(b"next", false).unwrap());
    assert_eq!(next.sequence_number, key.sequence_number.wrapping_add(1));
    assert_eq!((key.payload_type, next.timestamp.wrapping_sub(key.timestamp)), (96, 3_000));
    assert!(heard(b"unasked", true).is_none() && heard(b"no key", false).is_none());
    assert!(heard(b"screen", true).is_none());
    let is_told = |event: &Event| {
        matches!(event, Event::VideoAvailable { track: VideoTrack::Camera, available: true, .. })
    };
    call.bob.event(is_told).await;
}

#[tokio::test]
async fn a_muted_picture_passes_nothing() {
    let mut call = Call::new().await;
    call.watch(&[VideoTrack::Camera]).await;
    call.caller.show(VideoTrack::Camera, &frame(true, b"shown")).await;
    call.callee.hear(&frame(true, b"shown")).await;
    let mute = |muted| Request::SetVideoMute {
        call_id: call.call_id.clone(),
        track: VideoTrack::Camera,
        muted,
    };
    call.alice.ask(mute(true)).await.unwrap();
    let stopped = |event: &Event| matches!(event, Event::VideoAvailable { available: false, .. });
    call.bob.event(stopped).await;
    call.caller.show(VideoTrack::Camera, &frame(true, b"muted")).await;
    call.caller.barrier().await;
    call.alice.ask(mute(false)).await.unwrap();
    call.caller.show(VideoTrack::Camera, &frame(true, b"unmuted")).await;
    call.callee.hear(&frame(true, b"unmuted")).await;
    assert!(!call.callee.has_heard(&frame(true, b"muted")));
}

#[tokio::test]
async fn what_was_lost_is_sent_again() {
    let mut call = Call::new().await;
    let camera = call.alices_camera().await;
    call.watch(&[VideoTrack::Camera]).await;
    call.caller.show(VideoTrack::Camera, &frame(true, b"one")).await;
    call.callee.hear(&frame(true, b"one")).await;
    let number = call.callee.header(&frame(true, b"one")).unwrap().sequence_number;
    let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
    nack.extend(camera.ssrc.to_be_bytes());
    nack.extend(number.to_be_bytes());
    nack.extend([0, 0]);
    call.callee.control(&nack).await;
    let again = [&number.to_be_bytes()[..], &frame(true, b"one")].concat();
    assert_eq!(call.callee.hear(&again).await, camera.rtx_ssrc);
    assert_eq!(call.callee.header(&again).unwrap().payload_type, 97);
}
