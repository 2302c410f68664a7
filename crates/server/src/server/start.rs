use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use calling_model::UserId;
use calling_room::{RoomConfig, VolumeInterval};
use calling_signaling::calls::CallsConfig;
use calling_transport::{Certificate, CertificateError};
use metrics::counter;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::running::Figures;
use super::{THREAD_PREFIX, Vitals};
use crate::auth::{Authenticator, Secrets, SecretsError, webhook_key};
use crate::chat::Chat;
use crate::config::{Config, WebhookConfig};
use crate::gateway::{self, Gateway, GatewaySettings};
use crate::http::{self, AppState, Control, DemoAccount, ListenError, Listener, Parts, Serving};
use crate::hub::{self, Hub, HubCommand, HubParts, HubSettings, wall_clock};
use crate::ice_servers::IceServers;
use crate::net::{BindError, Purpose};
use crate::shard::{self, BoundSocket, Shard, ShardEvent, ShardExit, ShardSettings};
use crate::storage::{self, Storage, StorageError};
use crate::telemetry::{self, names};
use crate::webhooks::{AddressError, Dispatchers, WebhookSettings};

/// The accounts of a demo.
const DEMO_ACCOUNTS: [&str; 5] = ["alice", "bob", "carol", "dave", "echo"];
/// Who the demo's first call is between: nobody else signs in as them, and so nobody finds an
/// account of the demo busy because of it.
const PROBE_ACCOUNTS: [&str; 2] = ["ping", "pong"];
/// How long the UserSig of a demo account is valid: a week.
const DEMO_EXPIRE_S: u64 = 7 * 24 * 60 * 60;

/// Events of a shard that may wait for the hub.
const SHARD_EVENTS: usize = 1_024;

/// Time from `connect_media` to the end of the handshake, and from the acceptance of a call to
/// media on both sides.
const MEDIA_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a server did not start, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP port or the TLS files cannot be used.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The media port cannot be used.
    #[error(transparent)]
    Media(#[from] BindError),
    /// The data directory or the database cannot be used.
    #[error(transparent)]
    Open(#[from] storage::OpenError),
    /// The database opened, and then failed.
    #[error("the database failed at the start: {0}")]
    Storage(#[from] StorageError),
    /// The keys cannot be read or made.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A webhook cannot be posted to.
    #[error(transparent)]
    Webhooks(#[from] AddressError),
    /// No certificate for media.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No threads, or no sockets.
    #[error("the system refuses threads or sockets: {0}; raise the limits (ulimit -u, ulimit -n)")]
    Threads(#[source] io::Error),
    /// The thread that was to start it ended.
    #[error("the server's thread ended while starting; the log says why")]
    Died,
}

/// The parts of a server that runs.
pub(super) struct Running {
    serving: Serving,
    gateway: Gateway,
    hub: Hub,
    hub_task: JoinHandle<()>,
    /// Stops the task that keeps the database in order.
    upkeep: DropGuard,
    storage: Storage,
    webhooks: Option<Dispatchers>,
    figures: Figures,
}

/// Starts everything. Whatever was started before an error is dropped, which ends it.
pub(super) async fn start(config: Config) -> Result<Running, StartError> {
    let (began, began_at) = (Instant::now(), wall_clock());
    // Both ports first: if one is taken, nothing was touched yet.
    let listener = Listener::bind(&config).await?;
    let media = shard::bind(config.media)
        .map_err(|source| BindError::new(Purpose::Media, config.media, source))?;
    let exporter = telemetry::install();
    let storage = Storage::open(&config.data).await?;
    // Before the recovery, whose records webhooks are told of as well.
    let webhooks = start_webhooks(&config, &storage)?;
    let recovered = storage.recover(began_at).await?.len();
    counter!(names::CALLS_RECOVERED).increment(recovered as u64);
    if recovered > 0 {
        tracing::warn!(
            calls = recovered,
            "the server was killed last time; its calls are recorded"
        );
    }
    storage.heartbeat(began_at).await?;
    let secrets = Secrets::load(&config)?;
    let auth = Arc::new(Authenticator::new(&config, secrets, storage.clone()));
    let demo_accounts = accounts_of_demo(&DEMO_ACCOUNTS, &config, &auth, &storage).await?;
    let probe_accounts = accounts_of_demo(&PROBE_ACCOUNTS, &config, &auth, &storage).await?;

    let vitals = Vitals::new(began, media.address.port());
    let http = listener.local_addr().map_err(StartError::Threads)?;
    let media_address = media.address;
    let (hub, hub_task) = start_hub(&config, media, storage.clone(), vitals.clone())?;
    let settings = gateway_settings(&config);
    let control = Control::new(hub.clone());
    let chat = Chat::new(&config, storage.clone(), control.clone());
    let gateway = Gateway::new(settings, hub.clone(), Arc::clone(&auth), chat);
    let keep_days = config.storage.keep_days;
    let state = AppState::new(Parts {
        config: Arc::new(config),
        storage: storage.clone(),
        auth,
        exporter: exporter.clone(),
        live: Arc::new(vitals.clone()),
        control,
        demo_accounts: demo_accounts.clone(),
        started: began,
        started_at: began_at,
    });
    let router = http::router(state, gateway::routes(gateway.clone()));
    let serving = http::serve(listener, router, exporter).map_err(StartError::Threads)?;
    let stop_upkeep = CancellationToken::new();
    let upkeep = storage::maintain(storage.clone(), keep_days, stop_upkeep.clone());
    tokio::spawn(upkeep);
    let media = media_address;
    let figures = Figures { http, media, demo_accounts, probe_accounts, recovered, vitals };
    let upkeep = stop_upkeep.drop_guard();
    Ok(Running { serving, gateway, hub, hub_task, upkeep, storage, webhooks, figures })
}

impl Running {
    pub(super) fn figures(&self) -> Figures {
        self.figures.clone()
    }

    /// Stops everything, in the order that loses nothing: calls, connections, database.
    pub(super) async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        // Errors mean that the hub has ended, which leaves its calls to the next start.
        if self.hub.send(HubCommand::Stop { done }).await.is_ok() {
            let _ = stopped.await;
        }
        self.gateway.stop().await;
        self.serving.stop().await;
        drop(self.upkeep);
        if let Err(error) = self.hub_task.await {
            tracing::error!(%error, "the hub failed; the next start records its calls");
        }
        if let Some(webhooks) = self.webhooks {
            webhooks.stop().await;
        }
        self.storage.close().await;
    }
}

fn start_webhooks(config: &Config, storage: &Storage) -> Result<Option<Dispatchers>, StartError> {
    let WebhookConfig { url, push_url, .. } = &config.webhooks;
    if url.is_none() && push_url.is_none() {
        return Ok(None);
    }
    let secret = webhook_key(config)?;
    let settings = WebhookSettings::new(&config.webhooks, config.sdk_app_id, secret);
    Ok(Some(Dispatchers::start(&settings, storage)?))
}

fn start_hub(
    config: &Config,
    media: BoundSocket,
    storage: Storage,
    vitals: Vitals,
) -> Result<(Hub, JoinHandle<()>), StartError> {
    let (events, shard_events) = mpsc::channel(SHARD_EVENTS);
    let (shard, shard_exit) = start_shard(config, media, events, vitals.clone())?;
    let settings = HubSettings {
        calls: calls_config(config),
        seed: rand::random(),
        media_timeout: MEDIA_TIMEOUT,
        room: RoomConfig::default(),
        resume_grace: Duration::from_secs(config.signaling.resume_s.into()),
        unnoticed_loss: 3 * Duration::from_millis(config.signaling.ping_interval_ms.into()),
        resume_key: rand::random(),
        max_waiting_calls: config.limits.calls as usize,
        stop_timeout: Duration::from_secs(10),
    };
    let parts = HubParts { store: storage, shard, shard_events, shard_exit, vitals };
    Ok(hub::spawn(settings, parts))
}

fn start_shard(
    config: &Config,
    media: BoundSocket,
    events: mpsc::Sender<ShardEvent>,
    vitals: Vitals,
) -> Result<(Shard, ShardExit), StartError> {
    let interval = Duration::from_millis(config.call.volume_interval_ms.into());
    let room = RoomConfig {
        volume_interval: VolumeInterval::clamped(interval),
        max_participants: config.limits.call_members as usize,
        ..RoomConfig::default()
    };
    let settings = ShardSettings {
        name: format!("{THREAD_PREFIX}m0"),
        certificate: Arc::new(Certificate::generate()?),
        candidates: announced(media.address, config),
        // Both sides of every call, and the callee's other devices while it rings.
        max_connections: 4 * config.limits.calls as usize,
        handshake_timeout: MEDIA_TIMEOUT,
        room,
        seeds: [rand::random(), rand::random()],
    };
    shard::spawn(media, settings, events, vitals).map_err(StartError::Threads)
}

fn announced(bound: SocketAddr, config: &Config) -> Vec<SocketAddr> {
    shard::announced(bound, config.public_ip)
}

fn calls_config(config: &Config) -> CallsConfig {
    let per_minute = config.limits.calls_per_minute.max(1);
    let max_call_s = match config.call.max_call_s {
        0 => u64::from(u32::MAX),
        seconds => seconds.into(),
    };
    CallsConfig {
        ring_timeout: Duration::from_secs(config.call.ring_timeout_s.into()),
        max_ring_timeout: Duration::from_secs(config.call.max_ring_timeout_s.into()),
        max_call_length: Duration::from_secs(max_call_s),
        max_calls: config.limits.calls as usize,
        max_endpoints: config.limits.connections as usize,
        max_devices_per_user: config.limits.devices_per_account as usize,
        max_members: config.limits.call_members as usize,
        redial_free: config.limits.unanswered_calls,
        call_burst: per_minute.min(30),
        call_interval: Duration::from_secs(60) / per_minute,
        // Whoever may call so often may ring as many.
        ring_interval: CallsConfig::default()
            .ring_interval
            .min(Duration::from_secs(60) / per_minute),
        ..CallsConfig::default()
    }
}

fn gateway_settings(config: &Config) -> GatewaySettings {
    GatewaySettings {
        sign_in_timeout: Duration::from_secs(config.signaling.sign_in_timeout_s.into()),
        ping_interval: Duration::from_millis(config.signaling.ping_interval_ms.into()),
        frames_per_second: config.limits.requests_per_second,
        max_bad_frames: 10,
        max_failed_sign_ins: 5,
        max_half_open_per_source: 100,
        max_members: config.limits.call_members as usize,
        // Each is a signed-in device, as a connection is.
        max_whip_sessions: config.limits.connections as usize,
        ice_servers: IceServers::new(config),
    }
}

/// The accounts of a demo, made if they are not there, with what signs them in.
async fn accounts_of_demo(
    names: &[&str],
    config: &Config,
    auth: &Authenticator,
    storage: &Storage,
) -> Result<Vec<DemoAccount>, StartError> {
    let names = if config.demo { names } else { &[] };
    let now = wall_clock();
    let mut accounts = Vec::with_capacity(names.len());
    for user_id in names.iter().filter_map(|name| UserId::new(*name).ok()) {
        storage.create_account(&user_id, now).await?;
        let user_sig = auth.issue(&user_id, DEMO_EXPIRE_S, now);
        accounts.push(DemoAccount { user_id, user_sig });
    }
    Ok(accounts)
}
