//! Writes of calls, many in one transaction.
//!
//! Making a transaction last costs a wait for the disk, whatever it holds. So what is asked while
//! one is being written goes into the next, together. Each write is told to be stored only once
//! its transaction is. A write that fails by itself does not take others with it: its batch is
//! undone and each write of it done alone.

use calling_callrecord::QualitySummary;
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::protocol::MessageEvent;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};

use super::StorageError;
use super::calls::{accept_in, end_in, refuse_in, start_in};
use super::writing::Writing;

/// Writes in one transaction, which bounds how long other writers wait for their turn.
const MOST_AT_ONCE: usize = 256;
/// Writes that may wait; beyond it whoever asks waits.
const MOST_WAITING: usize = 4_096;

/// What is to be stored of a call.
#[derive(Debug)]
pub(super) enum Write {
    Started(CallFacts),
    Refused(CallId),
    Accepted { call_id: CallId, by: UserId, at: UnixMillis },
    Ended { ended: Box<EndedCall>, quality: Option<QualitySummary> },
}

/// What came of a write: the message of a call that ended.
pub(super) type Written = Result<Option<MessageEvent>, StorageError>;

struct Job {
    write: Write,
    done: oneshot::Sender<Written>,
}

/// The way to the task that writes.
#[derive(Clone, Debug)]
pub(super) struct Batches {
    jobs: mpsc::Sender<Job>,
}

impl Batches {
    /// Starts the task. It ends with the last handle.
    pub(super) fn start(writer: SqlitePool) -> Self {
        let (jobs, queue) = mpsc::channel(MOST_WAITING);
        tokio::spawn(work(writer, queue));
        Self { jobs }
    }

    /// Stores `write`. If the future is dropped it may be stored all the same.
    pub(super) async fn store(&self, write: Write) -> Written {
        let (done, written) = oneshot::channel();
        self.jobs.send(Job { write, done }).await.map_err(|_| StorageError::Closed)?;
        written.await.unwrap_or(Err(StorageError::Closed))
    }
}

async fn work(writer: SqlitePool, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(MOST_AT_ONCE);
    while queue.recv_many(&mut jobs, MOST_AT_ONCE).await > 0 {
        store_all(&writer, std::mem::take(&mut jobs)).await;
    }
}

async fn store_all(writer: &SqlitePool, jobs: Vec<Job>) {
    let mut writes = jobs.iter().map(|job| &job.write);
    match store_together(writer, &mut writes).await {
        Ok(results) => {
            for (job, written) in jobs.into_iter().zip(results) {
                // Who gave up waiting finds out otherwise.
                let _ = job.done.send(Ok(written));
            }
        }
        // What ails the database ails each alone, too.
        Err(error) if error.is_retryable() || jobs.len() == 1 => {
            for job in jobs {
                let _ = job.done.send(Err(error.clone()));
            }
        }
        Err(_) => {
            for job in jobs {
                let alone = store_together(writer, &mut std::iter::once(&job.write)).await;
                let _ = job.done.send(alone.map(|mut written| written.pop().flatten()));
            }
        }
    }
}

/// One transaction.
async fn store_together(
    writer: &SqlitePool,
    writes: &mut (dyn Iterator<Item = &Write> + Send),
) -> Result<Vec<Option<MessageEvent>>, StorageError> {
    let mut tx = Writing::begin(writer).await?;
    let mut results = Vec::new();
    for write in writes {
        results.push(store_in(tx.connection()?, write).await?);
    }
    tx.commit().await?;
    Ok(results)
}

async fn store_in(
    tx: &mut SqliteConnection,
    write: &Write,
) -> Result<Option<MessageEvent>, StorageError> {
    match write {
        Write::Started(facts) => start_in(tx, facts).await?,
        Write::Refused(call_id) => refuse_in(tx, call_id).await?,
        Write::Accepted { call_id, by, at } => accept_in(tx, call_id, by, *at).await?,
        Write::Ended { ended, quality } => {
            let stored = end_in(tx, ended, quality.as_ref()).await?;
            return Ok(stored.and_then(|stored| stored.message));
        }
    }
    Ok(None)
}
