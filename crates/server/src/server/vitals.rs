use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Live, LiveSnapshot};

/// A media thread shows signs of life at least once a second; after this long it counts as dead.
const LIFE_SIGN: Duration = Duration::from_secs(5);

/// The figures that the parts of a running server leave for whoever looks. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Vitals {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    began: Instant,
    media_port: u16,
    calls: AtomicU64,
    conversations: AtomicU64,
    devices: AtomicU64,
    pending_writes: AtomicU64,
    media_connections: AtomicU64,
    /// When the media thread was last seen, in milliseconds since `began`.
    media_seen_ms: AtomicU64,
    media_failed: AtomicBool,
}

impl Vitals {
    pub(crate) fn new(now: Instant, media_port: u16) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            inner: Arc::new(Inner {
                began: now,
                media_port,
                calls: zero(),
                conversations: zero(),
                devices: zero(),
                pending_writes: zero(),
                media_connections: zero(),
                media_seen_ms: zero(),
                media_failed: AtomicBool::new(false),
            }),
        }
    }

    /// What the hub knows.
    pub(crate) fn control(&self, calls: usize, talking: usize, devices: usize, pending: usize) {
        set(&self.inner.calls, calls);
        set(&self.inner.conversations, talking);
        set(&self.inner.devices, devices);
        set(&self.inner.pending_writes, pending);
    }

    /// The media thread lives at `now`.
    pub(crate) fn media(&self, now: Instant, connections: usize) {
        let since = now.saturating_duration_since(self.inner.began).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.inner.media_seen_ms.store(since, Ordering::Relaxed);
        set(&self.inner.media_connections, connections);
    }

    /// The media thread has ended and does not come back.
    pub(crate) fn media_failed(&self) {
        self.inner.media_failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.inner.media_failed.load(Ordering::Relaxed)
    }

    fn media_lives(&self, now: Instant) -> bool {
        let seen = Duration::from_millis(get(&self.inner.media_seen_ms));
        !self.has_failed() && now.saturating_duration_since(self.inner.began + seen) < LIFE_SIGN
    }

    fn at(&self, now: Instant) -> LiveSnapshot {
        LiveSnapshot {
            calls: get(&self.inner.calls),
            calls_connected: get(&self.inner.conversations),
            signed_in_devices: get(&self.inner.devices),
            media_connections: get(&self.inner.media_connections),
            media_port: self.inner.media_port,
            shards: 1,
            shards_alive: u64::from(self.media_lives(now)),
            pending_writes: get(&self.inner.pending_writes),
        }
    }
}

impl Live for Vitals {
    fn snapshot(&self) -> LiveSnapshot {
        self.at(Instant::now())
    }
}

fn set(figure: &AtomicU64, value: usize) {
    figure.store(value as u64, Ordering::Relaxed);
}

fn get(figure: &AtomicU64) -> u64 {
    figure.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_media_thread_counts_as_dead() {
        let began = calling_testkit::epoch();
        let vitals = Vitals::new(began, 8081);
        assert_eq!(vitals.at(began).shards_alive, 1);
        assert_eq!(vitals.at(began + LIFE_SIGN).shards_alive, 0);
        vitals.media(began + LIFE_SIGN, 2);
        let seen = vitals.at(began + LIFE_SIGN);
        assert_eq!((seen.shards_alive, seen.media_connections), (1, 2));
        vitals.media_failed();
        assert_eq!(vitals.at(began + LIFE_SIGN).shards_alive, 0);
    }
}
