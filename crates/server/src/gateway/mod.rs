//! Signalling over WebSocket, at `/v1/ws`, and over plain HTTP for tools that speak WHIP or WHEP
//! ([`whip`]).
//!
//! One task per connection. It reads frames, answers what it can by itself (`hello`, `sign_in`,
//! `ping`, `history` and all of the [chat](crate::chat)), passes the rest to the [hub](crate::hub) and writes what the hub has for
//! it. A frame that is not understood is answered and forgiven a few times; what no honest client
//! does closes the connection with a code ([`Closing`]).

mod chat;
mod closing;
mod connection;
mod half_open;
mod meter;
mod outbox;
mod people;
mod recent;
mod requests;
mod whip;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use calling_model::UserId;
use calling_signaling::protocol::{IceServersReply, MAX_FRAME_BYTES, MAX_SERVER_FRAME_BYTES};
use metrics::counter;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use closing::Closing;
#[cfg(test)]
pub(crate) use outbox::{Inbox, outbox};
pub(crate) use outbox::{Outbox, Pushed};
pub(crate) use whip::fuzz_ice_fragment;

use self::connection::Connection;
use self::half_open::HalfOpen;
use self::whip::Whip;
use crate::auth::Authenticator;
use crate::chat::Chat;
use crate::http::Client;
use crate::hub::{Hub, SessionId, Welcome, wall_clock};
use crate::ice_servers::IceServers;
use crate::storage::Storage;
use crate::telemetry::names;

/// Bytes of buffer for each direction of a connection. Most frames are a few hundred; larger ones
/// make it grow.
const BUFFER_BYTES: usize = 4 * 1024;

/// How long connections may take to close when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The rules of a signalling connection.
#[derive(Clone, Debug)]
pub(crate) struct GatewaySettings {
    /// From the connection to a valid sign-in.
    pub(crate) sign_in_timeout: Duration,
    /// Told to clients. A connection silent for three of these is closed.
    pub(crate) ping_interval: Duration,
    /// Frames a second, on average.
    pub(crate) frames_per_second: u32,
    /// Frames that were not understood before the connection is closed.
    pub(crate) max_bad_frames: u32,
    /// Sign-ins that failed before the connection is closed.
    pub(crate) max_failed_sign_ins: u32,
    /// Connections of one source that have not signed in; loopback is exempt.
    pub(crate) max_half_open_per_source: u32,
    /// How many people a call may have; longer lists are not looked up.
    pub(crate) max_members: usize,
    /// Sessions of WHIP and WHEP at one time.
    pub(crate) max_whip_sessions: usize,
    /// Told to clients.
    pub(crate) ice_servers: IceServers,
}

/// Everything connections share.
#[derive(Clone)]
pub(crate) struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    auth: Arc<Authenticator>,
    storage: Storage,
    chat: Chat,
    settings: GatewaySettings,
    half_open: HalfOpen,
    whip: Whip,
    last_session: AtomicU64,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Gateway {
    pub(crate) fn new(
        settings: GatewaySettings,
        hub: Hub,
        auth: Arc<Authenticator>,
        chat: Chat,
    ) -> Self {
        let half_open = HalfOpen::new(settings.max_half_open_per_source);
        let last_session = AtomicU64::new(0);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let storage = chat.storage().clone();
        let whip = Whip::new(settings.max_whip_sessions, settings.frames_per_second);
        Self {
            inner: Arc::new(Inner {
                hub,
                auth,
                storage,
                chat,
                settings,
                half_open,
                whip,
                last_session,
                tasks,
                stop,
            }),
        }
    }

    /// Closes connections that are still open, and waits until they are.
    pub(crate) async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(LAST_WORDS, self.inner.tasks.wait()).await.is_err() {
            tracing::info!(
                connections = self.inner.tasks.len(),
                "connections were cut at the stop"
            );
        }
    }

    /// What a device is told when it signs in.
    fn welcome(&self) -> Welcome {
        let settings = &self.inner.settings;
        let ping_interval_ms =
            u32::try_from(settings.ping_interval.as_millis()).unwrap_or(u32::MAX);
        Welcome {
            ping_interval_ms,
            ice_servers: settings.ice_servers.clone(),
            server_time: wall_clock(),
        }
    }

    /// The STUN and TURN servers of `user`, with credentials that are fresh now.
    fn ice_servers(&self, user: &UserId) -> IceServersReply {
        self.inner.settings.ice_servers.told(user, wall_clock())
    }

    fn next_session(&self) -> SessionId {
        SessionId(self.inner.last_session.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The routes of the gateway, with its state.
pub(crate) fn routes(gateway: Gateway) -> Router {
    Router::new().route("/v1/ws", any(upgrade)).merge(whip::routes()).with_state(gateway)
}

async fn upgrade(
    State(gateway): State<Gateway>,
    client: Client,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(pass) = gateway.inner.half_open.admit(client.source) else {
        counter!(names::SIGNALING_DISCARDED, "reason" => "half_open").increment(1);
        let sentence = "too many connections of this address have not signed in; close some\n";
        return (StatusCode::TOO_MANY_REQUESTS, sentence).into_response();
    };
    upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(BUFFER_BYTES + 2 * MAX_SERVER_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| {
            let tasks = gateway.inner.tasks.clone();
            tasks.track_future(Connection::new(gateway, client.source, pass, socket).run())
        })
}
