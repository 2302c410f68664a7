use std::time::Duration;

use calling_callrecord::QualitySummary;
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use tokio::time::timeout;

use super::CallStore;
use crate::storage::{Delivery, StorageError};

/// How long a caller waits for a failing database before the call is refused.
const START_DEADLINE: Duration = Duration::from_secs(6);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Beside the time of the attempts.
const ACCEPT_PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200)];

/// Stores the start of a call; `false` if the database does not take it for a while. Whether it
/// does so later is then unknown: see [`refused`].
pub(super) async fn start(store: impl CallStore, facts: CallFacts) -> bool {
    let stored = timeout(START_DEADLINE, start_patiently(&store, &facts)).await.is_ok();
    if !stored {
        tracing::error!("a call is refused: its start cannot be stored");
    }
    stored
}

async fn start_patiently(store: &impl CallStore, facts: &CallFacts) {
    let mut pauses = Pauses::default();
    while let Err(error) = store.call_started(facts).await {
        tracing::warn!(%error, "a call's start is not stored yet");
        pauses.wait().await;
    }
}

/// Sees to it, however long it takes, that a refused call leaves no trace.
pub(super) async fn refused(store: impl CallStore, call_id: CallId) {
    let mut pauses = Pauses::default();
    while let Err(error) = store.call_refused(&call_id).await {
        tracing::warn!(%error, "a refused call may have left a trace; trying again");
        pauses.wait().await;
    }
}

/// Stores who accepted. Only a killed server's records need it, so it is given up in the end: the
/// end of the call is stored with it.
pub(super) async fn accept(store: impl CallStore, call_id: CallId, by: UserId, at: UnixMillis) {
    for pause in ACCEPT_PAUSES {
        match store.call_accepted(&call_id, &by, at).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "a call's acceptance is not stored yet"),
        }
        tokio::time::sleep(pause).await;
    }
}

/// How long those who are invited to a call that lives wait for a failing database.
const INVITE_DEADLINE: Duration = Duration::from_secs(2);

/// Stores who was invited to a call that lives. Given up after a while as an acceptance is: they
/// are to ring all the same.
pub(super) async fn invited(store: impl CallStore, call_id: CallId, users: Vec<UserId>) {
    let stored = timeout(INVITE_DEADLINE, async {
        let mut pauses = Pauses::default();
        while let Err(error) = store.call_invited(&call_id, &users).await {
            tracing::warn!(%error, "those invited to a call are not stored yet");
            pauses.wait().await;
        }
    });
    if stored.await.is_err() {
        tracing::error!("those invited to a call cannot be stored; they ring all the same");
    }
}

/// Stores the end of a call, however long it takes.
pub(super) async fn end(
    store: impl CallStore,
    ended: EndedCall,
    quality: Option<QualitySummary>,
) -> Vec<Delivery> {
    let mut pauses = Pauses::default();
    loop {
        match store.end_call(&ended, quality.as_ref()).await {
            Ok(messages) => return messages,
            Err(error) => complain(&error),
        }
        pauses.wait().await;
    }
}

/// Ever longer pauses between attempts.
struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}

fn complain(error: &StorageError) {
    if error.is_retryable() {
        tracing::warn!(%error, "a call's record is kept in memory until it can be stored");
    } else {
        tracing::error!(%error, "a call's record cannot be stored and is kept in memory");
    }
}
