//! The HTTP side: the browser client, status page, health, metrics, REST under `/v1`, and the listener that serves
//! them together with the signalling gateway.

mod access;
mod accounts;
mod calls;
mod connections;
mod control;
mod error;
mod groups;
mod headers;
mod health;
mod hooks;
mod listener;
mod live;
mod messages;
mod names;
mod openapi;
mod page;
mod records;
mod serve;
mod status;
mod tls;
mod tokens;
mod usersig;
mod web;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, patch, post};
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
use crate::chat::Chat;
use crate::config::Config;
use crate::rate::RateMeter;
use crate::storage::Storage;
use crate::telemetry::Exporter;

/// The largest body of a REST request, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// How many seconds' worth of REST requests may come at once.
const REST_BURST: Duration = Duration::from_secs(2);

/// What the routes work with. Clones share it.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<Parts>,
    database: Arc<health::Pulse>,
    /// Conversations, as operators change them.
    chat: Chat,
    /// Requests by token and by account.
    rate: Arc<RateMeter<String>>,
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
        let chat = Chat::new(&parts.config, parts.storage.clone(), parts.control.clone());
        let per_second = parts.config.limits.rest_requests_per_second;
        let rate = RateMeter::new(per_second, Duration::from_secs(1), REST_BURST);
        Self { parts: Arc::new(parts), database: Arc::default(), chat, rate: Arc::new(rate) }
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
    let rest = open_routes()
        .merge(operator_routes())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(headers::deadline))
        .layer(middleware::from_fn_with_state(state.clone(), access::note_status))
        .with_state(state);
    rest.merge(gateway)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(middleware::from_fn(headers::count))
        .layer(middleware::from_fn(headers::secure))
}

/// What everybody may ask.
fn open_routes() -> Router<AppState> {
    Router::new()
        .route("/v1/status", get(status::get))
        .route("/v1/openapi.json", get(openapi::document))
        .route("/docs", get(openapi::docs))
        .route("/healthz", get(health::get))
        .route("/metrics", get(status::metrics))
        .route("/status", get(page::get))
        .route("/", get(web::page))
        .route("/assets/{*path}", get(web::file))
        .route("/{file}", get(web::file))
}

/// What operators ask; records are also for those they are about.
fn operator_routes() -> Router<AppState> {
    let member = "/v1/groups/{group_id}/members/{user_id}";
    let device = "/v1/accounts/{user_id}/devices/{device_id}";
    Router::new()
        .route("/v1/records", get(records::list).delete(records::delete_many))
        .route("/v1/records/{call_id}", get(records::one).delete(records::delete))
        .route("/v1/accounts", get(accounts::list).post(accounts::create))
        .route(
            "/v1/accounts/{user_id}",
            get(accounts::one).patch(accounts::change).delete(accounts::delete),
        )
        .route("/v1/accounts/{user_id}/devices", get(accounts::devices).delete(accounts::kick_all))
        .route(device, delete(accounts::kick))
        .route("/v1/accounts/{user_id}/conversations", get(messages::conversations))
        .route("/v1/usersig", post(usersig::issue))
        .route("/v1/groups", get(groups::list).post(groups::create))
        .route(
            "/v1/groups/{group_id}",
            get(groups::one).patch(groups::change).delete(groups::delete),
        )
        .route("/v1/groups/{group_id}/members", get(groups::members).post(groups::add))
        .route(member, patch(groups::change_member).delete(groups::remove))
        .route("/v1/messages", get(messages::list).post(messages::send).delete(messages::delete))
        .route("/v1/calls", get(calls::list).post(calls::start))
        .route("/v1/calls/{call_id}", get(calls::one).delete(calls::end))
        .route("/v1/webhooks", get(hooks::figures))
        .route("/v1/webhooks/dead", get(hooks::dead))
        .route("/v1/webhooks/dead/resend", post(hooks::resend_all))
        .route("/v1/webhooks/dead/{event_id}", delete(hooks::delete))
        .route("/v1/webhooks/dead/{event_id}/resend", post(hooks::resend))
        .route("/v1/tokens", get(tokens::list).post(tokens::create))
        .route("/v1/tokens/{name}", delete(tokens::delete))
        .route("/v1/audit", get(tokens::audit))
}

/// The time of requests: both clocks, read once.
fn now() -> (Instant, UnixMillis) {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    (Instant::now(), UnixMillis(millis))
}
