//! A hub with a database and a media thread under the test's control.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use calling_callrecord::QualitySummary;
use calling_model::{CallId, DeviceId, Endpoint, MediaType, UnixMillis, UserId};
use calling_room::VideoStream;
use calling_signaling::call::{CallFacts, EndedCall};
use calling_signaling::calls::CallsConfig;
use calling_signaling::protocol::{
    CallParams, CallReply, Code, Event, MediaOffer, Reply, ServerFrame, decode_server_frame,
};
use calling_transport::{Fingerprint, IceCredentials, LocalParams};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::super::*;
use crate::config::Config;
use crate::gateway::{Inbox, outbox};
use crate::ice_servers::IceServers;
use crate::server::Vitals;
use crate::shard::{Shard, ShardCommand, ShardEvent};
use crate::storage::{Body, Conversation, Delivery, Message, StorageError};

/// A database that fails as long as it is told to.
#[derive(Clone, Default)]
pub(super) struct FakeStore {
    inner: Arc<FakeStoreInner>,
}

#[derive(Default)]
struct FakeStoreInner {
    fails: AtomicBool,
    hangs: AtomicBool,
    attempts: AtomicUsize,
    /// What hangs is done when it may go on, whoever waits for it by then.
    commits_late: AtomicBool,
    /// One writes at a time, in the order asked.
    turn: tokio::sync::Mutex<()>,
    started: Mutex<Vec<CallId>>,
    ended: Mutex<Vec<(EndedCall, Option<QualitySummary>)>>,
    log: Mutex<Vec<String>>,
}

impl FakeStore {
    pub(super) fn set_failing(&self, fails: bool) {
        self.inner.fails.store(fails, Ordering::SeqCst);
    }

    pub(super) fn set_hanging(&self, hangs: bool) {
        self.inner.hangs.store(hangs, Ordering::SeqCst);
    }

    pub(super) fn set_committing_late(&self) {
        self.inner.commits_late.store(true, Ordering::SeqCst);
    }

    pub(super) fn attempts(&self) -> usize {
        self.inner.attempts.load(Ordering::SeqCst)
    }

    pub(super) fn ended(&self) -> Vec<EndedCall> {
        self.inner.ended.lock().unwrap().iter().map(|(ended, _)| ended.clone()).collect()
    }

    pub(super) fn qualities(&self) -> Vec<Option<QualitySummary>> {
        self.inner.ended.lock().unwrap().iter().map(|(_, quality)| *quality).collect()
    }

    pub(super) fn started(&self) -> Vec<CallId> {
        self.inner.started.lock().unwrap().clone()
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.inner.log.lock().unwrap().clone()
    }

    async fn write(&self, what: &str) -> Result<(), StorageError> {
        self.inner.attempts.fetch_add(1, Ordering::SeqCst);
        let _turn = self.inner.turn.lock().await;
        while self.inner.hangs.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if self.inner.fails.load(Ordering::SeqCst) {
            return Err(StorageError::Full);
        }
        self.inner.log.lock().unwrap().push(what.to_owned());
        Ok(())
    }

    async fn start(self, call_id: CallId) -> Result<(), StorageError> {
        self.write("started").await?;
        let mut started = self.inner.started.lock().unwrap();
        if !started.contains(&call_id) {
            started.push(call_id);
        }
        Ok(())
    }
}

impl CallStore for FakeStore {
    async fn call_started(&self, facts: &CallFacts) -> Result<(), StorageError> {
        let started = self.clone().start(facts.call_id.clone());
        if self.inner.commits_late.load(Ordering::SeqCst) {
            tokio::spawn(started).await.unwrap()
        } else {
            started.await
        }
    }

    async fn call_refused(&self, call_id: &CallId) -> Result<(), StorageError> {
        self.write("refused").await?;
        self.inner.started.lock().unwrap().retain(|started| started != call_id);
        Ok(())
    }

    async fn call_accepted(
        &self,
        _call_id: &CallId,
        _by: &UserId,
        _at: UnixMillis,
    ) -> Result<(), StorageError> {
        self.write("accepted").await
    }

    async fn call_invited(&self, _call_id: &CallId, _users: &[UserId]) -> Result<(), StorageError> {
        self.write("invited").await
    }

    async fn end_call(
        &self,
        ended: &EndedCall,
        quality: Option<&QualitySummary>,
    ) -> Result<Vec<Delivery>, StorageError> {
        self.write("ended").await?;
        self.inner.ended.lock().unwrap().push((ended.clone(), quality.copied()));
        let (caller, callee) = (&ended.facts.caller, &ended.facts.callees[0]);
        let message = Message {
            conversation: Conversation::direct(caller, callee),
            seq: 1,
            sender: caller.clone(),
            sent_at: ended.ended_at,
            body: Body::Custom("{}".to_owned()),
            client_id: None,
            call_id: Some(ended.facts.call_id.clone()),
            recalled: false,
        };
        let users = vec![caller.clone(), callee.clone()];
        Ok(vec![Delivery { users, message, is_new: true }])
    }
}

/// The hub and what it talks to.
pub(super) struct World {
    pub(super) store: FakeStore,
    pub(super) vitals: Vitals,
    pub(super) shard: FakeShard,
    pub(super) task: JoinHandle<()>,
    pub(super) hub: Hub,
    sessions: u64,
}

/// The media thread, played by the test.
pub(super) struct FakeShard {
    pub(super) commands: mpsc::Receiver<ShardCommand>,
    pub(super) events: mpsc::Sender<ShardEvent>,
    pub(super) exit: Option<oneshot::Sender<std::io::Result<()>>>,
    _poll: mio::Poll,
}

type Answer = Result<Reply, Code>;

/// A signed-in device, played by the test.
pub(super) struct Device {
    pub(super) endpoint: Endpoint,
    pub(super) session: Session,
    pub(super) inbox: Inbox,
    hub: Hub,
    requests: u64,
    pub(super) replies: VecDeque<Answer>,
    pub(super) events: VecDeque<Event>,
    answers: u64,
}

pub(super) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        let (store, vitals) = (FakeStore::default(), Vitals::new(Instant::now(), 1));
        let (shard, commands, poll) = Shard::detached();
        let (events, shard_events) = mpsc::channel(64);
        let (exit, shard_exit) = oneshot::channel();
        let settings = HubSettings {
            calls: CallsConfig::default(),
            seed: calling_testkit::seed(1),
            media_timeout: Duration::from_secs(30),
            room: calling_room::RoomConfig::default(),
            resume_grace: Duration::from_secs(30),
            unnoticed_loss: Duration::from_secs(30),
            resume_key: calling_testkit::seed(2),
            max_waiting_calls: 2,
            stop_timeout: Duration::from_secs(2),
        };
        let parts = HubParts {
            store: store.clone(),
            shard,
            shard_events,
            shard_exit,
            vitals: vitals.clone(),
        };
        let (hub, task) = spawn(settings, parts);
        let shard = FakeShard { commands, events, exit: Some(exit), _poll: poll };
        Self { store, vitals, shard, task, hub, sessions: 0 }
    }

    pub(super) async fn sign_in(&mut self, name: &str, device: &str) -> Device {
        self.sessions += 1;
        let endpoint = Endpoint { user: user(name), device: DeviceId::new(device).unwrap() };
        let session = Session { endpoint: endpoint.clone(), id: SessionId(self.sessions) };
        let (outbox, inbox) = outbox(16);
        let (reply, answer) = oneshot::channel();
        let welcome = Welcome {
            ping_interval_ms: 10_000,
            ice_servers: IceServers::new(&Config::default()),
            server_time: UnixMillis(0),
        };
        let request = 0;
        let command =
            HubCommand::SignIn { session: session.clone(), outbox, request, welcome, reply };
        self.hub.send(command).await.unwrap();
        answer.await.unwrap().unwrap();
        let (hub, replies, events) = (self.hub.clone(), VecDeque::new(), VecDeque::new());
        let (requests, answers) = (0, 0);
        let mut device =
            Device { endpoint, session, inbox, hub, requests, replies, events, answers };
        assert!(matches!(device.reply().await, Ok(Reply::SignedIn(_))));
        device.answers = 0;
        device
    }

    /// Signs in `names` as caller and callee and has the first call the second.
    pub(super) async fn ring(&mut self, names: [&str; 2]) -> (Device, Device, CallReply) {
        let mut caller = self.sign_in(names[0], "a").await;
        let mut callee = self.sign_in(names[1], "b").await;
        let call = caller.place(names[1]).await;
        callee.event(|event| matches!(event, Event::Invited { .. })).await;
        caller.event(|event| matches!(event, Event::Ringing { .. })).await;
        (caller, callee, call)
    }

    /// A call that was accepted, its gate open.
    pub(super) async fn talk(&mut self, names: [&str; 2]) -> (Device, Device, CallReply) {
        let (mut caller, mut callee, call) = self.ring(names).await;
        callee.request(HubRequest::Accept { call_id: call.facts.call_id.clone() }).await;
        self.shard.open_gate().await;
        caller.event(|event| matches!(event, Event::Accepted { .. })).await;
        callee.reply().await.unwrap();
        (caller, callee, call)
    }

    pub(super) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        self.hub.send(HubCommand::Stop { done }).await.unwrap();
        stopped.await.unwrap();
    }
}

impl FakeShard {
    pub(super) async fn command(&mut self) -> ShardCommand {
        let command = tokio::time::timeout(Duration::from_secs(10), self.commands.recv()).await;
        command.expect("the hub commands nothing").expect("the hub is gone")
    }

    pub(super) async fn open_gate(&mut self) {
        let command = self.command().await;
        let ShardCommand::OpenGate { done, .. } = command else { panic!("{command:?}") };
        done.send(()).unwrap();
    }

    /// Answers a connect and gives the number of the connection.
    pub(super) async fn connect(&mut self) -> calling_model::ConnectionId {
        let command = self.command().await;
        let ShardCommand::Connect { seat, reply, .. } = command else { panic!("{command:?}") };
        reply.send(Ok(local_params())).unwrap();
        seat.connection
    }

    pub(super) async fn tell(&self, event: ShardEvent) {
        self.events.send(event).await.unwrap();
    }
}

/// Under which the pictures of a connection are forwarded.
pub(super) fn streams(connection: calling_model::ConnectionId) -> [VideoStream; 2] {
    let base = 2_000 + 10 * u32::try_from(connection.0).unwrap();
    let stream = |track, ssrc| VideoStream { track, ssrc, rtx_ssrc: ssrc + 1 };
    [stream(VideoTrack::Camera, base), stream(VideoTrack::Screen, base + 2)]
}

pub(super) fn local_params() -> LocalParams {
    LocalParams {
        credentials: IceCredentials::new("ufragufrag", "p".repeat(24)).unwrap(),
        fingerprint: Fingerprint::of(b"server"),
        candidates: vec!["candidate:1 1 udp 1 127.0.0.1 1 typ host".to_owned()],
    }
}

impl Device {
    pub(super) async fn request(&mut self, request: HubRequest) -> u64 {
        self.requests += 1;
        let (session, id) = (self.session.clone(), self.requests);
        self.hub.send(HubCommand::Request { session, id, request }).await.unwrap();
        id
    }

    pub(super) async fn call(&mut self, callee: &str) {
        self.call_all(&[callee]).await;
    }

    async fn call_all(&mut self, callees: &[&str]) {
        let params = CallParams {
            callees: callees.iter().map(|name| user(name)).collect(),
            media_type: MediaType::Audio,
            group_id: None,
            timeout_s: None,
            user_data: String::new(),
            sent_at: None,
        };
        self.request(HubRequest::Call { params, unknown: Vec::new(), outsiders: Vec::new() }).await;
    }

    pub(super) async fn place(&mut self, callee: &str) -> CallReply {
        self.place_among(&[callee]).await
    }

    pub(super) async fn place_among(&mut self, callees: &[&str]) -> CallReply {
        self.call_all(callees).await;
        let reply = self.reply().await;
        let Ok(Reply::Call(call)) = reply else { panic!("{reply:?}") };
        call
    }

    pub(super) async fn connect_media(&mut self, call_id: &CallId) {
        let offer = MediaOffer {
            ufrag: "clientufrag".to_owned(),
            pwd: "q".repeat(24),
            fingerprint: Fingerprint::of(b"client").to_string(),
            candidates: Vec::new(),
            audio_ssrc: 7,
            video: Vec::new(),
            red: false,
        };
        self.request(HubRequest::ConnectMedia { call_id: call_id.clone(), offer: offer.into() })
            .await;
    }

    /// Takes one frame and keeps it for whom it concerns.
    async fn receive(&mut self) {
        let frame = tokio::time::timeout(Duration::from_secs(10), self.inbox.frames.recv()).await;
        self.keep(&frame.expect("nothing came").expect("the hub let go"));
    }

    /// Takes every frame that has come.
    pub(super) fn receive_all(&mut self) {
        while let Ok(frame) = self.inbox.frames.try_recv() {
            self.keep(&frame);
        }
    }

    /// Requests that were not answered yet.
    pub(super) const fn open_requests(&self) -> u64 {
        self.requests - self.answers
    }

    fn keep(&mut self, frame: &str) {
        match decode_server_frame(frame).unwrap() {
            ServerFrame::Reply { result, .. } => {
                self.answers += 1;
                self.replies.push_back(Ok(result));
            }
            ServerFrame::Error { error, .. } => {
                self.answers += 1;
                self.replies.push_back(Err(error.code));
            }
            ServerFrame::Event(frame) => self.events.push_back(frame.event),
        }
    }

    /// The next answer.
    pub(super) async fn reply(&mut self) -> Answer {
        loop {
            if let Some(reply) = self.replies.pop_front() {
                return reply;
            }
            self.receive().await;
        }
    }

    /// The next event, which has to be the one wanted.
    pub(super) async fn event(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                assert!(wanted(&event), "unexpected: {event:?}");
                return event;
            }
            self.receive().await;
        }
    }

    /// Whether nothing has come.
    pub(super) fn is_silent(&self) -> bool {
        self.replies.is_empty() && self.events.is_empty() && self.inbox.frames.is_empty()
    }
}

/// Lets every other task run until it waits.
pub(super) async fn settle() {
    for _ in 0..30 {
        tokio::task::yield_now().await;
    }
}
