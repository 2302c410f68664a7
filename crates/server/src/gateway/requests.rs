use std::time::{Duration, Instant};

use calling_callrecord::quality::{QualityInput, QualitySummary, burst_ratio};
use calling_model::{CallId, Endpoint};
use calling_signaling::protocol::{
    self, ClientFrame, Code, HeardQuality, HelloParams, HelloReply, ProtocolError, Reply, Request,
    ResumeParams, ServerFrame, SignInParams,
};
use metrics::counter;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::connection::{Connection, SignedIn};
use super::outbox::{OUTBOX_FRAMES, outbox};
use super::{Closing, Gateway, chat};
use crate::hub::{HubCommand, HubRequest, Session, wall_clock};
use crate::storage::StorageError;
use crate::telemetry::names;

/// What the server calls itself.
const SERVER: &str = concat!("calling ", env!("CARGO_PKG_VERSION"));

/// How long a client waits for the database to be read.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// What becomes of a request.
enum Handled {
    /// Answered here.
    Answer(&'static str, Result<Reply, ProtocolError>),
    /// The hub answers.
    Passed,
}

impl Connection {
    /// Answers a request or has the hub answer it.
    pub(super) async fn request(&mut self, frame: ClientFrame) -> Result<(), Closing> {
        let ClientFrame { id, request } = frame;
        let Handled::Answer(method, result) = self.dispatch(id, request).await? else {
            return Ok(());
        };
        let outcome = if result.is_ok() { "ok" } else { "error" };
        counter!(names::REQUESTS, "method" => method, "result" => outcome).increment(1);
        let answer = match result {
            Ok(result) => ServerFrame::Reply { id, result },
            Err(error) => ServerFrame::Error { id: Some(id), error },
        };
        self.send(&answer).await?;
        if self.failed_sign_ins >= self.gateway.inner.settings.max_failed_sign_ins {
            return Err(Closing::SignInRefused);
        }
        Ok(())
    }

    async fn dispatch(&mut self, id: u64, request: Request) -> Result<Handled, Closing> {
        if let Request::Hello(params) = &request {
            return Ok(Handled::Answer("hello", self.hello(params)));
        }
        if !self.greeted {
            return Ok(Handled::Answer("early", Err(not_greeted())));
        }
        Box::pin(self.greeted_request(id, request)).await
    }

    async fn greeted_request(&mut self, id: u64, request: Request) -> Result<Handled, Closing> {
        let request = match request {
            // Handled before.
            Request::Hello(_) => return Ok(Handled::Passed),
            Request::Ping {} => return Ok(Handled::Answer("ping", Ok(Reply::Done {}))),
            Request::GetIceServers {} => {
                return Ok(Handled::Answer("get_ice_servers", self.ice_servers()));
            }
            Request::SignIn(params) => return self.sign_in(id, params).await,
            Request::Resume(params) => return self.take_up(id, params).await,
            Request::SignOut {} => return self.sign_out().await,
            Request::History(params) => {
                let page = match &self.signed_in {
                    Some(SignedIn { session, .. }) => {
                        chat::history(&self.gateway.inner.chat, session, &params).await
                    }
                    None => Err(not_signed_in()),
                };
                return Ok(Handled::Answer("history", page));
            }
            Request::Chat(request) => {
                let method = request.method();
                let answer = match &self.signed_in {
                    Some(SignedIn { session, .. }) => {
                        Box::pin(chat::answer(&self.gateway.inner.chat, session, request)).await
                    }
                    None => Err(not_signed_in()),
                };
                return Ok(Handled::Answer(method, answer));
            }
            Request::ReportQuality { call_id, heard } => {
                let reported = self.report_quality(&call_id, &heard).await;
                return Ok(Handled::Answer("report_quality", reported));
            }
            Request::Accept { call_id } => HubRequest::Accept { call_id },
            Request::Reject { call_id, busy } => HubRequest::Reject { call_id, busy },
            Request::Hangup { call_id } => HubRequest::Hangup { call_id },
            Request::Call(params) => match self.ready_call(params).await {
                Ok(request) => request,
                Err(error) => return Ok(Handled::Answer("call", Err(error))),
            },
            Request::InviteUsers(params) => match self.ready_invite(params).await? {
                Ok(request) => request,
                Err(error) => return Ok(Handled::Answer("invite_users", Err(error))),
            },
            Request::Join { call_id } => match self.ready_join(call_id).await? {
                Ok(request) => request,
                Err(error) => return Ok(Handled::Answer("join", Err(error))),
            },
            Request::GroupCall { group_id } => match self.ready_group_call(group_id).await {
                Ok(request) => request,
                Err(error) => return Ok(Handled::Answer("group_call", Err(error))),
            },
            Request::SwitchMediaType { call_id, media_type } => {
                HubRequest::SwitchMediaType { call_id, media_type }
            }
            Request::ConnectMedia { call_id, offer } => HubRequest::ConnectMedia { call_id, offer },
            Request::MediaReady { call_id } => HubRequest::MediaReady { call_id },
            Request::SetMicMute { call_id, muted } => HubRequest::SetMicMute { call_id, muted },
            Request::SubscribeVideo { call_id, views } => {
                HubRequest::SubscribeVideo { call_id, views }
            }
            Request::SetVideoMute { call_id, track, muted } => {
                HubRequest::SetVideoMute { call_id, track, muted }
            }
            Request::GetCall { call_id } => HubRequest::GetCall { call_id },
        };
        let Some(SignedIn { session, .. }) = &self.signed_in else {
            return Ok(Handled::Answer(request.method(), Err(not_signed_in())));
        };
        let session = session.clone();
        tell_hub(&self.gateway, HubCommand::Request { session, id, request }).await?;
        Ok(Handled::Passed)
    }

    fn hello(&mut self, params: &HelloParams) -> Result<Reply, ProtocolError> {
        if self.greeted {
            return Err(ProtocolError::new(Code::Repeated, "`hello` was said before"));
        }
        let version = protocol::negotiate(&params.versions).ok_or_else(|| {
            let sentence = format!("this server speaks the versions {:?}", protocol::VERSIONS);
            ProtocolError::new(Code::VersionUnsupported, sentence)
        })?;
        self.greeted = true;
        Ok(Reply::Hello(HelloReply { version, server: SERVER.to_owned() }))
    }

    async fn sign_in(&mut self, id: u64, params: SignInParams) -> Result<Handled, Closing> {
        if self.signed_in.is_some() {
            let sentence = "this connection is signed in; sign out first";
            let error = ProtocolError::new(Code::Repeated, sentence);
            return Ok(Handled::Answer("sign_in", Err(error)));
        }
        let gateway = self.gateway.clone();
        let proven =
            gateway.inner.auth.sign_in(self.source, &params, Instant::now(), wall_clock()).await;
        if let Err(error) = proven {
            self.failed_sign_ins += 1;
            return Ok(Handled::Answer("sign_in", Err(error)));
        }
        let endpoint = Endpoint { user: params.user_id, device: params.device_id };
        let session = Session { endpoint, id: self.gateway.next_session() };
        let (outbox, inbox) = outbox(OUTBOX_FRAMES);
        let (reply, answer) = oneshot::channel();
        let (welcome, request) = (self.gateway.welcome(), id);
        let command =
            HubCommand::SignIn { session: session.clone(), outbox, request, welcome, reply };
        tell_hub(&self.gateway, command).await?;
        match answer.await {
            Ok(Ok(())) => {
                self.half_open = None;
                self.signed_in = Some(SignedIn { session, inbox });
                Ok(Handled::Passed)
            }
            Ok(Err(error)) => Ok(Handled::Answer("sign_in", Err(error))),
            Err(_) => Err(Closing::ServerStops),
        }
    }

    fn ice_servers(&self) -> Result<Reply, ProtocolError> {
        let SignedIn { session, .. } = self.signed_in.as_ref().ok_or_else(not_signed_in)?;
        Ok(Reply::IceServers(self.gateway.ice_servers(&session.endpoint.user)))
    }

    /// Takes up a session that lost its connection.
    async fn take_up(&mut self, id: u64, params: ResumeParams) -> Result<Handled, Closing> {
        if self.signed_in.is_some() {
            let sentence = "this connection is signed in; sign out first";
            let error = ProtocolError::new(Code::Repeated, sentence);
            return Ok(Handled::Answer("resume", Err(error)));
        }
        let session = self.gateway.next_session();
        let (outbox, inbox) = outbox(OUTBOX_FRAMES);
        let (reply, answer) = oneshot::channel();
        let (request, welcome) = (id, self.gateway.welcome());
        let command = HubCommand::Resume { id: session, outbox, request, params, welcome, reply };
        tell_hub(&self.gateway, command).await?;
        match answer.await {
            Ok(Ok(endpoint)) => {
                self.half_open = None;
                let session = Session { endpoint, id: session };
                self.signed_in = Some(SignedIn { session, inbox });
                Ok(Handled::Passed)
            }
            Ok(Err(error)) => {
                self.failed_sign_ins += 1;
                Ok(Handled::Answer("resume", Err(error)))
            }
            Err(_) => Err(Closing::ServerStops),
        }
    }

    async fn report_quality(
        &mut self,
        call_id: &CallId,
        heard: &HeardQuality,
    ) -> Result<Reply, ProtocolError> {
        let Some(SignedIn { session, .. }) = &self.signed_in else { return Err(not_signed_in()) };
        let summary = QualitySummary::new(&QualityInput {
            packets: heard.packets,
            packets_lost: heard.packets_lost,
            played_ms: heard.played_ms,
            concealed_ms: heard.concealed_ms,
            mean_delay_ms: heard.mean_delay_ms,
            jitter_ms: heard.jitter_ms,
            rtt_ms: heard.rtt_ms,
            burst_ratio: bursts(heard),
            worst_mos: heard.worst_mos,
            cause: heard.cause,
        });
        let storage = &self.gateway.inner.storage;
        let user = &session.endpoint.user;
        if read(storage.report_quality(call_id, user, &summary, wall_clock())).await? {
            return Ok(Reply::Done {});
        }
        let sentence = "no conversation of yours ended so lately; report right after `ended`";
        Err(ProtocolError::new(Code::InviteNotFound, sentence))
    }

    async fn sign_out(&mut self) -> Result<Handled, Closing> {
        if let Some(SignedIn { session, mut inbox }) = self.signed_in.take() {
            tell_hub(&self.gateway, HubCommand::SignOut { session }).await?;
            // Answers to earlier requests; the hub then lets go of its end.
            while let Some(frame) = inbox.frames.recv().await {
                self.write(frame).await?;
            }
        }
        Ok(Handled::Answer("sign_out", Ok(Reply::Done {})))
    }
}

/// How much longer the gaps were than chance would make them, counted in packets.
fn bursts(heard: &HeardQuality) -> f64 {
    let packets = heard.packets.saturating_add(heard.packets_lost).max(1) as f64;
    let packet_ms = (heard.played_ms as f64 / packets).clamp(LEAST_PACKET_MS, MOST_PACKET_MS);
    let of = |ms: u64| ms as f64 / packet_ms;
    burst_ratio(of(heard.concealed_ms), of(heard.played_ms), heard.concealment_events)
}

/// The shortest and the longest packet of Opus (RFC 6716 section 2.1.4).
const LEAST_PACKET_MS: f64 = 2.5;
const MOST_PACKET_MS: f64 = 120.0;

pub(super) async fn tell_hub(gateway: &Gateway, command: HubCommand) -> Result<(), Closing> {
    gateway.inner.hub.send(command).await.map_err(|_| Closing::ServerStops)
}

/// Reads from the database, with patience.
pub(super) async fn read<T>(
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, ProtocolError> {
    let failed = || {
        let sentence = "the server cannot reach its database; try again in a moment";
        ProtocolError::new(Code::Internal, sentence)
    };
    match timeout(READ_TIMEOUT, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a request failed");
            Err(failed())
        }
        Err(_) => Err(failed()),
    }
}

fn not_greeted() -> ProtocolError {
    ProtocolError::new(Code::NotInitialised, "say `hello` first")
}

pub(super) fn not_signed_in() -> ProtocolError {
    ProtocolError::new(Code::NotInitialised, "sign in first")
}
