//! Whatever is dropped, whenever it is dropped: no task, thread or socket stays.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use calling::{Calling, ListenerEvent, MediaType, VideoSize, VideoTrack};
use common::eye::Screen;
use common::fake::Fake;
use common::{Person, World, soon, until, user};
use tokio::sync::Mutex;

/// Threads and sockets are counted for the whole process, so one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What this process holds: sockets, media threads, tasks of this runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    sockets: usize,
    media_threads: usize,
    tasks: usize,
}

fn held() -> Held {
    let links = |directory: &str| {
        std::fs::read_dir(directory).unwrap().filter_map(Result::ok).map(|entry| entry.path())
    };
    // Each runtime has sockets of its own between its threads; those of the network count.
    let tables = ["tcp", "tcp6", "udp", "udp6"].map(|table| {
        std::fs::read_to_string(format!("/proc/self/net/{table}")).unwrap_or_default()
    });
    let inodes: BTreeSet<&str> = tables
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| line.split_ascii_whitespace().nth(9))
        .collect();
    let is_network = |target: &Path| {
        let target = target.to_string_lossy();
        let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        inode.is_some_and(|inode| inodes.contains(inode))
    };
    let sockets = links("/proc/self/fd")
        .filter_map(|path| std::fs::read_link(path).ok())
        .filter(|target| is_network(target))
        .count();
    let media_threads = links("/proc/self/task")
        .filter_map(|path| std::fs::read_to_string(path.join("comm")).ok())
        .filter(|name| matches!(name.trim(), "calling-media" | "calling-video"))
        .count();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    Held { sockets, media_threads, tasks }
}

async fn until_held(what: &str, wanted: &Held) {
    let reached = tokio::time::timeout(common::PATIENCE, async {
        while held() != *wanted {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    assert!(reached.await.is_ok(), "{what}: wanted {wanted:?}, held {:?}", held());
}

/// What is held once it has not changed for a while: what a first sign-in makes the server keep is
/// made, and no client is left.
async fn steady() -> Held {
    let mut last = (held(), 0);
    while last.1 < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let now = held();
        last = if now == last.0 { (now, last.1 + 1) } else { (now, 0) };
    }
    last.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_leaves_nothing_behind() {
    let _alone = ALONE.lock().await;
    let world = World::new().await;
    drop(world.person("carol").await);
    let before = steady().await;
    for _ in 0..3 {
        let (alice, bob) = world.talking().await;
        assert_eq!(held().media_threads, 2);
        drop((alice, bob));
        until_held("after a conversation", &before).await;
    }
    let (mut alice, mut bob) = world.talking().await;
    alice.engine.hangup().await.unwrap();
    alice.ended().await;
    bob.ended().await;
    soon("alice's end", alice.calling.destroy()).await;
    soon("bob's end", bob.calling.destroy()).await;
    until_held("after destroy", &before).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_call_has_a_thread_for_pictures_once_they_are_wanted_and_leaves_none_behind() {
    let _alone = ALONE.lock().await;
    let world = World::new().await;
    drop(world.person("carol").await);
    let before = steady().await;
    let (mut alice, mut bob) = world.pair().await;
    alice.talk_by(MediaType::Video, &mut bob).await;
    assert_eq!(held().media_threads, 2, "nobody shows or sees anything yet");
    let screen = Screen::default();
    let (camera, large) = (VideoTrack::Camera, VideoSize::Large);
    bob.engine.start_remote_view(user("alice"), camera, large, screen.clone()).unwrap();
    alice.engine.open_camera(None).unwrap();
    until("alice's picture", || screen.shown() > 0).await;
    assert_eq!(held().media_threads, 4);
    drop((alice, bob));
    until_held("after a video call", &before).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_dropped_while_it_rings_leaves_nothing_behind() {
    let _alone = ALONE.lock().await;
    let world = World::new().await;
    drop(world.person("carol").await);
    let before = steady().await;
    let (alice, mut bob) = world.pair().await;
    alice.calling.call(user("bob"), MediaType::Audio).await.unwrap();
    bob.invited().await;
    drop((alice, bob));
    until_held("after ringing", &before).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_media_connection_cancelled_at_every_step_leaves_nothing_behind() {
    let _alone = ALONE.lock().await;
    let fake = Fake::start().await;
    // 0: before the server's half came; 1: while checks go unanswered.
    for step in 0..2 {
        let before = steady().await;
        let (mut script, mut person) =
            tokio::join!(fake.sign_in(), Person::new(fake.config("bob")));
        let facts = common::fake::facts();
        let invited = calling_signaling::protocol::Event::invited(facts, 30_000);
        script.event(invited).await;
        person.invited().await;
        let (id, offer) = script.offer().await;
        if step == 1 {
            script.reply(id, fake.media.answer_from_nowhere(&offer)).await;
            until("checks", || held().sockets > before.sockets + 2).await;
        }
        assert_eq!(held().media_threads, 1);
        drop((person, script));
        until_held(&format!("after step {step}"), &before).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_sign_ins_leave_nothing_behind() {
    let _alone = ALONE.lock().await;
    let world = World::new().await;
    drop(world.person("carol").await);
    let before = steady().await;
    for polls in 0..12 {
        let mut init = Box::pin(Calling::init(world.config("alice")));
        for _ in 0..polls {
            let once = std::future::poll_fn(|cx| std::task::Poll::Ready(init.as_mut().poll(cx)));
            if once.await.is_ready() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        drop(init);
    }
    until_held("after cancelled sign-ins", &before).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_and_a_stream_keep_nothing_alive() {
    let _alone = ALONE.lock().await;
    let world = World::new().await;
    drop(world.person("carol").await);
    let before = steady().await;
    let mut alice = world.person("alice").await;
    let listener: std::sync::Arc<dyn calling::CallingListener> = std::sync::Arc::new(Deaf);
    alice.calling.add_listener(listener);
    let engine = alice.engine.clone();
    drop(alice.calling);
    until_held("with an engine and a stream", &before).await;
    while let Some(happened) = soon("the end", alice.events.next()).await {
        assert!(!matches!(happened.event, ListenerEvent::Invited { .. }));
    }
    assert!(!engine.state().signed_in);
    world.stop().await;
}

struct Deaf;

impl calling::CallingListener for Deaf {}
