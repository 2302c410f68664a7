use std::time::{Duration, SystemTime, UNIX_EPOCH};

use calling_model::UnixMillis;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Storage, StorageError};

/// How often the server notes that it lives: how far off the end of an interrupted call may be.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How often old records are deleted.
const PURGE: Duration = Duration::from_secs(3_600);

const DAY: Duration = Duration::from_secs(86_400);

/// Keeps the database in order until `stop`: notes that the server lives, and deletes what is
/// older than `keep_days` (0 keeps all).
pub async fn maintain(storage: Storage, keep_days: u32, stop: CancellationToken) {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut purge = interval(PURGE);
    purge.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = heartbeat.tick() => report("noting that the server lives", storage.heartbeat(wall()).await),
            _ = purge.tick() => if keep_days > 0 {
                let before = days_before(wall(), keep_days);
                report("deleting old records", storage.purge(before).await.map(|_| ()));
            },
        }
    }
}

fn wall() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(0).saturating_add(since)
}

fn days_before(at: UnixMillis, days: u32) -> UnixMillis {
    let span = DAY.saturating_mul(days).as_millis();
    UnixMillis(at.0.saturating_sub(u64::try_from(span).unwrap_or(u64::MAX)))
}

fn report(what: &str, result: Result<(), StorageError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "{what} failed; it is tried again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back() {
        assert_eq!(days_before(UnixMillis(86_400_000 * 3 + 7), 2), UnixMillis(86_400_000 + 7));
        assert_eq!(days_before(UnixMillis(5), 36_500), UnixMillis(0));
    }
}
