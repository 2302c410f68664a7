use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::Outgoing;
use super::counters::ShardCounters;

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

/// The socket as a place to send to. What it refuses is counted: media is never sent twice.
pub(super) struct SocketOut<'a> {
    pub(super) socket: &'a mio::net::UdpSocket,
    pub(super) counters: &'a mut ShardCounters,
}

impl Outgoing for SocketOut<'_> {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        match self.socket.send_to(datagram, to) {
            Ok(sent) => {
                self.counters.datagrams_sent += 1;
                self.counters.bytes_sent += sent as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.counters.send_full += 1;
            }
            Err(error) => {
                tracing::trace!(%error, "a datagram could not be sent");
                self.counters.send_errors += 1;
            }
        }
    }
}
