//! One impaired leg between a client and the server: signalling (TCP) and media (UDP) alike.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use calling_impair::{Impairment, Link};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::wait::until;

/// Largest datagram relayed; media stays below 1,500.
const MAX_DATAGRAM_BYTES: usize = 2_048;
/// Chunks of signalling under way in one direction before the relay stops reading.
const MOST_CHUNKS: usize = 256;
/// What a lost TCP segment costs beyond a round trip: the least retransmission timeout of Linux.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// A leg: the client talks to these two addresses as if they were the server.
pub(crate) struct Leg {
    pub(crate) signalling: SocketAddr,
    pub(crate) media: SocketAddr,
    healed: Arc<AtomicBool>,
    _stop: DropGuard,
}

impl Leg {
    /// Opens a leg to the server at `http` and `media`. Its dice are rolled from `seed`.
    pub(crate) async fn open(
        http: SocketAddr,
        media: SocketAddr,
        impairment: Impairment,
        seed: u64,
    ) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let healed = Arc::new(AtomicBool::new(false));
        let weather = Weather { impairment, healed: Arc::clone(&healed) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let signalling = listener.local_addr()?;
        let client_side = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let media_addr = client_side.local_addr()?;
        let server_side = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        server_side.connect(media).await?;

        let streams = relay_streams(listener, http, weather.clone(), seed);
        tokio::spawn(stop.clone().run_until_cancelled_owned(streams));
        let datagrams = relay_datagrams(client_side, server_side, weather, seed);
        tokio::spawn(stop.clone().run_until_cancelled_owned(datagrams));
        Ok(Self { signalling, media: media_addr, healed, _stop: stop.drop_guard() })
    }

    /// From now on only the delay is left: no loss, no jitter.
    pub(crate) fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }
}

/// What the leg does at the moment.
#[derive(Clone)]
struct Weather {
    impairment: Impairment,
    healed: Arc<AtomicBool>,
}

impl Weather {
    fn now(&self) -> Impairment {
        if self.healed.load(Ordering::Relaxed) {
            return Impairment { delay: self.impairment.delay, ..Impairment::default() };
        }
        self.impairment.clone()
    }
}

async fn relay_datagrams(client: UdpSocket, server: UdpSocket, weather: Weather, seed: u64) {
    let mut up = Link::new(weather.now(), seed.wrapping_mul(4));
    let mut down = Link::new(weather.now(), seed.wrapping_mul(4).wrapping_add(1));
    let mut from_client = [0; MAX_DATAGRAM_BYTES];
    let mut from_server = [0; MAX_DATAGRAM_BYTES];
    let mut client_address = None;
    loop {
        let next = [up.next_arrival(), down.next_arrival()].into_iter().flatten().min();
        tokio::select! {
            received = client.recv_from(&mut from_client) => {
                if let Ok((length, source)) = received {
                    client_address = Some(source);
                    up.impair(weather.now());
                    up.send(Instant::now(), from_client[..length].to_vec());
                }
            }
            received = server.recv(&mut from_server) => {
                if let Ok(length) = received {
                    down.impair(weather.now());
                    down.send(Instant::now(), from_server[..length].to_vec());
                }
            }
            () = until(next) => {}
        }
        let now = Instant::now();
        while let Some((_, datagram)) = up.receive(now) {
            // A refused datagram is lost, as on a real network.
            let _ = server.send(&datagram).await;
        }
        while let Some((_, datagram)) = down.receive(now) {
            if let Some(address) = client_address {
                let _ = client.send_to(&datagram, address).await;
            }
        }
    }
}

async fn relay_streams(listener: TcpListener, server: SocketAddr, weather: Weather, seed: u64) {
    let mut connections: u64 = 0;
    let mut open = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections += 1;
        let seed = seed.wrapping_mul(4).wrapping_add(2).wrapping_add(connections << 32);
        open.spawn(relay_stream(client, server, weather.clone(), seed));
        while open.try_join_next().is_some() {}
    }
}

async fn relay_stream(client: TcpStream, server: SocketAddr, weather: Weather, seed: u64) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (Ok(()), Ok(())) = (client.set_nodelay(true), server.set_nodelay(true)) else { return };
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    tokio::join!(
        delay_stream(client_read, server_write, weather.clone(), seed),
        delay_stream(server_read, client_write, weather, seed.wrapping_add(1)),
    );
}

/// Copies one direction. TCP loses nothing and keeps order, so loss and jitter become delay.
async fn delay_stream(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    weather: Weather,
    seed: u64,
) {
    let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(MOST_CHUNKS);
    let read = async move {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut due = Instant::now();
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut chunk).await {
            due = due.max(Instant::now() + segment_delay(&weather.now(), &mut dice));
            if sender.send((due, chunk[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, chunk)) = receiver.recv().await {
            until(Some(due)).await;
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}

fn segment_delay(impairment: &Impairment, dice: &mut ChaCha8Rng) -> Duration {
    let mut delay = impairment.delay + impairment.jitter.mul_f64(dice.random_range(0.0..=1.0));
    if dice.random_bool(impairment.loss) {
        delay += RETRANSMISSION + 2 * impairment.delay;
    }
    delay
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delayed(millis: u64) -> Impairment {
        Impairment { delay: Duration::from_millis(millis), ..Impairment::default() }
    }

    async fn leg(impairment: Impairment) -> (Leg, TcpListener, UdpSocket) {
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let media = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addresses = (http.local_addr().unwrap(), media.local_addr().unwrap());
        let leg = Leg::open(addresses.0, addresses.1, impairment, 1).await.unwrap();
        (leg, http, media)
    }

    #[tokio::test]
    async fn signalling_and_media_pass_both_ways_no_earlier_than_the_delay() {
        let (leg, http, media) = leg(delayed(20)).await;
        let began = Instant::now();
        let mut client = TcpStream::connect(leg.signalling).await.unwrap();
        client.write_all(b"hello").await.unwrap();
        let (mut accepted, _) = http.accept().await.unwrap();
        let mut heard = [0; 5];
        accepted.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
        assert!(began.elapsed() >= Duration::from_millis(20));
        accepted.write_all(b"world").await.unwrap();
        client.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"world");

        let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        phone.send_to(b"ping", leg.media).await.unwrap();
        let mut buffer = [0; 16];
        let (length, relay) = media.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"ping");
        media.send_to(b"pong", relay).await.unwrap();
        let (length, _) = phone.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"pong");
    }

    #[tokio::test]
    async fn a_healed_leg_loses_nothing() {
        let (leg, _http, media) = leg(Impairment { loss: 1.0, ..Impairment::default() }).await;
        let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        phone.send_to(b"lost", leg.media).await.unwrap();
        leg.heal();
        phone.send_to(b"kept", leg.media).await.unwrap();
        let mut buffer = [0; 16];
        loop {
            let (length, _) = media.recv_from(&mut buffer).await.unwrap();
            // The first datagram may have met the healed leg if the relay was slow to read it.
            if &buffer[..length] == b"kept" {
                break;
            }
        }
    }
}
