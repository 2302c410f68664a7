use std::future::Future;

use crate::ice::{Candidate, IceCredentials};

/// One side's ICE description, as it travels over signalling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathParams {
    /// Username fragment and password.
    pub credentials: IceCredentials,
    /// Addresses it may be reached at; may be empty.
    pub candidates: Vec<Candidate>,
}

/// Why there is no path, or no longer one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path was closed by its owner.
    #[error("the path is closed")]
    Closed,
    /// No candidate pair answered in time, or consent was lost.
    #[error("no path to the peer: {0}")]
    Unreachable(String),
    /// The operating system refused.
    #[error("the network refused: {0}")]
    Network(String),
}

/// An ICE agent on its way to a [`Path`]. Implemented by the driver that owns sockets.
pub trait PathFinder: Send {
    /// What it finds.
    type Path: Path;

    /// Opens sockets and gathers what the peer needs to know.
    fn gather(&mut self) -> impl Future<Output = Result<PathParams, PathError>> + Send;

    /// Checks pairs with the peer until one is nominated. Dropping the future gives up.
    fn connect(
        self,
        remote: PathParams,
    ) -> impl Future<Output = Result<Self::Path, PathError>> + Send;
}

/// A nominated way for datagrams to the peer and back. STUN stays inside.
pub trait Path: Send + Sync {
    /// Sends one datagram.
    fn send(&self, datagram: &[u8]) -> impl Future<Output = Result<(), PathError>> + Send;

    /// Receives one datagram; gives its length in bytes. What exceeds `buffer` is lost.
    fn receive(&self, buffer: &mut [u8]) -> impl Future<Output = Result<usize, PathError>> + Send;

    /// Frees the sockets. Pending calls return [`PathError::Closed`].
    fn close(&self) -> impl Future<Output = ()> + Send;
}
