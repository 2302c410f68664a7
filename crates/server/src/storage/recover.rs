use calling_callrecord::Record;
use calling_model::{UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall, Outcome, ParticipantOutcome, Participation};
use sqlx::{Row, SqliteConnection};

use super::calls::{End, end_in};
use super::values::{parse, unix, user};
use super::{Storage, StorageError, timed};

const ALIVE_AT: &str = "alive_at";

impl Storage {
    /// Notes that the server lives. After a kill, calls are taken to have ended at the last note.
    ///
    /// # Errors
    /// It could not be stored.
    pub async fn heartbeat(&self, at: UnixMillis) -> Result<(), StorageError> {
        timed("heartbeat", async {
            let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) \
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            sqlx::query(sql)
                .bind(ALIVE_AT)
                .bind(at.0.to_string())
                .execute(&self.inner.writer)
                .await?;
            Ok(())
        })
        .await
    }

    /// Ends every call that a killed server left behind, each with its record and message, and
    /// returns the records. To be called once at start, before anybody can call; a second time
    /// finds nothing.
    ///
    /// Every such call ends as [`Outcome::Interrupted`], at the last [`Storage::heartbeat`]: how
    /// long the server was down is no part of the conversation.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn recover(&self, at: UnixMillis) -> Result<Vec<Record>, StorageError> {
        timed("recover", async {
            let mut tx = self.begin().await?;
            let ended_at = last_alive(tx.connection()?).await?.map_or(at, |alive| alive.min(at));
            let sql = "SELECT facts, accepted_at, accepted_by FROM calls \
                       WHERE state = 'started' ORDER BY started_at, call_id";
            let rows = sqlx::query(sql).fetch_all(tx.connection()?).await?;
            let mut calls = Vec::with_capacity(rows.len());
            for row in rows {
                let facts = parse("call", row.try_get::<&str, _>("facts")?)?;
                let accepted_at: Option<i64> = row.try_get("accepted_at")?;
                let accepted_by: Option<String> = row.try_get("accepted_by")?;
                let accepted = match (accepted_at, accepted_by) {
                    (Some(at), Some(by)) => Some((unix(at), user(by)?)),
                    (Some(_), None) | (None, Some(_)) | (None, None) => None,
                };
                calls.push(interrupted(facts, accepted, ended_at));
            }
            let ends: Vec<_> = calls.iter().map(|ended| End { ended, quality: None }).collect();
            let stored = end_in(tx.connection()?, &self.inner.outbox, &ends).await?;
            let records = stored.into_iter().flatten().map(|stored| stored.record).collect();
            tx.commit().await?;
            self.inner.outbox.wake();
            Ok(records)
        })
        .await
    }
}

async fn last_alive(tx: &mut SqliteConnection) -> Result<Option<UnixMillis>, StorageError> {
    let row = sqlx::query("SELECT value FROM meta WHERE name = $1")
        .bind(ALIVE_AT)
        .fetch_optional(&mut *tx)
        .await?;
    let text: Option<String> = row.map(|row| row.try_get("value")).transpose()?;
    Ok(text.and_then(|text| text.parse().ok()).map(UnixMillis))
}

fn interrupted(
    facts: CallFacts,
    accepted: Option<(UnixMillis, UserId)>,
    ended_at: UnixMillis,
) -> EndedCall {
    let accepted_at = accepted.as_ref().map(|(at, _)| *at);
    // Nobody knows more of a call than its own marks: it lasted at least until the latest.
    let ended_at = ended_at.max(accepted_at.unwrap_or(facts.started_at)).max(facts.started_at);
    let joined = accepted_at.map(|_| ended_at);
    let caller = Participation {
        user: facts.caller.clone(),
        outcome: ParticipantOutcome::Called,
        joined_at: accepted_at,
        left_at: joined,
    };
    let callees = facts.callees.iter().map(|callee| {
        let answered = accepted.as_ref().is_some_and(|(_, by)| by == callee);
        Participation {
            user: callee.clone(),
            outcome: if answered {
                ParticipantOutcome::Accepted
            } else {
                ParticipantOutcome::NoAnswer
            },
            joined_at: accepted_at.filter(|_| answered),
            left_at: joined.filter(|_| answered),
        }
    });
    let participants = std::iter::once(caller).chain(callees).collect();
    let outcome = Outcome::Interrupted;
    EndedCall {
        facts,
        outcome,
        accepted_at,
        ended_at,
        ended_by: None,
        participants,
        switched_to: None,
    }
}
