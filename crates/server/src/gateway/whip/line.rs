use std::collections::BTreeSet;
use std::time::Duration;

use calling_model::{CallId, Endpoint, UserId};
use calling_signaling::protocol::{Event, EventFrame, Reply, ServerFrame, decode_server_frame};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::refusal::Refusal;
use crate::gateway::Gateway;
use crate::gateway::outbox::{Inbox, OUTBOX_FRAMES, outbox};
use crate::gateway::requests::tell_hub;
use crate::hub::{HubCommand, HubRequest, Session};

/// How long the hub may take to answer. It takes milliseconds, unless the database is slow.
const ANSWER: Duration = Duration::from_secs(10);

/// How long signing out is waited for.
const FAREWELL: Duration = Duration::from_secs(2);

/// A signed-in device inside the server, as far as one call concerns it.
pub(super) struct Line {
    gateway: Gateway,
    session: Session,
    inbox: Inbox,
    call_id: CallId,
    /// The last request.
    asked: u64,
    /// Who is in the room, as the hub told.
    present: BTreeSet<UserId>,
    /// Who came to the room, again perhaps, since that was asked last.
    came: BTreeSet<UserId>,
    over: bool,
}

impl Line {
    /// Signs in the device, whose account is proven. The same device's older line ends.
    pub(super) async fn sign_in(
        gateway: &Gateway,
        endpoint: Endpoint,
        call_id: CallId,
    ) -> Result<Self, Refusal> {
        let session = Session { endpoint, id: gateway.next_session() };
        let (outbox, inbox) = outbox(OUTBOX_FRAMES);
        let (reply, answer) = oneshot::channel();
        let command = HubCommand::SignIn {
            session: session.clone(),
            outbox,
            request: 0,
            welcome: gateway.welcome(),
            reply,
        };
        tell_hub(gateway, command).await?;
        match timeout(ANSWER, answer).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => return Err(error.into()),
            Ok(Err(_)) => return Err(Refusal::stopping()),
            Err(_) => return Err(Refusal::overdue()),
        }
        Ok(Self {
            gateway: gateway.clone(),
            session,
            inbox,
            call_id,
            asked: 0,
            present: BTreeSet::new(),
            came: BTreeSet::new(),
            over: false,
        })
    }

    /// Asks the hub and waits for its answer; what it tells meanwhile is noted.
    pub(super) async fn ask(&mut self, request: HubRequest) -> Result<Reply, Refusal> {
        self.asked += 1;
        let (session, id) = (self.session.clone(), self.asked);
        tell_hub(&self.gateway, HubCommand::Request { session, id, request }).await?;
        timeout(ANSWER, self.answer(id)).await.unwrap_or_else(|_| Err(Refusal::overdue()))
    }

    async fn answer(&mut self, wanted: u64) -> Result<Reply, Refusal> {
        loop {
            let frame = self.frame().await.ok_or_else(Refusal::stopping)?;
            match frame {
                ServerFrame::Reply { id, result } if id == wanted => return Ok(result),
                ServerFrame::Error { id: Some(id), error } if id == wanted => {
                    return Err(error.into());
                }
                ServerFrame::Event(EventFrame { event, .. }) => self.note(event),
                ServerFrame::Reply { .. } | ServerFrame::Error { .. } => {}
            }
        }
    }

    /// Waits until the hub tells something, and notes it. May be dropped at any time.
    pub(super) async fn listen(&mut self) {
        match self.frame().await {
            Some(ServerFrame::Event(EventFrame { event, .. })) => self.note(event),
            Some(ServerFrame::Reply { .. } | ServerFrame::Error { .. }) => {}
            None => self.over = true,
        }
    }

    /// Who is in the room.
    pub(super) const fn present(&self) -> &BTreeSet<UserId> {
        &self.present
    }

    /// Whether somebody of `users` came to the room since that was asked last.
    pub(super) fn came_anew(&mut self, users: &[UserId]) -> bool {
        let came = std::mem::take(&mut self.came);
        users.iter().any(|user| came.contains(user))
    }

    /// Whether the device is in the call no more, or its media is lost.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// Leaves the call, if it is in it, and signs out.
    pub(super) async fn sign_out(mut self) {
        let session = self.session.clone();
        if tell_hub(&self.gateway, HubCommand::SignOut { session }).await.is_ok() {
            // The hub lets go of its end once that is done.
            let gone = async { while self.inbox.frames.recv().await.is_some() {} };
            let _ = timeout(FAREWELL, gone).await;
        }
    }

    /// The next frame; none once the hub has let go of this device.
    async fn frame(&mut self) -> Option<ServerFrame> {
        loop {
            let text = self.inbox.frames.recv().await?;
            match decode_server_frame(&text) {
                Ok(frame) => return Some(frame),
                Err(error) => tracing::error!(?error, "the hub told what is not understood"),
            }
        }
    }

    fn note(&mut self, event: Event) {
        if matches!(event, Event::KickedOffline {}) {
            self.over = true;
        }
        if event.call_id() != Some(&self.call_id) {
            return;
        }
        if let Event::UserEntered { user, .. } = event {
            self.came.insert(user.clone());
            self.present.insert(user);
        } else if let Event::UserLeft { user, .. } | Event::MemberLeft { user, .. } = event {
            self.present.remove(&user);
        } else if matches!(event, Event::Ended { .. } | Event::MediaFailed { .. }) {
            self.over = true;
        }
    }
}
