use calling_model::{CallId, DeviceId, MediaType, UserId};
use calling_signaling::protocol::{
    CallParams, ClientFrame, Event, EventFrame, HelloParams, Reply, Request, ServerFrame,
    SignInParams, decode_server_frame, encode,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::child::Child;
use crate::exit::Failure;

/// A signed-in client that costs as little as it can: it does signalling and nothing else.
pub(super) struct Line {
    pub(super) user: UserId,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
    /// Bytes of WebSocket frames both ways, headers included (RFC 6455 section 5.2).
    pub(super) bytes: u64,
}

impl Line {
    pub(super) async fn sign_in(server: &Child, user: UserId) -> Result<Self, Failure> {
        let url = format!("{}/v1/ws", server.url());
        let (socket, _) = connect_async(url).await.map_err(Failure::server)?;
        let user_sig = server.signer.sign(&user, 86_400, None);
        let mut line = Self { user: user.clone(), socket, last_id: 0, bytes: 0 };
        let hello = HelloParams { versions: vec![1], agent: "calling bench".to_owned() };
        line.ask(Request::Hello(hello)).await?;
        line.ask(Request::SignIn(SignInParams {
            sdk_app_id: server.signer.sdk_app_id,
            user_id: user,
            user_sig,
            device_id: DeviceId::new("bench").map_err(Failure::internal)?,
        }))
        .await?;
        Ok(line)
    }

    /// Sends a request and waits for its answer; events that come first are not wanted.
    pub(super) async fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        let id = self.send(request).await?;
        self.reply(id).await
    }

    pub(super) async fn send(&mut self, request: Request) -> Result<u64, Failure> {
        self.last_id += 1;
        let frame = ClientFrame { id: self.last_id, request };
        let text = encode(&frame);
        // A client's frame carries a mask of four bytes.
        self.bytes += frame_bytes(text.len()) + 4;
        self.socket.send(Message::text(text)).await.map_err(Failure::server)?;
        Ok(self.last_id)
    }

    pub(super) async fn reply(&mut self, wanted: u64) -> Result<Reply, Failure> {
        loop {
            match self.next().await? {
                ServerFrame::Reply { id, result } if id == wanted => return Ok(result),
                ServerFrame::Error { error, .. } => return Err(Failure::server(error)),
                ServerFrame::Reply { .. } | ServerFrame::Event(_) => {}
            }
        }
    }

    /// Waits for an event that `pick` wants.
    pub(super) async fn event<T>(
        &mut self,
        mut pick: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T, Failure> {
        loop {
            match self.next().await? {
                ServerFrame::Event(EventFrame { event, .. }) => {
                    if let Some(picked) = pick(&event) {
                        return Ok(picked);
                    }
                }
                ServerFrame::Error { error, .. } => return Err(Failure::server(error)),
                ServerFrame::Reply { .. } => {}
            }
        }
    }

    async fn next(&mut self) -> Result<ServerFrame, Failure> {
        loop {
            let gone = || Failure::server("the server closed a connection");
            let message = self.socket.next().await.ok_or_else(gone)?.map_err(Failure::server)?;
            if let Message::Text(text) = message {
                self.bytes += frame_bytes(text.len());
                return decode_server_frame(text.as_str()).map_err(Failure::server);
            }
        }
    }

    pub(super) async fn call(&mut self, callee: &UserId) -> Result<u64, Failure> {
        self.send(Request::Call(CallParams {
            callees: vec![callee.clone()],
            media_type: MediaType::Audio,
            group_id: None,
            timeout_s: None,
            user_data: String::new(),
            sent_at: None,
        }))
        .await
    }

    /// Waits until the call is over and its record stored.
    pub(super) async fn ended(&mut self, call: &CallId) -> Result<(), Failure> {
        self.event(|event| {
            matches!(event, Event::Ended { call_id, .. } if call_id == call).then_some(())
        })
        .await
    }
}

/// A frame with `payload` bytes, without mask.
const fn frame_bytes(payload: usize) -> u64 {
    let header = match payload {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    };
    header + payload as u64
}
