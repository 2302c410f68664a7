//! Wires between a client and the server that can be slow, cut or silent.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// A TCP wire with a one-way delay, which can be cut and mended.
pub struct Wire {
    pub address: SocketAddr,
    cut: Arc<AtomicBool>,
    lines: Arc<Mutex<Vec<AbortHandle>>>,
    _task: JoinSet<()>,
}

impl Wire {
    pub async fn to(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let mut task = JoinSet::new();
        let (is_cut, made) = (Arc::clone(&cut), Arc::clone(&lines));
        task.spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                if !is_cut.load(Ordering::SeqCst) {
                    let line = running.spawn(line(client, server, delay));
                    made.lock().unwrap().push(line);
                }
            }
        });
        Self { address, cut, lines, _task: task }
    }

    /// Ends every connection and refuses new ones.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for line in self.lines.lock().unwrap().drain(..) {
            line.abort();
        }
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

async fn line(client: TcpStream, server: SocketAddr, delay: Duration) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(carry(from_client, to_server, delay), carry(from_server, to_client, delay));
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (send, mut receive) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 16_384];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let _ = send.send((Instant::now() + delay, buffer[..length].to_vec()));
        }
    };
    let write = async move {
        while let Some((due, bytes)) = receive.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

/// A UDP wire with a one-way delay, which can be silent.
pub struct Ether {
    pub address: SocketAddr,
    silent: Arc<AtomicBool>,
    _task: JoinSet<()>,
}

impl Ether {
    pub async fn to(server: SocketAddr, delay: Duration) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = socket.local_addr().unwrap();
        let silent = Arc::new(AtomicBool::new(false));
        let mut task = JoinSet::new();
        task.spawn(relay(socket, server, delay, Arc::clone(&silent)));
        Self { address, silent, _task: task }
    }

    /// Loses everything, or nothing any more.
    pub fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }
}

async fn relay(
    socket: Arc<UdpSocket>,
    server: SocketAddr,
    delay: Duration,
    silent: Arc<AtomicBool>,
) {
    let mut tasks = JoinSet::new();
    let mut clients: BTreeMap<SocketAddr, mpsc::UnboundedSender<(Instant, Vec<u8>)>> =
        BTreeMap::new();
    let mut buffer = vec![0; 2_048];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else { continue };
        if silent.load(Ordering::SeqCst) {
            continue;
        }
        let line = match clients.entry(client) {
            Entry::Occupied(line) => line.into_mut(),
            Entry::Vacant(place) => {
                let upstream = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                let (there, back) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
                tasks.spawn(send_late(there.1, Arc::clone(&upstream), server));
                tasks.spawn(send_late(back.1, Arc::clone(&socket), client));
                tasks.spawn(hear(upstream, back.0, delay, Arc::clone(&silent)));
                place.insert(there.0)
            }
        };
        let _ = line.send((Instant::now() + delay, buffer[..length].to_vec()));
    }
}

async fn hear(
    upstream: Arc<UdpSocket>,
    back: mpsc::UnboundedSender<(Instant, Vec<u8>)>,
    delay: Duration,
    silent: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 2_048];
    loop {
        let Ok(length) = upstream.recv(&mut buffer).await else { continue };
        if !silent.load(Ordering::SeqCst) {
            let _ = back.send((Instant::now() + delay, buffer[..length].to_vec()));
        }
    }
}

async fn send_late(
    mut datagrams: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>,
    socket: Arc<UdpSocket>,
    to: SocketAddr,
) {
    while let Some((due, datagram)) = datagrams.recv().await {
        tokio::time::sleep_until(due).await;
        let _ = socket.send_to(&datagram, to).await;
    }
}
