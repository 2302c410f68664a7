use std::collections::BTreeSet;

use calling_model::{CallId, InviteId, RoomId, UnixMillis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Where every id comes from: a seeded generator that cannot be guessed from its output.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    rng: ChaCha12Rng,
}

/// The largest room number calls use; the model's clients read it as a signed 32-bit number.
const MAX_ROOM: u32 = 2_147_483_647;

impl Ids {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self { rng: ChaCha12Rng::from_seed(seed) }
    }

    /// 48 bits of time and 80 of chance, as RFC 9562 section 5.7 has it for UUIDs: calls placed
    /// one after the other lie side by side in an index, and nobody guesses one.
    pub(super) fn call_id(&mut self, placed: UnixMillis) -> CallId {
        let (time, chance) = (placed.0 & 0xffff_ffff_ffff, self.rng.random::<u128>() >> 48);
        // 32 hexadecimal digits are a valid id.
        CallId::new(format!("{time:012x}{chance:020x}"))
            .unwrap_or_else(|_| unreachable!("hexadecimal digits are words"))
    }

    pub(super) fn invite_id(&mut self) -> InviteId {
        let id = format!("{:032x}", self.rng.random::<u128>());
        // As above.
        InviteId::new(id).unwrap_or_else(|_| unreachable!("hexadecimal digits are graphic"))
    }

    /// A room nobody else is in. There are 2³¹ − 1 and far fewer calls, so that a few draws do.
    pub(super) fn room_id(&mut self, taken: &BTreeSet<RoomId>) -> RoomId {
        loop {
            let drawn = RoomId::new(self.rng.random_range(1..=MAX_ROOM));
            if let Some(room) = drawn.ok().filter(|room| !taken.contains(room)) {
                return room;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACED: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn ids_have_their_shape_and_differ() {
        let mut ids = Ids::new([7; 32]);
        let calls: BTreeSet<CallId> = (0..100).map(|_| ids.call_id(PLACED)).collect();
        assert_eq!(calls.len(), 100);
        for id in &calls {
            assert_eq!(id.as_str().len(), 32);
            assert!(id.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_eq!(ids.invite_id().as_str().len(), 32);
    }

    #[test]
    fn a_later_call_has_a_greater_id() {
        let mut ids = Ids::new([7; 32]);
        let calls: Vec<CallId> =
            (0..100).map(|after| ids.call_id(UnixMillis(PLACED.0 + after))).collect();
        assert!(calls.is_sorted());
        // What the clock of a broken machine says is no reason to fail.
        assert_eq!(ids.call_id(UnixMillis(u64::MAX)).as_str().len(), 32);
    }

    #[test]
    fn rooms_in_range_and_never_taken_twice() {
        let mut ids = Ids::new([7; 32]);
        let mut taken = BTreeSet::new();
        for _ in 0..1_000 {
            let room = ids.room_id(&taken);
            assert!((1..=MAX_ROOM).contains(&room.get()));
            assert!(taken.insert(room));
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(Ids::new([1; 32]).call_id(PLACED), Ids::new([1; 32]).call_id(PLACED));
        assert_ne!(Ids::new([1; 32]).call_id(PLACED), Ids::new([2; 32]).call_id(PLACED));
    }
}
