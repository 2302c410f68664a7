//! A UDP wire whose weather is a seeded value.

use std::net::SocketAddr;
use std::time::Instant;

use calling_impair::{Impairment, Link};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// A UDP wire for one client with the same weather each way.
pub struct Storm {
    pub address: SocketAddr,
    _task: JoinSet<()>,
}

impl Storm {
    pub async fn to(server: SocketAddr, weather: Impairment, seed: u64) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        far.connect(server).await.unwrap();
        let address = near.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(rage(near, far, [Link::new(weather.clone(), seed), Link::new(weather, !seed)]));
        Self { address, _task: task }
    }
}

async fn rage(near: UdpSocket, far: UdpSocket, [mut there, mut back]: [Link<Vec<u8>>; 2]) {
    let mut client = None;
    let (mut from_client, mut from_server) = (vec![0; 2_048], vec![0; 2_048]);
    loop {
        let next = there.next_arrival().into_iter().chain(back.next_arrival()).min();
        let arrival = async {
            match next {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok((length, from)) = near.recv_from(&mut from_client) => {
                client = Some(from);
                there.send(Instant::now(), from_client[..length].to_vec());
            }
            Ok(length) = far.recv(&mut from_server) => {
                back.send(Instant::now(), from_server[..length].to_vec());
            }
            () = arrival => {}
        }
        let now = Instant::now();
        while let Some((_, datagram)) = there.receive(now) {
            let _ = far.send(&datagram).await;
        }
        while let Some((_, datagram)) = back.receive(now) {
            if let Some(client) = client {
                let _ = near.send_to(&datagram, client).await;
            }
        }
    }
}
