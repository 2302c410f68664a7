//! Messages as rows: numbered, stored, and those that calls leave.

use std::collections::BTreeMap;

use calling_callrecord::{Record, StoredMessage, messages_for};
use calling_model::{CallId, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::calls::MOST_ROWS;
use super::conversation::{Conversation, group_key};
use super::messages::{Body, Delivery, Message, number, users};
use super::values::{count, millis};
use super::{StorageError, members};

/// Stores the messages each of these calls leaves: in its group if there is one and the caller is a
/// member, else in the conversation of the caller with each callee.
pub(super) async fn insert_call_messages(
    db: &mut SqliteConnection,
    calls: &[(&Record, &EndedCall)],
) -> Result<Vec<Vec<Delivery>>, StorageError> {
    let (mut messages, mut counts) = (Vec::new(), Vec::with_capacity(calls.len()));
    for (record, ended) in calls {
        let group = match &record.group_id {
            Some(group) if members::role(db, group, &record.caller).await?.is_some() => Some(group),
            // Of a group that is not known here nobody could read the message.
            Some(_) | None => None,
        };
        let facts = CallFacts { group_id: group.cloned(), ..ended.facts.clone() };
        let told = messages_for(&EndedCall { facts, ..(*ended).clone() });
        counts.push(told.len());
        messages.extend(told.into_iter().map(|told| call_message(record, told)));
    }
    insert(db, &mut messages).await?;
    let mut messages = messages.into_iter();
    let mut deliveries = Vec::with_capacity(calls.len());
    for count in counts {
        let mut of_call = Vec::with_capacity(count);
        for message in messages.by_ref().take(count) {
            let users = match &message.conversation {
                Conversation::Direct { low, high } => vec![low.clone(), high.clone()],
                Conversation::Group(group) => users(db, &group_key(group)).await?,
            };
            of_call.push(Delivery { users, message, is_new: true });
        }
        deliveries.push(of_call);
    }
    Ok(deliveries)
}

fn call_message(record: &Record, told: StoredMessage) -> Message {
    let conversation = match told.conversation {
        calling_callrecord::Conversation::Direct { a, b } => Conversation::direct(&a, &b),
        calling_callrecord::Conversation::Group(group) => Conversation::Group(group),
    };
    Message {
        conversation,
        seq: 0,
        sender: told.sender,
        sent_at: record.ended_at,
        body: Body::Custom(told.text),
        client_id: None,
        call_id: Some(record.call_id.clone()),
        recalled: false,
    }
}

/// Stores messages under the next numbers of their conversations.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    messages: &mut [Message],
) -> Result<(), StorageError> {
    for some in messages.chunks_mut(MOST_ROWS) {
        number_all(db, some).await?;
        let mut sql = QueryBuilder::new(
            "INSERT INTO messages \
             (conversation, seq, sender, sent_at, kind, body, client_id, call_id) ",
        );
        sql.push_values(&*some, |mut row, message| {
            let (kind, body) = match &message.body {
                Body::Text(text) => ("text", text),
                Body::Custom(custom) => ("custom", custom),
            };
            row.push_bind(message.conversation.key())
                .push_bind(number(message.seq))
                .push_bind(message.sender.as_str())
                .push_bind(millis(message.sent_at))
                .push_bind(kind)
                .push_bind(body)
                .push_bind(message.client_id.as_deref())
                .push_bind(message.call_id.as_ref().map(CallId::as_str));
        });
        sql.build().execute(&mut *db).await?;
    }
    Ok(())
}

/// Moves the counters of the conversations on and gives each message its number.
async fn number_all(
    db: &mut SqliteConnection,
    messages: &mut [Message],
) -> Result<(), StorageError> {
    let mut wanted: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for message in &*messages {
        let (number, at) = wanted.entry(message.conversation.key()).or_default();
        *number += 1;
        *at = (*at).max(millis(message.sent_at));
    }
    let mut next = next_seqs(db, &wanted).await?;
    let mut new = Vec::new();
    for message in messages {
        let Some(seq) = next.get_mut(&message.conversation.key()) else { continue };
        if let (1, Conversation::Direct { low, high }) = (*seq, &message.conversation) {
            new.push((message.conversation.key(), low.clone(), high.clone()));
        }
        message.seq = count(*seq);
        *seq += 1;
    }
    join_direct(db, &new).await
}

async fn join_direct(
    db: &mut SqliteConnection,
    conversations: &[(String, UserId, UserId)],
) -> Result<(), StorageError> {
    if conversations.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(
        "INSERT INTO conversation_users (user_id, conversation, since_seq, read_seq) ",
    );
    let both = conversations.iter().flat_map(|(key, low, high)| [(key, low), (key, high)]);
    sql.push_values(both, |mut row, (key, user)| {
        row.push_bind(user.as_str()).push_bind(key).push_bind(0_i64).push_bind(0_i64);
    });
    sql.push(" ON CONFLICT (user_id, conversation) DO NOTHING");
    sql.build().execute(&mut *db).await?;
    Ok(())
}

/// Takes as many numbers as are `wanted` (with the time of the newest message) of each
/// conversation, and gives the first of each.
async fn next_seqs(
    db: &mut SqliteConnection,
    wanted: &BTreeMap<String, (i64, i64)>,
) -> Result<BTreeMap<String, i64>, StorageError> {
    let mut sql = QueryBuilder::new("INSERT INTO conversations (conversation, last_seq, last_at) ");
    sql.push_values(wanted, |mut row, (key, (number, at))| {
        row.push_bind(key).push_bind(number).push_bind(at);
    });
    sql.push(
        " ON CONFLICT (conversation) DO UPDATE \
         SET last_seq = conversations.last_seq + excluded.last_seq, last_at = excluded.last_at \
         RETURNING conversation, last_seq",
    );
    let rows = sql.build().fetch_all(&mut *db).await?;
    let first = |row: &SqliteRow| {
        let (key, last): (String, i64) = (row.try_get("conversation")?, row.try_get("last_seq")?);
        let taken = wanted.get(&key).map_or(0, |(number, _)| *number);
        Ok((key, last - taken + 1))
    };
    rows.iter().map(first).collect()
}
