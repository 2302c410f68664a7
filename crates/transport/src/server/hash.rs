use std::hash::{BuildHasher, DefaultHasher, Hasher};

/// Hashes with a secret drawn from the machine's own seed, so that a run replays and a stranger
/// cannot choose keys that collide.
#[derive(Clone, Debug)]
pub(super) struct SeededState([u64; 2]);

impl SeededState {
    pub(super) const fn new(secret: [u64; 2]) -> Self {
        Self(secret)
    }
}

impl BuildHasher for SeededState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0[0]);
        hasher.write_u64(self.0[1]);
        hasher
    }
}
