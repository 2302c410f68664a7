use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use calling_model::{Machine, RoomId};
use calling_room::{Room, RoomConfig};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// The rooms of one shard and when each wants to be woken.
///
/// Who changes a room calls [`Rooms::rearm`] afterwards. A room's deadline rarely moves, so that
/// costs one comparison per packet.
#[derive(Debug)]
pub(super) struct Rooms {
    config: RoomConfig,
    seeds: ChaCha12Rng,
    rooms: HashMap<RoomId, Slot>,
    deadlines: BTreeSet<(Instant, RoomId)>,
}

#[derive(Debug)]
struct Slot {
    room: Room,
    deadline: Option<Instant>,
}

impl Rooms {
    pub(super) fn new(config: RoomConfig, seed: [u8; 32]) -> Self {
        Self {
            config,
            seeds: ChaCha12Rng::from_seed(seed),
            rooms: HashMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    pub(super) fn get_mut(&mut self, id: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(&id).map(|slot| &mut slot.room)
    }

    /// The room, made if it is not there.
    pub(super) fn entry(&mut self, id: RoomId) -> &mut Room {
        let (config, seeds) = (&self.config, &mut self.seeds);
        let make = || Slot { room: Room::new(config.clone(), seeds.random()), deadline: None };
        &mut self.rooms.entry(id).or_insert_with(make).room
    }

    pub(super) fn remove(&mut self, id: RoomId) {
        let deadline = self.rooms.remove(&id).and_then(|slot| slot.deadline);
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, id));
        }
    }

    /// Notes when the room wants to be woken next.
    pub(super) fn rearm(&mut self, id: RoomId) {
        let Some(slot) = self.rooms.get_mut(&id) else { return };
        let deadline = slot.room.poll_timeout().map(|(at, _)| at);
        if deadline == slot.deadline {
            return;
        }
        if let Some(old) = std::mem::replace(&mut slot.deadline, deadline) {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, id));
        }
    }

    /// A room that is due at `now`.
    pub(super) fn due(&self, now: Instant) -> Option<RoomId> {
        self.deadlines.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }
}
