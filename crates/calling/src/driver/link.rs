//! One signalling connection: WebSocket, `hello` and `sign_in`.

use std::collections::VecDeque;
use std::time::Duration;

use calling_signaling::protocol::{
    ClientFrame, Code, HelloParams, MAX_SERVER_FRAME_BYTES, ProtocolError, Reply, Request,
    ResumeParams, ServerFrame, SignInParams, SignInReply, VERSIONS, decode_server_frame, encode,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::server_url::ServerUrl;
use crate::config::Config;
use crate::error::InitError;

/// A write that takes longer than this goes nowhere.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Frames are small; the library's 128 KiB of buffers would be most of an idle client.
const BUFFER_BYTES: usize = 8 * 1024;

/// The connection is gone; why, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LinkLost(pub(crate) String);

/// A signalling connection.
pub(crate) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether the server is on this machine.
    pub(crate) loopback: bool,
    /// Frames that came while another was waited for.
    early: VecDeque<ServerFrame>,
}

/// What a sign-in gave.
pub(crate) struct SignedIn {
    /// The connection.
    pub(crate) link: Link,
    /// The server's word.
    pub(crate) reply: SignInReply,
    /// The session goes on where it was cut.
    pub(crate) resumed: bool,
}

/// What takes up a session that lost its connection.
#[derive(Clone)]
pub(crate) struct Resume {
    pub(crate) token: String,
    /// The greatest number of an event that was handled.
    pub(crate) last_event: u64,
}

/// Connects and takes up the session, or signs in afresh where there is none or it is gone. The
/// three ids name the requests.
pub(crate) async fn sign_in(
    url: &ServerUrl,
    config: &Config,
    ids: [u64; 3],
    resume: Option<Resume>,
) -> Result<SignedIn, InitError> {
    let attempt = async {
        let mut link = Link::open(url).await?;
        link.hello(config, ids[0]).await?;
        if let Some(resume) = resume {
            match link.resume(config, ids[1], resume).await {
                Ok(reply) => return Ok(SignedIn { link, reply, resumed: true }),
                // Whatever the reason, the proof of the account decides.
                Err(InitError::Refused(error)) => {
                    tracing::debug!(code = i32::from(error.code), "the session is gone");
                }
                Err(error) => return Err(error),
            }
        }
        let reply = link.prove(config, ids[2]).await?;
        Ok(SignedIn { link, reply, resumed: false })
    };
    let timed_out = InitError::TimedOut(config.connect_timeout);
    tokio::time::timeout(config.connect_timeout, attempt).await.unwrap_or(Err(timed_out))
}

impl Link {
    async fn open(url: &ServerUrl) -> Result<Self, InitError> {
        let unreachable = |error: std::io::Error| InitError::Unreachable(error.to_string());
        let stream = TcpStream::connect(url.authority()).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let loopback = stream.peer_addr().map_err(unreachable)?.ip().to_canonical().is_loopback();
        let settings = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_SERVER_FRAME_BYTES))
            .max_frame_size(Some(MAX_SERVER_FRAME_BYTES));
        let (socket, _) =
            client_async_tls_with_config(url.request(), stream, Some(settings), url.connector())
                .await
                .map_err(|error| InitError::NotAServer(plain(&error)))?;
        Ok(Self { socket, loopback, early: VecDeque::new() })
    }

    async fn hello(&mut self, config: &Config, id: u64) -> Result<(), InitError> {
        let params = HelloParams { versions: VERSIONS.to_vec(), agent: config.agent.clone() };
        let Reply::Hello(_) = self.ask(id, Request::Hello(params)).await? else {
            return Err(unexpected());
        };
        Ok(())
    }

    async fn prove(&mut self, config: &Config, id: u64) -> Result<SignInReply, InitError> {
        let params = SignInParams {
            sdk_app_id: config.sdk_app_id,
            user_id: config.user_id.clone(),
            user_sig: config.user_sig.clone(),
            device_id: config.device_id.clone(),
        };
        let Reply::SignedIn(reply) = self.ask(id, Request::SignIn(params)).await? else {
            return Err(unexpected());
        };
        Ok(reply)
    }

    async fn resume(
        &mut self,
        config: &Config,
        id: u64,
        resume: Resume,
    ) -> Result<SignInReply, InitError> {
        let Resume { token, last_event } = resume;
        let params = ResumeParams { token, device_id: config.device_id.clone(), last_event };
        let Reply::SignedIn(reply) = self.ask(id, Request::Resume(params)).await? else {
            return Err(unexpected());
        };
        Ok(reply)
    }

    /// Sends one request and waits for its answer; what else comes is kept for `next`.
    async fn ask(&mut self, id: u64, request: Request) -> Result<Reply, InitError> {
        let lost = |lost: LinkLost| InitError::NotAServer(lost.0);
        self.send(&ClientFrame { id, request }).await.map_err(lost)?;
        let mut early = VecDeque::new();
        let answer = loop {
            let frame = self.next().await.map_err(lost)?;
            match answer_to(id, frame) {
                Ok(answer) => break answer.map_err(InitError::Refused),
                Err(other) => early.push_back(*other),
            }
        };
        self.early.append(&mut early);
        answer
    }

    /// Sends one frame.
    pub(crate) async fn send(&mut self, frame: &ClientFrame) -> Result<(), LinkLost> {
        let message = Message::text(encode(frame));
        match tokio::time::timeout(WRITE_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(LinkLost(plain(&error))),
            Err(_) => Err(LinkLost("the server no longer reads".to_owned())),
        }
    }

    /// The next frame. Cancel-safe. Frames of kinds this build does not know are passed over.
    pub(crate) async fn next(&mut self) -> Result<ServerFrame, LinkLost> {
        if let Some(frame) = self.early.pop_front() {
            return Ok(frame);
        }
        loop {
            let message = match self.socket.next().await {
                None => return Err(LinkLost("the server closed the connection".to_owned())),
                Some(Err(error)) => return Err(LinkLost(plain(&error))),
                Some(Ok(message)) => message,
            };
            if let Some(frame) = understood(&message)? {
                return Ok(frame);
            }
        }
    }

    /// Says goodbye to the WebSocket; does not wait for the answer.
    pub(crate) async fn close(mut self) {
        // The connection may be gone already.
        let _ = tokio::time::timeout(WRITE_TIMEOUT, self.socket.close(None)).await;
    }
}

fn understood(message: &Message) -> Result<Option<ServerFrame>, LinkLost> {
    match message {
        Message::Text(text) => match decode_server_frame(text) {
            Ok(frame) => Ok(Some(frame)),
            Err(error) if error.hostile => Err(LinkLost(error.to_string())),
            Err(error) => {
                tracing::debug!(%error, "passed over a frame");
                Ok(None)
            }
        },
        Message::Close(_) => Err(LinkLost("the server closed the connection".to_owned())),
        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(None),
    }
}

/// The answer to request `id` if `frame` is that; else the frame.
fn answer_to(
    id: u64,
    frame: ServerFrame,
) -> Result<Result<Reply, ProtocolError>, Box<ServerFrame>> {
    match frame {
        ServerFrame::Reply { id: of, result } if of == id => Ok(Ok(result)),
        ServerFrame::Error { id: of, error } if of.is_none_or(|of| of == id) => Ok(Err(error)),
        ServerFrame::Reply { .. } | ServerFrame::Error { .. } | ServerFrame::Event(_) => {
            Err(Box::new(frame))
        }
    }
}

fn unexpected() -> InitError {
    let text = "the server answered something else than was asked";
    InitError::Refused(ProtocolError::new(Code::MalformedFrame, text))
}

/// The library's error in words that hold no address and no token.
fn plain(error: &tungstenite::Error) -> String {
    if let tungstenite::Error::Http(response) = error {
        return format!("it answered HTTP status {}", response.status().as_u16());
    }
    error.to_string()
}
