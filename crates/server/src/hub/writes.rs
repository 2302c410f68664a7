use std::time::Duration;

use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::protocol::MessageEvent;
use tokio::time::timeout;

use super::CallStore;
use crate::storage::StorageError;

/// How long a caller waits for a failing database before the call is refused, beside the time
/// of the attempts: the sum is 350 ms.
const START_PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200)];

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long one attempt to store the start of a call may take.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// Stores the start of a call; `false` if the database does not take it for a while.
pub(super) async fn start(store: impl CallStore, facts: CallFacts) -> bool {
    for pause in START_PAUSES {
        match try_start(&store, &facts).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(%error, "a call's start is not stored yet"),
        }
        tokio::time::sleep(pause).await;
    }
    match try_start(&store, &facts).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "a call is refused: its start cannot be stored");
            false
        }
    }
}

async fn try_start(store: &impl CallStore, facts: &CallFacts) -> Result<(), StorageError> {
    timeout(START_TIMEOUT, store.call_started(facts)).await.unwrap_or(Err(StorageError::Busy))
}

/// Stores who accepted. Only a killed server's records need it, so it is given up in the end: the
/// end of the call is stored with it.
pub(super) async fn accept(store: impl CallStore, call_id: CallId, by: UserId, at: UnixMillis) {
    for pause in START_PAUSES {
        match store.call_accepted(&call_id, &by, at).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "a call's acceptance is not stored yet"),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Stores the end of a call, however long it takes.
pub(super) async fn end(store: impl CallStore, ended: EndedCall) -> Option<MessageEvent> {
    let mut pause = FIRST_PAUSE;
    loop {
        match store.end_call(&ended).await {
            Ok(message) => return message,
            Err(error) => complain(&error),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn complain(error: &StorageError) {
    if error.is_retryable() {
        tracing::warn!(%error, "a call's record is kept in memory until it can be stored");
    } else {
        tracing::error!(%error, "a call's record cannot be stored and is kept in memory");
    }
}
