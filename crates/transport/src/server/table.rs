use std::collections::HashMap;
use std::net::SocketAddr;

use calling_model::ConnectionId;
use rand::Rng;

use super::connection::Connection;
use super::hash::SeededState;
use crate::ice::IceCredentials;

/// All connections, found in constant time by id, by username fragment and by validated address.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Option<Box<Connection>>>,
    free: Vec<usize>,
    by_id: HashMap<ConnectionId, usize, SeededState>,
    by_ufrag: HashMap<String, usize, SeededState>,
    by_address: HashMap<SocketAddr, usize, SeededState>,
}

impl Table {
    pub(super) fn new(rng: &mut impl Rng) -> Self {
        let mut state = || SeededState::new([rng.random(), rng.random()]);
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::with_hasher(state()),
            by_ufrag: HashMap::with_hasher(state()),
            by_address: HashMap::with_hasher(state()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn addresses(&self) -> usize {
        self.by_address.len()
    }

    /// The id and the username fragment of `connection` must be new.
    pub(super) fn insert(&mut self, connection: Connection) -> usize {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.by_id.insert(connection.id, slot);
        self.by_ufrag.insert(connection.local.ufrag().to_owned(), slot);
        self.slots[slot] = Some(Box::new(connection));
        slot
    }

    pub(super) fn remove(&mut self, slot: usize) -> Option<Box<Connection>> {
        let connection = self.slots.get_mut(slot)?.take()?;
        self.by_id.remove(&connection.id);
        self.by_ufrag.remove(connection.local.ufrag());
        for address in connection.addresses() {
            self.by_address.remove(&address);
        }
        self.free.push(slot);
        Some(connection)
    }

    /// Gives a connection other credentials; the username fragment must be new.
    pub(super) fn restart(&mut self, slot: usize, local: IceCredentials, remote: IceCredentials) {
        let Some(connection) = self.slots.get_mut(slot).and_then(Option::as_deref_mut) else {
            return;
        };
        self.by_ufrag.remove(connection.local.ufrag());
        self.by_ufrag.insert(local.ufrag().to_owned(), slot);
        connection.restart(local, remote);
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Connection> {
        self.slots.get(slot)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Connection> {
        self.slots.get_mut(slot)?.as_deref_mut()
    }

    pub(super) fn slot_of(&self, connection: ConnectionId) -> Option<usize> {
        self.by_id.get(&connection).copied()
    }

    pub(super) fn slot_of_ufrag(&self, ufrag: &str) -> Option<usize> {
        self.by_ufrag.get(ufrag).copied()
    }

    pub(super) fn slot_at(&self, address: SocketAddr) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    pub(super) fn bind(&mut self, address: SocketAddr, slot: usize) {
        self.by_address.insert(address, slot);
    }

    pub(super) fn unbind(&mut self, address: SocketAddr) {
        self.by_address.remove(&address);
    }
}
