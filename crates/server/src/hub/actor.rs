use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::{Duration, Instant};

use calling_model::{CallId, ConnectionId, Endpoint, GroupId, Machine, UserId};
use calling_room::RoomConfig;
use calling_signaling::calls::{Calls, CallsConfig, CallsInput, CallsOutput};
use calling_signaling::protocol::{Code, Event, ProtocolError, Reply, ResumeParams, ServerFrame};
use calling_transport::{LocalParams, OpenError};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use metrics::gauge;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};

use super::admin::Operators;
use super::asked::{Asked, Asker};
use super::devices::Devices;
use super::groups::GroupNews;
use super::lanes::Lanes;
use super::perform::Effect;
use super::requests::MediaReply;
use super::resume::ResumeTokens;
use super::running::Running;
use super::sdp::Answering;
use super::{COMMANDS, CallStore, Hub, HubCommand, Session, SessionId, Welcome, wall_clock};
use crate::gateway::Outbox;
use crate::server::Vitals;
use crate::shard::{Shard, ShardCommand, ShardEvent, ShardExit};
use crate::storage::Delivery;
use crate::telemetry::names;

/// How often the hub looks for what nobody reports.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How long stopping waits for the media thread.
const SHARD_STOP: Duration = Duration::from_secs(2);

/// What the hub is told when it begins.
#[derive(Debug)]
pub(crate) struct HubSettings {
    pub(crate) calls: CallsConfig,
    /// Secret: ids of calls are drawn from it.
    pub(crate) seed: [u8; 32],
    /// How long after the acceptance both media connections have to be up.
    pub(crate) media_timeout: Duration,
    /// Of all rooms: the payload type and the header extension that clients are told.
    pub(crate) room: RoomConfig,
    /// How long a session outlives its connection; zero where none does.
    pub(crate) resume_grace: Duration,
    /// How long it takes until a dead connection is noticed.
    pub(crate) unnoticed_loss: Duration,
    /// Secret: proves the tokens by which sessions are taken up.
    pub(crate) resume_key: [u8; 32],
    /// Calls whose start or end waits for the database before new ones are refused.
    pub(crate) max_waiting_calls: usize,
    /// How long stopping waits for the database.
    pub(crate) stop_timeout: Duration,
}

/// What the hub works with.
#[derive(Debug)]
pub(crate) struct HubParts<S> {
    pub(crate) store: S,
    pub(crate) shard: Shard,
    pub(crate) shard_events: mpsc::Receiver<ShardEvent>,
    pub(crate) shard_exit: ShardExit,
    pub(crate) vitals: Vitals,
}

/// Starts the hub's task. It ends after [`HubCommand::Stop`], or when every [`Hub`] is gone.
pub(crate) fn spawn<S: CallStore>(
    settings: HubSettings,
    parts: HubParts<S>,
) -> (Hub, JoinHandle<()>) {
    let HubParts { store, shard, shard_events, shard_exit, vitals } = parts;
    let (commands, queue) = mpsc::channel(COMMANDS);
    let inputs = Inputs { commands: queue, shard_events, shard_exit, shard_ended: false };
    let task = tokio::spawn(Actor::new(settings, store, shard, vitals).run(inputs));
    (Hub { commands }, task)
}

/// What a call waited for.
#[derive(Debug)]
pub(super) enum Finished {
    Started { call_id: CallId, stored: bool },
    AcceptStored,
    InvitedStored { call_id: CallId },
    Forgotten,
    GateOpen { call_id: CallId },
    Done { asker: Asker },
    GroupMembers { group_id: GroupId, members: Vec<UserId> },
    Ended { call_id: CallId, messages: Vec<Delivery>, notices: Vec<(Endpoint, Event)> },
    MediaOpened { asker: Asker, connection: ConnectionId, opened: MediaOpened, reply: MediaReply },
    Renegotiated { asker: Asker, local: Option<LocalParams>, answering: Box<Answering> },
}

/// What a shard said to a new connection; nothing if its thread has ended.
pub(super) type MediaOpened = Option<Result<LocalParams, OpenError>>;

pub(super) type Waiting = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// The hub's state.
pub(super) struct Actor<S> {
    pub(super) settings: HubSettings,
    pub(super) calls: Calls,
    pub(super) store: S,
    pub(super) shard: Shard,
    pub(super) devices: Devices,
    tokens: ResumeTokens,
    pub(super) running: Running,
    pub(super) asked: Asked,
    pub(super) operators: Operators,
    pub(super) lanes: Lanes<Effect>,
    pub(super) group_news: GroupNews,
    pub(super) waiting: FuturesUnordered<Waiting>,
    /// The device whose request to call is being handled.
    pub(super) placing: Option<Endpoint>,
    pub(super) next_connection: u64,
    vitals: Vitals,
    stopping: Option<Stopping>,
}

#[derive(Debug)]
struct Stopping {
    done: Option<oneshot::Sender<()>>,
    until: Instant,
}

impl<S: CallStore> Actor<S> {
    fn new(settings: HubSettings, store: S, shard: Shard, vitals: Vitals) -> Self {
        Self {
            calls: Calls::new(settings.calls.clone(), settings.seed),
            store,
            shard,
            devices: Devices::new(settings.resume_grace, settings.unnoticed_loss),
            tokens: ResumeTokens::new(settings.resume_key),
            settings,
            running: Running::default(),
            asked: Asked::default(),
            operators: Operators::default(),
            lanes: Lanes::new(),
            group_news: GroupNews::default(),
            waiting: FuturesUnordered::new(),
            placing: None,
            next_connection: 0,
            vitals,
            stopping: None,
        }
    }

    async fn run(mut self, mut inputs: Inputs) {
        let mut sweep = interval(SWEEP_INTERVAL);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.has_stopped() {
            let deadline = self.calls.poll_timeout().map(|(at, _)| at);
            let stopping = self.stopping.is_some();
            tokio::select! {
                command = inputs.commands.recv(), if !(stopping && inputs.commands.is_closed()) => match command {
                    Some(command) => self.command(command).await,
                    None => self.stop(None),
                },
                Some(event) = inputs.shard_events.recv() => self.shard_event(event).await,
                Some(finished) = self.waiting.next() => self.finish(finished).await,
                exit = &mut inputs.shard_exit, if !inputs.shard_ended => {
                    inputs.shard_ended = true;
                    self.shard_ended(exit);
                }
                () = until(deadline) => self.calls.handle_timeout(Instant::now()),
                _ = sweep.tick() => self.sweep(),
            }
            self.settle().await;
            self.show();
        }
        self.finish_stopping(inputs).await;
    }

    async fn command(&mut self, command: HubCommand) {
        match command {
            HubCommand::SignIn { session, outbox, request, welcome, reply } => {
                let frame = self.welcome(&session, request, &welcome);
                // The connection may have ended meanwhile; then it is found gone.
                let _ = reply.send(self.sign_in(session, outbox, &frame));
            }
            HubCommand::Resume { id, outbox, request, params, welcome, reply } => {
                let _ = reply.send(self.take_up(id, outbox, request, &params, &welcome));
            }
            HubCommand::SignOut { session } => {
                if self.devices.leave(&session) {
                    self.input(CallsInput::SignedOut { endpoint: session.endpoint });
                }
            }
            HubCommand::Disconnected { session } => {
                if self.devices.lose(&session) {
                    self.input(CallsInput::Disconnected { endpoint: session.endpoint });
                }
            }
            HubCommand::Request { session, id, request } => {
                self.request(session, id, request).await;
            }
            HubCommand::Admin(command) => self.admin(command),
            HubCommand::GroupOf { call_id, reply } => {
                // The connection may have ended meanwhile.
                let _ = reply.send(self.calls.group_of(&call_id).cloned());
            }
            HubCommand::Stop { done } => self.stop(Some(done)),
        }
    }

    fn sign_in(
        &mut self,
        session: Session,
        outbox: Outbox,
        welcome: &ServerFrame,
    ) -> Result<(), ProtocolError> {
        if self.stopping.is_some() {
            return Err(ProtocolError::new(Code::Internal, "The server stops; try again soon."));
        }
        let endpoint = session.endpoint.clone();
        // Before the machine hears of it, so that what rings comes after the welcome.
        outbox.push(welcome);
        self.devices.sign_in(session.clone(), outbox);
        let input = CallsInput::SignedIn { endpoint };
        self.calls.handle_input(Instant::now(), input).map_err(|error| {
            tracing::warn!(%error, "a sign-in is refused");
            self.devices.leave(&session);
            ProtocolError::new(Code::Internal, "The server is full; try again later.")
        })
    }

    /// The answer to a sign-in, with what takes up the session later.
    fn welcome(&self, session: &Session, request: u64, welcome: &Welcome) -> ServerFrame {
        let keeps = !self.settings.resume_grace.is_zero();
        let token = || self.tokens.issue(&session.endpoint, session.id, wall_clock());
        let resume_token = keeps.then(token);
        let result = Reply::SignedIn(welcome.reply(&session.endpoint.user, resume_token));
        ServerFrame::Reply { id: request, result }
    }

    /// A device takes up its session, if it is its own and nothing of it is lost.
    fn take_up(
        &mut self,
        id: SessionId,
        outbox: Outbox,
        request: u64,
        params: &ResumeParams,
        welcome: &Welcome,
    ) -> Result<Endpoint, ProtocolError> {
        let refused = || {
            let sentence = "The session cannot be taken up; sign in afresh.";
            ProtocolError::new(Code::SessionExpired, sentence)
        };
        let ResumeParams { token, device_id, last_event } = params;
        let proven = self.tokens.check(token, device_id, wall_clock());
        let (endpoint, before) = proven.map_err(|error| {
            tracing::debug!(%error, "a session is not taken up");
            refused()
        })?;
        if self.stopping.is_some() || !self.devices.can_resume(&endpoint, before, *last_event) {
            return Err(refused());
        }
        let input = CallsInput::Returned { endpoint: endpoint.clone() };
        let session = Session { endpoint: endpoint.clone(), id };
        let frame = self.welcome(&session, request, welcome);
        // Before the machine hears of it, so that news come after what was missed.
        self.devices.resume(&session, outbox, &frame, *last_event);
        self.calls.handle_input(Instant::now(), input).map_err(|error| {
            tracing::warn!(%error, "a return is refused");
            self.devices.leave(&session);
            refused()
        })?;
        Ok(endpoint)
    }

    /// Tells the machine what only a sign-in can be refused for.
    pub(super) fn input(&mut self, input: CallsInput) {
        if let Err(error) = self.calls.handle_input(Instant::now(), input) {
            tracing::error!(%error, "the call machine was misused");
        }
    }

    /// Does all that the machine wants done, and tells it of devices found gone on the way.
    async fn settle(&mut self) {
        loop {
            self.drain().await;
            let lost = self.devices.take_lost();
            if lost.is_empty() {
                return;
            }
            for endpoint in lost {
                self.input(CallsInput::Disconnected { endpoint });
            }
        }
    }

    async fn drain(&mut self) {
        let mut entered = Vec::new();
        while let Some(output) = self.calls.poll_output() {
            entered.extend(who_entered(&output));
            self.offer(Effect::Output(output)).await;
        }
        self.placing = None;
        // Last, so that it comes after everybody was told of the acceptance.
        for (call_id, devices) in entered {
            self.offer(Effect::Introduce { call_id, devices }).await;
        }
    }

    fn sweep(&mut self) {
        self.devices.sweep(Instant::now());
        for (call_id, endpoint) in self.running.overdue(Instant::now()) {
            tracing::info!(call = ?call_id, "a party of an accepted call never had media");
            self.input(CallsInput::PeerLost { call_id, endpoint });
        }
        gauge!(names::CALLS).set(self.calls.live_calls() as f64);
        gauge!(names::DEVICES).set(self.devices.len() as f64);
        gauge!(names::DB_PENDING).set(self.lanes.len() as f64);
    }

    fn show(&self) {
        let (calls, talking) = (self.calls.live_calls(), self.running.conversations());
        self.vitals.control(calls, talking, self.devices.len(), self.lanes.len());
    }

    fn shard_ended(&mut self, exit: Result<io::Result<()>, oneshot::error::RecvError>) {
        match exit {
            Ok(Ok(())) => tracing::error!("the media thread ended unasked"),
            Ok(Err(error)) => tracing::error!(%error, "the media thread failed"),
            Err(_) => tracing::error!("the media thread panicked"),
        }
        self.vitals.media_failed();
        // Without media there are no calls: those that run end now, recorded, and none begins.
        self.input(CallsInput::Shutdown);
    }

    /// Begins to stop; asked again, it goes on stopping by the first deadline.
    fn stop(&mut self, done: Option<oneshot::Sender<()>>) {
        if self.stopping.is_some() {
            return;
        }
        self.input(CallsInput::Shutdown);
        let until = Instant::now() + self.settings.stop_timeout;
        self.stopping = Some(Stopping { done, until });
    }

    fn has_stopped(&self) -> bool {
        self.stopping.as_ref().is_some_and(|stopping| {
            (self.lanes.is_empty() && self.waiting.is_empty()) || Instant::now() >= stopping.until
        })
    }

    async fn finish_stopping(mut self, inputs: Inputs) {
        if !self.lanes.is_empty() {
            let calls = self.lanes.len();
            tracing::error!(
                calls,
                "ends of calls could not be stored; the next start records them"
            );
        }
        self.devices.close_all();
        if self.command_shard(ShardCommand::Stop).await && !inputs.shard_ended {
            // Until then its port is taken.
            let _ = timeout(SHARD_STOP, inputs.shard_exit).await;
        }
        if let Some(done) = self.stopping.and_then(|stopping| stopping.done) {
            let _ = done.send(());
        }
    }
}

/// Devices whose way into a conversation `output` opens.
fn who_entered(output: &CallsOutput) -> Option<(CallId, Vec<Endpoint>)> {
    match output {
        CallsOutput::Connected { call_id, caller, callee, .. } => {
            Some((call_id.clone(), vec![caller.clone(), callee.clone()]))
        }
        CallsOutput::Joined { call_id, endpoint, .. } => {
            Some((call_id.clone(), vec![endpoint.clone()]))
        }
        CallsOutput::Started { .. }
        | CallsOutput::Reply { .. }
        | CallsOutput::Notify { .. }
        | CallsOutput::GroupCall { .. }
        | CallsOutput::Invited { .. }
        | CallsOutput::LeaveMedia { .. }
        | CallsOutput::Ended { .. } => None,
    }
}

/// What the hub listens to.
struct Inputs {
    commands: mpsc::Receiver<HubCommand>,
    shard_events: mpsc::Receiver<ShardEvent>,
    shard_exit: ShardExit,
    shard_ended: bool,
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
