//! Drives an endpoint over a transport.

use std::time::Duration;

use calling_model::{CallId, GroupId, Machine, MediaType, UserId};
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::calls::RequestToken;
use calling_signaling::invite::{GROUP_ATTRIBUTE, GroupCallAttribute, RoomRef};
use calling_signaling::protocol::{CallReply, Event, ProtocolError, Reply};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    Address, BridgeAction, BridgeConfig, BridgeEndpoint, BridgeInput, BridgeOutput, MediaChange,
    SendOptions, SignalingTransport,
};

/// How many requests may wait, and how many notices.
const QUEUE: usize = 256;

/// How long the messaging service may take to accept a message.
const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// How long an application may leave a full queue of notices alone. Then it counts as gone: its
/// call ends and the bridge stops, rather than that notices are lost or the peer waits for ever.
const LISTEN_DEADLINE: Duration = Duration::from_secs(10);

/// Why a request to a [`Bridge`] failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// The call machine refused it.
    #[error(transparent)]
    Refused(#[from] ProtocolError),
    /// The bridge has stopped; start another.
    #[error("the bridge has stopped; start another")]
    Stopped,
}

/// What a bridge tells its application, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// As a client of the server would be told.
    Event(Event),
    /// Media may pass, in this room.
    Connected {
        /// The facts of the call.
        facts: CallFacts,
        /// The media room.
        room: RoomRef,
        /// The other side.
        peer: UserId,
    },
    /// Media stops, at once.
    LeaveMedia {
        /// The call.
        call_id: CallId,
    },
    /// The record of a call that is over.
    Ended(EndedCall),
}

enum Order {
    Request(BridgeAction, oneshot::Sender<Result<Reply, ProtocolError>>),
    Media(BridgeInput),
    Shutdown,
}

/// A running [`BridgeEndpoint`]: the application's side of it. Stops when all clones are dropped,
/// when the transport closes, or when nobody reads the notices.
#[derive(Clone, Debug)]
pub struct Bridge {
    orders: mpsc::Sender<Order>,
}

impl Bridge {
    /// Runs the end of `me` over `transport`, within the current tokio runtime. `seed` is 32 bytes
    /// of the operating system's randomness. The receiver gets all that the application is told;
    /// 256 notices may wait, and one that finds no place for 10 s stops the bridge.
    pub fn start<T: SignalingTransport>(
        transport: T,
        config: BridgeConfig,
        me: UserId,
        seed: [u8; 32],
    ) -> (Self, mpsc::Receiver<Notice>) {
        let (orders, waiting) = mpsc::channel(QUEUE);
        let (notices, told) = mpsc::channel(QUEUE);
        let endpoint = BridgeEndpoint::new(config, me, seed);
        let driver = Driver { transport, endpoint, notices, asked: Vec::new(), next_request: 0 };
        tokio::spawn(driver.run(waiting));
        (Self { orders }, told)
    }

    /// Places a call.
    ///
    /// # Errors
    /// As the machine says: in another call already, calling oneself.
    pub async fn call(
        &self,
        callee: UserId,
        media_type: MediaType,
    ) -> Result<CallReply, BridgeError> {
        let user_data = String::new();
        let action = BridgeAction::Call { callee, media_type, timeout_s: None, user_data };
        self.request_call(action).await
    }

    /// Calls several people, or a chat group.
    ///
    /// # Errors
    /// As the machine says: in another call already, nobody named, too many.
    pub async fn group_call(
        &self,
        callees: Vec<UserId>,
        group_id: Option<GroupId>,
        media_type: MediaType,
    ) -> Result<CallReply, BridgeError> {
        let (timeout_s, user_data) = (None, String::new());
        let action =
            BridgeAction::GroupCall { callees, group_id, media_type, timeout_s, user_data };
        self.request_call(action).await
    }

    /// Enters the running call of a chat group, as the group's attribute tells of it.
    ///
    /// # Errors
    /// As the machine says: in another call already, nobody talks there.
    pub async fn join(&self, call: GroupCallAttribute) -> Result<CallReply, BridgeError> {
        self.request_call(BridgeAction::Join { call }).await
    }

    /// Rings more people into a call of several or a conversation of two.
    ///
    /// # Errors
    /// As the machine says: not in that call, everybody is in it.
    pub async fn invite_users(
        &self,
        call_id: &CallId,
        users: Vec<UserId>,
    ) -> Result<CallReply, BridgeError> {
        let call_id = call_id.clone();
        self.request_call(BridgeAction::InviteUsers { call_id, users, timeout_s: None }).await
    }

    /// What is seen of somebody in the media room of a call of several.
    ///
    /// # Errors
    /// The bridge has stopped.
    pub async fn member_media(
        &self,
        call_id: CallId,
        user: UserId,
        change: MediaChange,
    ) -> Result<(), BridgeError> {
        self.order(Order::Media(BridgeInput::MemberMedia { call_id, user, change })).await
    }

    /// Answers a ringing call.
    ///
    /// # Errors
    /// There is no such call any more, or it was answered.
    pub async fn accept(&self, call_id: &CallId) -> Result<CallReply, BridgeError> {
        self.request_call(BridgeAction::Accept { call_id: call_id.clone() }).await
    }

    /// Declines a ringing call.
    ///
    /// # Errors
    /// There is no such call any more, or it was answered.
    pub async fn reject(&self, call_id: &CallId) -> Result<(), BridgeError> {
        let action = BridgeAction::Reject { call_id: call_id.clone(), busy: false };
        self.request(action).await.map(drop)
    }

    /// Withdraws a ringing call or leaves a connected one.
    ///
    /// # Errors
    /// There is no such call any more.
    pub async fn hangup(&self, call_id: &CallId) -> Result<(), BridgeError> {
        self.request(BridgeAction::Hangup { call_id: call_id.clone() }).await.map(drop)
    }

    /// Anything a user may want; the reply comes once the machine gives it.
    ///
    /// # Errors
    /// As the machine says.
    pub async fn request(&self, action: BridgeAction) -> Result<Reply, BridgeError> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Request(action, answer)).await?;
        Ok(answered.await.map_err(|_| BridgeError::Stopped)??)
    }

    /// The peer left the media room on purpose.
    ///
    /// # Errors
    /// The bridge has stopped.
    pub async fn peer_left(&self, call_id: CallId) -> Result<(), BridgeError> {
        self.order(Order::Media(BridgeInput::PeerLeft { call_id })).await
    }

    /// The peer's media was lost, or is back.
    ///
    /// # Errors
    /// The bridge has stopped.
    pub async fn peer_media(&self, call_id: CallId, is_back: bool) -> Result<(), BridgeError> {
        let input = if is_back {
            BridgeInput::PeerBack { call_id }
        } else {
            BridgeInput::PeerLost { call_id }
        };
        self.order(Order::Media(input)).await
    }

    /// Ends the call there is, tells the peer, and stops.
    ///
    /// # Errors
    /// The bridge has stopped already.
    pub async fn shut_down(&self) -> Result<(), BridgeError> {
        self.order(Order::Shutdown).await
    }

    async fn request_call(&self, action: BridgeAction) -> Result<CallReply, BridgeError> {
        let reply = self.request(action).await?;
        // Calls and accepts are granted with nothing else.
        let Reply::Call(call) = reply else { return Err(BridgeError::Stopped) };
        Ok(call)
    }

    async fn order(&self, order: Order) -> Result<(), BridgeError> {
        self.orders.send(order).await.map_err(|_| BridgeError::Stopped)
    }
}

type Answer = oneshot::Sender<Result<Reply, ProtocolError>>;

struct Driver<T> {
    transport: T,
    endpoint: BridgeEndpoint,
    notices: mpsc::Sender<Notice>,
    /// Who waits for replies: a handful at most, since most are given at once.
    asked: Vec<(RequestToken, Answer)>,
    next_request: u64,
}

/// Nobody listens any more.
struct Gone;

impl<T: SignalingTransport> Driver<T> {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut running = true;
        while running {
            let deadline = self.endpoint.poll_timeout().map(|(at, _)| Instant::from_std(at));
            let wait = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let input = tokio::select! {
                order = orders.recv() => Some(self.order(order, &mut running)),
                message = self.transport.receive() => match message {
                    Some(message) => {
                        let at = self.transport.now();
                        Some(BridgeInput::Received { message, at })
                    }
                    None => {
                        running = false;
                        Some(BridgeInput::Shutdown)
                    }
                },
                () = wait => None,
            };
            running &= self.step(input).await.is_ok();
        }
    }

    fn order(&mut self, order: Option<Order>, running: &mut bool) -> BridgeInput {
        match order {
            Some(Order::Request(action, answer)) => {
                self.next_request += 1;
                let request = RequestToken(self.next_request);
                self.asked.push((request, answer));
                BridgeInput::Request { request, action, at: self.transport.now() }
            }
            Some(Order::Media(input)) => input,
            Some(Order::Shutdown) | None => {
                *running = false;
                BridgeInput::Shutdown
            }
        }
    }

    async fn step(&mut self, input: Option<BridgeInput>) -> Result<(), Gone> {
        self.feed(input);
        while let Some(output) = self.endpoint.poll_output() {
            let told = match output {
                BridgeOutput::Send { to, text, options, on_failure } => {
                    let sent = self.send(&to, text, &options).await;
                    if let Some(call_id) = on_failure.filter(|_| !sent) {
                        self.feed(Some(BridgeInput::SendFailed { call_id }));
                    }
                    continue;
                }
                BridgeOutput::Reply { request, result } => {
                    self.answer(request, result);
                    continue;
                }
                BridgeOutput::GroupCall { group_id, call } => {
                    let text = call.map(|call| call.encode());
                    let set = self.transport.set_group_attribute(&group_id, GROUP_ATTRIBUTE, text);
                    // Who sees it or not makes no difference to those who talk.
                    let _ = timeout(SEND_DEADLINE, set).await;
                    continue;
                }
                BridgeOutput::Event(event) => Notice::Event(event),
                BridgeOutput::Connected { facts, room, peer } => {
                    Notice::Connected { facts, room, peer }
                }
                BridgeOutput::LeaveMedia { call_id } => Notice::LeaveMedia { call_id },
                BridgeOutput::Ended(ended) => Notice::Ended(ended),
            };
            if self.notices.send_timeout(told, LISTEN_DEADLINE).await.is_err() {
                self.abandon().await;
                return Err(Gone);
            }
        }
        Ok(())
    }

    fn feed(&mut self, input: Option<BridgeInput>) {
        let now = Instant::now().into_std();
        match input {
            Some(input) => match self.endpoint.handle_input(now, input) {
                Ok(()) => {}
                Err(never) => match never {},
            },
            None => self.endpoint.handle_timeout(now),
        }
    }

    /// Ends the call of an application that is gone; only the peer is told.
    async fn abandon(&mut self) {
        self.feed(Some(BridgeInput::Shutdown));
        while let Some(output) = self.endpoint.poll_output() {
            if let BridgeOutput::Send { to, text, options, .. } = output {
                self.send(&to, text, &options).await;
            }
        }
    }

    async fn send(&self, to: &Address, text: String, options: &SendOptions) -> bool {
        let sent = async {
            match to {
                Address::User(user) => {
                    self.transport.send_to_user(user, text.into_bytes(), options).await
                }
                Address::Group(group) => {
                    self.transport.send_to_group(group, text.into_bytes(), options).await
                }
            }
        };
        matches!(timeout(SEND_DEADLINE, sent).await, Ok(Ok(())))
    }

    fn answer(&mut self, request: RequestToken, result: Result<Reply, ProtocolError>) {
        if let Some(at) = self.asked.iter().position(|(token, _)| *token == request) {
            // Who asked may have stopped waiting.
            let _ = self.asked.swap_remove(at).1.send(result);
        }
    }
}
