//! A server that says only what the test tells it to, over a real WebSocket and a real UDP port.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use calling::{
    CallFacts, CallId, Code, Config, DeviceId, IceServer, MediaType, MessageEvent, ProtocolError,
    Role,
};
use calling_media::{AudioSource, Sender, SenderConfig, ToneSource};
use calling_model::{ConnectionId, InviteId, RoomId, UnixMillis};
use calling_signaling::protocol::{
    CallReply, ClientFrame, ClientOffer, Event, HelloReply, MediaAnswer, MediaOffer, Reply,
    Request, ServerFrame, SignInReply, decode_client_frame, encode,
};
use calling_transport::{
    Certificate, IceCredentials, LiteConfig, LiteServer, RemoteParams, ServerOutput, ServerReceived,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{soon, user};

/// The SSRC under which this server forwards the other one's voice.
pub const FORWARDED: u32 = 0x0f0f_0f0f;
pub const CALL: &str = "c0ffee";

/// A listening server.
pub struct Fake {
    listener: TcpListener,
    pub media: Media,
    pub ice_servers: Vec<IceServer>,
    /// How long the credentials in `ice_servers` are good.
    pub ice_expire_s: Option<u32>,
    pub ping_interval_ms: u32,
}

/// One signed-in connection.
pub struct Script {
    socket: WebSocketStream<TcpStream>,
}

impl Fake {
    pub async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            media: Media::start().await,
            ice_servers: Vec::new(),
            ice_expire_s: None,
            ping_interval_ms: 10_000,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn config(&self, name: &str) -> Config {
        Config::new(format!("ws://{}", self.address()), 1, user(name), "any")
            .with_device(DeviceId::new(format!("{name}-phone")).unwrap())
    }

    /// Takes the next client and refuses its proof.
    pub async fn refuse_sign_in(&self, code: Code) {
        let (mut script, id) = self.greet().await;
        script.refuse(id, code).await;
    }

    /// Takes the next client and signs it in.
    pub async fn sign_in(&self) -> Script {
        let (mut script, id) = self.greet().await;
        let reply = SignInReply {
            ping_interval_ms: self.ping_interval_ms,
            ice_servers: self.ice_servers.clone(),
            ice_expire_s: self.ice_expire_s,
            server_time: None,
            resume_token: None,
        };
        script.reply(id, Reply::SignedIn(reply)).await;
        script
    }

    /// Takes the next client up to its proof; gives the id of that request.
    async fn greet(&self) -> (Script, u64) {
        let (stream, _) = soon("a client", self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let socket = soon("the upgrade", tokio_tungstenite::accept_async(stream)).await.unwrap();
        let mut script = Script { socket };
        let hello = script.any_request().await;
        assert!(matches!(hello.request, Request::Hello(_)));
        let reply = HelloReply { version: 1, server: "fake".to_owned() };
        script.reply(hello.id, Reply::Hello(reply)).await;
        let sign_in = script.any_request().await;
        assert!(matches!(sign_in.request, Request::SignIn(_)));
        (script, sign_in.id)
    }
}

impl Script {
    /// The next request of any kind.
    async fn any_request(&mut self) -> ClientFrame {
        loop {
            let message = soon("a request", self.socket.next()).await.unwrap().unwrap();
            if let Message::Text(text) = message {
                return decode_client_frame(&text).unwrap();
            }
        }
    }

    /// The next request for which `wanted` holds; everything else is answered with "done".
    pub async fn request(&mut self, wanted: impl Fn(&Request) -> bool) -> ClientFrame {
        loop {
            let frame = self.any_request().await;
            if wanted(&frame.request) {
                return frame;
            }
            self.reply(frame.id, Reply::Done {}).await;
        }
    }

    /// The offer of the client's media connection, with the request's id.
    pub async fn offer(&mut self) -> (u64, MediaOffer) {
        let frame = self.request(|request| matches!(request, Request::ConnectMedia { .. })).await;
        let Request::ConnectMedia { offer: ClientOffer::Native(offer), .. } = frame.request else {
            unreachable!("asked for nothing else")
        };
        (frame.id, offer)
    }

    pub async fn reply(&mut self, id: u64, result: Reply) {
        self.say(&ServerFrame::Reply { id, result }).await;
    }

    pub async fn refuse(&mut self, id: u64, code: Code) {
        let error = ProtocolError::new(code, "no");
        self.say(&ServerFrame::Error { id: Some(id), error }).await;
    }

    /// Any text as a frame.
    pub async fn raw(&mut self, text: &str) {
        soon("a write", self.socket.send(Message::text(text))).await.unwrap();
    }

    pub async fn event(&mut self, event: Event) {
        self.say(&event.into()).await;
    }

    async fn say(&mut self, frame: &ServerFrame) {
        soon("a write", self.socket.send(Message::text(encode(frame)))).await.unwrap();
    }

    /// A message event: what the client has heard when it tells this, it has heard before too.
    pub async fn mark(&mut self, seq: u64) {
        let (from, to) = (user("alice"), user("bob"));
        let mark = MessageEvent::custom(seq, from, to, UnixMillis(0), String::new());
        self.event(Event::Message(mark)).await;
    }
}

/// A call from Alice to Bob.
pub fn facts() -> CallFacts {
    CallFacts {
        call_id: CallId::new(CALL).unwrap(),
        invite_id: InviteId::new("invite").unwrap(),
        room_id: RoomId::new(1).unwrap(),
        caller: user("alice"),
        callees: vec![user("bob")],
        media_type: MediaType::Audio,
        group_id: None,
        timeout_s: 30,
        user_data: String::new(),
        started_at: UnixMillis(0),
    }
}

pub fn call_reply(role: Role, connected: bool) -> Reply {
    Reply::Call(CallReply { facts: facts(), role, connected, members: Vec::new() })
}

/// The UDP port of the server.
pub struct Media {
    inside: Arc<Inside>,
    _task: JoinSet<()>,
}

struct Inside {
    socket: UdpSocket,
    state: Mutex<State>,
    rtp_received: AtomicUsize,
    rtcp_received: AtomicUsize,
    connected: AtomicUsize,
}

struct State {
    server: LiteServer,
    connections: u64,
    /// A voice to forward.
    voice: (Sender, ToneSource),
}

impl Media {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let certificate = Arc::new(Certificate::generate().unwrap());
        let config = LiteConfig::new(certificate, vec![socket.local_addr().unwrap()]);
        let sender = Sender::new(SenderConfig::voice(FORWARDED), [7; 32]).unwrap();
        let inside = Arc::new(Inside {
            socket,
            state: Mutex::new(State {
                server: LiteServer::new(config, [9; 32]),
                connections: 0,
                voice: (sender, ToneSource::new(700.0, 0.5)),
            }),
            rtp_received: AtomicUsize::new(0),
            rtcp_received: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
        });
        let mut task = JoinSet::new();
        task.spawn(Arc::clone(&inside).work());
        Self { inside, _task: task }
    }

    /// Opens a connection and makes the server's half of it.
    pub fn answer(&self, offer: &MediaOffer) -> Reply {
        let mut state = self.inside.state.lock().unwrap();
        state.connections += 1;
        let connection = ConnectionId(state.connections);
        let remote = RemoteParams {
            credentials: IceCredentials::new(&*offer.ufrag, &*offer.pwd).unwrap(),
            fingerprint: offer.fingerprint.parse().unwrap(),
            feedback_id: None,
        };
        let local = state.server.open(Instant::now(), connection, remote).unwrap();
        Reply::Media(MediaAnswer {
            ufrag: local.credentials.ufrag().to_owned(),
            pwd: local.credentials.pwd().to_owned(),
            fingerprint: local.fingerprint.to_string(),
            candidates: local.candidates,
            audio_payload_type: 111,
            audio_level_id: 1,
            red_payload_type: None,
        })
    }

    /// As `answer`, with an address where nobody is.
    pub fn answer_from_nowhere(&self, offer: &MediaOffer) -> Reply {
        let Reply::Media(mut answer) = self.answer(offer) else { unreachable!("answers so") };
        answer.candidates = vec!["candidate:1 1 udp 1 127.0.0.1 9 typ host".to_owned()];
        Reply::Media(answer)
    }

    /// Forwards `packets` packets of a 700 Hz tone to the newest connection, whether or not the
    /// call was answered.
    pub fn forward(&self, packets: usize) {
        let mut state = self.inside.state.lock().unwrap();
        let State { server, connections, voice: (sender, tone) } = &mut *state;
        let mut sent = 0;
        while sent < packets {
            let mut pcm = [0.0; 480];
            tone.read(&mut pcm);
            let Some(packet) = sender.push(&pcm).unwrap() else { continue };
            let mut packet = packet.to_vec();
            let to = server.seal_rtp(ConnectionId(*connections), &mut packet).unwrap();
            self.inside.socket.try_send_to(&packet, to).unwrap();
            sent += 1;
        }
    }

    /// Media connections that completed DTLS.
    pub fn connected(&self) -> usize {
        self.inside.connected.load(Ordering::SeqCst)
    }

    pub fn rtp_received(&self) -> usize {
        self.inside.rtp_received.load(Ordering::SeqCst)
    }

    pub fn rtcp_received(&self) -> usize {
        self.inside.rtcp_received.load(Ordering::SeqCst)
    }
}

impl Inside {
    async fn work(self: Arc<Self>) {
        let mut buffer = vec![0; 2_048];
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        loop {
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => {
                    let Ok((length, source)) = received else { continue };
                    self.take(source, &mut buffer[..length]);
                }
                _ = tick.tick() => self.state.lock().unwrap().server.handle_timeout(Instant::now()),
            }
            self.flush();
        }
    }

    fn take(&self, source: SocketAddr, datagram: &mut [u8]) {
        let mut state = self.state.lock().unwrap();
        match state.server.handle_datagram(Instant::now(), source, datagram) {
            ServerReceived::Rtp { .. } => {
                self.rtp_received.fetch_add(1, Ordering::SeqCst);
            }
            ServerReceived::Rtcp { .. } => {
                self.rtcp_received.fetch_add(1, Ordering::SeqCst);
            }
            ServerReceived::Control | ServerReceived::Discarded(_) => {}
        }
    }

    fn flush(&self) {
        let mut state = self.state.lock().unwrap();
        while let Some(output) = state.server.poll_output() {
            match output {
                ServerOutput::Transmit { to, datagram } => {
                    let _ = self.socket.try_send_to(&datagram, to);
                }
                ServerOutput::Connected { .. } => {
                    self.connected.fetch_add(1, Ordering::SeqCst);
                }
                ServerOutput::PathValidated { .. } | ServerOutput::Closed { .. } => {}
            }
        }
    }
}
