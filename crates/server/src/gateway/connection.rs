use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use calling_signaling::protocol::{self, ServerFrame};
use futures_util::SinkExt;
use metrics::counter;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite;

use super::half_open::HalfOpenPass;
use super::meter::FrameMeter;
use super::outbox::{Inbox, OUTBOX_FRAMES};
use super::{Closing, Gateway};
use crate::hub::{HubCommand, Session};
use crate::telemetry::names;

/// How long a client may take to read one frame.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the client has to answer the server's close frame. What it still sends meanwhile is
/// read and dropped: closing with unread bytes would reset the connection, and the client would
/// not see the code.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// One signalling connection.
pub(super) struct Connection {
    pub(super) gateway: Gateway,
    pub(super) source: IpAddr,
    pub(super) greeted: bool,
    pub(super) signed_in: Option<SignedIn>,
    pub(super) failed_sign_ins: u32,
    /// Held until the first sign-in.
    pub(super) half_open: Option<HalfOpenPass>,
    socket: WebSocket,
    meter: FrameMeter,
    bad_frames: u32,
    opened_at: Instant,
    heard_at: Instant,
}

/// What a connection has once it signed in.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) session: Session,
    pub(super) inbox: Inbox,
}

/// What woke a connection up.
enum Wake {
    Received(Option<Result<Message, axum::Error>>),
    Outgoing(Utf8Bytes),
    Close(Closing),
    Overdue,
}

impl Connection {
    pub(super) fn new(
        gateway: Gateway,
        source: IpAddr,
        half_open: HalfOpenPass,
        socket: WebSocket,
    ) -> Self {
        let now = Instant::now();
        let meter = FrameMeter::new(now, gateway.inner.settings.frames_per_second);
        Self {
            gateway,
            source,
            greeted: false,
            signed_in: None,
            failed_sign_ins: 0,
            half_open: Some(half_open),
            socket,
            meter,
            bad_frames: 0,
            opened_at: now,
            heard_at: now,
        }
    }

    /// Serves the connection until it ends.
    pub(super) async fn run(mut self) {
        let closing = loop {
            let wake = self.wait().await;
            // Boxed, so that an idle connection does not carry the size of a busy one.
            if let Err(closing) = Box::pin(self.handle(wake)).await {
                break closing;
            }
        };
        Box::pin(self.close(closing)).await;
    }

    async fn wait(&mut self) -> Wake {
        let deadline = self.deadline();
        let signed_in = self.signed_in.as_mut();
        let stop = &self.gateway.inner.stop;
        tokio::select! {
            // First of all what was heard: after the server stood still for a while, nobody whose
            // words are waiting is declared silent.
            biased;
            message = self.socket.recv() => Wake::Received(message),
            wake = outgoing(signed_in) => wake,
            () = stop.cancelled() => Wake::Close(Closing::ServerStops),
            () = sleep_until(deadline.into()) => Wake::Overdue,
        }
    }

    /// When to give up on the client unless something is heard.
    fn deadline(&self) -> Instant {
        let settings = &self.gateway.inner.settings;
        if self.half_open.is_some() {
            self.opened_at + settings.sign_in_timeout
        } else {
            self.heard_at + 3 * settings.ping_interval
        }
    }

    async fn handle(&mut self, wake: Wake) -> Result<(), Closing> {
        match wake {
            Wake::Received(None) => Err(Closing::Gone),
            Wake::Received(Some(Err(error))) => Err(reason(error)),
            Wake::Received(Some(Ok(message))) => self.received(message).await,
            Wake::Outgoing(frame) => self.write(frame).await,
            Wake::Close(closing) => {
                if closing != Closing::TooSlow {
                    self.write_last().await?;
                }
                Err(closing)
            }
            Wake::Overdue if self.half_open.is_some() => Err(Closing::SignInTimeout),
            Wake::Overdue => Err(Closing::Silent),
        }
    }

    async fn received(&mut self, message: Message) -> Result<(), Closing> {
        self.heard_at = Instant::now();
        if !self.meter.admit(self.heard_at) {
            return Err(Closing::Flood);
        }
        match message {
            Message::Text(text) => self.frame(text.as_str()).await,
            Message::Binary(_) => Err(Closing::Binary),
            // The socket answers pings by itself.
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(Closing::Gone),
        }
    }

    async fn frame(&mut self, text: &str) -> Result<(), Closing> {
        match protocol::decode_client_frame(text) {
            Ok(frame) => {
                // A newer client may try what we do not know, now and then, for days.
                self.bad_frames = self.bad_frames.saturating_sub(1);
                self.request(frame).await
            }
            Err(error) => {
                counter!(names::SIGNALING_DISCARDED, "reason" => "malformed").increment(1);
                self.bad_frames += 1;
                let hostile = error.hostile;
                self.send(&error.into_reply()).await?;
                if hostile {
                    return Err(Closing::Hostile);
                }
                if self.bad_frames >= self.gateway.inner.settings.max_bad_frames {
                    return Err(Closing::BadFrames);
                }
                Ok(())
            }
        }
    }

    pub(super) async fn send(&mut self, frame: &ServerFrame) -> Result<(), Closing> {
        self.write(protocol::encode(frame).into()).await
    }

    /// Writes what the hub had for the client when it closed the connection.
    async fn write_last(&mut self) -> Result<(), Closing> {
        while let Some(frame) =
            self.signed_in.as_mut().and_then(|signed_in| signed_in.inbox.frames.try_recv().ok())
        {
            self.write(frame).await?;
        }
        Ok(())
    }

    /// Writes a frame, and in one go with it what waits. While the client does not read, the hub may
    /// lose patience.
    pub(super) async fn write(&mut self, frame: Utf8Bytes) -> Result<(), Closing> {
        let (waiting, close) = match &mut self.signed_in {
            Some(SignedIn { inbox, .. }) => (Some(&mut inbox.frames), Some(&mut inbox.close)),
            None => (None, None),
        };
        let impatient = async {
            match close {
                Some(close) if !close.is_terminated() => match close.await {
                    Ok(closing) => closing,
                    Err(_) => std::future::pending().await,
                },
                Some(_) | None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            sent = timeout(WRITE_TIMEOUT, send_all(&mut self.socket, frame, waiting)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(reason(error)),
                Err(_) => Err(Closing::TooSlow),
            },
            closing = impatient => Err(closing),
        }
    }

    async fn close(mut self, closing: Closing) {
        // First of all, so that calls do not wait for a client that does not answer.
        if let Some(SignedIn { session, .. }) = self.signed_in.take() {
            // An error means that the server has stopped.
            let _ = self.gateway.inner.hub.send(HubCommand::Disconnected { session }).await;
        }
        if closing == Closing::Gone {
            return;
        }
        counter!(names::SIGNALING_DISCARDED, "reason" => closing.label()).increment(1);
        let farewell = async {
            if self.socket.send(Message::Close(Some(closing.frame()))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, farewell).await;
    }
}

/// Sends `first` and at most as many frames as may wait, flushed once.
async fn send_all(
    socket: &mut WebSocket,
    first: Utf8Bytes,
    mut waiting: Option<&mut mpsc::Receiver<Utf8Bytes>>,
) -> Result<(), axum::Error> {
    socket.feed(Message::Text(first)).await?;
    for _ in 0..OUTBOX_FRAMES {
        let Some(frame) = waiting.as_mut().and_then(|frames| frames.try_recv().ok()) else { break };
        socket.feed(Message::Text(frame)).await?;
    }
    socket.flush().await
}

/// What the hub has for the client.
async fn outgoing(signed_in: Option<&mut SignedIn>) -> Wake {
    let Some(SignedIn { inbox, .. }) = signed_in else { return std::future::pending().await };
    tokio::select! {
        biased;
        frame = inbox.frames.recv() => match frame {
            Some(frame) => Wake::Outgoing(frame),
            // The hub let go of the connection: it said why, or the server is gone.
            None => Wake::Close((&mut inbox.close).await.unwrap_or(Closing::ServerStops)),
        },
        closing = &mut inbox.close => Wake::Close(closing.unwrap_or(Closing::ServerStops)),
    }
}

/// Why the socket failed.
fn reason(error: axum::Error) -> Closing {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;

    let inner = error.into_inner();
    match inner.downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => Closing::Oversize,
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) | None => Closing::Gone,
        Some(Error::Protocol(_) | Error::Utf8(_)) => Closing::BrokenProtocol,
        Some(_) => Closing::Gone,
    }
}
