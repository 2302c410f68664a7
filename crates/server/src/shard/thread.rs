use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use calling_room::RoomConfig;
use calling_transport::{Certificate, LiteConfig};
use mio::{Interest, Poll, Waker};
use tokio::sync::{mpsc, oneshot};

use super::plane::Plane;
use super::socket::Port;
use super::worker::{SOCKET, WAKER, Worker};
use super::{BoundSocket, ShardCommand, ShardEvent};
use crate::server::Vitals;

/// Commands that may wait for a shard. Its thread never waits for the hub, so the hub may wait
/// here.
const COMMANDS: usize = 1_024;

/// What a shard is told when it begins.
#[derive(Debug)]
pub(crate) struct ShardSettings {
    /// Of the thread.
    pub(crate) name: String,
    pub(crate) certificate: Arc<Certificate>,
    /// Where clients reach the socket.
    pub(crate) candidates: Vec<SocketAddr>,
    pub(crate) max_connections: usize,
    pub(crate) handshake_timeout: Duration,
    pub(crate) room: RoomConfig,
    /// Secret: ICE passwords are drawn from the first.
    pub(crate) seeds: [[u8; 32]; 2],
}

/// The hub's end of a shard.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    commands: mpsc::Sender<ShardCommand>,
    waker: Arc<Waker>,
}

/// How a shard's thread ended; an error of the receiver means that it panicked.
pub(crate) type ShardExit = oneshot::Receiver<io::Result<()>>;

/// The shard's thread has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media thread has ended")]
pub(crate) struct ShardGone;

impl Shard {
    /// Has the shard do something, after what it was told before.
    pub(crate) async fn send(&self, command: ShardCommand) -> Result<(), ShardGone> {
        self.commands.send(command).await.map_err(|_| ShardGone)?;
        // Fails only if the thread is gone, which the queue tells next time.
        let _ = self.waker.wake();
        Ok(())
    }

    /// A shard that is played by a test.
    #[cfg(test)]
    pub(crate) fn detached() -> (Self, mpsc::Receiver<ShardCommand>, Poll) {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).unwrap());
        let (commands, queue) = mpsc::channel(COMMANDS);
        (Self { commands, waker }, queue, poll)
    }
}

/// Starts the thread of a shard.
pub(crate) fn spawn(
    bound: BoundSocket,
    settings: ShardSettings,
    events: mpsc::Sender<ShardEvent>,
    vitals: Vitals,
) -> io::Result<(Shard, ShardExit)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let mut port = Port::new(bound)?;
    poll.registry().register(&mut port.socket, SOCKET, Interest::READABLE)?;
    let (commands, queue) = mpsc::channel(COMMANDS);
    let plane = Plane::new(lite(&settings), settings.room, settings.seeds);
    let worker = Worker::new(poll, port, plane, queue, events, vitals);
    let (exit, exited) = oneshot::channel();
    std::thread::Builder::new().name(settings.name).spawn(move || {
        // If this panics, `exit` is dropped unsent; if nobody listens, the server is gone already.
        let result = worker.run();
        let _ = exit.send(result);
    })?;
    Ok((Shard { commands, waker }, exited))
}

fn lite(settings: &ShardSettings) -> LiteConfig {
    let mut lite = LiteConfig::new(Arc::clone(&settings.certificate), settings.candidates.clone());
    lite.max_connections = settings.max_connections;
    lite.handshake_timeout = settings.handshake_timeout;
    lite
}
