use std::time::Duration;

use calling_model::{CallId, UnixMillis, UserId};
use calling_signaling::protocol::MessageEvent;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::conversation::Conversation;
use super::message_rows::insert;
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

/// A sequence number as it is stored; one that no conversation reaches is the greatest.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
