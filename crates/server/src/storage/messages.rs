use std::collections::BTreeMap;
use std::time::Duration;

use calling_callrecord::{Record, StoredMessage, messages_for};
use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::protocol::MessageEvent;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::calls::MOST_ROWS;
use super::conversation::{Conversation, group_key};
use super::values::{count, millis, unix, user};
use super::{Refusal, Storage, StorageError, accounts, members, timed};

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Text for people.
    Text(String),
    /// Text for programs.
    Custom(String),
}

/// One stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it stands.
    pub conversation: Conversation,
    /// Grows within the conversation, without gaps while nothing is deleted.
    pub seq: u64,
    /// Who it is from.
    pub sender: UserId,
    /// When it was stored.
    pub sent_at: UnixMillis,
    /// What it says; empty once it was taken back.
    pub body: Body,
    /// The sender's own name for it.
    pub client_id: Option<String>,
    /// The call it records.
    pub call_id: Option<CallId>,
    /// Whether it was taken back.
    pub recalled: bool,
}

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Where it goes.
    pub conversation: Conversation,
    /// Who it is from.
    pub sender: UserId,
    /// What it says.
    pub body: Body,
    /// The sender's own name for it: a second message of that name is not stored.
    pub client_id: Option<String>,
    /// Now.
    pub at: UnixMillis,
}

/// A message and whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Everybody in the conversation, the sender included.
    pub users: Vec<UserId>,
    /// The message.
    pub message: Message,
    /// `false` if it was stored before and is told again.
    pub is_new: bool,
}

impl Message {
    /// The message as `viewer` may see it.
    pub fn event(&self, viewer: &UserId) -> MessageEvent {
        let (to, group_id) = match &self.conversation {
            Conversation::Direct { .. } => (self.conversation.peer_of(&self.sender).cloned(), None),
            Conversation::Group(group) => (None, Some(group.clone())),
        };
        let (text, custom) = match &self.body {
            Body::Text(text) => (Some(text.clone()), String::new()),
            Body::Custom(custom) => (None, custom.clone()),
        };
        MessageEvent {
            seq: self.seq,
            from: self.sender.clone(),
            to,
            group_id,
            sent_at: self.sent_at,
            call_id: self.call_id.clone(),
            text,
            custom,
            client_id: self.client_id.clone().filter(|_| self.sender == *viewer),
            recalled: self.recalled,
        }
    }
}

impl Storage {
    /// Stores a message, once for each client id, however often it is sent.
    ///
    /// # Errors
    /// Nothing was stored. [`Refusal`]: the peer has no account, the sender is no member of the
    /// group, or the client id stands for a message elsewhere.
    pub async fn send(&self, new: &NewMessage) -> Result<Result<Delivery, Refusal>, StorageError> {
        timed("send", async {
            let mut tx = self.begin().await?;
            let sent = send_in(tx.connection()?, new).await?;
            match &sent {
                Ok(delivery) if delivery.is_new => tx.commit().await?,
                Ok(_) | Err(_) => tx.rollback().await?,
            }
            Ok(sent)
        })
        .await
    }

    /// Takes back a text message of `sender`'s own, sent less than `window` before `at`. Once it
    /// is, asking again changes nothing.
    ///
    /// # Errors
    /// Nothing was changed; [`Refusal`] says what stands against it.
    pub async fn recall(
        &self,
        sender: &UserId,
        conversation: &Conversation,
        seq: u64,
        at: UnixMillis,
        window: Duration,
    ) -> Result<Result<Delivery, Refusal>, StorageError> {
        let check = |message: &Message| {
            if message.sender != *sender {
                return Err(Refusal::NoSuchMessage);
            }
            match &message.body {
                Body::Custom(_) => Err(Refusal::NotText),
                Body::Text(_) if message.recalled => Ok(()),
                Body::Text(_) if at.saturating_since(message.sent_at) >= window => {
                    Err(Refusal::TooLate)
                }
                Body::Text(_) => Ok(()),
            }
        };
        self.blank(conversation, seq, at, Some(sender), check).await
    }

    /// Empties a message, whoever sent it and whatever it is: for operators.
    ///
    /// # Errors
    /// Nothing was changed.
    pub async fn withdraw(
        &self,
        conversation: &Conversation,
        seq: u64,
        at: UnixMillis,
    ) -> Result<Result<Delivery, Refusal>, StorageError> {
        self.blank(conversation, seq, at, None, |_| Ok(())).await
    }

    async fn blank(
        &self,
        conversation: &Conversation,
        seq: u64,
        at: UnixMillis,
        by: Option<&UserId>,
        check: impl FnOnce(&Message) -> Result<(), Refusal>,
    ) -> Result<Result<Delivery, Refusal>, StorageError> {
        timed("recall", async {
            let mut tx = self.begin().await?;
            let db = tx.connection()?;
            let key = conversation.key();
            // Who has left a group has no say in it any more.
            let since = match by {
                Some(user) => since(db, user, &key).await?,
                None => Some(0),
            };
            let found = match since {
                Some(_) => one(db, &key, seq).await?,
                None => None,
            };
            let checked = found.ok_or(Refusal::NoSuchMessage).and_then(|message| {
                check(&message)?;
                Ok(message)
            });
            let mut message = match checked {
                Ok(message) => message,
                Err(refusal) => {
                    tx.rollback().await?;
                    return Ok(Err(refusal));
                }
            };
            let is_new = !message.recalled;
            let sql = "UPDATE messages SET body = '', recalled_at = $3 \
                       WHERE conversation = $1 AND seq = $2 AND recalled_at IS NULL";
            sqlx::query(sql)
                .bind(key.as_str())
                .bind(number(seq))
                .bind(millis(at))
                .execute(&mut *db)
                .await?;
            let users = users(db, &key).await?;
            tx.commit().await?;
            message.recalled = true;
            message.body = match message.body {
                Body::Text(_) => Body::Text(String::new()),
                Body::Custom(_) => Body::Custom(String::new()),
            };
            Ok(Ok(Delivery { users, message, is_new }))
        })
        .await
    }

    /// Messages of a conversation as `viewer` may see them, newest first: at most `limit`, and only
    /// those with a sequence number below `before`. An operator (`None`) sees all; a member of a
    /// group what came since they joined; others nothing.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn messages(
        &self,
        viewer: Option<&UserId>,
        conversation: &Conversation,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<Message>, StorageError> {
        timed("history", async {
            let mut db = self.inner.readers.acquire().await?;
            let key = conversation.key();
            let since = match viewer {
                Some(viewer) => since(&mut db, viewer, &key).await?,
                None => Some(0),
            };
            let Some(since) = since else { return Ok(Vec::new()) };
            let sql = "SELECT * FROM messages WHERE conversation = $1 AND seq < $2 AND seq > $3 \
                       ORDER BY seq DESC LIMIT $4";
            let rows = sqlx::query(sql)
                .bind(key.as_str())
                .bind(before.map_or(i64::MAX, number))
                .bind(since)
                .bind(i64::from(limit))
                .fetch_all(&mut *db)
                .await?;
            rows.iter().map(message).collect()
        })
        .await
    }

    /// [`Storage::messages`] of `viewer` and `peer`, as they are told.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn history(
        &self,
        viewer: &UserId,
        peer: &UserId,
        limit: u32,
        before: Option<u64>,
    ) -> Result<Vec<MessageEvent>, StorageError> {
        let conversation = Conversation::direct(viewer, peer);
        let messages = self.messages(Some(viewer), &conversation, limit, before).await?;
        Ok(messages.iter().map(|message| message.event(viewer)).collect())
    }
}

async fn send_in(
    db: &mut SqliteConnection,
    new: &NewMessage,
) -> Result<Result<Delivery, Refusal>, StorageError> {
    let key = new.conversation.key();
    if let Some(client_id) = &new.client_id
        && let Some(message) = by_client_id(db, &new.sender, client_id).await?
    {
        if message.conversation != new.conversation {
            return Ok(Err(Refusal::ClientIdUsed));
        }
        let users = users(db, &key).await?;
        return Ok(Ok(Delivery { users, message, is_new: false }));
    }
    let may = match &new.conversation {
        Conversation::Direct { .. } => match new.conversation.peer_of(&new.sender) {
            Some(peer) if *peer != new.sender => accounts::exists(db, peer).await?,
            Some(_) | None => false,
        }
        .then_some(())
        .ok_or(Refusal::NoSuchUser),
        Conversation::Group(group) => {
            let role = members::role(db, group, &new.sender).await?;
            role.map(|_| ()).ok_or(Refusal::NoSuchGroup)
        }
    };
    if let Err(refusal) = may {
        return Ok(Err(refusal));
    }
    let message = Message {
        conversation: new.conversation.clone(),
        seq: 0,
        sender: new.sender.clone(),
        sent_at: new.at,
        body: new.body.clone(),
        client_id: new.client_id.clone(),
        call_id: None,
        recalled: false,
    };
    let mut message = [message];
    insert(db, &mut message).await?;
    let [message] = message;
    Ok(Ok(Delivery { users: users(db, &key).await?, message, is_new: true }))
}

async fn by_client_id(
    db: &mut SqliteConnection,
    sender: &UserId,
    client_id: &str,
) -> Result<Option<Message>, StorageError> {
    let row = sqlx::query("SELECT * FROM messages WHERE sender = $1 AND client_id = $2")
        .bind(sender.as_str())
        .bind(client_id)
        .fetch_optional(&mut *db)
        .await?;
    row.as_ref().map(message).transpose()
}

async fn one(
    db: &mut SqliteConnection,
    key: &str,
    seq: u64,
) -> Result<Option<Message>, StorageError> {
    let row = sqlx::query("SELECT * FROM messages WHERE conversation = $1 AND seq = $2")
        .bind(key)
        .bind(number(seq))
        .fetch_optional(&mut *db)
        .await?;
    row.as_ref().map(message).transpose()
}

/// After which number `user` sees the conversation; `None` if it is none of theirs.
pub(super) async fn since(
    db: &mut SqliteConnection,
    user: &UserId,
    key: &str,
) -> Result<Option<i64>, StorageError> {
    let sql = "SELECT since_seq FROM conversation_users WHERE user_id = $1 AND conversation = $2";
    let row = sqlx::query(sql).bind(user.as_str()).bind(key).fetch_optional(&mut *db).await?;
    Ok(row.map(|row| row.try_get("since_seq")).transpose()?)
}

/// Everybody in a conversation.
pub(super) async fn users(
    db: &mut SqliteConnection,
    key: &str,
) -> Result<Vec<UserId>, StorageError> {
    let sql = "SELECT user_id FROM conversation_users WHERE conversation = $1 ORDER BY user_id";
    let rows = sqlx::query(sql).bind(key).fetch_all(&mut *db).await?;
    rows.into_iter().map(|row| user(row.try_get("user_id")?)).collect()
}

pub(super) fn message(row: &SqliteRow) -> Result<Message, StorageError> {
    let body: String = row.try_get("body")?;
    let recalled_at: Option<i64> = row.try_get("recalled_at")?;
    let call_id: Option<String> = row.try_get("call_id")?;
    let call_id = call_id
        .map(CallId::new)
        .transpose()
        .map_err(|error| StorageError::Unreadable { what: "call id", reason: error.to_string() })?;
    Ok(Message {
        conversation: Conversation::parse(row.try_get("conversation")?)?,
        seq: count(row.try_get("seq")?),
        sender: user(row.try_get("sender")?)?,
        sent_at: unix(row.try_get("sent_at")?),
        body: match row.try_get("kind")? {
            "text" => Body::Text(body),
            _ => Body::Custom(body),
        },
        client_id: row.try_get("client_id")?,
        call_id,
        recalled: recalled_at.is_some(),
    })
}

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
async fn insert(db: &mut SqliteConnection, messages: &mut [Message]) -> Result<(), StorageError> {
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

/// A sequence number as it is stored; one that no conversation reaches is the greatest.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
