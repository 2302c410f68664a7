//! The HTTP side: status page, health, metrics, REST under `/v1`, and the listener that serves
//! them together with the signalling gateway.

mod access;
mod accounts;
mod connections;
mod control;
mod error;
mod headers;
mod health;
mod listener;
mod live;
mod page;
mod records;
mod serve;
mod status;
mod tls;
mod usersig;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use calling_model::UnixMillis;

pub use self::access::Client;
pub use self::control::Control;
pub use self::error::ApiError;
pub use self::listener::{ListenError, Listener, Pace};
pub use self::live::{DemoAccount, Live, LiveSnapshot};
pub use self::serve::{Serving, serve};
pub use self::tls::TlsError;
pub(crate) use self::tls::load as load_tls;
use crate::auth::Authenticator;
use crate::config::Config;
use crate::storage::Storage;
use crate::telemetry::Exporter;

/// The largest body of a REST request, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// What the routes work with. Clones share it.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<Parts>,
    database: Arc<health::Pulse>,
}

/// What an [`AppState`] is made of.
pub struct Parts {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// The database.
    pub storage: Storage,
    /// Checks UserSigs and the admin token.
    pub auth: Arc<Authenticator>,
    /// The metrics of this process.
    pub exporter: Exporter,
    /// What is going on right now.
    pub live: Arc<dyn Live>,
    /// The running server behind the routes.
    pub control: Control,
    /// Shown on the status page to whom is at the machine.
    pub demo_accounts: Vec<DemoAccount>,
    /// When the server started.
    pub started: Instant,
    /// The same by the wall clock.
    pub started_at: UnixMillis,
}

impl AppState {
    /// Shares `parts` among the routes.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), database: Arc::default() }
    }
}

impl std::ops::Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// All routes. `gateway` brings its own, as `/v1/ws`, already with its state.
pub fn router(state: AppState, gateway: Router) -> Router {
    let rest = Router::new()
        .route("/v1/status", get(status::get))
        .route("/v1/records", get(records::list))
        .route("/v1/records/{call_id}", get(records::one))
        .route("/v1/accounts", get(accounts::list).post(accounts::create))
        .route("/v1/usersig", post(usersig::issue))
        .route("/healthz", get(health::get))
        .route("/metrics", get(status::metrics))
        .route("/", get(page::get))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(headers::deadline))
        .with_state(state);
    rest.merge(gateway)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(middleware::from_fn(headers::count))
        .layer(middleware::from_fn(headers::secure))
}

/// The time of requests: both clocks, read once.
fn now() -> (Instant, UnixMillis) {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    (Instant::now(), UnixMillis(millis))
}
