use calling_model::{CallId, VideoSize, VideoTrack};
use calling_room::VideoViews;
use calling_signaling::protocol::{CallReply, Code, Event, Reply, VideoView};

use super::HubRequest;
use super::media::connect;
use super::world::{Device, World, settle, streams, user};
use crate::shard::{ShardCommand, ShardEvent};

fn view(name: &str, size: VideoSize) -> VideoView {
    VideoView { user: user(name), track: VideoTrack::Camera, size }
}

async fn subscribe(device: &mut Device, call_id: &CallId, views: Vec<VideoView>) {
    device.request(HubRequest::SubscribeVideo { call_id: call_id.clone(), views }).await;
}

/// A conversation in which both have media.
async fn conversation(world: &mut World) -> (Device, Device, CallReply) {
    let (mut alice, mut bob, call) = world.talk(["alice", "bob"]).await;
    connect(world, &mut alice, &call).await;
    connect(world, &mut bob, &call).await;
    settle().await;
    alice.receive_all();
    alice.events.clear();
    bob.receive_all();
    (alice, bob, call)
}

#[tokio::test]
async fn pictures_are_told_with_who_enters_and_as_they_flow() {
    let mut world = World::new();
    let (mut alice, mut bob, call) = world.talk(["alice", "bob"]).await;
    let connection = connect(&mut world, &mut bob, &call).await;
    let event = alice.event(|event| matches!(event, Event::UserEntered { .. })).await;
    let Event::UserEntered { video, .. } = event else { unreachable!() };
    let told: Vec<_> = video.iter().map(|it| (it.track, it.ssrc, it.rtx_ssrc)).collect();
    let expected = streams(connection).map(|it| (it.track, it.ssrc, it.rtx_ssrc));
    assert_eq!(told, expected);
    for available in [true, false] {
        let track = VideoTrack::Screen;
        world.shard.tell(ShardEvent::VideoAvailable { connection, track, available }).await;
        let told = alice.event(|event| matches!(event, Event::VideoAvailable { .. })).await;
        let (call_id, user) = (call.facts.call_id.clone(), user("bob"));
        assert_eq!(told, Event::VideoAvailable { call_id, user, track, available });
    }
    assert!(bob.is_silent(), "it is no news to its sender");
    // Who comes to know of it later hears what flows then.
    let (track, available) = (VideoTrack::Camera, true);
    world.shard.tell(ShardEvent::VideoAvailable { connection, track, available }).await;
    settle().await;
    let old = alice;
    let mut alice = world.sign_in("alice", "a").await;
    drop(old);
    alice.event(|event| matches!(event, Event::Resumed(_))).await;
    alice.event(|event| matches!(event, Event::UserEntered { .. })).await;
    alice.event(|event| matches!(event, Event::VideoAvailable { available: true, .. })).await;
    bob.receive_all();
}

#[tokio::test]
async fn what_is_wanted_is_answered_once_it_holds() {
    let mut world = World::new();
    let (mut alice, _bob, call) = conversation(&mut world).await;
    let call_id = call.facts.call_id;
    subscribe(&mut alice, &call_id, vec![view("bob", VideoSize::Small)]).await;
    let command = world.shard.command().await;
    let ShardCommand::SetViews { views, done, .. } = command else { panic!("{command:?}") };
    let bobs = (user("bob"), VideoTrack::Camera);
    assert_eq!(views, VideoViews::from([(bobs, VideoSize::Small)]));
    settle().await;
    assert!(alice.is_silent());
    done.send(()).unwrap();
    assert_eq!(alice.reply().await, Ok(Reply::Done {}));
    // Another media connection wants the same.
    alice.connect_media(&call_id).await;
    assert!(matches!(world.shard.command().await, ShardCommand::Disconnect { .. }));
    let command = world.shard.command().await;
    let ShardCommand::Connect { seat, .. } = command else { panic!("{command:?}") };
    assert_eq!(seat.views, views);
}

#[tokio::test]
async fn what_is_wanted_and_muted_before_there_is_media_holds_from_the_start() {
    let mut world = World::new();
    let (mut alice, _bob, call) = world.ring(["alice", "bob"]).await;
    let call_id = call.facts.call_id;
    subscribe(&mut alice, &call_id, vec![view("bob", VideoSize::Large)]).await;
    assert_eq!(alice.reply().await, Ok(Reply::Done {}));
    let track = VideoTrack::Camera;
    let mute = HubRequest::SetVideoMute { call_id: call_id.clone(), track, muted: true };
    alice.request(mute).await;
    assert_eq!(alice.reply().await, Ok(Reply::Done {}));
    alice.connect_media(&call_id).await;
    let command = world.shard.command().await;
    let ShardCommand::Connect { seat, .. } = command else { panic!("{command:?}") };
    assert_eq!((seat.views.len(), seat.video_muted), (1, [track].into()));
}

#[tokio::test]
async fn a_mute_is_answered_once_nothing_passes() {
    let mut world = World::new();
    let (mut alice, _bob, call) = conversation(&mut world).await;
    for muted in [true, false] {
        let (call_id, track) = (call.facts.call_id.clone(), VideoTrack::Screen);
        alice.request(HubRequest::SetVideoMute { call_id, track, muted }).await;
        let command = world.shard.command().await;
        let ShardCommand::SetVideoMuted { track, muted: told, done, .. } = command else {
            panic!("{command:?}")
        };
        assert_eq!((track, told), (VideoTrack::Screen, muted));
        settle().await;
        assert!(alice.is_silent());
        done.send(()).unwrap();
        assert_eq!(alice.reply().await, Ok(Reply::Done {}));
    }
}

#[tokio::test]
async fn too_much_twice_or_from_outside_is_refused() {
    let mut world = World::new();
    let (mut alice, _bob, call) = conversation(&mut world).await;
    let call_id = call.facts.call_id;
    let twice = vec![view("bob", VideoSize::Small), view("bob", VideoSize::Large)];
    subscribe(&mut alice, &call_id, twice).await;
    assert_eq!(alice.reply().await, Err(Code::BadParameter));
    let many = (0..257).map(|number| view(&format!("u{number}"), VideoSize::Small)).collect();
    subscribe(&mut alice, &call_id, many).await;
    assert_eq!(alice.reply().await, Err(Code::BadParameter));
    let mut eve = world.sign_in("eve", "e").await;
    subscribe(&mut eve, &call_id, vec![view("bob", VideoSize::Large)]).await;
    assert_eq!(eve.reply().await, Err(Code::NotYourCall));
    let (track, muted) = (VideoTrack::Camera, true);
    eve.request(HubRequest::SetVideoMute { call_id, track, muted }).await;
    assert_eq!(eve.reply().await, Err(Code::NotYourCall));
    settle().await;
    assert!(world.shard.commands.try_recv().is_err(), "nothing reached the media thread");
}
