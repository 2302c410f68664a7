//! Pictures between people, through a real server and real sockets.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[macro_use]
mod common;

use std::time::Duration;

use calling::{
    CallId, Config, DeviceError, I420Frame, ListenerEvent, MediaType, TestPattern, UserId, Video,
    VideoCodec, VideoQuality, VideoReceiverStats, VideoSize, VideoSource, VideoTrack,
};
use calling_impair::Impairment;
use common::eye::Screen;
use common::storm::Storm;
use common::{Person, World, soon, until, user};

/// Small enough that two people, a server and this test fit one core.
fn cameras() -> Video {
    Video::none()
        .with_camera("front", "Front camera", |_| Ok(Box::new(TestPattern::new(320, 180, 20))))
        .with_camera("back", "Back camera", |_| Ok(Box::new(TestPattern::new(160, 90, 20))))
        .with_camera("broken", "Broken camera", |_| Err(DeviceError("it is on fire".into())))
        .with_quality(VideoQuality { frame_rate: 20, ..VideoQuality::LOW })
}

fn filmed(world: &World, name: &str) -> Config {
    world.config(name).with_video(cameras())
}

/// Somebody with cameras who can share a desk, or a clip that ends after a second.
fn filmed_with_desk(world: &World, name: &str) -> Config {
    let video = cameras()
        .with_screen("desk", "Desk", |_| Ok(Box::new(TestPattern::new(640, 360, 10))))
        .with_screen("clip", "Clip", |_| Ok(Box::new(Clip(TestPattern::new(480, 270, 10), 10))));
    world.config(name).with_video(video)
}

/// A source that ends.
struct Clip(TestPattern, u32);

impl VideoSource for Clip {
    fn read(&mut self) -> Option<I420Frame> {
        self.1 = self.1.checked_sub(1)?;
        self.0.read()
    }

    fn frame_rate(&self) -> u32 {
        self.0.frame_rate()
    }
}

fn available(who: UserId, is: bool) -> impl Fn(&ListenerEvent) -> Option<()> {
    when!(ListenerEvent::UserVideoAvailable { user, track: VideoTrack::Camera, available },
        *user == who && *available == is => ())
}

fn shares(who: UserId, is: bool) -> impl Fn(&ListenerEvent) -> Option<()> {
    when!(ListenerEvent::UserVideoAvailable { user, track: VideoTrack::Screen, available },
        *user == who && *available == is => ())
}

fn first_frame(who: UserId) -> impl Fn(&ListenerEvent) -> Option<(u32, u32)> {
    when!(ListenerEvent::FirstVideoFrame { user, track: VideoTrack::Camera, width, height },
        *user == who => (*width, *height))
}

/// Alice and Bob in a video call; Bob watches Alice, whose camera is open.
async fn watching(alice: Config, bob: Config) -> (Person, Person, Screen, CallId) {
    let (mut alice, mut bob) = (Person::new(alice).await, Person::new(bob).await);
    let call = alice.talk_by(MediaType::Video, &mut bob).await;
    let screen = Screen::default();
    watch(&bob, "alice", &screen);
    alice.engine.open_camera(None).unwrap();
    until("alice's picture", || screen.shown() > 0).await;
    (alice, bob, screen, call)
}

fn watch(who: &Person, whom: &str, screen: &Screen) {
    let (camera, large) = (VideoTrack::Camera, VideoSize::Large);
    who.engine.start_remote_view(user(whom), camera, large, screen.clone()).unwrap();
}

/// Pictures come in the order they were taken, and none twice.
fn assert_in_order(screen: &Screen) {
    let numbers = screen.numbers();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    assert_eq!(screen.unreadable(), 0);
}

/// The figures of the camera of `whom` at `who`.
async fn received(who: &Person, whom: &str) -> VideoReceiverStats {
    let stats = who.engine.stats().await.unwrap();
    let mut all = stats.video_received.into_iter();
    all.find(|seen| seen.user == user(whom) && seen.track == VideoTrack::Camera).unwrap().stats
}

/// Waits until `who` is told of the camera of `whom` and of its first picture, in whichever order:
/// one comes from the server, the other from the screen.
async fn first_seen(who: &mut Person, whom: &str) -> (u32, u32) {
    let (is_available, is_first) = (available(user(whom), true), first_frame(user(whom)));
    let (mut told, mut size) = (false, None);
    while !told || size.is_none() {
        let either = |event: &ListenerEvent| {
            let first = is_first(event);
            (first.is_some() || is_available(event).is_some()).then_some(first)
        };
        match who.event("the camera and its first picture", either).await {
            None => told = true,
            first => size = first,
        }
    }
    size.unwrap()
}

async fn see(codec: VideoCodec) {
    let world = World::new().await;
    let config = |name| {
        let video = cameras().with_codec(codec);
        world.config(name).with_video(video)
    };
    let (alice, mut bob, screen, _) = watching(config("alice"), config("bob")).await;
    assert_eq!(first_seen(&mut bob, "alice").await, (320, 180));
    let back = Screen::default();
    watch(&alice, "bob", &back);
    bob.engine.open_camera(Some("back")).unwrap();
    until("a second of alice", || screen.shown() > 20).await;
    until("a second of bob", || back.shown() > 20).await;
    assert_eq!((screen.size(), back.size()), ((320, 180), (160, 90)));
    for screen in [&screen, &back] {
        assert_in_order(screen);
        assert!(screen.colour_error() < 24, "{}", screen.colour_error());
    }
    let stats = alice.engine.stats().await.unwrap();
    assert!(stats.video_sent.pictures_sent > 20 && stats.video_sent.key_frames_sent >= 1);
    let seen = received(&alice, "bob").await;
    assert!(seen.pictures > 20 && seen.key_frames >= 1);
    assert_eq!(stats.discarded.get("unsealed"), None);
    soon("the hang-up", alice.engine.hangup()).await.unwrap();
    bob.ended().await;
    alice.idle().await;
    assert!(!alice.engine.state().camera_open, "the camera closes with the call");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_see_each_other_in_vp8() {
    see(VideoCodec::Vp8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_see_each_other_in_h264() {
    see(VideoCodec::H264).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_nothing_receives_nothing_and_no_camera_opens_before_the_answer() {
    let world = World::new().await;
    let opened = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = opened.clone();
    let video = Video::none().with_camera("a", "A", move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(Box::new(TestPattern::new(160, 90, 20)))
    });
    let mut alice = Person::new(world.config("alice").with_video(video)).await;
    let mut bob = Person::new(filmed(&world, "bob")).await;
    alice.engine.open_camera(None).unwrap();
    let local = Screen::default();
    alice.engine.start_local_view(local.clone()).unwrap();
    alice.calling.call(user("bob"), MediaType::Video).await.unwrap();
    bob.invited().await;
    until("the wish", || alice.engine.state().camera_open).await;
    assert_eq!((opened.load(std::sync::atomic::Ordering::SeqCst), local.shown()), (0, 0));
    bob.engine.accept().await.unwrap();
    bob.event("alice's camera", available(user("alice"), true)).await;
    until("her own picture", || local.shown() > 10).await;
    assert_eq!(alice.event("her first", first_frame(user("alice"))).await, (160, 90));
    assert_eq!(received(&bob, "alice").await.packets_received, 0);
    alice.engine.stop_local_view().unwrap();
    alice.engine.close_camera().unwrap();
    bob.event("the end of it", available(user("alice"), false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn muted_nothing_comes_and_unmuted_it_goes_on() {
    let world = World::new().await;
    let (alice, mut bob, screen, _) =
        watching(filmed(&world, "alice"), filmed(&world, "bob")).await;
    bob.event("alice's camera", available(user("alice"), true)).await;
    alice.engine.set_video_mute(true).unwrap();
    bob.event("the mute", available(user("alice"), false)).await;
    assert!(alice.engine.state().video_muted);
    // What was under way has arrived; from here on nothing is.
    let shown = screen.shown();
    alice.engine.set_video_mute(false).unwrap();
    bob.event("the camera again", available(user("alice"), true)).await;
    until("more pictures", || screen.shown() > shown + 10).await;
    assert_in_order(&screen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_can_stop_and_another_begins_with_a_key_frame() {
    let world = World::new().await;
    let (_alice, bob, screen, _) = watching(filmed(&world, "alice"), filmed(&world, "bob")).await;
    bob.engine.stop_remote_view(user("alice"), VideoTrack::Camera).unwrap();
    let again = Screen::default();
    watch(&bob, "alice", &again);
    bob.engine.update_remote_view(user("alice"), VideoTrack::Camera, VideoSize::Small).unwrap();
    until("pictures in the second view", || again.shown() > 20).await;
    assert_in_order(&again);
    assert!(screen.numbers().last() < again.numbers().last());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_camera_goes_on_in_the_same_view() {
    let world = World::new().await;
    let (mut alice, _bob, screen, _) =
        watching(filmed(&world, "alice"), filmed(&world, "bob")).await;
    let names: Vec<_> = alice.engine.cameras().into_iter().map(|camera| camera.id).collect();
    assert_eq!(names, ["front", "back", "broken"]);
    alice.engine.switch_camera("back").unwrap();
    until("the other camera", || screen.size() == (160, 90)).await;
    assert!(alice.engine.switch_camera("none").is_err());
    alice.engine.switch_camera("broken").unwrap();
    let (code, message) = alice
        .event(
            "the error",
            when!(ListenerEvent::Error { code, message } => (i32::from(*code), message.clone())),
        )
        .await;
    assert_eq!((code, message.as_str()), (-1301, "it is on fire"));
    let shown = screen.shown();
    until("the camera that works goes on", || screen.shown() > shown + 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_is_shared_beside_the_camera_until_it_is_not() {
    let world = World::new().await;
    let (alice, mut bob, camera, _) =
        watching(filmed_with_desk(&world, "alice"), filmed(&world, "bob")).await;
    let names: Vec<_> = alice.engine.screens().into_iter().map(|screen| screen.id).collect();
    assert_eq!(names, ["desk", "clip"]);
    assert!(alice.engine.start_screen_share(Some("front")).is_err(), "a camera is no screen");
    assert!(bob.engine.start_screen_share(None).is_err(), "bob has none");
    let desk = Screen::default();
    let (screen, large) = (VideoTrack::Screen, VideoSize::Large);
    bob.engine.start_remote_view(user("alice"), screen, large, desk.clone()).unwrap();
    alice.engine.start_screen_share(None).unwrap();
    bob.event("the desk", shares(user("alice"), true)).await;
    until("the desk's pictures", || desk.shown() > 10).await;
    assert!(alice.engine.state().screen_shared);
    assert_eq!((desk.size(), camera.size()), ((640, 360), (320, 180)));
    for screen in [&desk, &camera] {
        assert_in_order(screen);
        assert!(screen.colour_error() < 24, "{}", screen.colour_error());
    }
    let sent = alice.engine.stats().await.unwrap();
    assert!(sent.screen_sent.pictures_sent > 10 && sent.video_sent.pictures_sent > 10);

    alice.engine.stop_screen_share().unwrap();
    bob.event("the end of the desk", shares(user("alice"), false)).await;
    let shown = camera.shown();
    until("the camera that goes on", || camera.shown() > shown + 10).await;

    desk.forget();
    alice.engine.start_screen_share(Some("clip")).unwrap();
    bob.event("the clip", shares(user("alice"), true)).await;
    until("the clip's pictures", || desk.size() == (480, 270)).await;
    bob.event("its end", shares(user("alice"), false)).await;
    until("that it is told", || !alice.engine.state().screen_shared).await;
    assert!(alice.engine.state().camera_open);
}

#[tokio::test(flavor = "multi_thread")]
async fn loss_and_jitter_on_both_legs_are_mended() {
    let world = World::new().await;
    let weather = Impairment {
        delay: Duration::from_millis(15),
        jitter: Duration::from_millis(10),
        loss: 0.05,
        ..Impairment::default()
    };
    let mut storms = Vec::new();
    let mut configs = Vec::new();
    for (index, name) in ["alice", "bob"].into_iter().enumerate() {
        let storm = Storm::to(world.server.media_addr(), weather.clone(), 40 + index as u64).await;
        let mut config = filmed(&world, name);
        config.ice.media_via = Some(storm.address);
        storms.push(storm);
        configs.push(config);
    }
    let bob = configs.pop().unwrap();
    let (alice, bob, screen, _) = watching(configs.pop().unwrap(), bob).await;
    screen.forget();
    until("ten seconds of pictures", || screen.shown() > 200).await;
    assert_in_order(&screen);
    assert!(screen.colour_error() < 24, "{}", screen.colour_error());
    let numbers = screen.numbers();
    let taken = numbers[numbers.len() - 1] - numbers[0] + 1;
    let share = numbers.len() as f64 / f64::from(taken);
    assert!(share > 0.8, "{share}: {numbers:?}");
    let seen = received(&bob, "alice").await;
    assert!(seen.nacks_sent > 0 && seen.packets_recovered > 0, "{seen:?}");
    assert!(alice.engine.stats().await.unwrap().video_sent.packets_sent_again > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_sends_the_picture_back() {
    let world = World::new().await;
    let mut config = world.config("echo").with_video(Video::echo());
    config.audio = calling::Audio::echo();
    let echo = calling::Calling::init(config).await.unwrap();
    let mut events = echo.events();
    let engine = echo.engine();
    let answering = tokio::spawn(async move {
        events.find(when!(ListenerEvent::Invited { .. } => ())).await.unwrap();
        engine.accept().await.unwrap();
    });
    let mut alice = Person::new(filmed(&world, "alice")).await;
    alice.engine.open_camera(None).unwrap();
    let screen = Screen::default();
    watch(&alice, "echo", &screen);
    alice.calling.call(user("echo"), MediaType::Video).await.unwrap();
    soon("the answer", answering).await.unwrap();
    alice.event("the echo's picture", available(user("echo"), true)).await;
    until("her own picture", || screen.shown() > 40).await;
    assert_in_order(&screen);
    assert!(screen.colour_error() < 24, "{}", screen.colour_error());
    // A view that begins late gets its key frame from alice, through the echo.
    alice.engine.stop_remote_view(user("echo"), VideoTrack::Camera).unwrap();
    let late = Screen::default();
    watch(&alice, "echo", &late);
    until("the late view", || late.shown() > 10).await;
    assert_in_order(&late);
}
