//! Conversations, groups and profiles: what is allowed, and who is told.
//!
//! The database decides and stores; then the devices of everybody concerned are told. A device that
//! is not signed in misses it, and finds it in its history: messages are numbered within their
//! conversation. The gateway and REST ask the same things here, for a member or for an operator.

mod error;
mod groups;
mod limits;

use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::{GroupId, UserId};
use calling_signaling::protocol::{ChatEvent, Event, Target};

pub(crate) use self::error::ChatError;
pub(crate) use self::limits::{check_message, check_name, check_users};
use crate::config::Config;
use crate::http::Control;
use crate::hub::{SessionId, Told, wall_clock};
use crate::rate::RateMeter;
use crate::storage::{Conversation, Delivery, NewMessage, Storage};

/// How many seconds' worth of messages an account may send at once.
const BURST: Duration = Duration::from_secs(10);

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    storage: Storage,
    control: Control,
    rate: RateMeter<UserId>,
    recall_window: Duration,
    max_group_members: u32,
}

/// Who does something: an account on a connection, or an operator.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    Member { user: &'a UserId, session: SessionId },
    Operator,
}

impl<'a> By<'a> {
    pub(crate) const fn user(self) -> Option<&'a UserId> {
        match self {
            Self::Member { user, .. } => Some(user),
            Self::Operator => None,
        }
    }

    const fn session(self) -> Option<SessionId> {
        match self {
            Self::Member { session, .. } => Some(session),
            Self::Operator => None,
        }
    }
}

impl Chat {
    pub(crate) fn new(config: &Config, storage: Storage, control: Control) -> Self {
        let per_minute = config.limits.messages_per_minute;
        let inner = Inner {
            storage,
            control,
            rate: RateMeter::new(per_minute, Duration::from_secs(60), BURST),
            recall_window: Duration::from_secs(config.chat.recall_window_s.into()),
            max_group_members: config.chat.max_group_members,
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.inner.storage
    }

    /// Counts a change by a member; operators are counted by their tokens.
    pub(crate) fn admit(&self, by: By<'_>) -> Result<(), ChatError> {
        match by.user() {
            Some(user) => self.inner.rate.admit(user, Instant::now()).map_err(ChatError::TooFast),
            None => Ok(()),
        }
    }

    /// Stores a message and has everybody in the conversation told, the sender's other devices
    /// included.
    pub(crate) async fn send(&self, by: By<'_>, new: &NewMessage) -> Result<Delivery, ChatError> {
        self.admit(by)?;
        let sent = self.inner.storage.send(new).await??;
        if sent.is_new {
            let told = sent
                .users
                .iter()
                .map(|user| (vec![user.clone()], Event::Message(sent.message.event(user))));
            self.tell(told.collect(), by).await;
        }
        Ok(sent)
    }

    /// Takes a message back: a member their own, an operator any.
    pub(crate) async fn recall(
        &self,
        by: By<'_>,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<(), ChatError> {
        self.admit(by)?;
        let (storage, now) = (&self.inner.storage, wall_clock());
        let recalled = match by.user() {
            Some(user) => {
                storage.recall(user, conversation, seq, now, self.inner.recall_window).await??
            }
            None => storage.withdraw(conversation, seq, now).await??,
        };
        if recalled.is_new {
            let told = recalled.users.iter().filter_map(|user| {
                let event = ChatEvent::MessageRecalled {
                    conversation: target(conversation, user)?,
                    seq,
                    by: by.user().cloned(),
                };
                Some((vec![user.clone()], Event::Chat(event)))
            });
            self.tell(told.collect(), by).await;
        }
        Ok(())
    }

    /// Moves a read mark, and has the reader's other devices told.
    pub(crate) async fn mark_read(
        &self,
        user: &UserId,
        session: SessionId,
        conversation: &Conversation,
        seq: u64,
    ) -> Result<(), ChatError> {
        let by = By::Member { user, session };
        self.admit(by)?;
        let marked = self.inner.storage.mark_read(user, conversation, seq).await?;
        if let (Some(seq), Some(conversation)) = (marked, target(conversation, user)) {
            let event = Event::Chat(ChatEvent::Read { conversation, seq });
            self.tell(vec![(vec![user.clone()], event)], by).await;
        }
        Ok(())
    }

    async fn tell(&self, told: Vec<Told>, by: By<'_>) {
        self.inner.control.tell(told, by.session()).await;
    }

    async fn tell_group(&self, group_id: &GroupId, users: Vec<UserId>, by: By<'_>) {
        let event = Event::Chat(ChatEvent::GroupChanged { group_id: group_id.clone() });
        self.tell(vec![(users, event)], by).await;
    }
}

/// The conversation that `own` means.
pub(crate) fn conversation(own: &UserId, target: &Target) -> Conversation {
    match target {
        Target::User(peer) => Conversation::direct(own, peer),
        Target::Group(group) => Conversation::Group(group.clone()),
    }
}

/// A conversation as `viewer` sees it; `None` for a stranger.
pub(crate) fn target(conversation: &Conversation, viewer: &UserId) -> Option<Target> {
    match conversation {
        Conversation::Direct { .. } => conversation.peer_of(viewer).cloned().map(Target::User),
        Conversation::Group(group) => Some(Target::Group(group.clone())),
    }
}
