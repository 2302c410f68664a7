use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auth::network;

/// Counts connections that have not signed in, by source. Who has signed in is counted no more:
/// an office behind one address may have many.
#[derive(Clone, Debug)]
pub(super) struct HalfOpen {
    max_per_source: u32,
    sources: Arc<Mutex<BTreeMap<IpAddr, u32>>>,
}

/// One counted connection; given back when dropped.
#[derive(Debug)]
pub(super) struct HalfOpenPass {
    counted: Option<(HalfOpen, IpAddr)>,
}

impl HalfOpen {
    pub(super) fn new(max_per_source: u32) -> Self {
        Self { max_per_source, sources: Arc::default() }
    }

    /// Counts a connection of `source`; `None` if it has too many. Loopback is exempt, since what
    /// comes from there is this machine's own.
    pub(super) fn admit(&self, source: IpAddr) -> Option<HalfOpenPass> {
        if source.to_canonical().is_loopback() {
            return Some(HalfOpenPass { counted: None });
        }
        let source = network(source);
        let mut sources = self.lock();
        let count = sources.entry(source).or_default();
        if *count >= self.max_per_source {
            return None;
        }
        *count += 1;
        Some(HalfOpenPass { counted: Some((self.clone(), source)) })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, u32>> {
        // Counts stay usable whatever happened to the thread that held them.
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HalfOpenPass {
    fn drop(&mut self) {
        let Some((half_open, source)) = self.counted.take() else { return };
        let mut sources = half_open.lock();
        if let Some(count) = sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_cannot_hold_many_half_open_connections() {
        let half_open = HalfOpen::new(2);
        let held = [half_open.admit(ip("192.0.2.1")), half_open.admit(ip("192.0.2.1"))];
        assert!(held.iter().all(Option::is_some));
        assert!(half_open.admit(ip("192.0.2.1")).is_none());
        assert!(half_open.admit(ip("::ffff:192.0.2.1")).is_none(), "the same by another name");
        assert!(half_open.admit(ip("192.0.2.2")).is_some(), "others are not affected");
        assert!(half_open.admit(ip("127.0.0.1")).is_some());
        drop(held);
        assert!(half_open.admit(ip("192.0.2.1")).is_some());
        assert!(half_open.lock().is_empty(), "nothing is remembered of closed ones");
    }
}
