use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use calling_callrecord::Record;
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Participation};
use sqlx::{Row, SqliteConnection};
use tokio::sync::Notify;

use super::audit::next;
use super::values::{millis, parse};
use super::{Storage, StorageError, profiles, timed};
use crate::webhooks::event::{self, CallEvent, CallerCard, Hook, HookEvent, What};

/// Events that may wait in memory for the next transaction.
const MAX_WAITING: usize = 10_000;

/// Events that are to be told to webhooks. Those of records are stored in the transaction of the
/// record; what happens on the way waits in memory for the next transaction, a moment as a rule.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    events: AtomicBool,
    push: AtomicBool,
    waiting: Mutex<Waiting>,
    /// Whoever sends is woken by this.
    stored: Notify,
}

/// Events in memory, numbered from the start of the server on.
#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<CallEvent>,
    /// How many went before the first.
    gone: u64,
}

/// Up to which of the events in memory a transaction has stored them: to be forgotten there once
/// it is committed.
#[must_use]
#[derive(Debug, Default)]
pub(super) struct Taken(u64);

impl Waiting {
    /// Forgets what was stored. Two transactions may have stored the same.
    fn forget(&mut self, taken: &Taken) {
        let number = usize::try_from(taken.0.saturating_sub(self.gone)).unwrap_or(usize::MAX);
        let number = number.min(self.queue.len());
        self.queue.drain(..number);
        self.gone += number as u64;
    }
}

impl Outbox {
    fn is_on(&self, hook: Hook) -> bool {
        match hook {
            Hook::Events => self.events.load(Ordering::Relaxed),
            Hook::Push => self.push.load(Ordering::Relaxed),
        }
    }

    /// Whether anybody is told anything.
    pub(super) fn is_used(&self) -> bool {
        self.is_on(Hook::Events) || self.is_on(Hook::Push)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A queue of values is whole whatever happened to the thread that held it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who send that there may be something.
    pub(super) fn wake(&self) {
        self.stored.notify_waiters();
    }

    /// What was taken is stored for good.
    pub(super) fn forget(&self, taken: &Taken) {
        if self.is_used() {
            self.waiting().forget(taken);
            self.wake();
        }
    }

    /// Within the transaction of a call's start.
    pub(super) async fn started_in(
        &self,
        db: &mut SqliteConnection,
        facts: &CallFacts,
    ) -> Result<(), StorageError> {
        self.store(db, event::started(facts)).await?;
        self.push_in(db, facts, &facts.callees, facts.started_at).await
    }

    /// Within the transaction that forgets a call whose start was stored too late.
    pub(super) async fn refused_in(
        &self,
        db: &mut SqliteConnection,
        facts: &CallFacts,
    ) -> Result<(), StorageError> {
        self.store(db, event::refused(facts)).await
    }

    /// Within the transaction of an acceptance.
    pub(super) async fn accepted_in(
        &self,
        db: &mut SqliteConnection,
        facts: &CallFacts,
        by: &UserId,
        at: UnixMillis,
        is_first: bool,
    ) -> Result<(), StorageError> {
        self.store(db, event::accepted(facts, by, at, is_first)).await?;
        self.store(db, vec![event::push_withdraw(facts, by, "accepted", at)]).await
    }

    /// Within the transaction of a call's end. `told` is whether the acceptance was.
    pub(super) async fn ended_in(
        &self,
        db: &mut SqliteConnection,
        ended: &EndedCall,
        record: &Record,
        told: bool,
    ) -> Result<(), StorageError> {
        if let (Some(at), false) = (record.accepted_at, told) {
            let first =
                |part: &&Participation| part.user != record.caller && part.joined_at == Some(at);
            if let Some(by) = record.participants.iter().find(first) {
                self.accepted_in(db, &ended.facts, &by.user, at, true).await?;
            }
        }
        self.store(db, event::ended(ended, record)).await?;
        self.store(db, event::push_ended(ended, record)).await
    }

    /// Stores what waits in memory.
    pub(super) async fn flush_in(&self, db: &mut SqliteConnection) -> Result<Taken, StorageError> {
        let (waiting, taken): (Vec<CallEvent>, Taken) = {
            let waiting = self.waiting();
            let taken = Taken(waiting.gone + waiting.queue.len() as u64);
            (waiting.queue.iter().cloned().collect(), taken)
        };
        for event in waiting {
            let Some(facts) = facts_of(db, &event.call_id).await? else { continue };
            self.store(db, event::on_the_way(&facts, &event)).await?;
            if let What::Invited { users, .. } = &event.what {
                self.push_in(db, &facts, users, event.at).await?;
            }
        }
        Ok(taken)
    }

    async fn push_in(
        &self,
        db: &mut SqliteConnection,
        facts: &CallFacts,
        callees: &[UserId],
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        if !self.is_on(Hook::Push) {
            return Ok(());
        }
        for callee in callees {
            let card = card(db, callee, &facts.caller).await?;
            self.store(db, vec![event::push_invite(facts, callee, &card, at)]).await?;
        }
        Ok(())
    }

    async fn store(
        &self,
        db: &mut SqliteConnection,
        events: Vec<HookEvent>,
    ) -> Result<(), StorageError> {
        for event in events.into_iter().filter(|event| self.is_on(event.hook)) {
            let sql = "INSERT INTO webhook_events \
                       (event_id, seq, hook, command, lane, body, created_at, due_at, attempts) \
                       SELECT $1, $2, $3, $4, $5, $6, $7, COALESCE(MAX(w.due_at), $7), 0 \
                       FROM webhook_events w WHERE w.lane = $5 AND w.dead_at IS NULL \
                       ON CONFLICT (event_id) DO NOTHING";
            // Never before those that stand in front of it, which may have been put off.
            let seq = next(db, "webhook_events").await?;
            sqlx::query(sql)
                .bind(event.event_id)
                .bind(seq)
                .bind(event.hook.text())
                .bind(event.command)
                .bind(event.lane)
                .bind(event.body)
                .bind(millis(event.at))
                .execute(&mut *db)
                .await?;
        }
        Ok(())
    }
}

impl Storage {
    /// From now on events are stored for these hooks.
    pub(crate) fn use_outbox(&self, hooks: &[Hook]) {
        for hook in hooks {
            match hook {
                Hook::Events => self.inner.outbox.events.store(true, Ordering::Relaxed),
                Hook::Push => self.inner.outbox.push.store(true, Ordering::Relaxed),
            }
        }
    }

    /// Notes something that happened to a call; it is stored before its end is.
    pub(crate) fn emit(&self, event: CallEvent) {
        let outbox = &self.inner.outbox;
        if !outbox.is_used() {
            return;
        }
        {
            let mut waiting = outbox.waiting();
            if waiting.queue.len() >= MAX_WAITING {
                tracing::warn!("an event of a call is not told: the database does not take it");
                return;
            }
            waiting.queue.push_back(event);
        }
        outbox.wake();
    }

    /// Waits until something may have been stored. Made before looking, so that nothing is missed.
    pub(crate) fn outbox_stored(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.outbox.stored.notified()
    }

    /// Stores what waits in memory.
    pub(crate) async fn flush_outbox(&self) -> Result<(), StorageError> {
        if self.inner.outbox.waiting().queue.is_empty() {
            return Ok(());
        }
        timed("outbox", async {
            let mut tx = self.begin().await?;
            let taken = self.inner.outbox.flush_in(tx.connection()?).await?;
            tx.commit().await?;
            self.inner.outbox.forget(&taken);
            Ok(())
        })
        .await
    }
}

async fn facts_of(
    db: &mut SqliteConnection,
    call_id: &CallId,
) -> Result<Option<CallFacts>, StorageError> {
    let row = sqlx::query("SELECT facts FROM calls WHERE call_id = $1")
        .bind(call_id.as_str())
        .fetch_optional(&mut *db)
        .await?;
    row.map(|row| parse("call", row.try_get("facts")?)).transpose()
}

/// How `caller` is shown to `callee`: by remark, nickname or id.
async fn card(
    db: &mut SqliteConnection,
    callee: &UserId,
    caller: &UserId,
) -> Result<CallerCard, StorageError> {
    let Some(profile) = profiles::profile(db, callee, caller).await? else {
        return Ok(CallerCard { name: caller.as_str().to_owned(), avatar: String::new() });
    };
    let name = [profile.remark, profile.account.nickname, caller.as_str().to_owned()]
        .into_iter()
        .find(|name| !name.is_empty());
    Ok(CallerCard { name: name.unwrap_or_default(), avatar: profile.account.avatar })
}
