//! People invited to calls that live.

use std::collections::BTreeMap;

use calling_model::{CallId, UserId};
use calling_signaling::call::CallFacts;
use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::batch::Write;
use super::calls::MOST_ROWS;
use super::values::{json, parse};
use super::{Storage, StorageError};

impl Storage {
    /// Stores that more people are invited to a call. Done before anybody is told; those known
    /// already, and a call that is over or was never stored, stay as they are.
    ///
    /// # Errors
    /// It could not be stored: should the server be killed, the call's record lacks them.
    pub async fn call_invited(
        &self,
        call_id: &CallId,
        users: &[UserId],
    ) -> Result<(), StorageError> {
        let write = Write::Invited { call_id: call_id.clone(), users: users.to_vec() };
        self.store("call_invited", write).await.map(drop)
    }
}

/// Who was invited to which call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invitation<'a> {
    pub(super) call_id: &'a CallId,
    pub(super) users: &'a [UserId],
}

/// Adds people to the facts of calls that are not over: one statement reads, one writes, whatever
/// the number of calls.
pub(super) async fn invite_in(
    tx: &mut SqliteConnection,
    invitations: &[Invitation<'_>],
) -> Result<(), StorageError> {
    for some in invitations.chunks(MOST_ROWS) {
        let mut calls = facts_of(tx, some).await?;
        for Invitation { call_id, users } in some {
            let Some(facts) = calls.get_mut(call_id.as_str()) else { continue };
            for user in *users {
                // A caller who left may be called back in, and stays the caller.
                if *user != facts.caller && !facts.callees.contains(user) {
                    facts.callees.push(user.clone());
                }
            }
        }
        if calls.is_empty() {
            continue;
        }
        let rows = calls.iter().map(|(call_id, facts)| Ok((call_id, json("call", facts)?)));
        let rows = rows.collect::<Result<Vec<_>, StorageError>>()?;
        let mut sql = QueryBuilder::new("UPDATE calls SET facts = v.column2 FROM (");
        sql.push_values(rows, |mut row, (call_id, facts)| {
            row.push_bind(call_id).push_bind(facts);
        });
        sql.push(") AS v WHERE calls.call_id = v.column1 AND calls.state = 'started'");
        sql.build().execute(&mut *tx).await?;
    }
    Ok(())
}

/// The facts of those of the calls that are not over.
async fn facts_of(
    tx: &mut SqliteConnection,
    invitations: &[Invitation<'_>],
) -> Result<BTreeMap<String, CallFacts>, StorageError> {
    let mut sql = QueryBuilder::new(
        "SELECT call_id, facts FROM calls WHERE state = 'started' AND call_id IN (",
    );
    let mut ids = sql.separated(", ");
    for invitation in invitations {
        ids.push_bind(invitation.call_id.as_str());
    }
    sql.push(")");
    let rows = sql.build().fetch_all(&mut *tx).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("call_id")?, parse("call", row.try_get("facts")?)?)))
        .collect()
}
