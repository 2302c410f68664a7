//! Keeping the signalling connection, and the driver's own requests on it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_signaling::client::{ClientInput, ClientPhase, Connection, ListenerEvent};
use calling_signaling::protocol::{
    ClientFrame, Code, IceServer, IceServersReply, MediaAnswer, ProtocolError, Reply, Request,
    ServerFrame, SignInReply,
};
use tokio::sync::oneshot;

use super::ice_servers::NamedServers;
use super::keep_alive::{Due, KeepAlive};
use super::{Session, Wake};
use crate::driver::backoff::Backoff;
use crate::driver::link::{Link, Resume, SignedIn, sign_in};
use crate::error::{CommandError, InitError};

type SigningIn = Pin<Box<dyn Future<Output = Result<SignedIn, InitError>> + Send>>;

/// The signalling connection.
///
/// ```text
///   Up ──lost──▶ Down ──signed in──▶ Up
///    └──kicked──▶ Gone ◀──refused─── Down
/// ```
pub(super) enum Signalling {
    /// Connected and signed in.
    Up(Box<Up>),
    /// Being tried again.
    Down { attempt: SigningIn, backoff: Backoff },
    /// Signed out for good.
    Gone,
}

pub(super) struct Up {
    link: Link,
    keep_alive: KeepAlive,
    named: NamedServers,
}

/// A request of the driver itself.
pub(super) enum Own {
    Ping,
    IceServers,
    SignOut,
    Quality,
    Video,
    Media(oneshot::Sender<Result<MediaAnswer, ProtocolError>>),
    Asked(oneshot::Sender<Result<Reply, CommandError>>),
}

impl Signalling {
    pub(super) fn up(signed_in: SignedIn, now: Instant) -> Self {
        let SignedIn { link, reply, resumed: _ } = signed_in;
        let interval = Duration::from_millis(u64::from(reply.ping_interval_ms));
        let SignInReply { ice_servers, ice_expire_s, .. } = reply;
        Self::Up(Box::new(Up {
            link,
            keep_alive: KeepAlive::new(now, interval),
            named: NamedServers::new(now, IceServersReply { ice_servers, ice_expire_s }),
        }))
    }

    pub(super) const fn is_up(&self) -> bool {
        matches!(self, Self::Up(_))
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// STUN and TURN servers the server named, and whether it is on this machine.
    pub(super) fn media_hints(&self) -> (Vec<IceServer>, bool) {
        match self {
            Self::Up(up) => (up.named.servers().to_vec(), up.link.loopback),
            Self::Down { .. } | Self::Gone => (Vec::new(), false),
        }
    }

    /// The next frame, or the end of an attempt. Cancel-safe.
    pub(super) async fn next(&mut self) -> Wake {
        match self {
            Self::Up(up) => Wake::Frame(up.link.next().await),
            Self::Down { attempt, .. } => Wake::SignedIn(attempt.await.map(Box::new)),
            Self::Gone => std::future::pending().await,
        }
    }

    /// Says goodbye to the WebSocket.
    pub(super) async fn close(self) {
        match self {
            Self::Up(up) => up.link.close().await,
            Self::Down { .. } | Self::Gone => {}
        }
    }

    pub(super) fn next_deadline(&self, in_call: bool) -> Option<Instant> {
        match self {
            Self::Up(up) => {
                let keep_alive = up.keep_alive.deadline(in_call);
                Some(up.named.deadline().map_or(keep_alive, |renew_at| renew_at.min(keep_alive)))
            }
            Self::Down { .. } | Self::Gone => None,
        }
    }
}

impl Session {
    /// Sends one frame; a failure is found by the next read.
    pub(super) async fn send(&mut self, id: u64, request: Request) {
        let Signalling::Up(up) = &mut self.signalling else { return };
        up.keep_alive.sent(Instant::now());
        if let Err(lost) = up.link.send(&ClientFrame { id, request }).await {
            self.signalling_lost(&lost.to_string());
        }
    }

    /// Sends a request of the driver itself.
    pub(super) async fn ask(&mut self, request: Request, own: Own) {
        self.own.retain(|_, own| !own.is_abandoned());
        let id = self.mirror.take_request_id();
        self.own.insert(id, own);
        self.send(id, request).await;
    }

    pub(super) fn is_in_call(&self) -> bool {
        self.mirror.phase() != ClientPhase::Idle
    }

    pub(super) async fn keep_alive(&mut self, now: Instant) {
        let Signalling::Up(up) = &mut self.signalling else { return };
        if up.named.take_due(now) {
            self.ask(Request::GetIceServers {}, Own::IceServers).await;
        }
        let Signalling::Up(up) = &self.signalling else { return };
        match up.keep_alive.due(now, self.is_in_call()) {
            Due::Nothing => {}
            Due::Ping => self.ask(Request::Ping {}, Own::Ping).await,
            Due::Farewell => self.signalling_lost("the server does not answer any more"),
        }
    }

    pub(super) fn frame(&mut self, frame: ServerFrame) {
        if let Signalling::Up(up) = &mut self.signalling {
            up.keep_alive.heard();
        }
        if let ServerFrame::Event(event) = &frame
            && !self.is_news(event.seq)
        {
            return;
        }
        let id = match &frame {
            ServerFrame::Reply { id, .. } => Some(*id),
            ServerFrame::Error { id, .. } => *id,
            ServerFrame::Event(_) => None,
        };
        match id.and_then(|id| self.own.remove(&id)) {
            Some(Own::IceServers) => self.named(frame),
            Some(own) => own.answer(frame),
            None => self.input(ClientInput::Server(frame)),
        }
    }

    /// The server named STUN and TURN servers anew. Media that begins from here on uses them.
    fn named(&mut self, frame: ServerFrame) {
        let ServerFrame::Reply { result: Reply::IceServers(told), .. } = frame else { return };
        if let Signalling::Up(up) = &mut self.signalling {
            up.named = NamedServers::new(Instant::now(), told);
        }
    }

    /// A connection is up and signed in.
    pub(super) fn begin(&mut self, signed_in: SignedIn) {
        let (resumed, reply) = (signed_in.resumed, &signed_in.reply);
        let heard = self.resume.as_ref().map_or(0, |resume| resume.last_event);
        // The events of a new session are counted from the start.
        let last_event = if resumed { heard } else { 0 };
        let token = reply.resume_token.clone();
        self.resume = token.map(|token| Resume { token, last_event });
        let clock = reply.server_time.map(|at| ClientInput::ServerClock { at });
        self.signalling = Signalling::up(signed_in, Instant::now());
        clock.into_iter().for_each(|clock| self.input(clock));
        self.input(if resumed { ClientInput::SessionResumed } else { ClientInput::SignedIn });
    }

    /// Whether an event is to be handled: each is, once.
    fn is_news(&mut self, seq: Option<u64>) -> bool {
        let (Some(seq), Some(resume)) = (seq, &mut self.resume) else { return true };
        let news = seq > resume.last_event;
        resume.last_event = resume.last_event.max(seq);
        news
    }

    pub(super) fn signalling_lost(&mut self, why: &str) {
        if !self.signalling.is_up() {
            return;
        }
        tracing::debug!(why, "signalling is lost");
        self.own.clear();
        self.retry(Backoff::default());
        self.input(ClientInput::SignallingLost);
        self.input(ClientInput::Reconnecting(Connection::Signalling));
    }

    fn retry(&mut self, mut backoff: Backoff) {
        let (url, config) = (self.url.clone(), Arc::clone(&self.config));
        let ids = std::array::from_fn(|_| self.mirror.take_request_id());
        let resume = self.resume.clone();
        let wait = backoff.take(self.is_in_call());
        let attempt = Box::pin(async move {
            tokio::time::sleep(wait).await;
            sign_in(&url, &config, ids, resume).await
        });
        self.signalling = Signalling::Down { attempt, backoff };
    }

    pub(super) async fn signed_in(&mut self, result: Result<SignedIn, InitError>) {
        match result {
            Ok(signed_in) => {
                self.begin(signed_in);
                self.tell_video_again();
                self.drain().await;
                self.offer_again().await;
            }
            Err(error) if is_final(&error) => {
                let (code, message) = (error.code(), error.to_string());
                self.leave_for_good(ListenerEvent::Error { code, message });
            }
            Err(error) => {
                tracing::debug!(code = i32::from(error.code()), "could not sign in again");
                if let Signalling::Down { backoff, .. } = &mut self.signalling {
                    let backoff = std::mem::take(backoff);
                    self.retry(backoff);
                }
            }
        }
    }

    /// This device is signed out and stays so.
    pub(super) fn leave_for_good(&mut self, last: ListenerEvent) {
        self.signalling = Signalling::Gone;
        self.own.clear();
        self.waiting.clear();
        self.fanout.emit(Instant::now(), last);
    }
}

impl Own {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Ping | Self::IceServers | Self::SignOut | Self::Quality | Self::Video => false,
            Self::Media(answer) => answer.is_closed(),
            Self::Asked(answer) => answer.is_closed(),
        }
    }

    /// Hands the server's answer on; whoever asked may have gone.
    fn answer(self, frame: ServerFrame) {
        let result = match frame {
            ServerFrame::Reply { result, .. } => Ok(result),
            ServerFrame::Error { error, .. } => Err(error),
            ServerFrame::Event(_) => return,
        };
        match self {
            Self::Ping | Self::IceServers | Self::SignOut | Self::Quality | Self::Video => {}
            Self::Media(answer) => {
                let _ = answer.send(result.and_then(media_answer));
            }
            Self::Asked(answer) => {
                let _ = answer.send(result.map_err(CommandError::from));
            }
        }
    }
}

fn media_answer(reply: Reply) -> Result<MediaAnswer, ProtocolError> {
    let Reply::Media(answer) = reply else { return Err(unexpected()) };
    Ok(answer)
}

pub(crate) fn unexpected() -> ProtocolError {
    ProtocolError::new(Code::MalformedFrame, "the server answered something else than was asked")
}

/// Whether trying again with the same proof is useless.
fn is_final(error: &InitError) -> bool {
    let InitError::Refused(error) = error else { return false };
    matches!(
        error.code,
        Code::UserSigExpired
            | Code::UserSigEmpty
            | Code::UserSigMalformed
            | Code::UserSigWrongKey
            | Code::UserSigWrongUser
            | Code::UserSigWrongApp
            | Code::VersionUnsupported
            | Code::PermissionDenied
            | Code::KickedOffline
    )
}
