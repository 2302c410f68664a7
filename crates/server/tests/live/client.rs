//! A signalling client that does what it is told and nothing else.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use calling_model::{CallId, DeviceId, MediaType, UserId};
use calling_server::config::DEFAULT_SDK_APP_ID;
use calling_signaling::protocol::{
    CallParams, CallReply, ClientFrame, Event, HelloParams, ProtocolError, Reply, Request,
    ServerFrame, SignInParams, decode_server_frame, encode,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::server::{KEY, now_s, user_sig};

/// How long anything may take before a test gives up. Nothing is measured by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    events: VecDeque<Event>,
    last_id: u64,
}

/// What came from the server.
#[derive(Debug)]
pub(crate) enum Came {
    Frame(ServerFrame),
    Closed(Option<CloseFrame>),
}

impl Client {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        Self::over(stream, server).await.unwrap()
    }

    pub(crate) async fn over(
        stream: TcpStream,
        server: SocketAddr,
    ) -> Result<Self, tungstenite::Error> {
        let url = format!("ws://{server}/v1/ws");
        let (socket, _) = client_async(url, stream).await?;
        Ok(Self { socket, events: VecDeque::new(), last_id: 0 })
    }

    pub(crate) async fn greeted(server: SocketAddr) -> Self {
        let mut client = Self::connect(server).await;
        client.hello().await;
        client
    }

    pub(crate) async fn signed_in(server: SocketAddr, user: &str, device: &str) -> Self {
        let mut client = Self::greeted(server).await;
        client.sign_in(user, device, &user_sig(user, KEY, now_s())).await.unwrap();
        client
    }

    pub(crate) async fn hello(&mut self) {
        let hello = HelloParams { versions: vec![1], agent: "test".to_owned() };
        self.ask(Request::Hello(hello)).await.unwrap();
    }

    pub(crate) async fn sign_in(
        &mut self,
        user: &str,
        device: &str,
        user_sig: &str,
    ) -> Result<Reply, ProtocolError> {
        self.ask(Request::SignIn(SignInParams {
            sdk_app_id: DEFAULT_SDK_APP_ID,
            user_id: UserId::new(user).unwrap(),
            user_sig: user_sig.to_owned(),
            device_id: DeviceId::new(device).unwrap(),
        }))
        .await
    }

    /// Sends a request and does not wait.
    pub(crate) async fn send(&mut self, request: Request) -> u64 {
        self.last_id += 1;
        let frame = ClientFrame { id: self.last_id, request };
        self.text(&encode(&frame)).await;
        self.last_id
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.message(Message::text(text)).await;
    }

    /// A server that closes the connection meanwhile is no error here.
    pub(crate) async fn message(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// Asks and waits for the answer; events on the way are kept.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Reply, ProtocolError> {
        let asked = self.send(request).await;
        self.answer(asked).await
    }

    pub(crate) async fn answer(&mut self, asked: u64) -> Result<Reply, ProtocolError> {
        loop {
            match self.frame().await {
                ServerFrame::Reply { id, result } if id == asked => return Ok(result),
                ServerFrame::Error { id: Some(id), error } if id == asked => return Err(error),
                ServerFrame::Event(frame) => self.events.push_back(frame.event),
                other @ (ServerFrame::Reply { .. } | ServerFrame::Error { .. }) => {
                    panic!("unexpected: {other:?}")
                }
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> ServerFrame {
        match self.came().await {
            Came::Frame(frame) => frame,
            Came::Closed(why) => panic!("the server closed the connection: {why:?}"),
        }
    }

    pub(crate) async fn came(&mut self) -> Came {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => {
                    return Came::Frame(decode_server_frame(text.as_str()).unwrap());
                }
                Some(Ok(Message::Close(why))) => return Came::Closed(why),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::Closed(None),
            }
        }
    }

    /// Reads until the server closes, and gives the code.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Came::Closed(why) = self.came().await {
                return why.expect("the connection was cut without a word").code.into();
            }
        }
    }

    /// The next event that is wanted; others are skipped, except the end of a call.
    pub(crate) async fn event(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next_event().await;
            if wanted(&event) {
                return event;
            }
            assert!(!matches!(event, Event::Ended { .. }), "unexpected end: {event:?}");
        }
    }

    pub(crate) async fn next_event(&mut self) -> Event {
        if let Some(event) = self.events.pop_front() {
            return event;
        }
        let frame = self.frame().await;
        let ServerFrame::Event(calling_signaling::protocol::EventFrame { event, .. }) = frame
        else {
            panic!("unexpected: {frame:?}")
        };
        event
    }

    /// Everything told until now: what the hub answers comes after what it told before.
    pub(crate) async fn told(&mut self) -> Vec<Event> {
        let nothing = Request::GetCall { call_id: "f".repeat(32).parse().unwrap() };
        self.ask(nothing).await.unwrap_err();
        std::mem::take(&mut self.events).into()
    }

    pub(crate) async fn call(&mut self, callee: &str) -> Result<CallReply, ProtocolError> {
        let reply = self.ask(call(callee, "")).await?;
        let Reply::Call(call) = reply else { panic!("unexpected: {reply:?}") };
        Ok(call)
    }

    pub(crate) async fn accept(&mut self, call_id: &CallId) {
        self.ask(Request::Accept { call_id: call_id.clone() }).await.unwrap();
    }

    pub(crate) async fn hang_up(&mut self, call_id: &CallId) {
        self.ask(Request::Hangup { call_id: call_id.clone() }).await.unwrap();
    }

    /// Waits for an invite and gives the call.
    pub(crate) async fn invited(&mut self) -> CallId {
        let event = self.event(|event| matches!(event, Event::Invited { .. })).await;
        let Event::Invited { facts, .. } = event else { unreachable!() };
        facts.call_id
    }

    pub(crate) async fn accepted(&mut self) {
        self.event(|event| matches!(event, Event::Accepted { .. })).await;
    }

    pub(crate) async fn ended(&mut self) -> Event {
        self.event(|event| matches!(event, Event::Ended { .. })).await
    }
}

pub(crate) fn call(callee: &str, user_data: &str) -> Request {
    Request::Call(CallParams {
        callees: vec![UserId::new(callee).unwrap()],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: None,
        user_data: user_data.to_owned(),
        sent_at: None,
    })
}
