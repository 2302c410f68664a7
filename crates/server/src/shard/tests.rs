//! The thread itself; what it does with media is tested in virtual time (`tests/plane`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::RoomId;
use calling_room::RoomConfig;
use calling_transport::Certificate;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{Shard, ShardCommand, ShardEvent, ShardExit, ShardSettings, bind, spawn};
use crate::server::Vitals;

const PATIENCE: Duration = Duration::from_secs(10);

fn start() -> (Shard, ShardExit, mpsc::Receiver<ShardEvent>) {
    let bound = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let settings = ShardSettings {
        name: "media-test".to_owned(),
        certificate: Arc::new(Certificate::generate().unwrap()),
        candidates: vec![bound.address],
        max_connections: 10,
        handshake_timeout: Duration::from_secs(30),
        room: RoomConfig::default(),
        seeds: [calling_testkit::seed(1); 2],
    };
    let (events, told) = mpsc::channel(4);
    let vitals = Vitals::new(Instant::now(), bound.address.port());
    let (shard, exit) = spawn(bound, settings, events, vitals).unwrap();
    (shard, exit, told)
}

#[tokio::test]
async fn a_gate_is_acknowledged() {
    let (shard, _exit, _told) = start();
    let (done, opened) = oneshot::channel();
    let room = RoomId::new(1).unwrap();
    shard.send(ShardCommand::OpenGate { room, admit: Vec::new(), done }).await.unwrap();
    timeout(PATIENCE, opened).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_ends_the_thread() {
    let (shard, exit, _told) = start();
    shard.send(ShardCommand::Stop).await.unwrap();
    timeout(PATIENCE, exit).await.unwrap().unwrap().unwrap();
    assert!(shard.send(ShardCommand::Stop).await.is_err());
}

#[tokio::test]
async fn a_thread_without_a_hub_ends() {
    let (shard, exit, told) = start();
    drop((shard, told));
    timeout(PATIENCE, exit).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_panic_is_noticed() {
    let (shard, exit, _told) = start();
    shard.send(ShardCommand::Panic).await.unwrap();
    assert!(timeout(PATIENCE, exit).await.unwrap().is_err());
}
