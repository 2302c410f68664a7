//! Writes of calls, many in one transaction.
//!
//! Making a transaction last costs a wait for the disk, whatever it holds. So what is asked while
//! one is being written goes into the next, together. Each write is told to be stored only once
//! its transaction is. A write that fails by itself does not take others with it: its batch is
//! undone and each write of it done alone.
//!
//! A record lasts once its call has ended for the clients, whatever happens to the power. The start
//! of a call must outlive the server, so that each call comes to its record; a batch without an end
//! therefore does not wait for the disk, which has it a moment later.

use std::sync::Arc;
use std::time::Duration;

use calling_callrecord::QualitySummary;
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use super::StorageError;
use super::calls::{Acceptance, End, accept_in, end_in, refuse_in, start_in};
use super::invited::{Invitation, invite_in};
use super::messages::Delivery;
use super::outbox::Outbox;
use super::writing::{Commit, Writing, sync};

/// Writes in one transaction, which bounds how long other writers wait for their turn.
const MOST_AT_ONCE: usize = 256;
/// After a transaction of this many others are gathered for a moment, the longer the more it held:
/// one that holds more costs each call less. Below, nobody waits for anybody.
const BUSY: usize = 8;
const GATHERING_PER_WRITE: Duration = Duration::from_micros(100);
const MOST_GATHERING: Duration = Duration::from_millis(6);
/// How long what did not wait for the disk is at most not on it.
const SYNC_AFTER: Duration = Duration::from_millis(100);
/// Writes that may wait; beyond it whoever asks waits.
const MOST_WAITING: usize = 4_096;

/// What is to be stored of a call.
#[derive(Debug)]
pub(super) enum Write {
    Started(CallFacts),
    Refused(CallId),
    Accepted { call_id: CallId, by: UserId, at: UnixMillis },
    Invited { call_id: CallId, users: Vec<UserId> },
    Ended { ended: Box<EndedCall>, quality: Option<QualitySummary> },
}

/// What came of a write: the messages of a call that ended.
pub(super) type Written = Result<Vec<Delivery>, StorageError>;

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
    pub(super) fn start(writer: SqlitePool, outbox: Arc<Outbox>) -> Self {
        let (jobs, queue) = mpsc::channel(MOST_WAITING);
        tokio::spawn(work(Pen { writer, outbox }, queue));
        Self { jobs }
    }

    /// Stores `write`. If the future is dropped it may be stored all the same.
    pub(super) async fn store(&self, write: Write) -> Written {
        let (done, written) = oneshot::channel();
        self.jobs.send(Job { write, done }).await.map_err(|_| StorageError::Closed)?;
        written.await.unwrap_or(Err(StorageError::Closed))
    }
}

/// What writes are done with.
struct Pen {
    writer: SqlitePool,
    /// Told with each write what webhooks are to be told.
    outbox: Arc<Outbox>,
}

async fn work(pen: Pen, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(MOST_AT_ONCE);
    let mut sync_at = None;
    while wait(&pen, &mut queue, &mut jobs, &mut sync_at).await > 0 {
        let written = jobs.len();
        let commit = commit_of(&jobs);
        store_all(&pen, std::mem::take(&mut jobs), commit).await;
        sync_at = match commit {
            Commit::OnDisk => None,
            Commit::InSystem => sync_at.or_else(|| Some(Instant::now() + SYNC_AFTER)),
        };
        if let Some(gathering) = gathering(written) {
            sleep(gathering).await;
        }
    }
}

fn gathering(written: usize) -> Option<Duration> {
    let writes = u32::try_from(written).unwrap_or(u32::MAX);
    let gathering = GATHERING_PER_WRITE.saturating_mul(writes).min(MOST_GATHERING);
    (written >= BUSY).then_some(gathering)
}

/// Waits for writes, and syncs when that is due; 0 once nobody can ask any more.
async fn wait(
    pen: &Pen,
    queue: &mut mpsc::Receiver<Job>,
    jobs: &mut Vec<Job>,
    sync_at: &mut Option<Instant>,
) -> usize {
    let Some(due) = *sync_at else { return queue.recv_many(jobs, MOST_AT_ONCE).await };
    if Instant::now() < due
        && let Ok(count) = timeout_at(due, queue.recv_many(jobs, MOST_AT_ONCE)).await
    {
        return count;
    }
    if let Err(error) = sync(&pen.writer).await {
        tracing::warn!(%error, "the starts of calls are not on the disk yet");
    }
    *sync_at = None;
    queue.recv_many(jobs, MOST_AT_ONCE).await
}

/// Whether anybody is told of an end by these writes.
fn commit_of(jobs: &[Job]) -> Commit {
    let ends = jobs.iter().any(|job| match job.write {
        Write::Ended { .. } => true,
        Write::Started(_) | Write::Invited { .. } | Write::Refused(_) | Write::Accepted { .. } => {
            false
        }
    });
    if ends { Commit::OnDisk } else { Commit::InSystem }
}

async fn store_all(pen: &Pen, jobs: Vec<Job>, commit: Commit) {
    let mut writes = jobs.iter().map(|job| &job.write);
    match store_together(pen, &mut writes, commit).await {
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
                let mut write = std::iter::once(&job.write);
                let alone = store_together(pen, &mut write, commit).await;
                let _ = job.done.send(alone.map(|mut written| written.pop().unwrap_or_default()));
            }
        }
    }
}

/// One transaction.
async fn store_together(
    pen: &Pen,
    writes: &mut (dyn Iterator<Item = &Write> + Send),
    commit: Commit,
) -> Result<Vec<Vec<Delivery>>, StorageError> {
    let sorted = Sorted::of(writes);
    let mut tx = Writing::begin(&pen.writer, commit).await?;
    let taken = pen.outbox.flush_in(tx.connection()?).await?;
    let results = store_in(tx.connection()?, &pen.outbox, sorted).await?;
    tx.commit().await?;
    pen.outbox.forget(&taken);
    Ok(results)
}

/// Writes by what they write. What belongs to one call was asked for in this order.
#[derive(Default)]
struct Sorted<'a> {
    count: usize,
    starts: Vec<&'a CallFacts>,
    refusals: Vec<&'a CallId>,
    accepts: Vec<Acceptance<'a>>,
    invitations: Vec<Invitation<'a>>,
    /// With their places among all.
    ends: Vec<End<'a>>,
    end_places: Vec<usize>,
}

impl<'a> Sorted<'a> {
    fn of(writes: &mut (dyn Iterator<Item = &'a Write> + Send)) -> Self {
        let mut sorted = Self::default();
        for write in writes {
            match write {
                Write::Started(facts) => sorted.starts.push(facts),
                Write::Refused(call_id) => sorted.refusals.push(call_id),
                Write::Accepted { call_id, by, at } => {
                    sorted.accepts.push(Acceptance { call_id, by, at: *at });
                }
                Write::Invited { call_id, users } => {
                    sorted.invitations.push(Invitation { call_id, users });
                }
                Write::Ended { ended, quality } => {
                    sorted.ends.push(End { ended, quality: quality.as_ref() });
                    sorted.end_places.push(sorted.count);
                }
            }
            sorted.count += 1;
        }
        sorted
    }
}

async fn store_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    writes: Sorted<'_>,
) -> Result<Vec<Vec<Delivery>>, StorageError> {
    start_in(tx, outbox, &writes.starts).await?;
    for call_id in writes.refusals {
        refuse_in(tx, outbox, call_id).await?;
    }
    accept_in(tx, outbox, &writes.accepts).await?;
    invite_in(tx, &writes.invitations).await?;
    let mut results = vec![Vec::new(); writes.count];
    let stored = end_in(tx, outbox, &writes.ends).await?;
    for (place, stored) in writes.end_places.into_iter().zip(stored) {
        results[place] = stored.map(|stored| stored.messages).unwrap_or_default();
    }
    Ok(results)
}
