//! The virtual world for tests: a clock that never ticks by itself, a seeded network and a check
//! of the machine contract. For tests only; nothing that ships links it.

mod contract;

use std::sync::OnceLock;
use std::time::Instant;

pub use calling_impair::{Impairment, Link};
pub use contract::{Drained, drain};

/// The instant at which every virtual world begins. Reads the clock once per process; all virtual
/// time is counted from here.
pub fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

/// A seed from a small number, for machines that take 32 bytes.
pub fn seed(number: u64) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}
