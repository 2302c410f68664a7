use std::collections::BTreeSet;

use calling_callrecord::{QualitySummary, Record};
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::batch::{Write, Written};
use super::message_rows::insert_call_messages;
use super::messages::Delivery;
use super::outbox::Outbox;
use super::records::outcome_text;
use super::values::{json, millis, parse};
use super::{Storage, StorageError, timed};

impl Storage {
    /// Stores that a call was placed. Done before anybody is told; a second time changes nothing.
    ///
    /// # Errors
    /// It could not be stored; then nobody may be told.
    pub async fn call_started(&self, facts: &CallFacts) -> Result<(), StorageError> {
        self.store("call_started", Write::Started(facts.clone())).await.map(drop)
    }

    /// Forgets a call that was refused since its start could not be stored in time: a write that
    /// was given up may have been done after all. Of a call that has ended nothing changes.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn call_refused(&self, call_id: &CallId) -> Result<(), StorageError> {
        self.store("call_refused", Write::Refused(call_id.clone())).await.map(drop)
    }

    /// Stores who accepted a call first, and when. Of a call that is over or accepted nothing
    /// changes.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn call_accepted(
        &self,
        call_id: &CallId,
        by: &UserId,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        let write = Write::Accepted { call_id: call_id.clone(), by: by.clone(), at };
        self.store("call_accepted", write).await.map(drop)
    }

    /// Ends a call: its end, its record and its message in one transaction.
    ///
    /// Returns the messages that came to be, for delivery. Of a call that has ended before nothing
    /// changes and there are none: there is exactly one record, however often this is called. A
    /// call whose start was never stored is stored whole.
    ///
    /// # Errors
    /// Nothing of it was stored; see [`StorageError::is_retryable`].
    pub async fn end_call(
        &self,
        ended: &EndedCall,
        quality: Option<&QualitySummary>,
    ) -> Result<Vec<Delivery>, StorageError> {
        let (ended, quality) = (Box::new(ended.clone()), quality.copied());
        self.store("end_call", Write::Ended { ended, quality }).await
    }

    pub(super) async fn store(&self, operation: &'static str, write: Write) -> Written {
        timed(operation, async {
            let batches = self.inner.batches.as_ref().ok_or(StorageError::ReadOnly)?;
            batches.store(write).await
        })
        .await
    }
}

/// Rows in one statement: far below the variables a statement may have.
pub(super) const MOST_ROWS: usize = 64;

/// Stores the starts of calls; of those known nothing changes.
pub(super) async fn start_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    starts: &[&CallFacts],
) -> Result<(), StorageError> {
    for some in starts.chunks(MOST_ROWS) {
        let rows = some.iter().map(|facts| Ok((*facts, json("call", facts)?)));
        let rows = rows.collect::<Result<Vec<_>, StorageError>>()?;
        let mut sql = QueryBuilder::new("INSERT INTO calls (call_id, state, facts, started_at) ");
        sql.push_values(rows, |mut row, (facts, json)| {
            row.push_bind(facts.call_id.as_str())
                .push_bind("started")
                .push_bind(json)
                .push_bind(millis(facts.started_at));
        });
        sql.push(" ON CONFLICT (call_id) DO NOTHING");
        let new = changed(tx, outbox, sql, " RETURNING call_id").await?;
        if outbox.is_used() {
            for facts in some.iter().filter(|facts| new.contains(facts.call_id.as_str())) {
                outbox.started_in(tx, facts).await?;
            }
        }
    }
    Ok(())
}

pub(super) async fn refuse_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    call_id: &CallId,
) -> Result<(), StorageError> {
    let sql = "DELETE FROM calls WHERE call_id = $1 AND state = 'started' RETURNING facts";
    let row = sqlx::query(sql).bind(call_id.as_str()).fetch_optional(&mut *tx).await?;
    match row {
        Some(row) if outbox.is_used() => {
            let facts = parse("call", row.try_get("facts")?)?;
            outbox.refused_in(tx, &facts).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Who accepted which call, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acceptance<'a> {
    pub(super) call_id: &'a CallId,
    pub(super) by: &'a UserId,
    pub(super) at: UnixMillis,
}

/// Stores the first acceptance of each call that is not over.
pub(super) async fn accept_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    accepts: &[Acceptance<'_>],
) -> Result<(), StorageError> {
    for some in accepts.chunks(MOST_ROWS) {
        let mut seen = BTreeSet::new();
        // Of several for one call a database may take any: it is given the first.
        let firsts: Vec<bool> = some.iter().map(|one| seen.insert(one.call_id)).collect();
        let rows = some.iter().zip(&firsts).filter(|(_, is_first)| **is_first);
        let mut sql = QueryBuilder::new(
            "UPDATE calls SET accepted_at = v.column2, accepted_by = v.column3 FROM (",
        );
        sql.push_values(rows, |mut row, (accept, _)| {
            row.push_bind(accept.call_id.as_str())
                .push_bind(millis(accept.at))
                .push_bind(accept.by.as_str());
        });
        sql.push(
            ") AS v WHERE calls.call_id = v.column1 AND calls.state = 'started' \
             AND calls.accepted_at IS NULL",
        );
        let changed = changed(tx, outbox, sql, " RETURNING calls.call_id").await?;
        if outbox.is_used() {
            for (accept, is_first) in some.iter().zip(firsts) {
                let is_first = is_first && changed.contains(accept.call_id.as_str());
                tell_accepted(tx, outbox, accept, is_first).await?;
            }
        }
    }
    Ok(())
}

async fn tell_accepted(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    accept: &Acceptance<'_>,
    is_first: bool,
) -> Result<(), StorageError> {
    let sql = "SELECT facts FROM calls WHERE call_id = $1 AND state = 'started'";
    let row = sqlx::query(sql).bind(accept.call_id.as_str()).fetch_optional(&mut *tx).await?;
    let Some(row) = row else { return Ok(()) };
    let facts = parse("call", row.try_get("facts")?)?;
    outbox.accepted_in(tx, &facts, accept.by, accept.at, is_first).await
}

/// Runs `sql`; which calls it changed, where somebody is to be told of it.
async fn changed(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    mut sql: QueryBuilder<Sqlite>,
    returning: &'static str,
) -> Result<BTreeSet<String>, StorageError> {
    if outbox.is_used() {
        sql.push(returning);
        return call_ids(sql.build().fetch_all(&mut *tx).await?);
    }
    sql.build().execute(&mut *tx).await?;
    Ok(BTreeSet::new())
}

fn call_ids(rows: Vec<SqliteRow>) -> Result<BTreeSet<String>, StorageError> {
    rows.iter().map(|row| Ok(row.try_get("call_id")?)).collect()
}

/// What the end of a call left behind.
pub(super) struct EndStored {
    pub(super) record: Record,
    pub(super) messages: Vec<Delivery>,
}

/// An end to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    pub(super) ended: &'a EndedCall,
    pub(super) quality: Option<&'a QualitySummary>,
}

/// Ends calls within a transaction; `None` for each that had ended before.
pub(super) async fn end_in(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    ends: &[End<'_>],
) -> Result<Vec<Option<EndStored>>, StorageError> {
    let mut all = Vec::with_capacity(ends.len());
    for some in ends.chunks(MOST_ROWS) {
        all.extend(end_some(tx, outbox, some).await?);
    }
    Ok(all)
}

async fn end_some(
    tx: &mut SqliteConnection,
    outbox: &Outbox,
    ends: &[End<'_>],
) -> Result<Vec<Option<EndStored>>, StorageError> {
    let records: Vec<Record> = ends.iter().map(End::record).collect();
    let mut told = vec![false; ends.len()];
    if outbox.is_used() {
        for (told, record) in told.iter_mut().zip(&records) {
            *told = acceptance_is_stored(tx, record).await?;
        }
    }
    let is_first = mark_ended(tx, ends, &records).await?;
    let firsts = || records.iter().zip(&is_first).filter(|(_, first)| **first).map(|(it, _)| it);
    insert_records(tx, &firsts().collect::<Vec<_>>()).await?;
    let first_ends = ends.iter().zip(&is_first).filter(|(_, first)| **first).map(|(it, _)| it);
    let of: Vec<_> = firsts().zip(first_ends.map(|end| end.ended)).collect();
    let mut messages = insert_call_messages(tx, &of).await?.into_iter();
    let mut stored = Vec::with_capacity(ends.len());
    for (number, record) in records.into_iter().enumerate() {
        if !is_first[number] {
            stored.push(None);
            continue;
        }
        if outbox.is_used() {
            outbox.ended_in(tx, ends[number].ended, &record, told[number]).await?;
        }
        stored.push(Some(EndStored { record, messages: messages.next().unwrap_or_default() }));
    }
    Ok(stored)
}

impl End<'_> {
    fn record(&self) -> Record {
        let record = Record::from(self.ended);
        match self.quality {
            Some(quality) => record.with_quality(*quality),
            None => record,
        }
    }
}

async fn acceptance_is_stored(
    db: &mut SqliteConnection,
    record: &Record,
) -> Result<bool, StorageError> {
    let sql = "SELECT 1 FROM calls WHERE call_id = $1 AND accepted_at IS NOT NULL";
    let row = sqlx::query(sql).bind(record.call_id.as_str()).fetch_optional(&mut *db).await?;
    Ok(row.is_some())
}

/// Which of these are the first ends of their calls. One whose start was never stored is stored
/// whole.
async fn mark_ended(
    tx: &mut SqliteConnection,
    ends: &[End<'_>],
    records: &[Record],
) -> Result<Vec<bool>, StorageError> {
    let mut seen = BTreeSet::new();
    let once: Vec<bool> = records.iter().map(|record| seen.insert(&record.call_id)).collect();
    let rows = ends.iter().zip(records).zip(&once).filter(|(_, once)| **once);
    let rows = rows.map(|((end, record), _)| Ok((record, json("call", &end.ended.facts)?)));
    let rows = rows.collect::<Result<Vec<_>, StorageError>>()?;
    let mut sql = QueryBuilder::new(
        "INSERT INTO calls (call_id, state, facts, started_at, accepted_at, ended_at) ",
    );
    sql.push_values(rows, |mut row, (record, facts)| {
        row.push_bind(record.call_id.as_str())
            .push_bind("ended")
            .push_bind(facts)
            .push_bind(millis(record.started_at))
            .push_bind(record.accepted_at.map(millis))
            .push_bind(millis(record.ended_at));
    });
    sql.push(
        " ON CONFLICT (call_id) DO UPDATE SET state = 'ended', \
         accepted_at = excluded.accepted_at, ended_at = excluded.ended_at \
         WHERE calls.state = 'started' RETURNING call_id",
    );
    let ended = call_ids(sql.build().fetch_all(&mut *tx).await?)?;
    let is_first =
        |(record, once): (&Record, bool)| once && ended.contains(record.call_id.as_str());
    Ok(records.iter().zip(once).map(is_first).collect())
}

async fn insert_records(
    tx: &mut SqliteConnection,
    records: &[&Record],
) -> Result<(), StorageError> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = records
        .iter()
        .map(|record| Ok((*record, outcome_text(record.outcome)?, json("record", record)?)));
    let rows = rows.collect::<Result<Vec<_>, StorageError>>()?;
    let mut sql =
        QueryBuilder::new("INSERT INTO records (call_id, outcome, started_at, ended_at, record) ");
    sql.push_values(rows, |mut row, (record, outcome, json)| {
        row.push_bind(record.call_id.as_str())
            .push_bind(outcome)
            .push_bind(millis(record.started_at))
            .push_bind(millis(record.ended_at))
            .push_bind(json);
    });
    sql.build().execute(&mut *tx).await?;
    let rows: Vec<(&UserId, &Record)> = records
        .iter()
        .flat_map(|record| {
            let users = std::iter::once(&record.caller).chain(&record.callees);
            users.map(move |user| (user, *record))
        })
        .collect();
    for some in rows.chunks(2 * MOST_ROWS) {
        let mut sql = QueryBuilder::new("INSERT INTO record_users (user_id, started_at, call_id) ");
        sql.push_values(some, |mut row, (user, record)| {
            row.push_bind(user.as_str())
                .push_bind(millis(record.started_at))
                .push_bind(record.call_id.as_str());
        });
        sql.push(" ON CONFLICT (user_id, started_at, call_id) DO NOTHING");
        sql.build().execute(&mut *tx).await?;
    }
    Ok(())
}
