use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

use super::counters::ShardCounters;
use super::gather::Carrier;

/// The largest datagram received or sent, in bytes; of longer ones the rest is left out, so that
/// they fail authentication. Ethernet carries 1500 with headers.
pub(super) const DATAGRAM_BYTES: usize = 2048;
/// The most one buffer can receive: datagrams the kernel joined (UDP generic receive offload).
const JOINED_BYTES: usize = 65_536;
/// What the kernel may hold for us in each direction: about a second of 500 voice calls. It grants
/// less if `net.core.rmem_max` says so.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// The media port, bound before the server says that it runs.
#[derive(Debug)]
pub(crate) struct BoundSocket {
    pub(super) socket: UdpSocket,
    pub(crate) address: SocketAddr,
}

/// Binds the media port.
pub(crate) fn bind(address: SocketAddr) -> io::Result<BoundSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    // Refused sizes leave the default, which works for small servers.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let socket = UdpSocket::from(socket);
    let address = socket.local_addr()?;
    Ok(BoundSocket { socket, address })
}

/// The media port in use: several datagrams with each system call, where the kernel can.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) socket: mio::net::UdpSocket,
    state: UdpSocketState,
}

impl Port {
    pub(super) fn new(bound: BoundSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&bound.socket).into())?;
        Ok(Self { socket: mio::net::UdpSocket::from_std(bound.socket), state })
    }

    /// Reads what has come, as much as one call gives. `Ok(false)` if there was nothing.
    pub(super) fn read(
        &self,
        inbox: &mut Inbox,
        mut take: impl FnMut(SocketAddr, &mut [u8]),
    ) -> io::Result<bool> {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let mut buffers = inbox.0.chunks_mut(JOINED_BYTES);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(buffers.next().unwrap_or_default()));
        let count = match self.state.recv((&self.socket).into(), &mut slices, &mut metas) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        for (meta, slice) in metas.iter().zip(&mut slices).take(count) {
            for datagram in slice[..meta.len].chunks_mut(meta.stride.max(1)) {
                let length = datagram.len().min(DATAGRAM_BYTES);
                take(meta.addr, &mut datagram[..length]);
            }
        }
        Ok(true)
    }
}

/// Room for what one call reads.
#[derive(Debug)]
pub(super) struct Inbox(Box<[u8]>);

impl Inbox {
    pub(super) fn new() -> Self {
        Self(vec![0; BATCH_SIZE * JOINED_BYTES].into_boxed_slice())
    }
}

/// The port as a place to send to. What it refuses is counted: media is never sent twice.
pub(super) struct PortOut<'a> {
    pub(super) port: &'a Port,
    pub(super) counters: &'a mut ShardCounters,
}

impl PortOut<'_> {
    /// One call; the error, unless it is counted.
    fn call(&mut self, to: SocketAddr, bytes: &[u8], segment: Option<usize>) -> io::Result<()> {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents: bytes,
            segment_size: segment,
            src_ip: None,
        };
        self.port.state.try_send((&self.port.socket).into(), &transmit)?;
        self.counters.datagrams_sent += segment.map_or(1, |size| bytes.len().div_ceil(size)) as u64;
        self.counters.bytes_sent += bytes.len() as u64;
        self.counters.send_calls += 1;
        Ok(())
    }

    fn refused(&mut self, error: &io::Error, datagrams: usize) {
        if error.kind() == io::ErrorKind::WouldBlock {
            self.counters.send_full += datagrams as u64;
        } else {
            tracing::trace!(%error, "datagrams could not be sent");
            self.counters.send_errors += datagrams as u64;
        }
    }
}

impl Carrier for PortOut<'_> {
    fn most_segments(&self) -> usize {
        self.port.state.max_gso_segments()
    }

    fn carry(&mut self, to: SocketAddr, bytes: &[u8], segment: usize) {
        let count = bytes.len().div_ceil(segment.max(1));
        let whole = self.call(to, bytes, (count > 1).then_some(segment));
        match whole {
            Ok(()) => {}
            // A full buffer takes no shorter ones either.
            Err(error) if count == 1 || error.kind() == io::ErrorKind::WouldBlock => {
                self.refused(&error, count);
            }
            // Some devices cannot cut; the state has learnt it, and these go one by one.
            Err(_) => {
                for datagram in bytes.chunks(segment) {
                    if let Err(error) = self.call(to, datagram, None) {
                        self.refused(&error, 1);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::shard::gather::LONGEST_SEGMENT;

    fn port() -> (Port, SocketAddr) {
        let bound = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = bound.address;
        (Port::new(bound).unwrap(), address)
    }

    /// Five datagrams, the last of them shorter.
    fn run(segment: usize) -> Vec<u8> {
        (0..4 * segment + segment / 2).map(|index| (index / segment) as u8).collect()
    }

    #[test]
    fn a_run_arrives_as_the_datagrams_it_is_of() {
        let (port, _) = port();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut counters = ShardCounters::default();
        for segment in [100, LONGEST_SEGMENT] {
            let mut out = PortOut { port: &port, counters: &mut counters };
            out.carry(peer.local_addr().unwrap(), &run(segment), segment);
            let mut buffer = [0; DATAGRAM_BYTES];
            for number in 0..5 {
                let (length, _) = peer.recv_from(&mut buffer).unwrap();
                assert_eq!(length, if number < 4 { segment } else { segment / 2 });
                assert!(buffer[..length].iter().all(|byte| *byte == number));
            }
        }
        assert_eq!((counters.datagrams_sent, counters.send_errors), (10, 0));
        assert!(counters.send_calls == 2 || counters.send_calls >= 10, "{counters:?}");
    }

    #[test]
    fn what_the_kernel_joined_is_taken_apart() {
        let ((from, source), (to, address)) = (port(), port());
        let mut counters = ShardCounters::default();
        PortOut { port: &from, counters: &mut counters }.carry(address, &run(300), 300);
        let (mut inbox, mut lengths) = (Inbox::new(), Vec::new());
        while lengths.len() < 5 {
            to.read(&mut inbox, |peer, datagram| {
                assert_eq!(peer, source);
                assert!(datagram.iter().all(|byte| usize::from(*byte) == lengths.len()));
                lengths.push(datagram.len());
            })
            .unwrap();
        }
        assert_eq!(lengths, [300, 300, 300, 300, 150]);
    }

    #[test]
    fn of_a_datagram_that_is_too_long_the_rest_is_left_out() {
        let (port, address) = port();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.send_to(&[7; DATAGRAM_BYTES + 500], address).unwrap();
        let (mut inbox, mut lengths) = (Inbox::new(), Vec::new());
        while lengths.is_empty() {
            port.read(&mut inbox, |_, datagram| lengths.push(datagram.len())).unwrap();
        }
        assert_eq!(lengths, [DATAGRAM_BYTES]);
    }
}
